/* row_nibbles_avx2.c: one row times int4 weights with AVX2, as language models decode: what counts
 * is how fast weights come, so they stay two to a byte and are unpacked in registers. Nibbles are
 * w + 8, the unsigned operand of vpmaddubsw; 32 bytes are 8 outputs x 8 elements of K, the first
 * four of which are the lower halves. Eight products of 15 * 128 * 2 fit 16 bits, so sums are
 * widened every 32 elements. With x the bytes of the row and z their zero point
 *   sum of (x - z) * w = sum of x * (w + 8) - 8 * sum of x - z * sum of w.
 * gemm_hybrid_avx2.c takes what has more rows, with weights unpacked at load.
 */
#include <string.h>

#include "bench/iface/kernel.h"
#include "kernels/x86/hybrid_avx2.h"

/* Outputs of a vector and of a group; elements of K of a step; steps between two widenings. */
enum { LANES = 8, VECS = 4, GROUP = LANES * VECS, STEP = 8, STEPS = 4, STEP_BYTES = 32 * VECS };

/* Head of what is packed; groups follow, each: bias, weighed sums and plain sums of its outputs,
 * then for each block the scales and, by steps, the nibbles; int8 rows with a zero point have the
 * block's sums of weights behind its scales. */
typedef struct pack_head {
    _Alignas(64) rg_fc_ending ending;
    bool asymmetric, sums;                       /* sums of weights of blocks are there */
    int32_t zero;                                /* of int8 rows */
    int64_t depth, outputs, blocks, size, steps; /* size: elements of a block; its steps */
    size_t block_bytes, group_bytes;
} pack_head;

typedef struct group_head {
    _Alignas(32) float bias[GROUP];
    float weighed[GROUP];
    int32_t sum[GROUP];
} group_head;

static bool lay_out(const rg_op_call *call, pack_head *ret) {
    const rg_tensor *weights = call->in[1];
    int64_t blocks = rg_blocks_of(call);
    pack_head h = {.depth = weights->shape.dim[1], .outputs = weights->shape.dim[0]};
    h.ending.form = rg_fc_form_of(call);
    h.blocks = blocks ? blocks : 1;
    h.size = h.depth / h.blocks;
    h.steps = (h.size + STEP - 1) / STEP;
    h.asymmetric = blocks || ((const rg_fc_params *)call->params)->asymmetric_quantize_inputs;
    h.zero = h.ending.form == RG_FC_BLOCKS_OF_INT8 ? call->in[0]->quant.zero_point[0] : 0;
    h.sums = h.zero != 0;
    h.block_bytes = GROUP * sizeof(float) + (h.sums ? GROUP * sizeof(int32_t) : 0) +
                    (size_t)h.steps * STEP_BYTES;
    h.group_bytes = sizeof(group_head) + (size_t)h.blocks * h.block_bytes;
    *ret = h;
    return (int64_t)rg_elements(call->in[0]) == h.depth;
}

/* One row; int8 rows with one scale an output are row_bytes_avx2.c's. */
static bool suits(const rg_op_call *call) {
    pack_head h;
    const rg_tensor *bias = rg_call_in(call, 2);
    return call->in[1]->data && (!bias || bias->data) && lay_out(call, &h) &&
           (h.ending.form != RG_FC_BLOCKS_OF_INT8 || rg_blocks_of(call));
}

static size_t groups_of(const pack_head *h) {
    return (size_t)(h->outputs + GROUP - 1) / GROUP;
}

static size_t packed_bytes(const rg_op_call *call) {
    pack_head h;
    return lay_out(call, &h) ? sizeof h + groups_of(&h) * h.group_bytes : 0;
}

/* The row as bytes in whole steps, the sum of each block's, and the row as int16. */
static size_t row_bytes(const pack_head *h) {
    return ((size_t)(h->blocks * h->steps) * STEP + 63) / 64 * 64;
}

static size_t sum_bytes(const pack_head *h) {
    return ((size_t)h->blocks * sizeof(int32_t) + 63) / 64 * 64;
}

static size_t scratch_bytes(const rg_op_call *call) {
    pack_head h;
    return lay_out(call, &h) ? row_bytes(&h) + sum_bytes(&h) + (size_t)h.depth * sizeof(int16_t)
                             : 0;
}

static size_t tiles(const rg_op_call *call) {
    pack_head h;
    return lay_out(call, &h) ? groups_of(&h) : 1;
}

