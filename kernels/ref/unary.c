/* unary.c: functions of one float32. Those of bytes are in unary_bytes.c, of int16 in unary_s16.c.
 */
#include "kernels/ref/unary.h"

#include "kernels/ref/need.h"

const rg_field rg_leaky_fields[] = {
    {"alpha", RG_FIELD_REAL, offsetof(rg_leaky_params, alpha), "0.2", 0, 0, NULL, "",
     "slope below zero"},
    {0},
};
const rg_field rg_gelu_fields[] = {
    {"approximate", RG_FIELD_BOOL, offsetof(rg_gelu_params, approximate), "false", 0, 0, NULL, "",
     "by tanh instead of erfc"},
    {0},
};

static void run_leaky_relu_f32(const rg_op_call *call, const void *state, const void *const *in,
                               void *const *out, size_t first_tile, size_t last_tile) {
    (void)state;
    float alpha = (float)((const rg_leaky_params *)call->params)->alpha;
    size_t at, end;
    rg_tile_range(call, first_tile, last_tile, &at, &end);
    for (; at < end; at++)
        ((float *)out[0])[at] = rg_leaky_relu_f32(((const float *)in[0])[at], alpha);
}

static inline void each_f32(const rg_op_call *call, const void *in, void *out, size_t first_tile,
                            size_t last_tile, float (*real)(float)) {
    size_t at, end;
    rg_tile_range(call, first_tile, last_tile, &at, &end);
    for (; at < end; at++)
        ((float *)out)[at] = real(((const float *)in)[at]);
}

static void run_gelu_f32(const rg_op_call *call, const void *state, const void *const *in,
                         void *const *out, size_t first_tile, size_t last_tile) {
    (void)state;
    each_f32(call, in[0], out[0], first_tile, last_tile, rg_gelu_of(call));
}

#define COMMON(id, word, type, text)                                                               \
    .name = #id, .kind = word, .summary = text, .in = type, .weights = RG_DTYPE_ANY, .out = type,  \
    .min_in = 1, .max_in = 1, .n_out = 1, .infer = rg_infer_like_input, .work = rg_work_each,      \
    .tiles = rg_tiles_each

/* A float32 operator a row: its kind, function, sentence. */
#define ROW_F32(word, real, text)                                                                  \
    static void run_##word##_f32(const rg_op_call *call, const void *state, const void *const *in, \
                                 void *const *out, size_t first_tile, size_t last_tile) {          \
        (void)state;                                                                               \
        each_f32(call, in[0], out[0], first_tile, last_tile, real);                                \
    }                                                                                              \
    const rg_op rg_op_##word##_f32 = {COMMON(word##_f32, #word, RG_DTYPE_FLOAT32, text),           \
                                      .run = run_##word##_f32}

ROW_F32(logistic, rg_logistic_f32, "Logistic function of float32");
ROW_F32(tanh, tanhf, "Hyperbolic tangent of float32");
ROW_F32(erf, erff, "Error function of float32");
ROW_F32(elu, rg_elu_f32, "Exponential linear unit of float32");
ROW_F32(relu, rg_relu_f32, "Values of float32 from zero up");
ROW_F32(relu6, rg_relu6_f32, "Values of float32 between 0 and 6");
ROW_F32(relu_n1_to_1, rg_relu_n1_to_1_f32, "Values of float32 between -1 and 1");
ROW_F32(hard_swish, rg_hard_swish_f32, "x * relu6(x + 3) / 6 of float32");
ROW_F32(abs, rg_abs_f32, "Absolute value of float32");
ROW_F32(neg, rg_neg_f32, "Negative of float32");
ROW_F32(square, rg_square_f32, "Square of float32");
ROW_F32(sqrt, rg_sqrt_f32, "Square root of float32");
ROW_F32(rsqrt, rg_rsqrt_f32, "Reciprocal square root of float32");
ROW_F32(floor, rg_floor_f32, "Largest whole number not above a float32");
ROW_F32(ceil, rg_ceil_f32, "Smallest whole number not below a float32");
ROW_F32(round, rg_round_f32, "Nearest whole number to a float32, halves to even");
ROW_F32(exp, expf, "Exponential of float32");
ROW_F32(log, logf, "Natural logarithm of float32");
ROW_F32(sin, sinf, "Sine of float32");
ROW_F32(cos, cosf, "Cosine of float32");
ROW_F32(relu_0_to_1, rg_relu_0_to_1_f32, "Values of float32 between 0 and 1");

const rg_op rg_op_leaky_relu_f32 = {
    COMMON(leaky_relu_f32, "leaky_relu", RG_DTYPE_FLOAT32, "Float32, negative ones with a slope"),
    .params = rg_leaky_fields, .params_size = sizeof(rg_leaky_params), .run = run_leaky_relu_f32};

const rg_op rg_op_gelu_f32 = {
    COMMON(gelu_f32, "gelu", RG_DTYPE_FLOAT32, "x times the normal distribution of float32"),
    .params = rg_gelu_fields, .params_size = sizeof(rg_gelu_params), .run = run_gelu_f32};
