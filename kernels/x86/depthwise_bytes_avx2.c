/* depthwise_bytes_avx2.c: depthwise convolution of int8 and uint8, as depthwise_bytes.h tells. A
 * step is four outputs of each of eight channels: one row of four or two rows of two, whose sums
 * stay in registers while each pair of pixels, widened to 16 bits once, serves all windows that
 * hold it. */
#include <immintrin.h>
#include <string.h>

#include "bench/iface/kernel.h"
#include "kernels/x86/depthwise_bytes.h"

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

/* Four vectors of eight sums to bytes: four of each vector in the lower half, four above. */
static inline __m256i finish(const rg_dw *d, const rg_dw_block *b, __m256i *sum) {
    if (__builtin_expect(b->proven != 0, 1)) {
        for (int i = 0; i < 4; i++)
            sum[i] = scale_proven(sum[i], b);
    } else {
        for (int i = 0; i < 4; i++)
            sum[i] = scale_any(sum[i], b, _mm256_set1_epi32(d->out_zero));
    }
    __m256i bytes =
        _mm256_packs_epi16(_mm256_packs_epi32(sum[0], sum[1]), _mm256_packs_epi32(sum[2], sum[3]));
    bytes = _mm256_max_epi8(bytes, _mm256_set1_epi8((char)d->low));
    bytes = _mm256_min_epi8(bytes, _mm256_set1_epi8((char)d->high));
    return _mm256_xor_si256(bytes, _mm256_set1_epi8((char)d->flip));
}

/* One block along a row of the buffer. */
typedef struct walk {
    const rg_dw *d;
    const rg_dw_block *block;
    const int8_t *cells;   /* of the first pair of rows */
    int64_t pitch;         /* bytes to the next pair of rows */
    int64_t rows, columns; /* outputs wanted */
    uint8_t *out;
} walk;

static __attribute__((noinline)) void store_part(const walk *w, uint8_t *out, __m256i bytes,
                                                 int64_t columns) {
    const rg_depthwise_layout *l = &w->d->l;
    int64_t step = w->d->columns;
    uint8_t all[32];
    bytes = _mm256_permutevar8x32_epi32(bytes, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
    _mm256_storeu_si256((__m256i *)all, bytes);
    for (int64_t r = 0; r < w->rows; r++)
        for (int64_t x = 0; x < columns; x++)
            memcpy(out + (r * l->x.out + x) * l->out_c, all + 8 * (r * step + x),
                   (size_t)w->block->n);
}

static inline void store_all(const walk *w, uint8_t *out, __m256i bytes, bool two_rows) {
    int64_t out_c = w->d->l.out_c;
    __m128i half = _mm256_castsi256_si128(bytes), other = _mm256_extracti128_si256(bytes, 1);
    __m128i low = _mm_unpacklo_epi32(half, other), high = _mm_unpackhi_epi32(half, other);
    uint8_t *second = out + (two_rows ? w->d->l.x.out : 2) * out_c;
    _mm_storel_epi64((__m128i *)out, low);
    _mm_storeh_pi((__m64 *)(out + out_c), _mm_castsi128_ps(low));
    _mm_storel_epi64((__m128i *)second, high);
    _mm_storeh_pi((__m64 *)(second + out_c), _mm_castsi128_ps(high));
}

/* The empty assembly keeps the compiler from gathering products in a tree of sums, for which there
 * are not enough registers. */
static inline __m256i multiply(__m256i sum, __m256i pixels, const int16_t *weights) {
    sum = _mm256_add_epi32(sum, _mm256_madd_epi16(pixels, load_ints(weights)));
    __asm__("" : "+x"(sum));
    return sum;
}

static inline __m256i widen(const int8_t *cell) {
    return _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)cell));
}

/* A filter and stride of the compiler's knowledge: each cell is widened once. */
static inline __attribute__((always_inline)) void sum_known(const rg_dw_block *b,
                                                            const int8_t *cells, int64_t pitch,
                                                            int filter, int stride, int rows,
                                                            __m256i *sum) {
    const int columns = 4 / rows, taps_y = filter + (rows - 1) * stride;
    const int16_t *weights = b->weights;
#pragma GCC unroll 8
    for (int p = 0; p < (taps_y + 1) / 2; p++, weights += 16 * rows * filter) {
#pragma GCC unroll 16
        for (int c = 0; c < (columns - 1) * stride + filter; c++) {
            __m256i pixels = widen(cells + p * pitch + c * RG_DW_CELL);
#pragma GCC unroll 4
            for (int i = 0; i < 4; i++) {
                int r = i / columns, kx = c - i % columns * stride, y = 2 * p - r * stride;
                if (kx >= 0 && kx < filter && y > -2 && y < filter)
                    sum[i] = multiply(sum[i], pixels, weights + 16 * (kx * rows + r));
            }
        }
    }
}

