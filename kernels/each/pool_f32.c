/* pool_f32.c: average and maximum over windows of float32 images, channels in vectors: each lane
 * takes its taps in the reference's order. max_pool.c and average_pool.c are the same for bytes. */
#include <float.h>

#include "kernels/each/floats.h"
#include "kernels/ref/activation.h"
#include "kernels/ref/pool.h"

#define ALWAYS static inline __attribute__((always_inline))

typedef struct plan {
    rg_pool_layout l;
    float low, high;
} plan;

/* Fewer channels than lanes are left to the next level. */
static bool suits(const rg_op_call *call) {
    return call->in[0]->shape.dim[3] >= RG_FLOATS;
}

static size_t packed_bytes(const rg_op_call *call) {
    (void)call;
    return sizeof(plan);
}

static rg_status pack(const rg_op_call *call, void *packed, rg_err *err) {
    plan *p = packed;
    rg_activation_range_f32(((const rg_pool_params *)call->params)->activation, &p->low, &p->high);
    return rg_pool_lay_out(call, &p->l, err);
}

static size_t tiles(const rg_op_call *call) {
    return (size_t)call->out[0]->shape.dim[0] * (size_t)call->out[0]->shape.dim[1];
}

/* The pixels of one window. */
typedef struct view {
    const float *first;
    int64_t rows, columns;
    size_t row, c; /* elements from row to row, from pixel to pixel */
} view;

ALWAYS rg_floats tap(rg_floats so_far, const float *x, bool is_max) {
    rg_floats v = rg_floats_load(x);
    return is_max ? rg_floats_max(so_far, v) : so_far + v;
}

/* `vecs` vectors of channels from `at` on. */
ALWAYS void pool(const plan *p, const view *v, float *out, size_t at, int vecs, bool is_max) {
    rg_floats sum[4], start = rg_floats_fill(is_max ? -FLT_MAX : 0);
    float count = (float)(v->rows * v->columns);
    for (int k = 0; k < vecs; k++)
        sum[k] = start;
    for (int64_t y = 0; y < v->rows; y++) {
        const float *x = v->first + (size_t)y * v->row + at;
        for (int64_t i = 0; i < v->columns; i++, x += v->c) {
            for (int k = 0; k < vecs; k++)
                sum[k] = tap(sum[k], x + k * RG_FLOATS, is_max);
        }
    }
    for (int k = 0; k < vecs; k++) {
        rg_floats mean = is_max ? sum[k] : sum[k] / count;
        mean = rg_floats_min(rg_floats_max(mean, rg_floats_fill(p->low)), rg_floats_fill(p->high));
        rg_floats_store(out + at + k * RG_FLOATS, mean);
    }
}

/* All channels; the last vector overlaps the one before it. */
ALWAYS void pixel(const plan *p, const view *v, float *out, bool is_max) {
    size_t at = 0;
    for (; at + 4 * RG_FLOATS <= v->c; at += 4 * RG_FLOATS)
        pool(p, v, out, at, 4, is_max);
    for (; at + RG_FLOATS <= v->c; at += RG_FLOATS)
        pool(p, v, out, at, 1, is_max);
    if (at < v->c)
        pool(p, v, out, v->c - RG_FLOATS, 1, is_max);
}

ALWAYS void run_rows(const plan *p, const float *in, float *out, size_t first_tile,
                     size_t last_tile, bool is_max) {
    const rg_pool_layout *l = &p->l;
    view v = {.c = (size_t)l->c, .row = (size_t)(l->x.in * l->c)};
    out += first_tile * (size_t)(l->x.out * l->c);
    for (int64_t row = (int64_t)first_tile; row < (int64_t)last_tile; row++) {
        rg_taps y = rg_pool_taps(&l->y, row % l->y.out);
        const float *top = in + (size_t)(row / l->y.out * l->y.in + y.at) * v.row;
        v.rows = y.last - y.first;
        for (int64_t ox = 0; ox < l->x.out; ox++, out += v.c) {
            rg_taps x = rg_pool_taps(&l->x, ox);
            v.columns = x.last - x.first;
            v.first = top + (size_t)x.at * v.c;
            pixel(p, &v, out, is_max);
        }
    }
}

#define ROW(id, is_max)                                                                            \
    static void run_##id(const rg_op_call *call, const void *packed, const void *const *in,        \
                         void *const *out, size_t first_tile, size_t last_tile, void *scratch) {   \
        (void)call;                                                                                \
        (void)scratch;                                                                             \
        run_rows(packed, in[0], out[0], first_tile, last_tile, is_max);                            \
    }                                                                                              \
    RG_KERNEL(id) = {RG_KERNEL_HEAD(id), .summary = "Windows, channels in vectors",                \
                     .suits = suits,     .packed_bytes = packed_bytes,                             \
                     .pack = pack,       .tiles = tiles,                                           \
                     .run = run_##id}

ROW(average_pool2d_f32, false);
ROW(max_pool2d_f32, true);
