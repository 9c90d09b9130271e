/* cast.c: numbers of one type as another, quantization left aside. Integers wrap, floats are cut
 * towards zero and stay within the new type (NaN: 0), bool is "not zero"; where the original leaves
 * values out of range to the compiler, this is the definition. */
#include <math.h>

#include "kernels/ref/need.h"

typedef struct cast_params {
    int64_t in_data_type, out_data_type;
} cast_params;

#define FIELD(key)                                                                                 \
    {                                                                                              \
#key, RG_FIELD_INT, offsetof(cast_params, key), "0", 0, 255, NULL, "",                     \
            "the file's number for a type that tensors declare themselves"                         \
    }
static const rg_field fields[] = {FIELD(in_data_type), FIELD(out_data_type), {0}};

static bool can(rg_dtype dtype) {
    switch (dtype) {
    case RG_DTYPE_FLOAT32:
    case RG_DTYPE_INT8:
    case RG_DTYPE_UINT8:
    case RG_DTYPE_INT16:
    case RG_DTYPE_UINT16:
    case RG_DTYPE_INT32:
    case RG_DTYPE_UINT32:
    case RG_DTYPE_INT64:
    case RG_DTYPE_BOOL:
        return true;
    default:
        return false;
    }
}

static rg_status infer(const rg_op_call *call, rg_tensor *ret_out, rg_err *err) {
    rg_dtype to = call->out[0]->dtype;
    rg_status status = rg_need_inputs(call, 1, err);
    if (status != RG_OK)
        return status;
    if (!can(call->in[0]->dtype) || !can(to))
        return rg_fail(err, RG_UNSUPPORTED, NULL, "no cast from %s to %s",
                       rg_dtype_word(call->in[0]->dtype), rg_dtype_word(to));
    return rg_give_output(ret_out, to, &call->in[0]->shape, err);
}

static int64_t integer_at(rg_dtype dtype, const void *data, size_t i) {
    switch (dtype) {
    case RG_DTYPE_INT8:
        return ((const int8_t *)data)[i];
    case RG_DTYPE_INT16:
        return ((const int16_t *)data)[i];
    case RG_DTYPE_UINT16:
        return ((const uint16_t *)data)[i];
    case RG_DTYPE_INT32:
        return ((const int32_t *)data)[i];
    case RG_DTYPE_UINT32:
        return ((const uint32_t *)data)[i];
    case RG_DTYPE_INT64:
        return ((const int64_t *)data)[i];
    default:
        return ((const uint8_t *)data)[i];
    }
}

static void put_integer(rg_dtype dtype, void *data, size_t i, int64_t value) {
    switch (rg_dtype_bits(dtype)) {
    case 16:
        ((uint16_t *)data)[i] = (uint16_t)value;
        break;
    case 32:
        ((uint32_t *)data)[i] = (uint32_t)value;
        break;
    case 64:
        ((int64_t *)data)[i] = value;
        break;
    default:
        ((uint8_t *)data)[i] = dtype == RG_DTYPE_BOOL ? value != 0 : (uint8_t)value;
    }
}

/* Cut towards zero, within what `dtype` holds. */
static int64_t cut(float v, rg_dtype dtype) {
    bool is_signed = dtype == RG_DTYPE_INT8 || dtype == RG_DTYPE_INT16 || dtype == RG_DTYPE_INT32 ||
                     dtype == RG_DTYPE_INT64;
    int bits = (int)rg_dtype_bits(dtype);
    float above = ldexpf(1, bits - is_signed);
    if (dtype == RG_DTYPE_BOOL)
        return v != 0;
    if (isnan(v))
        return 0;
    if (v >= above)
        return bits == 64 ? INT64_MAX : (INT64_C(1) << (bits - is_signed)) - 1;
    if (is_signed && v <= -above)
        return bits == 64 ? INT64_MIN : -(INT64_C(1) << (bits - 1));
    return !is_signed && v <= 0 ? 0 : (int64_t)v;
}

static void run(const rg_op_call *call, const void *state, const void *const *in, void *const *out,
                size_t first_tile, size_t last_tile) {
    (void)state;
    rg_dtype from = call->in[0]->dtype, to = call->out[0]->dtype;
    size_t at, end;
    rg_tile_range(call, first_tile, last_tile, &at, &end);
    for (; at < end; at++) {
        if (from == RG_DTYPE_FLOAT32 && to == RG_DTYPE_FLOAT32)
            ((float *)out[0])[at] = ((const float *)in[0])[at];
        else if (from == RG_DTYPE_FLOAT32)
            put_integer(to, out[0], at, cut(((const float *)in[0])[at], to));
        else if (to == RG_DTYPE_FLOAT32)
            ((float *)out[0])[at] = (float)integer_at(from, in[0], at);
        else
            put_integer(to, out[0], at, integer_at(from, in[0], at));
    }
}

const rg_op rg_op_cast = {
    .name = "cast",
    .kind = "cast",
    .summary = "Numbers of one type as another",
    .in = RG_DTYPE_ANY,
    .weights = RG_DTYPE_ANY,
    .out = RG_DTYPE_ANY,
    .params = fields,
    .params_size = sizeof(cast_params),
    .min_in = 1,
    .max_in = 1,
    .n_out = 1,
    .infer = infer,
    .work = rg_work_each,
    .tiles = rg_tiles_each,
    .run = run,
};
