/* copy.h: runs of bytes copied without a call, for moves of many short ones; shared by the kernels
 * that move elements. */
#ifndef RG_KERNELS_EACH_COPY_H
#define RG_KERNELS_EACH_COPY_H

#include "kernels/each/level.h"

#if defined(RG_LEVEL)

/* Sixteen bytes side by side. */
#if defined(__aarch64__)
typedef uint8x16_t rg_lane;
static inline rg_lane rg_lane_load(const void *at) {
    return vld1q_u8(at);
}
static inline void rg_lane_store(void *at, rg_lane v) {
    vst1q_u8(at, v);
}
#else
typedef __m128i rg_lane;
static inline rg_lane rg_lane_load(const void *at) {
    return _mm_loadu_si128(at);
}
static inline void rg_lane_store(void *at, rg_lane v) {
    _mm_storeu_si128(at, v);
}
#endif

/* n bytes: ends overlap where no vector fits whole. */
static inline void rg_copy_run(char *to, const char *from, size_t n) {
    if (n >= 512 || n < 4) {
        memcpy(to, from, n);
    } else if (n >= 16) {
        for (size_t i = 0; i + 16 < n; i += 16)
            rg_lane_store(to + i, rg_lane_load(from + i));
        rg_lane_store(to + n - 16, rg_lane_load(from + n - 16));
    } else {
        size_t half = n >= 8 ? 8 : 4;
        char first[8], last[8];
        memcpy(first, from, half);
        memcpy(last, from + n - half, half);
        memcpy(to, first, half);
        memcpy(to + n - half, last, half);
    }
}

#endif

#endif
