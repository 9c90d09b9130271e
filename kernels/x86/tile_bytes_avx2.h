/* tile_bytes_avx2.h: the inner loops of 8-bit matrix products with AVX2. Activations are distances
 * from their zero point as int16; two neighbours along K are one operand of vpmaddwd, whose other
 * operand are 16-bit weights or 8-bit ones widened when loaded. A tile is up to 6 rows x 16
 * columns. Shared by gemm_bytes_avx2.c and batch_matmul_avx2.c, which arrange memory.
 */
#ifndef RG_KERNELS_X86_TILE_BYTES_AVX2_H
#define RG_KERNELS_X86_TILE_BYTES_AVX2_H

#ifdef __AVX2__
#include <immintrin.h>
#include <string.h>

#include "kernels/ref/bytes.h"
#include "kernels/x86/requantize.h"
#include "kernels/x86/staircase.h"

enum { ROWS = 6, COLS = 16 };

#define ALWAYS static inline __attribute__((always_inline))
#ifdef __clang__
#define UNROLL _Pragma("unroll")
#else
#define UNROLL _Pragma("GCC unroll 8")
#endif

/* Reads two int16 or four bytes wherever they lie. */
typedef int32_t __attribute__((may_alias, aligned(1))) pair;

/* Head of a panel of 16 output channels; its weights follow: for each pair of K, 16 pairs. */
typedef struct panel_head {
    _Alignas(32) int32_t bias[COLS];             /* what sums start from */
    float scale[COLS], above[COLS], below[COLS]; /* of staircase.h */
    rg_requant any[COLS / 8];                    /* where that is not proven */
    bool proven;                                 /* by staircase.h */
    bool quick;                                  /* else by rg_requant_quick_avx2 */
} panel_head;

/* What all tiles of a call share. */
typedef struct product {
    rg_requant_out out;
    bool wide;              /* weights are int16 */
    int64_t steps;          /* K / 2 */
    const int32_t *offsets; /* of each step's pair, in elements, from a row's first */
    size_t panel_bytes;     /* with its weights */
} product;

/* Where a tile reads and writes. */
typedef struct tile_at {
    const int16_t *in[ROWS];
    int8_t *out[ROWS];
} tile_at;

/* Least and most sum of a channel, whatever the input. */
typedef struct range {
    int64_t least, most;
} range;

/* Bias and rounding of column `col`; what the proven formula asks to add to the bias. */
static inline int32_t pack_channel(const rg_requant_out *to, rg_factor factor, int32_t bias,
                                   range sums, int col, panel_head *ret) {
    rg_stair stair = {0};
    ret->bias[col] = bias;
    int64_t low = sums.least + bias, high = sums.most + bias;
    int64_t bound = -low > high ? -low : high;
    ret->quick &= rg_requant_fill(&ret->any[col / 8], col % 8, factor, bound);
    ret->proven &= rg_stair_prove(factor, to->zero, to->low, to->high, low, high, &stair);
    ret->scale[col] = stair.scale;
    ret->above[col] = stair.above;
    ret->below[col] = stair.below;
    return stair.move;
}

ALWAYS void store(void *at, __m256i v) {
    _mm256_storeu_si256(at, v);
}

/* n bytes to distances from the zero point. */
static inline void widen(const int8_t *from, int64_t n, rg_bytes bytes, int16_t *ret) {
    const __m128i flip = _mm_set1_epi8((char)bytes.flip);
    const __m256i zero = _mm256_set1_epi16(bytes.zero_x);
    int64_t i = 0;
    for (; i + 16 <= n; i += 16) {
        __m128i x = _mm_xor_si128(_mm_loadu_si128((const __m128i *)(from + i)), flip);
        store(ret + i, _mm256_sub_epi16(_mm256_cvtepi8_epi16(x), zero));
    }
    for (; i < n; i++)
        ret[i] = rg_byte_distance(from[i], bytes.flip, bytes.zero_x);
}

/* 16 weights: 8 channels of one pair. */
ALWAYS __m256i load_weights(bool wide, const int8_t *w) {
    return wide ? _mm256_load_si256((const __m256i *)w)
                : _mm256_cvtepi8_epi16(_mm_load_si128((const __m128i *)w));
}

/* Sums by name: clang keeps an array of them in memory. */
#define EACH_ROW(X) X(0) X(1) X(2) X(3) X(4) X(5)
#define ROW_TAKE(r)                                                                                \
    __m256i low##r = r < rows ? sum[r][0] : _mm256_setzero_si256(),                                \
            high##r = r < rows ? sum[r][1] : _mm256_setzero_si256();
#define ROW_STEP(r)                                                                                \
    if (r < rows) {                                                                                \
        __m256i x = _mm256_set1_epi32(*(const pair *)(at->in[r] + *step));                         \
        low##r = _mm256_add_epi32(low##r, _mm256_madd_epi16(x, w0));                               \
        if (!half)                                                                                 \
            high##r = _mm256_add_epi32(high##r, _mm256_madd_epi16(x, w1));                         \
    }
