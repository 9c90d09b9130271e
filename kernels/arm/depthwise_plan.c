/* depthwise_plan.c: planning and packing of depthwise convolutions on Arm; see depthwise_plan.h. */
#include "kernels/arm/depthwise_plan.h"

#include <stdlib.h>
#include <string.h>

#include "kernels/ref/activation.h"
#include "kernels/ref/bytes.h"

enum { MARGIN = 8 }; /* bytes behind a widened line */

static size_t up(size_t n, size_t to) {
    return (n + to - 1) / to * to;
}

bool rg_arm_dw_suits(const rg_op_call *call) {
    const rg_tensor *bias = rg_call_in(call, 2);
    const int32_t *filter = call->in[1]->shape.dim;
    return call->in[1]->data && (!bias || bias->data) &&
           (int64_t)filter[1] * filter[2] <= RG_ARM_DW_TAPS;
}

/* Whether lines of outputs can be computed by sliding a 3x3 window. */
static void plan_slide(rg_arm_dw_plan *p) {
    const rg_axis *x = &p->l.x;
    int64_t last = (x->out - 1) * x->stride - x->pad + 2; /* column of the last window's end */
    p->left = x->pad == 1;
    p->right = last == x->in;
    p->slides = p->l.y.filter == 3 && x->filter == 3 && x->dilation == 1 && x->stride <= 2 &&
                p->l.out_c >= 8 && x->pad <= 1 && last <= x->in && x->in >= 2 &&
                (x->out > 1 || !p->right);
}

/* A weight less its zero point. */
static int32_t weight_of(const rg_arm_dw_plan *p, int8_t byte) {
    return (int8_t)(byte ^ p->flip) - p->zero_w;
}

/* Part `part` of a weight as a sum of numbers of int8. */
static int8_t part_of(int32_t weight, int64_t part) {
    int32_t first = 0;
    for (int64_t i = 0; i <= part; i++, weight -= first)
        first = weight < -128 ? -128 : weight > 127 ? 127 : weight;
    return (int8_t)first;
}

/* How bytes are read: as rg_bytes_of reads them. */
static void plan_bytes(const rg_op_call *call, rg_arm_dw_plan *p) {
    rg_bytes bytes = rg_bytes_of(call);
    const int8_t *weights = call->in[1]->data;
    p->flip = bytes.flip;
    p->zero_x = (int8_t)bytes.zero_x;
    p->zero_w = bytes.zero_w;
    p->zero = (int16_t)(call->out[0]->quant.zero_point[0] - bytes.flip);
    p->passes = 1;
    for (size_t i = 0; p->zero_w && i < rg_elements(call->in[1]); i++) {
        while (part_of(weight_of(p, weights[i]), p->passes))
            p->passes++;
    }
}

void rg_arm_dw_plan_make(const rg_op_call *call, rg_arm_dw_plan *ret) {
    rg_arm_dw_plan p = {0};
    rg_depthwise_lay_out(call, &p.l, NULL);
    p.taps = p.l.y.filter * p.l.x.filter;
    p.channels = p.l.out_c < 8 ? 8 : p.l.out_c;
    p.width = p.channels < 16 ? 8 : 16;
    p.blocks = (p.channels + p.width - 1) / p.width;
    plan_bytes(call, &p);
    p.widened = p.l.multiplier > 1 || p.l.in_c < 8 || p.flip;
    plan_slide(&p);
    p.block_bytes = sizeof(rg_arm_dw_block) + (size_t)(p.taps * p.passes * RG_ARM_DW_BLOCK);
    p.zeros_at = up(sizeof p, 64);
    p.blocks_at = p.zeros_at + up((size_t)p.channels, 64);
    p.packed_bytes = p.blocks_at + (size_t)p.blocks * p.block_bytes;
    p.line_bytes = p.widened ? (size_t)(p.l.x.in * p.channels) + MARGIN : 0;
    p.scratch_bytes = p.line_bytes * (size_t)p.l.y.filter;
    *ret = p;
}

size_t rg_arm_dw_packed_bytes(const rg_op_call *call) {
    rg_arm_dw_plan p;
    rg_arm_dw_plan_make(call, &p);
    return p.packed_bytes;
}

size_t rg_arm_dw_scratch_bytes(const rg_op_call *call) {
    rg_arm_dw_plan p;
    rg_arm_dw_plan_make(call, &p);
    return p.scratch_bytes;
}

size_t rg_arm_dw_tiles(const rg_op_call *call) {
    return (size_t)call->out[0]->shape.dim[0] * (size_t)call->out[0]->shape.dim[1];
}

