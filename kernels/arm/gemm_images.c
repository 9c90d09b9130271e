/* gemm_images.c: convolutions of float images, quantized as they come
 * (kernels/ref/conv2d_hybrid.c), with int8 filters, on Arm. The strip holds quanta as they are, the
 * zero point around the image: sum (q - z) * w = sum q * w - z * sum w, whichever taps lie on the
 * image. */
#include "kernels/arm/strip.h"

#include "kernels/arm/hybrid_neon.h"
#include "kernels/each/level.h"
#include "kernels/ref/conv2d.h"

/* Head of a panel of 16 channels; its weights follow. */
typedef struct panel_head {
    _Alignas(16) float bias[COLS];
    float scale[COLS];
    int32_t sum[COLS]; /* of weights */
} panel_head;

/* Head of what is packed; offsets of segments and the panels follow. */
typedef struct pack_head {
    _Alignas(64) strip_plan plan;
    bool differ; /* scales of channels: images are asymmetric */
    float low, high;
} pack_head;

struct strip_source {
    const float *in;
    const rg_hybrid *hybrid;
};

static void strip_take(const strip_source *source, int64_t from, int64_t n, strip_t *ret) {
    rg_hybrid_take_neon(source->hybrid, source->in + from, n, ret);
}

static bool scales_differ(const rg_tensor *weights) {
    for (uint32_t c = 1; c < weights->quant.n; c++) {
        if (weights->quant.scale[c] != weights->quant.scale[0])
            return true;
    }
    return false;
}

/* Images of one batch that were joined into one row cannot be quantized one by one. */
static bool lay_out(const rg_op_call *call, pack_head *ret) {
    *ret = (pack_head){.differ = scales_differ(call->in[1])};
    return strip_lay_out(call, sizeof(panel_head), &ret->plan) &&
           ret->plan.gemm.batch == call->in[0]->shape.dim[0];
}

#include "kernels/arm/strip_methods.inc"

static bool suits(const rg_op_call *call) {
    pack_head h;
    const rg_tensor *bias = rg_call_in(call, 2);
    return call->in[1]->data && (!bias || bias->data) && lay_out(call, &h);
}

static void pack_panel(const rg_op_call *call, const pack_head *h, int64_t index, panel_head *ret) {
    const rg_gemm_plan *g = &h->plan.gemm;
    const rg_tensor *bias = rg_call_in(call, 2);
    int64_t first = index % g->panels * COLS, c = index / g->panels * g->group_c + first, unused;
    for (int64_t col = 0; col < COLS && first + col < g->group_c; col++, c++) {
        ret->sum[col] =
            strip_pack_weights(&h->plan, call->in[1]->data, c, col, (int8_t *)(ret + 1), &unused);
        ret->scale[col] = rg_hybrid_scale(call->in[1], c);
        ret->bias[col] = bias ? ((const float *)bias->data)[c] : 0;
    }
}

static rg_status pack(const rg_op_call *call, void *packed, rg_err *err) {
    pack_head *h = packed;
    if (!lay_out(call, h))
        return rg_fail(err, RG_UNSUPPORTED, NULL, "a strip of the input would be too large");
    rg_activation_range_f32(((const rg_conv_params *)call->params)->activation, &h->low, &h->high);
    strip_pack_offsets(&h->plan, (int64_t *)(h + 1));
    for (int64_t i = 0; i < h->plan.gemm.groups * h->plan.gemm.panels; i++)
        pack_panel(call, h, i, panel_at(h, i));
    return RG_OK;
}

/* Four sums to outputs in the reference's order. */
ALWAYS float32x4_t real_of(const pack_head *h, const rg_hybrid *image, const panel_head *panel,
                           int at, int32x4_t sum) {
    float32x4_t scale = vld1q_f32(panel->scale + at);
    sum = vmlsq_n_s32(sum, vld1q_s32(panel->sum + at), image->zero);
    float32x4_t whole = vcvtq_f32_s32(sum);
    whole = h->differ ? vmulq_n_f32(vmulq_f32(whole, scale), image->scale)
                      : vmulq_f32(whole, vmulq_n_f32(scale, image->scale));
    return rg_clamp_neon(vaddq_f32(whole, vld1q_f32(panel->bias + at)), h->low, h->high);
}

