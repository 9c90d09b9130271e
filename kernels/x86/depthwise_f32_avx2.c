/* depthwise_f32_avx2.c: depthwise convolution of float32. Eight channels side by side, four output
 * columns at once where their windows lie on the image; each sum takes its products in the
 * reference's order, multiplied and then added, so that the bytes are the same. */
#include <immintrin.h>

#include "bench/iface/kernel.h"
#include "kernels/ref/activation.h"
#include "kernels/ref/depthwise_conv2d.h"

enum { LANES = 8, COLUMNS = 4 };

/* Where an output channel's input lies. */
typedef enum spread { SAME_CHANNEL, ONE_CHANNEL, ANY_CHANNEL } spread;

typedef struct packed_call {
    rg_depthwise_layout l;
    float low, high;
} packed_call;

/* One run of output columns: the same rows of taps, and the same columns of taps for all. */
typedef struct window {
    const packed_call *p;
    const float *image, *filter, *bias; /* bias may be NULL */
    rg_taps ty, tx;
    float *out;
} window;

static inline __m256i first_lanes(int64_t n) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

/* Input channel of each of eight output channels from `c` on, `n` of them wanted. */
static __m256i sources(int64_t c, int64_t n, int64_t multiplier) {
    int32_t at[LANES];
    for (int64_t i = 0; i < LANES; i++)
        at[i] = (int32_t)((c + (i < n ? i : n - 1)) / multiplier);
    return _mm256_loadu_si256((const __m256i *)at);
}

static inline __m256 load(const float *at, bool whole, __m256i mask) {
    return whole ? _mm256_loadu_ps(at) : _mm256_maskload_ps(at, mask);
}

static inline __m256 load_pixel(const float *pixel, int64_t c, spread how, bool whole, __m256i mask,
                                __m256i source) {
    if (how == SAME_CHANNEL)
        return load(pixel + c, whole, mask);
    if (how == ONE_CHANNEL)
        return _mm256_broadcast_ss(pixel);
    return _mm256_i32gather_ps(pixel, source, 4);
}

/* `columns` outputs of eight channels x `vectors` from c on; NaN stays NaN in the clamp. */
static inline __attribute__((always_inline)) void sum_window(const window *w, int64_t c, int64_t n,
                                                             int columns, int vectors, spread how,
                                                             bool whole) {
    const rg_depthwise_layout *l = &w->p->l;
    const __m256i mask = first_lanes(n);
    const __m256i source = how == ANY_CHANNEL ? sources(c, n, l->multiplier) : mask;
    __m256 sum[2 * COLUMNS];
    for (int i = 0; i < columns * vectors; i++)
        sum[i] = _mm256_setzero_ps();
    for (int64_t ky = w->ty.first; ky < w->ty.last; ky++) {
        int64_t y = w->ty.at + (ky - w->ty.first) * l->y.dilation;
        const float *pixel = w->image + (y * l->x.in + w->tx.at) * l->in_c;
        const float *weight = w->filter + (ky * l->x.filter + w->tx.first) * l->out_c + c;
        for (int64_t kx = w->tx.first; kx < w->tx.last; kx++) {
            for (int v = 0; v < vectors; v++) {
                __m256 by = load(weight + v * LANES, whole, mask);
                for (int x = 0; x < columns; x++) {
                    __m256 in = load_pixel(pixel + x * l->x.stride * l->in_c, c + v * LANES, how,
                                           whole, mask, source);
                    sum[v * columns + x] =
                        _mm256_add_ps(sum[v * columns + x], _mm256_mul_ps(in, by));
                }
            }
            pixel += l->x.dilation * l->in_c;
            weight += l->out_c;
        }
    }
    for (int v = 0; v < vectors; v++) {
        __m256 bias = w->bias ? load(w->bias + c + v * LANES, whole, mask) : _mm256_setzero_ps();
        for (int x = 0; x < columns; x++) {
            float *to = w->out + x * l->out_c + c + v * LANES;
            __m256 y = _mm256_add_ps(sum[v * columns + x], bias);
            y = _mm256_max_ps(_mm256_set1_ps(w->p->low), y);
            y = _mm256_min_ps(_mm256_set1_ps(w->p->high), y);
            if (whole)
                _mm256_storeu_ps(to, y);
            else
                _mm256_maskstore_ps(to, mask, y);
        }
    }
}

