/* mean_f32.c: means and sums of float32 over neighbouring dimensions. Each output is summed in the
 * reference's order, many outputs side by side: neighbouring columns as lanes, or, where lines
 * themselves are summed, eight lines at once. mean.c is the same for bytes. */
#include "kernels/each/floats.h"
#include "kernels/each/sumplan.h"

enum { BLOCK = 4 * RG_FLOATS, LINES = 8 };

typedef struct plan {
    rg_sum_plan by;
    bool divides;
} plan;

static size_t packed_bytes(const rg_op_call *call) {
    (void)call;
    return sizeof(plan);
}

static rg_status pack(const rg_op_call *call, void *packed, rg_err *err) {
    (void)err;
    plan *p = packed;
    rg_sum_lay_out(call, &p->by);
    p->divides = !strcmp(call->op->kind, "mean");
    return RG_OK;
}

/* Blocks of columns of one outer element; lines by eights. */
static size_t blocks(const rg_sum_plan *by) {
    return (by->inner + BLOCK - 1) / BLOCK;
}

static size_t tiles_of(const rg_sum_plan *by) {
    return by->inner == 1 ? (by->outer + LINES - 1) / LINES : by->outer * blocks(by);
}

static size_t tiles(const rg_op_call *call) {
    rg_sum_plan by;
    return rg_sum_lay_out(call, &by) ? tiles_of(&by) : 1;
}

static inline float given(const plan *p, float sum) {
    return p->divides ? sum / (float)p->by.count : sum;
}

/* Columns [0, n) of a block. */
static void add_columns(const plan *p, const float *x, float *out, size_t n) {
    size_t at = 0, step = p->by.inner, count = p->by.count;
    for (; at + BLOCK <= n; at += BLOCK) {
        rg_floats sum[4] = {0};
        for (size_t i = 0; i < count; i++) {
            for (int k = 0; k < 4; k++)
                sum[k] += rg_floats_load(x + i * step + at + (size_t)k * RG_FLOATS);
        }
        for (int k = 0; k < 4; k++)
            rg_floats_store(out + at + (size_t)k * RG_FLOATS,
                            p->divides ? sum[k] / (float)count : sum[k]);
    }
    for (; at + RG_FLOATS <= n; at += RG_FLOATS) {
        rg_floats sum = {0};
        for (size_t i = 0; i < count; i++)
            sum += rg_floats_load(x + i * step + at);
        rg_floats_store(out + at, p->divides ? sum / (float)count : sum);
    }
    for (; at < n; at++) {
        float sum = 0;
        for (size_t i = 0; i < count; i++)
            sum += x[i * step + at];
        out[at] = given(p, sum);
    }
}

static void add_lines(const plan *p, const float *x, float *out, size_t lines) {
    size_t count = p->by.count;
    float sum[LINES] = {0};
    if (lines == LINES) {
        for (size_t i = 0; i < count; i++) {
            for (size_t l = 0; l < LINES; l++)
                sum[l] += x[l * count + i];
        }
    } else {
        for (size_t l = 0; l < lines; l++) {
            for (size_t i = 0; i < count; i++)
                sum[l] += x[l * count + i];
        }
    }
    for (size_t l = 0; l < lines; l++)
        out[l] = given(p, sum[l]);
}

static void run(const rg_op_call *call, const void *packed, const void *const *in, void *const *out,
                size_t first_tile, size_t last_tile, void *scratch) {
    (void)call;
    (void)scratch;
    const plan *p = packed;
    const rg_sum_plan *by = &p->by;
    for (size_t tile = first_tile; tile < last_tile; tile++) {
        if (by->inner == 1) {
            size_t line = tile * LINES, lines = by->outer - line;
            add_lines(p, (const float *)in[0] + line * by->count, (float *)out[0] + line,
                      lines < LINES ? lines : LINES);
            continue;
        }
        size_t at = tile % blocks(by) * BLOCK, outer = tile / blocks(by);
        size_t n = by->inner - at < BLOCK ? by->inner - at : BLOCK;
        add_columns(p, (const float *)in[0] + outer * by->count * by->inner + at,
                    (float *)out[0] + outer * by->inner + at, n);
    }
}

#define ROW(id)                                                                                    \
    RG_KERNEL(id) = {RG_KERNEL_HEAD(id),                                                           \
                     .summary = "Each sum in the reference's order, many side by side",            \
                     .suits = rg_sum_suits,                                                        \
                     .packed_bytes = packed_bytes,                                                 \
                     .pack = pack,                                                                 \
                     .tiles = tiles,                                                               \
                     .run = run}

ROW(mean_f32);
ROW(sum_f32);
