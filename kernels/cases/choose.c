/* choose.c: problems of operators that choose, repeat and convert: gather, gather_nd, tile,
 * broadcast_to, split_v, mirror_pad, blocks to batches and back, arg_max, arg_min, select, cast. */
#include <string.h>

#include "kernels/cases/draw.h"

/* An input 0 of any type, with the output alike. */
static rg_shape put_source(const rg_op *op, rg_rng *rng, uint32_t rank, rg_case *c) {
    rg_shape shape = rg_draw_shape(rng, rank, 3000);
    c->n_out = 1;
    c->in[0] = rg_draw_tensor(rng, rg_draw_dtype(rng, op->in), shape);
    c->out[0] = c->in[0];
    c->out[0].shape = (rg_shape){0};
    return shape;
}

/* Numbers in [0, most), known at run time only. */
static rg_case_tensor indices(rg_rng *rng, rg_shape shape, int32_t most) {
    rg_case_tensor t = {.dtype = rg_draw_one_in(rng, 2) ? RG_DTYPE_INT32 : RG_DTYPE_INT64};
    t.shape = shape;
    t.low = rg_draw_one_in(rng, 4) ? -2 : 0; /* beyond the ends: the nearest inside */
    t.high = most - (t.low == 0);
    t.high = t.high > t.low ? t.high : t.low + 1;
    return t;
}

static void draw_gather(const rg_op *op, rg_rng *rng, rg_case *c) {
    rg_shape from = put_source(op, rng, (uint32_t)rg_draw_int(rng, 1, 4), c);
    uint32_t axis = rg_rng_below(rng, from.rank), batch = 0;
    rg_shape numbers = rg_draw_shape(rng, (uint32_t)rg_draw_int(rng, 1, 2), 40);
    if (axis > 0 && rg_draw_one_in(rng, 3)) {
        batch = 1;
        numbers.dim[0] = from.dim[0];
    }
    c->n_in = 2;
    c->in[1] = indices(rng, numbers, from.dim[axis]);
    rg_case_int(c, "axis",
                rg_draw_one_in(rng, 3) ? (int32_t)axis - (int32_t)from.rank : (int32_t)axis);
    rg_case_int(c, "batch_dims", batch);
}

static void draw_gather_nd(const rg_op *op, rg_rng *rng, rg_case *c) {
    rg_shape from = put_source(op, rng, (uint32_t)rg_draw_int(rng, 1, 4), c);
    c->n_in = 2;
    c->in[1] =
        indices(rng, RG_SHAPE_OF(rg_draw_int(rng, 1, 20), rg_draw_int(rng, 1, (int32_t)from.rank)),
                from.dim[0]);
}

static void draw_tile(const rg_op *op, rg_rng *rng, rg_case *c) {
    rg_shape from = put_source(op, rng, (uint32_t)rg_draw_int(rng, 1, 4), c);
    int32_t times[RG_MAX_RANK];
    for (uint32_t d = 0; d < from.rank; d++)
        times[d] = rg_draw_int(rng, 1, 3);
    c->n_in = 2;
    c->in[1] = rg_draw_numbers(times, from.rank);
}

static void draw_broadcast_to(const rg_op *op, rg_rng *rng, rg_case *c) {
    rg_shape to = put_source(op, rng, (uint32_t)rg_draw_int(rng, 1, 4), c);
    for (uint32_t d = 0; d < to.rank; d++)
        c->in[0].shape.dim[d] = rg_draw_one_in(rng, 2) ? 1 : to.dim[d];
    c->n_in = 2;
    c->in[1] = rg_draw_numbers(to.dim, to.rank);
}

static void draw_split_v(const rg_op *op, rg_rng *rng, rg_case *c) {
    rg_shape from = put_source(op, rng, (uint32_t)rg_draw_int(rng, 1, 4), c);
    int32_t axis = (int32_t)rg_rng_below(rng, from.rank), parts = rg_draw_int(rng, 1, 3), sizes[3];
    c->in[0].shape.dim[axis] = 0;
    for (int32_t i = 0; i < parts; i++)
        c->in[0].shape.dim[axis] += sizes[i] = rg_draw_int(rng, 1, 5);
    if (rg_draw_one_in(rng, 2))
        sizes[rg_rng_below(rng, (uint32_t)parts)] = -1;
    c->n_in = 3;
    c->in[1] = rg_draw_numbers(sizes, (uint32_t)parts);
    c->in[2] = rg_draw_numbers(&axis, 1);
    c->n_out = (uint32_t)parts;
    for (int32_t i = 1; i < parts; i++)
        c->out[i] = c->out[0];
}

static void draw_mirror_pad(const rg_op *op, rg_rng *rng, rg_case *c) {
    rg_shape from = put_source(op, rng, (uint32_t)rg_draw_int(rng, 1, 4), c);
    int32_t pads[2 * RG_MAX_RANK];
    bool symmetric = rg_draw_one_in(rng, 2);
    for (uint32_t i = 0; i < 2 * from.rank; i++) {
        int32_t most = from.dim[i / 2] - !symmetric;
        pads[i] = rg_draw_int(rng, 0, most < 3 ? most : 3);
    }
    c->n_in = 2;
    c->in[1] = rg_draw_numbers(pads, 2 * from.rank);
    c->in[1].shape = RG_SHAPE_OF((int32_t)from.rank, 2);
    rg_case_word(c, "mode", symmetric ? "symmetric" : "reflect");
}

