/* depthwise_rows.h: what the micro-kernels of depthwise_bytes.h have in common: the rows of the
 * image as the buffer's filling walks them, and the last step from sums to bytes. */
#ifndef RG_KERNELS_X86_DEPTHWISE_ROWS_H
#define RG_KERNELS_X86_DEPTHWISE_ROWS_H

#include <immintrin.h>
#include <string.h>

#include "kernels/x86/depthwise_bytes.h"

#if defined(__AVX2__) /* the header alone still compiles */

static inline __m256i load_ints(const void *at) {
    return _mm256_loadu_si256((const __m256i *)at);
}

/* Proven for the channels of this block: staircase.h. */
static inline __m256i scale_proven(__m256i sum, const rg_dw_block *b) {
    __m256 real = _mm256_cvtepi32_ps(sum);
    __m256 offset = _mm256_blendv_ps(_mm256_loadu_ps(b->above), _mm256_loadu_ps(b->below), real);
    return _mm256_cvtps_epi32(_mm256_fmadd_ps(real, _mm256_loadu_ps(b->scale), offset));
}

/* Both roundings as one shift: (sum * multiplier + 2^30 + 2^(30 + e) - (sum < 0 ? 2^31 : 0)) >> (31
 * + e), for e = 0 without the last two terms; here the high halves, which are shifted by e - 1. */
static inline __m256i scale_any(__m256i sum, const rg_dw_block *b, __m256i zero) {
    __m256i shifted = _mm256_sllv_epi32(sum, load_ints(b->left));
    __m256i by = load_ints(b->multiplier), minus = _mm256_srai_epi32(shifted, 31);
    __m256i even = _mm256_mul_epi32(shifted, by);
    __m256i odd = _mm256_mul_epi32(_mm256_srli_epi64(shifted, 32), _mm256_srli_epi64(by, 32));
    __m256i away = _mm256_and_si256(minus, load_ints(b->away)); /* all ones: 2^31 less */
    __m256i less_even = _mm256_slli_epi64(_mm256_srli_epi64(_mm256_slli_epi64(away, 32), 63), 31);
    __m256i less_odd = _mm256_slli_epi64(_mm256_srli_epi64(away, 63), 31);
    even = _mm256_sub_epi64(_mm256_add_epi64(even, load_ints(b->round)), less_even);
    odd = _mm256_sub_epi64(_mm256_add_epi64(odd, load_ints(b->round + 4)), less_odd);
    even = _mm256_sllv_epi64(even, load_ints(b->twice));
    odd = _mm256_sllv_epi64(odd, load_ints(b->twice + 4));
    __m256i high = _mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xAA);
    return _mm256_add_epi32(_mm256_srav_epi32(high, load_ints(b->right)), zero);
}

/* Eight sums of one block, scaled, at the output's zero point. */
static inline __m256i scale(const rg_dw *d, const rg_dw_block *b, __m256i sum) {
    if (__builtin_expect(b->proven != 0, 1))
        return scale_proven(sum, b);
    return scale_any(sum, b, _mm256_set1_epi32(d->out_zero));
}

/* 32 outputs in four vectors to bytes, packed lane by lane. */
static inline __m256i pack_bytes(const rg_dw *d, __m256i a, __m256i b, __m256i c, __m256i e) {
    __m256i bytes = _mm256_packs_epi16(_mm256_packs_epi32(a, b), _mm256_packs_epi32(c, e));
    bytes = _mm256_max_epi8(bytes, _mm256_set1_epi8((char)d->low));
    bytes = _mm256_min_epi8(bytes, _mm256_set1_epi8((char)d->high));
    return _mm256_xor_si256(bytes, _mm256_set1_epi8((char)d->out_flip));
}

/* What a micro-kernel is given; each file has its own. */
struct walk;
typedef void walk_fn(const struct walk *w);

/* What the filling needs to know. */
typedef struct pass {
    const rg_dw *d;
    walk_fn *micro_kernel;
    const uint8_t *image, *image_end;
    uint8_t empty[RG_DW_SPAN]; /* zero points */
    int8_t *buffer;
} pass;

/* An input row as the buffer's filling walks it; off the image it stays at zero points. */
typedef struct row {
    const uint8_t *at; /* channel `source` of column 0 */
    int64_t step;      /* bytes a column: 0 off the image */
    int64_t safe;      /* columns that may be read 32 bytes wide */
} row;

static inline row find_row(const pass *p, int64_t n, int64_t y, int64_t source) {
    const rg_depthwise_layout *l = &p->d->l;
    if (y < 0 || y >= l->y.in)
        return (row){p->empty, 0, l->x.in};
    const uint8_t *at = p->image + (n * l->y.in + y) * l->x.in * l->in_c + source;
    int64_t room = p->image_end - at - RG_DW_SPAN;
    int64_t safe = room < 0 ? 0 : room / l->in_c + 1;
    return (row){at, l->in_c, safe < l->x.in ? safe : l->x.in};
}

static inline __m256i read_part(const pass *p, const row *r, int64_t x) {
    uint8_t bytes[RG_DW_SPAN] = {0};
    const uint8_t *at = r->at + x * r->step;
    if (x < r->safe)
        return load_ints(at);
    memcpy(bytes, at, (size_t)(p->image_end - at));
    return load_ints(bytes);
}

/* `n` cells of zero points. */
static inline int8_t *fill_empty(const pass *p, int64_t n, int8_t *cell) {
    for (; n > 0; n--, cell += rg_dw_cell(p->d))
        memset(cell, p->d->zero ^ p->d->flip, (size_t)rg_dw_cell(p->d));
    return cell;
}

/* Computes group `g` of the output row(s) at `out`: image n, from row oy and column ox on. */
typedef void group_fn(const pass *p, int64_t n, int64_t oy, int64_t ox, int64_t g, uint8_t *out);

/* All tiles: passes over rows, parts of the groups, chunks of columns. */
static inline void run_tiles(pass *p, const void *in, void *out, size_t first_tile,
                             size_t last_tile, group_fn *run_group) {
    const rg_dw *d = p->d;
    const rg_depthwise_layout *l = &d->l;
    p->image = in;
    p->image_end = p->image + d->image_bytes;
    memset(p->empty, d->zero, sizeof p->empty);
    int64_t groups = (d->blocks + RG_DW_GROUP - 1) / RG_DW_GROUP, passes_y = d->passes / l->batch;
    for (int64_t t = (int64_t)first_tile; t < (int64_t)last_tile; t++) {
        int64_t part = t % d->parts, n = t / d->parts / passes_y;
        int64_t oy = t / d->parts % passes_y * d->rows;
        uint8_t *at = (uint8_t *)out + (n * l->y.out + oy) * l->x.out * l->out_c;
        for (int64_t ox = 0; ox < l->x.out; ox += d->chunk_x)
            for (int64_t g = part * groups / d->parts; g < (part + 1) * groups / d->parts; g++)
                run_group(p, n, oy, ox, g, at);
    }
}

static inline int64_t between(int64_t v, int64_t low, int64_t high) {
    return v < low ? low : v > high ? high : v;
}

#endif
#endif