/* Up to ROWS pixels of the strip by a panel, `n` channels of which are there. */
typedef void tile_fn(const pack_head *h, const rg_hybrid *image, const strip_t *const *pixel,
                     const panel_head *panel, float *const *out, int64_t n);

ALWAYS void tile_of(int rows, const pack_head *h, const rg_hybrid *image,
                    const strip_t *const *pixel, const panel_head *panel, float *const *out,
                    int64_t n) {
    sums s;
    strip_sums(rows, &h->plan, (const int64_t *)(h + 1), pixel, (const int8_t *)(panel + 1), &s);
    UNROLL
    for (int r = 0; r < rows; r++) {
        float few[COLS], *to = n < COLS ? few : out[r];
        UNROLL
        for (int g = 0; g < VECS; g++)
            vst1q_f32(to + 4 * g, real_of(h, image, panel, 4 * g, s.v[r][g]));
        if (n < COLS)
            memcpy(out[r], few, (size_t)n * sizeof few[0]);
    }
}

#define TILE(rows)                                                                                 \
    static void tile_##rows(const pack_head *h, const rg_hybrid *image,                            \
                            const strip_t *const *pixel, const panel_head *panel,                  \
                            float *const *out, int64_t n) {                                        \
        tile_of(rows, h, image, pixel, panel, out, n);                                             \
    }
TILE(1)
TILE(2)
TILE(3)
TILE(4)
static tile_fn *const tile_at[ROWS + 1] = {NULL, tile_1, tile_2, tile_3, tile_4};

/* One panel over all pixels of a block, whose strip and first output pixel are given. */
static void run_panel(const pack_head *h, const rg_gemm_block *block, const rg_hybrid *image,
                      const strip_t *strip, float *out, int64_t index) {
    const rg_gemm_plan *g = &h->plan.gemm;
    int64_t group = index / g->panels, first = index % g->panels * COLS, from[ROWS], to[ROWS];
    int64_t n = g->group_c - first < COLS ? g->group_c - first : COLS;
    rg_gemm_walk walk = {.left = block->h * block->w};
    strip += group * g->tap_c;
    out += group * g->group_c + first;
    while (walk.left > 0) {
        const strip_t *pixel[ROWS];
        float *at[ROWS];
        int rows = rg_gemm_walk_next(g, block, &walk, ROWS, from, to);
        for (int r = 0; r < rows; r++) {
            pixel[r] = strip + from[r];
            at[r] = out + to[r];
        }
        tile_at[rows](h, image, pixel, panel_at(h, index), at, n);
    }
}

static void run(const rg_op_call *call, const void *packed, const void *const *in, void *const *out,
                size_t first_tile, size_t last_tile, void *scratch) {
    (void)call;
    const pack_head *h = packed;
    const rg_gemm_plan *g = &h->plan.gemm;
    int64_t size = g->in_h * g->in_w * g->in_c, known = -1, first, last;
    rg_hybrid hybrid = {0};
    strip_source source = {in[0], &hybrid};
    for (size_t t = first_tile, next; t < last_tile; t = next) {
        rg_gemm_block block = rg_gemm_block_at(g, t / (size_t)g->shares);
        next = strip_panels(g, t, last_tile, &first, &last);
        if (known != block.image)
            hybrid = rg_hybrid_of_neon(source.in + block.image * size, size, h->differ);
        known = block.image;
        strip_fill(g, &block, &source, (strip_t)hybrid.zero, scratch);
        int64_t at = ((block.image * g->out_h + block.y) * g->out_w + block.x) * g->out_c;
        for (; first < last; first++)
            run_panel(h, &block, &hybrid, scratch, (float *)out[0] + at, first);
    }
}

RG_KERNEL(conv2d_f32_s8) = {
    RG_KERNEL_HEAD(conv2d_f32_s8),
    .summary = "Images quantized whole, integer sums in tiles of 4 x 16",
    RG_KERNEL_METHODS,
    .scratch_bytes = scratch_bytes,
};
