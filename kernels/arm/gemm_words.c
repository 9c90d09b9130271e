/* gemm_words.c: convolutions and fully connected layers of int16 beside int8 weights ("16x8", see
 * kernels/ref/wide.h) on any Armv8 core: tiles of 4 x 16 with SMLAL. Sums are int32 where the
 * weights prove that they fit; nothing richer than NEON multiplies int16. */
#include "kernels/arm/strip.h"

#include <stdlib.h>

#include "kernels/each/level.h"
#include "kernels/ref/conv2d.h"
#include "kernels/ref/fully_connected.h"
#include "kernels/ref/wide.h"

/* Head of a panel of 16 channels; its weights follow. */
typedef struct panel_head {
    _Alignas(16) int32_t start[COLS]; /* what sums start from: biases where `quick` */
    int32_t cut[COLS];                /* multipliers of 16 bits */
    int64_t left[COLS];               /* minus how far products are shifted to the right */
    int64_t bias[COLS];
    rg_factor factor[COLS];
    bool quick; /* sums and biases fit 32 bits together, one rounding */
} panel_head;

/* Head of what is packed; offsets of segments and the panels follow. */
typedef struct pack_head {
    _Alignas(64) strip_plan plan;
    int32_t low, high;
    bool is_narrow; /* as rg_wide */
} pack_head;

struct strip_source {
    const int16_t *in;
};

static void strip_take(const strip_source *source, int64_t from, int64_t n, strip_t *ret) {
    memcpy(ret, source->in + from, (size_t)n * sizeof *ret);
}

static bool lay_out(const rg_op_call *call, pack_head *ret) {
    *ret = (pack_head){.low = 0};
    return strip_lay_out(call, sizeof(panel_head), &ret->plan);
}

/* True when no sum of an output leaves int32, whatever the activations. */
static bool sums_fit(const rg_op_call *call) {
    int64_t outputs = call->in[1]->shape.dim[0];
    int64_t size = (int64_t)rg_elements(call->in[1]) / outputs;
    const int8_t *w = call->in[1]->data;
    for (int64_t c = 0; c < outputs; c++) {
        int64_t sum = 0;
        for (int64_t i = 0; i < size; i++)
            sum += abs(w[c * size + i]);
        if (sum * 32768 > INT32_MAX)
            return false;
    }
    return true;
}

#include "kernels/arm/strip_methods.inc"

static bool suits(const rg_op_call *call) {
    pack_head h;
    const rg_tensor *bias = rg_call_in(call, 2);
    return call->in[1]->data && (!bias || bias->data) && lay_out(call, &h) && sums_fit(call);
}

/* How sums of channel `c` become outputs. */
static void pack_factor(const rg_op_call *call, const rg_wide *wide, int64_t c, int64_t sizes,
                        int64_t col, panel_head *ret) {
    const rg_tensor *bias = rg_call_in(call, 2);
    rg_factor factor = wide->factors[c];
    int64_t more = rg_wide_bias(bias, bias ? bias->data : NULL, c);
    ret->factor[col] = factor;
    ret->bias[col] = more;
    ret->quick &= !wide->is_narrow && more >= INT32_MIN / 2 && more <= INT32_MAX / 2 &&
                  sizes * 32768 <= INT32_MAX / 2;
    ret->cut[col] =
        factor.multiplier < 0x7fff0000 ? (factor.multiplier + (1 << 15)) >> 16 : INT16_MAX;
    ret->left[col] = factor.shift - 15;
}

static void pack_panel(const rg_op_call *call, const pack_head *h, const rg_wide *wide,
                       int64_t index, panel_head *ret) {
    const rg_gemm_plan *g = &h->plan.gemm;
    int64_t first = index % g->panels * COLS, c = index / g->panels * g->group_c + first, sizes;
    ret->quick = true;
    for (int64_t col = 0; col < COLS && first + col < g->group_c; col++, c++) {
        strip_pack_weights(&h->plan, call->in[1]->data, c, col, (int8_t *)(ret + 1), &sizes);
        pack_factor(call, wide, c, sizes, col, ret);
    }
    for (int64_t col = 0; ret->quick && col < COLS; col++)
        ret->start[col] = (int32_t)ret->bias[col];
}

static rg_status pack(const rg_op_call *call, void *packed, rg_err *err) {
    pack_head *h = packed;
    if (!lay_out(call, h))
        return rg_fail(err, RG_UNSUPPORTED, NULL, "a strip of the input would be too large");
    rg_wide *wide = calloc(1, call->op->state_bytes(call));
    if (!wide)
        return rg_fail(err, RG_NO_MEMORY, NULL, "no memory for the factors of %lld channels",
                       (long long)h->plan.gemm.out_c);
    rg_status status = call->op->prepare(call, wide, err);
    h->low = wide->low;
    h->high = wide->high;
    h->is_narrow = wide->is_narrow;
    strip_pack_offsets(&h->plan, (int64_t *)(h + 1));
    for (int64_t i = 0; status == RG_OK && i < h->plan.gemm.groups * h->plan.gemm.panels; i++)
        pack_panel(call, h, wide, i, panel_at(h, i));
    free(wide);
    return status;
}

