/* average_pool.c: mean over windows of 8-bit images. With channels enough for a vector, a window's
 * taps are summed in registers, two at a time, in 16 bits, and divided by a product whose high half
 * is exact below 2^15. Else each output row first sums its input rows in 16 bits over whole rows,
 * then neighbouring pixels in 32 bits, and quotients are formed in float32: (size + 1/2) / count is
 * at least 1/(2 count) from a whole number, far more than two roundings. */
#include "kernels/each/sums.h"
#include "kernels/ref/activation.h"
#include "kernels/ref/pool.h"

enum { BLOCK = 64, ROWS_MAX = 255, TAPS_MAX = 1 << 14 };

typedef struct plan {
    rg_pool_layout l;
    int32_t low, high;
} plan;

/* Sums of rows fit 16 bits (255 * 128, 128 * 255), quotients are exact. */
static bool suits(const rg_op_call *call) {
    const rg_pool_params *p = call->params;
    int64_t rows = call->op->in == RG_DTYPE_UINT8 ? ROWS_MAX / 2 : ROWS_MAX;
    return p->filter_h <= rows && p->filter_h * p->filter_w <= TAPS_MAX;
}

static size_t packed_bytes(const rg_op_call *call) {
    (void)call;
    return sizeof(plan);
}

static rg_status pack(const rg_op_call *call, void *packed, rg_err *err) {
    plan *p = packed;
    rg_activation_range(((const rg_pool_params *)call->params)->activation, call->out[0], &p->low,
                        &p->high);
    return rg_pool_lay_out(call, &p->l, err);
}

static size_t scratch_bytes(const rg_op_call *call) {
    const int32_t *in = call->in[0]->shape.dim;
    return (size_t)in[2] * (size_t)in[3] * sizeof(int16_t);
}

static size_t tiles(const rg_op_call *call) {
    return (size_t)call->out[0]->shape.dim[0] * (size_t)call->out[0]->shape.dim[1];
}

/* to = sums of `rows` rows of n bytes. */
#define SUM_ROWS(name, byte)                                                                       \
    static void name(int16_t *restrict to, const void *restrict from, size_t n, int64_t rows) {    \
        const byte *a = from;                                                                      \
        int64_t r = 0;                                                                             \
        if (rows & 1) {                                                                            \
            for (size_t i = 0; i < n; i++)                                                         \
                to[i] = a[i];                                                                      \
            r = 1;                                                                                 \
        } else {                                                                                   \
            for (size_t i = 0; i < n; i++)                                                         \
                to[i] = (int16_t)(a[i] + a[i + n]);                                                \
            r = 2;                                                                                 \
        }                                                                                          \
        for (; r < rows; r += 2) {                                                                 \
            const byte *b = a + (size_t)r * n, *c = b + n;                                         \
            for (size_t i = 0; i < n; i++)                                                         \
                to[i] = (int16_t)(to[i] + b[i] + c[i]);                                            \
        }                                                                                          \
    }
SUM_ROWS(sum_rows_s8, int8_t)
SUM_ROWS(sum_rows_u8, uint8_t)

/* Sums to means, halves away from zero. */
static void divide(const int32_t *restrict sum, int8_t *restrict to, size_t n, int32_t count,
                   int32_t low, int32_t high) {
    float inverse = 1.0f / (float)count, half = (float)(count / 2) + 0.5f;
    for (size_t i = 0; i < n; i++) {
        int32_t size = sum[i] < 0 ? -sum[i] : sum[i];
        int32_t mean = (int32_t)(((float)size + half) * inverse);
        mean = sum[i] < 0 ? -mean : mean;
        mean = mean < low ? low : mean;
        to[i] = (int8_t)(mean > high ? high : mean);
    }
}

/* One pixel from `pixels` neighbours of row sums. */
static void join_pixels(const plan *p, const int16_t *from, int8_t *to, int64_t pixels,
                        int32_t count) {
    size_t c = (size_t)p->l.c;
    int32_t sum[BLOCK];
    for (size_t at = 0; at < c; at += BLOCK) {
        size_t n = c - at < BLOCK ? c - at : BLOCK;
        for (size_t i = 0; i < n; i++)
            sum[i] = from[at + i];
        for (int64_t k = 1; k < pixels; k++) {
            const int16_t *next = from + (size_t)k * c + at;
            for (size_t i = 0; i < n; i++)
                sum[i] += next[i];
        }
        divide(sum, to + at, n, count, p->low, p->high);
    }
}

