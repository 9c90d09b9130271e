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
    rg_weighted_draw(op, &sizes, rng, c);
    if (op->weights == RG_DTYPE_INT8 && !c->in[1].per_channel && rg_draw_one_in(rng, 8))
        c->in[1].zero_point = rg_draw_int(rng, -128, 127);
    rg_case_word(c, "activation", rg_draw_activation(rng));
    if (ranked && rg_draw_one_in(rng, 2))
        rg_case_int(c, "keep_num_dims", 1);
}

static bool bench(const rg_op *op, size_t index, rg_case *c) {
    if (index >= N_PROBLEMS)
        return false;
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
