/* transpose_conv.c: transposed convolutions of int8, uint8 and int16. Input rows are widened to
 * distances from the zero point in scratch; four columns and a block of output channels at a time
 * are summed in registers, weights packed by block. int16 sums fit 32 bits where the weights prove
 * it, others are left to the reference. */
#include "kernels/each/transpose_conv.h"

#include <stdlib.h>

#include "kernels/each/ends.h"
#include "kernels/each/words.h"
#include "kernels/ref/activation.h"
#include "kernels/ref/bytes.h"
#include "kernels/ref/wide.h"

enum { SHAPE, FILTER, IMAGE, BIAS, COLUMNS = RG_TCONV_COLUMNS };

/* What is packed: this, the blocks' ends, the blocks' weights. */
typedef struct plan {
    _Alignas(64) rg_tconv walk;
    size_t blocks, weights; /* weights: int16 of a block */
    int16_t zero_x;         /* of the input as int8 */
    uint8_t flip;
} plan;

static bool lay_out(const rg_op_call *call, plan *ret) {
    if (!rg_tconv_plan(call, 2, &ret->walk))
        return false;
    const rg_transpose_conv_layout *l = &ret->walk.l;
    ret->blocks = (size_t)(l->out_c + RG_ENDS - 1) / RG_ENDS;
    ret->weights = (size_t)(l->y.filter * l->x.filter * ret->walk.depth) * RG_ENDS;
    ret->flip = call->op->out == RG_DTYPE_UINT8 ? 128 : 0;
    ret->zero_x = (int16_t)(call->in[IMAGE]->quant.zero_point[0] - ret->flip);
    return true;
}

/* Sizes of the weights that one output of a channel sees, as those of the phase (y, x). */
static int64_t weight_of_phase(const rg_transpose_conv_layout *l, const int8_t *w, int64_t y,
                               int64_t x) {
    int64_t sum = 0;
    for (int64_t ky = y; ky < l->y.filter; ky += l->y.stride) {
        for (int64_t kx = x; kx < l->x.filter; kx += l->x.stride) {
            const int8_t *tap = w + (ky * l->x.filter + kx) * l->in_c;
            for (int64_t i = 0; i < l->in_c; i++)
                sum += tap[i] < 0 ? -tap[i] : tap[i];
        }
    }
    return sum;
}

/* Sums of int16 and the bias of a channel stay within int32 whatever the input. */
static bool fits(const rg_op_call *call, const rg_transpose_conv_layout *l, int64_t channel) {
    const rg_tensor *bias = rg_call_in(call, BIAS);
    int64_t taps = l->y.filter * l->x.filter, most = 0;
    int64_t b = bias ? rg_wide_bias(bias, bias->data, channel) : 0;
    const int8_t *w = (const int8_t *)call->in[FILTER]->data + channel * taps * l->in_c;
    for (int64_t y = 0; y < l->y.stride && y < l->y.filter; y++) {
        for (int64_t x = 0; x < l->x.stride && x < l->x.filter; x++) {
            int64_t sum = weight_of_phase(l, w, y, x);
            most = sum > most ? sum : most;
        }
    }
    return b >= INT32_MIN && b <= INT32_MAX && most * 32768 + (b < 0 ? -b : b) <= INT32_MAX;
}

static bool suits(const rg_op_call *call) {
    const rg_tensor *bias = rg_call_in(call, BIAS);
    plan p;
    if (!call->in[FILTER]->data || (bias && !bias->data) || !lay_out(call, &p))
        return false;
    const rg_transpose_conv_layout *l = &p.walk.l;
    bool all = true;
    for (int64_t c = 0; call->op->out == RG_DTYPE_INT16 && all && c < l->out_c; c++)
        all = fits(call, l, c);
    return all;
}

static size_t packed_bytes(const rg_op_call *call) {
    plan p;
    return lay_out(call, &p) ? sizeof p + p.blocks * (sizeof(rg_ends) + p.weights * 2) : 0;
}

static size_t scratch_bytes(const rg_op_call *call) {
    plan p;
    return lay_out(call, &p) ? (size_t)(p.walk.rows * p.walk.width * p.walk.depth) * 2 : 0;
}

static size_t tiles(const rg_op_call *call) {
    return call->op->tiles(call);
}