static inline __attribute__((always_inline)) void sum_any(const rg_dw *d, const rg_dw_block *b,
                                                          const int8_t *cells, int64_t pitch,
                                                          int rows, __m256i *sum) {
    const rg_axis *x = &d->l.x;
    const int16_t *weights = b->weights;
    for (int64_t p = 0; p < d->pairs; p++) {
        for (int64_t kx = 0; kx < x->filter; kx++, weights += 16 * rows) {
            const int8_t *cell = cells + p * pitch + kx * x->dilation * RG_DW_CELL;
#pragma GCC unroll 4
            for (int i = 0; i < 4 / rows; i++) {
                __m256i pixels = widen(cell + i * x->stride * RG_DW_CELL);
#pragma GCC unroll 2
                for (int r = 0; r < rows; r++)
                    sum[r * (4 / rows) + i] =
                        multiply(sum[r * (4 / rows) + i], pixels, weights + 16 * r);
            }
        }
    }
}

/* filter 0: any. */
static inline __attribute__((always_inline)) void walk_row(const walk *w, int filter, int stride,
                                                           int rows) {
    const rg_dw *d = w->d;
    const rg_dw_block *b = w->block;
    const int columns = 4 / rows;
    const int64_t step = columns * (filter ? stride : d->l.x.stride) * RG_DW_CELL;
    const int8_t *cells = w->cells;
    const bool part = w->rows < rows || b->n < RG_DW_LANES;
    uint8_t *out = w->out;
    for (int64_t left = w->columns; left > 0; left -= columns) {
        __m256i start = load_ints(b->start), sum[4] = {start, start, start, start};
        if (filter)
            sum_known(b, cells, w->pitch, filter, stride, rows, sum);
        else
            sum_any(d, b, cells, w->pitch, rows, sum);
        __m256i bytes = finish(d, b, sum);
        if (part || left < columns)
            store_part(w, out, bytes, left < columns ? left : columns);
        else
            store_all(w, out, bytes, rows == 2);
        cells += step;
        out += columns * d->l.out_c;
    }
}

/* Micro-kernels: square filter (0: any), stride of both axes, output rows of a pass. */
#define MICRO_KERNELS(X)                                                                           \
    X(0, 0, 1) X(0, 0, 2) X(3, 1, 2) X(3, 2, 2) X(5, 1, 2) X(5, 2, 2) X(7, 1, 2)
typedef void walk_fn(const walk *w);
#define WALK(filter, stride, rows)                                                                 \
    static void walk_##filter##_##stride##_##rows(const walk *w) {                                 \
        walk_row(w, filter, stride, rows);                                                         \
    }
MICRO_KERNELS(WALK)
#define ROW(filter, stride, rows) {filter, stride, rows, walk_##filter##_##stride##_##rows},
static const struct {
    int64_t filter, stride, rows;
    walk_fn *run;
} micro_kernels[] = {MICRO_KERNELS(ROW)};

static walk_fn *choose(const rg_dw *d) {
    const rg_axis *x = &d->l.x, *y = &d->l.y;
    size_t best = d->rows == 2;
    for (size_t i = 2; i < sizeof micro_kernels / sizeof *micro_kernels; i++)
        if (micro_kernels[i].rows == d->rows && micro_kernels[i].filter == x->filter &&
            x->filter == y->filter && micro_kernels[i].stride == x->stride &&
            x->stride == y->stride && x->dilation == 1)
            best = i;
    return micro_kernels[best].run;
}

/* What one tile needs to know. */
typedef struct pass {
    const rg_dw *d;
    const uint8_t *image, *image_end;
    uint8_t empty[RG_DW_SPAN]; /* zero points */
    int8_t *buffer;
} pass;

