/* fuzz.h: what the fuzzers share: promises, which refusals are good ones, and the makers of their
 * seeds (make_seeds.c calls them by name). Each fuzz_NAME.c is built twice: with libFuzzer, and
 * into `replay`, which hands it files one by one (replay.c). */
#ifndef RG_TESTS_FUZZ_H
#define RG_TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/core/err.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

#define PROMISE(holds, words)                                                                      \
    do {                                                                                           \
        if (!(holds)) {                                                                            \
            fprintf(stderr, "broken promise: %s\n", words);                                        \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/* A file may be refused for these reasons only, and in words. */
static inline bool refused_well(rg_status status, const rg_err *err) {
    bool known = status == RG_BAD_DATA || status == RG_NO_MEMORY || status == RG_UNSUPPORTED;
    return known && err->what[0];
}

/* Write the seeds of one fuzzer into a folder that exists. */
rg_status make_seeds_bundle(const char *folder, rg_err *err);
rg_status make_seeds_hef(const char *folder, rg_err *err);
rg_status make_seeds_model(const char *folder, rg_err *err);
rg_status make_seeds_npy(const char *folder, rg_err *err);
rg_status make_seeds_onnx(const char *folder, rg_err *err);
rg_status make_seeds_scenario(const char *folder, rg_err *err);
rg_status make_seeds_tflite(const char *folder, rg_err *err);

/* FOLDER/name with these bytes (make_seeds.c). */
rg_status put_seed(const char *folder, const char *name, const void *data, size_t bytes,
                   rg_err *err);

#endif
