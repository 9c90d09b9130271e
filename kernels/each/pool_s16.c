/* pool_s16.c: average and maximum over windows of int16 images, a block of channels at a time in
 * plain C that vectorises. The mean is a quotient of two numbers below 2^31: in double it lies at
 * least 2^-16 from the next whole number, so that cutting it gives the integer quotient. */
#include "kernels/each/level.h"
#include "kernels/ref/activation.h"
#include "kernels/ref/need.h"
#include "kernels/ref/pool.h"

enum { BLOCK = 64, WINDOW_MAX = 65000 };

typedef struct plan {
    rg_pool_layout l;
    int32_t low, high;
} plan;

/* Sums fit int32. */
static bool suits(const rg_op_call *call) {
    rg_pool_layout l;
    return rg_pool_lay_out(call, &l, NULL) == RG_OK && l.y.filter <= WINDOW_MAX &&
           l.x.filter <= WINDOW_MAX / l.y.filter;
}

static size_t packed_bytes(const rg_op_call *call) {
    (void)call;
    return sizeof(plan);
}

static rg_status pack(const rg_op_call *call, void *packed, rg_err *err) {
    plan *p = packed;
    int activation = ((const rg_pool_params *)call->params)->activation;
    rg_activation_range(activation, call->out[0], &p->low, &p->high);
    return rg_pool_lay_out(call, &p->l, err);
}

static size_t tiles(const rg_op_call *call) {
    return (size_t)call->out[0]->shape.dim[0] * (size_t)call->out[0]->shape.dim[1];
}

/* The pixels of one window. */
typedef struct view {
    const int16_t *first;
    int64_t rows, columns;
    size_t row, c; /* elements from row to row, from pixel to pixel */
} view;

static inline int16_t within(const plan *p, int32_t q) {
    q = q < p->low ? p->low : q;
    return (int16_t)(q > p->high ? p->high : q);
}

/* n <= BLOCK channels. */
static void average(const plan *p, const view *v, int16_t *restrict out, size_t n) {
    int32_t sum[BLOCK] = {0}, half = (int32_t)(v->rows * v->columns / 2);
    double count = (double)(v->rows * v->columns);
    for (int64_t y = 0; y < v->rows; y++) {
        const int16_t *x = v->first + (size_t)y * v->row;
        for (int64_t i = 0; i < v->columns; i++, x += v->c)
            for (size_t c = 0; c < n; c++)
                sum[c] += x[c];
    }
    for (size_t c = 0; c < n; c++)
        out[c] = within(p, (int32_t)((double)(sum[c] > 0 ? sum[c] + half : sum[c] - half) / count));
}

static void maximum(const plan *p, const view *v, int16_t *restrict out, size_t n) {
    int16_t most[BLOCK];
    for (size_t c = 0; c < n; c++)
        most[c] = INT16_MIN;
    for (int64_t y = 0; y < v->rows; y++) {
        const int16_t *x = v->first + (size_t)y * v->row;
        for (int64_t i = 0; i < v->columns; i++, x += v->c)
            for (size_t c = 0; c < n; c++)
                most[c] = most[c] < x[c] ? x[c] : most[c];
    }
    for (size_t c = 0; c < n; c++)
        out[c] = within(p, most[c]);
}

typedef void pool_fn(const plan *, const view *, int16_t *, size_t);

static void run_rows(const plan *p, const int16_t *in, int16_t *out, size_t first_tile,
                     size_t last_tile, pool_fn *pool) {
    const rg_pool_layout *l = &p->l;
    view v = {.c = (size_t)l->c, .row = (size_t)(l->x.in * l->c)};
    out += first_tile * (size_t)(l->x.out * l->c);
    for (int64_t row = (int64_t)first_tile; row < (int64_t)last_tile; row++) {
        rg_taps y = rg_pool_taps(&l->y, row % l->y.out);
        const int16_t *top = in + (size_t)(row / l->y.out * l->y.in + y.at) * v.row;
        v.rows = y.last - y.first;
        for (int64_t ox = 0; ox < l->x.out; ox++, out += v.c) {
            rg_taps x = rg_pool_taps(&l->x, ox);
            v.columns = x.last - x.first;
            for (size_t c = 0; c < v.c; c += BLOCK) {
                v.first = top + (size_t)x.at * v.c + c;
                pool(p, &v, out + c, v.c - c < BLOCK ? v.c - c : BLOCK);
            }
        }
    }
}

#define ROW(id, pool)                                                                              \
    static void run_##id(const rg_op_call *call, const void *packed, const void *const *in,        \
                         void *const *out, size_t first_tile, size_t last_tile, void *scratch) {   \
        (void)call;                                                                                \
        (void)scratch;                                                                             \
        run_rows(packed, in[0], out[0], first_tile, last_tile, pool);                              \
    }                                                                                              \
    RG_KERNEL(id) = {RG_KERNEL_HEAD(id), .summary = "Windows, blocks of channels side by side",    \
                     .suits = suits,     .packed_bytes = packed_bytes,                             \
                     .pack = pack,       .tiles = tiles,                                           \
                     .run = run_##id}

ROW(average_pool2d_s16, average);
ROW(max_pool2d_s16, maximum);
