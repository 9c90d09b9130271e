/* batch_matmul.c: products of two stacks of matrices, int8, int16 and float32; both sides may come
 * at run time. Truth of int8: int32 sum of products of distances from the zero points, product of
 * input scales rounded to float32, double rounding. int16: zero points 0, int64 sum, one rounding
 * with a 16-bit multiplier (fixed.h). */
#include "kernels/ref/batch_matmul.h"

#include "kernels/ref/bytes.h"

const rg_field rg_matmul_fields[] = {
    {"adj_x", RG_FIELD_BOOL, offsetof(rg_matmul_params, adj_x), "false", 0, 0, NULL, "",
     "matrices of input 0 stand transposed"},
    {"adj_y", RG_FIELD_BOOL, offsetof(rg_matmul_params, adj_y), "false", 0, 0, NULL, "",
     "matrices of input 1 stand transposed"},
    {"asymmetric_quantize_inputs", RG_FIELD_BOOL,
     offsetof(rg_matmul_params, asymmetric_quantize_inputs), "false", 0, 0, NULL, "",
     "hybrid only: float rows are quantized with a zero point"},
    {0},
};

/* The dimensions before the last two, broadcast. */
static rg_status lead_of(const rg_shape *x, const rg_shape *y, rg_shape *ret, rg_err *err) {
    rg_shape a = *x, b = *y;
    a.rank -= 2;
    b.rank -= 2;
    rg_shape shape = {a.rank > b.rank ? a.rank : b.rank, {0}};
    for (uint32_t i = 0; i < shape.rank; i++) {
        uint32_t back = shape.rank - i;
        int32_t da = back <= a.rank ? a.dim[a.rank - back] : 1;
        int32_t db = back <= b.rank ? b.dim[b.rank - back] : 1;
        if (da != db && da != 1 && db != 1)
            return rg_fail(err, RG_BAD_DATA, NULL, "stacks of %d and %d matrices", (int)da,
                           (int)db);
        shape.dim[i] = da == 1 ? db : da;
    }
    *ret = shape;
    return RG_OK;
}

rg_status rg_matmul_lay_out(const rg_op_call *call, rg_matmul_layout *ret, rg_err *err) {
    const rg_matmul_params *p = call->params;
    const rg_shape *x = &call->in[0]->shape, *y = &call->in[1]->shape;
    rg_matmul_layout l = {.batches = 1};
    if (x->rank < 2 || y->rank < 2)
        return rg_fail(err, RG_BAD_DATA, NULL, "batch_matmul needs two dimensions at least");
    int64_t xr = x->dim[x->rank - 2], xc = x->dim[x->rank - 1];
    int64_t yr = y->dim[y->rank - 2], yc = y->dim[y->rank - 1];
    l.m = p->adj_x ? xc : xr;
    l.k = p->adj_x ? xr : xc;
    l.n = p->adj_y ? yr : yc;
    l.row_x = p->adj_x ? 1 : xc;
    l.step_x = p->adj_x ? xc : 1;
    l.col_y = p->adj_y ? yc : 1;
    l.step_y = p->adj_y ? 1 : yc;
    if (l.k != (p->adj_y ? yc : yr))
        return rg_fail(err, RG_BAD_DATA, NULL, "batch_matmul of depth %lld with depth %lld",
                       (long long)l.k, (long long)(p->adj_y ? yc : yr));
    rg_status status = lead_of(x, y, &l.out, err);
    if (status != RG_OK)
        return status;
    for (uint32_t i = 0; i < l.out.rank; i++)
        l.batches *= l.out.dim[i];
    l.out.dim[l.out.rank++] = (int32_t)l.m;
    l.out.dim[l.out.rank++] = (int32_t)l.n;
    *ret = l;
    return RG_OK;
}

/* Which matrix of `shape` belongs to matrix `batch` of the output. */
static int64_t matrix_of(const rg_shape *shape, const rg_shape *out, int64_t batch) {
    int64_t place = 0, step = 1;
    for (uint32_t back = 3; back <= shape->rank; back++) {
        int32_t dim = shape->dim[shape->rank - back], size = out->dim[out->rank - back];
        place += dim == 1 ? 0 : batch % size * step;
        batch /= size;
        step *= dim;
    }
    return place;
}

void rg_matmul_batch(const rg_op_call *call, const rg_matmul_layout *layout, int64_t batch,
                     int64_t *ret_x, int64_t *ret_y) {
    *ret_x = matrix_of(&call->in[0]->shape, &layout->out, batch) * layout->m * layout->k;
    *ret_y = matrix_of(&call->in[1]->shape, &layout->out, batch) * layout->k * layout->n;
}

rg_status rg_matmul_infer(const rg_op_call *call, rg_tensor *ret_out, rg_err *err) {
    rg_matmul_layout l;
    rg_status status = rg_need_inputs(call, 2, err);
    if (status == RG_OK)
        status = rg_need_elements(call->in[0], "input 0", err);
    if (status == RG_OK)
        status = rg_need_elements(call->in[1], "input 1", err);
    if (status == RG_OK)
        status = rg_matmul_lay_out(call, &l, err);
    return status == RG_OK ? rg_give_output(ret_out, call->op->out, &l.out, err) : status;
}

