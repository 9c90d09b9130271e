/* onnx_const.c: constants of an .onnx file: their bytes, and copies in another order or type. */
#include <math.h>
#include <string.h>

#include "models/onnx_read.h"

/* By ONNX's data type number. */
static const rg_dtype types[] = {
    [1] = RG_DTYPE_FLOAT32,      [2] = RG_DTYPE_UINT8,          [3] = RG_DTYPE_INT8,
    [4] = RG_DTYPE_UINT16,       [5] = RG_DTYPE_INT16,          [6] = RG_DTYPE_INT32,
    [7] = RG_DTYPE_INT64,        [8] = RG_DTYPE_STRING,         [9] = RG_DTYPE_BOOL,
    [10] = RG_DTYPE_FLOAT16,     [11] = RG_DTYPE_FLOAT64,       [12] = RG_DTYPE_UINT32,
    [13] = RG_DTYPE_UINT64,      [14] = RG_DTYPE_COMPLEX64,     [15] = RG_DTYPE_COMPLEX128,
    [16] = RG_DTYPE_BFLOAT16,    [17] = RG_DTYPE_FLOAT8_E4M3FN, [18] = RG_DTYPE_VARIANT,
    [19] = RG_DTYPE_FLOAT8_E5M2, [20] = RG_DTYPE_VARIANT,       [21] = RG_DTYPE_UINT4,
    [22] = RG_DTYPE_INT4,
};
enum { N_TYPES = sizeof types / sizeof types[0], EXTERNAL = 1 };

rg_dtype rg_onnx_dtype(int32_t type, bool *ret_known) {
    *ret_known = type > 0 && type < N_TYPES;
    return *ret_known ? types[type] : RG_DTYPE_VARIANT;
}

int32_t rg_onnx_type(rg_dtype dtype) {
    for (int32_t i = 1; i < N_TYPES; i++) {
        if (types[i] == dtype && dtype != RG_DTYPE_VARIANT)
            return i;
    }
    return 0;
}

/* --- loading --- */

static bool read_shape(rg_onnx *r, const Rg__Onnx__Tensor *proto, const char *what, rg_shape *ret) {
    if (proto->n_dims > RG_MAX_RANK) {
        rg_onnx_fail(r, RG_UNSUPPORTED, "%s has %zu dimensions; at most %d can be handled", what,
                     proto->n_dims, RG_MAX_RANK);
        return false;
    }
    ret->rank = (uint32_t)proto->n_dims;
    for (size_t i = 0; i < proto->n_dims; i++) {
        if (proto->dims[i] < 0 || proto->dims[i] > INT32_MAX) {
            rg_onnx_fail(r, RG_BAD_DATA, "%s has the dimension %lld", what,
                         (long long)proto->dims[i]);
            return false;
        }
        ret->dim[i] = (int32_t)proto->dims[i];
    }
    return true;
}

/* Packs `n` numbers of 32 bits as elements of `bits` (4, 8, 16 or 32). */
static void narrow(const int32_t *from, size_t n, unsigned bits, void *to) {
    for (size_t i = 0; i < n; i++) {
        if (bits <= 8)
            ((uint8_t *)to)[i] = (uint8_t)from[i]; /* 4 bits: two in each number already */
        else if (bits == 16)
            ((uint16_t *)to)[i] = (uint16_t)from[i];
        else
            ((int32_t *)to)[i] = from[i];
    }
}

/* How many numbers the typed list of a tensor must have; which list that is depends on its type. */
static bool copy_typed(const Rg__Onnx__Tensor *p, rg_dtype dtype, size_t bytes, void *to) {
    unsigned bits = rg_dtype_bits(dtype);
    size_t n = bits <= 8 ? bytes : bytes / (bits / 8);
    const void *from = NULL;
    size_t have = 0;
    switch (dtype) {
    case RG_DTYPE_FLOAT32:
        from = p->float_data, have = p->n_float_data;
        break;
    case RG_DTYPE_FLOAT64:
        from = p->double_data, have = p->n_double_data;
        break;
    case RG_DTYPE_INT64:
        from = p->int64_data, have = p->n_int64_data;
        break;
    case RG_DTYPE_UINT64:
        from = p->uint64_data, have = p->n_uint64_data;
        break;
    case RG_DTYPE_UINT32:
        for (size_t i = 0; p->n_uint64_data == n && i < n; i++)
            ((uint32_t *)to)[i] = (uint32_t)p->uint64_data[i];
        return p->n_uint64_data == n;
    default:
        if (p->n_int32_data == n)
            narrow(p->int32_data, n, bits, to);
        return p->n_int32_data == n && bits <= 32;
    }
    if (have == n)
        memcpy(to, from, bytes);
    return have == n;
}

