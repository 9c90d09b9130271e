/* onnx_wire.h: a look at the bytes of an .onnx file before protobuf-c decodes them: whether they
 * are well-formed, and what decoding them costs at most. The safety net of the reader: the decoder
 * allocates for every element of a list and merges messages that come twice. */
#ifndef RG_MODELS_ONNX_WIRE_H
#define RG_MODELS_ONNX_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/core/err.h"
#include "bench/iface/model.h"

/* What a file holds. */
typedef struct rg_onnx_counts {
    uint64_t nodes, tensors; /* tensors: initializers, inputs, outputs, described values */
    uint64_t members;        /* fields of any message, elements of packed lists included */
    uint64_t decoded_bytes;  /* upper bound of the decoder's memory */
} rg_onnx_counts;

/* True when the top level looks like an ONNX model: known fields only, with their wire types; a
 * damaged end does not matter. */
bool rg_onnx_sniff(const void *data, size_t bytes);

/* Walks the whole file, messages within messages as deep as models/onnx.proto goes. RG_BAD_DATA
 * where it is malformed or a single message comes twice, RG_NO_MEMORY beyond a limit. */
rg_status rg_onnx_scan(const void *data, size_t bytes, const rg_model_limits *limits,
                       rg_onnx_counts *ret, rg_err *err);

#endif
