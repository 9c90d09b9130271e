/* blocks4.c: see blocks4.h. */
#include "kernels/ref/blocks4.h"

#include <math.h>
#include <string.h>

int64_t rg_blocks_of(const rg_op_call *call) {
    const rg_tensor *scales = rg_call_in(call, RG_FC_SCALES);
    return scales ? (int64_t)rg_elements(scales) / call->in[1]->shape.dim[0] : 0;
}

float rg_half_to_float(uint16_t half) {
    uint32_t exponent = half >> 10 & 31, fraction = half & 1023;
    uint32_t bits = (uint32_t)(half >> 15) << 31;
    float value = (float)fraction * 0x1p-24f; /* subnormal */
    if (exponent == 0)
        return half >> 15 ? -value : value;
    bits |= (exponent == 31 ? 255 : exponent + 112) << 23 | fraction << 13;
    memcpy(&value, &bits, sizeof value);
    return value;
}

float rg_block_scale(const rg_op_call *call, int64_t c, int64_t b) {
    const rg_tensor *scales = call->in[RG_FC_SCALES];
    int64_t i = c * rg_blocks_of(call) + b;
    return scales->dtype == RG_DTYPE_FLOAT16 ? rg_half_to_float(((const uint16_t *)scales->data)[i])
                                             : ((const float *)scales->data)[i];
}

rg_status rg_blocks_check(const rg_op_call *call, rg_err *err) {
    const rg_tensor *scales = rg_call_in(call, RG_FC_SCALES);
    int64_t outputs = call->in[1]->shape.dim[0], depth = call->in[1]->shape.dim[1];
    if (!scales)
        return RG_OK;
    bool typed = scales->dtype == RG_DTYPE_FLOAT32 || scales->dtype == RG_DTYPE_FLOAT16;
    if (!scales->data || !typed)
        return rg_fail(err, RG_UNSUPPORTED, NULL, "scales of blocks (%s) are no float constants",
                       scales->name);
    int64_t blocks = rg_blocks_of(call);
    if (blocks < 1 || blocks * outputs != (int64_t)rg_elements(scales) || depth % blocks)
        return rg_fail(err, RG_BAD_DATA, NULL,
                       "%zu scales of blocks for %lld outputs of depth %lld", rg_elements(scales),
                       (long long)outputs, (long long)depth);
    for (int64_t c = 0; c < outputs; c++) {
        for (int64_t b = 0; b < blocks; b++) {
            float scale = rg_block_scale(call, c, b);
            if (!isfinite(scale) || scale < 0)
                return rg_fail(err, RG_BAD_DATA, NULL, "a block has the scale %g", (double)scale);
        }
    }
    return RG_OK;
}
