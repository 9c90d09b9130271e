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
    int64_t fit = (BUFFER_BYTES / RG_DW_CELL / d->pairs - window) / x->stride;
    d->chunk_x = least_of(up_to(x->out, d->columns), up_to(fit < 16 ? 16 : fit, d->columns));
    d->buffer_x = (d->chunk_x - 1) * x->stride + window;
}

/* Sizes alone, without what depends on constants. */
static void measure(const rg_op_call *call, rg_dw *d) {
    rg_depthwise_layout *l = &d->l;
    memset(d, 0, sizeof *d);
    if (rg_depthwise_lay_out(call, l, NULL) != RG_OK)
        return;
    bool two = l->y.dilation == 1 && l->y.filter > l->y.stride && l->y.out > 1;
    d->rows = two ? 2 : 1;
    d->columns = 4 / d->rows;
    d->taps_y = l->y.filter + (d->rows - 1) * l->y.stride;
    d->pairs = (d->taps_y + 1) / 2;
    measure_buffer(d);
    d->blocks = (l->out_c + RG_DW_LANES - 1) / RG_DW_LANES;
    int64_t weights = d->pairs * l->x.filter * d->rows * 2 * RG_DW_LANES;
    d->block_bytes = up_to((int64_t)sizeof(rg_dw_block) + weights * (int64_t)sizeof(int16_t), 64);
    d->blocks_at = up_to((int64_t)sizeof *d, 64);
    d->passes = l->batch * ((l->y.out + d->rows - 1) / d->rows);
    int64_t groups = (d->blocks + RG_DW_GROUP - 1) / RG_DW_GROUP;
    d->parts = least_of(groups, (PASSES_ENOUGH + d->passes - 1) / d->passes);
    d->ordered = l->multiplier == 1 && l->out_c % RG_DW_LANES;
    d->image_bytes = l->batch * l->y.in * l->x.in * l->in_c;
}

static int64_t buffer_bytes(const rg_dw *d) {
    return d->pairs * d->buffer_x * RG_DW_CELL;
}

bool rg_dw_suits(const rg_op_call *call) {
    rg_dw d;
    measure(call, &d);
    return call->in[1]->data && (!rg_call_in(call, 2) || call->in[2]->data) &&
           buffer_bytes(&d) <= BUFFER_LIMIT;
}

size_t rg_dw_packed_bytes(const rg_op_call *call) {
    rg_dw d;
    measure(call, &d);
    return (size_t)(d.blocks_at + d.blocks * d.block_bytes);
}

size_t rg_dw_scratch_bytes(const rg_op_call *call) {
    rg_dw d;
    measure(call, &d);
    return (size_t)buffer_bytes(&d);
}

size_t rg_dw_tiles(const rg_op_call *call) {
    rg_dw d;
    measure(call, &d);
    return (size_t)(d.passes * d.parts);
}

/* One output channel: its weights, their sum and the range of sums it can reach. */
typedef struct channel {
    const int8_t *weights; /* first tap; out_c apart */
    int64_t sum, least, most;
} channel;

static int16_t weight_at(const rg_dw *d, const channel *ch, rg_bytes bytes, int64_t ky,
                         int64_t kx) {
    if (ky < 0 || ky >= d->l.y.filter)
        return 0;
    return rg_byte_distance(ch->weights[(ky * d->l.x.filter + kx) * d->l.out_c], bytes.flip,
                            bytes.zero_w);
}

/* Weights of lane `i`: output row r of a pass sees input row y as its tap y - r * stride. */
static void pack_weights(const rg_dw *d, channel *ch, rg_bytes bytes, rg_dw_block *b, int64_t i) {
    int16_t *at = b->weights;
    for (int64_t y = 0; y < d->taps_y; y += 2)
        for (int64_t kx = 0; kx < d->l.x.filter; kx++)
            for (int64_t r = 0; r < d->rows; r++, at += 2 * RG_DW_LANES) {
                at[2 * i] = weight_at(d, ch, bytes, y - r * d->l.y.stride, kx);
                at[2 * i + 1] = weight_at(d, ch, bytes, y + 1 - r * d->l.y.stride, kx);
            }
}

