/* vnni_plan.c: lays a call out for the byte dot product kernels and packs its weights; plain C, at
 * load. What is packed where: vnni_plan.h; who reads it: vnni_run.inc. */
#include "kernels/x86/vnni_plan.h"

#include <string.h>

#include "kernels/ref/activation.h"
#include "kernels/ref/bytes.h"
#include "kernels/ref/conv2d.h"
#include "kernels/ref/fully_connected.h"

static bool is_conv(const rg_op_call *call) {
    return !strcmp(call->op->kind, "conv2d");
}

bool rg_vnni_suits(const rg_op_call *call) {
    const rg_tensor *bias = rg_call_in(call, 2);
    return call->in[1]->data && (!bias || bias->data);
}

static int64_t divide_up(int64_t a, int64_t b) {
    return (a + b - 1) / b;
}

static int64_t round_up(int64_t a, int64_t unit) {
    return divide_up(a, unit) * unit;
}

static int64_t least(int64_t a, int64_t b) {
    return a < b ? a : b;
}

static int64_t most(int64_t a, int64_t b) {
    return a > b ? a : b;
}

/* A matrix of `rows`: one image of one row, each pixel with `depth` channels. */
static void lay_matrix(rg_vnni_plan *p, int64_t rows, int64_t depth, int64_t columns) {
    p->y = (rg_axis){1, 1, 1, 1, 1, 0};
    p->x = (rg_axis){rows, rows, 1, 1, 1, 0};
    p->pixels = rows;
    p->in_c = p->tap_c = depth;
    p->groups = 1;
    p->out_c = p->columns = columns;
}

/* Whether each output pixel is made of the input pixel at its place; a border may be set. */
static bool is_matrix(const rg_axis *axis) {
    return axis->filter == 1 && axis->stride == 1 && axis->pad == 0 && axis->in == axis->out;
}

static void lay_problem(const rg_op_call *call, rg_vnni_plan *p) {
    const rg_tensor *in = call->in[0], *weights = call->in[1];
    rg_conv_layout l = {0};
    if (!is_conv(call)) {
        int64_t depth = weights->shape.dim[1];
        lay_matrix(p, (int64_t)rg_elements(in) / depth, depth, weights->shape.dim[0]);
        return;
    }
    rg_conv_lay_out(call, &l, NULL);
    if (l.groups == 1 && is_matrix(&l.y) && is_matrix(&l.x)) {
        lay_matrix(p, l.batch * l.y.out * l.x.out, l.in_c, l.out_c);
        return;
    }
    p->y = l.y;
    p->x = l.x;
    p->pixels = l.batch * l.y.out * l.x.out;
    p->in_c = l.in_c;
    p->tap_c = l.tap_c;
    p->groups = l.groups;
    p->columns = l.group;
    p->out_c = l.out_c;
}

/* Outputs [low, high) whose taps all lie on the input. */
static void inside(const rg_axis *axis, int64_t *ret_low, int64_t *ret_high) {
    int64_t room = axis->in - 1 - (axis->filter - 1) * axis->dilation + axis->pad;
    *ret_low = least(divide_up(axis->pad, axis->stride), axis->out);
    *ret_high = room < 0 ? 0 : least(room / axis->stride + 1, axis->out);
    *ret_high = most(*ret_low, *ret_high);
}

static void lay_taps(rg_vnni_plan *p) {
    p->row_bytes = p->x.in * p->in_c;
    p->image_bytes = p->y.in * p->row_bytes;
    inside(&p->y, &p->y_low, &p->y_high);
    inside(&p->x, &p->x_low, &p->x_high);
    p->joint = p->x.dilation == 1 && p->groups == 1;
    p->segments = p->joint ? p->y.filter : p->y.filter * p->x.filter;
    p->segment_bytes = p->joint ? p->x.filter * p->tap_c : p->tap_c;
    p->quads = divide_up(p->segment_bytes, 4);
    int64_t taps = p->segments * p->segment_bytes, close = divide_up(taps, 4);
    p->dense = p->segments > 1 && taps <= RG_VNNI_DENSE && close * 6 <= p->segments * p->quads * 5;
    p->packed_quads = p->dense ? close : p->segments * p->quads;
    p->strip_bytes = round_up(4 * p->packed_quads, 64) + RG_VNNI_SLACK;
}

