/* topk.c: the k largest values of each row and where they stand, in falling order, equal ones by
 * their place: topk_v2 over float32, int8, uint8 and int32. k is a constant. */
#include "kernels/ref/need.h"

enum { X, K };

static rg_status infer(const rg_op_call *call, rg_tensor *ret_out, rg_err *err) {
    int64_t k[1];
    size_t n;
    rg_status status = rg_need_inputs(call, 2, err);
    if (status == RG_OK)
        status = rg_need_elements(call->in[X], "input", err);
    if (status == RG_OK)
        status = rg_need_integers(call->in[K], "k", 1, k, &n, err);
    if (status != RG_OK)
        return status;
    rg_shape shape = call->in[X]->shape;
    rg_dtype dtype = call->in[X]->dtype;
    if (dtype != RG_DTYPE_FLOAT32 && dtype != RG_DTYPE_INT8 && dtype != RG_DTYPE_UINT8 &&
        dtype != RG_DTYPE_INT32)
        return rg_fail(err, RG_UNSUPPORTED, NULL, "topk_v2 over %s", rg_dtype_word(dtype));
    if (shape.rank < 1 || n != 1 || k[0] < 1 || k[0] > shape.dim[shape.rank - 1])
        return rg_fail(err, RG_BAD_DATA, NULL, "topk_v2 of %lld", n ? (long long)k[0] : 0);
    shape.dim[shape.rank - 1] = (int32_t)k[0];
    status = rg_give_output(&ret_out[0], dtype, &shape, err);
    return status == RG_OK ? rg_give_output(&ret_out[1], RG_DTYPE_INT32, &shape, err) : status;
}

static size_t tiles(const rg_op_call *call) {
    const rg_shape *shape = &call->in[X]->shape;
    return rg_elements(call->in[X]) / (size_t)shape->dim[shape->rank - 1];
}

/* Each next one is the best of those behind the last in the order (value, place). */
#define ROWS(type)                                                                                 \
    for (size_t row = first_tile; row < last_tile; row++) {                                        \
        const type *x = (const type *)in[X] + row * (size_t)n;                                     \
        type *value = (type *)out[0] + row * (size_t)k;                                            \
        int32_t *place = (int32_t *)out[1] + row * (size_t)k, last = -1;                           \
        for (int32_t i = 0; i < k; i++) {                                                          \
            int32_t best = -1;                                                                     \
            for (int32_t c = 0; c < n; c++) {                                                      \
                bool behind = last < 0 || x[c] < x[last] || (x[c] == x[last] && c > last);         \
                if (behind && (best < 0 || x[c] > x[best]))                                        \
                    best = c;                                                                      \
            }                                                                                      \
            last = best < 0 ? last : best;                                                         \
            place[i] = last < 0 ? 0 : last;                                                        \
            value[i] = x[place[i]];                                                                \
        }                                                                                          \
    }

static void run(const rg_op_call *call, const void *state, const void *const *in, void *const *out,
                size_t first_tile, size_t last_tile) {
    const rg_shape *shape = &call->in[X]->shape;
    int32_t n = shape->dim[shape->rank - 1], k = call->out[0]->shape.dim[shape->rank - 1];
    (void)state;
    switch (call->in[X]->dtype) {
    case RG_DTYPE_FLOAT32:
        ROWS(float)
        return;
    case RG_DTYPE_INT8:
        ROWS(int8_t)
        return;
    case RG_DTYPE_UINT8:
        ROWS(uint8_t)
        return;
    default:
        ROWS(int32_t)
    }
}

static rg_work work(const rg_op_call *call) {
    return rg_call_work(call, 0, rg_elements(call->in[X]));
}

const rg_op rg_op_topk_v2 = {
    .name = "topk_v2",
    .kind = "topk_v2",
    .summary = "The largest values of each row and their places",
    .in = RG_DTYPE_ANY,
    .weights = RG_DTYPE_INT32,
    .out = RG_DTYPE_ANY,
    .min_in = 2,
    .max_in = 2,
    .n_out = 2,
    .infer = infer,
    .work = work,
    .tiles = tiles,
    .run = run,
};