#define ROW_GIVE(r)                                                                                \
    if (r < rows)                                                                                  \
        sum[r][0] = low##r, sum[r][1] = high##r;

/* Adds the products of steps [step, end) to `rows` rows x 16 channels, or their first `half`. */
ALWAYS void multiply_steps(int rows, bool half, bool wide, const int32_t *step, const int32_t *end,
                           const tile_at *at, const int8_t *w, __m256i (*sum)[2]) {
    EACH_ROW(ROW_TAKE)
    for (; step < end; step++, w += wide ? 64 : 32) {
        __m256i w0 = load_weights(wide, w);
        __m256i w1 = half ? w0 : load_weights(wide, w + (wide ? 32 : 16));
        EACH_ROW(ROW_STEP)
    }
    EACH_ROW(ROW_GIVE)
}

/* Sums of `rows` pixels x 16 channels, or their first `half`, over all of K. */
ALWAYS void multiply(int rows, bool half, bool wide, const product *pr, const tile_at *at,
                     const panel_head *panel, __m256i (*sum)[2]) {
    UNROLL
    for (int r = 0; r < rows; r++) {
        sum[r][0] = _mm256_load_si256((const __m256i *)panel->bias);
        sum[r][1] = _mm256_load_si256((const __m256i *)panel->bias + 1);
    }
    multiply_steps(rows, half, wide, pr->offsets, pr->offsets + pr->steps, at,
                   (const int8_t *)(panel + 1), sum);
}

/* Eight sums to values, saturated neither to a byte nor to the activation's range. */
ALWAYS __m256i proven_values(const panel_head *panel, __m256i sum, int at) {
    __m256 real = _mm256_cvtepi32_ps(sum);
    __m256 offset = _mm256_blendv_ps(_mm256_load_ps(panel->above + at),
                                     _mm256_load_ps(panel->below + at), real);
    return _mm256_cvtps_epi32(_mm256_fmadd_ps(real, _mm256_load_ps(panel->scale + at), offset));
}

/* How sums are rounded: panel_head says which one gives the reference's values. */
typedef enum rounding { PROVEN, QUICK, ANY } rounding;

/* A row of 16 sums to values as int16; the halves of its vectors alternate. */
ALWAYS __m256i values(rounding way, const product *pr, const panel_head *panel,
                      const __m256i sum[2]) {
    const rg_requant *q = panel->any;
    if (way == PROVEN)
        return _mm256_packs_epi32(proven_values(panel, sum[0], 0), proven_values(panel, sum[1], 8));
    __m256i both = way == QUICK ? _mm256_packs_epi32(rg_requant_quick_avx2(sum[0], q),
                                                     rg_requant_quick_avx2(sum[1], q + 1))
                                : _mm256_packs_epi32(rg_requant_avx2(sum[0], q),
                                                     rg_requant_avx2(sum[1], q + 1));
    return _mm256_adds_epi16(both, _mm256_set1_epi16((int16_t)pr->out.zero));
}

/* Two rows of 16 sums to int8, in order. */
ALWAYS __m256i narrow(rounding way, const product *pr, const panel_head *panel, const __m256i a[2],
                      const __m256i b[2]) {
    const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    __m256i low = _mm256_set1_epi8((char)pr->out.low);
    __m256i high = _mm256_set1_epi8((char)pr->out.high);
    __m256i x = _mm256_packs_epi16(values(way, pr, panel, a), values(way, pr, panel, b));
    x = _mm256_min_epi8(_mm256_max_epi8(x, low), high);
    x = _mm256_permutevar8x32_epi32(x, order);
    return _mm256_xor_si256(x, _mm256_set1_epi8((char)pr->out.flip));
}

/* The first `n` of up to 16 values: by their binary digits, which calls no memcpy. */
static inline void store_some(int8_t *out, __m128i v, int64_t n) {
    if (n & 8) {
        _mm_storel_epi64((__m128i *)out, v);
        v = _mm_srli_si128(v, 8);
        out += 8;
    }
    if (n & 4) {
        _mm_storeu_si32(out, v);
        v = _mm_srli_si128(v, 4);
        out += 4;
    }
    if (n & 2) {
        _mm_storeu_si16(out, v);
        v = _mm_srli_si128(v, 2);
        out += 2;
    }
    if (n & 1)
        *out = (int8_t)_mm_extract_epi8(v, 0);
}

ALWAYS void store_row(int8_t *out, __m128i v, int64_t n) {
    if (n == COLS)
        _mm_storeu_si128((__m128i *)out, v);
    else
        store_some(out, v, n);
}

ALWAYS void store_half(int8_t *out, __m128i v, int64_t n) {
    if (n == COLS / 2)
        _mm_storel_epi64((__m128i *)out, v);
    else
        store_some(out, v, n);
}