/* Two input rows as the buffer's filling walks them; off the image they stay at zero points. */
typedef struct row {
    const uint8_t *at; /* channel `source` of column 0 */
    int64_t step;      /* bytes a column: 0 off the image */
    int64_t safe;      /* columns that may be read 32 bytes wide */
} row;

static row find_row(const pass *p, int64_t n, int64_t y, int64_t source) {
    const rg_depthwise_layout *l = &p->d->l;
    if (y < 0 || y >= l->y.in)
        return (row){p->empty, 0, l->x.in};
    const uint8_t *at = p->image + (n * l->y.in + y) * l->x.in * l->in_c + source;
    int64_t room = p->image_end - at - RG_DW_SPAN;
    int64_t safe = room < 0 ? 0 : room / l->in_c + 1;
    return (row){at, l->in_c, safe < l->x.in ? safe : l->x.in};
}

/* 32 channels of two pixels: blocks 0 and 2, then 1 and 3; `ordered`: channel by channel, for
 * blocks that begin anywhere. */
static inline void interleave(__m256i a, __m256i b, bool ordered, int8_t *cell) {
    __m256i low = _mm256_unpacklo_epi8(a, b), high = _mm256_unpackhi_epi8(a, b);
    __m256i *to = (__m256i *)cell;
    _mm256_storeu_si256(to, ordered ? _mm256_permute2x128_si256(low, high, 0x20) : low);
    _mm256_storeu_si256(to + 1, ordered ? _mm256_permute2x128_si256(low, high, 0x31) : high);
}

/* Where a block's pairs lie in a cell. */
static inline int64_t block_in_cell(const rg_dw *d, int64_t first, int64_t i) {
    static const int8_t at[RG_DW_GROUP] = {0, 32, 16, 48};
    if (d->ordered)
        return 2 * (rg_dw_block_at(d, i)->source - rg_dw_block_at(d, first)->source);
    return at[i - first];
}

/* The same where a channel of the input serves several of the output. */
static inline void interleave_spread(__m256i a, __m256i b, const rg_dw *d, int64_t first,
                                     int64_t last, int8_t *cell) {
    uint8_t bytes[2][RG_DW_SPAN + 8];
    int64_t source = rg_dw_block_at(d, first)->source;
    _mm256_storeu_si256((__m256i *)bytes[0], a);
    _mm256_storeu_si256((__m256i *)bytes[1], b);
    for (int64_t i = first; i < last; i++) {
        const rg_dw_block *block = rg_dw_block_at(d, i);
        int64_t at = block->source - source;
        __m128i both = _mm_unpacklo_epi8(_mm_loadl_epi64((const __m128i *)(bytes[0] + at)),
                                         _mm_loadl_epi64((const __m128i *)(bytes[1] + at)));
        both = _mm_shuffle_epi8(both, _mm_loadu_si128((const __m128i *)block->spread));
        _mm_storeu_si128((__m128i *)(cell + block_in_cell(d, first, i)), both);
    }
}

static inline __m256i read_part(const pass *p, const row *r, int64_t x) {
    uint8_t bytes[RG_DW_SPAN] = {0};
    if (x < 0 || x >= p->d->l.x.in)
        return load_ints(p->empty);
    const uint8_t *at = r->at + x * r->step;
    if (x < r->safe)
        return load_ints(at);
    memcpy(bytes, at, (size_t)(p->image_end - at));
    return load_ints(bytes);
}

/* Fills `n` cells from input column `x` on, for blocks [first, last). */
static void fill(const pass *p, const row *upper, const row *lower, int64_t x, int64_t n,
                 int64_t first, int64_t last, int8_t *cell) {
    const rg_dw *d = p->d;
    const __m256i flip = _mm256_set1_epi8((char)d->flip);
    const int64_t safe = upper->safe < lower->safe ? upper->safe : lower->safe, end = x + n;
    while (x < end) {
        int64_t whole = d->l.multiplier == 1 && x >= 0 ? (safe < end ? safe : end) : x;
        const uint8_t *a = upper->at + x * upper->step, *b = lower->at + x * lower->step;
        for (; x < whole; x++, cell += RG_DW_CELL, a += upper->step, b += lower->step)
            interleave(_mm256_xor_si256(load_ints(a), flip), _mm256_xor_si256(load_ints(b), flip),
                       d->ordered, cell);
        if (x >= end)
            break;
        __m256i c = _mm256_xor_si256(read_part(p, upper, x), flip);
        __m256i e = _mm256_xor_si256(read_part(p, lower, x), flip);
        if (d->l.multiplier == 1)
            interleave(c, e, d->ordered, cell);
        else
            interleave_spread(c, e, d, first, last, cell);
        x++;
        cell += RG_DW_CELL;
    }
}