/* All channels of one run of columns. */
static inline __attribute__((always_inline)) void all_channels(const window *w, int columns,
                                                               spread how) {
    int64_t c = 0, out_c = w->p->l.out_c;
    if (how != ANY_CHANNEL)
        for (; c + 2 * LANES <= out_c; c += 2 * LANES)
            sum_window(w, c, LANES, columns, 2, how, true);
    for (; c + LANES <= out_c; c += LANES)
        sum_window(w, c, LANES, columns, 1, how, true);
    if (c < out_c)
        sum_window(w, c, out_c - c, columns, 1, how, false);
}

static void run_columns(const window *w, bool four) {
    const rg_depthwise_layout *l = &w->p->l;
    if (l->multiplier == 1) {
        if (four)
            all_channels(w, COLUMNS, SAME_CHANNEL);
        else
            all_channels(w, 1, SAME_CHANNEL);
    } else if (l->in_c == 1) {
        if (four)
            all_channels(w, COLUMNS, ONE_CHANNEL);
        else
            all_channels(w, 1, ONE_CHANNEL);
    } else {
        if (four)
            all_channels(w, COLUMNS, ANY_CHANNEL);
        else
            all_channels(w, 1, ANY_CHANNEL);
    }
}

static bool on_image(const rg_axis *axis, rg_taps taps) {
    return taps.first == 0 && taps.last == axis->filter;
}

static void run(const rg_op_call *call, const void *packed, const void *const *in, void *const *out,
                size_t first_tile, size_t last_tile, void *scratch) {
    const packed_call *p = packed;
    const rg_depthwise_layout *l = &p->l;
    (void)scratch;
    for (int64_t row = (int64_t)first_tile; row < (int64_t)last_tile; row++) {
        window w = {.p = p, .filter = in[1], .bias = rg_call_in(call, 2) ? in[2] : NULL};
        w.image = (const float *)in[0] + row / l->y.out * l->y.in * l->x.in * l->in_c;
        w.ty = rg_axis_taps(&l->y, row % l->y.out);
        w.out = (float *)out[0] + row * l->x.out * l->out_c;
        for (int64_t ox = 0, n; ox < l->x.out; ox += n, w.out += n * l->out_c) {
            w.tx = rg_axis_taps(&l->x, ox);
            bool four = ox + COLUMNS <= l->x.out && on_image(&l->x, w.tx) &&
                        on_image(&l->x, rg_axis_taps(&l->x, ox + COLUMNS - 1));
            n = four ? COLUMNS : 1;
            run_columns(&w, four);
        }
    }
}

static size_t packed_bytes(const rg_op_call *call) {
    (void)call;
    return sizeof(packed_call);
}

static rg_status pack(const rg_op_call *call, void *packed, rg_err *err) {
    packed_call *p = packed;
    rg_activation_range_f32(((const rg_depthwise_params *)call->params)->activation, &p->low,
                            &p->high);
    return rg_depthwise_lay_out(call, &p->l, err);
}

static size_t tiles(const rg_op_call *call) {
    return (size_t)call->out[0]->shape.dim[0] * (size_t)call->out[0]->shape.dim[1];
}

const rg_kernel rg_kernel_depthwise_conv2d_f32_avx2 = {
    .name = "depthwise_conv2d_f32_avx2",
    .op = "depthwise_conv2d_f32",
    .isa = "avx2",
    .summary = "Eight channels side by side, four columns at once, products added in order",
    .packed_bytes = packed_bytes,
    .pack = pack,
    .tiles = tiles,
    .run = run,
};
