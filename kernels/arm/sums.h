/* sums.h: integer sums of up to 4 rows by 16 columns, int8 weights times rows that lie in a strip
 * of scratch: with SMLAL on any Armv8 core, SDOT or SMMLA where the file that includes this is
 * compiled for them. The gemm_*.c and batch_matmul.c beside it arrange memory and turn sums into
 * outputs. Sums wrap like the reference's. */
#ifndef RG_KERNELS_ARM_SUMS_H
#define RG_KERNELS_ARM_SUMS_H

#ifdef __aarch64__
#include <arm_neon.h>
#include <stdint.h>
#include <string.h>

#define ALWAYS static inline __attribute__((always_inline))
#ifdef __clang__
#define UNROLL _Pragma("unroll")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

/* A tile; vectors of four columns. */
enum { ROWS = 4, COLS = 16, VECS = COLS / 4 };

/* Elements of a strip are int16 where SMLAL multiplies, else bytes. DEPTH of them are a unit: its
 * weights are DEPTH of each column, one column after the other. A last unit that is not full holds
 * weights of 0; what the strip has there does not matter, but up to DEPTH - 1 elements behind the
 * last row are read. */
#if defined(__ARM_FEATURE_MATMUL_INT8)
enum { DEPTH = 8 };
typedef int8_t strip_t;
#elif defined(__ARM_FEATURE_DOTPROD)
enum { DEPTH = 4 };
typedef int8_t strip_t;
#else
enum { DEPTH = 1 };
typedef int16_t strip_t;
#endif

/* Bytes of the weights of a unit; units that `n` elements take. */
enum { UNIT = DEPTH * COLS };
static inline int64_t units_of(int64_t n) {
    return (n + DEPTH - 1) / DEPTH;
}

/* Where the weight of element `k` and column `col` lies. */
static inline int64_t weight_at(int64_t k, int64_t col) {
    return k / DEPTH * UNIT + col * DEPTH + k % DEPTH;
}

/* Sums as they grow; in order of rows and columns once sums_end has been called. */
typedef struct sums {
    int32x4_t v[ROWS][VECS];
} sums;

ALWAYS void sums_zero(sums *s) {
    UNROLL
    for (int i = 0; i < ROWS * VECS; i++)
        s->v[i / VECS][i % VECS] = vdupq_n_s32(0);
}

#if defined(__ARM_FEATURE_MATMUL_INT8)
/* Registers hold two rows by two columns: rows 2p and 2p + 1 by columns 2j and 2j + 1 are vector
 * 8p + j. */
ALWAYS void sums_unit(int rows, const int8x16_t a[2], const int8_t *w, sums *s) {
    UNROLL
    for (int j = 0; j < COLS / 2; j++) {
        int8x16_t b = vld1q_s8(w + 16 * j);
        UNROLL
        for (int p = 0; p < (rows + 1) / 2; p++)
            s->v[2 * p + j / VECS][j % VECS] =
                vmmlaq_s32(s->v[2 * p + j / VECS][j % VECS], a[p], b);
    }
}

/* An odd last row is its own neighbour. */
ALWAYS void sums_add(int rows, const strip_t *const *x, int64_t units, const int8_t *w, sums *s) {
    int8x16_t first[2], second[2];
    int64_t u = 0;
    for (; u + 2 <= units; u += 2, w += 2 * UNIT) {
        UNROLL
        for (int p = 0; p < (rows + 1) / 2; p++) {
            int r = 2 * p + 1 < rows ? 2 * p + 1 : 2 * p;
            int64x2_t a = vreinterpretq_s64_s8(vld1q_s8(x[2 * p] + u * DEPTH));
            int64x2_t b = vreinterpretq_s64_s8(vld1q_s8(x[r] + u * DEPTH));
            first[p] = vreinterpretq_s8_s64(vzip1q_s64(a, b));
            second[p] = vreinterpretq_s8_s64(vzip2q_s64(a, b));
        }
        sums_unit(rows, first, w, s);
        sums_unit(rows, second, w + UNIT, s);
    }
    if (u == units)
        return;
    UNROLL
    for (int p = 0; p < (rows + 1) / 2; p++) {
        int r = 2 * p + 1 < rows ? 2 * p + 1 : 2 * p;
        first[p] = vcombine_s8(vld1_s8(x[2 * p] + u * DEPTH), vld1_s8(x[r] + u * DEPTH));
    }
    sums_unit(rows, first, w, s);
}

