/* need.c: the questions of need.h. */
#include "kernels/ref/need.h"

#include <math.h>
#include <string.h>

rg_status rg_need_inputs(const rg_op_call *call, uint32_t n, rg_err *err) {
    for (uint32_t i = 0; i < n; i++) {
        if (!rg_call_in(call, i))
            return rg_fail(err, RG_BAD_DATA, NULL, "%s needs %u inputs, input %u is missing",
                           call->op->kind, n, i);
    }
    return RG_OK;
}

rg_status rg_need_elements(const rg_tensor *t, const char *what, rg_err *err) {
    int64_t n;
    char text[96];
    rg_shape_text(&t->shape, text, sizeof text);
    if (t->shape.rank > RG_MAX_RANK || !rg_shape_elements(&t->shape, &n))
        return rg_fail(err, RG_BAD_DATA, NULL, "%s has an impossible shape", what);
    if (n == 0)
        return rg_fail(err, RG_UNSUPPORTED, NULL, "%s (%s) is empty", what, text);
    return RG_OK;
}

rg_status rg_need_rank(const rg_tensor *t, const char *what, uint32_t rank, rg_err *err) {
    char text[96];
    rg_shape_text(&t->shape, text, sizeof text);
    if (t->shape.rank != rank)
        return rg_fail(err, RG_BAD_DATA, NULL, "%s has the shape %s, not %u dimensions", what, text,
                       rank);
    return rg_need_elements(t, what, err);
}

int32_t rg_dtype_low(rg_dtype dtype) {
    return dtype == RG_DTYPE_INT16 ? INT16_MIN : dtype == RG_DTYPE_INT8 ? -128 : 0;
}

int32_t rg_dtype_high(rg_dtype dtype) {
    return dtype == RG_DTYPE_INT16 ? INT16_MAX : dtype == RG_DTYPE_INT8 ? 127 : 255;
}

rg_status rg_need_quant(const rg_tensor *t, const char *what, rg_err *err) {
    if (t->quant.n != 1)
        return rg_fail(err, RG_BAD_DATA, NULL, "%s (%s) has %u scales, one is needed", what,
                       t->name, t->quant.n);
    int32_t zero = t->quant.zero_point[0];
    if (zero < rg_dtype_low(t->dtype) || zero > rg_dtype_high(t->dtype))
        return rg_fail(err, RG_BAD_DATA, NULL, "%s (%s) has the zero point %d, outside of %s", what,
                       t->name, (int)zero, rg_dtype_word(t->dtype));
    return RG_OK;
}

rg_status rg_need_weight_quant(const rg_tensor *t, const char *what, uint32_t axis,
                               uint32_t channels, rg_err *err) {
    uint32_t n = t->quant.n;
    if (n != 1 && (n != channels || t->quant.axis != axis))
        return rg_fail(err, RG_BAD_DATA, NULL,
                       "%s (%s) has %u scales along axis %u; 1 or %u along axis %u are needed",
                       what, t->name, n, t->quant.axis, channels, axis);
    for (uint32_t c = 0; c < n; c++) {
        if (t->quant.zero_point[c] != 0)
            return rg_fail(err, RG_UNSUPPORTED, "quantize weights symmetrically",
                           "%s (%s) has the zero point %d, only 0 is defined", what, t->name,
                           (int)t->quant.zero_point[c]);
    }
    return RG_OK;
}

rg_status rg_need_same_quant(const rg_tensor *a, const rg_tensor *b, rg_err *err) {
    if (fabsf(a->quant.scale[0] - b->quant.scale[0]) > 1e-6f ||
        a->quant.zero_point[0] != b->quant.zero_point[0])
        return rg_fail(err, RG_UNSUPPORTED, "requantize before this operator",
                       "%s and %s must have the same scale and zero point", a->name, b->name);
    return RG_OK;
}

rg_status rg_need_call_quant(const rg_op_call *call, uint32_t n, rg_err *err) {
    rg_status status = RG_OK;
    for (uint32_t i = 0; status == RG_OK && i < n; i++)
        status = rg_need_quant(call->in[i], "input", err);
    return status == RG_OK ? rg_need_quant(call->out[0], "output", err) : status;
}

rg_status rg_need_bias(const rg_tensor *bias, rg_dtype dtype, int64_t n, rg_err *err) {
    if (!bias)
        return RG_OK;
    if (bias->dtype != dtype)
        return rg_fail(err, RG_UNSUPPORTED, NULL, "bias is %s, %s is needed",
                       rg_dtype_word(bias->dtype), rg_dtype_word(dtype));
    if ((int64_t)rg_elements(bias) != n)
        return rg_fail(err, RG_BAD_DATA, NULL, "bias has %zu elements for %lld channels",
                       rg_elements(bias), (long long)n);
    return RG_OK;
}