ALWAYS void store_rows(int rows, rounding way, const product *pr, const tile_at *at,
                       const panel_head *panel, int64_t n, __m256i (*sum)[2]) {
    UNROLL
    for (int r = 0; r < rows / 2; r++) {
        __m256i both = narrow(way, pr, panel, sum[2 * r], sum[2 * r + 1]);
        store_row(at->out[2 * r], _mm256_castsi256_si128(both), n);
        store_row(at->out[2 * r + 1], _mm256_extracti128_si256(both, 1), n);
    }
    if (rows % 2) {
        __m256i one = narrow(way, pr, panel, sum[rows - 1], sum[rows - 1]);
        store_row(at->out[rows - 1], _mm256_castsi256_si128(one), n);
    }
}

/* Four rows of 8 proven values in one vector, in order. */
ALWAYS __m256i narrow_halves(const product *pr, const __m256i four[4]) {
    const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    __m256i a = _mm256_packs_epi32(four[0], four[1]), b = _mm256_packs_epi32(four[2], four[3]);
    __m256i x = _mm256_permutevar8x32_epi32(_mm256_packs_epi16(a, b), order);
    x = _mm256_max_epi8(x, _mm256_set1_epi8((char)pr->out.low));
    x = _mm256_min_epi8(x, _mm256_set1_epi8((char)pr->out.high));
    return _mm256_xor_si256(x, _mm256_set1_epi8((char)pr->out.flip));
}

/* Rows of up to 8 channels. */
ALWAYS void store_halves(int rows, const product *pr, const tile_at *at, const panel_head *panel,
                         int64_t n, __m256i (*sum)[2]) {
    __m256i v[ROWS + 2];
    UNROLL
    for (int r = 0; r < ROWS + 2; r++)
        v[r] = r < rows ? proven_values(panel, sum[r][0], 0) : _mm256_setzero_si256();
    UNROLL
    for (int r = 0; r < rows; r += 4) {
        __m256i four = narrow_halves(pr, v + r);
        __m128i low = _mm256_castsi256_si128(four), high = _mm256_extracti128_si256(four, 1);
        store_half(at->out[r], low, n);
        if (r + 1 < rows)
            store_half(at->out[r + 1], _mm_srli_si128(low, 8), n);
        if (r + 2 < rows)
            store_half(at->out[r + 2], high, n);
        if (r + 3 < rows)
            store_half(at->out[r + 3], _mm_srli_si128(high, 8), n);
    }
}

/* Rare: panels whose sums might wrap, factors of a half and more. */
static __attribute__((noinline)) void store_any(int rows, const product *pr, const tile_at *at,
                                                const panel_head *panel, int64_t n,
                                                const __m256i (*sum)[2]) {
    for (int r = 0; r < rows; r++)
        store_row(at->out[r], _mm256_castsi256_si128(narrow(ANY, pr, panel, sum[r], sum[r])), n);
}

ALWAYS void tile(int rows, bool half, bool wide, const product *pr, const tile_at *at,
                 const panel_head *panel, int64_t n) {
    __m256i sum[ROWS][2];
    multiply(rows, half, wide, pr, at, panel, sum);
    if (half && panel->proven) {
        store_halves(rows, pr, at, panel, n, sum);
        return;
    }
    if (panel->proven) {
        store_rows(rows, PROVEN, pr, at, panel, n, sum);
        return;
    }
    if (panel->quick) {
        store_rows(rows, QUICK, pr, at, panel, n, sum);
        return;
    }
    __m256i copy[ROWS][2];
    UNROLL
    for (int r = 0; r < rows; r++)
        copy[r][0] = sum[r][0], copy[r][1] = sum[r][1];
    store_any(rows, pr, at, panel, n, copy);
}

typedef void tile_fn(const product *pr, const tile_at *at, const panel_head *panel, int64_t n);
#define TILE(rows) TILE_AS(narrow, false, rows) TILE_AS(wide, true, rows)
#define TILE_AS(name, wide, rows)                                                                  \
    static void name##_##rows(const product *pr, const tile_at *at, const panel_head *panel,       \
                              int64_t n) {                                                         \
        tile(rows, false, wide, pr, at, panel, n);                                                 \
    }                                                                                              \
    static void name##_half_##rows(const product *pr, const tile_at *at, const panel_head *panel,  \
                                   int64_t n) {                                                    \
        tile(rows, true, wide, pr, at, panel, n);                                                  \
    }
TILE(1)
TILE(2)
TILE(3)
TILE(4)
TILE(5)
TILE(6)
#define TILES_AS(name)                                                                             \
    { NULL, name##1, name##2, name##3, name##4, name##5, name##6 }
static tile_fn *const tiles_as[4][ROWS + 1] = {TILES_AS(narrow_), TILES_AS(wide_),
                                               TILES_AS(narrow_half_), TILES_AS(wide_half_)};

/* The tile of `rows` rows x `n` columns. */
static inline tile_fn *tile_of(bool wide, int rows, int64_t n) {
    return tiles_as[(n <= COLS / 2 ? 2 : 0) + wide][rows];
}
#endif

#endif
