/* gemm_bytes_avx2.c: conv2d and fully_connected of int8 and uint8 with AVX2, exact for all weights.
 * The strip (gemm_plan.h) holds distances from the input's zero point as int16, so padding is 0 and
 * two neighbouring channels are one operand of vpmaddwd; weights are int8, widened when loaded, or
 * distances as int16 where they have a zero point. Tiles of 6 pixels x 16 channels.
 */
#include <stdlib.h>
#include <string.h>

#include "bench/iface/kernel.h"
#include "kernels/each/gemm_plan.h"
#include "kernels/ref/activation.h"
#include "kernels/ref/blocks4.h"
#include "kernels/ref/bytes.h"
#include "kernels/ref/hybrid.h"
#include "kernels/x86/tile_bytes_avx2.h"

/* Head of what is packed; where the pairs of K lie, seen from a pixel, and the panels follow. */
typedef struct pack_head {
    _Alignas(64) rg_gemm_plan plan;
    rg_bytes bytes;
    product product; /* its offsets lie behind the head */
    int64_t pairs;   /* of one segment */
} pack_head;

static bool lay_out(const rg_op_call *call, pack_head *ret) {
    rg_bytes bytes = rg_bytes_of(call);
    *ret = (pack_head){.bytes = bytes, .product.wide = bytes.zero_w != 0};
    if (!rg_gemm_lay_out(call, COLS, sizeof(int16_t), ROWS, &ret->plan))
        return false;
    const rg_gemm_plan *p = &ret->plan;
    ret->pairs = (p->seg_len + 1) / 2;
    ret->product.steps = p->seg_y * p->seg_x * ret->pairs;
    size_t weights = (size_t)ret->product.steps * COLS * 2;
    ret->product.panel_bytes = sizeof(panel_head) + weights * (ret->product.wide ? 2 : 1);
    return true;
}

static size_t offset_bytes(const pack_head *head) {
    return ((size_t)head->product.steps * sizeof(int32_t) + 63) / 64 * 64;
}

/* Panel `index`, counted through all groups. */
static inline const panel_head *panel_at(const pack_head *head, int64_t index) {
    return (const void *)((const char *)(head + 1) + offset_bytes(head) +
                          (size_t)index * head->product.panel_bytes);
}

static bool suits(const rg_op_call *call) {
    pack_head head;
    const rg_tensor *bias = rg_call_in(call, 2);
    if (rg_call_in(call, RG_FC_SCALES)) /* gemm_hybrid_avx2.c's */
        return false;
    return call->in[1]->data && (!bias || bias->data) && rg_requant_suits(call) &&
           lay_out(call, &head);
}

static size_t packed_bytes(const rg_op_call *call) {
    pack_head head;
    if (!lay_out(call, &head))
        return 0;
    return sizeof head + offset_bytes(&head) +
           (size_t)(head.plan.groups * head.plan.panels) * head.product.panel_bytes;
}

static size_t scratch_bytes(const rg_op_call *call) {
    pack_head head;
    return lay_out(call, &head) ? (size_t)(rg_gemm_strip_len(&head.plan) + 1) * sizeof(int16_t) : 0;
}

static size_t tiles(const rg_op_call *call) {
    pack_head head;
    return lay_out(call, &head) ? rg_gemm_tiles(&head.plan) : 1;
}

/* Weight `i` of a call as a distance from its zero point; int4 ones have none. */
static int16_t weight_at(const rg_op_call *call, const pack_head *head, int64_t i) {
    const void *weights = call->in[1]->data;
    if (call->op->weights == RG_DTYPE_INT4)
        return (int16_t)rg_hybrid_weight(RG_DTYPE_INT4, weights, i);
    return rg_byte_distance(((const int8_t *)weights)[i], head->bytes.flip, head->bytes.zero_w);
}

/* The weights of one output channel, from `first` on, into column `col` of a panel's pairs; its
 * sums without bias. */
static range pack_weights(const rg_op_call *call, const pack_head *head, int64_t first, int col,
                          void *ret) {
    const rg_gemm_plan *p = &head->plan;
    int64_t low = -128 - head->bytes.zero_x, high = 127 - head->bytes.zero_x;
    range sums = {0, 0};
    for (int64_t s = 0; s < p->seg_y * p->seg_x; s++)
        for (int64_t e = 0; e < p->seg_len; e++) {
            int16_t w = weight_at(call, head, first + rg_gemm_weight_at(p, s, e));
            int64_t at = ((s * head->pairs + e / 2) * COLS + col) * 2 + e % 2;
            if (head->product.wide)
                ((int16_t *)ret)[at] = w;
            else
                ((int8_t *)ret)[at] = (int8_t)w;
            sums.least += w * (w > 0 ? low : high);
            sums.most += w * (w > 0 ? high : low);
        }
    return sums;
}

/* Panel `index`, counted through all groups. */
static void pack_panel(const rg_op_call *call, const pack_head *head, const rg_factor *factors,
                       int64_t index, panel_head *ret) {
    const rg_gemm_plan *p = &head->plan;
    const int32_t *bias = rg_call_in(call, 2) ? call->in[2]->data : NULL;
    int64_t first = index % p->panels * COLS, c0 = index / p->panels * p->group_c + first;
    int64_t size = p->filter_y * p->filter_x * p->tap_c;
    int32_t move[COLS] = {0};
    ret->proven = ret->quick = true;
    for (int col = 0; col < COLS && first + col < p->group_c; col++) {
        int64_t c = c0 + col;
        range sums = pack_weights(call, head, c * size, col, ret + 1);
        move[col] =
            pack_channel(&head->product.out, factors[c], bias ? bias[c] : 0, sums, col, ret);
    }
    for (int col = 0; ret->proven && col < COLS; col++)
        ret->bias[col] += move[col];
}