/* Columns in blocks, pixels in chunks: pieces of equal work, some hundreds at most. */
static void lay_tiles(rg_vnni_plan *p, const rg_vnni_width *width) {
    int64_t unit = 2 * RG_VNNI_ROWS;
    p->lanes = width->lanes;
    p->vectors = divide_up(p->columns, width->lanes);
    p->blocks = divide_up(p->vectors, width->block);
    int64_t macs = 4 * p->packed_quads * width->lanes * divide_up(p->vectors, p->blocks);
    int64_t chunks = most(1, RG_VNNI_TILES / (p->blocks * p->groups));
    p->chunk = round_up(most(RG_VNNI_TILE_MACS / macs, divide_up(p->pixels, chunks)), unit);
    p->chunk = most(p->chunk, unit);
    p->chunks = divide_up(p->pixels, p->chunk);
}

static void lay_memory(rg_vnni_plan *p) {
    size_t table = sizeof(int64_t) * (size_t)p->segments;
    p->at_image = sizeof *p;
    p->at_strip = p->at_image + table;
    p->at_factors = p->at_strip + table;
    p->at_blocks = p->at_factors + sizeof(rg_factor) * (size_t)p->out_c;
    p->at_blocks = (p->at_blocks + 63) / 64 * 64;
    p->vector_bytes = 4 * (size_t)p->lanes * (size_t)(p->packed_quads + RG_VNNI_CONSTANTS);
    p->bytes = p->at_blocks + p->vector_bytes * (size_t)(p->vectors * p->groups);
}

static void lay_bytes(const rg_op_call *call, rg_vnni_plan *p) {
    bool legacy = call->op->in == RG_DTYPE_UINT8;
    int32_t zero_in = call->in[0]->quant.zero_point[0], low, high;
    int activation = is_conv(call) ? ((const rg_conv_params *)call->params)->activation
                                   : ((const rg_fc_params *)call->params)->activation;
    p->flip_in = legacy ? 0 : 0x80;
    p->flip_weights = p->flip_out = legacy ? 0x80 : 0;
    p->fill = (uint8_t)zero_in;
    p->zero_in = zero_in + (legacy ? 0 : 128);
    p->zero_weights = call->in[1]->quant.zero_point[0] - (legacy ? 128 : 0);
    rg_activation_range(activation, call->out[0], &low, &high);
    p->zero = call->out[0]->quant.zero_point[0] - (legacy ? 128 : 0);
    p->low = low - (legacy ? 128 : 0);
    p->high = high - (legacy ? 128 : 0);
}

void rg_vnni_lay(const rg_op_call *call, const rg_vnni_width *width, rg_vnni_plan *ret) {
    *ret = (rg_vnni_plan){0};
    ret->in_bytes = (int64_t)rg_elements(call->in[0]);
    lay_problem(call, ret);
    lay_taps(ret);
    lay_tiles(ret, width);
    lay_memory(ret);
    lay_bytes(call, ret);
}

static void pack_offsets(const rg_vnni_plan *p, uint8_t *packed) {
    int64_t *image = (int64_t *)(void *)(packed + p->at_image);
    int64_t *strip = (int64_t *)(void *)(packed + p->at_strip);
    int64_t across = p->joint ? 1 : p->x.filter;
    for (int64_t s = 0; s < p->segments; s++) {
        image[s] = s / across * p->y.dilation * p->row_bytes + s % across * p->x.dilation * p->in_c;
        strip[s] = s * (p->dense ? p->segment_bytes : 4 * p->quads);
    }
}

/* What one column adds up to. */
typedef struct column {
    int64_t sum, size; /* of its weights, and of their absolute values */
} column;

/* Spreads the weights of a column: `ret` is its lane's first quad, quads are `step` bytes apart. */
static column pack_column(const rg_vnni_plan *p, const uint8_t *weights, uint8_t *ret,
                          int64_t step) {
    column c = {0, 0};
    for (int64_t s = 0; s < p->segments; s++) {
        int64_t at = p->dense ? s * p->segment_bytes : s * 4 * p->quads;
        for (int64_t i = 0; i < p->segment_bytes; i++, at++) {
            uint8_t byte = *weights++ ^ p->flip_weights;
            ret[at / 4 * step + at % 4] = byte;
            c.sum += (int8_t)byte;
            c.size += (int8_t)byte < 0 ? -(int8_t)byte : (int8_t)byte;
        }
    }
    return c;
}

