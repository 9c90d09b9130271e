/* hybrid.h: float activations times integer weights ("dynamic range"): activations are quantized to
 * int8 when they come, a row or an image at a time. Facts: TFLite's portable tensor utilities. */
#ifndef RG_KERNELS_REF_HYBRID_H
#define RG_KERNELS_REF_HYBRID_H

#include "kernels/ref/fixed.h"
#include "kernels/ref/need.h"

enum { RG_HYBRID_CHUNK = 256 }; /* activations quantized side by side */

/* real = scale * (q - zero) */
typedef struct rg_hybrid {
    float scale, inverse;
    int32_t zero, low;
} rg_hybrid;

/* The quantization of `n` activations, `step` elements apart. Symmetric: scale = largest size /
 * 127, q within +-127. Asymmetric: the range with 0 in it over 255 steps (in double), zero point
 * from the end with the smaller error, rounded. All zeros: scale 1, every q 0. */
rg_hybrid rg_hybrid_of(const float *x, int64_t n, int64_t step, bool asymmetric);

/* v * inverse + zero in float32, halves away from zero, within the range. */
static inline int8_t rg_hybrid_quantum(const rg_hybrid *h, float v) {
    return (int8_t)rg_clamp(rg_round_away((float)h->zero + v * h->inverse), h->low, 127);
}

/* Quantizes `n` <= RG_HYBRID_CHUNK activations, less their zero point. */
void rg_hybrid_chunk(const rg_hybrid *h, const float *x, int64_t n, int64_t step, int16_t *ret);

/* Element i of weights of int8 or of int4: two a byte, the first in the lower half. */
static inline int32_t rg_hybrid_weight(rg_dtype dtype, const void *weights, int64_t i) {
    if (dtype == RG_DTYPE_INT8)
        return ((const int8_t *)weights)[i];
    int32_t half = ((const uint8_t *)weights)[i / 2] >> (i % 2 ? 4 : 0) & 15;
    return half < 8 ? half : half - 16;
}

/* Weights with one scale or one a channel along `axis`, zero points 0. */
rg_status rg_hybrid_check(const rg_op_call *call, uint32_t axis, rg_err *err);

/* Scale of channel `c`. */
static inline float rg_hybrid_scale(const rg_tensor *weights, int64_t c) {
    return weights->quant.scale[weights->quant.n > 1 ? c : 0];
}

#endif
