/* hybrid.c: see hybrid.h. */
#include "kernels/ref/hybrid.h"

#include <math.h>

static rg_hybrid symmetric(float low, float high) {
    float range = fabsf(low) > fabsf(high) ? fabsf(low) : fabsf(high);
    if (range == 0)
        return (rg_hybrid){1, 0, 0, -127};
    return (rg_hybrid){range / 127, 127 / range, 0, -127};
}

static rg_hybrid asymmetric(double low, double high) {
    low = low < 0 ? low : 0;
    high = high > 0 ? high : 0;
    if (low == high)
        return (rg_hybrid){1, 0, 0, -128};
    double scale = (high - low) / 255;
    double from_low = -128 - low / scale, from_high = 127 - high / scale;
    double error_low = 128 + fabs(low / scale), error_high = 127 + fabs(high / scale);
    double zero = round(error_low < error_high ? from_low : from_high);
    zero = zero < -128 ? -128 : zero > 127 ? 127 : zero;
    return (rg_hybrid){(float)scale, 1.0f / (float)scale, (int32_t)zero, -128};
}

rg_hybrid rg_hybrid_of(const float *x, int64_t n, int64_t step, bool is_asymmetric) {
    float low = x[0], high = x[0];
    for (int64_t i = 1; i < n; i++) {
        float v = x[i * step];
        low = v < low ? v : low;
        high = v > high ? v : high;
    }
    return is_asymmetric ? asymmetric((double)low, (double)high) : symmetric(low, high);
}

void rg_hybrid_chunk(const rg_hybrid *h, const float *x, int64_t n, int64_t step, int16_t *ret) {
    for (int64_t i = 0; i < n; i++)
        ret[i] = (int16_t)(rg_hybrid_quantum(h, x[i * step]) - h->zero);
}

rg_status rg_hybrid_check(const rg_op_call *call, uint32_t axis, rg_err *err) {
    const rg_tensor *weights = call->in[1];
    return rg_need_weight_quant(weights, "weights", axis, (uint32_t)weights->shape.dim[axis], err);
}
