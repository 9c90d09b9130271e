/* reduce.c: largest and smallest over neighbouring dimensions, and means and sums of int16: blocks
 * of columns side by side, or lines, in plain C that vectorises. mean.c and mean_f32.c are means
 * and sums of the other types. */
#include "kernels/each/level.h"
#include "kernels/each/requantize.h"
#include "kernels/each/sumplan.h"

enum { BLOCK = 256 };

static size_t tiles(const rg_op_call *call) {
    return rg_sum_tiles(call, BLOCK);
}

/* The columns of a tile: elements from the start of the input and of the output, and how many. */
typedef struct columns {
    size_t from, to, n;
} columns;

static columns columns_of(const rg_sum_plan *by, size_t tile) {
    size_t at = tile % rg_sum_blocks(by, BLOCK) * BLOCK, outer = tile / rg_sum_blocks(by, BLOCK);
    columns c = {.from = outer * by->count * by->inner + at, .to = outer * by->inner + at};
    c.n = by->inner - at < BLOCK ? by->inner - at : BLOCK;
    return c;
}

/* `join` of so far and the next value, in the reference's order. */
#define EXTREME(id, type, join)                                                                    \
    static void join_##id(const rg_sum_plan *by, const type *restrict x, type *restrict out,       \
                          size_t n) {                                                              \
        if (by->inner == 1) {                                                                      \
            type a = x[0];                                                                         \
            for (size_t r = 1; r < by->count; r++) {                                               \
                type b = x[r];                                                                     \
                a = join;                                                                          \
            }                                                                                      \
            out[0] = a;                                                                            \
            return;                                                                                \
        }                                                                                          \
        memcpy(out, x, n * sizeof *out);                                                           \
        for (size_t r = 1; r < by->count; r++) {                                                   \
            const type *row = x + r * by->inner;                                                   \
            for (size_t i = 0; i < n; i++) {                                                       \
                type a = out[i], b = row[i];                                                       \
                out[i] = join;                                                                     \
            }                                                                                      \
        }                                                                                          \
    }                                                                                              \
    static void run_##id(const rg_op_call *call, const void *packed, const void *const *in,        \
                         void *const *out, size_t first_tile, size_t last_tile, void *scratch) {   \
        const rg_sum_plan *by = &((const rg_sum_packed *)packed)->by;                              \
        (void)call;                                                                                \
        (void)scratch;                                                                             \
        for (size_t tile = first_tile; tile < last_tile; tile++) {                                 \
            columns c = columns_of(by, tile);                                                      \
            join_##id(by, (const type *)in[0] + c.from, (type *)out[0] + c.to, c.n);               \
        }                                                                                          \
    }                                                                                              \
    ROW(id, run_##id)
#define ROW(id, runs)                                                                              \
    RG_KERNEL(id) = {RG_KERNEL_HEAD(id),                                                           \
                     .summary = "Columns side by side, or lines",                                  \
                     .suits = rg_sum_suits,                                                        \
                     .packed_bytes = rg_sum_packed_bytes,                                          \
                     .pack = rg_sum_pack,                                                          \
                     .tiles = tiles,                                                               \
                     .run = runs}

EXTREME(reduce_max_s8, int8_t, b > a ? b : a);
EXTREME(reduce_max_u8, uint8_t, b > a ? b : a);
EXTREME(reduce_max_s16, int16_t, b > a ? b : a);
EXTREME(reduce_max_s32, int32_t, b > a ? b : a);
EXTREME(reduce_max_f32, float, b > a ? b : a);
EXTREME(reduce_min_s8, int8_t, b < a ? b : a);
EXTREME(reduce_min_u8, uint8_t, b < a ? b : a);
EXTREME(reduce_min_s16, int16_t, b < a ? b : a);
EXTREME(reduce_min_s32, int32_t, b < a ? b : a);
EXTREME(reduce_min_f32, float, b < a ? b : a);

/* Sums wrap like the original. */
static void add_columns(const rg_sum_plan *by, const int16_t *x, uint32_t *restrict sum, size_t n) {
    for (size_t r = 0; r < by->count; r++, x += by->inner) {
        for (size_t i = 0; i < n; i++)
            sum[i] += (uint32_t)x[i];
    }
}

static uint32_t add_line(const int16_t *x, size_t n) {
    uint32_t sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (uint32_t)x[i];
    return sum;
}

static void run_sums(const rg_op_call *call, const void *packed, const void *const *in,
                     void *const *out, size_t first_tile, size_t last_tile, void *scratch) {
    const rg_sum_packed *p = packed;
    uint32_t zero = (uint32_t)call->in[0]->quant.zero_point[0] * (uint32_t)p->by.count;
    (void)scratch;
    for (size_t tile = first_tile; tile < last_tile; tile++) {
        columns c = columns_of(&p->by, tile);
        const int16_t *x = (const int16_t *)in[0] + c.from;
        uint32_t sum[BLOCK] = {0};
        int32_t less[BLOCK];
        if (p->by.inner == 1)
            sum[0] = add_line(x, p->by.count);
        else
            add_columns(&p->by, x, sum, c.n);
        for (size_t i = 0; i < c.n; i++)
            less[i] = (int32_t)(sum[i] - zero);
        rg_requantize_words(less, (int16_t *)out[0] + c.to, c.n, p->factor,
                            call->out[0]->quant.zero_point[0], INT16_MIN, INT16_MAX);
    }
}

ROW(mean_s16, run_sums);
ROW(sum_s16, run_sums);
