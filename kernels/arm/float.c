/* float.c: convolutions, depthwise convolutions and fully connected layers of float32 on any Armv8
 * core. Channels of the output lie side by side in registers; each of them is summed up as the
 * truth sums it, product after product, a multiplication and then an addition, so that bytes are
 * equal. */
#include <arm_neon.h>
#include <stdlib.h>
#include <string.h>

#include "bench/iface/kernel.h"
#include "kernels/ref/activation.h"
#include "kernels/ref/conv2d.h"
#include "kernels/ref/depthwise_conv2d.h"
#include "kernels/ref/fully_connected.h"

enum { COLUMNS = 8, PIXELS = 4 };

typedef struct range {
    float32x4_t low, high;
} range;

/* Like rg_clamp_f32: NaN stays NaN. */
static inline float32x4_t clamp(float32x4_t v, range r) {
    v = vbslq_f32(vcltq_f32(v, r.low), r.low, v);
    return vbslq_f32(vcltq_f32(r.high, v), r.high, v);
}

/* Sums of some pixels by COLUMNS channels. */
typedef struct sums {
    float32x4_t v[PIXELS][2];
} sums;

/* `n` products more: a value of each pixel times a row of weights. */
static inline __attribute__((always_inline)) void
add_products(sums *s, int pixels, const float *const *x, int64_t n, const float *w) {
    for (int64_t k = 0; k < n; k++, w += COLUMNS) {
        float32x4_t w0 = vld1q_f32(w), w1 = vld1q_f32(w + 4);
        for (int p = 0; p < pixels; p++) {
            float32x4_t at = vdupq_n_f32(x[p][k]);
            s->v[p][0] = vaddq_f32(s->v[p][0], vmulq_f32(at, w0));
            s->v[p][1] = vaddq_f32(s->v[p][1], vmulq_f32(at, w1));
        }
    }
}

/* The plan of a matrix product: layout, then for each block of columns its bias and its weights,
 * value by value of a filter. */
typedef struct plan {
    rg_conv_layout l;
    int64_t depth, blocks; /* of each group */
    size_t block_floats, packed_bytes;
    float low, high;
} plan;

static bool is_conv(const rg_op_call *call) {
    return !strcmp(call->op->kind, "conv2d");
}

static bool suits(const rg_op_call *call) {
    const rg_tensor *bias = rg_call_in(call, 2);
    return call->in[1]->data && (!bias || bias->data);
}

static plan plan_of(const rg_op_call *call) {
    plan p = {0};
    if (is_conv(call)) {
        rg_conv_lay_out(call, &p.l, NULL);
    } else {
        int64_t depth = call->in[1]->shape.dim[1], columns = call->in[1]->shape.dim[0];
        int64_t rows = (int64_t)rg_elements(call->in[0]) / depth;
        p.l = (rg_conv_layout){
            {1, 1, 1, 1, 1, 0}, {rows, rows, 1, 1, 1, 0}, 1, depth, columns, depth, 1, columns};
    }
    p.depth = p.l.y.filter * p.l.x.filter * p.l.tap_c;
    p.blocks = (p.l.group + COLUMNS - 1) / COLUMNS;
    p.block_floats = (size_t)(COLUMNS * (p.depth + 1));
    p.packed_bytes = (sizeof p + 63) / 64 * 64 +
                     (size_t)(p.blocks * p.l.groups) * p.block_floats * sizeof(float);
    return p;
}

static size_t packed_bytes(const rg_op_call *call) {
    return plan_of(call).packed_bytes;
}

static float *blocks_of(const plan *p) {
    return (float *)(void *)((uint8_t *)(uintptr_t)p + (sizeof *p + 63) / 64 * 64);
}

static rg_status pack(const rg_op_call *call, void *packed, rg_err *err) {
    (void)err;
    plan p = plan_of(call);
    const float *weights = call->in[1]->data;
    const float *bias = rg_call_in(call, 2) ? call->in[2]->data : NULL;
    int activation = is_conv(call) ? ((const rg_conv_params *)call->params)->activation
                                   : ((const rg_fc_params *)call->params)->activation;
    rg_activation_range_f32(activation, &p.low, &p.high);
    memcpy(packed, &p, sizeof p);
    for (int64_t c = 0; c < p.l.out_c; c++) {
        int64_t group = c / p.l.group, inside = c % p.l.group;
        float *block = blocks_of(packed) +
                       (size_t)(group * p.blocks + inside / COLUMNS) * p.block_floats +
                       inside % COLUMNS;
        block[0] = bias ? bias[c] : 0;
        for (int64_t k = 0; k < p.depth; k++)
            block[(k + 1) * COLUMNS] = weights[c * p.depth + k];
    }
    return RG_OK;
}

/* A tile is a line of outputs, or for matrices some rows. */
enum { TILE_ROWS = 32 };

