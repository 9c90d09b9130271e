/* mean.c: means and sums of bytes over neighbouring dimensions, as global pooling asks: rows of
 * channels are summed in registers, two at a time, then requantized together. */
#include "kernels/each/requantize.h"
#include "kernels/each/sumplan.h"
#include "kernels/each/sums.h"

enum { BLOCK = 64, BLOCK_VECS = BLOCK / RG_VEC_BYTES, TAPS = 120 }; /* 255 * 120 < 2^15 */

static size_t tiles(const rg_op_call *call) {
    return rg_sum_tiles(call, BLOCK);
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
sum_block(const rg_sum_plan *by, const uint8_t *x, int32_t *sum, size_t n, bool is_unsigned) {
    for (size_t done = 0; done < by->count; done += TAPS) {
        size_t rows = by->count - done < TAPS ? by->count - done : TAPS, at = 0;
        const uint8_t *from = x + done * by->inner;
        if (n == BLOCK) {
            add_rows(sum, from, by->inner, rows, BLOCK_VECS, is_unsigned);
            continue;
        }
        for (; at + RG_VEC_BYTES <= n; at += RG_VEC_BYTES)
            add_rows(sum + at, from + at, by->inner, rows, 1, is_unsigned);
        add_narrow(sum + at, from + at, by->inner, rows, n - at, is_unsigned);
    }
}

static void run(const rg_op_call *call, const void *packed, const void *const *in, void *const *out,
                size_t first_tile, size_t last_tile, void *scratch) {
    (void)scratch;
    const rg_sum_packed *p = packed;
    const rg_sum_plan *by = &p->by;
    bool is_unsigned = call->op->in == RG_DTYPE_UINT8;
    uint32_t zero = (uint32_t)call->in[0]->quant.zero_point[0] * (uint32_t)by->count;
    for (size_t tile = first_tile; tile < last_tile; tile++) {
        size_t at = tile % rg_sum_blocks(by, BLOCK) * BLOCK,
               outer = tile / rg_sum_blocks(by, BLOCK);
        size_t n = by->inner - at < BLOCK ? by->inner - at : BLOCK;
        const uint8_t *x = (const uint8_t *)in[0] + outer * by->count * by->inner + at;
        int32_t sum[BLOCK] = {0};
        if (by->inner == 1)
            sum[0] = add_line(x, by->count, is_unsigned);
        else if (is_unsigned)
            sum_block(by, x, sum, n, true);
        else
            sum_block(by, x, sum, n, false);
        for (size_t i = 0; i < n; i++)
            sum[i] = (int32_t)((uint32_t)sum[i] - zero);
        rg_requantize_row(sum, (uint8_t *)out[0] + outer * by->inner + at, n, p->factor,
                          call->out[0]->quant.zero_point[0], rg_dtype_low(call->op->out),
                          rg_dtype_high(call->op->out));
    }
}

#define ROW(id)                                                                                    \
    RG_KERNEL(id) = {RG_KERNEL_HEAD(id),                                                           \
                     .summary = "Rows of channels summed in registers",                            \
                     .suits = rg_sum_suits,                                                        \
                     .packed_bytes = rg_sum_packed_bytes,                                          \
                     .pack = rg_sum_pack,                                                          \
                     .tiles = tiles,                                                               \
                     .run = run}

ROW(mean_s8);
ROW(mean_u8);
ROW(sum_s8);
