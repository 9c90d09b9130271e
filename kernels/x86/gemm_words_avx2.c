/* gemm_words_avx2.c: convolutions and fully connected layers whose activations are int16 beside
 * int8 weights, with AVX2: those of the file itself ("16x8"), and float images quantized as they
 * come (hybrid), whose distances from the zero point need 9 bits. Sums are int32 where the weights
 * prove that they fit; gemm_bytes_avx2.c is the same for 8 bits.
 */
#include <stdlib.h>
#include <string.h>

#include "bench/iface/kernel.h"
#include "kernels/each/gemm_plan.h"
#include "kernels/ref/activation.h"
#include "kernels/ref/conv2d.h"
#include "kernels/ref/fully_connected.h"
#include "kernels/ref/wide.h"
#include "kernels/x86/hybrid_avx2.h"
#include "kernels/x86/tile_bytes_avx2.h"

/* Head of a panel of 16 output channels; its weights follow: for each pair of K, 16 pairs. */
typedef struct words_panel {
    _Alignas(32) int32_t start[COLS]; /* what sums start from */
    float bias[COLS], scale[COLS];    /* hybrid */
    int32_t cut[COLS];                /* multipliers of wide sums, of 16 bits */
    int64_t half[2][2][4];            /* half a step and shift of 8 channels: even ones, odd ones */
    int64_t shift[2][2][4];
    int64_t wide_bias[COLS]; /* where that is not `quick` */
    rg_factor factor[COLS];
    bool quick; /* sums and bias fit 32 bits and shifts 32 places */
} words_panel;

/* Head of what is packed; where the pairs of K lie, seen from a pixel, and the panels follow. */
typedef struct pack_head {
    _Alignas(64) rg_gemm_plan plan;
    bool hybrid;
    bool differ;   /* hybrid: one scale a channel, images asymmetric */
    int64_t pairs; /* of one segment */
    int64_t steps; /* pairs of all */
    size_t panel_bytes;
    float low_f32, high_f32;
    int32_t low, high;
    bool is_narrow; /* as rg_wide */
} pack_head;

static bool scales_differ(const rg_tensor *weights) {
    for (uint32_t c = 1; c < weights->quant.n; c++) {
        if (weights->quant.scale[c] != weights->quant.scale[0])
            return true;
    }
    return false;
}

/* Images of one batch that were joined into one row cannot be quantized one by one. */
static bool lay_out(const rg_op_call *call, pack_head *ret) {
    *ret = (pack_head){.hybrid = call->op->in == RG_DTYPE_FLOAT32};
    rg_gemm_plan *p = &ret->plan;
    if (!rg_gemm_lay_out(call, COLS, sizeof(int16_t), ROWS, p))
        return false;
    if (ret->hybrid && p->batch != call->in[0]->shape.dim[0])
        return false;
    ret->differ = scales_differ(call->in[1]);
    ret->pairs = (p->seg_len + 1) / 2;
    ret->steps = p->seg_y * p->seg_x * ret->pairs;
    ret->panel_bytes = sizeof(words_panel) + (size_t)ret->steps * COLS * 2;
    return true;
}

static size_t offset_bytes(const pack_head *head) {
    return ((size_t)head->steps * sizeof(int32_t) + 63) / 64 * 64;
}

static inline const words_panel *panel_at(const pack_head *head, int64_t index) {
    return (const void *)((const char *)(head + 1) + offset_bytes(head) +
                          (size_t)index * head->panel_bytes);
}

/* True when no sum of an output leaves int32, whatever the activations. */
static bool sums_fit(const rg_op_call *call) {
    int64_t reach = call->op->in == RG_DTYPE_FLOAT32 ? 255 : 32768;
    int64_t outputs = call->in[1]->shape.dim[0];
    int64_t size = (int64_t)rg_elements(call->in[1]) / outputs;
    const int8_t *w = call->in[1]->data;
    for (int64_t c = 0; c < outputs; c++) {
        int64_t sum = 0;
        for (int64_t i = 0; i < size; i++)
            sum += abs(w[c * size + i]);
        if (sum * reach > INT32_MAX)
            return false;
    }
    return true;
}

