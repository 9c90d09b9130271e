/* ort_options.h: what a cell can ask of ONNX Runtime beside the common settings, and key/values in
 * words. Used by the parts of the target `onnxruntime` (ort_*.c). */
#ifndef RG_TARGETS_ORT_OPTIONS_H
#define RG_TARGETS_ORT_OPTIONS_H

#include "bench/core/arena.h"
#include "bench/iface/target.h"

enum rg_ort_spinning { RG_ORT_SPINNING_AUTO, RG_ORT_SPINNING_ON, RG_ORT_SPINNING_OFF };

/* Words of choices, and what the runtime calls them. */
extern const char *const rg_ort_optimization_words[];
extern const int rg_ort_optimization_levels[];
extern const char *const rg_ort_execution_words[];

typedef struct rg_ort_options {
    const char *library, *provider, *provider_options, *plugins, *config;
    int form;         /* of the artefact: the hub makes it */
    int optimization; /* of rg_ort_optimization_words */
    int execution;    /* 0 sequential, 1 parallel */
    int spinning;     /* rg_ort_spinning */
    int log;          /* 0 verbose to 4 fatal */
    int64_t inter_threads;
    bool cpu_fallback, arena, mem_pattern, deterministic;
} rg_ort_options;

extern const rg_field rg_ort_fields[];

/* The cell's options over their defaults. RG_USAGE for one that is unknown or out of range. */
rg_status rg_ort_options_read(const rg_settings *settings, rg_ort_options *ret, rg_err *err);

/* Keys with values, as the runtime's calls take them: n of each. */
typedef struct rg_ort_pairs {
    const char **keys, **values;
    size_t n;
} rg_ort_pairs;

/* "key=value; key=value" with blanks around either dropped, or a table as JSON, into the arena; a
 * table within gives its name to its keys ("cuda.device_id"). RG_USAGE where a piece has no '=' or
 * no key; `option` names it in the message. */
rg_status rg_ort_pairs_read(rg_arena *arena, const char *option, const char *text,
                            rg_ort_pairs *ret_pairs, rg_err *err);

/* A list as JSON becomes words with commas; anything else stays as it is. */
rg_status rg_ort_words_read(rg_arena *arena, const char *option, const char *text,
                            const char **ret_words, rg_err *err);

/* Of pairs "cuda.device_id" those of one prefix, without it ("device_id"). */
rg_status rg_ort_pairs_of(rg_arena *arena, const rg_ort_pairs *all, const char *prefix,
                          rg_ort_pairs *ret_pairs, rg_err *err);

#endif