enum { DIRECT_TAPS = 128 }; /* whose sums, and half the count more, stay below 2^15 */

static bool is_direct(const rg_pool_layout *l) {
    return l->c >= RG_VEC_BYTES && l->y.filter * l->x.filter <= DIRECT_TAPS;
}

/* Division by a count of 1 to DIRECT_TAPS: size * multiplier >> 16 >> shift. */
typedef struct divisor {
    uint16_t multiplier;
    int16_t shift, half, count;
} divisor;

/* With 2^(l-1) < count <= 2^l the multiplier ceil(2^(15+l) / count) is below 2^16 and too large by
 * less than count / 2^(15+l), which sizes below 2^15 do not feel. A count of 1 has none. */
static divisor divisor_of(int64_t count) {
    int l = 0;
    while (INT64_C(1) << l < count)
        l++;
    int64_t multiplier = ((INT64_C(1) << (15 + l)) + count - 1) / count;
    divisor d = {(uint16_t)multiplier, (int16_t)(l - 1), (int16_t)(count / 2), (int16_t)count};
    return d;
}

/* Means of sums, halves away from zero. */
#if defined(__AVX2__)
static inline rg_vec mean16(rg_vec sum, divisor d) {
    rg_vec sign = RG_SIMD(srai_epi16)(sum, 15),
           size = RG_SIMD(sub_epi16)(rg_vec_flip(sum, sign), sign);
    size = RG_SIMD(add_epi16)(size, RG_SIMD(set1_epi16)(d.half));
    if (d.count > 1)
        size = RG_SIMD(srl_epi16)(
            RG_SIMD(mulhi_epu16)(size, RG_SIMD(set1_epi16)((int16_t)d.multiplier)),
            _mm_cvtsi32_si128(d.shift));
    return RG_SIMD(sub_epi16)(rg_vec_flip(size, sign), sign);
}

static inline rg_vec means(rg_sums s, divisor d, bool is_unsigned) {
    rg_vec low = mean16(s.low, d), high = mean16(s.high, d);
    return is_unsigned ? RG_SIMD(packus_epi16)(low, high) : RG_SIMD(packs_epi16)(low, high);
}
#else
static inline int16x8_t mean16(int16x8_t sum, divisor d) {
    int16x8_t sign = vshrq_n_s16(sum, 15), size = vaddq_s16(vabsq_s16(sum), vdupq_n_s16(d.half));
    if (d.count > 1) {
        uint16x8_t wide = vreinterpretq_u16_s16(size);
        uint16x4_t times = vdup_n_u16(d.multiplier);
        wide = vcombine_u16(vshrn_n_u32(vmull_u16(vget_low_u16(wide), times), 16),
                            vshrn_n_u32(vmull_u16(vget_high_u16(wide), times), 16));
        size = vreinterpretq_s16_u16(vshlq_u16(wide, vdupq_n_s16((int16_t)-d.shift)));
    }
    return vsubq_s16(veorq_s16(size, sign), sign);
}

static inline rg_vec means(rg_sums s, divisor d, bool is_unsigned) {
    int16x8_t low = mean16(s.low, d), high = mean16(s.high, d);
    return is_unsigned ? vreinterpretq_s8_u8(vcombine_u8(vqmovun_s16(low), vqmovun_s16(high)))
                       : vcombine_s8(vqmovn_s16(low), vqmovn_s16(high));
}
#endif

enum { BLOCK_VECS = 64 / RG_VEC_BYTES };

/* `vecs` vectors of channels of one window; taps lie at `offset` from `from`. */
static inline __attribute__((always_inline)) void mean_block(const plan *p, const uint8_t *from,
                                                             const size_t *offset, uint8_t *to,
                                                             divisor d, int vecs,
                                                             bool is_unsigned) {
    rg_sums s[BLOCK_VECS];
    int t = 0;
    for (int i = 0; i < vecs; i++)
        s[i] = rg_sums_start();
    for (; t + 2 <= d.count; t += 2) {
        for (int i = 0; i < vecs; i++)
            s[i] = rg_sums_more(s[i], rg_vec_load(from + offset[t] + i * RG_VEC_BYTES),
                                rg_vec_load(from + offset[t + 1] + i * RG_VEC_BYTES), is_unsigned);
    }
    rg_vec low = rg_vec_fill((int8_t)p->low), high = rg_vec_fill((int8_t)p->high);
    for (int i = 0; i < vecs; i++) {
        if (t < d.count)
            s[i] = rg_sums_more(s[i], rg_vec_load(from + offset[t] + i * RG_VEC_BYTES),
                                rg_vec_fill(0), is_unsigned);
        rg_vec v = means(s[i], d, is_unsigned);
        v = is_unsigned ? rg_vec_min_u8(rg_vec_max_u8(v, low), high)
                        : rg_vec_min(rg_vec_max(v, low), high);
        rg_vec_store(to + i * RG_VEC_BYTES, v);
    }
}

