/* gemm_f32_avx2.c: conv2d and fully_connected of float32 with AVX2, the same bytes as the scalar
 * reference: lanes are output channels, each sums tap by tap and channel by channel with a rounded
 * product and a rounded sum, never fused. Padding is 0 in the strip (plan.h), which changes no sum
 * as long as weights are finite. Tiles of 6 pixels x 16 channels.
 */
#include <immintrin.h>
#include <math.h>
#include <string.h>

#include "bench/iface/kernel.h"
#include "kernels/each/gemm_plan.h"
#include "kernels/ref/activation.h"
#include "kernels/ref/conv2d.h"
#include "kernels/ref/fully_connected.h"

#define ALWAYS static inline __attribute__((always_inline))

enum { ROWS = 6, COLS = 16 };

/* Head of what is packed. Panels of 16 output channels follow: bias, then 16 weights for each
 * element of K. */
typedef struct pack_head {
    _Alignas(64) rg_gemm_plan plan;
    float low, high;
    int64_t depth; /* elements of K */
} pack_head;

/* Where a tile reads and writes. */
typedef struct tile_at {
    const float *in[ROWS];
    float *out[ROWS];
} tile_at;

static bool lay_out(const rg_op_call *call, pack_head *ret) {
    *ret = (pack_head){0};
    rg_gemm_plan *p = &ret->plan;
    if (!rg_gemm_lay_out(call, COLS, sizeof(float), ROWS, p))
        return false;
    ret->depth = p->seg_y * p->seg_x * p->seg_len;
    return true;
}

static size_t panel_len(const pack_head *head) {
    return (size_t)(head->depth + 1) * COLS;
}

static bool finite_weights(const rg_tensor *t) {
    const float *w = t->data;
    size_t n = rg_elements(t);
    bool finite = true;
    for (size_t i = 0; i < n; i++)
        finite &= fabsf(w[i]) <= 3.402823466e38f;
    return finite;
}

static bool suits(const rg_op_call *call) {
    pack_head head;
    const rg_tensor *bias = rg_call_in(call, 2);
    return call->in[1]->data && (!bias || bias->data) && lay_out(call, &head) &&
           finite_weights(call->in[1]);
}

static size_t packed_bytes(const rg_op_call *call) {
    pack_head head;
    if (!lay_out(call, &head))
        return 0;
    return sizeof head +
           (size_t)(head.plan.groups * head.plan.panels) * panel_len(&head) * sizeof(float);
}

static size_t scratch_bytes(const rg_op_call *call) {
    pack_head head;
    if (!lay_out(call, &head) || head.plan.direct)
        return 0;
    return (size_t)rg_gemm_strip_len(&head.plan) * sizeof(float);
}

static size_t tiles(const rg_op_call *call) {
    pack_head head;
    return lay_out(call, &head) ? rg_gemm_tiles(&head.plan) : 1;
}

static void pack_panel(const rg_op_call *call, const pack_head *head, int64_t index, float *ret) {
    const rg_gemm_plan *p = &head->plan;
    const float *bias = rg_call_in(call, 2) ? call->in[2]->data : NULL, *filter = call->in[1]->data;
    int64_t first = index % p->panels * COLS, c0 = index / p->panels * p->group_c + first;
    for (int64_t col = 0; col < COLS && first + col < p->group_c; col++) {
        ret[col] = bias ? bias[c0 + col] : 0;
        for (int64_t i = 0; i < head->depth; i++)
            ret[(i + 1) * COLS + col] = filter[(c0 + col) * head->depth + i];
    }
}

static rg_status pack(const rg_op_call *call, void *packed, rg_err *err) {
    pack_head *head = packed;
    if (!lay_out(call, head))
        return rg_fail(err, RG_UNSUPPORTED, NULL, "a strip of the input would be too large");
    bool conv = strcmp(call->op->kind, "conv2d") == 0;
    rg_activation_range_f32(conv ? ((const rg_conv_params *)call->params)->activation
                                 : ((const rg_fc_params *)call->params)->activation,
                            &head->low, &head->high);
    for (int64_t i = 0; i < head->plan.groups * head->plan.panels; i++)
        pack_panel(call, head, i, (float *)(head + 1) + (size_t)i * panel_len(head));
    return RG_OK;
}

/* One row of the strip; len may be spread over every step_x-th column. */
static void fill_row(const rg_gemm_plan *p, const float *in, rg_gemm_row row, float *ret) {
    int64_t all = p->strip_w * p->in_c, end = row.left + row.len;
    memset(ret, 0, (size_t)row.left * sizeof *ret);
    if (p->step_x == 1)
        memcpy(ret + row.left, in + row.from, (size_t)row.len * sizeof *ret);
    else
        for (int64_t i = 0; i < row.len; i += p->in_c)
            memcpy(ret + row.left + i, in + row.from + i * p->step_x,
                   (size_t)p->in_c * sizeof *ret);
    memset(ret + end, 0, (size_t)(all - end) * sizeof *ret);
}

static void fill_strip(const rg_gemm_plan *p, const float *in, const rg_gemm_block *block,
                       float *strip) {
    int64_t rows = rg_gemm_strip_rows(p, block), len = p->strip_w * p->in_c;
    for (int64_t i = 0; i < rows; i++)
        fill_row(p, in, rg_gemm_row_at(p, block, i), strip + i * len);
}