rg_work rg_matmul_work(const rg_op_call *call) {
    rg_matmul_layout l;
    if (rg_matmul_lay_out(call, &l, NULL) != RG_OK)
        return rg_call_work(call, 0, 0);
    return rg_call_work(call, rg_elements(call->out[0]) * (uint64_t)l.k, 0);
}

size_t rg_matmul_tiles(const rg_op_call *call) {
    const rg_shape *out = &call->out[0]->shape;
    return rg_elements(call->out[0]) / (size_t)out->dim[out->rank - 1];
}

static rg_status check_s8(const rg_op_call *call, rg_err *err) {
    return rg_need_call_quant(call, 2, err);
}

static rg_status check_s16(const rg_op_call *call, rg_err *err) {
    return rg_need_zero_at_zero(call, 2, err);
}

static size_t state_bytes(const rg_op_call *call) {
    (void)call;
    return sizeof(rg_factor);
}

static rg_status prepare(const rg_op_call *call, void *state, rg_err *err) {
    rg_factor *factor = state;
    rg_status status = rg_bytes_factors(call, true, 1, factor, err);
    if (status == RG_OK && call->op->in == RG_DTYPE_INT16 && factor->shift > 7)
        status = rg_fail(err, RG_UNSUPPORTED, "check the quantization of the model",
                         "the scales of inputs and output are too far apart");
    return status;
}

/* One element of each type from its row and column; integer sums wrap. */
static int8_t dot_s8(const rg_op_call *call, const rg_matmul_layout *l, const rg_factor *factor,
                     const int8_t *x, const int8_t *y) {
    int32_t zero_x = call->in[0]->quant.zero_point[0], zero_y = call->in[1]->quant.zero_point[0];
    uint32_t sum = 0;
    for (int64_t i = 0; i < l->k; i++)
        sum += (uint32_t)((x[i * l->step_x] - zero_x) * (y[i * l->step_y] - zero_y));
    return (int8_t)rg_requantize((int32_t)sum, *factor, call->out[0]->quant.zero_point[0], -128,
                                 127);
}

static int16_t dot_s16(const rg_op_call *call, const rg_matmul_layout *l, const rg_factor *factor,
                       const int16_t *x, const int16_t *y) {
    uint64_t sum = 0;
    (void)call;
    for (int64_t i = 0; i < l->k; i++)
        sum += (uint64_t)((int64_t)x[i * l->step_x] * y[i * l->step_y]);
    return (int16_t)rg_clamp(rg_factor_apply_wide(*factor, (int64_t)sum), INT16_MIN, INT16_MAX);
}

static float dot_f32(const rg_op_call *call, const rg_matmul_layout *l, const rg_factor *factor,
                     const float *x, const float *y) {
    float sum = 0;
    (void)call;
    (void)factor;
    for (int64_t i = 0; i < l->k; i++)
        sum += x[i * l->step_x] * y[i * l->step_y];
    return sum;
}

/* One operator a row: code, type, its C type, sentence. */
#define ROW(code, dtype, type, text, ...)                                                          \
    static void run_##code(const rg_op_call *call, const void *state, const void *const *in,       \
                           void *const *out, size_t first_tile, size_t last_tile) {                \
        rg_matmul_layout l;                                                                        \
        if (rg_matmul_lay_out(call, &l, NULL) != RG_OK)                                            \
            return;                                                                                \
        for (int64_t row = (int64_t)first_tile; row < (int64_t)last_tile; row++) {                 \
            int64_t x, y;                                                                          \
            rg_matmul_batch(call, &l, row / l.m, &x, &y);                                          \
            for (int64_t c = 0; c < l.n; c++)                                                      \
                ((type *)out[0])[row * l.n + c] =                                                  \
                    dot_##code(call, &l, state, (const type *)in[0] + x + row % l.m * l.row_x,     \
                               (const type *)in[1] + y + c * l.col_y);                             \
        }                                                                                          \
    }                                                                                              \
    const rg_op rg_op_batch_matmul_##code = {.name = "batch_matmul_" #code,                        \
                                             .kind = "batch_matmul",                               \
                                             .summary = text,                                      \
                                             .in = dtype,                                          \
                                             .weights = dtype,                                     \
                                             .out = dtype,                                         \
                                             .params = rg_matmul_fields,                           \
                                             .params_size = sizeof(rg_matmul_params),              \
                                             .min_in = 2,                                          \
                                             .max_in = 2,                                          \
                                             .n_out = 1,                                           \
                                             .infer = rg_matmul_infer,                             \
                                             .work = rg_matmul_work,                               \
                                             .tiles = rg_matmul_tiles,                             \
                                             .run = run_##code,                                    \
                                             __VA_ARGS__}
#define SCALED(checks) .check = checks, .state_bytes = state_bytes, .prepare = prepare

ROW(s8, RG_DTYPE_INT8, int8_t, "Products of stacks of int8 matrices", SCALED(check_s8));
ROW(s16, RG_DTYPE_INT16, int16_t, "Products of stacks of int16 matrices", SCALED(check_s16));
ROW(f32, RG_DTYPE_FLOAT32, float, "Products of stacks of float32 matrices", .check = NULL);
