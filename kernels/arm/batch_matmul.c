/* batch_matmul.c: products of stacks of int8 matrices on Arm. Both sides come at run time: each
 * tile copies a block of rows and, panel by panel, 16 columns into scratch, as sums.h wants them.
 * With z the zero points and k the depth, sum (x - zx) * (y - zy) = sum x * y - zx * sum y - zy *
 * (sum x - k * zx), sums of columns being those of one more row, of ones. */
#include "kernels/arm/sums.h"

#include "kernels/each/level.h"
#include "kernels/ref/batch_matmul.h"
#include "kernels/ref/fixed.h"

/* Rows of a block: enough to pay for copying the columns, few enough to stay in the first cache. */
enum { BLOCK_BYTES = 24 << 10, BLOCK_ROWS = 96, MIN_TILES = 8, DEPTH_LIMIT = 1 << 20 };

/* All that is packed. */
typedef struct plan {
    _Alignas(64) rg_matmul_layout layout;
    rg_factor factor;
    int32_t zero_x, zero_y, zero;
    int64_t units, length;                 /* of a row: units, elements of the strip */
    int64_t block, blocks, panels, shares; /* rows of a block, blocks of a matrix, parts of n */
    size_t panel_bytes, sum_bytes;         /* in scratch; the strip comes last */
} plan;

static int64_t parts(int64_t n, int64_t size) {
    return (n + size - 1) / size;
}

static bool lay_out(const rg_op_call *call, plan *ret) {
    plan p = {.zero_x = call->in[0]->quant.zero_point[0],
              .zero_y = call->in[1]->quant.zero_point[0],
              .zero = call->out[0]->quant.zero_point[0]};
    if (rg_matmul_lay_out(call, &p.layout, NULL) != RG_OK || p.layout.k > DEPTH_LIMIT)
        return false;
    const rg_matmul_layout *l = &p.layout;
    p.units = units_of(l->k);
    p.length = p.units * DEPTH;
    int64_t fit = BLOCK_BYTES / (p.length * (int64_t)sizeof(strip_t));
    fit = fit < ROWS ? ROWS : fit > BLOCK_ROWS ? BLOCK_ROWS : fit;
    p.block = parts(parts(l->m, parts(l->m, fit)), ROWS) * ROWS;
    p.blocks = parts(l->m, p.block);
    p.panels = parts(l->n, COLS);
    p.shares = parts(MIN_TILES, l->batches * p.blocks);
    p.shares = p.shares < p.panels ? p.shares : p.panels;
    p.panel_bytes = (size_t)(p.units * UNIT);
    p.sum_bytes = (size_t)parts(p.block, 16) * 16 * sizeof(int32_t);
    *ret = p;
    return true;
}

/* Single rows are no work for SMMLA. */
static bool suits(const rg_op_call *call) {
    plan p;
    return lay_out(call, &p) && (DEPTH < 8 || p.layout.m > 1);
}

static size_t packed_bytes(const rg_op_call *call) {
    (void)call;
    return sizeof(plan);
}

/* The panel, sums of rows, a row of ones, the rows. */
static size_t scratch_bytes(const rg_op_call *call) {
    plan p;
    if (!lay_out(call, &p))
        return 0;
    return p.panel_bytes + p.sum_bytes + (size_t)((p.block + 1) * p.length) * sizeof(strip_t);
}

static size_t tiles(const rg_op_call *call) {
    plan p;
    return lay_out(call, &p) ? (size_t)(p.layout.batches * p.blocks * p.shares) : 1;
}

static rg_status pack(const rg_op_call *call, void *packed, rg_err *err) {
    plan *p = packed;
    if (!lay_out(call, p))
        return rg_fail(err, RG_UNSUPPORTED, NULL, "matrices are too deep");
    return call->op->prepare(call, &p->factor, err);
}

/* Rows of input 0, zeros up to a whole unit, and what each adds to its outputs. */
static void fill_rows(const plan *p, const int8_t *x, int64_t rows, int32_t *more, strip_t *ret) {
    const rg_matmul_layout *l = &p->layout;
    for (int64_t r = 0; r < rows; r++, x += l->row_x, ret += p->length) {
        int32_t sum = 0;
        if (l->step_x == 1)
            for (int64_t i = 0; i < l->k; i++)
                ret[i] = x[i];
        else
            for (int64_t i = 0; i < l->k; i++)
                ret[i] = x[i * l->step_x];
        for (int64_t i = l->k; i < p->length; i++)
            ret[i] = 0;
        for (int64_t i = 0; i < l->k; i++)
            sum += ret[i];
        uint32_t far = (uint32_t)sum - (uint32_t)l->k * (uint32_t)p->zero_x;
        more[r] = (int32_t)(0 - (uint32_t)p->zero_y * far);
    }
}

