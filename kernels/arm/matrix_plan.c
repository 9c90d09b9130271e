/* matrix_plan.c: planning and packing of matrix products on Arm; see matrix_plan.h. Zero points are
 * folded into the bias: sum (x - zero) * w = sum x * w - zero * sum w, with padding read as pixels
 * of the zero point. */
#include "kernels/arm/matrix_plan.h"

#include <string.h>
#include <sys/auxv.h>

#include <asm/hwcap.h>

#include "kernels/ref/bytes.h"
#include "kernels/ref/fully_connected.h"

enum {
    STRIP_BYTES = 16384, /* of input that a strip's rows take: half of the smallest L1 cache */
    STRIP_ROWS = 480,    /* at most */
    STRIP_TILES = 4,     /* at least, so that weights are read often enough */
    AHEAD = 64,          /* bytes that a kernel may load past its weights or panel */
    CALL_TILES = 16,     /* as many as a call should have at least */
};

static int64_t up(int64_t n, int64_t to) {
    return (n + to - 1) / to * to;
}

static int64_t parts(int64_t n, int64_t of) {
    return (n + of - 1) / of;
}

static bool is_conv(const rg_op_call *call) {
    return !strcmp(call->op->kind, "conv2d");
}

/* A matrix of rows is an image of one line. */
static void lay_out(const rg_op_call *call, rg_conv_layout *ret) {
    if (is_conv(call)) {
        rg_conv_lay_out(call, ret, NULL);
        return;
    }
    int64_t depth = call->in[1]->shape.dim[1], columns = call->in[1]->shape.dim[0];
    int64_t rows = (int64_t)rg_elements(call->in[0]) / depth;
    *ret = (rg_conv_layout){
        {1, 1, 1, 1, 1, 0}, {rows, rows, 1, 1, 1, 0}, 1, depth, columns, depth, 1, columns};
}

/* A weight less its zero point. */
static int32_t weight_of(const rg_arm_plan *p, int8_t byte) {
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
static void plan_bytes(const rg_op_call *call, rg_arm_plan *p) {
    rg_bytes bytes = rg_bytes_of(call);
    const int8_t *weights = call->in[1]->data;
    p->flip = bytes.flip;
    p->zero_x = (int8_t)bytes.zero_x;
    p->zero_w = bytes.zero_w;
    p->shape.zero = (int16_t)(call->out[0]->quant.zero_point[0] - bytes.flip);
    p->passes = 1;
    for (size_t i = 0; p->zero_w && i < rg_elements(call->in[1]); i++) {
        while (part_of(weight_of(p, weights[i]), p->passes))
            p->passes++;
    }
}

/* True where the last window along an axis ends behind the input or the first starts before it. */
static bool reaches_over(const rg_axis *a) {
    return a->pad > 0 || (a->out - 1) * a->stride - a->pad + (a->filter - 1) * a->dilation >= a->in;
}

/* True where output pixel i along an axis is made of input pixel i. */
static bool is_identity(const rg_axis *a) {
    return a->filter == 1 && a->stride == 1 && a->pad == 0 && a->out == a->in;
}

/* Whether to copy rows together: always where a segment is shorter than a load; else where the
 * units saved are worth more than the copying. */
static bool should_gather(const rg_arm_plan *p, int64_t segments) {
    if (p->length < 16 || p->flip)
        return true; /* flipping needs a copy too */
    int64_t saved =
        segments * parts(p->length, p->method->depth) - parts(p->depth, p->method->depth);
    int64_t cost = segments * (12 + 2 * parts(p->length, 16));
    return saved * p->blocks * p->method->price > cost;
}

static void plan_segments(rg_arm_plan *p) {
    const rg_conv_layout *l = &p->l;
    p->joint = l->groups == 1 && (l->x.dilation == 1 || l->x.filter == 1);
    p->length = p->joint ? l->x.filter * l->tap_c : l->tap_c;
    int64_t segments = l->y.filter * (p->joint ? 1 : l->x.filter);
    p->gathered = should_gather(p, segments);
    if (p->gathered) {
        p->length = up(p->depth, p->method->depth);
        segments = 1;
    }
    p->linear = !p->gathered && p->passes == 1 && is_identity(&l->y) && is_identity(&l->x);
    int64_t rest = p->length % 16, depth = p->method->depth;
    if (p->zipped && segments * p->passes > 1 && depth < 8)
        depth = 8; /* panels have groups of 8 bytes; only the very last may be half a group */
    p->segments = segments;
    p->shape.segments = segments * p->passes;
    p->shape.full = p->length / 16;
    p->shape.tail = parts(rest, depth) * (depth / p->method->depth);
    p->shape.tail_offset = rest - 16;
    p->units = p->shape.segments * (p->shape.full * (16 / p->method->depth) + p->shape.tail);
}

static void plan_cuts(rg_arm_plan *p) {
    int64_t high = p->high, strip = STRIP_BYTES / p->depth;
    strip = strip > STRIP_ROWS ? STRIP_ROWS : strip;
    strip = strip < STRIP_TILES * high ? STRIP_TILES * high : strip;
    p->strips = parts(p->rows, strip);
    p->strip = up(parts(p->rows, p->strips), high);
    p->strips = parts(p->rows, p->strip);
    int64_t all = p->blocks * p->l.groups;
    p->chunks = p->strips >= CALL_TILES ? 1 : parts(CALL_TILES, p->strips);
    p->chunks = p->chunks > all ? all : p->chunks;
    p->chunk = parts(all, p->chunks);
    p->chunks = parts(all, p->chunk);
}

static void plan_memory(rg_arm_plan *p) {
    int64_t columns = p->method->columns, copies = 0;
    int64_t slots = columns * (p->method->paired ? 2 : 1);
    p->block_bytes = (size_t)(p->units * p->method->depth * columns + slots * 16);
    p->zeros_at = up(sizeof *p, 64);
    p->blocks_at = p->zeros_at + (size_t)up(p->length, 64);
    p->packed_bytes = p->blocks_at + p->block_bytes * (size_t)(p->blocks * p->l.groups) + AHEAD;
    if (p->gathered)
        copies = p->strip * up(p->length, 16);
    else if (p->joint && reaches_over(&p->l.x))
        copies = p->strip * p->segments * p->length;
    p->partial_at = 0;
    p->table_at = (size_t)up(p->strip * columns, 64);
    p->panel_at = p->table_at + (size_t)up(p->strip * p->shape.segments * 8, 64);
    p->copies_at = p->panel_at + RG_ARM_MARGIN;
    if (p->zipped) /* an odd number of rows takes one more; up to three kinds of tiles */
        p->copies_at += (size_t)((p->strip + 3) * up(p->units * p->method->depth, 8)) + AHEAD;
    p->scratch_bytes = p->copies_at + (size_t)copies;
}

/* True on the small Armv8.2 and Armv9 cores, which stall where a load is used at once and issue a
 * load beside a product. The small cores before those (A53, A35) also run in order, but take a load
 * of four registers at a time best, as the loops for all other cores do. Linux lets programs read
 * the identification register where it says so (Documentation/arch/arm64/ cpu-feature-registers);
 * bits 4 to 15 are the part number, 24 to 31 the implementer (0x41: Arm).
 */
static bool runs_in_order(void) {
    static const uint64_t parts[] = {0xd05, 0xd46, 0xd80}; /* A55 A510 A520 */
    uint64_t id;
    if (!(getauxval(AT_HWCAP) & HWCAP_CPUID))
        return false;
    __asm__("mrs %0, midr_el1" : "=r"(id));
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (id >> 24 == 0x41 && (id >> 4 & 0xfff) == parts[i])
            return true;
    }
    return false;
}

