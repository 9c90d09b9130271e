/* batch_matmul_words.c: products of stacks of matrices of int16, and of float32 rows quantized as
 * they come with int8 columns. A tile is some rows of one output matrix: they stand in scratch as
 * int16, then the columns come by strips, laid in pairs along k. Products of int16 overflow 32 bits
 * soon: rows are split into their high and low bytes, both sums are joined in 64 bits every so
 * often.
 */
#include "kernels/each/hybrid.h"
#include "kernels/each/words.h"
#include "kernels/ref/batch_matmul.h"

enum { COLS = 2 * RG_WORDS, ROWS = 4, BLOCK_BYTES = 48 << 10, DEPTH_MAX = 1 << 20 };
enum { CHUNK = 254 }; /* 254 * 255 * 2^15 < 2^31 */

typedef struct plan {
    rg_matmul_layout l;
    int64_t depth;         /* k, rounded up to a pair */
    int64_t block, blocks; /* rows of a tile, tiles of a matrix */
    int64_t parts;         /* rows in scratch for each: high and low bytes */
    rg_factor factor;
} plan;

static bool lay_out(const rg_op_call *call, plan *ret) {
    plan p = {.parts = call->op->in == RG_DTYPE_INT16 ? 2 : 1};
    if (rg_matmul_lay_out(call, &p.l, NULL) != RG_OK || p.l.k > DEPTH_MAX)
        return false;
    p.depth = (p.l.k + 1) / 2 * 2;
    int64_t fit = BLOCK_BYTES / (p.depth * p.parts * (int64_t)sizeof(int16_t));
    p.block = fit > p.l.m ? p.l.m : fit < ROWS ? ROWS : fit / ROWS * ROWS;
    p.blocks = (p.l.m + p.block - 1) / p.block;
    *ret = p;
    return true;
}

/* One row of int16 times columns that stand as rows: laying them out costs more than it saves. */
static bool suits(const rg_op_call *call) {
    plan p;
    return lay_out(call, &p) && (p.parts == 1 || p.l.m > 1 || p.l.step_y != 1);
}

static size_t packed_bytes(const rg_op_call *call) {
    (void)call;
    return sizeof(plan);
}

static rg_status pack(const rg_op_call *call, void *packed, rg_err *err) {
    plan *p = packed;
    lay_out(call, p);
    return call->op->prepare ? call->op->prepare(call, &p->factor, err) : RG_OK;
}

/* The strip of columns, then rows, then how they were quantized. */
static size_t strip_bytes(const plan *p) {
    return (size_t)p->depth * COLS * sizeof(int16_t);
}

static size_t rows_bytes(const plan *p) {
    return ((size_t)(p->block * p->parts * p->depth) * sizeof(int16_t) + 63) / 64 * 64;
}

static size_t scratch_bytes(const rg_op_call *call) {
    plan p;
    if (!lay_out(call, &p))
        return 0;
    return strip_bytes(&p) + rows_bytes(&p) + (size_t)p.block * sizeof(rg_hybrid);
}

static size_t tiles(const rg_op_call *call) {
    plan p;
    return lay_out(call, &p) ? (size_t)(p.l.batches * p.blocks) : 1;
}

#define GATHER(type)                                                                               \
    for (int64_t i = 0; i < l->k; i++) {                                                           \
        const type *from = (const type *)y + i * l->step_y;                                        \
        int16_t *pair = ret + i / 2 * 2 * COLS;                                                    \
        for (int64_t c = 0; c < n; c++)                                                            \
            pair[c / RG_WORDS * RG_PAIRS_VEC +                                                     \
                 (int64_t)rg_word_at((size_t)c % RG_WORDS, (size_t)i % 2)] = from[c * l->col_y];   \
    }

/* `n` columns of input 1 in pairs along k, the rest zeros. */
static void lay_columns(const plan *p, bool is_wide, const void *y, int64_t n, int16_t *ret) {
    const rg_matmul_layout *l = &p->l;
    if (n < COLS || l->k < p->depth)
        memset(ret, 0, strip_bytes(p));
    if (is_wide) {
        GATHER(int16_t)
    } else {
        GATHER(int8_t)
    }
}

/* A row of int16: its high bytes, then its low ones. */
static void lay_words(const plan *p, const int16_t *x, int16_t *ret) {
    memset(ret, 0, (size_t)(2 * p->depth) * sizeof *ret);
    for (int64_t i = 0; i < p->l.k; i++) {
        int16_t v = x[i * p->l.step_x];
        ret[i] = (int16_t)(v >> 8);
        ret[p->depth + i] = v & 255;
    }
}

static rg_hybrid lay_floats(const plan *p, bool asymmetric, const float *x, int16_t *ret) {
    ret[p->depth - 1] = 0;
    if (p->l.step_x == 1) {
        rg_hybrid h = rg_hybrid_of_row(x, p->l.k, asymmetric);
        rg_hybrid_row(&h, x, p->l.k, ret);
        return h;
    }
    rg_hybrid h = rg_hybrid_of(x, p->l.k, p->l.step_x, asymmetric);
    rg_hybrid_chunk(&h, x, p->l.k, p->l.step_x, ret);
    return h;
}

