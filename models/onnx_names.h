/* onnx_names.h: an .onnx file being read: the decoded message and its values by name. */
#ifndef RG_MODELS_ONNX_NAMES_H
#define RG_MODELS_ONNX_NAMES_H

#include "models/onnx_read.h"

extern const char rg_onnx_damaged[]; /* what to try with a file that is wrong */

/* A decoded file, and what its decoder may still allocate. */
typedef struct rg_onnx_decoded {
    Rg__Onnx__Model *model;
    size_t left_bytes;
    bool spent; /* something was asked for that was not there */
} rg_onnx_decoded;

/* Decodes a file that has passed rg_onnx_sniff, within limits; to be freed whatever comes back.
 * (onnx_decode.c) */
rg_status rg_onnx_decode(const void *data, size_t bytes, const rg_model_limits *limits,
                         rg_onnx_decoded *ret, rg_err *err);
void rg_onnx_decoded_free(rg_onnx_decoded *decoded);

/* Names point into the decoded message; values' own names are printable. */
typedef struct rg_onnx_reading {
    rg_onnx r;
    const Rg__Onnx__Graph *graph;
    struct {
        uint32_t *slots, mask; /* an open table of values' numbers plus one */
        uint64_t point;        /* secret: no file can make all names fall together */
    } names;
    const char **keys; /* by value: the name as it stands in the file */
    uint32_t n_named;
} rg_onnx_reading;

/* A text fit for messages and reports: printable, at most 255 bytes; others become '?'. */
const char *rg_onnx_printable(rg_onnx *r, const char *text);

/* Room for every name that the file can hold, and for values without a name. */
rg_status rg_onnx_make_room(rg_onnx_reading *d);

/* The value with this name, made when it is new; RG_ONNX_NONE for "" or without memory. */
int32_t rg_onnx_value_named(rg_onnx_reading *d, const char *name);

/* Leaves out nodes and tensors that nobody uses; the lists of the graph's inputs and outputs
 * follow. (onnx_prune.c) */
rg_status rg_onnx_leave_out_unused(rg_onnx *r, int32_t *in, int32_t *out);

#endif
