/* pad.c: a border around a tensor of any whole-byte type. The border is the output's zero point for
 * 8-bit quantized tensors and zero elsewhere, or the byte pattern of a third input (PADV2). */
#include <string.h>

#include "kernels/ref/need.h"

/* Pairs of before and after, from a constant of 2 x rank numbers. */
static rg_status read_paddings(const rg_op_call *call, int64_t *ret, rg_err *err) {
    size_t n, rank = call->in[0]->shape.rank;
    rg_status status = rg_need_integers(call->in[1], "paddings", 2 * RG_MAX_RANK, ret, &n, err);
    if (status != RG_OK)
        return status;
    if (n != 2 * rank)
        return rg_fail(err, RG_BAD_DATA, NULL, "%zu paddings for %zu dimensions", n, rank);
    for (size_t i = 0; i < n; i++) {
        if (ret[i] < 0 || ret[i] > INT32_MAX)
            return rg_fail(err, RG_BAD_DATA, NULL, "padding %zu is %lld", i, (long long)ret[i]);
    }
    return RG_OK;
}

static rg_status check_value(const rg_op_call *call, rg_err *err) {
    const rg_tensor *value = rg_call_in(call, 2);
    if (value && (value->dtype != call->in[0]->dtype || rg_elements(value) != 1))
        return rg_fail(err, RG_BAD_DATA, NULL, "the padding value is no single %s",
                       rg_dtype_word(call->in[0]->dtype));
    return RG_OK;
}

static rg_status infer(const rg_op_call *call, rg_tensor *ret_out, rg_err *err) {
    int64_t paddings[2 * RG_MAX_RANK];
    size_t size;
    rg_status status = rg_need_inputs(call, 2, err);
    if (status == RG_OK)
        status = rg_need_elements(call->in[0], "input", err);
    if (status == RG_OK)
        status = rg_need_whole_bytes(call->in[0], &size, err);
    if (status == RG_OK)
        status = read_paddings(call, paddings, err);
    if (status == RG_OK)
        status = check_value(call, err);
    if (status != RG_OK)
        return status;
    rg_shape shape = call->in[0]->shape;
    for (uint32_t i = 0; i < shape.rank; i++) {
        int64_t dim = shape.dim[i] + paddings[2 * i] + paddings[2 * i + 1];
        if (dim > INT32_MAX)
            return rg_fail(err, RG_BAD_DATA, NULL, "dimension %u is padded to %lld", i,
                           (long long)dim);
        shape.dim[i] = (int32_t)dim;
    }
    return rg_give_output(ret_out, call->in[0]->dtype, &shape, err);
}

static bool is_quantized(const rg_tensor *t) {
    return (t->dtype == RG_DTYPE_INT8 || t->dtype == RG_DTYPE_UINT8) && t->quant.n > 0;
}

static rg_status check(const rg_op_call *call, rg_err *err) {
    return is_quantized(call->out[0]) ? rg_need_quant(call->out[0], "output", err) : RG_OK;
}

/* One element of border. */
static void border(const rg_op_call *call, const void *const *in, unsigned char ret[8],
                   size_t size) {
    memset(ret, 0, 8);
    if (rg_call_in(call, 2))
        memcpy(ret, in[2], size);
    else if (is_quantized(call->out[0]))
        ret[0] = (unsigned char)call->out[0]->quant.zero_point[0];
}

static void run(const rg_op_call *call, const void *state, const void *const *in, void *const *out,
                size_t first_tile, size_t last_tile) {
    (void)state;
    const rg_shape *from = &call->in[0]->shape, *to = &call->out[0]->shape;
    int64_t paddings[2 * RG_MAX_RANK];
    unsigned char element[8], *at = out[0];
    size_t size = rg_dtype_bits(call->in[0]->dtype) / 8, n = rg_elements(call->out[0]);
    if (first_tile >= last_tile || read_paddings(call, paddings, NULL) != RG_OK)
        return;
    border(call, in, element, size);
    for (size_t i = 0; i < n; i++)
        memcpy(at + i * size, element, size);
    /* rows of the input, each to its place */
    size_t row = from->rank ? (size_t)from->dim[from->rank - 1] : 1;
    for (size_t r = 0; r * row < rg_elements(call->in[0]); r++) {
        size_t rest = r, place = from->rank ? (size_t)paddings[2 * (from->rank - 1)] : 0;
        size_t stride = from->rank ? (size_t)to->dim[from->rank - 1] : 1;
        for (uint32_t i = from->rank > 1 ? from->rank - 1 : 0; i-- > 0;) {
            place += (rest % (size_t)from->dim[i] + (size_t)paddings[2 * i]) * stride;
            rest /= (size_t)from->dim[i];
            stride *= (size_t)to->dim[i];
        }
        memcpy(at + place * size, (const char *)in[0] + r * row * size, row * size);
    }
}

const rg_op rg_op_pad = {
    .name = "pad",
    .kind = "pad",
    .summary = "A border of zeros, or of a given value",
    .in = RG_DTYPE_ANY,
    .weights = RG_DTYPE_ANY,
    .out = RG_DTYPE_ANY,
    .min_in = 2,
    .max_in = 3,
    .n_out = 1,
    .infer = infer,
    .check = check,
    .work = rg_work_move,
    .run = run,
};