static size_t tiles(const rg_op_call *call) {
    plan p = plan_of(call);
    return (size_t)(is_conv(call) ? p.l.batch * p.l.y.out
                                  : (p.l.x.out + TILE_ROWS - 1) / TILE_ROWS);
}

/* Columns [c, c + n) of `pixels` outputs, `stride` floats apart. */
static void store(const sums *s, int pixels, const float *bias, range r, float *out, int64_t stride,
                  int64_t n) {
    for (int p = 0; p < pixels; p++, out += stride) {
        float32x4_t v0 = clamp(vaddq_f32(s->v[p][0], vld1q_f32(bias)), r);
        float32x4_t v1 = clamp(vaddq_f32(s->v[p][1], vld1q_f32(bias + 4)), r);
        float few[COLUMNS];
        vst1q_f32(n == COLUMNS ? out : few, v0);
        vst1q_f32(n == COLUMNS ? out + 4 : few + 4, v1);
        if (n < COLUMNS)
            memcpy(out, few, (size_t)n * sizeof few[0]);
    }
}

/* Outputs that have the same taps on the image: one block of columns, neighbours along a line. */
typedef struct window {
    const float *image; /* of the batch and group */
    rg_taps ty, tx;     /* of the first output */
    int64_t step;       /* floats from one output's pixels to the next one's */
} window;

static inline __attribute__((always_inline)) void
run_window(const plan *p, const window *at, int pixels, const float *block, float *out, int64_t n) {
    const rg_conv_layout *l = &p->l;
    range r = {vdupq_n_f32(p->low), vdupq_n_f32(p->high)};
    bool joint = l->groups == 1 && l->x.dilation == 1;
    int64_t taps = joint ? at->tx.last - at->tx.first : 1;
    sums s;
    for (int i = 0; i < pixels; i++)
        s.v[i][0] = s.v[i][1] = vdupq_n_f32(0);
    for (int64_t ky = at->ty.first; ky < at->ty.last; ky++) {
        int64_t y = at->ty.at + (ky - at->ty.first) * l->y.dilation;
        for (int64_t kx = at->tx.first; kx < at->tx.last; kx += taps) {
            int64_t x = at->tx.at + (kx - at->tx.first) * l->x.dilation;
            const float *from[PIXELS];
            for (int i = 0; i < pixels; i++)
                from[i] = at->image + (y * l->x.in + x) * l->in_c + i * at->step;
            add_products(&s, pixels, from, taps * l->tap_c,
                         block + ((ky * l->x.filter + kx) * l->tap_c + 1) * COLUMNS);
        }
    }
    store(&s, pixels, block, r, out, l->out_c, n);
}

/* Outputs [first, last) of a line. */
static void run_line(const plan *p, const float *image, int64_t oy, int64_t first, int64_t last,
                     float *out) {
    const rg_conv_layout *l = &p->l;
    window at = {.ty = rg_axis_taps(&l->y, oy), .step = l->x.stride * l->in_c};
    for (int64_t ox = first, pixels; ox < last; ox += pixels) {
        at.tx = rg_axis_taps(&l->x, ox);
        rg_taps end = rg_axis_taps(&l->x, ox + PIXELS - 1);
        bool alike = ox + PIXELS <= last && at.tx.first == end.first && at.tx.last == end.last &&
                     at.tx.last - at.tx.first == l->x.filter;
        pixels = alike ? PIXELS : 1;
        for (int64_t b = 0; b < p->blocks * l->groups; b++) {
            int64_t group = b / p->blocks, c = b % p->blocks * COLUMNS;
            int64_t n = l->group - c < COLUMNS ? l->group - c : COLUMNS;
            const float *block = blocks_of(p) + (size_t)b * p->block_floats;
            float *to = out + (ox - first) * l->out_c + group * l->group + c;
            at.image = image + (l->groups == 1 ? 0 : group * l->tap_c);
            if (alike)
                run_window(p, &at, PIXELS, block, to, n);
            else
                run_window(p, &at, 1, block, to, n);
        }
    }
}

static void run(const rg_op_call *call, const void *packed, const void *const *in, void *const *out,
                size_t first_tile, size_t last_tile, void *scratch) {
    (void)scratch;
    const plan *p = packed;
    const rg_conv_layout *l = &p->l;
    int64_t line = l->x.out * l->out_c, first = (int64_t)first_tile, last = (int64_t)last_tile;
    if (!is_conv(call)) {
        first *= TILE_ROWS;
        last = last * TILE_ROWS < l->x.out ? last * TILE_ROWS : l->x.out;
        run_line(p, in[0], 0, first, last, (float *)out[0] + first * l->out_c);
        return;
    }
    for (int64_t row = first; row < last; row++) {
        const float *image = (const float *)in[0] + row / l->y.out * l->y.in * l->x.in * l->in_c;
        run_line(p, image, row % l->y.out, 0, l->x.out, (float *)out[0] + row * line);
    }
}

