/* wide.h: what weighted operators with int16 activations and int8 weights ("16x8") share. Sums are
 * int64 and scaled with a 16-bit multiplier in one rounding, except that a bias of int32 asks for
 * int32 sums and the double rounding of int8. */
#ifndef RG_KERNELS_REF_WIDE_H
#define RG_KERNELS_REF_WIDE_H

#include "kernels/ref/fixed.h"
#include "kernels/ref/need.h"
#include "kernels/ref/window.h"

/* Factors of `n` output channels and how sums become outputs. */
typedef struct rg_wide {
    int32_t low, high;
    bool is_narrow; /* int32 sums and double rounding */
    rg_factor factors[];
} rg_wide;

/* Bytes of an rg_wide for `n` channels. */
size_t rg_wide_bytes(int64_t n);

/* Quantization of the call: zero points 0 for input and output, weights with one scale or one a
 * channel along `axis`, zero points 0. */
rg_status rg_wide_check(const rg_op_call *call, uint32_t axis, rg_err *err);

/* Fills `ret` (zeroed, rg_wide_bytes): bias is input `bias`; `in_float` as in rg_bytes_factors. */
rg_status rg_wide_prepare(const rg_op_call *call, uint32_t bias, int activation, bool in_float,
                          int64_t n, rg_wide *ret, rg_err *err);

/* Element `c` of a bias of int32 or int64; 0 when it is left out. */
static inline int64_t rg_wide_bias(const rg_tensor *bias, const void *data, int64_t c) {
    if (!bias)
        return 0;
    return bias->dtype == RG_DTYPE_INT64 ? ((const int64_t *)data)[c] : ((const int32_t *)data)[c];
}

/* Sum of n products; wraps where a hostile model sums beyond int64. */
static inline uint64_t rg_wide_dot(const int16_t *x, const int8_t *w, int64_t n) {
    uint64_t sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += (uint64_t)(int64_t)(x[i] * w[i]);
    return sum;
}

/* The output for a sum (bias included) of channel `c`. */
static inline int16_t rg_wide_result(const rg_wide *wide, uint64_t sum, int64_t c) {
    int32_t scaled = wide->is_narrow ? rg_factor_apply(wide->factors[c], (int32_t)(uint32_t)sum)
                                     : rg_factor_apply_wide(wide->factors[c], (int64_t)sum);
    return (int16_t)rg_clamp(scaled, wide->low, wide->high);
}

/* How the windows of a convolution are walked: its axes and channels, and the sum of the taps of
 * output channel `c` over the part of the filter that lies on the image; `layout` is passed on. */
typedef struct rg_wide_windows {
    const rg_axis *y, *x;
    int64_t in_c, out_c;
    const void *layout;
    uint64_t (*sum)(const void *layout, const int16_t *image, const int8_t *filter, int64_t c,
                    rg_taps ty, rg_taps tx);
} rg_wide_windows;

/* Output rows [first_row, last_row) of a call with input, filter and bias. */
void rg_wide_convolve(const rg_op_call *call, const rg_wide *wide, const rg_wide_windows *windows,
                      const void *const *in, int16_t *out, size_t first_row, size_t last_row);

#endif
