/* request.h: what a scenario asks for, and the cells of its plan. A scenario's Lua is evaluated in
 * a child and comes back as one JSON document (docs/request.md); here it is, checked. */
#ifndef RG_RUN_REQUEST_H
#define RG_RUN_REQUEST_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "bench/core/arena.h"
#include "bench/core/err.h"
#include "bench/core/hash.h"
#include "bench/run/disturb.h"

typedef enum rg_pattern_kind {
    RG_PATTERN_SINGLE_STREAM, /* closed loop, one request in flight */
    RG_PATTERN_IN_FLIGHT,     /* closed loop, n requests in flight */
    RG_PATTERN_IDLE,          /* model loaded, nothing submitted, for duration_ns */
    RG_PATTERN_PACED,         /* open: arrivals every 1/hz seconds, latency from the intended one */
    RG_PATTERN_POISSON,       /* open: exponential gaps of mean 1/hz, seeded by the round */
    RG_PATTERN_STREAMS,       /* open, searches the most streams of hz frames a second that hold */
    RG_PATTERN_SWEEP,         /* closed, searches the requests in flight where throughput is full */
    RG_PATTERN_COLD,          /* nothing but load and first inference, in a fresh process */
    RG_PATTERN_SOAK,          /* closed, or paced at hz, until thermally steady, duration at most */
    RG_PATTERN_COUNT,
} rg_pattern_kind;

const char *rg_pattern_word(rg_pattern_kind kind); /* "single_stream" */

typedef struct rg_pattern {
    rg_pattern_kind kind;
    uint32_t in_flight;  /* requests that may be in flight: n >= 1 */
    int64_t duration_ns; /* IDLE: how long; SOAK: at most; else 0 */
    int64_t step_ns;     /* SOAK: one segment */
    double hz;           /* open loops: arrivals a second; STREAMS: frames a second of each */
    int64_t queue;       /* open loops: requests that may wait for a slot; below 0 any number */
    double drops;        /* STREAMS: share of frames that may be late or dropped */
    uint32_t most;       /* STREAMS, SWEEP: no more are tried */
    int search;          /* STREAMS: rg_search_kind */
} rg_pattern;

/* Do its requests come by themselves, whether or not the device is ready? */
static inline bool rg_pattern_is_open(rg_pattern_kind kind) {
    return kind == RG_PATTERN_PACED || kind == RG_PATTERN_POISSON || kind == RG_PATTERN_STREAMS;
}

/* Does it look for a load before it measures? */
static inline bool rg_pattern_searches(rg_pattern_kind kind) {
    return kind == RG_PATTERN_STREAMS || kind == RG_PATTERN_SWEEP;
}

/* How much to measure (measurement.md, section 3). */
typedef struct rg_tier {
    const char *name; /* quick, standard, procurement, or custom when a value was overridden */
    uint32_t rounds;  /* fresh processes a cell */
    uint64_t samples; /* steady samples a round, at least */
    int64_t min_ns;   /* steady time a round, at least */
    int64_t cap_ns;   /* time a round may take in all, load and warm-up included */
    double precision; /* procurement: stop when the p95 interval is within this share; 0: never */
} rg_tier;

/* The named tiers: quick, standard, procurement, smoke (for tests); ends with a NULL name. */
extern const rg_tier rg_tiers[];

/* One cell: what is asked for. Text lives in the plan's arena. */
typedef struct rg_cell {
    char key[RG_HASH_HEX]; /* SHA-256 over the requested values (measurement.md, section 1) */
    const char *name;      /* for people, unique in the plan: "ds-cnn/cpu/threads=1" */
    const char *workload; /* logical name: "ds-cnn", "conv2d_s8:56x56x64", "some" for some.tflite */
    const char *source;   /* "suite:ds-cnn", "op:<JSON>", "empty:64", "file:/path/some.tflite" */
    const char *precision;             /* int8, float32, "" as the file has it */
    const char *target;                /* "cpu" */
    const char *device;                /* "" any, else an id such as "cuda:0" */
    const char *variant;               /* "" default */
    const char *cores;                 /* "" default */
    const char *power_mode, *governor; /* set for its rounds (setting.h); "" as found */
    uint32_t threads, batch;
    json_t *options; /* the target's own options, those of the arm included; may be empty */
    rg_pattern pattern;
    rg_disturb_kind interfere; /* what runs beside it (disturb.h) */
    int64_t deadline_ns;       /* a request that takes longer has missed it; 0: none was set */
    rg_tier tier;
    const char *artefact;      /* file that the target loads instead; "" none. Not in the key */
    bool require_full_offload; /* nothing may stay on the host. Not in the key */
    const char *inputs;        /* "random", "zero" or "real" */
    const char *input_files;   /* "real": file or folder (inputs.h); "" none. Not in the key */
    uint64_t seed;             /* of inputs and seeded weights */
    json_t *requested;         /* the object that was hashed for the key; written to cells.jsonl */
} rg_cell;

/* A whole plan. Owns its cells and the arena; free with rg_plan_free. */
typedef struct rg_plan {
    rg_arena *arena;
    const char *name, *summary; /* of the scenario */
    char hash[RG_HASH_HEX];     /* over the ordered cell keys and the measure block */
    rg_cell *cells;
    size_t n_cells;
    uint32_t rounds; /* largest tier.rounds of its cells */
    bool power;      /* sample rails */
    bool per_op;     /* time each operator, after the measurement */
    const char *const
        *rails; /* chosen rail ids or sensor selectors; NULL-ended; empty: all usable */
    const char *const *counters; /* libpfm4 event names; NULL-ended */
    const char *const *accept; /* refusals of energy that become flags; NULL-ended, may be empty */
    int64_t idle_ns; /* idle time before and after the steady window, when power is sampled */
    uint64_t seed;
    json_t *request; /* the scenario's document, for the record */
    json_t *gate;    /* tolerances and targets by metric, may be empty */
} rg_plan;

/* Builds the plan from a scenario's document: defaults, checks, expansion of tiers, order
 * (round-robin by round at execution), unique names, keys. The same document gives the same plan.
 */
rg_status rg_plan_build(const json_t *request, rg_plan **ret_plan, rg_err *err);
void rg_plan_free(rg_plan *plan); /* accepts NULL */

/* The plan as JSON ("name", "summary", "hash", "cells": [lines as of rg_cell_to_json]), a new
 * reference; and as a table for people: cells with target, pattern, tier, the least time they take,
 * and the start of their key. */
json_t *rg_plan_to_json(const rg_plan *plan);
void rg_plan_print(const rg_plan *plan, FILE *file);

/* Keeps only cells whose name or key (or a prefix of the key, or a glob of the name) matches.
 * RG_USAGE naming the nearest cell when none does. */
rg_status rg_plan_only(rg_plan *plan, const char *pattern, rg_err *err);

/* The same for several: cells that any of them matches; each must match one. */
rg_status rg_plan_only_any(rg_plan *plan, const char *const *patterns, size_t n, rg_err *err);

/* Gives every cell this many rounds, in place of its tier's. */
rg_status rg_plan_set_rounds(rg_plan *plan, uint32_t rounds, rg_err *err);

/* One line of cells.jsonl for a cell (new reference). */
json_t *rg_cell_to_json(const rg_cell *cell);

/* A cell from such a line; text is copied into `arena`, JSON references are taken. */
rg_status rg_cell_from_json(const json_t *line, rg_arena *arena, rg_cell *ret_cell, rg_err *err);

#endif