/* The pixels are drawn in blocks; edges take some of them away. */
static void draw_blocks(const rg_op *op, rg_rng *rng, rg_case *c) {
    bool to_batch = !strcmp(op->kind, "space_to_batch_nd");
    int32_t block[] = {rg_draw_int(rng, 1, 3), rg_draw_int(rng, 1, 3)}, edges[4];
    int32_t blocks[] = {rg_draw_int(rng, 2, 6), rg_draw_int(rng, 2, 6)};
    put_source(op, rng, 4, c);
    for (int i = 0; i < 4; i++)
        edges[i] = rg_draw_int(rng, 0, block[i / 2] - 1);
    int32_t *dim = c->in[0].shape.dim;
    dim[0] = rg_draw_int(rng, 1, 3) * (to_batch ? 1 : block[0] * block[1]);
    dim[3] = rg_draw_size(rng, 20);
    for (int i = 0; i < 2; i++)
        dim[i + 1] = to_batch ? blocks[i] * block[i] - edges[2 * i] - edges[2 * i + 1] : blocks[i];
    c->n_in = 3;
    c->in[1] = rg_draw_numbers(block, 2);
    c->in[2] = rg_draw_numbers(edges, 4);
    c->in[2].shape = RG_SHAPE_OF(2, 2);
}

static void draw_arg(const rg_op *op, rg_rng *rng, rg_case *c) {
    rg_shape from = put_source(op, rng, (uint32_t)rg_draw_int(rng, 1, 4), c);
    int32_t axis = (int32_t)rg_rng_below(rng, 2 * from.rank) - (int32_t)from.rank;
    c->n_in = 2;
    c->in[1] = rg_draw_numbers(&axis, 1);
    c->out[0] = (rg_case_tensor){.dtype = rg_draw_one_in(rng, 2) ? RG_DTYPE_INT32 : RG_DTYPE_INT64};
    if (rg_draw_one_in(rng, 2)) { /* many equals */
        c->in[0].low = -2;
        c->in[0].high = 2;
    }
    if (op->in == RG_DTYPE_UINT8)
        c->in[0].low = c->in[0].high = 0;
}

static void draw_select(const rg_op *op, rg_rng *rng, rg_case *c) {
    rg_shape shape = rg_draw_shape(rng, (uint32_t)rg_draw_int(rng, 1, 4), 3000);
    c->n_in = 3;
    c->n_out = 1;
    c->in[0] = (rg_case_tensor){.dtype = RG_DTYPE_BOOL, .shape = shape};
    c->in[1] = rg_draw_tensor(rng, rg_draw_dtype(rng, RG_DTYPE_ANY), shape);
    c->in[2] = c->out[0] = c->in[1];
    c->out[0].shape = (rg_shape){0};
    if (!strcmp(op->kind, "select"))
        c->in[0].shape = rg_draw_one_in(rng, 2) ? shape : RG_SHAPE_OF(shape.dim[0]);
    for (uint32_t d = 0; !strcmp(op->kind, "select_v2") && d < shape.rank; d++)
        c->in[rg_rng_below(rng, 3)].shape.dim[d] = 1;
}

static void draw_cast(const rg_op *op, rg_rng *rng, rg_case *c) {
    (void)op;
    c->n_in = c->n_out = 1;
    c->in[0].dtype = rg_draw_dtype(rng, RG_DTYPE_ANY);
    c->in[0].shape = rg_draw_shape(rng, (uint32_t)rg_draw_int(rng, 1, 4), 3000);
    c->out[0].dtype = rg_draw_dtype(rng, RG_DTYPE_ANY);
    c->in[0].low = rg_draw_one_in(rng, 2) ? -1 : 0;
    c->in[0].high = c->in[0].low < 0 ? 1 : 0;
    if (c->in[0].dtype == RG_DTYPE_UINT8)
        c->in[0].low = c->in[0].high = 0;
    if (c->in[0].dtype == RG_DTYPE_FLOAT32) { /* beyond the ends of the integers */
        static const double ends[] = {4, 300, 70000, 5e9};
        c->in[0].high = ends[rg_rng_below(rng, 4)];
        c->in[0].low = -c->in[0].high;
    }
}

#define ROW(word, how) const rg_case_set rg_case_set_##word = {#word, how, NULL}
ROW(gather, draw_gather);
ROW(gather_nd, draw_gather_nd);
ROW(tile, draw_tile);
ROW(broadcast_to, draw_broadcast_to);
ROW(split_v, draw_split_v);
ROW(mirror_pad, draw_mirror_pad);
ROW(space_to_batch_nd, draw_blocks);
ROW(batch_to_space_nd, draw_blocks);
ROW(arg_max, draw_arg);
ROW(arg_min, draw_arg);
ROW(select, draw_select);
ROW(select_v2, draw_select);
ROW(cast, draw_cast);