static void put32(uint8_t *row, int64_t lane, uint32_t v) {
    memcpy(row + 4 * lane, &v, sizeof v);
}

static void put64(uint8_t *row, int64_t lane, uint64_t v) {
    memcpy(row + 8 * lane, &v, sizeof v);
}

/* Constants of one lane; `at` is the first constant's vector, constants are `step` bytes apart.
 * False where the factor does not fit the formula. */
static bool pack_factor(uint8_t *at, int64_t step, int64_t lane, rg_factor factor, int64_t bound) {
    bool fits = factor.multiplier >= 0 && bound < INT64_C(1) << 30;
    int e = -factor.shift;
    uint64_t m = (uint64_t)(uint32_t)factor.multiplier;
    if (fits && (m == 0 || (e >= 30 && (uint64_t)bound * m < UINT64_C(1) << (29 + e)))) {
        m = 0; /* never reaches a half */
        e = 1;
    }
    fits = fits && e >= 1 && e <= 29;
    uint64_t c = (UINT64_C(1) << 31) + (UINT64_C(1) << (31 + (fits ? e : 1))) -
                 (UINT64_C(1) << 32) - (m << 32);
    bool odd = lane % 2;
    put32(at + (odd ? RG_VNNI_ODD : RG_VNNI_EVEN) * step, lane - odd, (uint32_t)(2 * m));
    put64(at + (odd ? RG_VNNI_C_ODD : RG_VNNI_C_EVEN) * step, lane / 2, c);
    put32(at + RG_VNNI_SHIFT * step, lane, (uint32_t)e);
    return fits;
}

static void pack_start(const rg_op_call *call, const rg_vnni_plan *p, int64_t channel,
                       const column *c, uint8_t *at, int64_t lane, int64_t *ret_bound) {
    const rg_tensor *bias = rg_call_in(call, 2);
    int64_t taps = p->segments * p->segment_bytes, start = 0;
    if (bias)
        start = ((const int32_t *)bias->data)[channel];
    start += taps * p->zero_in * p->zero_weights - p->zero_in * c->sum;
    put32(at, lane, (uint32_t)start + (UINT32_C(1) << 31));
    int64_t size = p->zero_weights < 0 ? -p->zero_weights : p->zero_weights;
    *ret_bound = (start < 0 ? -start : start) + 255 * (c->size + taps * size);
}

static bool pack_lane(const rg_op_call *call, const rg_vnni_plan *p, uint8_t *packed, int64_t group,
                      int64_t column_at) {
    int64_t block = 0, vector = column_at / p->lanes, lane = column_at % p->lanes, bound;
    while (block + 1 < p->blocks && rg_vnni_block_at(p, block + 1) <= vector)
        block++;
    int64_t first = rg_vnni_block_at(p, block);
    int64_t wide = (block + 1 < p->blocks ? rg_vnni_block_at(p, block + 1) : p->vectors) - first;
    int64_t channel = group * p->columns + column_at, step = wide * p->lanes * 4;
    uint8_t *at = packed + p->at_blocks + (size_t)(group * p->vectors + first) * p->vector_bytes +
                  (vector - first) * p->lanes * 4;
    const uint8_t *weights = call->in[1]->data;
    column c =
        pack_column(p, weights + channel * p->segments * p->segment_bytes, at + 4 * lane, step);
    at += p->packed_quads * step;
    pack_start(call, p, channel, &c, at, lane, &bound);
    const rg_factor *factors = (const rg_factor *)(void *)(packed + p->at_factors);
    return pack_factor(at, step, lane, factors[channel], bound);
}

rg_status rg_vnni_pack(const rg_op_call *call, const rg_vnni_width *width, void *packed,
                       rg_err *err) {
    rg_vnni_plan p;
    rg_vnni_lay(call, width, &p);
    bool in_float = !is_conv(call) || call->op->in == RG_DTYPE_UINT8;
    rg_factor *factors = (rg_factor *)(void *)((uint8_t *)packed + p.at_factors);
    rg_status status = rg_bytes_factors(call, in_float, p.out_c, factors, err);
    if (status != RG_OK)
        return status;
    pack_offsets(&p, packed);
    p.plain = true;
    for (int64_t g = 0; g < p.groups; g++) {
        for (int64_t c = 0; c < p.columns; c++)
            p.plain &= pack_lane(call, &p, packed, g, c);
    }
    memcpy(packed, &p, sizeof p);
    return RG_OK;
}