void rg_arm_plan_make(const rg_op_call *call, const rg_arm_method *method, rg_arm_plan *ret) {
    rg_arm_plan p = {.method = method, .run = method->run};
    lay_out(call, &p.l);
    p.rows = p.l.batch * p.l.y.out * p.l.x.out;
    p.depth = p.l.y.filter * p.l.x.filter * p.l.tap_c;
    p.blocks = parts(p.l.group, method->columns);
    p.reach = (p.l.x.filter - 1) * p.l.x.dilation + 1;
    plan_bytes(call, &p);
    bool in_order = runs_in_order();
    p.zipped = method->zip[1] && p.blocks > 1;
    p.high = method->in_order_rows && in_order && !p.zipped ? method->in_order_rows : method->rows;
    plan_segments(&p);
    p.shape.units = p.units;
    if (p.zipped)
        p.run = method->panel_in_order[1] && in_order ? method->panel_in_order : method->panel;
    plan_cuts(&p);
    plan_memory(&p);
    *ret = p;
}

/* The byte of a column's weights that stands at byte `at` of unit `unit`; -1: none, a zero. Units
 * run through full steps, then the tail, whose first bytes the full steps may have taken. */
static int64_t source_byte(const rg_arm_plan *p, int64_t unit, int64_t at) {
    int64_t depth = p->method->depth, in_full = p->shape.full * (16 / depth);
    int64_t a_segment = in_full + p->shape.tail, segment = unit / a_segment;
    int64_t length = p->gathered ? p->depth : p->length;
    segment %= p->segments;
    unit %= a_segment;
    int64_t byte = unit * depth + at;
    if (unit >= in_full) {
        byte = p->length - (a_segment - unit) * depth + at;
        if (byte < p->shape.full * 16)
            return -1;
    }
    return byte < length ? segment * length + byte : -1;
}

/* Where sums of a block start: bias less what the inputs' zero point adds. */
static int32_t start_of(const rg_arm_plan *p, const int8_t *weights, int32_t bias) {
    uint32_t sum = 0;
    for (int64_t i = 0; i < p->depth; i++)
        sum += (uint32_t)weight_of(p, weights[i]);
    return (int32_t)((uint32_t)bias - sum * (uint32_t)(int32_t)p->zero_x);
}