int32_t rg_onnx_load(rg_onnx *r, const Rg__Onnx__Tensor *proto, const char *what) {
    static const _Alignas(16) char nothing[16] = {0};
    bool known;
    rg_shape shape;
    size_t bytes = 0;
    rg_dtype dtype = rg_onnx_dtype(proto->data_type, &known);
    if (!known)
        return rg_onnx_fail(r, RG_BAD_DATA, "%s has the element type number %d", what,
                            (int)proto->data_type),
               RG_ONNX_NONE;
    if (proto->data_location == EXTERNAL)
        return rg_onnx_fail(r, RG_UNSUPPORTED,
                            "%s keeps its data in another file: save the model as a single one",
                            what),
               RG_ONNX_NONE;
    if (!read_shape(r, proto, what, &shape))
        return RG_ONNX_NONE;
    if (rg_dtype_bits(dtype) == 0)
        return rg_onnx_tensor(r, dtype, &shape, NULL, nothing);
    if (rg_tensor_bytes(&shape, dtype, &bytes, NULL) != RG_OK)
        return rg_onnx_fail(r, RG_BAD_DATA, "%s is too large", what), RG_ONNX_NONE;
    bool raw = proto->has_raw_data && (proto->raw_data.len || bytes == 0);
    if (raw && proto->raw_data.len != bytes)
        return rg_onnx_fail(r, RG_BAD_DATA, "%s has %zu bytes of data, its shape needs %zu", what,
                            proto->raw_data.len, bytes),
               RG_ONNX_NONE;
    if (bytes == 0)
        return rg_onnx_tensor(r, dtype, &shape, NULL, nothing);
    /* no allocation before it is sure that the file holds the data */
    size_t least = proto->n_float_data + proto->n_int32_data + proto->n_int64_data +
                   proto->n_double_data + proto->n_uint64_data;
    void *data = raw || least >= bytes / 8 ? rg_arena_alloc(r->graph->arena, bytes) : NULL;
    if (!data && (raw || least >= bytes / 8))
        return rg_onnx_no_memory(r), RG_ONNX_NONE;
    if (raw)
        memcpy(data, proto->raw_data.data, bytes);
    else if (!data || !copy_typed(proto, dtype, bytes, data))
        return rg_onnx_fail(r, RG_BAD_DATA, "%s has not the %zu bytes of data that its shape needs",
                            what, bytes),
               RG_ONNX_NONE;
    return rg_onnx_tensor(r, dtype, &shape, NULL, data);
}

/* --- copies --- */

static int64_t integer(const rg_tensor *t, size_t i) {
    switch (t->dtype) {
    case RG_DTYPE_INT8:
        return ((const int8_t *)t->data)[i];
    case RG_DTYPE_UINT8:
    case RG_DTYPE_BOOL:
        return ((const uint8_t *)t->data)[i];
    case RG_DTYPE_INT16:
        return ((const int16_t *)t->data)[i];
    case RG_DTYPE_UINT16:
        return ((const uint16_t *)t->data)[i];
    case RG_DTYPE_INT32:
        return ((const int32_t *)t->data)[i];
    case RG_DTYPE_UINT32:
        return ((const uint32_t *)t->data)[i];
    case RG_DTYPE_INT64:
        return ((const int64_t *)t->data)[i];
    case RG_DTYPE_UINT4:
        return ((const uint8_t *)t->data)[i / 2] >> (i % 2 * 4) & 15;
    case RG_DTYPE_INT4:
        return (int8_t)(((const uint8_t *)t->data)[i / 2] << (i % 2 ? 0 : 4)) >> 4;
    default:
        return 0;
    }
}

double rg_onnx_element(const rg_tensor *t, size_t i) {
    if (t->dtype == RG_DTYPE_FLOAT32)
        return (double)((const float *)t->data)[i];
    if (t->dtype == RG_DTYPE_FLOAT64)
        return ((const double *)t->data)[i];
    return (double)integer(t, i);
}

static size_t elements(const rg_tensor *t) {
    int64_t n = 0;
    return rg_shape_elements(&t->shape, &n) ? (size_t)n : 0;
}

/* Elements between one channel of a scale and the next. */
static size_t inner_of(const rg_tensor *t) {
    size_t inner = 1;
    for (uint32_t d = t->quant.axis + 1; d < t->shape.rank; d++)
        inner *= (size_t)t->shape.dim[d];
    return inner;
}

static void move_elements(const rg_tensor *from, const rg_shape *shape, const uint8_t *order,
                          size_t size, char *to) {
    size_t step[RG_MAX_RANK], n = elements(from), at[RG_MAX_RANK] = {0}, source = 0;
    for (uint32_t i = 0; i < shape->rank; i++) {
        step[i] = size;
        for (uint32_t d = order[i] + 1u; d < shape->rank; d++)
            step[i] *= (size_t)from->shape.dim[d];
    }
    for (size_t i = 0; i < n; i++, to += size) {
        memcpy(to, (const char *)from->data + source, size);
        for (uint32_t d = shape->rank; d-- > 0;) { /* count on, last dimension fastest */
            source += step[d];
            if (++at[d] < (size_t)shape->dim[d])
                break;
            source -= step[d] * at[d];
            at[d] = 0;
        }
    }
}

