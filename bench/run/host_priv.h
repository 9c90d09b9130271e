/* host_priv.h: what the readers of the machine's state share: a walk over a folder that puts what
 * it finds into one member of the state. hoststate.c calls them; nobody else includes this. */
#ifndef RG_RUN_HOST_PRIV_H
#define RG_RUN_HOST_PRIV_H

#include <jansson.h>
#include <stdbool.h>

#include "bench/core/root.h"

typedef struct rg_state_walk {
    rg_root *root;
    json_t *state;
    const char *dir;  /* the folder that is walked */
    const char *item; /* its entry at hand, for readers of the files below it */
} rg_state_walk;

/* state[group][key] = value. */
void rg_state_set(json_t *state, const char *group, const char *key, json_t *value);

/* state[group][key] = the integer in dir/item/file, where it can be read. */
void rg_state_read(const rg_state_walk *walk, const char *file, const char *group, const char *key);

/* hostclocks.c: cpufreq, devfreq and the memory clock; whether clocks are locked. */
void rg_state_clocks(rg_root *root, json_t *state);

/* hostheat.c: temperatures, cooling devices, fans, throttle counters and alarms. */
void rg_state_heat(rg_root *root, json_t *state);

/* hostmode.c: the power mode of a Jetson. */
void rg_state_mode(rg_root *root, json_t *state);

#endif
