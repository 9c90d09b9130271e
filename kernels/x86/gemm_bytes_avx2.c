/* gemm_bytes_avx2.c: conv2d and fully_connected of int8 and uint8 with AVX2, exact for all weights.
 * The strip (plan.h) holds distances from the input's zero point as int16, so padding is 0 and two
 * neighbouring channels are one operand of vpmaddwd; weights are int8, widened when loaded, or
 * distances as int16 where they have a zero point. Tiles of 6 pixels x 16 channels.
 */
#include <immintrin.h>
#include <stdlib.h>
#include <string.h>

#include "bench/iface/kernel.h"
#include "kernels/ref/activation.h"
#include "kernels/ref/bytes.h"
#include "kernels/x86/plan.h"
#include "kernels/x86/requantize.h"
#include "kernels/x86/staircase.h"

enum { ROWS = 6, COLS = 16, PANELS = 4 };

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
    bool proven;
} panel_head;

/* Head of what is packed; where the pairs of K lie, seen from a pixel, and the panels follow. */
typedef struct pack_head {
    _Alignas(64) rg_gemm_plan plan;
    rg_bytes bytes;
    rg_requant_out out;
    bool wide;          /* weights are int16 */
    int64_t pairs;      /* of one segment */
    int64_t steps;      /* of all: K / 2, and as many int32 offsets (elements) behind the head */
    size_t panel_bytes; /* with its weights */
} pack_head;

/* Where a tile reads and writes. */
typedef struct tile_at {
    const int16_t *in[ROWS];
    int8_t *out[ROWS];
} tile_at;

static bool lay_out(const rg_op_call *call, pack_head *ret) {
    rg_bytes bytes = rg_bytes_of(call);
    *ret = (pack_head){.bytes = bytes, .wide = bytes.zero_w != 0};
    if (!rg_gemm_lay_out(call, COLS, sizeof(int16_t), ROWS, &ret->plan))
        return false;
    const rg_gemm_plan *p = &ret->plan;
    ret->pairs = (p->seg_len + 1) / 2;
    ret->steps = p->seg_y * p->seg_x * ret->pairs;
    size_t weights = (size_t)ret->steps * COLS * 2;
    ret->panel_bytes = sizeof(panel_head) + weights * (ret->wide ? 2 : 1);
    return true;
}

static size_t offset_bytes(const pack_head *head) {
    return ((size_t)head->steps * sizeof(int32_t) + 63) / 64 * 64;
}

/* Panel `index`, counted through all groups. */
static inline const panel_head *panel_at(const pack_head *head, int64_t index) {
    return (const void *)((const char *)(head + 1) + offset_bytes(head) +
                          (size_t)index * head->panel_bytes);
}

static bool suits(const rg_op_call *call) {
    pack_head head;
    const rg_tensor *bias = rg_call_in(call, 2);
    return call->in[1]->data && (!bias || bias->data) && rg_requant_suits(call) &&
           lay_out(call, &head);
}

static size_t packed_bytes(const rg_op_call *call) {
    pack_head head;
    if (!lay_out(call, &head))
        return 0;
    return sizeof head + offset_bytes(&head) +
           (size_t)(head.plan.groups * head.plan.panels) * head.panel_bytes;
}

static size_t scratch_bytes(const rg_op_call *call) {
    pack_head head;
    return lay_out(call, &head) ? (size_t)(rg_gemm_strip_len(&head.plan) + 1) * sizeof(int16_t) : 0;
}

static size_t tiles(const rg_op_call *call) {
    pack_head head;
    return lay_out(call, &head) ? rg_gemm_tiles(&head.plan) : 1;
}

/* Least and most sum of a channel, whatever the input. */
typedef struct range {
    int64_t least, most;
} range;

/* The weights of one output channel, column `col` of a panel, into the panel's pairs; its sums
 * without bias. */
static range pack_weights(const pack_head *head, const int8_t *filter, int col, void *ret) {
    const rg_gemm_plan *p = &head->plan;
    int64_t low = -128 - head->bytes.zero_x, high = 127 - head->bytes.zero_x;
    range sums = {0, 0};
    for (int64_t s = 0; s < p->seg_y * p->seg_x; s++)
        for (int64_t e = 0; e < p->seg_len; e++) {
            int16_t w = rg_byte_distance(filter[rg_gemm_weight_at(p, s, e)], head->bytes.flip,
                                         head->bytes.zero_w);
            int64_t at = ((s * head->pairs + e / 2) * COLS + col) * 2 + e % 2;
            if (head->wide)
                ((int16_t *)ret)[at] = w;
            else
                ((int8_t *)ret)[at] = (int8_t)w;
            sums.least += w * (w > 0 ? low : high);
            sums.most += w * (w > 0 ? high : low);
        }
    return sums;
}