/* Sums by name: clang keeps an array of them in memory. */
#define EACH_ROW(X) X(0) X(1) X(2) X(3) X(4) X(5)
#define ROW_ZERO(r) __m256 low##r = _mm256_setzero_ps(), high##r = low##r;
#define ROW_STEP(r)                                                                                \
    if (r < rows) {                                                                                \
        __m256 x = _mm256_broadcast_ss(at->in[r] + e);                                             \
        low##r = _mm256_add_ps(low##r, _mm256_mul_ps(x, w0));                                      \
        high##r = _mm256_add_ps(high##r, _mm256_mul_ps(x, w1));                                    \
    }
#define ROW_GIVE(r)                                                                                \
    if (r < rows)                                                                                  \
        sum[r][0] = low##r, sum[r][1] = high##r;

/* Sums of `rows` pixels x 16 channels over all segments, each in the reference's order. */
ALWAYS void multiply(int rows, const pack_head *head, const tile_at *at, const float *w,
                     __m256 (*sum)[2]) {
    const rg_gemm_plan *p = &head->plan;
    int64_t next_y = p->seg_dy * p->strip_w * p->in_c, next_x = p->seg_dx * p->in_c;
    EACH_ROW(ROW_ZERO)
    for (int64_t sy = 0; sy < p->seg_y; sy++)
        for (int64_t sx = 0; sx < p->seg_x; sx++) {
            int64_t e = sy * next_y + sx * next_x, end = e + p->seg_len;
            for (; e < end; e++, w += COLS) {
                __m256 w0 = _mm256_load_ps(w), w1 = _mm256_load_ps(w + 8);
                EACH_ROW(ROW_STEP)
            }
        }
    EACH_ROW(ROW_GIVE)
}

/* Eight results, `n` of which are stored. */
ALWAYS void store(const pack_head *head, __m256 sum, const float *bias, float *out, int64_t n) {
    sum = _mm256_add_ps(sum, _mm256_load_ps(bias));
    sum = _mm256_max_ps(_mm256_set1_ps(head->low), sum);
    sum = _mm256_min_ps(_mm256_set1_ps(head->high), sum);
    if (n >= 8) {
        _mm256_storeu_ps(out, sum);
        return;
    }
    __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    _mm256_maskstore_ps(out, _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), lanes), sum);
}

ALWAYS void tile(int rows, const pack_head *head, const tile_at *at, const float *panel,
                 int64_t n) {
    __m256 sum[ROWS][2];
    multiply(rows, head, at, panel + COLS, sum);
#pragma GCC unroll 8
    for (int r = 0; r < rows; r++) {
        store(head, sum[r][0], panel, at->out[r], n);
        if (n > 8)
            store(head, sum[r][1], panel + 8, at->out[r] + 8, n - 8);
    }
}

typedef void tile_fn(const pack_head *head, const tile_at *at, const float *panel, int64_t n);
#define TILE(rows)                                                                                 \
    static void tile_##rows(const pack_head *head, const tile_at *at, const float *panel,          \
                            int64_t n) {                                                           \
        tile(rows, head, at, panel, n);                                                            \
    }
TILE(1)
TILE(2)
TILE(3)
TILE(4)
TILE(5)
TILE(6)
static tile_fn *const tile_of[ROWS + 1] = {NULL, tile_1, tile_2, tile_3, tile_4, tile_5, tile_6};

/* One panel over all pixels of a block, whose strip and first output pixel are given. */
static void run_panel(const pack_head *head, const rg_gemm_block *block, const float *strip,
                      float *out, int64_t index) {
    const rg_gemm_plan *p = &head->plan;
    const float *panel = (const float *)(head + 1) + (size_t)index * panel_len(head);
    int64_t group = index / p->panels, first = index % p->panels * COLS;
    int64_t n = p->group_c - first < COLS ? p->group_c - first : COLS;
    int64_t down = p->stride_y * p->strip_w * p->in_c, right = p->stride_x * p->in_c;
    int64_t x = 0, left = block->h * block->w;
    strip += group * p->tap_c;
    out += group * p->group_c + first;
    const float *from = strip;
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
        tile_of[rows](head, &at, panel, n);
        left -= rows;
    }
}

static void run(const rg_op_call *call, const void *packed, const void *const *in, void *const *out,
                size_t first_tile, size_t last_tile, void *scratch) {
    (void)call;
    const pack_head *head = packed;
    const rg_gemm_plan *p = &head->plan;
    const float *strip = scratch;
    rg_gemm_piece piece;
    for (size_t t = first_tile; rg_gemm_next_piece(p, &t, last_tile, &piece);) {
        if (p->direct)
            strip = (const float *)in[0] + piece.block.x * p->in_c;
        else
            fill_strip(p, in[0], &piece.block, scratch);
        for (int64_t i = piece.first; i < piece.last; i++)
            run_panel(head, &piece.block, strip, (float *)out[0] + piece.out, i);
    }
}

#define ROW(op_name, what)                                                                         \
    const rg_kernel rg_kernel_##op_name##_avx2 = {                                                 \
        .name = #op_name "_avx2",                                                                  \
        .op = #op_name,                                                                            \
        .isa = "avx2",                                                                             \
        .summary = what " in tiles of 6 x 16, each channel summed in the reference's order",       \
        RG_KERNEL_METHODS,                                                                         \
        .scratch_bytes = scratch_bytes,                                                            \
    }

ROW(conv2d_f32, "Convolution");
ROW(fully_connected_f32, "Matrix product");
