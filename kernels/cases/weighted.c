/* weighted.c: tensors of operators with weights. */
#include "kernels/cases/weighted.h"

#include <math.h>

/* A number of channels up to `most`: often one beside a vector's width, often tiny. */
int32_t rg_draw_channels(rg_rng *rng, int32_t most) {
    static const int32_t widths[] = {4, 8, 16, 32, 48, 64, 96, 128};
    int32_t n = rg_draw_one_in(rng, 2) ? widths[rg_rng_below(rng, 8)] + rg_draw_int(rng, -1, 1)
                                       : rg_draw_int(rng, 1, rg_draw_one_in(rng, 2) ? 8 : most);
    return n > most ? rg_draw_int(rng, 1, most) : n;
}

/* A zero point of an 8-bit type: anywhere, often an end or the middle; int16 has 0. */
static int32_t draw_zero_point(rg_rng *rng, rg_dtype dtype) {
    static const int32_t often[] = {0, 128, 255};
    if (dtype == RG_DTYPE_INT16)
        return 0;
    int32_t from_zero =
        rg_draw_one_in(rng, 2) ? often[rg_rng_below(rng, 3)] : rg_draw_int(rng, 0, 255);
    return from_zero - (dtype == RG_DTYPE_INT8 ? 128 : 0);
}

/* Small biases; where they can be given one by one, some huge ones among them, which take their
 * neighbours along to the way that serves all sums. */
static void mix_bias(rg_rng *rng, rg_case_tensor *bias) {
    int32_t n = bias->shape.dim[0];
    bias->high = -(bias->low = -150);
    if (bias->dtype != RG_DTYPE_INT32 || bias->absent || n > RG_CASE_VALUES ||
        rg_draw_one_in(rng, 3))
        return;
    bias->n_values = (uint32_t)n;
    for (int32_t i = 0; i < n; i++)
        bias->value[i] = rg_draw_one_in(rng, 6) ? 2147000000 : rg_draw_int(rng, -150, 150);
}

/* How far the scale of sums of `depth` products is from one output step: mostly so that outputs
 * fill their range, at times so that all saturate, nearly all are zero, or sums are shifted up; at
 * times a sum is about one step, which small biases alone do not saturate. */
static float draw_out_scale(rg_rng *rng, rg_case_tensor *bias, float product, double depth) {
    static const double rare[] = {1e-4, 1e-2, 30, 1000, 1e6};
    double fitting = product * 74 * 73 * sqrt(depth) / 50;
    if (rg_draw_one_in(rng, 12)) {
        mix_bias(rng, bias);
        return product * (float)exp2(-1.5 + 3 * rg_rng_unit(rng));
    }
    if (rg_draw_one_in(rng, 6))
        return (float)(fitting * rare[rg_rng_below(rng, 5)]);
    return (float)(fitting * exp2(-1.5 + 3 * rg_rng_unit(rng)));
}

/* An input without constants. scale 0: not quantized. */
static rg_case_tensor input_of(rg_dtype dtype, rg_shape shape, float scale, int32_t zero_point) {
    rg_case_tensor t = {.dtype = dtype, .shape = shape, .scale = scale, .zero_point = zero_point};
    return t;
}

/* An output: its shape is worked out by the operator. */
static rg_case_tensor output_of(rg_dtype dtype, float scale, int32_t zero_point) {
    rg_case_tensor t = {.dtype = dtype, .scale = scale, .zero_point = zero_point};
    return t;
}

static rg_shape vector_of(int32_t n) {
    rg_shape shape = {1, {n}};
    return shape;
}

/* uint8 weights have a zero point; theirs reach from 1 so that both forms span the same. */
static rg_case_tensor weights_of(const rg_op *op, const rg_weighted *sizes, float scale,
                                 int32_t zero) {
    rg_case_tensor t = input_of(op->weights, sizes->filter, scale, zero);
    t.constant = true;
    t.axis = sizes->channel_axis;
    t.low = op->weights == RG_DTYPE_INT8    ? -127
            : op->weights == RG_DTYPE_INT4  ? -7
            : op->weights == RG_DTYPE_UINT8 ? 1
                                            : -1;
    t.high = op->weights == RG_DTYPE_UINT8 ? 255 : -t.low;
    return t;
}

