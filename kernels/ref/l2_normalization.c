/* l2_normalization.c: rows along the last dimension divided by their length, int8 and float32.
 * Truth of int8: sum of squares in int32, its reciprocal root in fixed point (root.h), output
 * always 1/128 with zero point 0. float32 divides by at least 1e-6. */
#include <math.h>

#include "kernels/ref/activation.h"
#include "kernels/ref/root.h"
#include "kernels/ref/rows.h"

typedef struct length_params {
    int activation;
} length_params;

static const rg_field fields[] = {
    RG_ACTIVATION_FIELD(length_params),
    {0},
};

static const float out_scale = 1.0f / 128;
static const int32_t out_zero = 0;
static const rg_quant quant = {1, &out_scale, &out_zero, 0};

static rg_status infer(const rg_op_call *call, rg_tensor *ret_out, rg_err *err) {
    if (((const length_params *)call->params)->activation != RG_ACTIVATION_NONE)
        return rg_fail(err, RG_UNSUPPORTED, NULL,
                       "l2_normalization with an activation is not done");
    return rg_rows_infer(call, &quant, ret_out, err);
}

static rg_status check(const rg_op_call *call, rg_err *err) {
    return rg_rows_check(call, &quant, err);
}

static rg_work work(const rg_op_call *call) {
    return rg_call_work(call, 0, 3 * (uint64_t)rg_elements(call->out[0]));
}

static void run_s8(const rg_op_call *call, const void *state, const void *const *in,
                   void *const *out, size_t first_tile, size_t last_tile) {
    (void)state;
    size_t depth = rg_row_length(call);
    int32_t zero = call->in[0]->quant.zero_point[0];
    for (size_t row = first_tile; row < last_tile; row++) {
        const int8_t *x = (const int8_t *)in[0] + row * depth;
        uint32_t sum = 0; /* wraps like the original */
        for (size_t i = 0; i < depth; i++)
            sum += (uint32_t)((x[i] - zero) * (x[i] - zero));
        rg_factor factor = rg_inverse_root((int32_t)sum);
        factor.shift += 7;
        for (size_t i = 0; i < depth; i++)
            ((int8_t *)out[0])[row * depth + i] =
                (int8_t)rg_requantize(x[i] - zero, factor, 0, -128, 127);
    }
}

static void run_f32(const rg_op_call *call, const void *state, const void *const *in,
                    void *const *out, size_t first_tile, size_t last_tile) {
    (void)state;
    size_t depth = rg_row_length(call);
    for (size_t row = first_tile; row < last_tile; row++) {
        const float *x = (const float *)in[0] + row * depth;
        float sum = 0;
        for (size_t i = 0; i < depth; i++)
            sum += x[i] * x[i];
        float length = sqrtf(sum) > 1e-6f ? sqrtf(sum) : 1e-6f;
        for (size_t i = 0; i < depth; i++)
            ((float *)out[0])[row * depth + i] = x[i] / length;
    }
}

/* One operator a row. */
#define ROW(id, dtype, text, ...)                                                                  \
    const rg_op rg_op_##id = {.name = #id,                                                         \
                              .kind = "l2_normalization",                                          \
                              .summary = text,                                                     \
                              .in = dtype,                                                         \
                              .weights = RG_DTYPE_ANY,                                             \
                              .out = dtype,                                                        \
                              .params = fields,                                                    \
                              .params_size = sizeof(length_params),                                \
                              .min_in = 1,                                                         \
                              .max_in = 1,                                                         \
                              .n_out = 1,                                                          \
                              .infer = infer,                                                      \
                              .work = work,                                                        \
                              .tiles = rg_rows_tiles,                                              \
                              __VA_ARGS__}

ROW(l2_normalization_s8, RG_DTYPE_INT8, "Rows of int8 brought to length one", .check = check,
    .run = run_s8);
ROW(l2_normalization_f32, RG_DTYPE_FLOAT32, "Rows of float32 brought to length one",
    .run = run_f32);
