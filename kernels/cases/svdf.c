/* svdf.c: problems of svdf: filters with memory over several invocations, so that what one run
 * leaves in the state is what the next one finds; ranks, batches, with and without a bias. */
#include "kernels/cases/draw.h"

enum { X, FEATURE, TIME, BIAS, STATE, RUNS = 3 };

typedef struct sizes {
    int32_t batch, depth, rank, units, memory;
} sizes;

static rg_case_tensor constant_of(rg_dtype dtype, rg_shape shape, float scale) {
    return (rg_case_tensor){.dtype = dtype, .shape = shape, .scale = scale, .constant = true};
}

/* Shapes and types; int8 layers have a state of int16 or int8. */
static void put(const rg_op *op, sizes z, rg_dtype kept, rg_case *c) {
    int32_t filters = z.rank * z.units;
    bool real = op->in == RG_DTYPE_FLOAT32;
    c->n_in = 5;
    c->n_out = 1;
    c->runs = RUNS;
    c->in[X] = (rg_case_tensor){.dtype = op->in, .shape = RG_SHAPE_OF(z.batch, z.depth)};
    c->in[FEATURE] = constant_of(op->in, RG_SHAPE_OF(filters, z.depth), real ? 0 : 0.01f);
    c->in[TIME] = constant_of(kept, RG_SHAPE_OF(filters, z.memory), real ? 0 : 0.004f);
    c->in[BIAS] = constant_of(real ? RG_DTYPE_FLOAT32 : RG_DTYPE_INT32, RG_SHAPE_OF(z.units), 0);
    c->in[BIAS].low = real ? -2 : -10000;
    c->in[BIAS].high = -c->in[BIAS].low;
    c->in[STATE] = (rg_case_tensor){
        .dtype = kept, .shape = RG_SHAPE_OF(z.batch, filters * z.memory), .variable = true};
    c->out[0] = (rg_case_tensor){.dtype = op->out};
    rg_case_int(c, "rank", z.rank);
}

static void draw(const rg_op *op, rg_rng *rng, rg_case *c) {
    sizes z = {rg_draw_int(rng, 1, 3), rg_draw_size(rng, 70), rg_draw_int(rng, 1, 3),
               rg_draw_size(rng, 40), rg_draw_size(rng, 20)};
    bool real = op->in == RG_DTYPE_FLOAT32;
    rg_dtype kept = real                     ? RG_DTYPE_FLOAT32
                    : rg_draw_one_in(rng, 2) ? RG_DTYPE_INT8
                                             : RG_DTYPE_INT16;
    put(op, z, kept, c);
    c->in[BIAS].absent = rg_draw_one_in(rng, 4);
    if (!real) {
        c->in[X] = rg_draw_tensor(rng, op->in, c->in[X].shape);
        c->in[STATE].scale = c->in[X].scale * (float)(0.02 + rg_rng_unit(rng));
        c->in[STATE].zero_point = kept == RG_DTYPE_INT8 ? rg_draw_int(rng, -128, 127) : 0;
        c->out[0] = rg_draw_tensor(rng, op->out, (rg_shape){0});
    }
    rg_case_word(c, "activation", rg_draw_one_in(rng, 2) ? "relu" : "none");
}

static bool bench(const rg_op *op, size_t index, rg_case *c) {
    static const sizes timed[] = {{1, 400, 1, 144, 10}, {1, 40, 2, 64, 8}};
    if (index >= sizeof timed / sizeof timed[0])
        return false;
    sizes z = timed[index];
    bool real = op->in == RG_DTYPE_FLOAT32;
    put(op, z, real ? RG_DTYPE_FLOAT32 : RG_DTYPE_INT16, c);
    snprintf(c->name, sizeof c->name, "svdf_1x%d_%d_rank%d_memory%d", (int)z.depth, (int)z.units,
             (int)z.rank, (int)z.memory);
    if (!real) {
        c->in[X].scale = 0.05f;
        c->in[X].zero_point = 3;
        c->in[STATE].scale = 0.002f;
        c->out[0].scale = 0.1f;
        c->out[0].zero_point = -5;
    }
    rg_case_word(c, "activation", "relu");
    return true;
}

const rg_case_set rg_case_set_svdf = {"svdf", draw, bench};
