/* batch_matmul_avx2.c: products of stacks of int8 matrices with AVX2. Both sides come at run time:
 * each tile widens a block of rows and, panel by panel, 16 columns into scratch, as distances from
 * their zero points, and multiplies them with the inner loops of tile_bytes_avx2.h.
 */
#include <string.h>

#include "bench/iface/kernel.h"
#include "kernels/ref/batch_matmul.h"
#include "kernels/x86/tile_bytes_avx2.h"

/* Rows of a block: enough to pay for widening the columns, few enough to stay in the first cache
 * or two. */
enum { BLOCK_BYTES = 48 << 10, BLOCK_ROWS = 96, MIN_TILES = 8, DEPTH_LIMIT = 1 << 20 };

/* What is packed; the offsets of the steps follow. */
typedef struct pack_head {
    _Alignas(64) panel_head panel; /* the same for all columns */
    rg_matmul_layout layout;
    rg_bytes x, y; /* how each side is read */
    product product;
    int64_t block, blocks, panels, shares; /* rows of a block, blocks of a matrix, parts of n */
} pack_head;

static int64_t parts(int64_t n, int64_t size) {
    return (n + size - 1) / size;
}

static bool lay_out(const rg_op_call *call, pack_head *ret) {
    pack_head h = {.x.zero_x = (int16_t)call->in[0]->quant.zero_point[0],
                   .y.zero_x = (int16_t)call->in[1]->quant.zero_point[0]};
    if (rg_matmul_lay_out(call, &h.layout, NULL) != RG_OK || h.layout.k > DEPTH_LIMIT)
        return false;
    const rg_matmul_layout *l = &h.layout;
    h.product.wide = true;
    h.product.steps = (l->k + 1) / 2;
    h.product.panel_bytes = sizeof(panel_head) + (size_t)h.product.steps * COLS * 4;
    int64_t fit = BLOCK_BYTES / (h.product.steps * 4);
    fit = fit < ROWS ? ROWS : fit > BLOCK_ROWS ? BLOCK_ROWS : fit;
    h.block = parts(parts(l->m, parts(l->m, fit)), ROWS) * ROWS;
    h.blocks = parts(l->m, h.block);
    h.panels = parts(l->n, COLS);
    h.shares = parts(MIN_TILES, l->batches * h.blocks);
    h.shares = h.shares < h.panels ? h.shares : h.panels;
    *ret = h;
    return true;
}

static bool suits(const rg_op_call *call) {
    pack_head head;
    return rg_requant_suits(call) && lay_out(call, &head);
}

static size_t packed_bytes(const rg_op_call *call) {
    pack_head head;
    return lay_out(call, &head) ? sizeof head + (size_t)head.product.steps * sizeof(int32_t) : 0;
}

/* The panel stands before the block of rows. */
static size_t scratch_bytes(const rg_op_call *call) {
    pack_head head;
    if (!lay_out(call, &head))
        return 0;
    return head.product.panel_bytes + (size_t)(head.block * head.product.steps) * 4;
}

static size_t tiles(const rg_op_call *call) {
    pack_head head;
    return lay_out(call, &head) ? (size_t)(head.layout.batches * head.blocks * head.shares) : 1;
}

static range range_of(const pack_head *h) {
    int64_t x[2] = {-128 - h->x.zero_x, 127 - h->x.zero_x};
    int64_t y[2] = {-128 - h->y.zero_x, 127 - h->y.zero_x};
    range sums = {0, 0};
    for (int i = 0; i < 4; i++) {
        int64_t sum = x[i / 2] * y[i % 2] * h->layout.k;
        sums.least = sum < sums.least ? sum : sums.least;
        sums.most = sum > sums.most ? sum : sums.most;
    }
    return sums;
}

static rg_status pack(const rg_op_call *call, void *packed, rg_err *err) {
    pack_head *head = packed;
    rg_factor factor;
    rg_status status = call->op->prepare(call, &factor, err);
    if (status != RG_OK)
        return status;
    if (!lay_out(call, head))
        return rg_fail(err, RG_UNSUPPORTED, NULL, "matrices are too deep");
    head->product.out = (rg_requant_out){call->out[0]->quant.zero_point[0], -128, 127, 0};
    head->panel.proven = head->panel.quick = true;
    for (int col = 0; col < COLS; col++)
        head->panel.bias[col] =
            pack_channel(&head->product.out, factor, 0, range_of(head), col, &head->panel);
    for (int col = 0; !head->panel.proven && col < COLS; col++)
        head->panel.bias[col] = 0;
    for (int64_t i = 0; i < head->product.steps; i++)
        ((int32_t *)(head + 1))[i] = (int32_t)(2 * i);
    return RG_OK;
}