/* RG_ARM_DW_OPEN where the factor shifts right and no sum of this channel, scaled, leaves int16
 * with the zero point added. */
static rg_arm_dw_mode mode_of(const rg_arm_dw_plan *p, const int8_t *weights, int64_t c,
                              int32_t start, rg_factor f) {
    int64_t low = start, high = start;
    for (int64_t t = 0; t < p->taps; t++) {
        int64_t w = weight_of(p, weights[t * p->l.out_c + c]);
        low += w > 0 ? -128 * w : 127 * w;
        high += w > 0 ? 127 * w : -128 * w;
    }
    if (f.shift >= 0 || low < INT32_MIN || high > INT32_MAX)
        return RG_ARM_DW_ANY;
    bool fits = rg_factor_apply(f, (int32_t)low) + p->zero >= INT16_MIN + 128 &&
                rg_factor_apply(f, (int32_t)high) + p->zero <= INT16_MAX - 128;
    return fits ? RG_ARM_DW_OPEN : RG_ARM_DW_ANY;
}

/* Channel `c` as number `i` of its block. */
static rg_arm_dw_mode pack_channel(const rg_arm_dw_plan *p, const int8_t *weights, int32_t bias,
                                   rg_factor f, int64_t c, int64_t i, rg_arm_dw_block *ret) {
    int8_t *to = (int8_t *)(ret + 1);
    uint32_t sum = 0;
    for (int64_t t = 0; t < p->taps; t++) {
        int32_t w = weight_of(p, weights[t * p->l.out_c + c]);
        for (int64_t pass = 0; pass < p->passes; pass++)
            to[(pass * p->taps + t) * RG_ARM_DW_BLOCK + i] = part_of(w, pass);
        sum += (uint32_t)w;
    }
    if (f.multiplier == 0)
        f.shift = -1; /* zero by any shift */
    ret->start[i] = (int32_t)((uint32_t)bias - sum * (uint32_t)(int32_t)p->zero_x);
    ret->multiplier[i] = f.multiplier;
    ret->right[i] = f.shift < 0 ? f.shift : 0;
    ret->left[i] = f.shift > 0 ? f.shift : 0;
    return mode_of(p, weights, c, ret->start[i], f);
}

static void pack_blocks(const rg_op_call *call, rg_arm_dw_plan *p, const rg_factor *factors,
                        uint8_t *packed) {
    const int32_t *bias = rg_call_in(call, 2) ? call->in[2]->data : NULL;
    p->mode = p->low == -128 && p->high == 127 ? RG_ARM_DW_OPEN : RG_ARM_DW_FITS;
    for (int64_t b = 0; b < p->blocks; b++) {
        int64_t first = rg_arm_dw_first(p, b);
        void *to = packed + p->blocks_at + (size_t)b * p->block_bytes;
        for (int64_t i = 0; i < p->width && first + i < p->l.out_c; i++) {
            int64_t c = first + i;
            rg_arm_dw_mode mode =
                pack_channel(p, call->in[1]->data, bias ? bias[c] : 0, factors[c], c, i, to);
            p->mode = mode > p->mode ? mode : p->mode;
        }
    }
    const int8_t *weights = call->in[1]->data;
    for (size_t i = 0; i < rg_elements(call->in[1]); i++)
        p->lowest = p->lowest || weight_of(p, weights[i]) <= -128;
    p->slides = p->slides && !p->lowest && p->passes == 1;
    memset(packed + p->zeros_at, p->zero_x, (size_t)p->channels);
    memcpy(packed, p, sizeof *p);
}

rg_status rg_arm_dw_pack(const rg_op_call *call, void *packed, rg_err *err) {
    const rg_depthwise_params *params = call->params;
    rg_arm_dw_plan p;
    rg_arm_dw_plan_make(call, &p);
    rg_factor *factors = calloc((size_t)p.l.out_c, sizeof *factors);
    if (!factors)
        return rg_fail(err, RG_FAILED, "free some memory", "no memory for %lld factors",
                       (long long)p.l.out_c);
    rg_status status = rg_bytes_factors(call, p.flip != 0, p.l.out_c, factors, err);
    if (status == RG_OK) {
        int32_t low, high;
        rg_activation_range(params->activation, call->out[0], &low, &high);
        p.low = (int8_t)(low - p.flip);
        p.high = (int8_t)(high - p.flip);
        pack_blocks(call, &p, factors, packed);
    }
    free(factors);
    return status;
}
