/* sim_model.h: how the simulated device behaves: its options and the time that each inference
 * takes. Pure: a model started from the same options gives the same durations on every machine
 * (seeded SplitMix64, no libm). Used by sim.c and sim_async.c. */
#ifndef RG_TARGETS_SIM_MODEL_H
#define RG_TARGETS_SIM_MODEL_H

#include "bench/core/err.h"
#include "bench/core/field.h"
#include "bench/core/rng.h"
#include "bench/iface/target.h"

typedef enum rg_sim_mode {
    RG_SIM_STEADY,  /* jitter and tail only */
    RG_SIM_BIMODAL, /* three inferences in ten take 1.4 times as long */
    RG_SIM_HOT,     /* slower by up to a half as simulated time goes on (half of that after 10 s) */
    RG_SIM_STALLED, /* every 50th inference takes 20 times as long */
    RG_SIM_BURSTY,  /* 32 fast inferences, then 32 that take twice as long, and so on */
} rg_sim_mode;

typedef enum rg_sim_fail {
    RG_SIM_FAIL_NONE,
    RG_SIM_FAIL_CRASH,   /* a segmentation fault */
    RG_SIM_FAIL_HANG,    /* never answers, in real time */
    RG_SIM_FAIL_GARBAGE, /* writes rubbish to descriptors it does not own */
    RG_SIM_FAIL_WRONG,   /* one bit of the output is flipped from then on */
    RG_SIM_FAIL_PRINT,   /* prints a lot to stdout and stderr, as vendors' libraries do */
} rg_sim_fail;

/* The target's own options; rg_sim_fields has a row for each. */
typedef struct rg_sim_options {
    int64_t latency_ns, load_ns, throttle_after_ns;
    double jitter, round_sd, tail_share, tail_factor, slow, first_factor, throttle_factor;
    double power_mw, idle_mw, power_drift, idle_drift;
    int64_t warmup, servers, seed, round, fail_at, fail_round;
    int mode, fail;
} rg_sim_options;

extern const rg_field rg_sim_fields[];

/* Options of a cell over the defaults. RG_USAGE naming the nearest key or the range. */
rg_status rg_sim_options_read(const rg_settings *settings, rg_sim_options *ret_options,
                              rg_err *err);

/* All options as "key=value" lines, for the record. */
void rg_sim_options_text(const rg_sim_options *options, char *ret, size_t cap);

typedef struct rg_sim_model {
    rg_sim_options options;
    rg_rng rng;
    uint64_t count;      /* inferences so far */
    double round_factor; /* luck of this process */
    int64_t born_ns;     /* when it was loaded, for mode hot */
} rg_sim_model;

/* A model as it stands right after loading at `now_ns`. */
rg_sim_model rg_sim_model_new(const rg_sim_options *options, int64_t now_ns);

/* How long the next inference takes when it starts at `now_ns`. At least 1 ns. */
int64_t rg_sim_model_next_ns(rg_sim_model *model, int64_t now_ns);

/* Power drawn at `now_ns` by a busy device, and by an idle one. */
double rg_sim_model_busy_mw(const rg_sim_model *model, int64_t now_ns);
double rg_sim_model_idle_mw(const rg_sim_model *model, int64_t now_ns);

#endif
