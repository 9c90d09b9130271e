/* mean.c: mean over some dimensions, int8 and float32; the axes are a constant input. int8 truth:
 * int32 sum of x less count * zero point, times the factor input / output scale (quotient in
 * double) with the count divided out of its multiplier, double rounding. */
#include <string.h>

#include "kernels/ref/fixed.h"
#include "kernels/ref/need.h"

typedef struct mean_params {
    bool keep_dims;
} mean_params;

static const rg_field fields[] = {
    {"keep_dims", RG_FIELD_BOOL, offsetof(mean_params, keep_dims), "false", 0, 0, NULL, "",
     "reduced dimensions stay, as ones"},
    {0},
};

enum { AXES_MAX = 64 };

/* The reduced dimensions as a bit set. */
static rg_status read_axes(const rg_op_call *call, uint32_t *ret, rg_err *err) {
    int64_t axes[AXES_MAX];
    size_t n;
    uint32_t rank = call->in[0]->shape.rank, set = 0;
    rg_status status = rg_need_integers(call->in[1], "axes", AXES_MAX, axes, &n, err);
    for (size_t i = 0; status == RG_OK && i < n; i++) {
        int64_t axis = axes[i] < 0 ? axes[i] + rank : axes[i];
        if (axis < 0 || axis >= rank)
            return rg_fail(err, RG_BAD_DATA, NULL, "mean over axis %lld of %u dimensions",
                           (long long)axes[i], rank);
        set |= 1u << axis;
    }
    *ret = set;
    return status;
}

static rg_status infer(const rg_op_call *call, rg_tensor *ret_out, rg_err *err) {
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
        else if (((const mean_params *)call->params)->keep_dims)
            shape.dim[shape.rank++] = 1;
    }
    return rg_give_output(ret_out, call->op->out, &shape, err);
}

static rg_status check(const rg_op_call *call, rg_err *err) {
    return rg_need_call_quant(call, 1, err);
}

static rg_work work(const rg_op_call *call) {
    return rg_call_work(call, 0, rg_elements(call->in[0]));
}

static size_t count_of(const rg_op_call *call) {
    return rg_elements(call->in[0]) / rg_elements(call->out[0]);
}

static size_t state_bytes(const rg_op_call *call) {
    (void)call;
    return sizeof(rg_factor);
}

static rg_status prepare(const rg_op_call *call, void *state, rg_err *err) {
    double quotient = (double)call->in[0]->quant.scale[0] / (double)call->out[0]->quant.scale[0];
    uint64_t count = count_of(call);
    rg_factor factor;
    rg_status status = rg_factor_from(quotient, "input and output", &factor, err);
    if (status != RG_OK)
        return status;
    int shift = 63 - __builtin_clzll(count); /* as far up as the multiplier keeps its 31 bits */
    shift = shift < 32 ? shift : 32;
    shift = shift < 31 + factor.shift ? shift : 31 + factor.shift;
    factor.multiplier =
        (int32_t)(((int64_t)factor.multiplier * (INT64_C(1) << shift)) / (int64_t)count);
    factor.shift -= shift;
    memcpy(state, &factor, sizeof factor);
    return RG_OK;
}

/* Reduced elements of one output, walked in the order of memory. */
typedef struct walk {
    uint32_t n; /* reduced dimensions, outermost first */
    size_t dim[RG_MAX_RANK], step[RG_MAX_RANK];
    uint32_t n_kept;
    size_t kept[RG_MAX_RANK], kept_step[RG_MAX_RANK];
} walk;

static void plan_walk(const rg_op_call *call, walk *ret) {
    const rg_shape *from = &call->in[0]->shape;
    uint32_t axes = 0;
    size_t step = rg_elements(call->in[0]);
    memset(ret, 0, sizeof *ret);
    if (read_axes(call, &axes, NULL) != RG_OK)
        return;
    for (uint32_t i = 0; i < from->rank; i++) {
        size_t dim = (size_t)from->dim[i];
        step /= dim;
        uint32_t *n = axes >> i & 1 ? &ret->n : &ret->n_kept;
        (axes >> i & 1 ? ret->dim : ret->kept)[*n] = dim;
        (axes >> i & 1 ? ret->step : ret->kept_step)[*n] = step;
        (*n)++;
    }
}

/* Where element `i` of a list of dimensions lies. */
static size_t place(size_t i, uint32_t n, const size_t *dim, const size_t *step) {
    size_t at = 0;
    while (n-- > 0) {
        at += i % dim[n] * step[n];
        i /= dim[n];
    }
    return at;
}

static void run_s8(const rg_op_call *call, const void *state, const void *const *in,
                   void *const *out, size_t first_tile, size_t last_tile) {
    const rg_factor *factor = state;
    int32_t zero_in = call->in[0]->quant.zero_point[0], zero = call->out[0]->quant.zero_point[0];
    size_t count = count_of(call), at, end;
    walk w;
    plan_walk(call, &w);
    rg_tile_range(call, first_tile, last_tile, &at, &end);
    for (; at < end; at++) {
        const int8_t *x = (const int8_t *)in[0] + place(at, w.n_kept, w.kept, w.kept_step);
        uint32_t sum = 0; /* wraps like the original */
        for (size_t i = 0; i < count; i++)
            sum += (uint32_t)(x[place(i, w.n, w.dim, w.step)] - zero_in);
        ((int8_t *)out[0])[at] = (int8_t)rg_requantize((int32_t)sum, *factor, zero, -128, 127);
    }
}

static void run_f32(const rg_op_call *call, const void *state, const void *const *in,
                    void *const *out, size_t first_tile, size_t last_tile) {
    (void)state;
    size_t count = count_of(call), at, end;
    walk w;
    plan_walk(call, &w);
    rg_tile_range(call, first_tile, last_tile, &at, &end);
    for (; at < end; at++) {
        const float *x = (const float *)in[0] + place(at, w.n_kept, w.kept, w.kept_step);
        float sum = 0;
        for (size_t i = 0; i < count; i++)
            sum += x[place(i, w.n, w.dim, w.step)];
        ((float *)out[0])[at] = sum / (float)count;
    }
}

/* One operator a row. */
#define ROW(id, type, text, ...)                                                                   \
    const rg_op rg_op_##id = {.name = #id,                                                         \
                              .kind = "mean",                                                      \
                              .summary = text,                                                     \
                              .in = type,                                                          \
                              .weights = RG_DTYPE_ANY,                                             \
                              .out = type,                                                         \
                              .params = fields,                                                    \
                              .params_size = sizeof(mean_params),                                  \
                              .min_in = 2,                                                         \
                              .max_in = 2,                                                         \
                              .n_out = 1,                                                          \
                              .infer = infer,                                                      \
                              .work = work,                                                        \
                              .tiles = rg_tiles_each,                                              \
                              __VA_ARGS__}

ROW(mean_s8, RG_DTYPE_INT8, "Mean of int8 over some dimensions", .check = check,
    .state_bytes = state_bytes, .prepare = prepare, .run = run_s8);
ROW(mean_f32, RG_DTYPE_FLOAT32, "Mean of float32 over some dimensions", .run = run_f32);
