/* batch_matmul_hybrid.c: stacks of float matrices times int8 ones, rows quantized as they come
 * (hybrid.h; asymmetric_quantize_inputs chooses). Truth, in float32 with an int32 sum:
 * y = sum * (row scale * weight scale), one scale or one a column of the result. */
#include "kernels/ref/batch_matmul.h"
#include "kernels/ref/hybrid.h"

static rg_status check(const rg_op_call *call, rg_err *err) {
    const rg_matmul_params *p = call->params;
    uint32_t rank = call->in[1]->shape.rank;
    return rg_hybrid_check(call, p->adj_y ? rank - 2 : rank - 1, err);
}

static int32_t dot(const rg_matmul_layout *l, const rg_hybrid *h, const float *x, const int8_t *y) {
    uint32_t sum = 0;
    int16_t q[RG_HYBRID_CHUNK];
    for (int64_t i = 0, n; i < l->k; i += n) {
        n = l->k - i < RG_HYBRID_CHUNK ? l->k - i : RG_HYBRID_CHUNK;
        rg_hybrid_chunk(h, x + i * l->step_x, n, l->step_x, q);
        for (int64_t k = 0; k < n; k++)
            sum += (uint32_t)(q[k] * y[(i + k) * l->step_y]);
    }
    return (int32_t)sum;
}

static void run(const rg_op_call *call, const void *state, const void *const *in, void *const *out,
                size_t first_tile, size_t last_tile) {
    bool asymmetric = ((const rg_matmul_params *)call->params)->asymmetric_quantize_inputs;
    rg_matmul_layout l;
    (void)state;
    if (rg_matmul_lay_out(call, &l, NULL) != RG_OK)
        return;
    for (int64_t row = (int64_t)first_tile; row < (int64_t)last_tile; row++) {
        int64_t first_x, first_y;
        rg_matmul_batch(call, &l, row / l.m, &first_x, &first_y);
        const float *x = (const float *)in[0] + first_x + row % l.m * l.row_x;
        rg_hybrid h = rg_hybrid_of(x, l.k, l.step_x, asymmetric);
        for (int64_t c = 0; c < l.n; c++) {
            float sum = (float)dot(&l, &h, x, (const int8_t *)in[1] + first_y + c * l.col_y);
            ((float *)out[0])[row * l.n + c] = sum * (h.scale * rg_hybrid_scale(call->in[1], c));
        }
    }
}

const rg_op rg_op_batch_matmul_f32_s8 = {
    .name = "batch_matmul_f32_s8",
    .kind = "batch_matmul",
    .summary = "Products of stacks of float32 matrices, quantized as they come, with int8 ones",
    .in = RG_DTYPE_FLOAT32,
    .weights = RG_DTYPE_INT8,
    .out = RG_DTYPE_FLOAT32,
    .params = rg_matmul_fields,
    .params_size = sizeof(rg_matmul_params),
    .min_in = 2,
    .max_in = 2,
    .n_out = 1,
    .infer = rg_matmul_infer,
    .check = check,
    .work = rg_matmul_work,
    .tiles = rg_matmul_tiles,
    .run = run,
};