/* Rows of input 0; an odd depth gets a zero behind. */
static void fill_rows(const pack_head *h, const int8_t *x, int64_t rows, int16_t *ret) {
    const rg_matmul_layout *l = &h->layout;
    int64_t len = 2 * h->product.steps;
    for (int64_t r = 0; r < rows; r++, x += l->row_x, ret += len) {
        ret[len - 1] = 0;
        if (l->step_x == 1)
            widen(x, l->k, h->x, ret);
        else
            for (int64_t i = 0; i < l->k; i++)
                ret[i] = rg_byte_distance(x[i * l->step_x], 0, h->x.zero_x);
    }
}

/* Elements [from, k) of columns [first, last), into pairs. */
static void fill_some(const pack_head *h, const int8_t *y, int64_t from, int64_t first,
                      int64_t last, int16_t *ret) {
    const rg_matmul_layout *l = &h->layout;
    for (int64_t i = from; i < l->k; i++)
        for (int64_t c = first; c < last; c++)
            ret[(i / 2 * COLS + c) * 2 + i % 2] =
                rg_byte_distance(y[i * l->step_y + c * l->col_y], 0, h->y.zero_x);
}

/* 16 columns that lie beside each other; returns up to where along k. */
static int64_t fill_beside(const pack_head *h, const int8_t *y, int16_t *ret) {
    const int64_t step = h->layout.step_y, even = h->layout.k / 2 * 2;
    const __m256i zero = _mm256_set1_epi16(h->y.zero_x);
    for (int64_t i = 0; i < even; i += 2, ret += 2 * COLS) {
        __m128i a = _mm_loadu_si128((const __m128i *)(y + i * step));
        __m128i b = _mm_loadu_si128((const __m128i *)(y + (i + 1) * step));
        __m256i low = _mm256_cvtepi8_epi16(_mm_unpacklo_epi8(a, b));
        __m256i high = _mm256_cvtepi8_epi16(_mm_unpackhi_epi8(a, b));
        store(ret, _mm256_sub_epi16(low, zero));
        store(ret + COLS, _mm256_sub_epi16(high, zero));
    }
    return even;
}

/* Transposes 8 x 8 pairs. */
ALWAYS void transpose(__m256i v[8]) {
    __m256i a[8], b[8];
    UNROLL
    for (int i = 0; i < 4; i++) {
        a[2 * i] = _mm256_unpacklo_epi32(v[2 * i], v[2 * i + 1]);
        a[2 * i + 1] = _mm256_unpackhi_epi32(v[2 * i], v[2 * i + 1]);
    }
    UNROLL
    for (int i = 0; i < 2; i++) {
        b[4 * i] = _mm256_unpacklo_epi64(a[4 * i], a[4 * i + 2]);
        b[4 * i + 1] = _mm256_unpackhi_epi64(a[4 * i], a[4 * i + 2]);
        b[4 * i + 2] = _mm256_unpacklo_epi64(a[4 * i + 1], a[4 * i + 3]);
        b[4 * i + 3] = _mm256_unpackhi_epi64(a[4 * i + 1], a[4 * i + 3]);
    }
    UNROLL
    for (int i = 0; i < 4; i++) {
        v[i] = _mm256_permute2x128_si256(b[i], b[i + 4], 0x20);
        v[i + 4] = _mm256_permute2x128_si256(b[i], b[i + 4], 0x31);
    }
}

