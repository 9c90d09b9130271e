/* tflite_xnnpack.h: TFLite's XNNPACK delegate: the CPU kernels that the C API does not take by
 * itself. Its options are a struct that has grown in the middle, and whose defaults are a choice of
 * the build; so it is written here byte by byte, by version, with every flag that matters told. */
#ifndef RG_TARGETS_TFLITE_XNNPACK_H
#define RG_TARGETS_TFLITE_XNNPACK_H

#include "targets/tflite_api.h"
#include "targets/tflite_runner.h"

/* What operators it may take beyond those of floats. */
enum {
    RG_XNNPACK_QS8 = 1,  /* int8 */
    RG_XNNPACK_QU8 = 2,  /* uint8 */
    RG_XNNPACK_FP16 = 4, /* floats computed as halves */
};

/* Where the options of one span of versions stand. */
typedef struct rg_xnnpack_layout {
    const char *name; /* "2.3 to 2.9" */
    size_t flags_at;  /* of a uint32; the number of threads, an int32, always stands at 0 */
    size_t file_at;   /* of an int that must be -1, no file; 0: the struct has none */
    size_t bytes;     /* of the struct */
} rg_xnnpack_layout;

/* Large enough for every layout and those that only grow at the end. */
enum { RG_XNNPACK_BYTES = 256 };

/* The layout of a version, NULL when it is not known for sure: 2.19 is told both by TensorFlow 2.19
 * and by later releases of LiteRT that have another struct. */
const rg_xnnpack_layout *rg_xnnpack_layout_of(int major, int minor);

/* Writes the whole struct, zero where nothing is said. */
void rg_xnnpack_options(const rg_xnnpack_layout *layout, uint32_t threads, uint32_t flags,
                        unsigned char ret_options[RG_XNNPACK_BYTES]);

/* What was asked and what came of it. `layout` stays NULL where the options could not be written:
 * the delegate then has the build's own, with one thread. */
typedef struct rg_xnnpack {
    const rg_tflite *tflite;
    uint32_t threads, flags;
    const rg_xnnpack_layout *layout;
    bool looked; /* for the layout */
    int told;    /* the flags that the delegate itself tells, -1 where it cannot */
} rg_xnnpack;

/* An rg_tflite_make for the runner: `user` is an rg_xnnpack. RG_UNSUPPORTED where this build has no
 * XNNPACK. */
rg_status rg_xnnpack_make(void *user, rg_tflite_delegate *ret_delegate, rg_err *err);

/* "qs8,qu8" to flags; "" is none. RG_USAGE names the word that is none. */
rg_status rg_xnnpack_flags_parse(const char *text, uint32_t *ret_flags, rg_err *err);

/* Effective settings as lines "key=value\n". */
void rg_xnnpack_facts(const rg_xnnpack *xnnpack, rg_text *text);

#endif
