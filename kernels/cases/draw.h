/* draw.h: what case sets share: drawing sizes, quantizations and small constants from a seeded
 * stream. The same state of the stream gives the same problem on every machine. */
#ifndef RG_KERNELS_CASES_DRAW_H
#define RG_KERNELS_CASES_DRAW_H

#include <stdio.h>

#include "bench/iface/case.h"

/* Uniform in [low, high]. */
int32_t rg_draw_int(rg_rng *rng, int32_t low, int32_t high);

/* True once in `n` calls on average. */
bool rg_draw_one_in(rg_rng *rng, uint32_t n);

/* 1 to `most`, small sizes as likely as large ones; often a multiple of 8 or one beside it. */
int32_t rg_draw_size(rg_rng *rng, int32_t most);

/* A shape of `rank` dimensions with at most `most` elements. */
rg_shape rg_draw_shape(rg_rng *rng, uint32_t rank, int32_t most);

/* Now and then a row whose length is a power of two from 1024 to 16384 or one beside it, where
 * kernels cut their work into tiles; else as rg_draw_shape. */
rg_shape rg_draw_row_or_shape(rg_rng *rng, uint32_t rank, int32_t most);

/* A positive scale, mostly of 1e-3 to 1, now and then a power of two, rarely extreme. */
float rg_draw_scale(rg_rng *rng);

/* A tensor of `dtype`: 8-bit types with a drawn scale and zero point (the ends of the type among
 * them), int16 with zero point 0, others unquantized. */
rg_case_tensor rg_draw_tensor(rg_rng *rng, rg_dtype dtype, rg_shape shape);

/* An element type for operators that move bytes, when `dtype` is any; else `dtype`. */
rg_dtype rg_draw_dtype(rg_rng *rng, rg_dtype dtype);

/* An int32 constant of `n` numbers, as a row. */
rg_case_tensor rg_draw_numbers(const int32_t *numbers, uint32_t n);

/* "same", "valid", or "explicit" with borders below the kernel's sides, which it adds to the case.
 */
const char *rg_draw_padding(rg_rng *rng, int32_t kernel_h, int32_t kernel_w, rg_case *c);

/* A word of the fused activations that are ranges. */
const char *rg_draw_activation(rg_rng *rng);

/* A plain tensor of a bench case: one scale where `dtype` is quantized. */
rg_case_tensor rg_bench_tensor(rg_dtype dtype, rg_shape shape, float scale, int32_t zero_point);

/* A shape in place. */
#define RG_SHAPE_OF(...)                                                                           \
    ((rg_shape){sizeof((int32_t[]){__VA_ARGS__}) / sizeof(int32_t), {__VA_ARGS__}})

#endif
