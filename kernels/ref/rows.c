/* rows.c: see rows.h. */
#include "kernels/ref/rows.h"

size_t rg_row_length(const rg_op_call *call) {
    return (size_t)call->in[0]->shape.dim[call->in[0]->shape.rank - 1];
}

size_t rg_rows_tiles(const rg_op_call *call) {
    return rg_elements(call->in[0]) / rg_row_length(call);
}

rg_status rg_rows_infer(const rg_op_call *call, const rg_quant *quant, rg_tensor *ret_out,
                        rg_err *err) {
    rg_status status = rg_need_inputs(call, 1, err);
    if (status == RG_OK)
        status = rg_need_elements(call->in[0], "input", err);
    if (status == RG_OK && call->in[0]->shape.rank < 1)
        status = rg_fail(err, RG_BAD_DATA, NULL, "%s of a scalar", call->op->kind);
    if (status == RG_OK)
        status = rg_give_output(ret_out, call->op->out, &call->in[0]->shape, err);
    if (status == RG_OK && call->op->out == RG_DTYPE_INT8)
        ret_out->quant = *quant;
    return status;
}

rg_status rg_rows_check(const rg_op_call *call, const rg_quant *quant, rg_err *err) {
    rg_status status = rg_need_call_quant(call, 1, err);
    const rg_quant *out = &call->out[0]->quant;
    if (status == RG_OK &&
        (out->scale[0] != quant->scale[0] || out->zero_point[0] != quant->zero_point[0]))
        status = rg_fail(err, RG_BAD_DATA, NULL,
                         "%s output has scale %g and zero point %d, not %g and %d", call->op->kind,
                         (double)out->scale[0], (int)out->zero_point[0], (double)quant->scale[0],
                         (int)quant->zero_point[0]);
    return status;
}
