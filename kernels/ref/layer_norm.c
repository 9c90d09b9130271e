/* layer_norm.c: layer normalization over the last dimension, (x - mean) / sqrt(variance + epsilon)
 * * gamma + beta, int8 and float32. TFLite has no such operator (converters write ten); float32 is
 * the formula, sums in order. The int8 truth is ours, after the one in TFLite's integer LSTM: with
 * q the quanta, S = sum q and D = n * sum q^2 - S^2, V = floor(256 D / n^2) + round(256 epsilon /
 * scale^2), r = rg_inverse_root(V) with shift + 4, d = 1024 q - trunc(1024 S / n), t = d * r (1024
 * times the normalized value), y = requantize(t * gamma + beta, gamma's scale / 1024 / output
 * scale), gamma int8 with one scale and zero point 0, beta int32 on gamma's scale / 1024; left out,
 * gamma is 1 (1024 on its scale 1/1024) and beta 0. Zero points of x cancel. */
#include <math.h>

#include "kernels/ref/need.h"
#include "kernels/ref/root.h"

enum { X, GAMMA, BETA, DEPTH_MAX = 1 << 20, UNIT = 1024 };

typedef struct norm_params {
    double epsilon;
} norm_params;

static const rg_field fields[] = {
    {"epsilon", RG_FIELD_REAL, offsetof(norm_params, epsilon), "1e-5", 0, 0, NULL, "",
     "added to the variance"},
    {0},
};

static size_t depth_of(const rg_op_call *call) {
    return (size_t)call->in[X]->shape.dim[call->in[X]->shape.rank - 1];
}

static rg_status infer(const rg_op_call *call, rg_tensor *ret_out, rg_err *err) {
    double epsilon = ((const norm_params *)call->params)->epsilon;
    bool whole = call->op->in == RG_DTYPE_INT8;
    rg_status status = rg_need_inputs(call, 1, err);
    if (status == RG_OK)
        status = rg_need_elements(call->in[X], "input", err);
    if (status != RG_OK)
        return status;
    if (call->in[X]->shape.rank < 1 || depth_of(call) > DEPTH_MAX || !(epsilon >= 0))
        return rg_fail(err, RG_UNSUPPORTED, NULL,
                       "layer_norm needs rows of 1 to %d and an epsilon of 0 or more",
                       (int)DEPTH_MAX);
    int64_t depth = (int64_t)depth_of(call);
    status =
        rg_need_bias(rg_call_in(call, GAMMA), whole ? RG_DTYPE_INT8 : RG_DTYPE_FLOAT32, depth, err);
    if (status == RG_OK)
        status = rg_need_bias(rg_call_in(call, BETA), whole ? RG_DTYPE_INT32 : RG_DTYPE_FLOAT32,
                              depth, err);
    return status == RG_OK ? rg_give_output(ret_out, call->op->out, &call->in[X]->shape, err)
                           : status;
}

static rg_status check(const rg_op_call *call, rg_err *err) {
    const rg_tensor *gamma = rg_call_in(call, GAMMA);
    rg_status status = rg_need_call_quant(call, 1, err);
    return status == RG_OK && gamma ? rg_need_weight_quant(gamma, "gamma", 0, 1, err) : status;
}

static rg_work work(const rg_op_call *call) {
    return rg_call_work(call, 0, 5 * (uint64_t)rg_elements(call->out[0]));
}

static size_t tiles(const rg_op_call *call) {
    return rg_elements(call->in[X]) / depth_of(call);
}

typedef struct plan {
    rg_factor factor;
    int32_t epsilon; /* in 1/256 of squared quanta */
} plan;

static size_t state_bytes(const rg_op_call *call) {
    (void)call;
    return sizeof(plan);
}

static rg_status prepare(const rg_op_call *call, void *state, rg_err *err) {
    plan *p = state;
    const rg_tensor *gamma = rg_call_in(call, GAMMA);
    double scale = call->in[X]->quant.scale[0], out = call->out[0]->quant.scale[0];
    double unit = gamma ? (double)gamma->quant.scale[0] : 1.0 / UNIT;
    double epsilon = round(256 * ((const norm_params *)call->params)->epsilon / (scale * scale));
    p->epsilon = (int32_t)(epsilon < 1 << 29 ? epsilon : 1 << 29);
    return rg_factor_from(unit / UNIT / out, "gamma and output", &p->factor, err);
}