static bool suits(const rg_op_call *call) {
    pack_head head;
    const rg_tensor *bias = rg_call_in(call, 2);
    return call->in[1]->data && (!bias || bias->data) && lay_out(call, &head) && sums_fit(call);
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

/* Weights of output channel `c` into column `col`; the sum of their sizes. */
static int64_t pack_weights(const rg_op_call *call, const pack_head *head, int64_t c, int col,
                            int8_t *ret) {
    const rg_gemm_plan *p = &head->plan;
    const int8_t *from =
        (const int8_t *)call->in[1]->data + c * p->filter_y * p->filter_x * p->tap_c;
    int64_t sizes = 0;
    for (int64_t s = 0; s < p->seg_y * p->seg_x; s++)
        for (int64_t e = 0; e < p->seg_len; e++) {
            int8_t w = from[rg_gemm_weight_at(p, s, e)];
            ret[((s * head->pairs + e / 2) * COLS + col) * 2 + e % 2] = w;
            sizes += abs(w);
        }
    return sizes;
}

/* How the wide sums of channel `c` become outputs. */
static void pack_factor(const rg_op_call *call, const rg_wide *wide, int64_t c, int64_t sizes,
                        int col, words_panel *ret) {
    const rg_tensor *bias = rg_call_in(call, 2);
    rg_factor factor = wide->factors[c];
    int shift = 15 - factor.shift;
    int64_t more = rg_wide_bias(bias, bias ? bias->data : NULL, c);
    ret->factor[col] = factor;
    ret->wide_bias[col] = more;
    ret->quick &= !wide->is_narrow && shift >= 1 && shift <= 32 && more >= INT32_MIN / 2 &&
                  more <= INT32_MAX / 2 && sizes * 32768 <= INT32_MAX / 2;
    ret->cut[col] =
        factor.multiplier < 0x7fff0000 ? (factor.multiplier + (1 << 15)) >> 16 : INT16_MAX;
    shift = shift < 1 ? 1 : shift > 62 ? 62 : shift;
    ret->shift[col / 8][col % 2][col % 8 / 2] = shift;
    ret->half[col / 8][col % 2][col % 8 / 2] = INT64_C(1) << (shift - 1);
}

static void pack_panel(const rg_op_call *call, const pack_head *head, const rg_wide *wide,
                       int64_t index, words_panel *ret) {
    const rg_gemm_plan *p = &head->plan;
    const rg_tensor *bias = rg_call_in(call, 2);
    int64_t first = index % p->panels * COLS, c0 = index / p->panels * p->group_c + first;
    ret->quick = true;
    for (int col = 0; col < COLS && first + col < p->group_c; col++) {
        int64_t sizes = pack_weights(call, head, c0 + col, col, (int8_t *)(ret + 1));
        if (wide) {
            pack_factor(call, wide, c0 + col, sizes, col, ret);
            continue;
        }
        ret->scale[col] = rg_hybrid_scale(call->in[1], c0 + col);
        ret->bias[col] = bias ? ((const float *)bias->data)[c0 + col] : 0;
    }
    for (int col = 0; wide && ret->quick && col < COLS; col++)
        ret->start[col] = (int32_t)ret->wide_bias[col];
}

static void pack_offsets(const pack_head *head, int32_t *ret) {
    const rg_gemm_plan *p = &head->plan;
    int64_t down = p->seg_dy * p->strip_w * p->in_c, right = p->seg_dx * p->in_c;
    for (int64_t y = 0; y < p->seg_y; y++)
        for (int64_t x = 0; x < p->seg_x; x++)
            for (int64_t i = 0; i < head->pairs; i++)
                *ret++ = (int32_t)(y * down + x * right + 2 * i);
}

static int activation_of(const rg_op_call *call) {
    return !strcmp(call->op->kind, "conv2d") ? ((const rg_conv_params *)call->params)->activation
                                             : ((const rg_fc_params *)call->params)->activation;
}

static rg_status pack(const rg_op_call *call, void *packed, rg_err *err) {
    pack_head *head = packed;
    rg_wide *wide = NULL;
    rg_status status = RG_OK;
    if (!lay_out(call, head))
        return rg_fail(err, RG_UNSUPPORTED, NULL, "a strip of the input would be too large");
    if (head->hybrid) {
        rg_activation_range_f32(activation_of(call), &head->low_f32, &head->high_f32);
    } else if (!(wide = calloc(1, call->op->state_bytes(call)))) {
        return rg_fail(err, RG_NO_MEMORY, NULL, "no memory for the factors of %lld channels",
                       (long long)head->plan.out_c);
    } else if ((status = call->op->prepare(call, wide, err)) == RG_OK) {
        head->low = wide->low;
        head->high = wide->high;
        head->is_narrow = wide->is_narrow;
    }
    pack_offsets(head, (int32_t *)(head + 1));
    for (int64_t i = 0; status == RG_OK && i < head->plan.groups * head->plan.panels; i++)
        pack_panel(call, head, wide, i, (words_panel *)panel_at(head, i));
    free(wide);
    return status;
}

/* n elements of the input as the strip wants them; `h` NULL: they are int16. */
static void take(const void *in, int64_t from, int64_t n, const rg_hybrid *h, int16_t *ret) {
    if (h)
        rg_hybrid_quantize_avx2(h, (const float *)in + from, n, false, ret);
    else
        memcpy(ret, (const int16_t *)in + from, (size_t)n * sizeof *ret);
}

/* One row of the strip; len may be spread over every step_x-th column. */
static void fill_row(const rg_gemm_plan *p, const void *in, rg_gemm_row row, const rg_hybrid *h,
                     int16_t *ret) {
    int64_t all = p->strip_w * p->in_c, end = row.left + row.len;
    memset(ret, 0, (size_t)row.left * sizeof *ret);
    if (p->step_x == 1)
        take(in, row.from, row.len, h, ret + row.left);
    else
        for (int64_t i = 0; i < row.len; i += p->in_c)
            take(in, row.from + i * p->step_x, p->in_c, h, ret + row.left + i);
    memset(ret + end, 0, (size_t)(all - end) * sizeof *ret);
}

static void fill_strip(const rg_gemm_plan *p, const void *in, const rg_gemm_block *block,
                       const rg_hybrid *h, int16_t *strip) {
    int64_t rows = rg_gemm_strip_rows(p, block), len = p->strip_w * p->in_c;
    for (int64_t i = 0; i < rows; i++)
        fill_row(p, in, rg_gemm_row_at(p, block, i), h, strip + i * len);
    strip[rows * len] = 0; /* an odd segment's last pair reads one further, times 0 */
}

/* Eight hybrid sums to floats in the reference's order. */
ALWAYS __m256 real_of(const pack_head *head, const rg_hybrid *h, const words_panel *panel, int at,
                      __m256i sum) {
    __m256 scale = _mm256_load_ps(panel->scale + at), image = _mm256_set1_ps(h->scale);
    __m256 whole = _mm256_cvtepi32_ps(sum);
    whole = head->differ ? _mm256_mul_ps(_mm256_mul_ps(whole, scale), image)
                         : _mm256_mul_ps(whole, _mm256_mul_ps(image, scale));
    whole = _mm256_add_ps(whole, _mm256_load_ps(panel->bias + at));
    whole = _mm256_max_ps(_mm256_set1_ps(head->low_f32), whole);
    return _mm256_min_ps(_mm256_set1_ps(head->high_f32), whole);
}

/* Four sums times their multipliers, in the lower halves of 64 bits; a shift of at most 32 takes
 * the same bits out of a negative product as out of any other. */
ALWAYS __m256i scale_half(const words_panel *panel, int i, int odd, __m256i sum, __m256i cut) {
    __m256i half = _mm256_load_si256((const __m256i *)panel->half[i][odd]);
    __m256i shift = _mm256_load_si256((const __m256i *)panel->shift[i][odd]);
    return _mm256_srlv_epi64(_mm256_add_epi64(_mm256_mul_epi32(sum, cut), half), shift);
}

/* Eight wide sums, bias included, to outputs in their range. */
ALWAYS __m256i scale_wide(const pack_head *head, const words_panel *panel, int i, __m256i sum) {
    __m256i cut = _mm256_load_si256((const __m256i *)(panel->cut + 8 * i));
    __m256i even = scale_half(panel, i, 0, sum, cut);
    __m256i odd = scale_half(panel, i, 1, _mm256_srli_epi64(sum, 32), _mm256_srli_epi64(cut, 32));
    __m256i all = _mm256_blend_epi32(even, _mm256_slli_epi64(odd, 32), 0xaa);
    all = _mm256_max_epi32(all, _mm256_set1_epi32(head->low));
    return _mm256_min_epi32(all, _mm256_set1_epi32(head->high));
}

/* Rare: an int32 bias with its double rounding, sums that need 64 bits. */
static __attribute__((noinline)) void store_rare(const pack_head *head, const words_panel *panel,
                                                 const int32_t *sum, int16_t *out, int64_t n) {
    for (int64_t c = 0; c < n; c++) {
        int64_t whole = sum[c] + panel->wide_bias[c];
        int32_t scaled = head->is_narrow
                             ? rg_factor_apply(panel->factor[c], (int32_t)(uint32_t)whole)
                             : rg_factor_apply_wide(panel->factor[c], whole);
        out[c] = (int16_t)rg_clamp(scaled, head->low, head->high);
    }
}

ALWAYS void store_words(const pack_head *head, const words_panel *panel, const __m256i sum[2],
                        int16_t *out, int64_t n) {
    _Alignas(32) int32_t sums[COLS];
    _Alignas(32) int16_t words[COLS];
    if (!panel->quick) {
        _mm256_store_si256((__m256i *)sums, sum[0]);
        _mm256_store_si256((__m256i *)sums + 1, sum[1]);
        store_rare(head, panel, sums, out, n);
        return;
    }
    __m256i both =
        _mm256_packs_epi32(scale_wide(head, panel, 0, sum[0]), scale_wide(head, panel, 1, sum[1]));
    both = _mm256_permute4x64_epi64(both, 0xd8);
    if (n == COLS) {
        store(out, both);
        return;
    }
    _mm256_store_si256((__m256i *)words, both);
    memcpy(out, words, (size_t)n * sizeof *out);
}

ALWAYS void store_reals(const pack_head *head, const rg_hybrid *h, const words_panel *panel,
                        const __m256i sum[2], float *out, int64_t n) {
    const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    UNROLL
    for (int i = 0; i < 2; i++) {
        __m256i here = _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n - 8 * i), lanes);
        if (n > 8 * i)
            _mm256_maskstore_ps(out + 8 * i, here, real_of(head, h, panel, 8 * i, sum[i]));
    }
}

