/* schema.h: every key that a scenario may write, as rg_field rows: the scenario host checks tables
 * by them and names the nearest key, the plan parses values by them, docs/request.md is their list.
 * Neighbours: script.c (Lua side), plan.c (request side). */
#ifndef RG_RUN_SCHEMA_H
#define RG_RUN_SCHEMA_H

#include <jansson.h>

#include "bench/core/err.h"
#include "bench/core/field.h"

typedef struct rg_schema {
    const char *name;       /* "cell", for messages */
    const rg_field *fields; /* ends with a NULL key */
} rg_schema;

extern const rg_schema rg_schema_skip; /* record: rg_skip_spec of skips.h */
extern const rg_schema rg_schema_scenario, rg_schema_tier, rg_schema_measure, rg_schema_cell,
    rg_schema_pattern, rg_schema_option, rg_schema_op;

/* The structs behind the rows; text is borrowed from whatever was parsed. */
typedef struct rg_scenario_spec {
    const char *name, *summary;
    int64_t seed;
} rg_scenario_spec;

typedef struct rg_tier_spec {
    const char *name;
    int64_t rounds, samples, min_time_ns, cap_ns;
    double precision;
} rg_tier_spec;

typedef struct rg_measure_spec {
    bool power, per_op;
    int64_t idle_ns;
} rg_measure_spec;

typedef struct rg_cell_spec {
    const char *model, *file, *workload, *target, *device, *variant, *precision, *cores,
        *power_mode, *governor, *input_files, *artefact;
    int64_t empty, threads, batch, deadline_ns;
    int inputs, interfere;
    bool require_full_offload;
} rg_cell_spec;

typedef struct rg_pattern_spec {
    int kind; /* rg_pattern_kind */
    int64_t n, duration_ns, step_ns, queue, deadline_ns;
    int64_t most;
    int search; /* rg_search_kind */
    double hz, fps, drops;
} rg_pattern_spec;

typedef struct rg_option_spec {
    const char *type, *help;
    double min, max;
} rg_option_spec;

/* Words of `kind` and `inputs`, in the order of their numbers; NULL-ended. */
extern const char *const rg_pattern_words[], *const rg_input_words[];

/* Types of an option, NULL-ended. */
extern const char *const rg_option_types[];

/* RG_USAGE that names the nearest key when `key` is none of the schema's. */
rg_status rg_schema_check_key(const rg_schema *schema, const char *key, rg_err *err);

/* Defaults, then the members of `object`, into `record`. Members of type TABLE are only checked
 * for their key. Errors name the key. */
rg_status rg_schema_parse(const rg_schema *schema, const json_t *object, void *record, rg_err *err);

#endif
