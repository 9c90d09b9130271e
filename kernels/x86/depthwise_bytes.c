/* depthwise_bytes.c: packing for the depthwise kernels of int8 and uint8; see the header. */
#include "kernels/x86/depthwise_bytes.h"

#include <stdlib.h>
#include <string.h>

#include "kernels/ref/activation.h"
#include "kernels/ref/bytes.h"
#include "kernels/x86/staircase.h"

enum { BUFFER_BYTES = 14 << 10, BUFFER_LIMIT = 1 << 20, PASSES_ENOUGH = 16 };

static int64_t least_of(int64_t a, int64_t b) {
    return a < b ? a : b;
}

static int64_t up_to(int64_t n, int64_t multiple) {
    return (n + multiple - 1) / multiple * multiple;
}

/* Output columns for which the buffer stays in the first-level cache, if it can. */
static void measure_buffer(rg_dw *d) {
    const rg_axis *x = &d->l.x;
    int64_t window = (x->filter - 1) * x->dilation + 1;
    int64_t fit = (BUFFER_BYTES / rg_dw_cell(d) / d->sets - window) / x->stride;
    d->chunk_x = least_of(up_to(x->out, d->columns), up_to(fit < 16 ? 16 : fit, d->columns));
    d->buffer_x = (d->chunk_x - 1) * x->stride + window;
    if (d->height == 3)
        d->buffer_x = up_to(d->buffer_x, 2);
}

/* Sizes alone, without what depends on constants. */
static void measure(const rg_op_call *call, rg_dw_form form, rg_dw *d) {
    rg_depthwise_layout *l = &d->l;
    memset(d, 0, sizeof *d);
    if (rg_depthwise_lay_out(call, l, NULL) != RG_OK)
        return;
    bool overlap =
        form == RG_DW_PAIRS ? l->y.filter > l->y.stride : l->y.filter > 1 && l->y.stride == 1;
    bool two = overlap && l->y.dilation == 1 && l->y.out > 1;
    d->height = form == RG_DW_PAIRS ? 2 : form == RG_DW_CROSS ? 3 : 4;
    d->vector = form == RG_DW_FOURS16 ? 2 * RG_DW_SPAN : RG_DW_SPAN;
    d->rows = two ? 2 : 1;
    d->columns = 4 / d->rows;
    d->taps_y = l->y.filter + (d->rows - 1) * l->y.stride;
    d->sets = (d->taps_y + d->height - 1) / d->height;
    measure_buffer(d);
    d->blocks = (l->out_c + RG_DW_LANES - 1) / RG_DW_LANES;
    if (rg_dw_is_grouped(d))
        d->blocks = up_to(d->blocks, RG_DW_GROUP);
    int64_t pairs = d->height == 3 ? RG_DW_CROSS_PAIRS : d->sets * l->x.filter * d->rows;
    d->block_bytes = up_to((int64_t)sizeof(rg_dw_block) + pairs * d->vector, 64);
    d->blocks_at = up_to((int64_t)sizeof *d, 64);
    d->passes = l->batch * ((l->y.out + d->rows - 1) / d->rows);
    int64_t groups = (d->blocks + RG_DW_GROUP - 1) / RG_DW_GROUP;
    d->parts = least_of(groups, (PASSES_ENOUGH + d->passes - 1) / d->passes);
    d->ordered = l->multiplier == 1 && l->out_c % RG_DW_LANES;
    d->image_bytes = l->batch * l->y.in * l->x.in * l->in_c;
}

static size_t buffer_bytes(const rg_dw *d) {
    return (size_t)(d->sets * d->buffer_x * rg_dw_cell(d));
}

static bool suits(const rg_op_call *call, rg_dw_form form) {
    rg_dw d;
    measure(call, form, &d);
    return call->in[1]->data && (!rg_call_in(call, 2) || call->in[2]->data) &&
           buffer_bytes(&d) <= BUFFER_LIMIT;
}

static size_t packed_bytes(const rg_op_call *call, rg_dw_form form) {
    rg_dw d;
    measure(call, form, &d);
    return (size_t)(d.blocks_at + d.blocks * d.block_bytes);
}

static size_t scratch_bytes(const rg_op_call *call, rg_dw_form form) {
    rg_dw d;
    measure(call, form, &d);
    return buffer_bytes(&d);
}

static size_t tiles(const rg_op_call *call, rg_dw_form form) {
    rg_dw d;
    measure(call, form, &d);
    return (size_t)(d.passes * d.parts);
}

/* One output channel: its weights, their sum and the range of sums it can reach. */
typedef struct channel {
    const int8_t *weights; /* first tap; out_c apart */
    rg_bytes bytes;
    int64_t sum, least, most;
} channel;

static int16_t weight_at(const rg_dw *d, const channel *ch, int64_t ky, int64_t kx) {
    if (ky < 0 || ky >= d->l.y.filter)
        return 0;
    return rg_byte_distance(ch->weights[(ky * d->l.x.filter + kx) * d->l.out_c], ch->bytes.flip,
                            ch->bytes.zero_w);
}