/* Bias and rounding of column `col`; what the proven formula asks to add to the bias. */
static int32_t pack_channel(const pack_head *head, rg_factor factor, int32_t bias, range sums,
                            int col, panel_head *ret) {
    const rg_requant_out *to = &head->out;
    rg_stair stair = {0};
    ret->bias[col] = bias;
    rg_requant_fill(&ret->any[col / 8], col % 8, factor);
    ret->proven &= rg_stair_prove(factor, to->zero, to->low, to->high, sums.least + bias,
                                  sums.most + bias, &stair);
    ret->scale[col] = stair.scale;
    ret->above[col] = stair.above;
    ret->below[col] = stair.below;
    return stair.move;
}

/* Panel `index`, counted through all groups. */
static void pack_panel(const rg_op_call *call, const pack_head *head, const rg_factor *factors,
                       int64_t index, panel_head *ret) {
    const rg_gemm_plan *p = &head->plan;
    const int32_t *bias = rg_call_in(call, 2) ? call->in[2]->data : NULL;
    int64_t first = index % p->panels * COLS, c0 = index / p->panels * p->group_c + first;
    int64_t size = p->filter_y * p->filter_x * p->tap_c;
    int32_t move[COLS] = {0};
    ret->proven = true;
    for (int col = 0; col < COLS && first + col < p->group_c; col++) {
        int64_t c = c0 + col;
        range sums = pack_weights(head, (const int8_t *)call->in[1]->data + c * size, col, ret + 1);
        move[col] = pack_channel(head, factors[c], bias ? bias[c] : 0, sums, col, ret);
    }
    for (int col = 0; ret->proven && col < COLS; col++)
        ret->bias[col] += move[col];
}

static void pack_offsets(const pack_head *head, int32_t *ret) {
    const rg_gemm_plan *p = &head->plan;
    int64_t down = p->seg_dy * p->strip_w * p->in_c, right = p->seg_dx * p->in_c;
    for (int64_t y = 0; y < p->seg_y; y++)
        for (int64_t x = 0; x < p->seg_x; x++)
            for (int64_t i = 0; i < head->pairs; i++)
                *ret++ = (int32_t)(y * down + x * right + 2 * i);
}

static rg_status pack(const rg_op_call *call, void *packed, rg_err *err) {
    pack_head *head = packed;
    if (!lay_out(call, head))
        return rg_fail(err, RG_UNSUPPORTED, NULL, "a strip of the input would be too large");
    head->out = rg_requant_out_of(call);
    rg_factor *factors = calloc(1, call->op->state_bytes(call));
    if (!factors)
        return rg_fail(err, RG_NO_MEMORY, NULL, "no memory for the factors of %lld channels",
                       (long long)head->plan.out_c);
    pack_offsets(head, (int32_t *)(head + 1));
    rg_status status = call->op->prepare(call, factors, err);
    for (int64_t i = 0; status == RG_OK && i < head->plan.groups * head->plan.panels; i++)
        pack_panel(call, head, factors, i, (panel_head *)panel_at(head, i));
    free(factors);
    return status;
}

ALWAYS void store(void *at, __m256i v) {
    _mm256_storeu_si256(at, v);
}

/* 16 weights: 8 channels of one pair. */
ALWAYS __m256i load_weights(bool wide, const int8_t *w) {
    return wide ? _mm256_load_si256((const __m256i *)w)
                : _mm256_cvtepi8_epi16(_mm_load_si128((const __m128i *)w));
}

