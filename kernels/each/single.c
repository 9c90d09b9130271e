/* single.c: functions of one float32 that plain C computes as fast as anything once it is compiled
 * for the level: the reference's own expressions, so its bytes. Functions of the C library are left
 * to the reference. */
#include "kernels/each/level.h"
#include "kernels/ref/need.h"
#include "kernels/ref/unary.h"

static float alpha_of(const rg_op_call *call) {
    return call->op->params ? (float)((const rg_leaky_params *)call->params)->alpha : 0;
}

#define ROW(word, value)                                                                           \
    static void word##_steps(const float *restrict in, float *restrict out, size_t n,              \
                             float alpha) {                                                        \
        (void)alpha;                                                                               \
        for (size_t i = 0; i < n; i++) {                                                           \
            float x = in[i];                                                                       \
            out[i] = value;                                                                        \
        }                                                                                          \
    }                                                                                              \
    static void word##_run(const rg_op_call *call, const void *packed, const void *const *in,      \
                           void *const *out, size_t first_tile, size_t last_tile, void *scratch) { \
        (void)packed;                                                                              \
        (void)scratch;                                                                             \
        size_t at, end;                                                                            \
        rg_tile_range(call, first_tile, last_tile, &at, &end);                                     \
        word##_steps((const float *)in[0] + at, (float *)out[0] + at, end - at, alpha_of(call));   \
    }                                                                                              \
    RG_KERNEL(word##_f32) = {RG_KERNEL_HEAD(word##_f32),                                           \
                             .summary = "The reference's expression in vectors of this level",     \
                             .tiles = rg_tiles_each, .run = word##_run}

ROW(relu, rg_relu_f32(x));
ROW(relu6, rg_relu6_f32(x));
ROW(relu_n1_to_1, rg_relu_n1_to_1_f32(x));
ROW(relu_0_to_1, rg_relu_0_to_1_f32(x));
ROW(leaky_relu, rg_leaky_relu_f32(x, alpha));
ROW(hard_swish, rg_hard_swish_f32(x));
ROW(abs, rg_abs_f32(x));
ROW(neg, rg_neg_f32(x));
ROW(square, rg_square_f32(x));
ROW(sqrt, rg_sqrt_f32(x));
ROW(rsqrt, rg_rsqrt_f32(x));
ROW(floor, rg_floor_f32(x));
ROW(ceil, rg_ceil_f32(x));
ROW(round, rg_round_f32(x));