/* A tile of `rows` pixels x 16 channels at elements `to` of the output. */
ALWAYS void tile_words(int rows, const pack_head *head, const rg_hybrid *h, const tile_at *at,
                       const words_panel *panel, int64_t n) {
    __m256i sum[ROWS][2];
    const int32_t *offsets = (const int32_t *)(head + 1);
    UNROLL
    for (int r = 0; r < rows; r++) {
        sum[r][0] = _mm256_load_si256((const __m256i *)panel->start);
        sum[r][1] = _mm256_load_si256((const __m256i *)panel->start + 1);
    }
    multiply_steps(rows, false, false, offsets, offsets + head->steps, at,
                   (const int8_t *)(panel + 1), sum);
    UNROLL
    for (int r = 0; r < rows; r++) {
        if (h)
            store_reals(head, h, panel, sum[r], (float *)(void *)at->out[r], n);
        else
            store_words(head, panel, sum[r], (int16_t *)(void *)at->out[r], n);
    }
}

typedef void words_fn(const pack_head *head, const rg_hybrid *h, const tile_at *at,
                      const words_panel *panel, int64_t n);
#define WORDS(rows)                                                                                \
    static void words_##rows(const pack_head *head, const rg_hybrid *h, const tile_at *at,         \
                             const words_panel *panel, int64_t n) {                                \
        tile_words(rows, head, h, at, panel, n);                                                   \
    }
