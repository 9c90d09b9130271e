/* unary.h: parameters of functions of one value, and those of float32, shared by the references and
 * the fast kernels. */
#ifndef RG_KERNELS_REF_UNARY_H
#define RG_KERNELS_REF_UNARY_H

#include <math.h>

#include "bench/iface/op.h"
#include "kernels/ref/activation.h"

typedef struct rg_leaky_params {
    double alpha;
} rg_leaky_params;

typedef struct rg_gelu_params {
    bool approximate;
} rg_gelu_params;

/* Their rows. */
extern const rg_field rg_leaky_fields[], rg_gelu_fields[];

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

static inline float rg_logistic_f32(float x) {
    return 1.0f / (1.0f + expf(-x));
}

static inline float rg_elu_f32(float x) {
    return x < 0 ? expm1f(x) : x;
}

static inline float rg_gelu_f32(float x) {
    return 0.5f * x * erfcf(x * -0.70710678f);
}

static inline float rg_gelu_by_tanh_f32(float x) {
    return 0.5f * x * (1.0f + tanhf(0.79788456f * (x + 0.044715f * x * x * x)));
}

/* The function that a call's `approximate` asks for. */
static inline float (*rg_gelu_of(const rg_op_call *call))(float) {
    return ((const rg_gelu_params *)call->params)->approximate ? rg_gelu_by_tanh_f32 : rg_gelu_f32;
}

#endif
