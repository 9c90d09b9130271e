/* depthwise_words.h: depthwise convolutions of int16 images and of quantized float32 ones at load:
 * which calls are taken, the layout, and what is packed; for depthwise_words.c. */
#ifndef RG_KERNELS_EACH_DEPTHWISE_WORDS_H
#define RG_KERNELS_EACH_DEPTHWISE_WORDS_H

#include <stdlib.h>

#include "kernels/each/ends.h"
#include "kernels/ref/activation.h"
#include "kernels/ref/depthwise_conv2d.h"
#include "kernels/ref/hybrid.h"
#include "kernels/ref/wide.h"

#if defined(RG_LEVEL)

enum { COLUMNS = 4, BAND_BYTES = 64 << 10, BYTES_MAX = 32 << 20, TAPS_MAX = 1024, MIN_TILES = 8 };

/* What is packed: this, offsets of the taps, then the blocks. */
typedef struct plan {
    _Alignas(64) rg_depthwise_layout l;
    int64_t channels, width, rows; /* of scratch: rounded up, pixels a row, rows */
    int64_t band, bands;           /* output rows of a tile, tiles of an image */
    size_t blocks, pairs;          /* blocks of channels; pairs of taps */
    float low, high;
} plan;

/* A block of channels; its weights follow, two vectors for each pair of taps. */
typedef struct block {
    _Alignas(64) rg_ends ends;
    float scale[RG_ENDS], bias[RG_ENDS];
} block;

static inline int64_t parts(int64_t n, int64_t size) {
    return (n + size - 1) / size;
}

static inline int64_t rows_of_band(const rg_axis *y, int64_t band) {
    return (band - 1) * y->stride + (y->filter - 1) * y->dilation + 1;
}

static inline bool lay_out(const rg_op_call *call, plan *ret) {
    plan p = {.band = 1};
    if (rg_depthwise_lay_out(call, &p.l, NULL) != RG_OK)
        return false;
    const rg_axis *x = &p.l.x, *y = &p.l.y;
    if (x->filter > TAPS_MAX || y->filter > TAPS_MAX / x->filter)
        return false;
    p.blocks = (size_t)parts(p.l.out_c, RG_ENDS);
    p.channels = (int64_t)p.blocks * RG_ENDS;
    p.pairs = (size_t)parts(x->filter * y->filter, 2);
    p.width =
        (parts(x->out, COLUMNS) * COLUMNS - 1) * x->stride + (x->filter - 1) * x->dilation + 1;
    int64_t most = parts(p.l.batch * y->out, MIN_TILES);
    while (p.band < most && rows_of_band(y, p.band + 1) * p.width * p.channels * 2 <= BAND_BYTES)
        p.band++;
    p.bands = parts(y->out, p.band);
    p.rows = rows_of_band(y, p.band);
    rg_activation_range_f32(((const rg_depthwise_params *)call->params)->activation, &p.low,
                            &p.high);
    *ret = p;
    return p.rows <= BYTES_MAX && p.width <= BYTES_MAX / p.rows / 2 / p.channels;
}

/* Sums of int16 and the bias of a channel stay within int32 whatever the input. */
static inline bool fits(const rg_op_call *call, int64_t taps, int64_t channels) {
    const rg_tensor *bias = rg_call_in(call, 2);
    const int8_t *w = call->in[1]->data;
    if (call->op->in != RG_DTYPE_INT16 || (bias && bias->dtype == RG_DTYPE_INT32))
        return true; /* sums that wrap at 32 bits are the truth */
    for (int64_t c = 0; c < channels; c++) {
        int64_t sum = 0, b = rg_wide_bias(bias, bias ? bias->data : NULL, c);
        for (int64_t i = 0; i < taps; i++)
            sum += abs(w[i * channels + c]);
        if (b < INT32_MIN || b > INT32_MAX || sum * 32768 + (b < 0 ? -b : b) > INT32_MAX)
            return false;
    }
    return true;
}

static inline bool suits(const rg_op_call *call) {
    const rg_tensor *bias = rg_call_in(call, 2);
    plan p;
    return call->in[1]->data && (!bias || bias->data) && lay_out(call, &p) &&
           fits(call, p.l.y.filter * p.l.x.filter, p.l.out_c);
}