/* n bytes to distances from the zero point. */
static void widen(const int8_t *from, int64_t n, rg_bytes bytes, int16_t *ret) {
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

/* One row of the strip; len may be spread over every step_x-th column. */
static void fill_row(const pack_head *head, const int8_t *in, rg_gemm_row row, int16_t *ret) {
    const rg_gemm_plan *p = &head->plan;
    int64_t all = p->strip_w * p->in_c;
    memset(ret, 0, (size_t)row.left * sizeof *ret);
    if (p->step_x == 1)
        widen(in + row.from, row.len, head->bytes, ret + row.left);
    else
        for (int64_t i = 0; i < row.len; i += p->in_c)
            widen(in + row.from + i * p->step_x, p->in_c, head->bytes, ret + row.left + i);
    int64_t end = row.left + row.len;
    memset(ret + end, 0, (size_t)(all - end) * sizeof *ret);
}

static void fill_strip(const pack_head *head, const int8_t *in, const rg_gemm_block *block,
                       int16_t *strip) {
    const rg_gemm_plan *p = &head->plan;
    int64_t rows = rg_gemm_strip_rows(p, block), len = p->strip_w * p->in_c;
    for (int64_t i = 0; i < rows; i++)
        fill_row(head, in, rg_gemm_row_at(p, block, i), strip + i * len);
    strip[rows * len] = 0; /* an odd segment's last pair reads one further, times 0 */
}

/* Sums of `rows` pixels x 16 channels over all of K. */
ALWAYS void multiply(int rows, bool wide, const pack_head *head, const tile_at *at,
                     const panel_head *panel, __m256i (*sum)[2]) {
    const int8_t *w = (const int8_t *)(panel + 1);
    const int32_t *step = (const int32_t *)(head + 1), *end = step + head->steps;
    UNROLL
    for (int r = 0; r < rows; r++) {
        sum[r][0] = _mm256_load_si256((const __m256i *)panel->bias);
        sum[r][1] = _mm256_load_si256((const __m256i *)panel->bias + 1);
    }
    for (; step < end; step++, w += wide ? 64 : 32) {
        __m256i w0 = load_weights(wide, w), w1 = load_weights(wide, w + (wide ? 32 : 16));
        UNROLL
        for (int r = 0; r < rows; r++) {
            __m256i x = _mm256_set1_epi32(*(const pair *)(at->in[r] + *step));
            sum[r][0] = _mm256_add_epi32(sum[r][0], _mm256_madd_epi16(x, w0));
            sum[r][1] = _mm256_add_epi32(sum[r][1], _mm256_madd_epi16(x, w1));
        }
    }
}

/* Eight sums to values, saturated neither to a byte nor to the activation's range. */
ALWAYS __m256i proven_values(const panel_head *panel, __m256i sum, int at) {
    __m256 real = _mm256_cvtepi32_ps(sum);
    __m256 offset = _mm256_blendv_ps(_mm256_load_ps(panel->above + at),
                                     _mm256_load_ps(panel->below + at), real);
    return _mm256_cvtps_epi32(_mm256_fmadd_ps(real, _mm256_load_ps(panel->scale + at), offset));
}

/* A row of 16 sums to values as int16; the halves of its vectors alternate. */
ALWAYS __m256i values(bool proven, const pack_head *head, const panel_head *panel,
                      const __m256i sum[2]) {
    if (proven)
        return _mm256_packs_epi32(proven_values(panel, sum[0], 0), proven_values(panel, sum[1], 8));
    __m256i both = _mm256_packs_epi32(rg_requant_avx2(sum[0], panel->any),
                                      rg_requant_avx2(sum[1], panel->any + 1));
    return _mm256_adds_epi16(both, _mm256_set1_epi16((int16_t)head->out.zero));
}

/* Two rows of 16 sums to int8, in order. */
ALWAYS __m256i narrow(bool proven, const pack_head *head, const panel_head *panel,
                      const __m256i a[2], const __m256i b[2]) {
    const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    __m256i low = _mm256_set1_epi8((char)head->out.low);
    __m256i high = _mm256_set1_epi8((char)head->out.high);
    __m256i x = _mm256_packs_epi16(values(proven, head, panel, a), values(proven, head, panel, b));
    x = _mm256_min_epi8(_mm256_max_epi8(x, low), high);
    x = _mm256_permutevar8x32_epi32(x, order);
    return _mm256_xor_si256(x, _mm256_set1_epi8((char)head->out.flip));
}

ALWAYS void store_row(int8_t *out, __m128i v, int64_t n) {
    if (n == COLS) {
        _mm_storeu_si128((__m128i *)out, v);
        return;
    }
    _Alignas(16) int8_t bytes[COLS];
    _mm_store_si128((__m128i *)bytes, v);
    memcpy(out, bytes, (size_t)n);
}

ALWAYS void store_rows(int rows, const pack_head *head, const tile_at *at, const panel_head *panel,
                       int64_t n, __m256i (*sum)[2]) {
    UNROLL
    for (int r = 0; r < rows / 2; r++) {
        __m256i both = narrow(true, head, panel, sum[2 * r], sum[2 * r + 1]);
        store_row(at->out[2 * r], _mm256_castsi256_si128(both), n);
        store_row(at->out[2 * r + 1], _mm256_extracti128_si256(both, 1), n);
    }
    if (rows % 2) {
        __m256i one = narrow(true, head, panel, sum[rows - 1], sum[rows - 1]);
        store_row(at->out[rows - 1], _mm256_castsi256_si128(one), n);
    }
}

/* Rare: panels without a proven formula. */
static __attribute__((noinline)) void store_any(int rows, const pack_head *head, const tile_at *at,
                                                const panel_head *panel, int64_t n,
                                                const __m256i (*sum)[2]) {
    for (int r = 0; r < rows; r++)
        store_row(at->out[r], _mm256_castsi256_si128(narrow(false, head, panel, sum[r], sum[r])),
                  n);
}

ALWAYS void tile(int rows, bool wide, const pack_head *head, const tile_at *at,
                 const panel_head *panel, int64_t n) {
    __m256i sum[ROWS][2];
    multiply(rows, wide, head, at, panel, sum);
    if (panel->proven) {
        store_rows(rows, head, at, panel, n, sum);
        return;
    }
    __m256i copy[ROWS][2];
    UNROLL
    for (int r = 0; r < rows; r++)
        copy[r][0] = sum[r][0], copy[r][1] = sum[r][1];
    store_any(rows, head, at, panel, n, copy);
}

typedef void tile_fn(const pack_head *head, const tile_at *at, const panel_head *panel, int64_t n);
#define TILE(rows)                                                                                 \
    static void narrow_##rows(const pack_head *head, const tile_at *at, const panel_head *panel,   \
                              int64_t n) {                                                         \
        tile(rows, false, head, at, panel, n);                                                     \
    }                                                                                              \
    static void wide_##rows(const pack_head *head, const tile_at *at, const panel_head *panel,     \
                            int64_t n) {                                                           \
        tile(rows, true, head, at, panel, n);                                                      \
    }