ALWAYS void sums_end(int rows, sums *s) {
    UNROLL
    for (int p = 0; p < (rows + 1) / 2; p++) {
        int32x4_t v[2 * VECS];
        UNROLL
        for (int j = 0; j < 2 * VECS; j++)
            v[j] = s->v[2 * p + j / VECS][j % VECS];
        UNROLL
        for (int g = 0; g < VECS; g++) {
            int64x2_t a = vreinterpretq_s64_s32(v[2 * g]);
            int64x2_t b = vreinterpretq_s64_s32(v[2 * g + 1]);
            s->v[2 * p][g] = vreinterpretq_s32_s64(vzip1q_s64(a, b));
            s->v[2 * p + 1][g] = vreinterpretq_s32_s64(vzip2q_s64(a, b));
        }
    }
}
#else
#if defined(__ARM_FEATURE_DOTPROD)
/* Four elements of each row, lane `lane` of a[row], times a unit of weights. */
#define SUMS_STEP(lane)                                                                            \
    UNROLL                                                                                         \
    for (int g = 0; g < VECS; g++) {                                                               \
        int8x16_t b = vld1q_s8(w + (lane)*UNIT + 16 * g);                                          \
        UNROLL                                                                                     \
        for (int r = 0; r < rows; r++)                                                             \
            s->v[r][g] = vdotq_laneq_s32(s->v[r][g], b, a[r], lane);                               \
    }

ALWAYS void sums_add(int rows, const strip_t *const *x, int64_t units, const int8_t *w, sums *s) {
    int8x16_t a[ROWS];
    int64_t u = 0;
    for (; u + 4 <= units; u += 4, w += 4 * UNIT) {
        UNROLL
        for (int r = 0; r < rows; r++)
            a[r] = vld1q_s8(x[r] + u * DEPTH);
        SUMS_STEP(0)
        SUMS_STEP(1)
        SUMS_STEP(2)
        SUMS_STEP(3)
    }
    for (; u < units; u++, w += UNIT) {
        UNROLL
        for (int r = 0; r < rows; r++) {
            int32_t four;
            memcpy(&four, x[r] + u * DEPTH, sizeof four);
            a[r] = vreinterpretq_s8_s32(vdupq_n_s32(four));
        }
        SUMS_STEP(0)
    }
}
#else
/* One element of each row, lane `lane` of a[row], times its weights. */
#define SUMS_STEP(lane)                                                                            \
    {                                                                                              \
        int8x16_t bytes = vld1q_s8(w + (lane)*UNIT);                                               \
        int16x8_t low = vmovl_s8(vget_low_s8(bytes)), high = vmovl_high_s8(bytes);                 \
        UNROLL                                                                                     \
        for (int r = 0; r < rows; r++) {                                                           \
            s->v[r][0] = vmlal_lane_s16(s->v[r][0], vget_low_s16(low), a[r], lane);                \
            s->v[r][1] = vmlal_high_lane_s16(s->v[r][1], low, a[r], lane);                         \
            s->v[r][2] = vmlal_lane_s16(s->v[r][2], vget_low_s16(high), a[r], lane);               \
            s->v[r][3] = vmlal_high_lane_s16(s->v[r][3], high, a[r], lane);                        \
        }                                                                                          \
    }

ALWAYS void sums_add(int rows, const strip_t *const *x, int64_t units, const int8_t *w, sums *s) {
    int16x4_t a[ROWS];
    int64_t u = 0;
    for (; u + 4 <= units; u += 4, w += 4 * UNIT) {
        UNROLL
        for (int r = 0; r < rows; r++)
            a[r] = vld1_s16(x[r] + u);
        SUMS_STEP(0)
        SUMS_STEP(1)
        SUMS_STEP(2)
        SUMS_STEP(3)
    }
    for (; u < units; u++, w += UNIT) {
        UNROLL
        for (int r = 0; r < rows; r++)
            a[r] = vdup_n_s16(x[r][u]);
        SUMS_STEP(0)
    }
}
#endif

ALWAYS void sums_end(int rows, sums *s) {
    (void)rows;
    (void)s;
}
#endif

/* Starts of the columns added to every row. */
ALWAYS void sums_start(int rows, const int32_t *start, sums *s) {
    UNROLL
    for (int g = 0; g < VECS; g++) {
        int32x4_t more = vld1q_s32(start + 4 * g);
        UNROLL
        for (int r = 0; r < rows; r++)
            s->v[r][g] = vaddq_s32(s->v[r][g], more);
    }
}
#endif

#endif