/* Output `c` as column `col` of its group. */
static void pack_column(const rg_op_call *call, const pack_head *h, int64_t c, int col,
                        group_head *group) {
    char *block = (char *)(group + 1);
    for (int64_t b = 0; b < h->blocks; b++, block += h->block_bytes) {
        uint8_t *nibbles = (uint8_t *)block + h->block_bytes - (size_t)h->steps * STEP_BYTES;
        int32_t sum = 0;
        for (int64_t i = 0; i < h->size; i++) {
            int32_t w =
                rg_hybrid_weight(RG_DTYPE_INT4, call->in[1]->data, c * h->depth + b * h->size + i);
            int64_t at = i / STEP * STEP_BYTES + col / LANES * 32 + col % LANES * 4 + i % 4;
            nibbles[at] |= (uint8_t)((w + 8) << (i % STEP < 4 ? 0 : 4));
            sum += w;
        }
        float scale = h->ending.form == RG_FC_ONE_SCALE ? rg_hybrid_scale(call->in[1], c)
                                                        : rg_block_scale(call, c, b);
        ((float *)block)[col] = scale;
        if (h->sums)
            ((int32_t *)block)[GROUP + col] = sum;
        group->weighed[col] += scale * (float)sum;
        group->sum[col] += sum;
    }
    group->bias[col] = rg_fc_bias(call, h->ending.form, c);
}

static rg_status pack(const rg_op_call *call, void *packed, rg_err *err) {
    (void)err;
    pack_head *h = packed;
    lay_out(call, h);
    h->ending = rg_fc_ending_of(call);
    for (int64_t c = 0; c < h->outputs; c++)
        pack_column(call, h, c, (int)(c % GROUP),
                    (group_head *)((char *)(h + 1) + (size_t)(c / GROUP) * h->group_bytes));
    return RG_OK;
}

/* The row in whole steps, block by block, and the sums of its blocks. */
static rg_hybrid take_row(const pack_head *h, const void *in, int8_t *row, int32_t *sums,
                          int16_t *quanta) {
    rg_hybrid of = {0};
    const int8_t *bytes = in;
    if (h->ending.form != RG_FC_BLOCKS_OF_INT8) {
        of = rg_hybrid_of_avx2(in, h->depth, h->asymmetric);
        rg_hybrid_quantize_avx2(&of, in, h->depth, true, quanta);
    }
    for (int64_t b = 0; b < h->blocks; b++) {
        int8_t *to = row + b * h->steps * STEP;
        memset(to + h->size, 0, (size_t)(h->steps * STEP - h->size));
        sums[b] = 0;
        for (int64_t i = 0; i < h->size; i++) {
            int64_t at = b * h->size + i;
            to[i] = h->ending.form != RG_FC_BLOCKS_OF_INT8 ? (int8_t)quanta[at] : bytes[at];
            sums[b] += to[i];
        }
    }
    return of;
}

/* Products of up to STEPS steps, added to sums of 32 bits. */
static inline __attribute__((always_inline)) void add_steps(int64_t steps, const uint8_t *nibbles,
                                                            const int8_t *x, __m256i sum[VECS]) {
    const __m256i low = _mm256_set1_epi8(15), one = _mm256_set1_epi16(1);
    __m256i part[VECS];
    for (int v = 0; v < VECS; v++)
        part[v] = _mm256_setzero_si256();
    for (int64_t s = 0; s < steps; s++, nibbles += STEP_BYTES, x += STEP) {
        int32_t first, second;
        memcpy(&first, x, 4);
        memcpy(&second, x + 4, 4);
        __m256i x0 = _mm256_set1_epi32(first), x1 = _mm256_set1_epi32(second);
        for (int v = 0; v < VECS; v++) {
            __m256i both = _mm256_load_si256((const __m256i *)nibbles + v);
            __m256i w0 = _mm256_and_si256(both, low);
            __m256i w1 = _mm256_and_si256(_mm256_srli_epi16(both, 4), low);
            part[v] = _mm256_add_epi16(part[v], _mm256_maddubs_epi16(w0, x0));
            part[v] = _mm256_add_epi16(part[v], _mm256_maddubs_epi16(w1, x1));
        }
    }
    for (int v = 0; v < VECS; v++)
        sum[v] = _mm256_add_epi32(sum[v], _mm256_madd_epi16(part[v], one));
}

