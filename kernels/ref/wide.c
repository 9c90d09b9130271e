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