/* `rows` rows, `step` apart, times a strip: sums over n numbers. */
static inline __attribute__((always_inline)) void
multiply(int rows, const int16_t *x, int64_t step, const int16_t *strip, int64_t n, int32_t *ret) {
    rg_ints s[ROWS][2] = {0};
    for (int64_t i = 0; i < n; i += 2, strip += 2 * RG_PAIRS_VEC) {
        rg_vec w0 = rg_vec_load(strip), w1 = rg_vec_load(strip + RG_PAIRS_VEC);
        for (int r = 0; r < rows; r++) {
            s[r][0] = rg_words_dot(s[r][0], x + r * step + i, w0);
            s[r][1] = rg_words_dot(s[r][1], x + r * step + i, w1);
        }
    }
    for (int r = 0; r < rows; r++, ret += COLS) {
        rg_ints_store(ret, s[r][0]);
        rg_ints_store(ret + RG_WORDS, s[r][1]);
    }
}

/* Two rows of int16 at most times a strip. */
static void strip_words(const plan *p, int64_t rows, const int16_t *x, const int16_t *strip,
                        int64_t n, int16_t *out) {
    int64_t whole[2][COLS] = {0};
    for (int64_t i = 0; i < p->depth; i += CHUNK) {
        int64_t part = p->depth - i < CHUNK ? p->depth - i : CHUNK;
        int32_t sum[4][COLS]; /* high and low bytes of both */
        if (rows == 2)
            multiply(4, x + i, p->depth, strip + i * COLS, part, sum[0]);
        else
            multiply(2, x + i, p->depth, strip + i * COLS, part, sum[0]);
        for (int64_t r = 0; r < rows; r++)
            for (int64_t c = 0; c < COLS; c++)
                whole[r][c] += (int64_t)sum[2 * r][c] * 256 + sum[2 * r + 1][c];
    }
    for (int64_t r = 0; r < rows; r++, out += p->l.n)
        for (int64_t c = 0; c < n; c++)
            out[c] = (int16_t)rg_clamp(rg_factor_apply_wide(p->factor, whole[r][c]), INT16_MIN,
                                       INT16_MAX);
}

/* Four rows of quantized floats at most times a strip that starts at column `first`. */
static void strip_floats(const plan *p, const rg_tensor *y, int64_t rows, const int16_t *x,
                         const rg_hybrid *h, const int16_t *strip, int64_t first, int64_t n,
                         float *out) {
    int32_t sum[ROWS][COLS];
    if (rows == ROWS) {
        multiply(ROWS, x, p->depth, strip, p->depth, sum[0]);
    } else {
        for (int64_t r = 0; r < rows; r++)
            multiply(1, x + r * p->depth, p->depth, strip, p->depth, sum[r]);
    }
    for (int64_t r = 0; r < rows; r++, out += p->l.n)
        for (int64_t c = 0; c < n; c++)
            out[c] = (float)sum[r][c] * (h[r].scale * rg_hybrid_scale(y, first + c));
}

/* All columns for `rows` rows that stand in scratch. */
static void run_rows(const rg_op_call *call, const plan *p, const void *y, int64_t rows,
                     char *scratch, void *out) {
    const rg_matmul_layout *l = &p->l;
    bool is_wide = p->parts == 2;
    int16_t *strip = (int16_t *)scratch, *x = (int16_t *)(scratch + strip_bytes(p));
    const rg_hybrid *h = (const rg_hybrid *)((char *)x + rows_bytes(p));
    for (int64_t c = 0; c < l->n; c += COLS) {
        int64_t n = l->n - c < COLS ? l->n - c : COLS;
        lay_columns(p, is_wide, (const char *)y + c * l->col_y * (is_wide ? 2 : 1), n, strip);
        for (int64_t r = 0, some; r < rows; r += some) {
            int64_t most = is_wide ? 2 : ROWS;
            some = rows - r < most ? rows - r : most;
            if (is_wide)
                strip_words(p, some, x + r * 2 * p->depth, strip, n, (int16_t *)out + r * l->n + c);
            else
                strip_floats(p, call->in[1], some, x + r * p->depth, h + r, strip, c, n,
                             (float *)out + r * l->n + c);
        }
    }
}

static void run(const rg_op_call *call, const void *packed, const void *const *in, void *const *out,
                size_t first_tile, size_t last_tile, void *scratch) {
    const plan *p = packed;
    const rg_matmul_layout *l = &p->l;
    bool is_wide = p->parts == 2;
    bool asymmetric = ((const rg_matmul_params *)call->params)->asymmetric_quantize_inputs;
    int16_t *x = (int16_t *)((char *)scratch + strip_bytes(p));
    rg_hybrid *h = (rg_hybrid *)((char *)x + rows_bytes(p));
    for (int64_t tile = (int64_t)first_tile; tile < (int64_t)last_tile; tile++) {
        int64_t batch = tile / p->blocks, from_x, from_y, row = tile % p->blocks * p->block;
        int64_t rows = l->m - row < p->block ? l->m - row : p->block;
        rg_matmul_batch(call, l, batch, &from_x, &from_y);
        for (int64_t r = 0; r < rows; r++) {
            int64_t at = from_x + (row + r) * l->row_x;
            if (is_wide)
                lay_words(p, (const int16_t *)in[0] + at, x + r * 2 * p->depth);
            else
                h[r] = lay_floats(p, asymmetric, (const float *)in[0] + at, x + r * p->depth);
        }
        run_rows(call, p, (const char *)in[1] + from_y * (is_wide ? 2 : 1), rows, scratch,
                 (char *)out[0] + (size_t)((batch * l->m + row) * l->n) * (is_wide ? 2 : 4));
    }
}

#define ROW(id)                                                                                    \
    RG_KERNEL(id) = {RG_KERNEL_HEAD(id),                                                           \
                     .summary = "Columns in pairs along k, some rows at a time",                   \
                     RG_KERNEL_METHODS, .scratch_bytes = scratch_bytes}

ROW(batch_matmul_s16);
ROW(batch_matmul_f32_s8);
