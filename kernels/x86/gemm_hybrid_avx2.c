/* gemm_hybrid_avx2.c: fully connected layers whose scaling is in float, with AVX2: float rows times
 * int8 or int4 weights (quantized to int8 as they come), and int4 weights with scales of blocks
 * times int8 rows. Integer sums by tile_bytes_avx2.h; the float steps follow the reference's order
 * without fusing, so that the bytes are the same. int4 weights are unpacked to bytes at load.
 */
#include "bench/iface/kernel.h"
#include "kernels/each/gemm_plan.h"
#include "kernels/x86/hybrid_avx2.h"
#include "kernels/x86/tile_bytes_avx2.h"

/* Head of a panel of 16 outputs; 16 scales for each block follow, then the weights. */
typedef struct hybrid_panel {
    _Alignas(32) float bias[COLS];
    float weighed[COLS]; /* sum over blocks of scale * sum of weights */
} hybrid_panel;

/* Head of what is packed; the offsets of the steps and the panels follow. */
typedef struct pack_head {
    _Alignas(64) rg_gemm_plan plan;
    rg_fc_ending ending;
    bool asymmetric;
    int64_t blocks, pairs; /* pairs of one block */
    size_t offset_bytes, panel_bytes;
    rg_bytes bytes; /* int8 rows */
} pack_head;

static bool lay_out(const rg_op_call *call, pack_head *ret) {
    int64_t blocks = rg_blocks_of(call), depth = call->in[1]->shape.dim[1];
    pack_head h = {.blocks = blocks ? blocks : 1};
    if (!rg_gemm_lay_out(call, COLS, sizeof(int16_t), ROWS, &h.plan))
        return false;
    h.ending.form = rg_fc_form_of(call);
    h.asymmetric = blocks || ((const rg_fc_params *)call->params)->asymmetric_quantize_inputs;
    h.pairs = (depth / h.blocks + 1) / 2;
    h.offset_bytes = ((size_t)(h.blocks * h.pairs) * sizeof(int32_t) + 63) / 64 * 64;
    h.panel_bytes = sizeof(hybrid_panel) + (size_t)h.blocks * COLS * sizeof(float) +
                    (size_t)(h.blocks * h.pairs) * COLS * 2;
    *ret = h;
    return true;
}

/* int8 rows with one scale an output are gemm_bytes_avx2.c's. */
static bool suits(const rg_op_call *call) {
    pack_head head;
    const rg_tensor *bias = rg_call_in(call, 2);
    return call->in[1]->data && (!bias || bias->data) && lay_out(call, &head) &&
           (head.ending.form != RG_FC_BLOCKS_OF_INT8 || rg_blocks_of(call));
}

static size_t packed_bytes(const rg_op_call *call) {
    pack_head head;
    if (!lay_out(call, &head))
        return 0;
    return sizeof head + head.offset_bytes + (size_t)head.plan.panels * head.panel_bytes;
}

/* The strip, and before it the quantization of each of its rows. */
static size_t row_bytes(const pack_head *head) {
    return ((size_t)head->plan.block_w * sizeof(rg_hybrid) + 63) / 64 * 64;
}

static size_t scratch_bytes(const rg_op_call *call) {
    pack_head head;
    if (!lay_out(call, &head))
        return 0;
    return row_bytes(&head) + (size_t)(rg_gemm_strip_len(&head.plan) + 1) * sizeof(int16_t);
}

static size_t tiles(const rg_op_call *call) {
    pack_head head;
    return lay_out(call, &head) ? rg_gemm_tiles(&head.plan) : 1;
}

static char *panel_at(const pack_head *head, int64_t index) {
    return (char *)(head + 1) + head->offset_bytes + (size_t)index * head->panel_bytes;
}

