/* nvpmodel.h: power modes of a Jetson as its files tell them: /etc/nvpmodel.conf names them,
 * /var/lib/nvpmodel/status holds the one that was chosen last. hostmode.c reads them for the
 * record, nvpmodel.c sets one. */
#ifndef RG_RUN_NVPMODEL_H
#define RG_RUN_NVPMODEL_H

#include <stdbool.h>

#include "bench/core/err.h"
#include "bench/core/root.h"

enum { RG_MAX_POWER_MODES = 32 };

#define RG_NVPMODEL "/usr/sbin/nvpmodel"

typedef struct rg_power_mode {
    int id;
    char name[48];
    char gates[512]; /* its lines that gate parts of the chip, which only a start can change */
} rg_power_mode;

typedef struct rg_power_modes {
    rg_power_mode items[RG_MAX_POWER_MODES];
    size_t n;
    int now; /* id of the present one; -1 unknown */
} rg_power_modes;

/* RG_ABSENT where there is no table of modes: not a Jetson, or one without its tools. */
rg_status rg_power_modes_read(rg_root *root, rg_power_modes *ret_modes, rg_err *err);

/* By id or by name ("2", "15W"); NULL when there is none. */
const rg_power_mode *rg_power_mode_find(const rg_power_modes *modes, const char *word);

/* Sets a mode by RG_NVPMODEL, which must not ask to restart the machine; nothing is done where it
 * is the present one. Leaves the limits of clocks as the mode has them. RG_UNSUPPORTED when a
 * restart is needed, or for a recorded machine; RG_FAILED when it did not take. */
rg_status rg_power_mode_set(rg_root *root, int id, rg_err *err);

#endif