TILE(1)
TILE(2)
TILE(3)
TILE(4)
TILE(5)
TILE(6)
static tile_fn *const tile_of[2][ROWS + 1] = {
    {NULL, narrow_1, narrow_2, narrow_3, narrow_4, narrow_5, narrow_6},
    {NULL, wide_1, wide_2, wide_3, wide_4, wide_5, wide_6},
};

/* Sums of one pixel x PANELS panels: as many streams of weights, which is what counts there. */
ALWAYS void multiply_row(bool wide, const pack_head *head, const int16_t *in,
                         const panel_head *panels, __m256i (*sum)[2]) {
    const int64_t next = (int64_t)head->panel_bytes;
    const int8_t *w = (const int8_t *)(panels + 1);
    const int32_t *step = (const int32_t *)(head + 1), *end = step + head->steps;
    UNROLL
    for (int i = 0; i < PANELS; i++) {
        const __m256i *bias = (const void *)((const char *)panels + i * next);
        sum[i][0] = _mm256_load_si256(bias);
        sum[i][1] = _mm256_load_si256(bias + 1);
    }
    for (; step < end; step++, w += wide ? 64 : 32) {
        __m256i x = _mm256_set1_epi32(*(const pair *)(in + *step));
        UNROLL
        for (int i = 0; i < PANELS; i++) {
            __m256i w0 = load_weights(wide, w + i * next);
            __m256i w1 = load_weights(wide, w + i * next + (wide ? 32 : 16));
            sum[i][0] = _mm256_add_epi32(sum[i][0], _mm256_madd_epi16(x, w0));
            sum[i][1] = _mm256_add_epi32(sum[i][1], _mm256_madd_epi16(x, w1));
        }
    }
}

/* One pixel x PANELS panels, of which the last one may have `n` < 16 channels. */
ALWAYS void tile_row(bool wide, const pack_head *head, const int16_t *in, const panel_head *panels,
                     int8_t *out, int64_t n) {
    __m256i sum[PANELS][2];
    multiply_row(wide, head, in, panels, sum);
    UNROLL
    for (int i = 0; i < PANELS; i++) {
        tile_at at = {.out = {out + i * COLS}};
        const panel_head *panel =
            (const void *)((const char *)panels + (size_t)i * head->panel_bytes);
        int64_t width = i + 1 < PANELS ? COLS : n;
        if (panel->proven)
            store_rows(1, head, &at, panel, width, &sum[i]);
        else
            store_any(1, head, &at, panel, width, &sum[i]);
    }
}