/* 8 columns, each contiguous along k; returns up to where along k. */
static int64_t fill_along(const pack_head *h, const int8_t *y, int16_t *ret) {
    const int64_t whole = h->layout.k / 16 * 16;
    const __m256i zero = _mm256_set1_epi16(h->y.zero_x);
    for (int64_t i = 0; i < whole; i += 16) {
        __m256i v[8];
        UNROLL
        for (int c = 0; c < 8; c++) {
            __m128i bytes = _mm_loadu_si128((const __m128i *)(y + c * h->layout.col_y + i));
            v[c] = _mm256_sub_epi16(_mm256_cvtepi8_epi16(bytes), zero);
        }
        transpose(v);
        UNROLL
        for (int s = 0; s < 8; s++)
            store(ret + (i / 2 + s) * COLS * 2, v[s]);
    }
    return whole;
}

/* Columns of input 1 as a panel; what is missing of 16 columns and of an even depth is 0. */
static void fill_panel(const pack_head *h, const int8_t *y, int64_t n, int16_t *ret) {
    const rg_matmul_layout *l = &h->layout;
    if (n < COLS)
        memset(ret, 0, (size_t)h->product.steps * COLS * 4);
    else if (l->k % 2)
        memset(ret + l->k / 2 * COLS * 2, 0, COLS * 4);
    if (l->col_y == 1 && n == COLS) {
        fill_some(h, y, fill_beside(h, y, ret), 0, COLS, ret);
        return;
    }
    int64_t c = 0;
    for (; l->step_y == 1 && c + 8 <= n; c += 8) {
        int64_t from = fill_along(h, y + c * l->col_y, ret + c * 2);
        fill_some(h, y, from, c, c + 8, ret);
    }
    fill_some(h, y, 0, c, n, ret);
}

/* One panel of columns over `rows` rows. */
static void run_panel(const product *pr, const panel_head *panel, const int16_t *x, int8_t *out,
                      int64_t rows, int64_t columns, int64_t n) {
    for (int64_t first = 0; first < rows; first += ROWS) {
        tile_at at;
        int count = rows - first < ROWS ? (int)(rows - first) : ROWS;
        for (int r = 0; r < count; r++) {
            at.in[r] = x + (first + r) * 2 * pr->steps;
            at.out[r] = out + (first + r) * columns;
        }
        tile_of(true, count, n)(pr, &at, panel, n);
    }
}

/* Share `share` of the columns of rows [first, first + rows) of one matrix. */
static void run_share(const pack_head *h, const product *pr, const int8_t *y, const int16_t *x,
                      int8_t *out, int64_t rows, int64_t share, panel_head *panel) {
    const rg_matmul_layout *l = &h->layout;
    int64_t end = h->panels * (share + 1) / h->shares;
    for (int64_t i = h->panels * share / h->shares; i < end; i++) {
        int64_t c = i * COLS, n = l->n - c < COLS ? l->n - c : COLS;
        fill_panel(h, y + c * l->col_y, n, (int16_t *)(panel + 1));
        run_panel(pr, panel, x, out + c, rows, l->n, n);
    }
}

static void run(const rg_op_call *call, const void *packed, const void *const *in, void *const *out,
                size_t first_tile, size_t last_tile, void *scratch) {
    const pack_head *h = packed;
    const rg_matmul_layout *l = &h->layout;
    product pr = h->product;
    pr.offsets = (const int32_t *)(h + 1);
    panel_head *panel = scratch;
    int16_t *rows = (int16_t *)((char *)scratch + pr.panel_bytes);
    *panel = h->panel;
    int64_t filled = -1;
    for (int64_t t = (int64_t)first_tile; t < (int64_t)last_tile; t++) {
        int64_t block = t / h->shares, batch = block / h->blocks, x, y;
        int64_t first = block % h->blocks * h->block;
        int64_t n = l->m - first < h->block ? l->m - first : h->block;
        rg_matmul_batch(call, l, batch, &x, &y);
        if (block != filled)
            fill_rows(h, (const int8_t *)in[0] + x + first * l->row_x, n, rows);
        filled = block;
        run_share(h, &pr, (const int8_t *)in[1] + y, rows,
                  (int8_t *)out[0] + (batch * l->m + first) * l->n, n, t % h->shares, panel);
    }
}

const rg_kernel rg_kernel_batch_matmul_s8_avx2 = {
    .name = "batch_matmul_s8_avx2",
    .op = "batch_matmul_s8",
    .isa = "avx2",
    .summary = "Both sides widened to 16 bits block by block, tiles of 6 x 16",
    RG_KERNEL_METHODS,
    .scratch_bytes = scratch_bytes,
};