static const rg_ends *ends_of(const plan *p) {
    return (const rg_ends *)(p + 1);
}

static const int16_t *weights_of(const plan *p, size_t block) {
    return (const int16_t *)(ends_of(p) + p->blocks) + block * p->weights;
}

/* The weights of one output channel, as distances from the zero point. */
static void pack_channel(const rg_op_call *call, const plan *p, int64_t c, int16_t *block) {
    const rg_transpose_conv_layout *l = &p->walk.l;
    const int8_t *w =
        (const int8_t *)call->in[FILTER]->data + c * l->y.filter * l->x.filter * l->in_c;
    int16_t zero = (int16_t)(call->in[FILTER]->quant.zero_point[0] - p->flip);
    size_t lane = (size_t)c % RG_ENDS;
    for (int64_t tap = 0; tap < l->y.filter * l->x.filter; tap++) {
        int64_t place = rg_tconv_place(&p->walk, tap / l->x.filter, tap % l->x.filter);
        for (int64_t i = 0; i < l->in_c; i++) {
            size_t pair = (size_t)(place * p->walk.depth + i) / 2;
            size_t vec = pair * 2 + lane / RG_WORDS;
            block[vec * RG_PAIRS_VEC + rg_word_at(lane % RG_WORDS, (size_t)i % 2)] =
                rg_byte_distance(w[tap * l->in_c + i], p->flip, zero);
        }
    }
}

static rg_status pack_ends(const rg_op_call *call, const plan *p, rg_ends *ends, rg_err *err) {
    rg_wide *wide = calloc(1, call->op->state_bytes(call));
    const rg_tensor *bias = rg_call_in(call, BIAS);
    rg_status status = wide ? call->op->prepare(call, wide, err)
                            : rg_fail(err, RG_NO_MEMORY, NULL, "transpose_conv: no memory");
    for (size_t c = 0; status == RG_OK && c < p->blocks * RG_ENDS; c++) {
        rg_ends *e = &ends[c / RG_ENDS];
        e->wide = call->op->out == RG_DTYPE_INT16;
        e->zero = e->wide ? 0 : call->out[0]->quant.zero_point[0];
        e->low = wide->low;
        e->high = wide->high;
        if (c < (size_t)p->walk.l.out_c)
            rg_ends_put(e, c % RG_ENDS, wide->factors[c],
                        (int32_t)rg_wide_bias(bias, bias ? bias->data : NULL, (int64_t)c));
    }
    free(wide);
    return status;
}

static rg_status pack(const rg_op_call *call, void *packed, rg_err *err) {
    plan *p = packed;
    lay_out(call, p);
    rg_status status = pack_ends(call, p, (rg_ends *)(p + 1), err);
    for (int64_t c = 0; status == RG_OK && c < p->walk.l.out_c; c++)
        pack_channel(call, p, c, (int16_t *)weights_of(p, (size_t)c / RG_ENDS));
    return status;
}

/* One input row to scratch. */
static void widen(const plan *p, const void *image, int64_t row, bool is_wide, int16_t *to) {
    const rg_transpose_conv_layout *l = &p->walk.l;
    int64_t depth = p->walk.depth;
    memset(to, 0, (size_t)(p->walk.width * depth) * sizeof *to);
    to += p->walk.before * depth;
    for (int64_t x = 0, at = row * l->in_w * l->in_c; x < l->in_w;
         x++, at += l->in_c, to += depth) {
        if (is_wide) {
            memcpy(to, (const int16_t *)image + at, (size_t)l->in_c * sizeof *to);
            continue;
        }
        for (int64_t i = 0; i < l->in_c; i++)
            to[i] = rg_byte_distance(((const int8_t *)image)[at + i], p->flip, p->zero_x);
    }
}

/* What one block of channels sums: `rows` runs of x and of weights, each a step from the last. */
typedef struct runs {
    const int16_t *x, *w;
    int64_t rows, step_x, step_w, length, pixel;
} runs;