static inline size_t offsets_bytes(const plan *p) {
    return (2 * p->pairs * sizeof(int64_t) + 63) / 64 * 64;
}

static inline size_t block_bytes(const plan *p) {
    return sizeof(block) + p->pairs * 2 * RG_VEC_BYTES;
}

static inline size_t packed_bytes(const rg_op_call *call) {
    plan p;
    return lay_out(call, &p) ? sizeof p + offsets_bytes(&p) + p.blocks * block_bytes(&p) : 0;
}

static inline size_t scratch_bytes(const rg_op_call *call) {
    plan p;
    return lay_out(call, &p) ? (size_t)(p.rows * p.width * p.channels) * sizeof(int16_t) : 0;
}

static inline const int64_t *offsets_of(const plan *p) {
    return (const int64_t *)(p + 1);
}

static inline const block *block_of(const plan *p, size_t i) {
    return (const block *)((const char *)(p + 1) + offsets_bytes(p) + i * block_bytes(p));
}

/* Where the weight of channel `c` of a block stands among the two vectors of a pair of taps. */
static inline size_t place_of(size_t c, size_t second) {
#if defined(__aarch64__)
    return second * RG_ENDS + c;
#else
    size_t lane = c / 8, k = c % 8; /* as unpacking leaves them */
    return k / 4 * RG_ENDS + lane * 8 + k % 4 * 2 + second;
#endif
}

static inline void pack_weights(const rg_op_call *call, const plan *p, int64_t c, int16_t *to) {
    const int8_t *w = (const int8_t *)call->in[1]->data + c;
    for (int64_t tap = 0; tap < p->l.y.filter * p->l.x.filter; tap++)
        to[tap / 2 * 2 * RG_ENDS + (int64_t)place_of((size_t)c % RG_ENDS, (size_t)tap % 2)] =
            w[tap * p->l.out_c];
}

/* The tap that fills the last pair up is the first once more, times zero. */
static inline void pack_offsets(const plan *p, int64_t *to) {
    const rg_axis *x = &p->l.x, *y = &p->l.y;
    for (int64_t tap = 0; tap < y->filter * x->filter; tap++)
        to[tap] = (tap / x->filter * y->dilation * p->width + tap % x->filter * x->dilation) *
                  p->channels;
}

/* How sums of int16 become outputs. */
static inline rg_status pack_ends(const rg_op_call *call, const plan *p, rg_err *err) {
    const rg_tensor *bias = rg_call_in(call, 2);
    rg_wide *wide = calloc(1, call->op->state_bytes(call));
    rg_status status = wide ? call->op->prepare(call, wide, err)
                            : rg_fail(err, RG_NO_MEMORY, NULL, "depthwise_conv2d: no memory");
    for (int64_t c = 0; status == RG_OK && c < p->l.out_c; c++) {
        rg_ends *e = &((block *)block_of(p, (size_t)c / RG_ENDS))->ends;
        e->wide = !wide->is_narrow;
        e->low = wide->low;
        e->high = wide->high;
        rg_ends_put(e, (size_t)c % RG_ENDS, wide->factors[c],
                    (int32_t)rg_wide_bias(bias, bias ? bias->data : NULL, c));
    }
    free(wide);
    return status;
}

static inline rg_status pack(const rg_op_call *call, void *packed, rg_err *err) {
    plan *p = packed;
    const float *bias = rg_call_in(call, 2) ? call->in[2]->data : NULL;
    bool is_hybrid = call->op->in == RG_DTYPE_FLOAT32;
    lay_out(call, p);
    pack_offsets(p, (int64_t *)offsets_of(p));
    for (int64_t c = 0; c < p->l.out_c; c++) {
        block *b = (block *)block_of(p, (size_t)c / RG_ENDS);
        pack_weights(call, p, c, (int16_t *)(b + 1));
        b->scale[c % RG_ENDS] = is_hybrid ? rg_hybrid_scale(call->in[1], c) : 0;
        b->bias[c % RG_ENDS] = is_hybrid && bias ? bias[c] : 0;
    }
    return is_hybrid ? RG_OK : pack_ends(call, p, err);
}

#endif

#endif
