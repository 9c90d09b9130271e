/* tflite_shapes.h: inputs and outputs of an interpreter against those of the source graph. Used by
 * tflite_runner.c. */
#ifndef RG_TARGETS_TFLITE_SHAPES_H
#define RG_TARGETS_TFLITE_SHAPES_H

#include "bench/core/graph.h"
#include "targets/tflite_api.h"

/* Before allocation: inputs whose shape is not the graph's, times the batch, are given it. */
rg_status rg_tflite_shapes_give(const rg_tflite *tflite, void *interpreter, const rg_graph *graph,
                                uint32_t batch, rg_err *err);

/* After it: number, element type and bytes of all inputs and outputs. A model whose outputs have
 * no size until it runs is run once, on zeros. RG_UNSUPPORTED where they are not the graph's. */
rg_status rg_tflite_shapes_check(const rg_tflite *tflite, void *interpreter, const rg_graph *graph,
                                 uint32_t batch, rg_err *err);

#endif
