/* activation.h: fused activations as ranges that results are clamped to. */
#ifndef RG_KERNELS_REF_ACTIVATION_H
#define RG_KERNELS_REF_ACTIVATION_H

#include "bench/core/err.h"
#include "bench/core/tensor.h"

/* Indexes into rg_activation_words; tanh and sign_bit exist in files and are refused. */
typedef enum rg_activation {
    RG_ACTIVATION_NONE,
    RG_ACTIVATION_RELU,
    RG_ACTIVATION_RELU_N1_TO_1,
    RG_ACTIVATION_RELU6,
    RG_ACTIVATION_TANH,
    RG_ACTIVATION_SIGN_BIT,
} rg_activation;
extern const char *const rg_activation_words[];

/* The field row of a parameter struct with an `int activation`. */
#define RG_ACTIVATION_FIELD(type)                                                                  \
    {                                                                                              \
        "activation", RG_FIELD_CHOICE, offsetof(type, activation), "none", 0, 0,                   \
            rg_activation_words, "", "fused activation: a range that results are clamped to"       \
    }

/* RG_UNSUPPORTED for activations that are no range. */
rg_status rg_activation_check(int activation, rg_err *err);

/* Range of quantized outputs: limits divided by the scale in float32, halves away from zero, moved
 * to the zero point, within the 8-bit type. `out` has one scale. */
void rg_activation_range(int activation, const rg_tensor *out, int32_t *ret_low, int32_t *ret_high);

/* Range of float outputs; none: the finite floats. */
void rg_activation_range_f32(int activation, float *ret_low, float *ret_high);

/* Clamps as TFLite does: NaN stays NaN. */
static inline float rg_clamp_f32(float v, float low, float high) {
    v = v < low ? low : v;
    return high < v ? high : v;
}

#endif