/* Integer sums of one block, less what the nibbles' 8 and the zero point of int8 rows add. */
static inline __attribute__((always_inline)) void block_sums(const pack_head *h, const char *block,
                                                             const int8_t *x, int32_t x_sum,
                                                             __m256i sum[VECS]) {
    const uint8_t *nibbles =
        (const uint8_t *)block + h->block_bytes - (size_t)h->steps * STEP_BYTES;
    int64_t s = 0;
    for (int v = 0; v < VECS; v++)
        sum[v] = _mm256_set1_epi32((int32_t)(0 - 8 * (uint32_t)x_sum));
    for (; s + STEPS <= h->steps; s += STEPS)
        add_steps(STEPS, nibbles + s * STEP_BYTES, x + s * STEP, sum);
    if (s < h->steps)
        add_steps(h->steps - s, nibbles + s * STEP_BYTES, x + s * STEP, sum);
    for (int v = 0; h->sums && v < VECS; v++) {
        __m256i w = _mm256_load_si256((const __m256i *)((const float *)block + GROUP) + v);
        sum[v] = _mm256_sub_epi32(sum[v], _mm256_mullo_epi32(w, _mm256_set1_epi32(h->zero)));
    }
}

/* Float sums of a group's outputs over all blocks, in the reference's order. */
static inline __attribute__((always_inline)) void multiply(const pack_head *h, const rg_hybrid *of,
                                                           const group_head *group, const int8_t *x,
                                                           const int32_t *x_sums,
                                                           __m256 sum[VECS]) {
    const char *block = (const char *)(group + 1);
    bool one = h->ending.form == RG_FC_ONE_SCALE;
    for (int v = 0; v < VECS; v++)
        sum[v] = _mm256_setzero_ps();
    for (int64_t b = 0; b < h->blocks; b++, block += h->block_bytes, x += h->steps * STEP) {
        __m256i whole[VECS];
        block_sums(h, block, x, x_sums[b], whole);
        for (int v = 0; v < VECS; v++) {
            __m256 by = _mm256_load_ps((const float *)block + v * LANES);
            if (one) {
                __m256i w = _mm256_load_si256((const __m256i *)group->sum + v);
                w = _mm256_mullo_epi32(w, _mm256_set1_epi32(of->zero));
                whole[v] = _mm256_sub_epi32(whole[v], w);
                by = _mm256_mul_ps(_mm256_set1_ps(of->scale), by);
            }
            by = _mm256_mul_ps(_mm256_cvtepi32_ps(whole[v]), by);
            sum[v] = one ? by : _mm256_add_ps(sum[v], by);
        }
    }
}

/* Outputs of a group, the first `n` of which are stored. */
static void store_group(const pack_head *h, const rg_hybrid *of, const group_head *group,
                        const __m256 sum[VECS], void *out, int64_t n) {
    if (h->ending.form == RG_FC_BLOCKS_OF_INT8) {
        _Alignas(16) int8_t bytes[GROUP];
        for (int v = 0; v < VECS; v += 2)
            _mm_store_si128((__m128i *)(bytes + v * LANES),
                            rg_fc_end_bytes(&h->ending, group->bias + v * LANES, sum + v));
        memcpy(out, bytes, (size_t)(n < GROUP ? n : GROUP));
        return;
    }
    for (int v = 0; v < VECS && v * LANES < n; v++)
        rg_fc_store_floats((float *)out + v * LANES,
                           rg_fc_end_floats(&h->ending, of, group->bias + v * LANES,
                                            group->weighed + v * LANES, sum[v]),
                           n - v * LANES);
}

static void run(const rg_op_call *call, const void *packed, const void *const *in, void *const *out,
                size_t first_tile, size_t last_tile, void *scratch) {
    (void)call;
    const pack_head *h = packed;
    int8_t *row = scratch;
    int32_t *sums = (int32_t *)((char *)scratch + row_bytes(h));
    rg_hybrid of = take_row(h, in[0], row, sums, (int16_t *)((char *)sums + sum_bytes(h)));
    size_t size = h->ending.form == RG_FC_BLOCKS_OF_INT8 ? 1 : sizeof(float);
    for (size_t g = first_tile; g < last_tile; g++) {
        const group_head *group = (const void *)((const char *)(h + 1) + g * h->group_bytes);
        __m256 sum[VECS];
        multiply(h, &of, group, row, sums, sum);
        store_group(h, &of, group, sum, (char *)out[0] + g * GROUP * size,
                    h->outputs - (int64_t)g * GROUP);
    }
}

#define ROW(op_name, what)                                                                         \
    const rg_kernel rg_kernel_##op_name##_avx2_nibbles = {                                         \
        .name = #op_name "_avx2_nibbles",                                                          \
        .op = #op_name,                                                                            \
        .isa = "avx2",                                                                             \
        .summary = "One row of " what ", nibbles unpacked in registers",                           \
        RG_KERNEL_METHODS,                                                                         \
        .scratch_bytes = scratch_bytes,                                                            \
    }

ROW(fully_connected_f32_s4, "float32 times int4");
ROW(fully_connected_s8_s4, "int8 times int4 in blocks");