/* Rare: an int32 bias with its double rounding, sums that need 64 bits. */
static __attribute__((noinline)) void store_rare(const pack_head *h, const panel_head *panel,
                                                 const int32x4_t sum[VECS], int16_t *out,
                                                 int64_t n) {
    int32_t whole[COLS];
    for (int g = 0; g < VECS; g++)
        vst1q_s32(whole + 4 * g, sum[g]);
    for (int64_t c = 0; c < n; c++) {
        int64_t all = whole[c] + panel->bias[c];
        int32_t scaled = h->is_narrow ? rg_factor_apply(panel->factor[c], (int32_t)(uint32_t)all)
                                      : rg_factor_apply_wide(panel->factor[c], all);
        out[c] = (int16_t)rg_clamp(scaled, h->low, h->high);
    }
}

/* Four sums, bias included, to outputs in their range. */
ALWAYS int16x4_t scale_of(const pack_head *h, const panel_head *panel, int at, int32x4_t sum) {
    int32x4_t cut = vld1q_s32(panel->cut + at);
    int64x2_t low = vmull_s32(vget_low_s32(sum), vget_low_s32(cut));
    int64x2_t high = vmull_high_s32(sum, cut);
    low = vrshlq_s64(low, vld1q_s64(panel->left + at));
    high = vrshlq_s64(high, vld1q_s64(panel->left + at + 2));
    int32x4_t v = vmovn_high_s64(vmovn_s64(low), high);
    v = vminq_s32(vmaxq_s32(v, vdupq_n_s32(h->low)), vdupq_n_s32(h->high));
    return vmovn_s32(v);
}

ALWAYS void store_words(const pack_head *h, const panel_head *panel, const int32x4_t sum[VECS],
                        int16_t *out, int64_t n) {
    if (!panel->quick) {
        store_rare(h, panel, sum, out, n);
        return;
    }
    int16_t few[COLS], *to = n < COLS ? few : out;
    UNROLL
    for (int g = 0; g < VECS; g++)
        vst1_s16(to + 4 * g, scale_of(h, panel, 4 * g, sum[g]));
    if (n < COLS)
        memcpy(out, few, (size_t)n * sizeof few[0]);
}

/* Up to ROWS pixels of the strip by a panel, `n` channels of which are there. */
typedef void tile_fn(const pack_head *h, const strip_t *const *pixel, const panel_head *panel,
                     int16_t *const *out, int64_t n);

ALWAYS void tile_of(int rows, const pack_head *h, const strip_t *const *pixel,
                    const panel_head *panel, int16_t *const *out, int64_t n) {
    sums s;
    strip_sums(rows, &h->plan, (const int64_t *)(h + 1), pixel, (const int8_t *)(panel + 1), &s);
    sums_start(rows, panel->start, &s);
    UNROLL
    for (int r = 0; r < rows; r++)
        store_words(h, panel, s.v[r], out[r], n);
}

#define TILE(rows)                                                                                 \
    static void tile_##rows(const pack_head *h, const strip_t *const *pixel,                       \
                            const panel_head *panel, int16_t *const *out, int64_t n) {             \
        tile_of(rows, h, pixel, panel, out, n);                                                    \
    }
TILE(1)
TILE(2)
TILE(3)
TILE(4)
static tile_fn *const tile_at[ROWS + 1] = {NULL, tile_1, tile_2, tile_3, tile_4};

/* One panel over all pixels of a block, whose strip and first output pixel are given. */
static void run_panel(const pack_head *h, const rg_gemm_block *block, const strip_t *strip,
                      int16_t *out, int64_t index) {
    const rg_gemm_plan *g = &h->plan.gemm;
    int64_t group = index / g->panels, first = index % g->panels * COLS, from[ROWS], to[ROWS];
    int64_t n = g->group_c - first < COLS ? g->group_c - first : COLS;
    rg_gemm_walk walk = {.left = block->h * block->w};
    strip += group * g->tap_c;
    out += group * g->group_c + first;
    while (walk.left > 0) {
        const strip_t *pixel[ROWS];
        int16_t *at[ROWS];
        int rows = rg_gemm_walk_next(g, block, &walk, ROWS, from, to);
        for (int r = 0; r < rows; r++) {
            pixel[r] = strip + from[r];
            at[r] = out + to[r];
        }
        tile_at[rows](h, pixel, panel_at(h, index), at, n);
    }
}

static void run(const rg_op_call *call, const void *packed, const void *const *in, void *const *out,
                size_t first_tile, size_t last_tile, void *scratch) {
    (void)call;
    const pack_head *h = packed;
    const rg_gemm_plan *g = &h->plan.gemm;
    strip_source source = {in[0]};
    int64_t first, last;
    for (size_t t = first_tile, next; t < last_tile; t = next) {
        rg_gemm_block block = rg_gemm_block_at(g, t / (size_t)g->shares);
        next = strip_panels(g, t, last_tile, &first, &last);
        strip_fill(g, &block, &source, 0, scratch);
        int64_t at = ((block.image * g->out_h + block.y) * g->out_w + block.x) * g->out_c;
        for (; first < last; first++)
            run_panel(h, &block, scratch, (int16_t *)out[0] + at, first);
    }
}

#define ROW(op_name, text)                                                                         \
    RG_KERNEL(op_name) = {                                                                         \
        RG_KERNEL_HEAD(op_name),                                                                   \
        .summary = text " in tiles of 4 x 16, int16 times widened weights",                        \
        RG_KERNEL_METHODS,                                                                         \
        .scratch_bytes = scratch_bytes,                                                            \
    }

ROW(conv2d_s16, "Convolution");
ROW(fully_connected_s16, "Matrix product");
