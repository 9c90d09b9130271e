/* onnx_put_weighted.h: weights and biases as an .onnx file has them: what convolutions and layers
 * share (onnx_put_weights.c). */
#ifndef RG_MODELS_ONNX_PUT_WEIGHTED_H
#define RG_MODELS_ONNX_PUT_WEIGHTED_H

#include "models/onnx_write.h"

enum { X, W, B };

/* Names of weights in the file's order: the integers, the reals that they stand for, scale and zero
 * point (NULL: floats). */
typedef struct rg_onnx_weights {
    const char *raw, *real, *scale, *zero;
} rg_onnx_weights;

/* Input W with its dimensions in `order`, channels of the file along `axis`. With scales beside
 * operators nothing is dequantized: `real` is `raw`. */
rg_onnx_weights rg_onnx_weights_of(rg_onnx_writing *s, const rg_node *node, const uint8_t *order,
                                   int64_t axis);

/* Input i, the bias, as reals: dequantized by input scale times weight scale. NULL: there is none.
 */
const char *rg_onnx_bias_name(rg_onnx_writing *s, const rg_node *node, uint32_t i);

/* Whether a node can be written with its scales beside it: 8 bits all over. */
bool rg_onnx_whole_bytes(const rg_onnx_writing *s, const rg_node *node);

/* Constant weights are turned when written; others cannot be: refused. */
bool rg_onnx_check_weights(rg_onnx_writing *s, const rg_node *node, uint32_t rank);

/* x, scale, zero; w, scale, zero; y's scale, zero; bias: as the QLinear operators take them. */
void rg_onnx_operands(rg_onnx_writing *s, const rg_node *node, rg_onnx_layout layout,
                      const rg_onnx_weights *w, const char *ret[9]);

#endif
