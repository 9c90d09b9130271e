/* bytes.h: one loop for int8 and uint8. A uint8 tensor is read as int8 with the top bit of each
 * byte flipped and a zero point 128 lower: the distance from the zero point is the same. Distances
 * of both sides fit 16 bits, and compilers know a fast product of 16-bit numbers. */
#ifndef RG_KERNELS_REF_BYTES_H
#define RG_KERNELS_REF_BYTES_H

#include "kernels/ref/fixed.h"
#include "kernels/ref/need.h"

/* How inputs 0 (x) and 1 (w) of a call are read. */
typedef struct rg_bytes {
    uint8_t flip;
    int16_t zero_x, zero_w; /* as int8 */
} rg_bytes;

static inline rg_bytes rg_bytes_of(const rg_op_call *call) {
    int32_t low = rg_dtype_low(call->op->in) + 128; /* 128 for uint8 */
    rg_bytes bytes = {(uint8_t)low, (int16_t)(call->in[0]->quant.zero_point[0] - low),
                      (int16_t)(call->in[1]->quant.zero_point[0] - low)};
    return bytes;
}

static inline int16_t rg_byte_distance(int8_t byte, uint8_t flip, int16_t zero) {
    return (int16_t)((int8_t)(byte ^ flip) - zero);
}

/* Sum of n products of distances; wraps like the original where a hostile model sums beyond int32.
 */
static inline uint32_t rg_bytes_dot(const int8_t *x, const int8_t *w, int64_t n, rg_bytes bytes) {
    uint32_t sum = 0;
    for (int64_t i = 0; i < n; i++) {
        int16_t a = rg_byte_distance(x[i], bytes.flip, bytes.zero_x);
        int16_t b = rg_byte_distance(w[i], bytes.flip, bytes.zero_w);
        sum += (uint32_t)(a * b);
    }
    return sum;
}

/* Factors of `n` output channels: input * weight / output scale. The product is formed in double,
 * or, with `in_float` and one weight scale, rounded to float32 first: which one is the truth
 * depends on operator and type. */
rg_status rg_bytes_factors(const rg_op_call *call, bool in_float, int64_t n, rg_factor *ret,
                           rg_err *err);

/* Quantization of the call: one scale for input and output; weights along `axis` of `channels`.
 * Weights with one scale may have a zero point when `offset` is set or the type is uint8. */
rg_status rg_bytes_check(const rg_op_call *call, uint32_t axis, bool offset, rg_err *err);

#endif
