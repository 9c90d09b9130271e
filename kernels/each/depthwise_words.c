/* depthwise_words.c: depthwise convolutions of int16 images, and of float32 ones quantized as they
 * come. A tile is a band of output rows: its input rows stand in scratch as int16, zeros around
 * them and channels as the output has them, so that all windows are alike. Two taps at a time are
 * multiplied for a block of channels and four columns. int16 sums fit 32 bits where the weights
 * prove it, others are left to the reference. */
#include "kernels/each/depthwise_words.h"

#include "kernels/each/hybrid.h"
#include "kernels/each/words.h"

static size_t tiles(const rg_op_call *call) {
    plan p;
    return lay_out(call, &p) ? (size_t)(p.l.batch * p.bands) : 1;
}

/* One pixel's channels as the output has them. */
static void spread(const plan *p, const int16_t *from, int16_t *to) {
    if (p->l.multiplier == 1) {
        memcpy(to, from, (size_t)p->l.out_c * sizeof *to);
        return;
    }
    for (int64_t c = 0; c < p->l.in_c; c++, to += p->l.multiplier)
        for (int64_t k = 0; k < p->l.multiplier; k++)
            to[k] = from[c];
}

/* One input pixel, quantized if it is float; `h` NULL: int16. */
static void lay_pixel(const plan *p, const rg_hybrid *h, const void *image, int64_t at,
                      int16_t *to) {
    int16_t quanta[RG_HYBRID_CHUNK];
    if (!h) {
        spread(p, (const int16_t *)image + at, to);
        return;
    }
    if (p->l.multiplier == 1) {
        rg_hybrid_row(h, (const float *)image + at, p->l.in_c, to);
        return;
    }
    for (int64_t c = 0, n; c < p->l.in_c; c += n) {
        n = p->l.in_c - c < RG_HYBRID_CHUNK ? p->l.in_c - c : RG_HYBRID_CHUNK;
        rg_hybrid_row(h, (const float *)image + at + c, n, quanta);
        for (int64_t k = 0; k < n * p->l.multiplier; k++)
            to[c * p->l.multiplier + k] = quanta[k / p->l.multiplier];
    }
}

/* The input rows of a band that starts at output row `top`, with zeros where there is no input. */
static void lay_band(const plan *p, const rg_hybrid *h, const void *image, int64_t top,
                     int16_t *to) {
    const rg_axis *x = &p->l.x, *y = &p->l.y;
    int64_t last = x->in + x->pad < p->width ? x->in + x->pad : p->width;
    memset(to, 0, (size_t)(p->rows * p->width * p->channels) * sizeof *to);
    for (int64_t row = 0; row < p->rows; row++, to += p->width * p->channels) {
        int64_t from = top * y->stride - y->pad + row;
        if (from < 0 || from >= y->in)
            continue;
        for (int64_t px = x->pad; px < last; px++)
            lay_pixel(p, h, image, (from * x->in + px - x->pad) * p->l.in_c, to + px * p->channels);
    }
}

/* Sums of the block's channels; two taps more. */
typedef struct sums {
    rg_ints low, high;
} sums;

static inline sums two_taps(sums s, const int16_t *a, const int16_t *b, const int16_t *w) {
#if defined(__aarch64__)
    int16x8_t xa = vld1q_s16(a), xb = vld1q_s16(b), wa = vld1q_s16(w), wb = vld1q_s16(w + RG_ENDS);
    int32x4_t low = vmlal_s16((int32x4_t)s.low, vget_low_s16(xa), vget_low_s16(wa));
    int32x4_t high = vmlal_high_s16((int32x4_t)s.high, xa, wa);
    s.low = (rg_ints)vmlal_s16(low, vget_low_s16(xb), vget_low_s16(wb));
    s.high = (rg_ints)vmlal_high_s16(high, xb, wb);
#else
    rg_vec xa = rg_vec_load(a), xb = rg_vec_load(b);
    rg_vec w0 = rg_vec_load(w), w1 = rg_vec_load(w + RG_ENDS);
    s.low += (rg_ints)RG_VEC(madd_epi16)(RG_VEC(unpacklo_epi16)(xa, xb), w0);
    s.high += (rg_ints)RG_VEC(madd_epi16)(RG_VEC(unpackhi_epi16)(xa, xb), w1);
#endif
    return s;
}