static void pack_offsets(const pack_head *head, int32_t *ret) {
    const rg_gemm_plan *p = &head->plan;
    int64_t down = p->seg_dy * p->strip_w * p->in_c, right = p->seg_dx * p->in_c;
    for (int64_t y = 0; y < p->seg_y; y++)
        for (int64_t x = 0; x < p->seg_x; x++)
            for (int64_t i = 0; i < head->pairs; i++)
                *ret++ = (int32_t)(y * down + x * right + 2 * i);
}

static rg_status pack(const rg_op_call *call, void *packed, rg_err *err) {
    pack_head *head = packed;
    if (!lay_out(call, head))
        return rg_fail(err, RG_UNSUPPORTED, NULL, "a strip of the input would be too large");
    head->product.out = rg_requant_out_of(call);
    rg_factor *factors = calloc(1, call->op->state_bytes(call));
    if (!factors)
        return rg_fail(err, RG_NO_MEMORY, NULL, "no memory for the factors of %lld channels",
                       (long long)head->plan.out_c);
    pack_offsets(head, (int32_t *)(head + 1));
    rg_status status = call->op->prepare(call, factors, err);
    for (int64_t i = 0; status == RG_OK && i < head->plan.groups * head->plan.panels; i++)
        pack_panel(call, head, factors, i, (panel_head *)panel_at(head, i));
    free(factors);
    return status;
}

/* One row of the strip; len may be spread over every step_x-th column. */
static void fill_row(const pack_head *head, const int8_t *in, rg_gemm_row row, int16_t *ret) {
    const rg_gemm_plan *p = &head->plan;
    int64_t all = p->strip_w * p->in_c;
    memset(ret, 0, (size_t)row.left * sizeof *ret);
    if (p->step_x == 1)
        widen(in + row.from, row.len, head->bytes, ret + row.left);
    else
        for (int64_t i = 0; i < row.len; i += p->in_c)
            widen(in + row.from + i * p->step_x, p->in_c, head->bytes, ret + row.left + i);
    int64_t end = row.left + row.len;
    memset(ret + end, 0, (size_t)(all - end) * sizeof *ret);
}

static void fill_strip(const pack_head *head, const int8_t *in, const rg_gemm_block *block,
                       int16_t *strip) {
    const rg_gemm_plan *p = &head->plan;
    int64_t rows = rg_gemm_strip_rows(p, block), len = p->strip_w * p->in_c;
    for (int64_t i = 0; i < rows; i++)
        fill_row(head, in, rg_gemm_row_at(p, block, i), strip + i * len);
    strip[rows * len] = 0; /* an odd segment's last pair reads one further, times 0 */
}

/* One panel over all pixels of a block, whose strip and first output pixel are given. With
 * rg_gemm_walk 3 x 3 taps of 3 channels would take a fifth longer. */
static void run_panel(const pack_head *head, const product *pr, const rg_gemm_block *block,
                      const int16_t *strip, int8_t *out, int64_t index) {
    const rg_gemm_plan *p = &head->plan;
    const panel_head *panel = panel_at(head, index);
    int64_t group = index / p->panels, first = index % p->panels * COLS;
    int64_t n = p->group_c - first < COLS ? p->group_c - first : COLS;
    int64_t down = p->stride_y * p->strip_w * p->in_c, right = p->stride_x * p->in_c;
    int64_t x = 0, left = block->h * block->w;
    strip += group * p->tap_c;
    out += group * p->group_c + first;
    const int16_t *from = strip;
    while (left > 0) {
        tile_at at;
        int rows = 0;
        for (; rows < ROWS && rows < left; rows++, from += right, out += p->out_c) {
            if (x == block->w) {
                x = 0;
                from = strip += down;
                out += (p->out_w - block->w) * p->out_c;
            }
            at.in[rows] = from;
            at.out[rows] = out;
            x++;
        }
        tile_of(head->product.wide, rows, n)(pr, &at, panel, n);
        left -= rows;
    }
}

static void run(const rg_op_call *call, const void *packed, const void *const *in, void *const *out,
                size_t first_tile, size_t last_tile, void *scratch) {
    (void)call;
    const pack_head *head = packed;
    product pr = head->product;
    rg_gemm_piece piece;
    pr.offsets = (const int32_t *)(head + 1);
    for (size_t t = first_tile; rg_gemm_next_piece(&head->plan, &t, last_tile, &piece);) {
        fill_strip(head, in[0], &piece.block, scratch);
        for (int64_t i = piece.first; i < piece.last; i++)
            run_panel(head, &pr, &piece.block, scratch, (int8_t *)out[0] + piece.out, i);
    }
}

#define ROW(row, op_name, text, what)                                                              \
    const rg_kernel rg_kernel_##row = {                                                            \
        .name = #row,                                                                              \
        .op = op_name,                                                                             \
        .isa = "avx2",                                                                             \
        .summary = text " in tiles of 6 x 16, " what " widened to 16 bits for exact pairs",        \
        RG_KERNEL_METHODS,                                                                         \
        .scratch_bytes = scratch_bytes,                                                            \
    }

ROW(conv2d_s8_avx2, "conv2d_s8", "Convolution", "bytes");
ROW(conv2d_u8_avx2, "conv2d_u8", "Convolution", "bytes");
ROW(fully_connected_s8_avx2, "fully_connected_s8", "Matrix product", "bytes");
ROW(fully_connected_u8_avx2, "fully_connected_u8", "Matrix product", "bytes");
ROW(fully_connected_s8_s4_avx2_one_scale, "fully_connected_s8_s4", "Matrix product",
    "int4 unpacked at load,");
