/* activation.c: the table of fused activations. */
#include "kernels/ref/activation.h"

#include <float.h>

#include "kernels/ref/fixed.h"
#include "kernels/ref/need.h"

const char *const rg_activation_words[] = {"none",     "relu", "relu_n1_to_1", "relu6", "tanh",
                                           "sign_bit", NULL};

static const struct {
    float low, high; /* real limits; +-FLT_MAX: none on that side */
} limits[] = {
    [RG_ACTIVATION_NONE] = {-FLT_MAX, FLT_MAX},
    [RG_ACTIVATION_RELU] = {0, FLT_MAX},
    [RG_ACTIVATION_RELU_N1_TO_1] = {-1, 1},
    [RG_ACTIVATION_RELU6] = {0, 6},
};

rg_status rg_activation_check(int activation, rg_err *err) {
    if (activation >= 0 && (size_t)activation < sizeof limits / sizeof limits[0])
        return RG_OK;
    return rg_fail(err, RG_UNSUPPORTED, "put it into an operator of its own",
                   "the fused activation %s is not done", rg_activation_words[activation]);
}

static int32_t quantized(float limit, const rg_tensor *out, int32_t none) {
    if (limit == FLT_MAX || limit == -FLT_MAX)
        return none;
    return out->quant.zero_point[0] + rg_round_away(limit / out->quant.scale[0]);
}

void rg_activation_range(int activation, const rg_tensor *out, int32_t *ret_low,
                         int32_t *ret_high) {
    int32_t low = rg_dtype_low(out->dtype), high = rg_dtype_high(out->dtype);
    *ret_low = (int32_t)rg_clamp(quantized(limits[activation].low, out, low), low, high);
    *ret_high = (int32_t)rg_clamp(quantized(limits[activation].high, out, high), low, high);
}

void rg_activation_range_f32(int activation, float *ret_low, float *ret_high) {
    *ret_low = limits[activation].low;
    *ret_high = limits[activation].high;
}