static void survey(const rg_dw *d, channel *ch, rg_bytes bytes, int32_t bias) {
    ch->sum = 0;
    ch->least = ch->most = bias;
    for (int64_t ky = 0; ky < d->l.y.filter; ky++)
        for (int64_t kx = 0; kx < d->l.x.filter; kx++) {
            int64_t w = weight_at(d, ch, bytes, ky, kx), down = w * (-128 - bytes.zero_x),
                    up = w * (127 - bytes.zero_x);
            ch->sum += w;
            ch->least += down < up ? down : up;
            ch->most += down < up ? up : down;
        }
}

/* Constants of the integer path, kernels/x86/depthwise_bytes_avx2.c: one shift for both roundings.
 */
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

static void pack_block(const rg_dw *d, const rg_op_call *call, const rg_factor *factors,
                       rg_dw_block *b, int64_t from) {
    const int32_t *bias = rg_call_in(call, 2) ? call->in[2]->data : NULL;
    rg_bytes bytes = rg_bytes_of(call);
    rg_stair stair[RG_DW_LANES] = {0};
    b->from = from;
    b->source = from / d->l.multiplier;
    b->n = least_of(RG_DW_LANES, d->l.out_c);
    b->proven = true;
    for (int64_t i = 0; i < b->n; i++) {
        channel ch = {(const int8_t *)call->in[1]->data + from + i, 0, 0, 0};
        int32_t start = bias ? bias[from + i] : 0;
        survey(d, &ch, bytes, start);
        pack_weights(d, &ch, bytes, b, i);
        pack_factor(b, i, factors[from + i]);
        b->start[i] = (int32_t)((uint32_t)start - (uint32_t)(bytes.zero_x * ch.sum));
        b->proven &= rg_stair_prove(factors[from + i], d->out_zero, d->low, d->high, ch.least,
                                    ch.most, &stair[i]);
        b->spread[2 * i] = (uint8_t)(2 * ((from + i) / d->l.multiplier - b->source));
        b->spread[2 * i + 1] = (uint8_t)(b->spread[2 * i] + 1);
    }
    for (int64_t i = 0; i < b->n && b->proven; i++) {
        b->start[i] = (int32_t)((uint32_t)b->start[i] + (uint32_t)stair[i].move);
        b->scale[i] = stair[i].scale;
        b->above[i] = stair[i].above;
        b->below[i] = stair[i].below;
    }
}

rg_status rg_dw_pack(const rg_op_call *call, void *packed, rg_err *err) {
    rg_dw *d = packed;
    measure(call, d);
    int32_t low, high, top = rg_dtype_low(call->op->in) + 128;
    rg_activation_range(((const rg_depthwise_params *)call->params)->activation, call->out[0], &low,
                        &high);
    d->low = low - top;
    d->high = high - top;
    d->out_zero = call->out[0]->quant.zero_point[0] - top;
    d->flip = (uint8_t)top;
    d->zero = (uint8_t)call->in[0]->quant.zero_point[0];
    rg_factor *factors = malloc((size_t)d->l.out_c * sizeof *factors);
    if (!factors)
        return rg_fail(err, RG_NO_MEMORY, NULL, "no memory for %lld factors",
                       (long long)d->l.out_c);
    rg_status status = rg_bytes_factors(call, top != 0, d->l.out_c, factors, err);
    for (int64_t i = 0; status == RG_OK && i < d->blocks; i++) {
        /* the last block overlaps the one before rather than be a part of one */
        int64_t from = least_of(i * RG_DW_LANES, d->l.out_c - RG_DW_LANES);
        pack_block(d, call, factors, (rg_dw_block *)(uintptr_t)rg_dw_block_at(d, i),
                   from < 0 ? 0 : from);
    }
    free(factors);
    return status;
}
