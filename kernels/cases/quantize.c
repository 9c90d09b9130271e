/* quantize.c: problems of quantize and dequantize: between real and quantized values and between
 * two quantizations; scales of channels where dequantize takes them. */
#include <string.h>

#include "kernels/cases/draw.h"

/* int32 has a scale here, and sums of small products. */
static void quantize_s32(rg_case_tensor *t, float scale) {
    if (t->dtype != RG_DTYPE_INT32)
        return;
    t->scale = scale;
    t->low = -200000;
    t->high = 200000;
}

static void draw(const rg_op *op, rg_rng *rng, rg_case *ret_case) {
    rg_case *c = ret_case;
    rg_shape shape = rg_draw_row_or_shape(rng, (uint32_t)rg_draw_int(rng, 1, 4), 6000);
    c->n_in = c->n_out = 1;
    c->in[0] = rg_draw_tensor(rng, op->in, shape);
    c->out[0] = rg_draw_tensor(rng, op->out, (rg_shape){0});
    quantize_s32(&c->in[0], rg_draw_scale(rng) / 256);
    quantize_s32(&c->out[0], rg_draw_scale(rng));
    if (op->in == RG_DTYPE_FLOAT32 && rg_draw_one_in(rng, 2)) {
        c->in[0].high = 200 * (double)c->out[0].scale; /* the whole range of the output and more */
        c->in[0].low = -c->in[0].high;
    }
    if (op->in == RG_DTYPE_INT8 && !strcmp(op->kind, "dequantize") && rg_draw_one_in(rng, 4)) {
        c->in[0].per_channel = true;
        c->in[0].axis = rg_rng_below(rng, shape.rank);
        c->in[0].zero_point = 0;
    }
}

static bool bench(const rg_op *op, size_t index, rg_case *ret_case) {
    static const rg_shape shapes[] = {{4, {1, 224, 224, 3}}, {2, {1, 1000}}};
    static const char *const names[] = {"224x224x3", "1x1000"};
    rg_case *c = ret_case;
    if (index >= sizeof shapes / sizeof shapes[0])
        return false;
    snprintf(c->name, sizeof c->name, "%s_%s", op->kind, names[index]);
    c->n_in = c->n_out = 1;
    c->in[0] = rg_bench_tensor(op->in, shapes[index], 0.0235f, 3);
    c->out[0] = rg_bench_tensor(op->out, (rg_shape){0}, 0.0191f, -5);
    quantize_s32(&c->in[0], 0.0003f);
    quantize_s32(&c->out[0], 0.0191f);
    return true;
}

const rg_case_set rg_case_set_quantize = {"quantize", draw, bench};
const rg_case_set rg_case_set_dequantize = {"dequantize", draw, bench};