/* Blocks [first, last) of the output rows from oy on. */
static void run_group(const pass *p, int64_t n, int64_t oy, int64_t first, int64_t last,
                      uint8_t *out) {
    const rg_dw *d = p->d;
    const rg_axis *ax = &d->l.x, *ay = &d->l.y;
    const int64_t pitch = d->buffer_x * RG_DW_CELL, source = rg_dw_block_at(d, first)->source;
    walk_fn *micro_kernel = choose(d);
    walk w = {d, NULL, NULL, pitch, ay->out - oy < d->rows ? 1 : d->rows, 0, NULL};
    for (int64_t ox = 0; ox < ax->out; ox += d->chunk_x) {
        w.columns = ax->out - ox < d->chunk_x ? ax->out - ox : d->chunk_x;
        int64_t cells = (w.columns - 1) * ax->stride + (ax->filter - 1) * ax->dilation + 1;
        for (int64_t i = 0; i < d->pairs; i++) {
            int64_t y = oy * ay->stride - ay->pad + 2 * i * ay->dilation;
            row upper = find_row(p, n, y, source);
            row lower = find_row(p, n, y + ay->dilation, source);
            fill(p, &upper, &lower, ox * ax->stride - ax->pad, cells, first, last,
                 p->buffer + i * pitch);
        }
        for (int64_t i = first; i < last; i++) {
            w.block = rg_dw_block_at(d, i);
            w.cells = p->buffer + block_in_cell(d, first, i);
            w.out = out + ox * d->l.out_c + w.block->from;
            micro_kernel(&w);
        }
    }
}

static void run(const rg_op_call *call, const void *packed, const void *const *in, void *const *out,
                size_t first_tile, size_t last_tile, void *scratch) {
    const rg_dw *d = packed;
    const rg_depthwise_layout *l = &d->l;
    (void)call;
    pass p = {.d = d, .image = in[0], .buffer = scratch};
    p.image_end = p.image + d->image_bytes;
    memset(p.empty, d->zero, sizeof p.empty);
    int64_t groups = (d->blocks + RG_DW_GROUP - 1) / RG_DW_GROUP, passes_y = d->passes / l->batch;
    for (int64_t t = (int64_t)first_tile; t < (int64_t)last_tile; t++) {
        int64_t part = t % d->parts, n = t / d->parts / passes_y;
        int64_t oy = t / d->parts % passes_y * d->rows;
        uint8_t *at = (uint8_t *)out[0] + (n * l->y.out + oy) * l->x.out * l->out_c;
        for (int64_t g = part * groups / d->parts; g < (part + 1) * groups / d->parts; g++) {
            int64_t last = (g + 1) * RG_DW_GROUP < d->blocks ? (g + 1) * RG_DW_GROUP : d->blocks;
            run_group(&p, n, oy, g * RG_DW_GROUP, last, at);
        }
    }
}

const rg_kernel rg_kernel_depthwise_conv2d_s8_avx2 = {
    .name = "depthwise_conv2d_s8_avx2",
    .op = "depthwise_conv2d_s8",
    .isa = "avx2",
    .summary = "Pairs of taps by vpmaddwd, two output rows a pass, rounding proven at load",
    .suits = rg_dw_suits,
    .packed_bytes = rg_dw_packed_bytes,
    .pack = rg_dw_pack,
    .scratch_bytes = rg_dw_scratch_bytes,
    .tiles = rg_dw_tiles,
    .run = run,
};

const rg_kernel rg_kernel_depthwise_conv2d_u8_avx2 = {
    .name = "depthwise_conv2d_u8_avx2",
    .op = "depthwise_conv2d_u8",
    .isa = "avx2",
    .summary = "Pairs of taps by vpmaddwd, two output rows a pass, rounding proven at load",
    .suits = rg_dw_suits,
    .packed_bytes = rg_dw_packed_bytes,
    .pack = rg_dw_pack,
    .scratch_bytes = rg_dw_scratch_bytes,
    .tiles = rg_dw_tiles,
    .run = run,
};