/* The weight of row k of a set in lane i of a vector. */
static void put_weight(const rg_dw *d, int8_t *vector, int64_t i, int64_t k, int16_t w) {
    if (d->vector == RG_DW_SPAN && d->height == 4)
        vector[4 * i + k] = (int8_t)w;
    else if (d->height == 4) /* even rows, then odd ones */
        memcpy(vector + k % 2 * RG_DW_SPAN + 4 * i + k / 2 * 2, &w, sizeof w);
    else
        memcpy(vector + 4 * i + 2 * k, &w, sizeof w);
}

/* Weights of lane `i`: output row r of a pass sees input row y as its tap y - r * stride. */
static void pack_weights(const rg_dw *d, const channel *ch, rg_dw_block *b, int64_t i) {
    int8_t *at = b->weights;
    for (int64_t y = 0; y < d->sets * d->height; y += d->height)
        for (int64_t kx = 0; kx < d->l.x.filter; kx++)
            for (int64_t r = 0; r < d->rows; r++, at += d->vector)
                for (int64_t k = 0; k < d->height; k++)
                    put_weight(d, at, i, k, weight_at(d, ch, y + k - r * d->l.y.stride, kx));
}

/* The same of RG_DW_CROSS: rows 0 and 2 of each column, row 1 of two columns. */
static void pack_cross(const rg_dw *d, const channel *ch, rg_dw_block *b, int64_t i) {
    static const int8_t taps[RG_DW_CROSS_PAIRS][2][2] = {
        {{0, 0}, {2, 0}}, {{0, 1}, {2, 1}}, {{0, 2}, {2, 2}}, {{1, 0}, {1, 1}}, {{1, 2}, {-1, 0}},
    };
    for (int64_t v = 0; v < RG_DW_CROSS_PAIRS; v++)
        for (int64_t k = 0; k < 2; k++)
            put_weight(d, b->weights + v * d->vector, i, k,
                       weight_at(d, ch, taps[v][k][0], taps[v][k][1]));
}

static void survey(const rg_dw *d, int32_t bias, channel *ch) {
    ch->least = ch->most = bias;
    for (int64_t ky = 0; ky < d->l.y.filter; ky++)
        for (int64_t kx = 0; kx < d->l.x.filter; kx++) {
            int64_t w = weight_at(d, ch, ky, kx), down = w * (-128 - ch->bytes.zero_x),
                    up = w * (127 - ch->bytes.zero_x);
            ch->sum += w;
            ch->least += down < up ? down : up;
            ch->most += down < up ? up : down;
        }
}

/* Constants of the integer path, depthwise_rows.h: one shift for both roundings. */
static void pack_factor(rg_dw_block *b, int64_t i, rg_factor factor) {
    int64_t slot = i % 2 * (RG_DW_LANES / 2) + i / 2;
    int right = factor.shift < 0 ? -factor.shift : 0;
    b->multiplier[i] = factor.multiplier;
    b->left[i] = factor.shift > 0 ? factor.shift : 0;
    b->right[i] = right ? right - 1 : 0;
    b->away[i] = right ? -1 : 0;
    b->round[slot] = (INT64_C(1) << 30) + (right ? INT64_C(1) << (30 + right) : 0);
    b->twice[slot] = right ? 0 : 1;
}

/* Output channel c becomes lane i. */
static void pack_lane(const rg_dw *d, const rg_op_call *call, rg_factor factor, rg_dw_block *b,
                      int64_t i, int64_t c) {
    const int32_t *bias = rg_call_in(call, 2) ? call->in[2]->data : NULL;
    channel ch = {(const int8_t *)call->in[1]->data + c, rg_bytes_of(call), 0, 0, 0};
    rg_stair stair = {0};
    int32_t start = bias ? bias[c] : 0;
    survey(d, start, &ch);
    if (d->height == 3)
        pack_cross(d, &ch, b, i);
    else
        pack_weights(d, &ch, b, i);
    pack_factor(b, i, factor);
    /* what is computed with is the input byte, flipped, as int8 or (sets of four) as uint8 */
    int64_t zero = d->height == 4 ? ch.bytes.zero_x + 128 : ch.bytes.zero_x;
    b->start[i] = (int32_t)((uint32_t)start - (uint32_t)(zero * ch.sum));
    b->proven &= rg_stair_prove(factor, d->out_zero, d->low, d->high, ch.least, ch.most, &stair);
    b->scale[i] = stair.scale;
    b->above[i] = stair.above;
    b->below[i] = stair.below;
    b->move[i] = stair.move;
}

/* Channels of block `k` of the group from `from` on, or of the block there; those of sets of four
 * are the ones that interleaving leaves in one vector. */
