/* move.c: operators that copy their input unchanged under another shape, any element type:
 * reshape, squeeze, expand_dims. */
#include <string.h>

#include "kernels/ref/need.h"

/* The declared output shape, when it holds as many elements as the input. */
static rg_status infer_declared(const rg_op_call *call, rg_tensor *ret_out, rg_err *err) {
    rg_status status = rg_need_inputs(call, 1, err);
    if (status != RG_OK)
        return status;
    if (call->n_out < 1 || !call->out[0])
        return rg_fail(err, RG_BAD_DATA, NULL, "%s needs an output", call->op->kind);
    int64_t n;
    const rg_shape *shape = &call->out[0]->shape;
    char text[96];
    rg_shape_text(shape, text, sizeof text);
    if (!rg_shape_elements(shape, &n) || (size_t)n != rg_elements(call->in[0]))
        return rg_fail(err, RG_BAD_DATA, NULL, "%s of %zu elements to %s", call->op->kind,
                       rg_elements(call->in[0]), text);
    return rg_give_output(ret_out, call->in[0]->dtype, shape, err);
}

/* Replaces the one -1 among `dim` by what is left of `elements`. */
static bool fill_wildcard(int64_t elements, int64_t *dim, size_t rank) {
    int64_t known = 1;
    size_t wild = rank;
    for (size_t i = 0; i < rank; i++) {
        if (dim[i] == -1 && wild == rank)
            wild = i;
        else if (dim[i] < 0 || __builtin_mul_overflow(known, dim[i], &known))
            return false;
    }
    if (wild == rank)
        return known == elements;
    if (known == 0 || elements % known || elements / known > INT32_MAX)
        return false;
    dim[wild] = elements / known;
    return true;
}

static rg_status infer_reshape(const rg_op_call *call, rg_tensor *ret_out, rg_err *err) {
    const rg_tensor *target = rg_call_in(call, 1);
    int64_t dim[RG_MAX_RANK];
    size_t rank = 0;
    if (!target || !target->data)
        return infer_declared(call, ret_out, err);
    rg_status status = rg_need_inputs(call, 1, err);
    if (status == RG_OK)
        status = rg_need_integers(target, "the new shape", RG_MAX_RANK, dim, &rank, err);
    if (status != RG_OK)
        return status;
    if (!fill_wildcard((int64_t)rg_elements(call->in[0]), dim, rank))
        return rg_fail(err, RG_BAD_DATA, NULL, "the new shape does not hold %zu elements",
                       rg_elements(call->in[0]));
    rg_shape shape = {(uint32_t)rank, {0}};
    for (size_t i = 0; i < rank; i++) {
        if (dim[i] > INT32_MAX)
            return rg_fail(err, RG_BAD_DATA, NULL, "the new shape is too large");
        shape.dim[i] = (int32_t)dim[i];
    }
    return rg_give_output(ret_out, call->in[0]->dtype, &shape, err);
}

static rg_status check(const rg_op_call *call, rg_err *err) {
    if (call->in[0]->bytes != call->out[0]->bytes)
        return rg_fail(err, RG_BAD_DATA, NULL, "%s of %zu to %zu bytes", call->op->kind,
                       call->in[0]->bytes, call->out[0]->bytes);
    return RG_OK;
}

static void run(const rg_op_call *call, const void *state, const void *const *in, void *const *out,
                size_t first_tile, size_t last_tile) {
    (void)state;
    if (first_tile < last_tile && call->out[0]->bytes)
        memcpy(out[0], in[0], call->out[0]->bytes);
}

/* One operator a row: name, which is its kind too, sentence, inputs, shape rule. */
#define ROW(id, text, most_in, rule)                                                               \
    const rg_op rg_op_##id = {.name = #id,                                                         \
                              .kind = #id,                                                         \
                              .summary = text,                                                     \
                              .in = RG_DTYPE_ANY,                                                  \
                              .weights = RG_DTYPE_ANY,                                             \
                              .out = RG_DTYPE_ANY,                                                 \
                              .view = true,                                                        \
                              .min_in = 1,                                                         \
                              .max_in = most_in,                                                   \
                              .n_out = 1,                                                          \
                              .infer = rule,                                                       \
                              .check = check,                                                      \
                              .work = rg_work_move,                                                \
                              .run = run}

ROW(reshape, "Same elements under another shape", 2, infer_reshape);
ROW(squeeze, "Drops dimensions of one", 1, infer_declared);
ROW(expand_dims, "Adds a dimension of one", 2, infer_declared);