static void row_narrow(const pack_head *head, const int16_t *in, const panel_head *panels,
                       int8_t *out, int64_t n) {
    tile_row(false, head, in, panels, out, n);
}

static void row_wide(const pack_head *head, const int16_t *in, const panel_head *panels,
                     int8_t *out, int64_t n) {
    tile_row(true, head, in, panels, out, n);
}

static int64_t panel_width(const rg_gemm_plan *p, int64_t index) {
    int64_t left = p->group_c - index % p->panels * COLS;
    return left < COLS ? left : COLS;
}

/* One panel over all pixels of a block, whose strip and first output pixel are given. */
static void run_panel(const pack_head *head, const rg_gemm_block *block, const int16_t *strip,
                      int8_t *out, int64_t index) {
    const rg_gemm_plan *p = &head->plan;
    const panel_head *panel = panel_at(head, index);
    int64_t group = index / p->panels, first = index % p->panels * COLS;
    int64_t n = panel_width(p, index);
    int64_t down = p->stride_y * p->strip_w * p->in_c, right = p->stride_x * p->in_c;
    int64_t x = 0, left = block->h * block->w;
    strip += group * p->tap_c;
    out += group * p->group_c + first;
    const int16_t *from = strip;
    while (left > 0) {
        tile_at at;
        int rows = 0;
        for (; rows < ROWS && rows < left; rows++, from += right, out += p->out_c) {
            if (x == block->w) {
                x = 0;
                from = strip += down;
                out += (p->out_w - block->w) * p->out_c;
            }
            at.in[rows] = from;
            at.out[rows] = out;
            x++;
        }
        tile_of[head->wide][rows](head, &at, panel, n);
        left -= rows;
    }
}

/* Panels [first, last) over a block; a block of one pixel takes several at once. */
static void run_panels(const pack_head *head, const rg_gemm_block *block, const int16_t *strip,
                       int8_t *out, int64_t first, int64_t last) {
    const rg_gemm_plan *p = &head->plan;
    bool row = block->h * block->w == 1 && p->groups == 1;
    for (; row && first + PANELS <= last; first += PANELS)
        (head->wide ? row_wide : row_narrow)(head, strip, panel_at(head, first), out + first * COLS,
                                             panel_width(p, first + PANELS - 1));
    for (; first < last; first++)
        run_panel(head, block, strip, out, first);
}

static void run(const rg_op_call *call, const void *packed, const void *const *in, void *const *out,
                size_t first_tile, size_t last_tile, void *scratch) {
    (void)call;
    const pack_head *head = packed;
    const rg_gemm_plan *p = &head->plan;
    size_t shares = (size_t)p->shares, next;
    for (size_t t = first_tile; t < last_tile; t = next) {
        rg_gemm_block block = rg_gemm_block_at(p, t / shares);
        next = (t / shares + 1) * shares;
        next = next < last_tile ? next : last_tile;
        fill_strip(head, in[0], &block, scratch);
        int8_t *at =
            (int8_t *)out[0] + ((block.image * p->out_h + block.y) * p->out_w + block.x) * p->out_c;
        int64_t first, last, unused;
        rg_gemm_share(p, (int64_t)(t % shares), &first, &unused);
        rg_gemm_share(p, (int64_t)((next - 1) % shares), &unused, &last);
        run_panels(head, &block, scratch, at, first, last);
    }
}

#define ROW(op_name, what)                                                                         \
    const rg_kernel rg_kernel_##op_name##_avx2 = {                                                 \
        .name = #op_name "_avx2",                                                                  \
        .op = #op_name,                                                                            \
        .isa = "avx2",                                                                             \
        .summary = what " in tiles of 6 x 16, bytes widened to 16 bits for exact pairs",           \
        .suits = suits,                                                                            \
        .packed_bytes = packed_bytes,                                                              \
        .pack = pack,                                                                              \
        .scratch_bytes = scratch_bytes,                                                            \
        .tiles = tiles,                                                                            \
        .run = run,                                                                                \
    }

ROW(conv2d_s8, "Convolution");
ROW(conv2d_u8, "Convolution");
ROW(fully_connected_s8, "Matrix product");
ROW(fully_connected_u8, "Matrix product");
