/* floats.h: as many float32 or int32 side by side as the level has them; shared by the float32
 * kernels of this folder. Arithmetic is written with C's operators: each lane rounds as the
 * reference does. Larger and smaller keep the reference's first operand where two are equal or one
 * is no number. */
#ifndef RG_KERNELS_EACH_FLOATS_H
#define RG_KERNELS_EACH_FLOATS_H

#include "kernels/each/level.h"

#if defined(RG_LEVEL)

enum { RG_FLOATS = RG_VEC_BYTES / 4 }; /* lanes */
typedef float rg_floats __attribute__((vector_size(RG_VEC_BYTES)));
typedef int32_t rg_ints __attribute__((vector_size(RG_VEC_BYTES)));

static inline rg_floats rg_floats_load(const float *at) {
    rg_floats v;
    memcpy(&v, at, sizeof v);
    return v;
}
static inline void rg_floats_store(float *at, rg_floats v) {
    memcpy(at, &v, sizeof v);
}
static inline rg_ints rg_ints_load(const int32_t *at) {
    rg_ints v;
    memcpy(&v, at, sizeof v);
    return v;
}
static inline rg_floats rg_floats_fill(float x) {
    return (rg_floats){0} + x;
}

/* The low bytes of all lanes. (Compilers turn a conversion of vectors into long chains.) */
static inline void rg_ints_store_bytes(void *at, rg_ints v) {
#if defined(__AVX512F__)
    _mm_storeu_si128(at, _mm512_cvtepi32_epi8((__m512i)v));
#elif defined(__AVX2__)
    __m256i low = (__m256i)(v & 255);
    __m128i two = _mm_packus_epi32(_mm256_castsi256_si128(low), _mm256_extracti128_si256(low, 1));
    _mm_storel_epi64(at, _mm_packus_epi16(two, two));
#else
    uint16x4_t two = vmovn_u32(vreinterpretq_u32_s32(v));
    uint32_t four = vget_lane_u32(vreinterpret_u32_u8(vmovn_u16(vcombine_u16(two, two))), 0);
    memcpy(at, &four, sizeof four);
#endif
}

/* a < b ? b : a, and b < a ? b : a */
#if defined(__AVX512F__)
static inline rg_floats rg_floats_max(rg_floats a, rg_floats b) {
    return (rg_floats)_mm512_max_ps((__m512)b, (__m512)a);
}
static inline rg_floats rg_floats_min(rg_floats a, rg_floats b) {
    return (rg_floats)_mm512_min_ps((__m512)b, (__m512)a);
}
#elif defined(__AVX2__)
static inline rg_floats rg_floats_max(rg_floats a, rg_floats b) {
    return (rg_floats)_mm256_max_ps((__m256)b, (__m256)a);
}
static inline rg_floats rg_floats_min(rg_floats a, rg_floats b) {
    return (rg_floats)_mm256_min_ps((__m256)b, (__m256)a);
}
#else
static inline rg_floats rg_floats_max(rg_floats a, rg_floats b) {
    return vbslq_f32(vcltq_f32(a, b), b, a);
}
static inline rg_floats rg_floats_min(rg_floats a, rg_floats b) {
    return vbslq_f32(vcltq_f32(b, a), b, a);
}
#endif

#endif

#endif
