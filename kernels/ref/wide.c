/* wide.c: see wide.h. */
#include "kernels/ref/wide.h"

#include "kernels/ref/activation.h"
#include "kernels/ref/bytes.h"

size_t rg_wide_bytes(int64_t n) {
    return sizeof(rg_wide) + (size_t)n * sizeof(rg_factor);
}

rg_status rg_wide_check(const rg_op_call *call, uint32_t axis, rg_err *err) {
    const rg_tensor *weights = call->in[1];
    rg_status status = rg_need_zero_at_zero(call, 1, err);
    if (status != RG_OK)
        return status;
    return rg_need_weight_quant(weights, "weights", axis, (uint32_t)weights->shape.dim[axis], err);
}

rg_status rg_wide_prepare(const rg_op_call *call, uint32_t bias, int activation, bool in_float,
                          int64_t n, rg_wide *ret, rg_err *err) {
    const rg_tensor *t = rg_call_in(call, bias);
    rg_status status = rg_bytes_factors(call, in_float, n, ret->factors, err);
    rg_activation_range(activation, call->out[0], &ret->low, &ret->high);
    ret->is_narrow = t && t->dtype == RG_DTYPE_INT32;
    for (int64_t c = 0; status == RG_OK && !ret->is_narrow && c < n; c++) {
        if (ret->factors[c].shift > 7)
            status = rg_fail(err, RG_UNSUPPORTED, "check the quantization of the model",
                             "the scales of input, weights and output are too far apart");
    }
    return status;
}

/* All channels of one window. */
static void convolve_one(const rg_op_call *call, const rg_wide *wide, const rg_wide_windows *w,
                         const void *const *in, const int16_t *image, rg_taps ty, rg_taps tx,
                         int16_t *out) {
    const rg_tensor *bias = rg_call_in(call, 2);
    for (int64_t c = 0; c < w->out_c; c++) {
        uint64_t sum = w->sum(w->layout, image, in[1], c, ty, tx);
        sum += (uint64_t)rg_wide_bias(bias, bias ? in[2] : NULL, c);
        out[c] = rg_wide_result(wide, sum, c);
    }
}

void rg_wide_convolve(const rg_op_call *call, const rg_wide *wide, const rg_wide_windows *w,
                      const void *const *in, int16_t *out, size_t first_row, size_t last_row) {
    out += (int64_t)first_row * w->x->out * w->out_c;
    for (int64_t row = (int64_t)first_row; row < (int64_t)last_row; row++) {
        const int16_t *image =
            (const int16_t *)in[0] + row / w->y->out * w->y->in * w->x->in * w->in_c;
        rg_taps ty = rg_axis_taps(w->y, row % w->y->out);
        for (int64_t ox = 0; ox < w->x->out; ox++, out += w->out_c)
            convolve_one(call, wide, w, in, image, ty, rg_axis_taps(w->x, ox), out);
    }
}
