/* axes.c: see axes.h. */
#include "kernels/ref/axes.h"

#include <string.h>

const rg_field rg_reduce_fields[] = {
    {"keep_dims", RG_FIELD_BOOL, offsetof(rg_reduce_params, keep_dims), "false", 0, 0, NULL, "",
     "reduced dimensions stay, as ones"},
    {0},
};

enum { AXES_MAX = 64 };

/* The reduced dimensions as a bit set. */
static rg_status read_axes(const rg_op_call *call, uint32_t *ret, rg_err *err) {
    int64_t axes[AXES_MAX];
    size_t n = 0;
    uint32_t rank = call->in[0]->shape.rank, set = 0;
    rg_status status = rg_need_integers(call->in[1], "axes", AXES_MAX, axes, &n, err);
    for (size_t i = 0; status == RG_OK && i < n; i++) {
        int64_t axis = axes[i] < 0 ? axes[i] + rank : axes[i];
        if (axis < 0 || axis >= rank)
            return rg_fail(err, RG_BAD_DATA, NULL, "%s over axis %lld of %u dimensions",
                           call->op->kind, (long long)axes[i], rank);
        set |= 1u << axis;
    }
    *ret = set;
    return status;
}

rg_status rg_axes_infer(const rg_op_call *call, rg_tensor *ret_out, rg_err *err) {
    uint32_t axes;
    rg_status status = rg_need_inputs(call, 2, err);
    if (status == RG_OK)
        status = rg_need_elements(call->in[0], "input", err);
    if (status == RG_OK)
        status = read_axes(call, &axes, err);
    if (status != RG_OK)
        return status;
    const rg_shape *from = &call->in[0]->shape;
    rg_shape shape = {0};
    for (uint32_t i = 0; i < from->rank; i++) {
        if (!(axes >> i & 1))
            shape.dim[shape.rank++] = from->dim[i];
        else if (((const rg_reduce_params *)call->params)->keep_dims)
            shape.dim[shape.rank++] = 1;
    }
    return rg_give_output(ret_out, call->op->out, &shape, err);
}

rg_axes rg_axes_plan(const rg_op_call *call) {
    const rg_shape *from = &call->in[0]->shape;
    rg_axes plan = {.count = 1};
    uint32_t axes = 0;
    size_t step = rg_elements(call->in[0]);
    if (read_axes(call, &axes, NULL) != RG_OK)
        return plan;
    for (uint32_t i = 0; i < from->rank; i++) {
        size_t dim = (size_t)from->dim[i];
        bool reduced = axes >> i & 1;
        uint32_t *n = reduced ? &plan.n : &plan.n_kept;
        step /= dim;
        (reduced ? plan.dim : plan.kept)[*n] = dim;
        (reduced ? plan.step : plan.kept_step)[*n] = step;
        plan.count *= reduced ? dim : 1;
        (*n)++;
    }
    return plan;
}

rg_work rg_axes_work(const rg_op_call *call) {
    return rg_call_work(call, 0, rg_elements(call->in[0]));
}