/* Output `c` as column `col` of its panel. */
static void pack_column(const rg_op_call *call, const pack_head *h, int64_t c, int col,
                        char *panel) {
    hybrid_panel *head = (hybrid_panel *)panel;
    float *scales = (float *)(head + 1);
    int8_t *weights = (int8_t *)(scales + h->blocks * COLS);
    int64_t depth = h->plan.in_c, size = depth / h->blocks;
    for (int64_t b = 0; b < h->blocks; b++) {
        uint32_t sum = 0;
        for (int64_t i = 0; i < size; i++) {
            int32_t w =
                rg_hybrid_weight(call->op->weights, call->in[1]->data, c * depth + b * size + i);
            weights[((b * h->pairs + i / 2) * COLS + col) * 2 + i % 2] = (int8_t)w;
            sum += (uint32_t)w;
        }
        float scale = h->ending.form == RG_FC_ONE_SCALE ? rg_hybrid_scale(call->in[1], c)
                                                        : rg_block_scale(call, c, b);
        scales[b * COLS + col] = scale;
        head->weighed[col] += scale * (float)(int32_t)sum;
    }
    head->bias[col] = rg_fc_bias(call, h->ending.form, c);
}

static rg_status pack(const rg_op_call *call, void *packed, rg_err *err) {
    pack_head *head = packed;
    if (!lay_out(call, head))
        return rg_fail(err, RG_UNSUPPORTED, NULL, "a strip of the input would be too large");
    head->ending = rg_fc_ending_of(call);
    if (head->ending.form == RG_FC_BLOCKS_OF_INT8) /* weights in blocks have no zero point */
        head->bytes.zero_x = (int16_t)call->in[0]->quant.zero_point[0];
    int32_t *offset = (int32_t *)(head + 1);
    for (int64_t b = 0; b < head->blocks; b++)
        for (int64_t i = 0; i < head->pairs; i++)
            *offset++ = (int32_t)(b * (head->plan.in_c / head->blocks) + 2 * i);
    for (int64_t c = 0; c < head->plan.out_c; c++)
        pack_column(call, head, c, (int)(c % COLS), panel_at(head, c / COLS));
    return RG_OK;
}

/* Rows [first, first + n) of the input. */
static void fill_strip(const pack_head *h, const void *in, int64_t first, int64_t n,
                       rg_hybrid *rows, int16_t *strip) {
    int64_t depth = h->plan.in_c;
    for (int64_t r = 0; r < n; r++) {
        if (h->ending.form == RG_FC_BLOCKS_OF_INT8) {
            widen((const int8_t *)in + (first + r) * depth, depth, h->bytes, strip + r * depth);
            continue;
        }
        const float *x = (const float *)in + (first + r) * depth;
        rows[r] = rg_hybrid_of_avx2(x, depth, h->asymmetric);
        rg_hybrid_quantize_avx2(&rows[r], x, depth, h->ending.form == RG_FC_BLOCKS,
                                strip + r * depth);
    }
    strip[n * depth] = 0;
}

/* Float sums of `rows` rows x 16 outputs over all blocks. */
ALWAYS void multiply_blocks(int rows, const pack_head *h, const tile_at *at, const rg_hybrid *row,
                            const char *panel, __m256 (*sum)[2]) {
    const float *scales = (const float *)(panel + sizeof(hybrid_panel));
    const int8_t *w = (const int8_t *)(scales + h->blocks * COLS);
    const int32_t *step = (const int32_t *)(h + 1);
    UNROLL
    for (int r = 0; r < rows; r++)
        sum[r][0] = sum[r][1] = _mm256_setzero_ps();
    for (int64_t b = 0; b < h->blocks; b++, step += h->pairs, w += h->pairs * 32, scales += COLS) {
        __m256i part[ROWS][2];
        UNROLL
        for (int r = 0; r < rows; r++)
            part[r][0] = part[r][1] = _mm256_setzero_si256();
        multiply_steps(rows, false, false, step, step + h->pairs, at, w, part);
        UNROLL
        for (int r = 0; r < rows; r++)
            for (int i = 0; i < 2; i++) {
                __m256 by = _mm256_load_ps(scales + 8 * i);
                if (h->ending.form == RG_FC_ONE_SCALE)
                    by = _mm256_mul_ps(_mm256_set1_ps(row[r].scale), by);
                by = _mm256_mul_ps(_mm256_cvtepi32_ps(part[r][i]), by);
                sum[r][i] = h->ending.form == RG_FC_ONE_SCALE ? by : _mm256_add_ps(sum[r][i], by);
            }
    }
}

/* Eight float outputs, `n` of which are stored. */
ALWAYS void store_floats(const pack_head *h, const rg_hybrid *row, const hybrid_panel *panel, int i,
                         __m256 sum, float *out, int64_t n) {
    sum = rg_fc_end_floats(&h->ending, row, panel->bias + i, panel->weighed + i, sum);
    rg_fc_store_floats(out, sum, n);
}