/* Elements [from, to) along k of columns [0, n). */
static void fill_some(const plan *p, const int8_t *y, int64_t from, int64_t to, int64_t n,
                      int8_t *ret) {
    const rg_matmul_layout *l = &p->layout;
    for (int64_t i = from; i < to; i++)
        for (int64_t c = 0; c < n; c++)
            ret[weight_at(i, c)] = y[i * l->step_y + c * l->col_y];
}

/* One unit of 16 columns that lie beside each other, rows of k `step` bytes apart. */
#if defined(__ARM_FEATURE_MATMUL_INT8)
static inline void fill_unit(const int8_t *y, int64_t step, int8_t *ret) {
    int16x8x4_t low, high;
    UNROLL
    for (int i = 0; i < 4; i++) {
        int8x16_t a = vld1q_s8(y + 2 * i * step), b = vld1q_s8(y + (2 * i + 1) * step);
        low.val[i] = vreinterpretq_s16_s8(vzip1q_s8(a, b));
        high.val[i] = vreinterpretq_s16_s8(vzip2q_s8(a, b));
    }
    vst4q_s16((int16_t *)(void *)ret, low);
    vst4q_s16((int16_t *)(void *)(ret + 64), high);
}
#elif defined(__ARM_FEATURE_DOTPROD)
static inline void fill_unit(const int8_t *y, int64_t step, int8_t *ret) {
    int8x16x4_t v = {
        {vld1q_s8(y), vld1q_s8(y + step), vld1q_s8(y + 2 * step), vld1q_s8(y + 3 * step)}};
    vst4q_s8(ret, v);
}
#else
static inline void fill_unit(const int8_t *y, int64_t step, int8_t *ret) {
    (void)step;
    vst1q_s8(ret, vld1q_s8(y));
}
#endif

/* Columns of input 1 as a panel; what is missing of 16 columns and of a last unit is 0. */
static void fill_panel(const plan *p, const int8_t *y, int64_t n, int8_t *ret) {
    const rg_matmul_layout *l = &p->layout;
    int64_t whole = l->k / DEPTH * DEPTH;
    if (n < COLS)
        memset(ret, 0, p->panel_bytes);
    else if (whole < l->k)
        memset(ret + whole / DEPTH * UNIT, 0, UNIT);
    if (l->col_y == 1 && n == COLS) {
        for (int64_t i = 0; i < whole; i += DEPTH)
            fill_unit(y + i * l->step_y, l->step_y, ret + i / DEPTH * UNIT);
    } else if (l->step_y == 1) {
        for (int64_t c = 0; c < n; c++)
            for (int64_t i = 0; i < whole; i += DEPTH)
                memcpy(ret + weight_at(i, c), y + c * l->col_y + i, DEPTH);
    } else {
        fill_some(p, y, 0, whole, n, ret);
    }
    fill_some(p, y, whole, l->k, n, ret);
}

/* Four sums to outputs: the reference's roundings (see tile.inc), then the zero point. */
ALWAYS int16x4_t scale_of(const plan *p, int32x4_t v) {
    int32x4_t right = vdupq_n_s32(p->factor.shift < 0 ? p->factor.shift : 0);
    v = vshlq_s32(v, vdupq_n_s32(p->factor.shift > 0 ? p->factor.shift : 0));
    v = vqrdmulhq_n_s32(v, p->factor.multiplier);
    v = vrshlq_s32(vsraq_n_s32(v, vandq_s32(v, right), 31), right);
    return vqmovn_s32(vqaddq_s32(v, vdupq_n_s32(p->zero)));
}

/* Up to ROWS rows by a panel, `n` columns of which are there. */
typedef void tile_fn(const plan *p, const strip_t *x, const int8_t *panel, const int32_t *start,
                     const int32_t *more, int8_t *out, int64_t n);