static inline __attribute__((always_inline)) void sum_columns(const runs *r, int vecs,
                                                              int32_t sum[COLUMNS][RG_ENDS]) {
    rg_ints s[COLUMNS][2] = {0};
    for (int64_t row = 0; row < r->rows; row++) {
        const int16_t *x = r->x + row * r->step_x, *w = r->w + row * r->step_w;
        for (int64_t i = 0; i < r->length; i += 2, w += 2 * RG_PAIRS_VEC) {
            rg_vec w0 = rg_vec_load(w), w1 = vecs > 1 ? rg_vec_load(w + RG_PAIRS_VEC) : w0;
            for (int c = 0; c < COLUMNS; c++) {
                s[c][0] = rg_words_dot(s[c][0], x + c * r->pixel + i, w0);
                if (vecs > 1)
                    s[c][1] = rg_words_dot(s[c][1], x + c * r->pixel + i, w1);
            }
        }
    }
    for (int c = 0; c < COLUMNS; c++) {
        rg_ints_store(sum[c], s[c][0]);
        rg_ints_store(sum[c] + RG_WORDS, s[c][1]);
    }
}

/* All columns of one phase for one block of channels; `out` is the row's first byte. */
static void run_phase(const plan *p, const rg_tconv_rows *rows, const rg_tconv_phase *phase,
                      size_t block, const int16_t *scratch, char *out, size_t size) {
    const rg_transpose_conv_layout *l = &p->walk.l;
    const rg_ends *ends = ends_of(p) + block;
    int64_t tap_bytes = p->walk.depth * RG_ENDS, c = (int64_t)block * RG_ENDS;
    size_t n = (size_t)(l->out_c - c < RG_ENDS ? l->out_c - c : RG_ENDS);
    runs r = {.rows = rows->last - rows->first,
              .step_x = p->walk.width * p->walk.depth,
              .step_w = -l->y.stride * l->x.filter * tap_bytes,
              .length = phase->taps * p->walk.depth,
              .pixel = p->walk.depth};
    r.w = weights_of(p, block) + (rows->tap * l->x.filter + phase->tap) * tap_bytes;
    for (int64_t j = 0; j < phase->n; j += COLUMNS) {
        int32_t sum[COLUMNS][RG_ENDS];
        r.x = scratch + (phase->x + j) * p->walk.depth;
        if (n > RG_WORDS)
            sum_columns(&r, 2, sum);
        else
            sum_columns(&r, 1, sum);
        for (int64_t k = 0; k < COLUMNS && j + k < phase->n; k++) {
            int64_t column = phase->first + (j + k) * l->x.stride;
            char *to = out + (size_t)(column * l->out_c + c) * size;
            rg_ends_store(ends, sum[k], to, n, size == 1);
        }
    }
}

static void run(const rg_op_call *call, const void *packed, const void *const *in, void *const *out,
                size_t first_tile, size_t last_tile, void *scratch) {
    const plan *p = packed;
    const rg_transpose_conv_layout *l = &p->walk.l;
    size_t size = call->op->out == RG_DTYPE_INT16 ? 2 : 1;
    size_t image_bytes = (size_t)(l->in_h * l->in_w * l->in_c) * size;
    for (size_t row = first_tile; row < last_tile; row++) {
        rg_tconv_rows rows = rg_tconv_rows_of(&p->walk, (int64_t)row);
        const char *image = (const char *)in[IMAGE] + (size_t)rows.batch * image_bytes;
        char *to = (char *)out[0] + row * (size_t)(l->x.in * l->out_c) * size;
        for (int64_t y = rows.first; y < rows.last; y++)
            widen(p, image, y, size == 2,
                  (int16_t *)scratch + (y - rows.first) * p->walk.width * p->walk.depth);
        for (int64_t x = 0; x < l->x.stride && x < l->x.in; x++) {
            rg_tconv_phase phase = rg_tconv_phase_of(&p->walk, x);
            for (size_t block = 0; block < p->blocks; block++)
                run_phase(p, &rows, &phase, block, scratch, to, size);
        }
    }
}

#define ROW(id)                                                                                    \
    RG_KERNEL(id) = {RG_KERNEL_HEAD(id),                                                           \
                     .summary = "Runs of taps by phase, columns and channels in registers",        \
                     RG_KERNEL_METHODS, .scratch_bytes = scratch_bytes}

ROW(transpose_conv_s8);
ROW(transpose_conv_u8);
ROW(transpose_conv_s16);
