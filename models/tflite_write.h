/* tflite_write.h: what the parts of the .tflite writer share: tflite_writer.c (model, tensors,
 * buffers) and tflite_options.c (attributes of a node as the operator's options). */
#ifndef RG_MODELS_TFLITE_WRITE_H
#define RG_MODELS_TFLITE_WRITE_H

#include "bench/core/err.h"
#include "bench/core/graph.h"
#include "models/flatbuf.h"
#include "models/tflite_schema.h"

/* Checks that a node can be written: known, all attributes expressible, needed ones there.
 * RG_UNSUPPORTED naming the node. */
rg_status rg_tflite_check_node(const rg_graph *graph, uint32_t index, rg_err *err);

/* Writes the options table of a checked node; returns its position. */
size_t rg_tflite_write_options(rg_fbw *w, const rg_graph *graph, const rg_node *node,
                               const rg_tflite_op *op);

#endif