ALWAYS void tile_of(int rows, const plan *p, const strip_t *x, const int8_t *panel,
                    const int32_t *start, const int32_t *more, int8_t *out, int64_t n) {
    const strip_t *row[ROWS];
    sums s;
    UNROLL
    for (int r = 0; r < rows; r++)
        row[r] = x + r * p->length;
    sums_zero(&s);
    sums_add(rows, row, p->units, panel, &s);
    sums_end(rows, &s);
    sums_start(rows, start, &s);
    UNROLL
    for (int r = 0; r < rows; r++, out += p->layout.n) {
        int32x4_t add = vdupq_n_s32(more[r]);
        int16x8_t half[2];
        UNROLL
        for (int g = 0; g < 2; g++)
            half[g] = vcombine_s16(scale_of(p, vaddq_s32(s.v[r][2 * g], add)),
                                   scale_of(p, vaddq_s32(s.v[r][2 * g + 1], add)));
        int8x16_t bytes = vcombine_s8(vqmovn_s16(half[0]), vqmovn_s16(half[1]));
        int8_t few[COLS];
        vst1q_s8(n < COLS ? few : out, bytes);
        if (n < COLS)
            memcpy(out, few, (size_t)n);
    }
}

#define TILE(rows)                                                                                 \
    static void tile_##rows(const plan *p, const strip_t *x, const int8_t *panel,                  \
                            const int32_t *start, const int32_t *more, int8_t *out, int64_t n) {   \
        tile_of(rows, p, x, panel, start, more, out, n);                                           \
    }
TILE(1)
TILE(2)
TILE(3)
TILE(4)
static tile_fn *const tile_at[ROWS + 1] = {NULL, tile_1, tile_2, tile_3, tile_4};

/* What the zero point of input 0 adds to the columns of a panel. */
static void find_start(const plan *p, const strip_t *ones, const int8_t *panel, int32_t *ret) {
    sums s;
    sums_zero(&s);
    if (p->zero_x) {
        sums_add(1, &ones, p->units, panel, &s);
        sums_end(1, &s);
    }
    for (int g = 0; g < VECS; g++)
        vst1q_s32(ret + 4 * g, vmulq_n_s32(s.v[0][g], -p->zero_x));
}

/* Where things lie in scratch. */
typedef struct room {
    int8_t *panel;
    int32_t *more;
    strip_t *ones, *rows;
} room;

/* Share `share` of the columns of the rows at hand, `out` their first output. */
static void run_share(const plan *p, const room *at, const int8_t *y, int8_t *out, int64_t rows,
                      int64_t share) {
    const rg_matmul_layout *l = &p->layout;
    int64_t end = p->panels * (share + 1) / p->shares;
    for (int64_t i = p->panels * share / p->shares; i < end; i++) {
        int64_t c = i * COLS, n = l->n - c < COLS ? l->n - c : COLS;
        int32_t start[COLS];
        fill_panel(p, y + c * l->col_y, n, at->panel);
        find_start(p, at->ones, at->panel, start);
        for (int64_t r = 0; r < rows; r += ROWS)
            tile_at[rows - r < ROWS ? rows - r : ROWS](p, at->rows + r * p->length, at->panel,
                                                       start, at->more + r, out + r * l->n + c, n);
    }
}

static void run(const rg_op_call *call, const void *packed, const void *const *in, void *const *out,
                size_t first_tile, size_t last_tile, void *scratch) {
    const plan *p = packed;
    const rg_matmul_layout *l = &p->layout;
    room at = {.panel = scratch, .more = (int32_t *)(void *)((char *)scratch + p->panel_bytes)};
    at.ones = (strip_t *)(void *)((char *)at.more + p->sum_bytes);
    at.rows = at.ones + p->length;
    int64_t filled = -1;
    for (int64_t i = 0; i < p->length; i++)
        at.ones[i] = 1;
    for (int64_t t = (int64_t)first_tile; t < (int64_t)last_tile; t++) {
        int64_t block = t / p->shares, batch = block / p->blocks, x, y;
        int64_t first = block % p->blocks * p->block;
        int64_t n = l->m - first < p->block ? l->m - first : p->block;
        rg_matmul_batch(call, l, batch, &x, &y);
        if (block != filled)
            fill_rows(p, (const int8_t *)in[0] + x + first * l->row_x, n, at.more, at.rows);
        filled = block;
        run_share(p, &at, (const int8_t *)in[1] + y,
                  (int8_t *)out[0] + (batch * l->m + first) * l->n, n, t % p->shares);
    }
}

RG_KERNEL(batch_matmul_s8) = {
    RG_KERNEL_HEAD(batch_matmul_s8),
    .summary = "Both sides copied together block by block, tiles of 4 x 16",
    RG_KERNEL_METHODS,
    .scratch_bytes = scratch_bytes,
};
