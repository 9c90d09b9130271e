/* fully_connected.c: made-up matrix products: rows x depth times outputs x depth. */
#include <stdio.h>

#include "kernels/cases/weighted.h"

/* Names as in the comparison with other libraries: rows, outputs, depth. */
static const struct {
    int32_t rows, outputs, depth;
} problems[] = {
    {1, 1024, 1024}, {128, 128, 128}, {196, 512, 512}, {1024, 1024, 1024}, {512, 2048, 512},
    {1, 128, 640},   {1, 640, 128},   {1, 1000, 1280}, {1, 12, 64},        {2, 256, 256},
    {3, 100, 300},   {4, 512, 384},   {5, 64, 127},    {8, 1024, 1024},    {7, 33, 65},
    {64, 10, 1001},  {1000, 16, 32},  {16, 1000, 30},
};
enum { N_PROBLEMS = sizeof problems / sizeof problems[0] };

/* int4 weights in blocks, as small language models have them: one token, then a prompt. */
static const struct {
    int32_t rows, outputs, depth, block;
} block_problems[] = {
    {1, 2048, 2048, 32}, {1, 8192, 2048, 32},  {1, 2048, 8192, 128},
    {1, 896, 896, 64},   {128, 896, 4864, 64}, {64, 2048, 2048, 32},
};
enum { N_BLOCK_PROBLEMS = sizeof block_problems / sizeof block_problems[0] };

/* Scales of blocks along the depth, as input 3; the weights have none of their own, as in files. */
static void put_blocks(const rg_op *op, int32_t outputs, int32_t blocks, rg_case *c) {
    rg_case_tensor t = {.dtype = RG_DTYPE_FLOAT32, .constant = true, .low = 0.001, .high = 0.02};
    t.shape = (rg_shape){2, {outputs, blocks}};
    c->in[3] = t;
    c->n_in = 4;
    c->in[1].scale = 0;
    c->in[1].per_channel = false;
    if (op->in != RG_DTYPE_FLOAT32) /* the bias has no scale to follow from others */
        c->in[2].scale = 0.0001f;
}

static int32_t draw_depth(rg_rng *rng) {
    return rg_draw_one_in(rng, 4) ? rg_draw_int(rng, 129, 900) : rg_draw_channels(rng, 160);
}

static int32_t draw_rows(rg_rng *rng) {
    if (rg_draw_one_in(rng, 3))
        return 1;
    return rg_draw_int(rng, 1, rg_draw_one_in(rng, 3) ? 70 : 9);
}

static void draw(const rg_op *op, rg_rng *rng, rg_case *c) {
    int32_t rows = draw_rows(rng), depth = draw_depth(rng), outputs = rg_draw_channels(rng, 140);
    bool ranked = rg_draw_one_in(rng, 4);
    rg_weighted sizes = {.input = {2, {rows, depth}},
                         .filter = {2, {outputs, depth}},
                         .outputs = outputs,
                         .depth = depth,
                         .may_per_channel = true};
    if (ranked)
        sizes.input = (rg_shape){3, {rg_draw_int(rng, 1, 2), rows, depth}};
    bool in_blocks = op->weights == RG_DTYPE_INT4 && rg_draw_one_in(rng, 2);
    if (in_blocks) {
        int32_t blocks = rg_draw_int(rng, 1, 6), size = 2 * rg_draw_int(rng, 1, 40);
        sizes.input.dim[sizes.input.rank - 1] = sizes.filter.dim[1] = blocks * size;
        sizes.depth = blocks * size;
        rg_weighted_draw(op, &sizes, rng, c);
        put_blocks(op, outputs, blocks, c);
    } else {
        rg_weighted_draw(op, &sizes, rng, c);
    }
    if (op->in == RG_DTYPE_INT8 && op->weights == RG_DTYPE_INT8 && !c->in[1].per_channel &&
        rg_draw_one_in(rng, 8))
        c->in[1].zero_point = rg_draw_int(rng, -128, 127);
    rg_case_word(c, "activation", rg_draw_activation(rng));
    if (op->in == RG_DTYPE_FLOAT32 && op->weights != RG_DTYPE_FLOAT32 && rg_draw_one_in(rng, 2))
        rg_case_int(c, "asymmetric_quantize_inputs", 1);
    if (ranked && rg_draw_one_in(rng, 2))
        rg_case_int(c, "keep_num_dims", 1);
}

static bool bench_blocks(const rg_op *op, size_t index, rg_case *c) {
    if (op->weights != RG_DTYPE_INT4 || index >= N_BLOCK_PROBLEMS)
        return false;
    int32_t rows = block_problems[index].rows, outputs = block_problems[index].outputs;
    int32_t depth = block_problems[index].depth, block = block_problems[index].block;
    rg_weighted sizes = {.input = {2, {rows, depth}},
                         .filter = {2, {outputs, depth}},
                         .outputs = outputs,
                         .depth = depth};
    snprintf(c->name, sizeof c->name, "gemm_%dx%dx%d_block%d", (int)rows, (int)outputs, (int)depth,
             (int)block);
    rg_weighted_bench(op, &sizes, c);
    put_blocks(op, outputs, depth / block, c);
    return true;
}

static bool bench(const rg_op *op, size_t index, rg_case *c) {
    if (index >= N_PROBLEMS)
        return bench_blocks(op, index - N_PROBLEMS, c);
    int32_t rows = problems[index].rows, outputs = problems[index].outputs;
    int32_t depth = problems[index].depth;
    rg_weighted sizes = {.input = {2, {rows, depth}},
                         .filter = {2, {outputs, depth}},
                         .outputs = outputs,
                         .depth = depth};
    snprintf(c->name, sizeof c->name, "gemm_%dx%dx%d", (int)rows, (int)outputs, (int)depth);
    rg_weighted_bench(op, &sizes, c);
    rg_case_word(c, "activation", "none");
    return true;
}

const rg_case_set rg_case_set_fully_connected = {
    .kind = "fully_connected", .draw = draw, .bench = bench};