/* Writes the sums in the order of the channels. */
static inline void store_sums(int32_t *to, sums s) {
#if defined(__AVX512BW__)
    const __m512i first = _mm512_set_epi64(11, 10, 3, 2, 9, 8, 1, 0);
    const __m512i second = _mm512_set_epi64(15, 14, 7, 6, 13, 12, 5, 4);
    rg_vec_store(to, _mm512_permutex2var_epi64((__m512i)s.low, first, (__m512i)s.high));
    rg_vec_store(to + RG_WORDS, _mm512_permutex2var_epi64((__m512i)s.low, second, (__m512i)s.high));
#elif defined(__AVX2__)
    rg_vec_store(to, _mm256_permute2x128_si256((__m256i)s.low, (__m256i)s.high, 0x20));
    rg_vec_store(to + RG_WORDS, _mm256_permute2x128_si256((__m256i)s.low, (__m256i)s.high, 0x31));
#else
    rg_ints_store(to, s.low);
    rg_ints_store(to + RG_WORDS, s.high);
#endif
}

/* Four windows, `step` numbers apart. */
static inline void sum_windows(const plan *p, const int16_t *x, int64_t step, const int16_t *w,
                               int32_t ret[COLUMNS][RG_ENDS]) {
    const int64_t *offset = offsets_of(p);
    sums s[COLUMNS] = {0};
    for (size_t pair = 0; pair < p->pairs; pair++, w += 2 * RG_ENDS, offset += 2) {
        for (int c = 0; c < COLUMNS; c++) {
            const int16_t *at = x + c * step;
            s[c] = two_taps(s[c], at + offset[0], at + offset[1], w);
        }
    }
    for (int c = 0; c < COLUMNS; c++)
        store_sums(ret[c], s[c]);
}

static void end_floats(const plan *p, const rg_hybrid *h, const block *b, const int32_t *sum,
                       float *out, size_t n) {
    for (size_t c = 0; c < n; c++) {
        float real = (float)sum[c] * (b->scale[c] * h->scale);
        out[c] = rg_clamp_f32(real + b->bias[c], p->low, p->high);
    }
}

/* One output row of one block from the band's row of scratch that its windows begin at. */
static void run_row(const plan *p, const rg_hybrid *h, size_t index, const int16_t *rows,
                    char *out) {
    const block *b = block_of(p, index);
    int64_t c = (int64_t)index * RG_ENDS, step = p->l.x.stride * p->channels;
    size_t n = (size_t)(p->l.out_c - c < RG_ENDS ? p->l.out_c - c : RG_ENDS), size = h ? 4 : 2;
    for (int64_t ox = 0; ox < p->l.x.out; ox += COLUMNS) {
        int32_t sum[COLUMNS][RG_ENDS];
        sum_windows(p, rows + ox * step + c, step, (const int16_t *)(b + 1), sum);
        for (int64_t k = 0; k < COLUMNS && ox + k < p->l.x.out; k++) {
            char *to = out + (size_t)((ox + k) * p->l.out_c + c) * size;
            if (h)
                end_floats(p, h, b, sum[k], (float *)to, n);
            else
                rg_ends_store(&b->ends, sum[k], to, n, false);
        }
    }
}

static void run(const rg_op_call *call, const void *packed, const void *const *in, void *const *out,
                size_t first_tile, size_t last_tile, void *scratch) {
    const plan *p = packed;
    bool is_hybrid = call->op->in == RG_DTYPE_FLOAT32;
    size_t size = is_hybrid ? 4 : 2;
    int64_t image_size = p->l.y.in * p->l.x.in * p->l.in_c, row_size = p->l.x.out * p->l.out_c;
    rg_hybrid h = {0};
    for (int64_t tile = (int64_t)first_tile, seen = -1; tile < (int64_t)last_tile; tile++) {
        int64_t batch = tile / p->bands, top = tile % p->bands * p->band;
        const char *image = (const char *)in[0] + (size_t)(batch * image_size) * size;
        if (is_hybrid && seen != batch)
            h = rg_hybrid_of_row((const float *)image, image_size, true);
        seen = batch;
        lay_band(p, is_hybrid ? &h : NULL, image, top, scratch);
        for (int64_t oy = top; oy < top + p->band && oy < p->l.y.out; oy++) {
            const int16_t *rows =
                (const int16_t *)scratch + (oy - top) * p->l.y.stride * p->width * p->channels;
            char *to = (char *)out[0] + (size_t)((batch * p->l.y.out + oy) * row_size) * size;
            for (size_t b = 0; b < p->blocks; b++)
                run_row(p, is_hybrid ? &h : NULL, b, rows, to);
        }
    }
}

#define ROW(id)                                                                                    \
    RG_KERNEL(id) = {RG_KERNEL_HEAD(id), .summary = "Bands widened to int16, two taps at a time",  \
                     RG_KERNEL_METHODS, .scratch_bytes = scratch_bytes}

ROW(depthwise_conv2d_s16);
ROW(depthwise_conv2d_f32_s8);
