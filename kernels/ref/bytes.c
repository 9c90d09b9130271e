/* bytes.c: what weighted operators on 8-bit tensors share at load. */
#include "kernels/ref/bytes.h"

rg_status rg_bytes_factors(const rg_op_call *call, bool in_float, int64_t n, rg_factor *ret,
                           rg_err *err) {
    const rg_quant *weights = &call->in[1]->quant;
    float in = call->in[0]->quant.scale[0], joint = in * weights->scale[0];
    double out = call->out[0]->quant.scale[0];
    rg_status status = RG_OK;
    for (int64_t c = 0; status == RG_OK && c < n; c++) {
        double product = in_float && weights->n == 1
                             ? (double)joint
                             : (double)in * (double)weights->scale[weights->n > 1 ? c : 0];
        status = rg_factor_from(product / out, "input, weights and output", &ret[c], err);
    }
    return status;
}

rg_status rg_bytes_check(const rg_op_call *call, uint32_t axis, bool offset, rg_err *err) {
    const rg_tensor *weights = call->in[1];
    rg_status status = rg_need_call_quant(call, 1, err);
    if (status != RG_OK)
        return status;
    if (weights->dtype == RG_DTYPE_UINT8 || (offset && weights->quant.n == 1))
        return rg_need_quant(weights, "weights", err);
    return rg_need_weight_quant(weights, "weights", axis, (uint32_t)weights->shape.dim[axis], err);
}
