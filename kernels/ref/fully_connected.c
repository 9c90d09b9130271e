/* fully_connected.c: rows of the input times a matrix [outputs, depth], int8, uint8
 * and float32. Truth of 8 bits: fixed point with double rounding; with one weight scale the product
 * input * filter scale is rounded to float32 before the division, per channel all is double. */
#include "kernels/ref/fully_connected.h"

#include "kernels/ref/activation.h"
#include "kernels/ref/bytes.h"
#include "kernels/ref/need.h"

static const char *const formats[] = {"default", "shuffled4x16int8", NULL};
const rg_field rg_fc_fields[] = {
    RG_ACTIVATION_FIELD(rg_fc_params),
    {"weights_format", RG_FIELD_CHOICE, offsetof(rg_fc_params, weights_format), "default", 0, 0,
     formats, "", "order of the weights in memory"},
    {"keep_num_dims", RG_FIELD_BOOL, offsetof(rg_fc_params, keep_num_dims), "false", 0, 0, NULL, "",
     "output keeps the input's leading dimensions"},
    {"asymmetric_quantize_inputs", RG_FIELD_BOOL,
     offsetof(rg_fc_params, asymmetric_quantize_inputs), "false", 0, 0, NULL, "",
     "how hybrid kernels quantize; no meaning here"},
    {0},
};

static int64_t depth_of(const rg_op_call *call) {
    return call->in[1]->shape.dim[1];
}

static int64_t outputs_of(const rg_op_call *call) {
    return call->in[1]->shape.dim[0];
}

static rg_status check_sizes(const rg_op_call *call, rg_err *err) {
    const rg_fc_params *p = call->params;
    const rg_shape *in = &call->in[0]->shape;
    char text[96];
    rg_shape_text(in, text, sizeof text);
    bool fits = p->keep_num_dims ? in->rank > 0 && in->dim[in->rank - 1] == depth_of(call)
                                 : (int64_t)rg_elements(call->in[0]) % depth_of(call) == 0;
    if (!fits)
        return rg_fail(err, RG_BAD_DATA, NULL, "input %s does not match weights of depth %lld",
                       text, (long long)depth_of(call));
    if ((int64_t)rg_elements(call->in[0]) / depth_of(call) > INT32_MAX)
        return rg_fail(err, RG_UNSUPPORTED, NULL, "input %s has too many rows", text);
    if (p->weights_format != 0)
        return rg_fail(err, RG_UNSUPPORTED, "convert with default weights",
                       "weights are in the order %s", formats[p->weights_format]);
    return rg_activation_check(p->activation, err);
}

rg_status rg_fc_infer(const rg_op_call *call, rg_tensor *ret_out, rg_err *err) {
    const rg_fc_params *p = call->params;
    rg_status status = rg_need_inputs(call, 2, err);
    if (status == RG_OK)
        status = rg_need_elements(call->in[0], "input", err);
    if (status == RG_OK)
        status = rg_need_rank(call->in[1], "weights", 2, err);
    if (status == RG_OK)
        status = check_sizes(call, err);
    if (status == RG_OK)
        status = rg_need_call_bias(call, 2, outputs_of(call), err);
    if (status != RG_OK)
        return status;
    rg_shape shape = call->in[0]->shape;
    if (!p->keep_num_dims) {
        shape.rank = 2;
        shape.dim[0] = (int32_t)((int64_t)rg_elements(call->in[0]) / depth_of(call));
    }
    shape.dim[shape.rank - 1] = (int32_t)outputs_of(call);
    return rg_give_output(ret_out, call->op->out, &shape, err);
}

/* One scale may come with a zero point, as in the original; several may not. */
static rg_status check(const rg_op_call *call, rg_err *err) {
    return rg_bytes_check(call, 0, true, err);
}

rg_work rg_fc_work(const rg_op_call *call) {
    return rg_call_work(call, rg_elements(call->out[0]) * (uint64_t)depth_of(call), 0);
}

static size_t tiles_a_row(const rg_op_call *call) {
    return ((size_t)outputs_of(call) + RG_FC_TILE - 1) / RG_FC_TILE;
}