/* The place of column `c` among accumulators; paired ones hold two columns for each of two rows. */
static int64_t slot_of(const rg_arm_plan *p, int64_t c, int64_t row) {
    return p->method->paired ? c / 2 * 4 + row * 2 + c % 2 : c;
}

/* Factors as {multiplier, -right} of each accumulator's columns, then the left shifts. A column
 * that does not exist multiplies by zero. */
static void pack_factor(const rg_arm_plan *p, rg_factor f, int64_t c, int32_t *ret) {
    int64_t slots = p->method->columns * (p->method->paired ? 2 : 1);
    for (int64_t row = 0; row < (p->method->paired ? 2 : 1); row++) {
        int64_t slot = slot_of(p, c, row);
        int32_t *group = ret + slot / 4 * 8 + slot % 4;
        group[0] = f.multiplier;
        group[4] = f.shift < 0 ? f.shift : 0;
        ret[slots * 2 + slot] = f.shift > 0 ? f.shift : 0;
    }
}

/* What a column asks of the way to bytes (shape.mode, but for the range): 0 where its factor shifts
 * right and no sum of it, scaled, leaves int16 with the zero point added. */
static int mode_of(const rg_arm_plan *p, const int8_t *weights, int32_t start, rg_factor f) {
    int64_t low = start, high = start;
    for (int64_t i = 0; i < p->depth; i++) {
        int32_t w = weight_of(p, weights[i]);
        low += w > 0 ? -128 * w : 127 * w;
        high += w > 0 ? 127 * w : -128 * w;
    }
    if (f.shift >= 0 || low < INT32_MIN || high > INT32_MAX)
        return 2;
    int32_t least = rg_factor_apply(f, (int32_t)low) + p->shape.zero;
    int32_t most = rg_factor_apply(f, (int32_t)high) + p->shape.zero;
    return least - 128 < INT16_MIN || most + 128 > INT16_MAX ? 2 : 0;
}

/* One block: `n` columns whose weights start at `weights`. Returns what it asks of shape.mode. */
static int pack_block(const rg_arm_plan *p, int64_t n, const int8_t *weights, const int32_t *bias,
                      const rg_factor *factors, uint8_t *ret) {
    int64_t columns = p->method->columns, depth = p->method->depth;
    int64_t rows = p->method->paired ? 2 : 1;
    int8_t *units = (int8_t *)ret + columns * 4 * rows;
    int mode = 0;
    for (int64_t c = 0; c < n; c++) {
        const int8_t *column = weights + c * p->depth;
        int32_t start = start_of(p, column, bias ? bias[c] : 0);
        rg_factor f = factors[c];
        if (f.multiplier == 0)
            f.shift = -1; /* zero by any shift */
        for (int64_t row = 0; row < rows; row++)
            ((int32_t *)(void *)ret)[slot_of(p, c, row)] = start;
        for (int64_t u = 0; u < p->units; u++) {
            for (int64_t at = 0; at < depth; at++) {
                int64_t byte = source_byte(p, u, at);
                int64_t pass = u * p->passes / p->units;
                units[(u * columns + c) * depth + at] =
                    byte < 0 ? 0 : part_of(weight_of(p, column[byte]), pass);
            }
        }
        pack_factor(p, f, c, (int32_t *)(void *)(units + p->units * columns * depth));
        mode |= mode_of(p, column, start, f);
    }
    return mode;
}

/* True where a packed weight is -128; only units hold weights. */
static bool has_lowest(const rg_op_call *call, const rg_arm_plan *p) {
    const int8_t *weights = call->in[1]->data;
    for (size_t i = 0; i < rg_elements(call->in[1]); i++) {
        if (weight_of(p, weights[i]) <= -128)
            return true;
    }
    return false;
}

void rg_arm_plan_pack(const rg_op_call *call, const rg_arm_plan *plan, const rg_factor *factors,
                      void *packed) {
    rg_arm_plan *head = packed;
    uint8_t *to = (uint8_t *)packed + plan->blocks_at;
    const int8_t *weights = call->in[1]->data;
    const int32_t *bias = rg_call_in(call, 2) ? call->in[2]->data : NULL;
    int64_t group = plan->l.group, columns = plan->method->columns;
    int mode = plan->shape.low > -128 || plan->shape.high < 127;
    for (int64_t g = 0; g < plan->l.groups; g++) {
        for (int64_t c = 0; c < group; c += columns, to += plan->block_bytes) {
            int64_t n = group - c < columns ? group - c : columns, first = g * group + c;
            mode |= pack_block(plan, n, weights + first * plan->depth, bias ? bias + first : NULL,
                               factors + first, to);
        }
    }
    *head = *plan;
    head->shape.mode = mode;
    if (plan->method->safe[1] && has_lowest(call, plan))
        head->run = plan->zipped ? plan->method->safe_panel : plan->method->safe;
    memset((uint8_t *)packed + plan->zeros_at, plan->zero_x ^ plan->flip, (size_t)plan->length);
}
