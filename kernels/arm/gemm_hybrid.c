/* gemm_hybrid.c: fully connected layers whose scaling is in float, on Arm: float rows times int8 or
 * int4 weights (rows quantized to int8 as they come), and int4 weights with scales of blocks times
 * int8 rows. Integer sums by sums.h, for each of its levels; float steps follow the reference's
 * order without fusing. int4 weights are unpacked to bytes at load; row_nibbles.c keeps them.
 * With q the bytes of a row and z their zero point, sum (q - z) * w = sum q * w - z * sum w.
 */
#include "kernels/arm/sums.h"

#include "kernels/arm/hybrid_neon.h"
#include "kernels/each/gemm_plan.h"
#include "kernels/each/level.h"

/* Head of a panel of 16 outputs; then for each block its head and its weights. */
typedef struct panel_head {
    _Alignas(16) float bias[COLS];
    float weighed[COLS]; /* sum over blocks of scale * sum of weights */
    int32_t sum[COLS];   /* of weights */
} panel_head;

typedef struct block_head {
    _Alignas(16) float scale[COLS];
    int32_t start[COLS]; /* int8 rows: what their zero point adds */
} block_head;

/* Head of what is packed; the panels follow. */
typedef struct pack_head {
    _Alignas(64) rg_gemm_plan plan;
    rg_fc_ending ending;
    bool asymmetric;
    int64_t blocks, size, units; /* elements and units of one block */
    size_t block_bytes, panel_bytes;
} pack_head;

static bool lay_out(const rg_op_call *call, pack_head *ret) {
    int64_t blocks = rg_blocks_of(call), depth = call->in[1]->shape.dim[1];
    pack_head h = {.blocks = blocks ? blocks : 1};
    if (!rg_gemm_lay_out(call, COLS, sizeof(strip_t), ROWS, &h.plan))
        return false;
    h.ending.form = rg_fc_form_of(call);
    h.asymmetric = blocks || ((const rg_fc_params *)call->params)->asymmetric_quantize_inputs;
    h.size = depth / h.blocks;
    h.units = units_of(h.size);
    h.block_bytes = sizeof(block_head) + (size_t)h.units * UNIT;
    h.panel_bytes = sizeof(panel_head) + (size_t)h.blocks * h.block_bytes;
    *ret = h;
    return true;
}

/* int8 rows with one scale an output are matrix_s4.c's; single rows are no work for SMMLA. */
static bool suits(const rg_op_call *call) {
    pack_head h;
    const rg_tensor *bias = rg_call_in(call, 2);
    return call->in[1]->data && (!bias || bias->data) && lay_out(call, &h) &&
           (h.ending.form != RG_FC_BLOCKS_OF_INT8 || rg_blocks_of(call)) &&
           (DEPTH < 8 || h.plan.out_w > 1);
}

static size_t packed_bytes(const rg_op_call *call) {
    pack_head h;
    return lay_out(call, &h) ? sizeof h + (size_t)h.plan.panels * h.panel_bytes : 0;
}

/* The strip, and before it the quantization of each of its rows. */
static size_t row_bytes(const pack_head *h) {
    return ((size_t)h->plan.block_w * sizeof(rg_hybrid) + 63) / 64 * 64;
}

static size_t scratch_bytes(const rg_op_call *call) {
    pack_head h;
    if (!lay_out(call, &h))
        return 0;
    return row_bytes(&h) + (size_t)(rg_gemm_strip_len(&h.plan) + DEPTH) * sizeof(strip_t);
}

static size_t tiles(const rg_op_call *call) {
    pack_head h;
    return lay_out(call, &h) ? rg_gemm_tiles(&h.plan) : 1;
}

static char *panel_at(const pack_head *h, int64_t index) {
    return (char *)(uintptr_t)(h + 1) + (size_t)index * h->panel_bytes;
}

/* Weights of block `b` of output `c`; their sum. */
static uint32_t pack_block(const rg_op_call *call, const pack_head *h, int64_t c, int64_t b,
                           int8_t *ret) {
    uint32_t sum = 0;
    for (int64_t i = 0; i < h->size; i++) {
        int64_t at = c * h->plan.in_c + b * h->size + i;
        int32_t w = rg_hybrid_weight(call->op->weights, call->in[1]->data, at);
        ret[weight_at(i, c % COLS)] = (int8_t)w;
        sum += (uint32_t)w;
    }
    return sum;
}

