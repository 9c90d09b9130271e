/* fixed.c: forming factors; what is too slow or too rare to stand in fixed.h. */
#include "kernels/ref/fixed.h"

#include <math.h>

rg_status rg_factor_from(double real, const char *what, rg_factor *ret, rg_err *err) {
    int shift = 0;
    double mantissa = isfinite(real) ? frexp(real, &shift) : 0;
    int64_t fixed = (int64_t)round(mantissa * 2147483648.0);
    if (fixed == INT64_C(1) << 31 || fixed == -(INT64_C(1) << 31)) {
        fixed /= 2;
        shift++;
    }
    if (!isfinite(real) || shift > 31)
        return rg_fail(err, RG_UNSUPPORTED, "check the quantization of the model",
                       "the scales of %s are too far apart (factor %g)", what, real);
    if (shift < -31)
        fixed = shift = 0;
    *ret = (rg_factor){(int32_t)fixed, shift};
    return RG_OK;
}

int32_t rg_round_away(float v) {
    const float limit = 1073741824.0f;
    if (!(v > -limit))
        return -1073741824;
    return v >= limit ? 1073741824 : (int32_t)roundf(v);
}