/* Depthwise: weights as they lie in the model, four channels side by side. */
static bool depthwise_suits(const rg_op_call *call) {
    return call->in[1]->shape.dim[3] == call->in[0]->shape.dim[3];
}

/* One output: channels [c, c + 4). */
static inline float32x4_t depthwise_sum(const rg_depthwise_layout *l, const float *image,
                                        const float *filter, rg_taps ty, rg_taps tx, int64_t c) {
    float32x4_t sum = vdupq_n_f32(0);
    for (int64_t ky = ty.first; ky < ty.last; ky++) {
        int64_t y = ty.at + (ky - ty.first) * l->y.dilation;
        const float *x = image + (y * l->x.in + tx.at) * l->in_c + c;
        const float *w = filter + (ky * l->x.filter + tx.first) * l->out_c + c;
        for (int64_t kx = tx.first; kx < tx.last; kx++) {
            sum = vaddq_f32(sum, vmulq_f32(vld1q_f32(x), vld1q_f32(w)));
            x += l->x.dilation * l->in_c;
            w += l->out_c;
        }
    }
    return sum;
}

static float depthwise_sum_one(const rg_depthwise_layout *l, const float *image,
                               const float *filter, rg_taps ty, rg_taps tx, int64_t c) {
    float sum = 0;
    for (int64_t ky = ty.first; ky < ty.last; ky++) {
        int64_t y = ty.at + (ky - ty.first) * l->y.dilation;
        for (int64_t kx = tx.first; kx < tx.last; kx++) {
            int64_t x = tx.at + (kx - tx.first) * l->x.dilation;
            sum += image[(y * l->x.in + x) * l->in_c + c] *
                   filter[(ky * l->x.filter + kx) * l->out_c + c];
        }
    }
    return sum;
}

static void depthwise_run(const rg_op_call *call, const void *packed, const void *const *in,
                          void *const *out, size_t first_tile, size_t last_tile, void *scratch) {
    (void)packed;
    (void)scratch;
    const float *bias = rg_call_in(call, 2) ? in[2] : NULL;
    float low, high;
    rg_depthwise_layout l;
    rg_depthwise_lay_out(call, &l, NULL);
    rg_activation_range_f32(((const rg_depthwise_params *)call->params)->activation, &low, &high);
    range r = {vdupq_n_f32(low), vdupq_n_f32(high)};
    float *at = (float *)out[0] + (int64_t)first_tile * l.x.out * l.out_c;
    for (int64_t row = (int64_t)first_tile; row < (int64_t)last_tile; row++) {
        const float *image = (const float *)in[0] + row / l.y.out * l.y.in * l.x.in * l.in_c;
        rg_taps ty = rg_axis_taps(&l.y, row % l.y.out);
        for (int64_t ox = 0; ox < l.x.out; ox++, at += l.out_c) {
            rg_taps tx = rg_axis_taps(&l.x, ox);
            int64_t c = 0;
            for (; c + 4 <= l.out_c; c += 4) {
                float32x4_t sum = depthwise_sum(&l, image, in[1], ty, tx, c);
                float32x4_t add = bias ? vld1q_f32(bias + c) : vdupq_n_f32(0);
                vst1q_f32(at + c, clamp(vaddq_f32(sum, add), r));
            }
            for (; c < l.out_c; c++)
                at[c] = rg_clamp_f32(depthwise_sum_one(&l, image, in[1], ty, tx, c) +
                                         (bias ? bias[c] : 0),
                                     low, high);
        }
    }
}

static size_t depthwise_tiles(const rg_op_call *call) {
    return (size_t)call->out[0]->shape.dim[0] * (size_t)call->out[0]->shape.dim[1];
}

const rg_kernel rg_kernel_conv2d_f32_neon = {
    .name = "conv2d_f32_neon",
    .op = "conv2d_f32",
    .isa = "neon",
    .summary = "4 pixels by 8 channels, each summed in the truth's order",
    RG_KERNEL_METHODS,
};

const rg_kernel rg_kernel_fully_connected_f32_neon = {
    .name = "fully_connected_f32_neon",
    .op = "fully_connected_f32",
    .isa = "neon",
    .summary = "4 rows by 8 outputs, each summed in the truth's order",
    RG_KERNEL_METHODS,
};

const rg_kernel rg_kernel_depthwise_conv2d_f32_neon = {
    .name = "depthwise_conv2d_f32_neon",
    .op = "depthwise_conv2d_f32",
    .isa = "neon",
    .summary = "4 channels at a time, each summed in the truth's order",
    .suits = depthwise_suits,
    .tiles = depthwise_tiles,
    .run = depthwise_run,
};