/* A tile; out[r] are floats or bytes. */
ALWAYS void tile_of_rows(int rows, const pack_head *h, const tile_at *at, const rg_hybrid *row,
                         const char *panel, int64_t n) {
    __m256 sum[ROWS][2];
    const hybrid_panel *head = (const hybrid_panel *)panel;
    multiply_blocks(rows, h, at, row, panel, sum);
    UNROLL
    for (int r = 0; r < rows; r++) {
        if (h->ending.form == RG_FC_BLOCKS_OF_INT8) {
            store_row(at->out[r], rg_fc_end_bytes(&h->ending, head->bias, sum[r]), n);
            continue;
        }
        float *out = (float *)(void *)at->out[r];
        store_floats(h, &row[r], head, 0, sum[r][0], out, n);
        if (n > 8)
            store_floats(h, &row[r], head, 8, sum[r][1], out + 8, n - 8);
    }
}

typedef void hybrid_fn(const pack_head *h, const tile_at *at, const rg_hybrid *row,
                       const char *panel, int64_t n);
#define HYBRID(rows)                                                                               \
    static void hybrid_##rows(const pack_head *h, const tile_at *at, const rg_hybrid *row,         \
                              const char *panel, int64_t n) {                                      \
        tile_of_rows(rows, h, at, row, panel, n);                                                  \
    }
HYBRID(1)
HYBRID(2)
HYBRID(3)
HYBRID(4)
HYBRID(5)
HYBRID(6)
static hybrid_fn *const hybrid_of[ROWS + 1] = {NULL,     hybrid_1, hybrid_2, hybrid_3,
                                               hybrid_4, hybrid_5, hybrid_6};

/* One panel over `rows` rows of the strip, the first of which is row `first` of the output. */
static void run_panel(const pack_head *h, const int16_t *strip, const rg_hybrid *quanta,
                      int64_t rows, int64_t first, int64_t index, void *out) {
    const rg_gemm_plan *p = &h->plan;
    size_t size = h->ending.form == RG_FC_BLOCKS_OF_INT8 ? 1 : sizeof(float);
    int64_t c = index * COLS, n = p->out_c - c < COLS ? p->out_c - c : COLS;
    for (int64_t y = 0; y < rows; y += ROWS) {
        int count = rows - y < ROWS ? (int)(rows - y) : ROWS;
        tile_at at;
        for (int r = 0; r < count; r++) {
            at.in[r] = strip + (y + r) * p->in_c;
            at.out[r] = (int8_t *)out + (size_t)((first + y + r) * p->out_c + c) * size;
        }
        hybrid_of[count](h, &at, quanta + y, panel_at(h, index), n);
    }
}

static void run(const rg_op_call *call, const void *packed, const void *const *in, void *const *out,
                size_t first_tile, size_t last_tile, void *scratch) {
    (void)call;
    const pack_head *h = packed;
    rg_hybrid *rows = scratch;
    int16_t *strip = (int16_t *)((char *)scratch + row_bytes(h));
    rg_gemm_piece piece;
    for (size_t t = first_tile; rg_gemm_next_piece(&h->plan, &t, last_tile, &piece);) {
        fill_strip(h, in[0], piece.block.x, piece.block.w, rows, strip);
        for (int64_t i = piece.first; i < piece.last; i++)
            run_panel(h, strip, rows, piece.block.w, piece.block.x, i, out[0]);
    }
}

#define ROW(op_name, what)                                                                         \
    const rg_kernel rg_kernel_##op_name##_avx2 = {                                                 \
        .name = #op_name "_avx2",                                                                  \
        .op = #op_name,                                                                            \
        .isa = "avx2",                                                                             \
        .summary = what ", integer sums in tiles of 6 x 16, scaled in the reference's order",      \
        RG_KERNEL_METHODS,                                                                         \
        .scratch_bytes = scratch_bytes,                                                            \
    }

ROW(fully_connected_f32_s8, "float32 rows times int8");
ROW(fully_connected_f32_s4, "float32 rows times int4");
ROW(fully_connected_s8_s4, "int8 rows times int4 in blocks");
