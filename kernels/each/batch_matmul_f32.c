/* batch_matmul_f32.c: products of stacks of float32 matrices. A tile is a few columns of one output
 * matrix: those of input 1 are laid side by side in scratch, then four rows at a time are
 * multiplied, each lane summing along k in the reference's order. */
#include "kernels/each/floats.h"
#include "kernels/ref/batch_matmul.h"

enum { COLS = 2 * RG_FLOATS, ROWS = 4, DEPTH_MAX = 1 << 20 };

static bool suits(const rg_op_call *call) {
    rg_matmul_layout l;
    return rg_matmul_lay_out(call, &l, NULL) == RG_OK && l.k <= DEPTH_MAX;
}

static size_t packed_bytes(const rg_op_call *call) {
    (void)call;
    return sizeof(rg_matmul_layout);
}

static rg_status pack(const rg_op_call *call, void *packed, rg_err *err) {
    return rg_matmul_lay_out(call, packed, err);
}

static size_t scratch_bytes(const rg_op_call *call) {
    rg_matmul_layout l;
    return rg_matmul_lay_out(call, &l, NULL) == RG_OK ? (size_t)l.k * COLS * sizeof(float) : 0;
}

static size_t strips_of(const rg_matmul_layout *l) {
    return (size_t)(l->n + COLS - 1) / COLS;
}

static size_t tiles(const rg_op_call *call) {
    rg_matmul_layout l;
    return rg_matmul_lay_out(call, &l, NULL) == RG_OK ? (size_t)l.batches * strips_of(&l) : 1;
}

/* `n` columns of input 1 as rows of COLS, the rest zeros. */
static void lay_columns(const rg_matmul_layout *l, const float *y, int64_t n, float *ret) {
    if (n < COLS)
        memset(ret, 0, (size_t)l->k * COLS * sizeof *ret);
    if (l->col_y == 1) {
        for (int64_t i = 0; i < l->k; i++)
            memcpy(ret + i * COLS, y + i * l->step_y, (size_t)n * sizeof *ret);
        return;
    }
    for (int64_t c = 0; c < n; c++)
        for (int64_t i = 0; i < l->k; i++)
            ret[i * COLS + c] = y[c * l->col_y + i * l->step_y];
}

/* `rows` rows of x times the columns. */
static inline __attribute__((always_inline)) void multiply(int rows, const rg_matmul_layout *l,
                                                           const float *x, const float *columns,
                                                           int64_t n, float *out) {
    rg_floats low[ROWS], high[ROWS];
    float whole[COLS];
    for (int r = 0; r < rows; r++)
        low[r] = high[r] = rg_floats_fill(0);
    for (int64_t i = 0; i < l->k; i++, columns += COLS) {
        rg_floats y0 = rg_floats_load(columns), y1 = rg_floats_load(columns + RG_FLOATS);
        for (int r = 0; r < rows; r++) {
            rg_floats v = rg_floats_fill(x[r * l->row_x + i * l->step_x]);
            low[r] += v * y0;
            high[r] += v * y1;
        }
    }
    for (int r = 0; r < rows; r++, out += l->n) {
        float *to = n == COLS ? out : whole;
        rg_floats_store(to, low[r]);
        rg_floats_store(to + RG_FLOATS, high[r]);
        if (n < COLS)
            memcpy(out, whole, (size_t)n * sizeof *out);
    }
}

static void run(const rg_op_call *call, const void *packed, const void *const *in, void *const *out,
                size_t first_tile, size_t last_tile, void *scratch) {
    const rg_matmul_layout *l = packed;
    for (size_t tile = first_tile; tile < last_tile; tile++) {
        int64_t batch = (int64_t)(tile / strips_of(l)), from_x, from_y, row = 0;
        int64_t c = (int64_t)(tile % strips_of(l)) * COLS, n = l->n - c < COLS ? l->n - c : COLS;
        rg_matmul_batch(call, l, batch, &from_x, &from_y);
        const float *x = (const float *)in[0] + from_x;
        float *to = (float *)out[0] + batch * l->m * l->n + c;
        lay_columns(l, (const float *)in[1] + from_y + c * l->col_y, n, scratch);
        for (; row + ROWS <= l->m; row += ROWS)
            multiply(ROWS, l, x + row * l->row_x, scratch, n, to + row * l->n);
        for (; row < l->m; row++)
            multiply(1, l, x + row * l->row_x, scratch, n, to + row * l->n);
    }
}

RG_KERNEL(batch_matmul_f32) = {RG_KERNEL_HEAD(batch_matmul_f32),
                               .summary = "Columns laid side by side, four rows at a time",
                               RG_KERNEL_METHODS, .scratch_bytes = scratch_bytes};
