/* depthwise_bytes_avx2.c: depthwise convolution of int8 and uint8. Two pixels, one above the
 * other, are interleaved by channel and widened to 16 bits once, then serve all columns and output
 * rows that see them: vpmaddwd gives two taps of eight channels. A step is four outputs of each
 * channel. Steps at the image's edge read a small gathered copy with zero points around. */
#include <immintrin.h>
#include <string.h>

#include "bench/iface/kernel.h"
#include "kernels/x86/depthwise_bytes.h"

/* A run of steps along one output row or two, for one group of blocks. */
typedef struct walk {
    const rg_dw *d;
    const uint8_t *const *row; /* input rows of the pass */
    int64_t at, pixel;         /* offset of the first column in them; bytes to the next column */
    int64_t first, last;       /* blocks */
    int64_t steps;
    int64_t rows, columns; /* of outputs to be stored, where not all */
    uint8_t *out;          /* of the first column, channel 0 */
} walk;

static inline __m128i load8(const uint8_t *at) {
    return _mm_loadl_epi64((const __m128i *)at);
}

/* Eight channels of two pixels as pairs of int16. */
static inline __m256i pair(const uint8_t *a, const uint8_t *b, const rg_dw_block *block,
                           bool spread, bool is_unsigned) {
    __m128i both = _mm_unpacklo_epi8(load8(a), load8(b));
    if (spread)
        both = _mm_shuffle_epi8(both, _mm_loadu_si128((const __m128i *)block->spread));
    return is_unsigned ? _mm256_cvtepu8_epi16(both) : _mm256_cvtepi8_epi16(both);
}

/* The last of an odd number of rows: its pixels beside anything, which the weights' zeros drop. */
static inline __m256i single(const uint8_t *a, const rg_dw_block *block, bool spread,
                             bool is_unsigned) {
    if (spread)
        return pair(a, a, block, spread, is_unsigned);
    return is_unsigned ? _mm256_cvtepu8_epi32(load8(a)) : _mm256_cvtepi8_epi32(load8(a));
}

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

/* Four vectors of eight sums to four times eight bytes. */
static inline __m256i finish(const rg_dw *d, const rg_dw_block *b, __m256i *sum, bool is_unsigned) {
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
    if (is_unsigned)
        bytes = _mm256_xor_si256(bytes, _mm256_set1_epi8((char)0x80));
    return _mm256_permutevar8x32_epi32(bytes, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
}

/* Stores eight channels of rows x columns outputs; `part`: not all of them are wanted. */
static inline void store(const walk *w, const rg_dw_block *b, uint8_t *out, __m256i bytes,
                         int64_t columns, bool part) {
    int64_t out_c = w->d->l.out_c, out_row = w->d->l.x.out * out_c;
    uint8_t all[32];
    if (!part) {
        __m128i low = _mm256_castsi256_si128(bytes), high = _mm256_extracti128_si256(bytes, 1);
        uint8_t *second = columns == 2 ? out + out_row : out + 2 * out_c;
        _mm_storel_epi64((__m128i *)out, low);
        _mm_storeh_pi((__m64 *)(out + out_c), _mm_castsi128_ps(low));
        _mm_storel_epi64((__m128i *)second, high);
        _mm_storeh_pi((__m64 *)(second + out_c), _mm_castsi128_ps(high));
        return;
    }
    _mm256_storeu_si256((__m256i *)all, bytes);
    for (int64_t r = 0; r < w->rows; r++)
        for (int64_t x = 0; x < w->columns; x++)
            memcpy(out + r * out_row + x * out_c, all + 8 * (r * columns + x), (size_t)b->n);
}

/* The micro-kernel; every parameter after `part` is a constant where it is called: columns of the
 * filter (0: any, with any stride and dilation), stride, output rows. */
static inline __attribute__((always_inline)) void steps(const walk *w, bool part, int64_t filter,
                                                        int64_t stride, int rows, bool spread,
                                                        bool is_unsigned) {
    const rg_dw *d = w->d;
    const int columns = 4 / rows;
    const bool any = filter == 0;
    const int64_t n_x = any ? d->l.x.filter : filter, pixel = w->pixel;
    const int64_t across = any ? d->l.x.stride : stride, apart = any ? d->l.x.dilation : 1;
    const int64_t pairs = d->taps_y / 2, odd = d->taps_y % 2;
    int64_t at = w->at;
    uint8_t *out = w->out;
    for (int64_t s = 0; s < w->steps; s++) {
        for (int64_t i = w->first; i < w->last; i++) {
            const rg_dw_block *b = rg_dw_block_at(d, i);
            const int16_t *weight = b->weights;
            __m256i start = load_ints(b->start), sum[4] = {start, start, start, start};
            for (int64_t p = 0; p < pairs + odd; p++) {
                const uint8_t *upper = w->row[2 * p] + (at + b->source);
                const uint8_t *lower = p < pairs ? w->row[2 * p + 1] + (at + b->source) : NULL;
#define TAPS(LOAD)                                                                                 \
    if (any) {                                                                                     \
        for (int64_t kx = 0; kx < n_x; kx++) {                                                     \
            for (int x = 0; x < columns; x++) {                                                    \
                int64_t o = (x * across + kx * apart) * pixel;                                     \
                (void)o;                                                                           \
                __m256i pixels = LOAD(o);                                                          \
                for (int r = 0; r < rows; r++)                                                     \
                    sum[r * columns + x] =                                                         \
                        _mm256_add_epi32(sum[r * columns + x],                                     \
                                         _mm256_madd_epi16(pixels, load_ints(weight + 16 * r)));   \
            }                                                                                      \
            weight += 16 * rows;                                                                   \
        }                                                                                          \
    } else {                                                                                       \
        _Pragma("GCC unroll 16") for (int c = 0; c < (columns - 1) * stride + filter; c++) {       \
            __m256i pixels = LOAD(c * pixel);                                                      \
            _Pragma("GCC unroll 4") for (int x = 0; x < columns; x++) {                            \
                int64_t kx = c - x * stride;                                                       \
                if (kx < 0 || kx >= filter)                                                        \
                    continue;                                                                      \
                _Pragma("GCC unroll 2") for (int r = 0; r < rows; r++) sum[r * columns + x] =      \
                    _mm256_add_epi32(                                                              \
                        sum[r * columns + x],                                                      \
                        _mm256_madd_epi16(pixels, load_ints(weight + 16 * (kx * rows + r))));      \
            }                                                                                      \
        }                                                                                          \
        weight += 16 * rows * filter;                                                              \
    }
#define PAIR(o) pair(upper + (o), lower + (o), b, spread, is_unsigned)
#define SINGLE(o) single(upper + (o), b, spread, is_unsigned)
                if (p < pairs) {
                    TAPS(PAIR)
                } else {
                    TAPS(SINGLE)
                }
            }
            store(w, b, out + b->from, finish(d, b, sum, is_unsigned), columns, part);
        }
        at += columns * across * pixel;
        out += columns * d->l.out_c;
    }
}

/* One row a kernel: columns of the filter, stride, output rows of a pass. */
#define KERNELS(X)                                                                                 \
    X(0, 0, 1)                                                                                     \
    X(0, 0, 2) X(3, 1, 1) X(3, 2, 1) X(5, 1, 1) X(5, 2, 1) X(3, 1, 2) X(5, 1, 2) X(7, 1, 2)
typedef void walk_steps(const walk *w, bool part);
#define ONE(f, s, r, name, spread, is_unsigned)                                                    \
    static void steps_##f##s##r##name(const walk *w, bool part) {                                  \
        steps(w, part, f, s, r, spread, is_unsigned);                                              \
    }
