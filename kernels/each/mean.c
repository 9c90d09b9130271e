/* mean.c: means and sums of bytes over neighbouring dimensions, as global pooling asks: rows of
 * channels are summed in registers, two at a time, then requantized together. */
#include "kernels/each/requantize.h"
#include "kernels/each/sums.h"
#include "kernels/ref/axes.h"

enum { BLOCK = 64, BLOCK_VECS = BLOCK / RG_VEC_BYTES, TAPS = 120 }; /* 255 * 120 < 2^15 */

typedef struct plan {
    rg_factor factor;
    size_t outer, count, inner; /* the input as outer x count x inner */
} plan;

/* Reduced dimensions that follow each other in memory. */
static bool lay_out(const rg_op_call *call, plan *ret) {
    rg_axes axes = rg_axes_plan(call);
    size_t inner = 0, next = 0; /* next: step that the dimension outside must have */
    for (uint32_t i = axes.n; i-- > 0;) {
        if (axes.dim[i] == 1)
            continue;
        if (inner == 0)
            inner = axes.step[i];
        else if (axes.step[i] != next)
            return false;
        next = axes.step[i] * axes.dim[i];
    }
    ret->count = axes.count;
    ret->inner = inner ? inner : 1;
    ret->outer = rg_elements(call->in[0]) / ret->count / ret->inner;
    return true;
}

static bool suits(const rg_op_call *call) {
    plan p;
    return lay_out(call, &p);
}

static size_t packed_bytes(const rg_op_call *call) {
    (void)call;
    return sizeof(plan);
}

static rg_status pack(const rg_op_call *call, void *packed, rg_err *err) {
    plan *p = packed;
    lay_out(call, p);
    return call->op->prepare(call, &p->factor, err);
}

/* Blocks of outputs. */
static size_t blocks(const plan *p) {
    return (p->inner + BLOCK - 1) / BLOCK;
}

static size_t tiles(const rg_op_call *call) {
    plan p;
    return lay_out(call, &p) ? p.outer * blocks(&p) : 1;
}

static inline __attribute__((always_inline)) void
add_rows(int32_t *sum, const uint8_t *x, size_t step, size_t rows, int vecs, bool is_unsigned) {
    rg_sums s[BLOCK_VECS];
    int16_t part[BLOCK];
    size_t r = 0;
    for (int i = 0; i < vecs; i++)
        s[i] = rg_sums_start();
    for (; r + 2 <= rows; r += 2) {
        for (int i = 0; i < vecs; i++)
            s[i] = rg_sums_more(s[i], rg_vec_load(x + r * step + i * RG_VEC_BYTES),
                                rg_vec_load(x + (r + 1) * step + i * RG_VEC_BYTES), is_unsigned);
    }
    for (int i = 0; i < vecs; i++) {
        if (r < rows)
            s[i] = rg_sums_more(s[i], rg_vec_load(x + r * step + i * RG_VEC_BYTES), rg_vec_fill(0),
                                is_unsigned);
        rg_sums_store(part + i * RG_VEC_BYTES, s[i]);
    }
    for (int i = 0; i < vecs * RG_VEC_BYTES; i++)
        sum[i] += part[i];
}

/* Sums of n < 64 neighbouring columns. */
static void add_narrow(int32_t *sum, const uint8_t *x, size_t step, size_t rows, size_t n,
                       bool is_unsigned) {
    for (size_t r = 0; r < rows; r++) {
        for (size_t i = 0; i < n; i++)
            sum[i] += is_unsigned ? x[r * step + i] : (int8_t)x[r * step + i];
    }
}

/* One number from neighbours. */
static int32_t add_line(const uint8_t *x, size_t n, bool is_unsigned) {
    uint32_t sum = 0; /* wraps like the original */
    if (is_unsigned) {
        for (size_t i = 0; i < n; i++)
            sum += x[i];
    } else {
        for (size_t i = 0; i < n; i++)
            sum += (uint32_t)(int8_t)x[i];
    }
    return (int32_t)sum;
}

static inline __attribute__((always_inline)) void
sum_block(const plan *p, const uint8_t *x, int32_t *sum, size_t n, bool is_unsigned) {
    for (size_t done = 0; done < p->count; done += TAPS) {
        size_t rows = p->count - done < TAPS ? p->count - done : TAPS, at = 0;
        const uint8_t *from = x + done * p->inner;
        if (n == BLOCK) {
            add_rows(sum, from, p->inner, rows, BLOCK_VECS, is_unsigned);
            continue;
        }
        for (; at + RG_VEC_BYTES <= n; at += RG_VEC_BYTES)
            add_rows(sum + at, from + at, p->inner, rows, 1, is_unsigned);
        add_narrow(sum + at, from + at, p->inner, rows, n - at, is_unsigned);
    }
}

static void run(const rg_op_call *call, const void *packed, const void *const *in, void *const *out,
                size_t first_tile, size_t last_tile, void *scratch) {
    (void)scratch;
    const plan *p = packed;
    bool is_unsigned = call->op->in == RG_DTYPE_UINT8;
    uint32_t zero = (uint32_t)call->in[0]->quant.zero_point[0] * (uint32_t)p->count;
    for (size_t tile = first_tile; tile < last_tile; tile++) {
        size_t at = tile % blocks(p) * BLOCK, outer = tile / blocks(p);
        size_t n = p->inner - at < BLOCK ? p->inner - at : BLOCK;
        const uint8_t *x = (const uint8_t *)in[0] + outer * p->count * p->inner + at;
        int32_t sum[BLOCK] = {0};
        if (p->inner == 1)
            sum[0] = add_line(x, p->count, is_unsigned);
        else if (is_unsigned)
            sum_block(p, x, sum, n, true);
        else
            sum_block(p, x, sum, n, false);
        for (size_t i = 0; i < n; i++)
            sum[i] = (int32_t)((uint32_t)sum[i] - zero);
        rg_requantize_row(sum, (uint8_t *)out[0] + outer * p->inner + at, n, p->factor,
                          call->out[0]->quant.zero_point[0], rg_dtype_low(call->op->out),
                          rg_dtype_high(call->op->out));
    }
}

#define ROW(id)                                                                                    \
    RG_KERNEL(id) = {RG_KERNEL_HEAD(id), .summary = "Rows of channels summed in registers",        \
                     .suits = suits,     .packed_bytes = packed_bytes,                             \
                     .pack = pack,       .tiles = tiles,                                           \
                     .run = run}

ROW(mean_s8);
ROW(mean_u8);
ROW(sum_s8);