WORDS(1)
WORDS(2)
WORDS(3)
WORDS(4)
WORDS(5)
WORDS(6)
static words_fn *const words_of[ROWS + 1] = {NULL,    words_1, words_2, words_3,
                                             words_4, words_5, words_6};

/* One panel over all pixels of a block, whose strip and first output pixel are given. */
static void run_panel(const pack_head *head, const rg_gemm_block *block, const rg_hybrid *h,
                      const int16_t *strip, int8_t *out, int64_t index) {
    const rg_gemm_plan *p = &head->plan;
    int64_t group = index / p->panels, first = index % p->panels * COLS;
    int64_t n = p->group_c - first < COLS ? p->group_c - first : COLS;
    int64_t size = h ? sizeof(float) : sizeof(int16_t), from[ROWS], to[ROWS];
    rg_gemm_walk walk = {.left = block->h * block->w};
    strip += group * p->tap_c;
    out += (group * p->group_c + first) * size;
    while (walk.left > 0) {
        tile_at at;
        int rows = rg_gemm_walk_next(p, block, &walk, ROWS, from, to);
        for (int r = 0; r < rows; r++) {
            at.in[r] = strip + from[r];
            at.out[r] = out + to[r] * size;
        }
        words_of[rows](head, h, &at, panel_at(head, index), n);
    }
}