rg_status rg_need_zero_at_zero(const rg_op_call *call, uint32_t n, rg_err *err) {
    rg_status status = rg_need_call_quant(call, n, err);
    for (uint32_t i = 0; status == RG_OK && i <= n; i++) {
        const rg_tensor *t = i < n ? call->in[i] : call->out[0];
        if (t->quant.zero_point[0] != 0)
            return rg_fail(err, RG_UNSUPPORTED, "quantize int16 symmetrically",
                           "%s has the zero point %d, only 0 is defined for %s", t->name,
                           (int)t->quant.zero_point[0], rg_dtype_word(t->dtype));
    }
    return status;
}

rg_status rg_need_call_bias(const rg_op_call *call, uint32_t i, int64_t n, rg_err *err) {
    const rg_tensor *bias = rg_call_in(call, i);
    rg_dtype dtype = call->op->in == RG_DTYPE_FLOAT32 ? RG_DTYPE_FLOAT32 : RG_DTYPE_INT32;
    if (call->op->in == RG_DTYPE_INT16 && bias && bias->dtype == RG_DTYPE_INT64)
        dtype = RG_DTYPE_INT64;
    return rg_need_bias(bias, dtype, n, err);
}

rg_status rg_need_integers(const rg_tensor *t, const char *what, size_t cap, int64_t *ret,
                           size_t *ret_n, rg_err *err) {
    size_t n = rg_elements(t);
    if (t->dtype != RG_DTYPE_INT32 && t->dtype != RG_DTYPE_INT64)
        return rg_fail(err, RG_UNSUPPORTED, NULL, "%s is %s, int32 or int64 is needed", what,
                       rg_dtype_word(t->dtype));
    if (!t->data)
        return rg_fail(err, RG_UNSUPPORTED, "fold shape arithmetic into constants",
                       "%s (%s) is not a constant", what, t->name);
    if (n > cap)
        return rg_fail(err, RG_BAD_DATA, NULL, "%s has %zu numbers, at most %zu fit", what, n, cap);
    for (size_t i = 0; i < n; i++) {
        int32_t narrow = 0;
        if (t->dtype == RG_DTYPE_INT64) {
            memcpy(&ret[i], (const char *)t->data + i * sizeof ret[i], sizeof ret[i]);
        } else {
            memcpy(&narrow, (const char *)t->data + i * sizeof narrow, sizeof narrow);
            ret[i] = narrow;
        }
    }
    *ret_n = n;
    return RG_OK;
}

rg_status rg_give_output(rg_tensor *ret_out, rg_dtype dtype, const rg_shape *shape, rg_err *err) {
    size_t bytes;
    rg_status status = rg_tensor_bytes(shape, dtype, &bytes, err);
    if (status != RG_OK)
        return status;
    ret_out->dtype = dtype;
    ret_out->shape = *shape;
    return RG_OK;
}

rg_status rg_infer_like_input(const rg_op_call *call, rg_tensor *ret_out, rg_err *err) {
    rg_status status = rg_need_inputs(call, 1, err);
    if (status != RG_OK)
        return status;
    return rg_give_output(ret_out, call->op->out, &call->in[0]->shape, err);
}

rg_status rg_need_whole_bytes(const rg_tensor *t, size_t *ret_bytes, rg_err *err) {
    unsigned bits = rg_dtype_bits(t->dtype);
    if (bits < 8)
        return rg_fail(err, RG_UNSUPPORTED, NULL, "%s is packed below a byte (%s)", t->name,
                       rg_dtype_word(t->dtype));
    *ret_bytes = bits / 8;
    return RG_OK;
}

rg_work rg_call_work(const rg_op_call *call, uint64_t macs, uint64_t other_ops) {
    rg_work work = {macs, other_ops, 0, 0};
    for (uint32_t i = 0; i < call->n_in; i++)
        work.bytes_read += call->in[i] ? call->in[i]->bytes : 0;
    for (uint32_t i = 0; i < call->n_out; i++)
        work.bytes_written += call->out[i] ? call->out[i]->bytes : 0;
    return work;
}

rg_work rg_work_move(const rg_op_call *call) {
    return rg_call_work(call, 0, 0);
}

rg_work rg_work_each(const rg_op_call *call) {
    return rg_call_work(call, 0, rg_elements(call->out[0]));
}

size_t rg_tiles_each(const rg_op_call *call) {
    return (rg_elements(call->out[0]) + RG_TILE_ELEMENTS - 1) / RG_TILE_ELEMENTS;
}

void rg_tile_range(const rg_op_call *call, size_t first_tile, size_t last_tile, size_t *ret_first,
                   size_t *ret_last) {
    size_t n = rg_elements(call->out[0]);
    *ret_first = first_tile * RG_TILE_ELEMENTS;
    *ret_last = last_tile * RG_TILE_ELEMENTS < n ? last_tile * RG_TILE_ELEMENTS : n;
}