/* All channels of one window; the last vector overlaps the one before it. */
static inline __attribute__((always_inline)) void mean_window(const plan *p, const uint8_t *from,
                                                              const size_t *offset, uint8_t *to,
                                                              divisor d, bool is_unsigned) {
    size_t c = (size_t)p->l.c, at = 0;
    for (; at + 64 <= c; at += 64)
        mean_block(p, from + at, offset, to + at, d, BLOCK_VECS, is_unsigned);
    for (; at + RG_VEC_BYTES <= c; at += RG_VEC_BYTES)
        mean_block(p, from + at, offset, to + at, d, 1, is_unsigned);
    if (at < c)
        mean_block(p, from + c - RG_VEC_BYTES, offset, to + c - RG_VEC_BYTES, d, 1, is_unsigned);
}

static void run_direct(const rg_op_call *call, const plan *p, const uint8_t *in, uint8_t *out,
                       size_t first_tile, size_t last_tile) {
    const rg_pool_layout *l = &p->l;
    size_t c = (size_t)l->c, row = (size_t)l->x.in * c, offset[DIRECT_TAPS];
    uint8_t *to = out + first_tile * (size_t)l->x.out * c;
    divisor d = {0};
    for (int64_t tile = (int64_t)first_tile; tile < (int64_t)last_tile; tile++) {
        rg_taps y = rg_pool_taps(&l->y, tile % l->y.out);
        int64_t rows = y.last - y.first, columns = 0;
        const uint8_t *top = in + (size_t)(tile / l->y.out * l->y.in + y.at) * row;
        for (int64_t ox = 0; ox < l->x.out; ox++, to += c) {
            rg_taps x = rg_pool_taps(&l->x, ox);
            if (x.last - x.first != columns) {
                columns = x.last - x.first;
                d = divisor_of(rows * columns);
                for (int64_t t = 0; t < rows * columns; t++)
                    offset[t] = (size_t)(t / columns) * row + (size_t)(t % columns) * c;
            }
            if (call->op->in == RG_DTYPE_UINT8)
                mean_window(p, top + (size_t)x.at * c, offset, to, d, true);
            else
                mean_window(p, top + (size_t)x.at * c, offset, to, d, false);
        }
    }
}

static void run(const rg_op_call *call, const void *packed, const void *const *in, void *const *out,
                size_t first_tile, size_t last_tile, void *scratch) {
    const plan *p = packed;
    const rg_pool_layout *l = &p->l;
    if (is_direct(l)) {
        run_direct(call, p, in[0], out[0], first_tile, last_tile);
        return;
    }
    size_t c = (size_t)l->c, row = (size_t)l->x.in * c;
    int8_t *to = (int8_t *)out[0] + first_tile * (size_t)l->x.out * c;
    for (int64_t tile = (int64_t)first_tile; tile < (int64_t)last_tile; tile++) {
        rg_taps y = rg_pool_taps(&l->y, tile % l->y.out);
        int64_t rows = y.last - y.first;
        const uint8_t *top =
            (const uint8_t *)in[0] + (size_t)(tile / l->y.out * l->y.in + y.at) * row;
        (call->op->in == RG_DTYPE_UINT8 ? sum_rows_u8 : sum_rows_s8)(scratch, top, row, rows);
        for (int64_t ox = 0; ox < l->x.out; ox++, to += c) {
            rg_taps x = rg_pool_taps(&l->x, ox);
            int64_t pixels = x.last - x.first;
            join_pixels(p, (const int16_t *)scratch + (size_t)x.at * c, to, pixels,
                        (int32_t)(rows * pixels));
        }
    }
}

#define ROW(id)                                                                                    \
    RG_KERNEL(id) = {RG_KERNEL_HEAD(id),                                                           \
                     .summary = "Sums of whole rows, then of neighbouring pixels",                 \
                     RG_KERNEL_METHODS, .scratch_bytes = scratch_bytes}

ROW(average_pool2d_s8);
ROW(average_pool2d_u8);