static void run(const rg_op_call *call, const void *packed, const void *const *in, void *const *out,
                size_t first_tile, size_t last_tile, void *scratch) {
    (void)call;
    const pack_head *head = packed;
    const rg_gemm_plan *p = &head->plan;
    int64_t image = p->in_h * p->in_w * p->in_c, known = -1;
    int64_t size = head->hybrid ? sizeof(float) : sizeof(int16_t);
    rg_hybrid quanta;
    const rg_hybrid *h = head->hybrid ? &quanta : NULL;
    rg_gemm_piece piece;
    for (size_t t = first_tile; rg_gemm_next_piece(p, &t, last_tile, &piece);) {
        if (h && known != piece.block.image)
            quanta = rg_hybrid_of_avx2((const float *)in[0] + piece.block.image * image, image,
                                       head->differ);
        known = piece.block.image;
        fill_strip(p, in[0], &piece.block, h, scratch);
        for (int64_t i = piece.first; i < piece.last; i++)
            run_panel(head, &piece.block, h, scratch, (int8_t *)out[0] + piece.out * size, i);
    }
}

#define ROW(op_name, text)                                                                         \
    const rg_kernel rg_kernel_##op_name##_avx2 = {                                                 \
        .name = #op_name "_avx2",                                                                  \
        .op = #op_name,                                                                            \
        .isa = "avx2",                                                                             \
        .summary = text " in tiles of 6 x 16, pairs of int16 times widened weights",               \
        RG_KERNEL_METHODS,                                                                         \
        .scratch_bytes = scratch_bytes,                                                            \
    }

ROW(conv2d_f32_s8, "Images quantized whole, convolution");
ROW(conv2d_s16, "Convolution");
ROW(fully_connected_s16, "Matrix product");