static rg_case_tensor bias_of(const rg_op *op, int32_t n, double size) {
    rg_dtype dtype = op->in == RG_DTYPE_FLOAT32 ? RG_DTYPE_FLOAT32
                     : op->in == RG_DTYPE_INT16 ? RG_DTYPE_INT64
                                                : RG_DTYPE_INT32;
    rg_case_tensor t = input_of(dtype, vector_of(n), 0, 0);
    t.constant = true;
    t.low = -size;
    t.high = size;
    return t;
}

static void put(const rg_op *op, const rg_weighted *sizes, rg_case *c) {
    c->n_in = 3;
    c->n_out = 1;
    c->in[0] = input_of(op->in, sizes->input, 0, 0);
    c->in[1] = weights_of(op, sizes, 0, 0);
    c->in[2] = bias_of(op, sizes->outputs, op->in == RG_DTYPE_FLOAT32 ? 2 : 10000);
    c->out[0] = output_of(op->out, 0, 0);
}

/* Biases: of the size of sums, at times huge so that sums come near the ends of int32, at times
 * left out. */
static void draw_bias(rg_rng *rng, rg_case *c) {
    rg_case_tensor *bias = &c->in[2];
    uint32_t choice = rg_rng_below(rng, 10);
    if (choice == 0)
        bias->absent = true;
    else if (choice == 1 && bias->dtype == RG_DTYPE_INT32)
        bias->high = -(bias->low = -2147483647);
    else if (choice == 2)
        bias->high = -(bias->low = -100);
}

/* int8 weights may hold -128 although TFLite's own never do: kernels must be right or decline. */
static void draw_weights(const rg_op *op, const rg_weighted *sizes, rg_rng *rng, rg_case *c) {
    rg_case_tensor *weights = &c->in[1];
    bool bytes = op->weights == RG_DTYPE_UINT8;
    weights->scale = rg_draw_scale(rng) / 4;
    weights->zero_point = bytes ? draw_zero_point(rng, RG_DTYPE_UINT8) : 0;
    weights->per_channel = sizes->may_per_channel && !bytes && rg_draw_one_in(rng, 2);
    if (rg_draw_one_in(rng, 8))
        weights->low = weights->high = 0; /* the whole type */
}

void rg_weighted_draw(const rg_op *op, const rg_weighted *sizes, rg_rng *rng, rg_case *c) {
    put(op, sizes, c);
    draw_bias(rng, c);
    if (op->weights == RG_DTYPE_FLOAT32)
        return;
    draw_weights(op, sizes, rng, c);
    if (op->in == RG_DTYPE_FLOAT32) /* hybrid: activations are quantized as they come */
        return;
    c->in[0].scale = rg_draw_scale(rng);
    c->in[0].zero_point = draw_zero_point(rng, op->in);
    c->out[0].scale = draw_out_scale(rng, &c->in[2], c->in[0].scale * c->in[1].scale, sizes->depth);
    c->out[0].zero_point = draw_zero_point(rng, op->out);
}

void rg_weighted_bench(const rg_op *op, const rg_weighted *sizes, rg_case *c) {
    bool bytes = op->in == RG_DTYPE_UINT8, wide = op->in == RG_DTYPE_INT16;
    put(op, sizes, c);
    if (op->weights == RG_DTYPE_FLOAT32)
        return;
    c->in[1].per_channel = sizes->may_per_channel && !bytes;
    c->in[1].scale = c->in[1].per_channel ? 0.01f : 0.0123f;
    c->in[1].zero_point = bytes ? 128 : 0;
    if (op->in == RG_DTYPE_FLOAT32)
        return;
    c->in[0].scale = 0.0235f;
    c->in[0].zero_point = bytes ? 131 : wide ? 0 : 3;
    c->out[0].scale = (float)(0.0235f * 0.0123f * 74 * 73 * sqrt(sizes->depth) / 50);
    c->out[0].zero_point = bytes ? 123 : wide ? 0 : -5;
}