static void pack_block(const rg_dw *d, const rg_op_call *call, const rg_factor *factors,
                       rg_dw_block *b, int64_t from, int64_t k) {
    b->from = from;
    b->source = from / d->l.multiplier;
    b->n = least_of(RG_DW_LANES, d->l.out_c);
    b->proven = true;
    for (int64_t i = 0; i < b->n; i++) {
        int64_t c = from + i;
        if (rg_dw_is_grouped(d))
            c = d->height == 4 ? from + i / 4 * 16 + 4 * k + i % 4 : c + RG_DW_LANES * k;
        pack_lane(d, call, factors[c], b, i, c);
        b->spread[2 * i] = (uint8_t)(2 * (c / d->l.multiplier - b->source));
        b->spread[2 * i + 1] = (uint8_t)(b->spread[2 * i] + 1);
    }
    for (int64_t i = 0; i < b->n && b->proven; i++)
        b->start[i] = (int32_t)((uint32_t)b->start[i] + (uint32_t)b->move[i]);
}

static void pack_blocks(const rg_dw *d, const rg_op_call *call, const rg_factor *factors) {
    for (int64_t i = 0; i < d->blocks; i++) {
        rg_dw_block *b = (rg_dw_block *)(uintptr_t)rg_dw_block_at(d, i);
        /* the last block or group overlaps the one before rather than be a part of one */
        int64_t unit = rg_dw_is_grouped(d) ? RG_DW_SPAN : RG_DW_LANES;
        int64_t from = least_of(i * RG_DW_LANES / unit * unit, d->l.out_c - unit);
        pack_block(d, call, factors, b, from < 0 ? 0 : from, i % RG_DW_GROUP);
    }
}

static rg_status pack(const rg_op_call *call, rg_dw_form form, rg_dw *d, rg_err *err) {
    measure(call, form, d);
    int32_t low, high, top = rg_dtype_low(call->op->in) + 128;
    rg_activation_range(((const rg_depthwise_params *)call->params)->activation, call->out[0], &low,
                        &high);
    d->low = low - top;
    d->high = high - top;
    d->out_zero = call->out[0]->quant.zero_point[0] - top;
    d->out_flip = (uint8_t)top;
    d->flip = (uint8_t)(d->height == 4 ? top ^ 128 : top);
    d->zero = (uint8_t)call->in[0]->quant.zero_point[0];
    rg_factor *factors = malloc((size_t)d->l.out_c * sizeof *factors);
    if (!factors)
        return rg_fail(err, RG_NO_MEMORY, NULL, "no memory for %lld factors",
                       (long long)d->l.out_c);
    rg_status status = rg_bytes_factors(call, top != 0, d->l.out_c, factors, err);
    if (status == RG_OK)
        pack_blocks(d, call, factors);
    free(factors);
    return status;
}

static bool weights_fit(const rg_op_call *call) {
    const int8_t *w = call->in[1]->data;
    rg_bytes bytes = rg_bytes_of(call);
    for (size_t i = 0; bytes.zero_w && i < call->in[1]->bytes; i++) {
        int16_t distance = rg_byte_distance(w[i], bytes.flip, bytes.zero_w);
        if (distance < -128 || distance > 127)
            return false;
    }
    return true;
}

static bool plenty(const rg_op_call *call) {
    const int32_t *in = call->in[0]->shape.dim, *filter = call->in[1]->shape.dim;
    return filter[3] == in[3] && in[3] >= RG_DW_SPAN;
}

bool rg_dw_suits_pairs(const rg_op_call *call) {
    return suits(call, RG_DW_PAIRS);
}

/* Rows that fill their sets of four, but for one: else pairs need fewer products. */
bool rg_dw_suits_fours16(const rg_op_call *call) {
    rg_dw d;
    measure(call, RG_DW_FOURS16, &d);
    return d.taps_y % 4 != 1 && d.taps_y % 4 != 2 && plenty(call) && suits(call, RG_DW_FOURS16);
}

bool rg_dw_suits_cross(const rg_op_call *call) {
    rg_dw d;
    measure(call, RG_DW_CROSS, &d);
    const rg_axis *x = &d.l.x, *y = &d.l.y;
    return x->filter == 3 && y->filter == 3 && x->stride == 2 && y->stride == 2 &&
           x->dilation == 1 && y->dilation == 1 && plenty(call) && suits(call, RG_DW_CROSS);
}

bool rg_dw_suits_fours(const rg_op_call *call) {
    return plenty(call) && suits(call, RG_DW_FOURS) && weights_fit(call);
}

#define SLOTS(name, form)                                                                          \
    size_t rg_dw_packed_bytes_##name(const rg_op_call *call) {                                     \
        return packed_bytes(call, form);                                                           \
    }                                                                                              \
    rg_status rg_dw_pack_##name(const rg_op_call *call, void *packed, rg_err *err) {               \
        return pack(call, form, packed, err);                                                      \
    }                                                                                              \
    size_t rg_dw_scratch_bytes_##name(const rg_op_call *call) {                                    \
        return scratch_bytes(call, form);                                                          \
    }                                                                                              \
    size_t rg_dw_tiles_##name(const rg_op_call *call) {                                            \
        return tiles(call, form);                                                                  \
    }
SLOTS(pairs, RG_DW_PAIRS)
SLOTS(fours16, RG_DW_FOURS16)
SLOTS(cross, RG_DW_CROSS)
SLOTS(fours, RG_DW_FOURS)
