/* level.h: what the sources of this folder share. Each is compiled once for every level of
 * instructions that it is listed under in kernels/meson.build, with RG_LEVEL set to the level's
 * name; its kernels carry that name. Vectors of bytes are as long as the level has them. */
#ifndef RG_KERNELS_EACH_LEVEL_H
#define RG_KERNELS_EACH_LEVEL_H

#include <string.h>

#include "bench/iface/kernel.h"

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#define RG_PASTE_(a, b) a##_##b
#define RG_PASTE(a, b) RG_PASTE_(a, b)
#define RG_TEXT_(a) #a
#define RG_TEXT(a) RG_TEXT_(a)

/* `const rg_kernel` of operator `id` at this level, and its first three members. */
#define RG_KERNEL(id) const rg_kernel RG_PASTE(rg_kernel_##id, RG_LEVEL)
#define RG_KERNEL_HEAD(id) .name = #id "_" RG_TEXT(RG_LEVEL), .op = #id, .isa = RG_TEXT(RG_LEVEL)

/* Bytes side by side. (Without a level there are none: the headers alone still compile.) */
#if defined(RG_LEVEL)
#if defined(__AVX2__)
#if defined(__AVX512BW__)
#define RG_VEC(does) _mm512_##does
#define RG_VEC_BITS(does) _mm512_##does##_si512
typedef __m512i rg_vec;
#else
#define RG_VEC(does) _mm256_##does
#define RG_VEC_BITS(does) _mm256_##does##_si256
typedef __m256i rg_vec;
#endif
static inline rg_vec rg_vec_load(const void *at) {
    return RG_VEC_BITS(loadu)(at);
}
static inline void rg_vec_store(void *at, rg_vec v) {
    RG_VEC_BITS(storeu)(at, v);
}
static inline rg_vec rg_vec_fill(int8_t byte) {
    return RG_VEC(set1_epi8)(byte);
}
static inline rg_vec rg_vec_flip(rg_vec a, rg_vec b) {
    return RG_VEC_BITS(xor)(a, b);
}
static inline rg_vec rg_vec_max(rg_vec a, rg_vec b) {
    return RG_VEC(max_epi8)(a, b);
}
static inline rg_vec rg_vec_min(rg_vec a, rg_vec b) {
    return RG_VEC(min_epi8)(a, b);
}
static inline rg_vec rg_vec_max_u8(rg_vec a, rg_vec b) {
    return RG_VEC(max_epu8)(a, b);
}
static inline rg_vec rg_vec_min_u8(rg_vec a, rg_vec b) {
    return RG_VEC(min_epu8)(a, b);
}
#elif defined(__aarch64__)
typedef int8x16_t rg_vec;
static inline rg_vec rg_vec_load(const void *at) {
    return vld1q_s8(at);
}
static inline void rg_vec_store(void *at, rg_vec v) {
    vst1q_s8(at, v);
}
static inline rg_vec rg_vec_fill(int8_t byte) {
    return vdupq_n_s8(byte);
}
static inline rg_vec rg_vec_flip(rg_vec a, rg_vec b) {
    return veorq_s8(a, b);
}
static inline rg_vec rg_vec_max(rg_vec a, rg_vec b) {
    return vmaxq_s8(a, b);
}
static inline rg_vec rg_vec_min(rg_vec a, rg_vec b) {
    return vminq_s8(a, b);
}
static inline rg_vec rg_vec_max_u8(rg_vec a, rg_vec b) {
    return vreinterpretq_s8_u8(vmaxq_u8(vreinterpretq_u8_s8(a), vreinterpretq_u8_s8(b)));
}
static inline rg_vec rg_vec_min_u8(rg_vec a, rg_vec b) {
    return vreinterpretq_s8_u8(vminq_u8(vreinterpretq_u8_s8(a), vreinterpretq_u8_s8(b)));
}
#endif

enum { RG_VEC_BYTES = sizeof(rg_vec) };
#endif

#endif