#define ALL(f, s, r)                                                                               \
    ONE(f, s, r, _s8, false, false)                                                                \
    ONE(f, s, r, _u8, false, true)                                                                 \
    ONE(f, s, r, _spread_s8, true, false)                                                          \
    ONE(f, s, r, _spread_u8, true, true)
KERNELS(ALL)
static const struct {
    int64_t filter, stride, rows;
    walk_steps *run[4]; /* s8, u8, spread s8, spread u8 */
} kernels[] = {
#define ROW(f, s, r)                                                                               \
    {f,                                                                                            \
     s,                                                                                            \
     r,                                                                                            \
     {steps_##f##s##r##_s8, steps_##f##s##r##_u8, steps_##f##s##r##_spread_s8,                     \
      steps_##f##s##r##_spread_u8}},
    KERNELS(ROW)};

static walk_steps *choose(const rg_dw *d) {
    size_t best = 0;
    for (size_t i = 0; i < sizeof kernels / sizeof *kernels; i++) {
        bool general = kernels[i].filter == 0;
        if (kernels[i].rows == d->rows &&
            (general || (kernels[i].filter == d->l.x.filter && kernels[i].stride == d->l.x.stride &&
                         d->l.x.dilation == 1)))
            best = i;
    }
    return kernels[best].run[2 * d->spread + d->is_unsigned];
}

/* What one pass over one group needs to know. */
typedef struct pass {
    const rg_dw *d;
    walk_steps *run;
    const uint8_t *image, *image_end;
    const uint8_t **row;      /* taps_y + 1 of them */
    const uint8_t **near_row; /* the same rows of the gathered copy */
    uint8_t *copy;
    int64_t safe; /* columns that can be read eight bytes at a time */
} pass;

/* Input rows of output rows from (n, oy) on; rows off the image are rows of zero points. */
static void find_rows(pass *p, int64_t n, int64_t oy) {
    const rg_depthwise_layout *l = &p->d->l;
    const uint8_t *empty = (const uint8_t *)p->d + p->d->empty_at;
    for (int64_t i = 0; i <= p->d->taps_y; i++) {
        int64_t y = oy * l->y.stride - l->y.pad + i * l->y.dilation;
        bool on = y >= 0 && y < l->y.in && i < p->d->taps_y;
        p->row[i] = on ? p->image + (n * l->y.in + y) * l->x.in * l->in_c : empty;
        p->near_row[i] = p->copy + i * p->d->span_x * RG_DW_SPAN;
    }
}

/* Columns [0, safe) of all rows can be read eight bytes from any channel up to `source` on. */
static int64_t safe_columns(const pass *p, int64_t source) {
    const rg_depthwise_layout *l = &p->d->l;
    if (source + RG_DW_LANES <= l->in_c)
        return l->x.in;
    const uint8_t *empty = (const uint8_t *)p->d + p->d->empty_at;
    int64_t safe = l->x.in;
    for (int64_t i = 0; i < p->d->taps_y; i++) {
        if (p->row[i] == empty)
            continue;
        int64_t room = p->image_end - p->row[i] - source - RG_DW_LANES;
        int64_t fit = room < 0 ? 0 : room / l->in_c + 1;
        safe = fit < safe ? fit : safe;
    }
    return safe;
}

static void gather(const pass *p, int64_t ox, int64_t source) {
    const rg_depthwise_layout *l = &p->d->l;
    const uint8_t *empty = (const uint8_t *)p->d + p->d->empty_at;
    uint8_t *to = p->copy;
    int64_t x = ox * l->x.stride - l->x.pad;
    for (int64_t i = 0; i < p->d->taps_y; i++) {
        for (int64_t c = 0; c < p->d->span_x; c++, to += RG_DW_SPAN) {
            bool on = x + c >= 0 && x + c < l->x.in;
            const uint8_t *from = on ? p->row[i] + (x + c) * l->in_c + source : empty;
            if (p->row[i] == empty || from == empty || p->image_end - from >= RG_DW_SPAN)
                memcpy(to, from, RG_DW_SPAN);
            else
                memcpy(to, from, (size_t)(p->image_end - from));
        }
    }
}

/* Blocks [first, last) along a row: steps whose window lies on the image run at once, those at the
 * edges one by one from a copy. */
static void run_group(const pass *p, int64_t first, int64_t last, int64_t rows, uint8_t *out) {
    const rg_dw *d = p->d;
    const rg_axis *a = &d->l.x;
    int64_t safe = safe_columns(p, rg_dw_block_at(d, last - 1)->source);
    int64_t source = rg_dw_block_at(d, first)->source, ox = 0;
    while (ox < a->out) {
        int64_t x = ox * a->stride - a->pad, n = 0;
        if (x >= 0 && safe >= x + d->span_x) {
            n = (safe - x - d->span_x) / (d->columns * a->stride) + 1;
            int64_t whole = (a->out - ox) / d->columns;
            n = n < whole ? n : whole;
        }
        walk w = {d,    p->row, x * d->l.in_c, d->l.in_c,  first,
                  last, n,      rows,          d->columns, out + ox * d->l.out_c};
        bool part = rows < d->rows || d->l.out_c < RG_DW_LANES;
        if (n == 0) {
            gather(p, ox, source);
            w.row = p->near_row;
            w.at = -source;
            w.pixel = RG_DW_SPAN;
            w.steps = n = 1;
            if (a->out - ox < d->columns) {
                w.columns = a->out - ox;
                part = true;
            }
        }
        p->run(&w, part);
        ox += n * d->columns;
    }
}

static void run(const rg_op_call *call, const void *packed, const void *const *in, void *const *out,
                size_t first_tile, size_t last_tile, void *scratch) {
    const rg_dw *d = packed;
    const rg_depthwise_layout *l = &d->l;
    (void)call;
    const uint8_t **rows = scratch;
    pass p = {d,
              choose(d),
              in[0],
              (const uint8_t *)in[0] + d->image_bytes,
              rows,
              rows + d->taps_y + 1,
              (uint8_t *)(rows + 2 * (d->taps_y + 1)),
              0};
    int64_t groups = (d->blocks + RG_DW_GROUP - 1) / RG_DW_GROUP;
    int64_t passes_y = d->passes / l->batch;
    for (int64_t t = (int64_t)first_tile; t < (int64_t)last_tile; t++) {
        int64_t chunk = t % d->chunks, n = t / d->chunks / passes_y;
        int64_t oy = t / d->chunks % passes_y * d->rows;
        int64_t left = l->y.out - oy;
        find_rows(&p, n, oy);
        uint8_t *at = (uint8_t *)out[0] + (n * l->y.out + oy) * l->x.out * l->out_c;
        for (int64_t g = chunk * groups / d->chunks; g < (chunk + 1) * groups / d->chunks; g++) {
            int64_t last = (g + 1) * RG_DW_GROUP < d->blocks ? (g + 1) * RG_DW_GROUP : d->blocks;
            run_group(&p, g * RG_DW_GROUP, last, left < d->rows ? left : d->rows, at);
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