static void run_s8(const rg_op_call *call, const void *state, const void *const *in,
                   void *const *out, size_t first_tile, size_t last_tile) {
    const plan *p = state;
    const int8_t *gamma = rg_call_in(call, GAMMA) ? in[GAMMA] : NULL;
    const int32_t *beta = rg_call_in(call, BETA) ? in[BETA] : NULL;
    int32_t zero = call->out[0]->quant.zero_point[0];
    int64_t n = (int64_t)depth_of(call);
    for (int64_t row = (int64_t)first_tile; row < (int64_t)last_tile; row++) {
        const int8_t *x = (const int8_t *)in[X] + row * n;
        int64_t sum = 0, squares = 0;
        for (int64_t i = 0; i < n; i++) {
            sum += x[i];
            squares += x[i] * x[i];
        }
        int64_t variance = (n * squares - sum * sum) * 256 / (n * n) + p->epsilon;
        rg_factor root = rg_inverse_root((int32_t)variance);
        root.shift += 4;
        for (int64_t i = 0; i < n; i++) {
            int64_t t = rg_factor_apply(root, (int32_t)(UNIT * x[i] - UNIT * sum / n));
            t = t * (gamma ? gamma[i] : UNIT) + (beta ? beta[i] : 0);
            t = rg_clamp(t, INT32_MIN, INT32_MAX);
            ((int8_t *)out[0])[row * n + i] =
                (int8_t)rg_requantize((int32_t)t, p->factor, zero, -128, 127);
        }
    }
}

static void run_f32(const rg_op_call *call, const void *state, const void *const *in,
                    void *const *out, size_t first_tile, size_t last_tile) {
    (void)state;
    const float *gamma = rg_call_in(call, GAMMA) ? in[GAMMA] : NULL;
    const float *beta = rg_call_in(call, BETA) ? in[BETA] : NULL;
    float epsilon = (float)((const norm_params *)call->params)->epsilon;
    size_t n = depth_of(call);
    for (size_t row = first_tile; row < last_tile; row++) {
        const float *x = (const float *)in[X] + row * n;
        float sum = 0, squares = 0;
        for (size_t i = 0; i < n; i++)
            sum += x[i];
        float mean = sum / (float)n;
        for (size_t i = 0; i < n; i++)
            squares += (x[i] - mean) * (x[i] - mean);
        float inverse = 1.0f / sqrtf(squares / (float)n + epsilon);
        for (size_t i = 0; i < n; i++)
            ((float *)out[0])[row * n + i] =
                (x[i] - mean) * inverse * (gamma ? gamma[i] : 1) + (beta ? beta[i] : 0);
    }
}

/* One operator a row. */
#define ROW(id, dtype, text, ...)                                                                  \
    const rg_op rg_op_##id = {.name = #id,                                                         \
                              .kind = "layer_norm",                                                \
                              .summary = text,                                                     \
                              .in = dtype,                                                         \
                              .weights = RG_DTYPE_ANY,                                             \
                              .out = dtype,                                                        \
                              .params = fields,                                                    \
                              .params_size = sizeof(norm_params),                                  \
                              .min_in = 1,                                                         \
                              .max_in = 3,                                                         \
                              .n_out = 1,                                                          \
                              .infer = infer,                                                      \
                              .work = work,                                                        \
                              .tiles = tiles,                                                      \
                              __VA_ARGS__}

ROW(layer_norm_s8, RG_DTYPE_INT8, "Rows of int8 brought to mean 0 and variance 1", .check = check,
    .state_bytes = state_bytes, .prepare = prepare, .run = run_s8);
ROW(layer_norm_f32, RG_DTYPE_FLOAT32, "Rows of float32 brought to mean 0 and variance 1",
    .run = run_f32);
