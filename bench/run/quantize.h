/* quantize.h: from a calibrated float network to the int8 graph of the same layers: weights
 * symmetric per channel (dense layers of int8 per tensor), activations affine over their calibrated
 * range, biases int32 at input scale x weight scale, as TFLite's int8 specification has it. */
#ifndef RG_RUN_QUANTIZE_H
#define RG_RUN_QUANTIZE_H

#include "bench/run/calibrate.h"

/* A new graph with its own arena (free with rg_graph_free). Tensors whose operator moves or
 * compares values only (pools, pad, reshape, concat, gather) share one quantization; softmax,
 * logistic and tanh have the one that their operator fixes. `dense_weights`: RG_DTYPE_INT8, or
 * RG_DTYPE_INT4 for those of fully connected layers, one scale an output. */
rg_status rg_quantize(const rg_network *network, const rg_range *ranges, rg_dtype dense_weights,
                      rg_graph **ret_graph, rg_err *err);

#endif
