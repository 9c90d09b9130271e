/* fully_connected_hybrid.c: float rows times int8 or int4 weights, rows quantized as they come
 * (hybrid.h; asymmetric_quantize_inputs chooses). Truth, all in float32: y = bias + sum * (row
 * scale * weight scale), sum int32. With scales of blocks (blocks4.h) rows are always asymmetric:
 * y = (sum over blocks of isum * scale - zero * sum over blocks of scale * wsum) * row scale +
 * bias, isum over q * w and wsum over w of a block, each an int32. */
#include "kernels/ref/activation.h"
#include "kernels/ref/blocks4.h"
#include "kernels/ref/fully_connected.h"
#include "kernels/ref/hybrid.h"

static rg_status check(const rg_op_call *call, rg_err *err) {
    if (rg_call_in(call, RG_FC_SCALES))
        return rg_blocks_check(call, err);
    return rg_hybrid_check(call, 0, err);
}

/* Outputs [c, end) of one row with one scale an output. */
static void one_tile(const rg_op_call *call, const rg_hybrid *h, const float *x,
                     const void *weights, int64_t c, int64_t end, float *ret) {
    rg_dtype dtype = call->op->weights;
    int64_t depth = call->in[1]->shape.dim[1];
    uint32_t sums[RG_FC_TILE] = {0};
    int16_t q[RG_HYBRID_CHUNK];
    for (int64_t i = 0, n; i < depth; i += n) {
        n = depth - i < RG_HYBRID_CHUNK ? depth - i : RG_HYBRID_CHUNK;
        rg_hybrid_chunk(h, x + i, n, 1, q);
        for (int64_t o = c; o < end; o++) {
            for (int64_t k = 0; k < n; k++)
                sums[o - c] +=
                    (uint32_t)(q[k] * rg_hybrid_weight(dtype, weights, o * depth + i + k));
        }
    }
    for (int64_t o = c; o < end; o++)
        ret[o - c] = (float)(int32_t)sums[o - c] * (h->scale * rg_hybrid_scale(call->in[1], o));
}

/* The same with scales of blocks. */
static void one_tile_of_blocks(const rg_op_call *call, const rg_hybrid *h, const float *x,
                               const void *weights, int64_t c, int64_t end, float *ret) {
    rg_dtype dtype = call->op->weights;
    int64_t depth = call->in[1]->shape.dim[1], blocks = rg_blocks_of(call), size = depth / blocks;
    for (int64_t o = c; o < end; o++) {
        float sum = 0, weighed = 0;
        for (int64_t b = 0; b < blocks; b++) {
            float scale = rg_block_scale(call, o, b);
            uint32_t isum = 0, wsum = 0;
            for (int64_t i = b * size; i < (b + 1) * size; i++) {
                int32_t w = rg_hybrid_weight(dtype, weights, o * depth + i);
                isum += (uint32_t)(w * rg_hybrid_quantum(h, x[i]));
                wsum += (uint32_t)w;
            }
            sum += (float)(int32_t)isum * scale;
            weighed += scale * (float)(int32_t)wsum;
        }
        ret[o - c] = (sum - (float)h->zero * weighed) * h->scale;
    }
}

static void run(const rg_op_call *call, const void *state, const void *const *in, void *const *out,
                size_t first_tile, size_t last_tile) {
    const rg_fc_params *p = call->params;
    const float *bias = rg_call_in(call, 2) ? in[2] : NULL;
    bool in_blocks = rg_call_in(call, RG_FC_SCALES);
    int64_t outputs = call->in[1]->shape.dim[0], depth = call->in[1]->shape.dim[1];
    int64_t tiles_a_row = (outputs + RG_FC_TILE - 1) / RG_FC_TILE;
    float low, high;
    (void)state;
    rg_activation_range_f32(p->activation, &low, &high);
    for (int64_t tile = (int64_t)first_tile; tile < (int64_t)last_tile; tile++) {
        int64_t row = tile / tiles_a_row, c = tile % tiles_a_row * RG_FC_TILE;
        int64_t end = c + RG_FC_TILE < outputs ? c + RG_FC_TILE : outputs;
        const float *x = (const float *)in[0] + row * depth;
        float sums[RG_FC_TILE];
        rg_hybrid h = rg_hybrid_of(x, depth, 1, in_blocks || p->asymmetric_quantize_inputs);
        (in_blocks ? one_tile_of_blocks : one_tile)(call, &h, x, in[1], c, end, sums);
        for (int64_t o = c; o < end; o++)
            ((float *)out[0])[row * outputs + o] =
                rg_clamp_f32(sums[o - c] + (bias ? bias[o] : 0), low, high);
    }
}

/* One operator a row. */
#define ROW(id, weight_type, text)                                                                 \
    const rg_op rg_op_##id = {.name = #id,                                                         \
                              .kind = "fully_connected",                                           \
                              .summary = text,                                                     \
                              .in = RG_DTYPE_FLOAT32,                                              \
                              .weights = weight_type,                                              \
                              .out = RG_DTYPE_FLOAT32,                                             \
                              .params = rg_fc_fields,                                              \
                              .params_size = sizeof(rg_fc_params),                                 \
                              .min_in = 2,                                                         \
                              .max_in = 4,                                                         \
                              .n_out = 1,                                                          \
                              .infer = rg_fc_infer,                                                \
                              .check = check,                                                      \
                              .work = rg_fc_work,                                                  \
                              .tiles = rg_fc_tiles,                                                \
                              .run = run}

ROW(fully_connected_f32_s8, RG_DTYPE_INT8, "Matrix product of float32 rows with int8 weights");
ROW(fully_connected_f32_s4, RG_DTYPE_INT4, "Matrix product of float32 rows with int4 weights");