static void pack_column(const rg_op_call *call, const pack_head *h, int64_t c, char *panel) {
    panel_head *head = (panel_head *)(void *)panel;
    char *at = panel + sizeof *head;
    bool one = h->ending.form == RG_FC_ONE_SCALE;
    uint32_t zero = 0, all = 0;
    if (h->ending.form == RG_FC_BLOCKS_OF_INT8)
        zero = (uint32_t)call->in[0]->quant.zero_point[0];
    for (int64_t b = 0; b < h->blocks; b++, at += h->block_bytes) {
        block_head *block = (block_head *)(void *)at;
        uint32_t sum = pack_block(call, h, c, b, (int8_t *)(block + 1));
        float scale = one ? rg_hybrid_scale(call->in[1], c) : rg_block_scale(call, c, b);
        block->scale[c % COLS] = scale;
        block->start[c % COLS] = (int32_t)(0 - zero * sum);
        head->weighed[c % COLS] += scale * (float)(int32_t)sum;
        all += sum;
    }
    head->sum[c % COLS] = (int32_t)all;
    head->bias[c % COLS] = rg_fc_bias(call, h->ending.form, c);
}

static rg_status pack(const rg_op_call *call, void *packed, rg_err *err) {
    pack_head *h = packed;
    if (!lay_out(call, h))
        return rg_fail(err, RG_UNSUPPORTED, NULL, "a strip of the input would be too large");
    h->ending = rg_fc_ending_of(call);
    for (int64_t c = 0; c < h->plan.out_c; c++)
        pack_column(call, h, c, panel_at(h, c / COLS));
    return RG_OK;
}

/* Rows [first, first + n) of the input. */
static void fill_strip(const pack_head *h, const void *in, int64_t first, int64_t n,
                       rg_hybrid *rows, strip_t *strip) {
    int64_t depth = h->plan.in_c;
    for (int64_t r = 0; r < n; r++, strip += depth) {
        if (h->ending.form == RG_FC_BLOCKS_OF_INT8) {
            const int8_t *bytes = (const int8_t *)in + (first + r) * depth;
            for (int64_t i = 0; i < depth; i++)
                strip[i] = bytes[i];
            continue;
        }
        const float *x = (const float *)in + (first + r) * depth;
        rows[r] = rg_hybrid_of_neon(x, depth, h->asymmetric);
        rg_hybrid_take_neon(&rows[r], x, depth, strip);
    }
}

/* Sums with one scale an output to floats. */
ALWAYS void scale_rows(int rows, const rg_hybrid *row, const panel_head *head, const float *scale,
                       const sums *s, float32x4_t (*ret)[VECS]) {
    UNROLL
    for (int r = 0; r < rows; r++) {
        UNROLL
        for (int g = 0; g < VECS; g++) {
            int32x4_t v = vmlsq_n_s32(s->v[r][g], vld1q_s32(head->sum + 4 * g), row[r].zero);
            float32x4_t by = vmulq_n_f32(vld1q_f32(scale + 4 * g), row[r].scale);
            ret[r][g] = vmulq_f32(vcvtq_f32_s32(v), by);
        }
    }
}

/* Sums of a block, scaled, added to those of the blocks before. */
ALWAYS void add_block(int rows, const float *scale, const sums *s, float32x4_t (*ret)[VECS]) {
    UNROLL
    for (int g = 0; g < VECS; g++) {
        float32x4_t by = vld1q_f32(scale + 4 * g);
        UNROLL
        for (int r = 0; r < rows; r++)
            ret[r][g] = vaddq_f32(ret[r][g], vmulq_f32(vcvtq_f32_s32(s->v[r][g]), by));
    }
}

/* Float sums of `rows` rows x 16 outputs over all blocks. */
ALWAYS void multiply_blocks(int rows, const pack_head *h, const strip_t *const *x,
                            const rg_hybrid *row, const char *panel, float32x4_t (*ret)[VECS]) {
    const char *at = panel + sizeof(panel_head);
    UNROLL
    for (int i = 0; i < rows * VECS; i++)
        ret[i / VECS][i % VECS] = vdupq_n_f32(0);
    for (int64_t b = 0; b < h->blocks; b++, at += h->block_bytes) {
        const block_head *block = (const void *)at;
        const strip_t *from[ROWS];
        sums s;
        UNROLL
        for (int r = 0; r < rows; r++)
            from[r] = x[r] + b * h->size;
        sums_zero(&s);
        sums_add(rows, from, h->units, (const int8_t *)(block + 1), &s);
        sums_end(rows, &s);
        if (h->ending.form == RG_FC_ONE_SCALE) {
            scale_rows(rows, row, (const void *)panel, block->scale, &s, ret);
            continue;
        }
        if (h->ending.form == RG_FC_BLOCKS_OF_INT8)
            sums_start(rows, block->start, &s);
        add_block(rows, block->scale, &s, ret);
    }
}

