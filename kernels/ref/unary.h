/* unary.h: functions of one float32 that need no tables and no library, shared by the reference and
 * the fast kernels. */
#ifndef RG_KERNELS_REF_UNARY_H
#define RG_KERNELS_REF_UNARY_H

#include <math.h>

#include "kernels/ref/activation.h"

typedef struct rg_leaky_params {
    double alpha;
} rg_leaky_params;

static inline float rg_relu_f32(float x) {
    return x < 0 ? 0 : x;
}

static inline float rg_relu6_f32(float x) {
    return rg_clamp_f32(x, 0, 6);
}

static inline float rg_relu_n1_to_1_f32(float x) {
    return rg_clamp_f32(x, -1, 1);
}

static inline float rg_relu_0_to_1_f32(float x) {
    return rg_clamp_f32(x, 0, 1);
}

static inline float rg_leaky_relu_f32(float x, float alpha) {
    return x > 0 ? x : x * alpha;
}

static inline float rg_hard_swish_f32(float x) {
    return x * rg_clamp_f32(x + 3, 0, 6) / 6;
}

static inline float rg_abs_f32(float x) {
    return fabsf(x);
}

static inline float rg_neg_f32(float x) {
    return -x;
}

static inline float rg_square_f32(float x) {
    return x * x;
}

static inline float rg_sqrt_f32(float x) {
    return sqrtf(x);
}

static inline float rg_rsqrt_f32(float x) {
    return 1.0f / sqrtf(x);
}

static inline float rg_floor_f32(float x) {
    return floorf(x);
}

static inline float rg_ceil_f32(float x) {
    return ceilf(x);
}

/* Halves to even. */
static inline float rg_round_f32(float x) {
    return nearbyintf(x);
}

#endif