int32_t rg_onnx_permuted(rg_onnx *r, int32_t tensor, const uint8_t *order) {
    rg_tensor from = *rg_onnx_at(r, tensor);
    rg_shape shape = {from.shape.rank, {0}};
    rg_quant quant = from.quant;
    unsigned bits = rg_dtype_bits(from.dtype);
    for (uint32_t i = 0; i < shape.rank; i++) {
        shape.dim[i] = from.shape.dim[order[i]];
        if (from.quant.n > 1 && order[i] == from.quant.axis)
            quant.axis = i;
    }
    if (bits < 8) {
        rg_onnx_fail(r, RG_UNSUPPORTED, "%s: constants of %s cannot be reordered", from.name,
                     rg_dtype_word(from.dtype));
        return 0;
    }
    char *data = rg_arena_alloc(r->graph->arena, from.bytes ? from.bytes : 1);
    if (!data) {
        rg_onnx_no_memory(r);
        return 0;
    }
    move_elements(&from, &shape, order, bits / 8, data);
    return rg_onnx_tensor(r, from.dtype, &shape, &quant, data);
}

int32_t rg_onnx_dequantized(rg_onnx *r, int32_t tensor) {
    rg_tensor from = *rg_onnx_at(r, tensor);
    size_t n = elements(&from), inner = inner_of(&from);
    float *data = rg_arena_array(r->graph->arena, n ? n : 1, sizeof *data);
    if (!data) {
        rg_onnx_no_memory(r);
        return 0;
    }
    for (size_t i = 0; i < n; i++) {
        size_t c = from.quant.n > 1 ? i / inner % from.quant.n : 0;
        data[i] = (float)(integer(&from, i) - from.quant.zero_point[c]) * from.quant.scale[c];
    }
    return rg_onnx_tensor(r, RG_DTYPE_FLOAT32, &from.shape, NULL, data);
}

/* The scales with zero points moved by `by`. */
static rg_quant moved_zeros(rg_onnx *r, const rg_quant *from, int32_t by) {
    rg_quant quant = *from;
    int32_t *zero = rg_arena_array(r->graph->arena, from->n ? from->n : 1, sizeof *zero);
    if (!zero) {
        rg_onnx_no_memory(r);
        return (rg_quant){0};
    }
    for (uint32_t c = 0; c < from->n; c++)
        zero[c] = from->zero_point[c] + by;
    quant.zero_point = zero;
    return quant;
}

int32_t rg_onnx_toggled(rg_onnx *r, int32_t tensor) {
    rg_tensor from = *rg_onnx_at(r, tensor);
    bool is_signed = from.dtype == RG_DTYPE_INT8;
    uint8_t *data = rg_arena_copy(r->graph->arena, from.data, from.bytes);
    if (!data) {
        rg_onnx_no_memory(r);
        return 0;
    }
    for (size_t i = 0; i < from.bytes; i++)
        data[i] ^= 0x80;
    rg_quant quant = moved_zeros(r, &from.quant, is_signed ? 128 : -128);
    return rg_onnx_tensor(r, is_signed ? RG_DTYPE_UINT8 : RG_DTYPE_INT8, &from.shape, &quant, data);
}

/* --- numbers --- */

bool rg_onnx_numbers(rg_onnx *r, rg_onnx_value *v, double *ret, uint32_t cap, uint32_t *ret_n) {
    const rg_tensor *t = rg_onnx_constant(r, v);
    size_t n = t ? elements(t) : 0;
    if (!t || n > cap || rg_dtype_bits(t->dtype) == 0)
        return false;
    rg_onnx_order plain = rg_onnx_plain(v->shape.rank);
    if (!rg_onnx_same_order(&v->forms[0].order, &plain, v->shape.rank))
        t = rg_onnx_at(r, rg_onnx_get(r, v, NULL, RG_DTYPE_ANY));
    for (size_t i = 0; i < n; i++)
        ret[i] = rg_onnx_element(t, i);
    *ret_n = (uint32_t)n;
    return r->status == RG_OK;
}

int64_t rg_onnx_whole(double value) {
    return value > INT32_MAX    ? INT32_MAX
           : value < -INT32_MAX ? -INT32_MAX
           : value == value     ? (int64_t)value
                                : 0;
}

bool rg_onnx_number(rg_onnx *r, rg_onnx_value *v, double *ret) {
    uint32_t n = 0;
    return v && rg_onnx_numbers(r, v, ret, 1, &n) && n == 1;
}