/* Up to ROWS rows by a panel, `n` columns of which are there; outputs `stride` bytes apart. */
typedef void tile_fn(const pack_head *h, const strip_t *strip, const rg_hybrid *row,
                     const char *panel, char *out, size_t stride, int64_t n);

ALWAYS void tile_of(int rows, const pack_head *h, const strip_t *strip, const rg_hybrid *row,
                    const char *panel, char *out, size_t stride, int64_t n) {
    const panel_head *head = (const void *)panel;
    float32x4_t sum[ROWS][VECS];
    const strip_t *x[ROWS];
    for (int r = 0; r < rows; r++)
        x[r] = strip + r * h->plan.in_c;
    multiply_blocks(rows, h, x, row, panel, sum);
    for (int r = 0; r < rows; r++)
        rg_fc_store_neon(&h->ending, row + r, head->bias, head->weighed, sum[r],
                         out + (size_t)r * stride, n);
}

#define TILE(rows)                                                                                 \
    static void tile_##rows(const pack_head *h, const strip_t *strip, const rg_hybrid *row,        \
                            const char *panel, char *out, size_t stride, int64_t n) {              \
        tile_of(rows, h, strip, row, panel, out, stride, n);                                       \
    }
TILE(1)
TILE(2)
TILE(3)
TILE(4)
static tile_fn *const tile_at[ROWS + 1] = {NULL, tile_1, tile_2, tile_3, tile_4};

/* One panel over `rows` rows of the strip, the first of which is row `first` of the output. */
static void run_panel(const pack_head *h, const strip_t *strip, const rg_hybrid *quanta,
                      int64_t rows, int64_t first, int64_t index, void *out) {
    const rg_gemm_plan *p = &h->plan;
    size_t size = h->ending.form == RG_FC_BLOCKS_OF_INT8 ? 1 : sizeof(float);
    int64_t c = index * COLS, n = p->out_c - c < COLS ? p->out_c - c : COLS;
    for (int64_t y = 0; y < rows; y += ROWS) {
        int64_t count = rows - y < ROWS ? rows - y : ROWS;
        char *to = (char *)out + (size_t)((first + y) * p->out_c + c) * size;
        tile_at[count](h, strip + y * p->in_c, quanta + y, panel_at(h, index), to,
                       (size_t)p->out_c * size, n);
    }
}

static void run(const rg_op_call *call, const void *packed, const void *const *in, void *const *out,
                size_t first_tile, size_t last_tile, void *scratch) {
    (void)call;
    const pack_head *h = packed;
    const rg_gemm_plan *p = &h->plan;
    size_t shares = (size_t)p->shares, next;
    rg_hybrid *rows = scratch;
    strip_t *strip = (strip_t *)(void *)((char *)scratch + row_bytes(h));
    for (size_t t = first_tile; t < last_tile; t = next) {
        rg_gemm_block block = rg_gemm_block_at(p, t / shares);
        next = (t / shares + 1) * shares;
        next = next < last_tile ? next : last_tile;
        fill_strip(h, in[0], block.x, block.w, rows, strip);
        int64_t i, last, unused;
        rg_gemm_share(p, (int64_t)(t % shares), &i, &unused);
        rg_gemm_share(p, (int64_t)((next - 1) % shares), &unused, &last);
        for (; i < last; i++)
            run_panel(h, strip, rows, block.w, block.x, i, out[0]);
    }
}

#define ROW(op_name, what)                                                                         \
    RG_KERNEL(op_name) = {                                                                         \
        RG_KERNEL_HEAD(op_name),                                                                   \
        .summary = what ", integer sums in tiles of 4 x 16, scaled in the reference's order",      \
        RG_KERNEL_METHODS,                                                                         \
        .scratch_bytes = scratch_bytes,                                                            \
    }

ROW(fully_connected_f32_s8, "float32 rows times int8");
ROW(fully_connected_f32_s4, "float32 rows times int4");
ROW(fully_connected_s8_s4, "int8 rows times int4 in blocks");
