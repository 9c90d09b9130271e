/* slice.c: parts of a tensor: slice, strided_slice, split, unpack; any whole-byte type. Bounds are
 * constants. Each operator is worked out as boxes: a start, a step and a count in each dimension.
 */
#include <string.h>

#include "kernels/ref/need.h"

typedef struct slice_params {
    int64_t begin_mask, end_mask, ellipsis_mask, new_axis_mask, shrink_axis_mask;
    bool offset;
} slice_params;

#define MASK(key, text)                                                                            \
    { #key, RG_FIELD_INT, offsetof(slice_params, key), "0", 0, UINT32_MAX, NULL, "", text }
static const rg_field strided_fields[] = {
    MASK(begin_mask, "dimensions, as bits, whose begin is ignored"),
    MASK(end_mask, "dimensions, as bits, whose end is ignored"),
    MASK(ellipsis_mask, "the bound, as a bit, that stands for all dimensions not named"),
    MASK(new_axis_mask, "bounds, as bits, that add a dimension of 1"),
    MASK(shrink_axis_mask, "dimensions, as bits, of which one element is taken"),
    {"offset", RG_FIELD_BOOL, offsetof(slice_params, offset), "false", 0, 0, NULL, "",
     "ends are counted from begins"},
    {0},
};

typedef struct parts_params {
    int64_t num_splits, num, axis;
} parts_params;

static const rg_field split_fields[] = {
    {"num_splits", RG_FIELD_INT, offsetof(parts_params, num_splits), "0", 0, INT32_MAX, NULL, "",
     "number of outputs; 0: as many as there are"},
    {0},
};
static const rg_field unpack_fields[] = {
    {"num", RG_FIELD_INT, offsetof(parts_params, num), "0", 0, INT32_MAX, NULL, "",
     "number of outputs; 0: as many as there are"},
    {"axis", RG_FIELD_INT, offsetof(parts_params, axis), "0", -RG_MAX_RANK, RG_MAX_RANK, NULL, "",
     "dimension that is taken apart; negative: from the last"},
    {0},
};

/* Part of a tensor; `drop` has a bit for each dimension that the output lacks; `ones` dimensions of
 * 1 stand before each of its dimensions, and behind the last. */
typedef struct box {
    int64_t start[RG_MAX_RANK], step[RG_MAX_RANK], count[RG_MAX_RANK];
    uint32_t drop, ones[RG_MAX_RANK + 1];
} box;

static box whole(const rg_shape *shape) {
    box b = {0};
    for (uint32_t d = 0; d < shape->rank; d++) {
        b.step[d] = 1;
        b.count[d] = shape->dim[d];
    }
    return b;
}

static rg_status give_box(const rg_tensor *from, const box *b, rg_tensor *ret_out, rg_err *err) {
    rg_shape shape = {0};
    for (uint32_t d = 0; d <= from->shape.rank; d++) {
        bool stays = d < from->shape.rank && !(b->drop >> d & 1);
        if (shape.rank + b->ones[d] + stays > RG_MAX_RANK)
            return rg_fail(err, RG_UNSUPPORTED, NULL, "the output has more than %d dimensions",
                           RG_MAX_RANK);
        for (uint32_t i = 0; i < b->ones[d]; i++)
            shape.dim[shape.rank++] = 1;
        if (stays)
            shape.dim[shape.rank++] = (int32_t)b->count[d];
    }
    return rg_give_output(ret_out, from->dtype, &shape, err);
}

static void copy_box(const rg_tensor *from, const box *b, const char *in, char *out) {
    uint32_t rank = from->shape.rank, last = rank - 1;
    size_t size = rg_dtype_bits(from->dtype) / 8;
    if (rank == 0) {
        memcpy(out, in, size);
        return;
    }
    int64_t rows = 1;
    for (uint32_t d = 0; d < last; d++)
        rows *= b->count[d];
    for (int64_t row = 0; row < rows; row++) {
        int64_t rest = row, at = 0, stride = from->shape.dim[last];
        for (uint32_t d = last; d-- > 0;) {
            at += (b->start[d] + rest % b->count[d] * b->step[d]) * stride;
            rest /= b->count[d];
            stride *= from->shape.dim[d];
        }
        at += b->start[last];
        for (int64_t i = 0; i < b->count[last]; i++, out += size)
            memcpy(out, in + (size_t)(at + i * b->step[last]) * size, size);
    }
}

static rg_status need_source(const rg_op_call *call, uint32_t i, uint32_t n, rg_err *err) {
    size_t size;
    rg_status status = rg_need_inputs(call, n, err);
    if (status == RG_OK)
        status = rg_need_elements(call->in[i], "input", err);
    return status == RG_OK ? rg_need_whole_bytes(call->in[i], &size, err) : status;
}

/* Begins and sizes, -1 for all that is left. */
static rg_status box_of_slice(const rg_op_call *call, box *ret, rg_err *err) {
    int64_t begin[RG_MAX_RANK], size[RG_MAX_RANK];
    size_t n, m;
    const rg_shape *shape = &call->in[0]->shape;
    rg_status status = rg_need_integers(call->in[1], "begin", RG_MAX_RANK, begin, &n, err);
    if (status == RG_OK)
        status = rg_need_integers(call->in[2], "size", RG_MAX_RANK, size, &m, err);
    if (status != RG_OK)
        return status;
    *ret = whole(shape);
    for (uint32_t d = 0; n == shape->rank && m == n && d < shape->rank; d++) {
        ret->start[d] = begin[d];
        if (begin[d] < 0 || begin[d] >= shape->dim[d])
            return rg_fail(err, RG_BAD_DATA, NULL, "slice begins outside of dimension %u", d);
        ret->count[d] = size[d] == -1 ? shape->dim[d] - begin[d] : size[d];
        if (ret->count[d] < 1 || ret->count[d] > shape->dim[d] - begin[d])
            return rg_fail(err, RG_BAD_DATA, NULL, "slice of %lld does not fit dimension %u",
                           (long long)size[d], d);
    }
    if (n != shape->rank || m != n)
        return rg_fail(err, RG_BAD_DATA, NULL, "slice has %zu begins and %zu sizes for rank %u", n,
                       m, shape->rank);
    return RG_OK;
}

/* A bound counted from the first element, within what a walk in direction of `step` may touch. */
static int64_t bound(int64_t at, int64_t dim, int64_t step) {
    int64_t low = step > 0 ? 0 : -1, high = step > 0 ? dim : dim - 1;
    at += at < 0 ? dim : 0;
    return at < low ? low : at > high ? high : at;
}

/* Dimension d by bound k of the list. */
static rg_status stride_dimension(const slice_params *p, uint32_t d, uint32_t k, int64_t dim,
                                  int64_t edge[3][RG_MAX_RANK], box *ret, rg_err *err) {
    int64_t begin = edge[0][k], end = edge[1][k] + (p->offset ? begin : 0), step = edge[2][k];
    if (step == 0 || step < -INT32_MAX || step > INT32_MAX)
        return rg_fail(err, RG_BAD_DATA, NULL, "strided_slice with the stride %lld",
                       (long long)step);
    bool shrinks = p->shrink_axis_mask >> k & 1;
    int64_t first = p->begin_mask >> k & 1 ? (step > 0 ? 0 : dim - 1) : bound(begin, dim, step);
    int64_t stop = p->end_mask >> k & 1 ? (step > 0 ? dim : -1) : bound(end, dim, step);
    if (shrinks) {
        step = 1;
        stop = first + 1;
        ret->drop |= 1u << d;
    }
    int64_t count = step > 0 ? (stop - first + step - 1) / step : (first - stop - step - 1) / -step;
    if (count < 1 || first < 0 || first >= dim)
        return rg_fail(err, RG_UNSUPPORTED, NULL, "strided_slice of nothing in dimension %u", d);
    ret->start[d] = first;
    ret->step[d] = step;
    ret->count[d] = count;
    return RG_OK;
}

/* Which dimension each bound is of, as in NumPy: a new axis is of none, an ellipsis of all that the
 * others leave. More than one ellipsis, or more bounds than dimensions: RG_BAD_DATA. */
static rg_status deal_bounds(const slice_params *p, const rg_shape *shape, size_t n,
                             int32_t dimension[RG_MAX_RANK], box *ret, rg_err *err) {
    uint32_t named = 0, d = 0, ellipses = 0;
    for (uint32_t k = 0; k < n; k++) {
        bool ellipsis = p->ellipsis_mask >> k & 1;
        ellipses += ellipsis;
        named += !ellipsis && !(p->new_axis_mask >> k & 1);
    }
    if (named > shape->rank || ellipses > 1)
        return rg_fail(err, RG_BAD_DATA, NULL, "strided_slice with %u bounds and %u ellipses of %u",
                       named, ellipses, shape->rank);
    for (uint32_t k = 0; k < n; k++) {
        dimension[k] = -1;
        if (p->ellipsis_mask >> k & 1)
            d += shape->rank - named;
        else if (p->new_axis_mask >> k & 1)
            ret->ones[d]++;
        else
            dimension[k] = (int32_t)d++;
    }
    return RG_OK;
}

static rg_status box_of_strided(const rg_op_call *call, box *ret, rg_err *err) {
    const slice_params *p = call->params;
    const rg_shape *shape = &call->in[0]->shape;
    int64_t edge[3][RG_MAX_RANK];
    int32_t dimension[RG_MAX_RANK];
    static const char *const names[] = {"begin", "end", "strides"};
    size_t n[3];
    rg_status status = RG_OK;
    for (int i = 0; status == RG_OK && i < 3; i++)
        status = rg_need_integers(call->in[i + 1], names[i], RG_MAX_RANK, edge[i], &n[i], err);
    if (status != RG_OK)
        return status;
    if (n[0] != n[1] || n[0] != n[2])
        return rg_fail(err, RG_BAD_DATA, NULL, "strided_slice has %zu, %zu and %zu bounds", n[0],
                       n[1], n[2]);
    *ret = whole(shape);
    status = deal_bounds(p, shape, n[0], dimension, ret, err);
    for (uint32_t k = 0; status == RG_OK && k < n[0]; k++) {
        if (dimension[k] >= 0)
            status = stride_dimension(p, (uint32_t)dimension[k], k, shape->dim[dimension[k]], edge,
                                      ret, err);
    }
    return status;
}

static rg_status infer_slice(const rg_op_call *call, rg_tensor *ret_out, rg_err *err) {
    box b;
    rg_status status = need_source(call, 0, 3, err);
    if (status == RG_OK)
        status = box_of_slice(call, &b, err);
    return status == RG_OK ? give_box(call->in[0], &b, ret_out, err) : status;
}

static rg_status infer_strided(const rg_op_call *call, rg_tensor *ret_out, rg_err *err) {
    box b;
    rg_status status = need_source(call, 0, 4, err);
    if (status == RG_OK)
        status = box_of_strided(call, &b, err);
    return status == RG_OK ? give_box(call->in[0], &b, ret_out, err) : status;
}

static void run_slice(const rg_op_call *call, const void *state, const void *const *in,
                      void *const *out, size_t first_tile, size_t last_tile) {
    (void)state;
    box b;
    if (first_tile < last_tile && box_of_slice(call, &b, NULL) == RG_OK)
        copy_box(call->in[0], &b, in[0], out[0]);
}

static void run_strided(const rg_op_call *call, const void *state, const void *const *in,
                        void *const *out, size_t first_tile, size_t last_tile) {
    (void)state;
    box b;
    if (first_tile < last_tile && box_of_strided(call, &b, NULL) == RG_OK)
        copy_box(call->in[0], &b, in[0], out[0]);
}

/* Split and unpack: `from` in n_out equal parts along an axis. */
static rg_status part_of(const rg_op_call *call, uint32_t part, const rg_tensor **ret_from,
                         box *ret, rg_err *err) {
    const parts_params *p = call->params;
    bool splits = call->op->max_in == 2; /* the axis comes first, then the tensor */
    const rg_tensor *from = call->in[splits ? 1 : 0];
    int64_t axis = p->axis, told = splits ? p->num_splits : p->num;
    size_t n = 1;
    rg_status status = splits ? rg_need_integers(call->in[0], "axis", 1, &axis, &n, err) : RG_OK;
    if (status != RG_OK)
        return status;
    axis += axis < 0 ? from->shape.rank : 0;
    if (n != 1 || axis < 0 || axis >= from->shape.rank)
        return rg_fail(err, RG_BAD_DATA, NULL, "%s along a dimension that is not there",
                       call->op->kind);
    int64_t dim = from->shape.dim[axis], parts = call->n_out;
    if (parts < 1 || dim % parts || (told && told != parts) || (!splits && dim != parts))
        return rg_fail(err, RG_BAD_DATA, NULL, "%s of %lld into %lld outputs", call->op->kind,
                       (long long)dim, (long long)parts);
    *ret = whole(&from->shape);
    ret->count[axis] = dim / parts;
    ret->start[axis] = part * (dim / parts);
    ret->drop = splits ? 0 : 1u << axis;
    *ret_from = from;
    return RG_OK;
}

static rg_status infer_parts(const rg_op_call *call, rg_tensor *ret_out, rg_err *err) {
    const rg_tensor *from = NULL;
    box b = {0};
    rg_status status = need_source(call, call->op->max_in - 1, call->op->min_in, err);
    for (uint32_t i = 0; status == RG_OK && i < call->n_out; i++) {
        status = part_of(call, i, &from, &b, err);
        if (status == RG_OK)
            status = give_box(from, &b, &ret_out[i], err);
    }
    return status;
}

static void run_parts(const rg_op_call *call, const void *state, const void *const *in,
                      void *const *out, size_t first_tile, size_t last_tile) {
    (void)state;
    const rg_tensor *from = NULL;
    box b = {0};
    for (uint32_t i = 0; first_tile < last_tile && i < call->n_out; i++) {
        if (part_of(call, i, &from, &b, NULL) == RG_OK)
            copy_box(from, &b, in[call->op->max_in - 1], out[i]);
    }
}

/* One operator a row: name, which is its kind too, sentence, inputs, outputs (0: any number). */
#define ROW(id, text, inputs, outputs, rule, runs, ...)                                            \
    const rg_op rg_op_##id = {.name = #id,                                                         \
                              .kind = #id,                                                         \
                              .summary = text,                                                     \
                              .in = RG_DTYPE_ANY,                                                  \
                              .weights = RG_DTYPE_ANY,                                             \
                              .out = RG_DTYPE_ANY,                                                 \
                              .min_in = inputs,                                                    \
                              .max_in = inputs,                                                    \
                              .n_out = outputs,                                                    \
                              .infer = rule,                                                       \
                              .work = rg_work_move,                                                \
                              .run = runs,                                                         \
                              __VA_ARGS__}

ROW(slice, "A box cut out of a tensor", 3, 1, infer_slice, run_slice, .params = NULL);
ROW(strided_slice, "Every so many elements of a box", 4, 1, infer_strided, run_strided,
    .params = strided_fields, .params_size = sizeof(slice_params));
ROW(split, "Equal parts along a dimension", 2, 0, infer_parts, run_parts, .params = split_fields,
    .params_size = sizeof(parts_params));
ROW(unpack, "The slices of a dimension, each alone", 1, 0, infer_parts, run_parts,
    .params = unpack_fields, .params_size = sizeof(parts_params));