size_t rg_fc_tiles(const rg_op_call *call) {
    return rg_elements(call->out[0]) / (size_t)outputs_of(call) * tiles_a_row(call);
}

static size_t state_bytes(const rg_op_call *call) {
    return (size_t)outputs_of(call) * sizeof(rg_factor);
}

static rg_status prepare(const rg_op_call *call, void *state, rg_err *err) {
    return rg_bytes_factors(call, true, outputs_of(call), state, err);
}

static void run_bytes(const rg_op_call *call, const void *state, const void *const *in,
                      void *const *out, size_t first_tile, size_t last_tile) {
    const rg_factor *factors = state;
    const int32_t *bias = rg_call_in(call, 2) ? in[2] : NULL;
    rg_bytes bytes = rg_bytes_of(call);
    int32_t zero = call->out[0]->quant.zero_point[0], low, high;
    int64_t depth = depth_of(call), outputs = outputs_of(call);
    rg_activation_range(((const rg_fc_params *)call->params)->activation, call->out[0], &low,
                        &high);
    for (size_t tile = first_tile; tile < last_tile; tile++) {
        int64_t row = (int64_t)(tile / tiles_a_row(call));
        int64_t c = (int64_t)(tile % tiles_a_row(call)) * RG_FC_TILE;
        int64_t end = c + RG_FC_TILE < outputs ? c + RG_FC_TILE : outputs;
        for (; c < end; c++) {
            uint32_t wide = rg_bytes_dot((const int8_t *)in[0] + row * depth,
                                         (const int8_t *)in[1] + c * depth, depth, bytes);
            int32_t sum = (int32_t)(wide + (uint32_t)(bias ? bias[c] : 0));
            ((int8_t *)out[0])[row * outputs + c] =
                (int8_t)rg_requantize(sum, factors[c], zero, low, high);
        }
    }
}

static float dot_f32(const float *x, const float *w, int64_t n) {
    float sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += x[i] * w[i];
    return sum;
}

static void run_f32(const rg_op_call *call, const void *state, const void *const *in,
                    void *const *out, size_t first_tile, size_t last_tile) {
    (void)state;
    const float *bias = rg_call_in(call, 2) ? in[2] : NULL;
    int64_t depth = depth_of(call), outputs = outputs_of(call);
    float low, high;
    rg_activation_range_f32(((const rg_fc_params *)call->params)->activation, &low, &high);
    for (size_t tile = first_tile; tile < last_tile; tile++) {
        int64_t row = (int64_t)(tile / tiles_a_row(call));
        int64_t c = (int64_t)(tile % tiles_a_row(call)) * RG_FC_TILE;
        int64_t end = c + RG_FC_TILE < outputs ? c + RG_FC_TILE : outputs;
        for (; c < end; c++) {
            float sum = dot_f32((const float *)in[0] + row * depth,
                                (const float *)in[1] + c * depth, depth);
            ((float *)out[0])[row * outputs + c] =
                rg_clamp_f32(sum + (bias ? bias[c] : 0), low, high);
        }
    }
}

const rg_op rg_op_fully_connected_s8 = {
    RG_FULLY_CONNECTED_OP(fully_connected_s8, INT8, INT8, INT8,
                          "Matrix product of int8 rows, weights scaled per tensor or per output"),
    .max_in = 3,
    .check = check,
    .state_bytes = state_bytes,
    .prepare = prepare,
    .run = run_bytes};

const rg_op rg_op_fully_connected_u8 = {
    RG_FULLY_CONNECTED_OP(fully_connected_u8, UINT8, UINT8, UINT8,
                          "Matrix product of uint8 rows, weights with a zero point"),
    .max_in = 3,
    .check = check,
    .state_bytes = state_bytes,
    .prepare = prepare,
    .run = run_bytes};

const rg_op rg_op_fully_connected_f32 = {RG_FULLY_CONNECTED_OP(fully_connected_f32, FLOAT32,
                                                               FLOAT32, FLOAT32,
                                                               "Matrix product of float32 rows"),
                                         .max_in = 3, .run = run_f32};
