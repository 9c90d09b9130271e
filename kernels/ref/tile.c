/* tile.c: a tensor repeated: tile (so many times along each dimension) and broadcast_to (dimensions
 * of one stretched to a shape); any whole-byte type. Element i of a dimension is the input's
 * element i modulo its size. */
#include <string.h>

#include "kernels/ref/need.h"

static rg_status read_sizes(const rg_op_call *call, int64_t *ret, size_t *ret_n, rg_err *err) {
    size_t bytes;
    rg_status status = rg_need_inputs(call, 2, err);
    if (status == RG_OK)
        status = rg_need_elements(call->in[0], "input", err);
    if (status == RG_OK)
        status = rg_need_whole_bytes(call->in[0], &bytes, err);
    if (status == RG_OK)
        status = rg_need_integers(call->in[1], "sizes", RG_MAX_RANK, ret, ret_n, err);
    for (size_t i = 0; status == RG_OK && i < *ret_n; i++) {
        if (ret[i] < 1 || ret[i] > INT32_MAX)
            return rg_fail(err, RG_UNSUPPORTED, NULL, "%s with the size %lld", call->op->kind,
                           (long long)ret[i]);
    }
    return status;
}

static rg_status infer_tile(const rg_op_call *call, rg_tensor *ret_out, rg_err *err) {
    int64_t times[RG_MAX_RANK];
    size_t n = 0;
    rg_status status = read_sizes(call, times, &n, err);
    if (status != RG_OK)
        return status;
    rg_shape shape = call->in[0]->shape;
    if (n != shape.rank)
        return rg_fail(err, RG_BAD_DATA, NULL, "tile has %zu multiples for %u dimensions", n,
                       shape.rank);
    for (uint32_t d = 0; d < shape.rank; d++) {
        if (shape.dim[d] * times[d] > INT32_MAX)
            return rg_fail(err, RG_BAD_DATA, NULL, "dimension %u is repeated beyond all bounds", d);
        shape.dim[d] = (int32_t)(shape.dim[d] * times[d]);
    }
    return rg_give_output(ret_out, call->in[0]->dtype, &shape, err);
}

static rg_status infer_broadcast(const rg_op_call *call, rg_tensor *ret_out, rg_err *err) {
    int64_t dims[RG_MAX_RANK];
    size_t n = 0;
    rg_status status = read_sizes(call, dims, &n, err);
    if (status != RG_OK)
        return status;
    const rg_shape *from = &call->in[0]->shape;
    rg_shape shape = {(uint32_t)n, {0}};
    bool fits = n >= from->rank;
    for (uint32_t d = 0; d < n; d++)
        shape.dim[d] = (int32_t)dims[d];
    for (uint32_t d = 0; fits && d < from->rank; d++) {
        int32_t dim = shape.dim[n - from->rank + d];
        fits = from->dim[d] == dim || from->dim[d] == 1;
    }
    if (!fits)
        return rg_fail(err, RG_BAD_DATA, NULL, "broadcast_to a shape that does not match");
    return rg_give_output(ret_out, call->in[0]->dtype, &shape, err);
}

static void run(const rg_op_call *call, const void *state, const void *const *in, void *const *out,
                size_t first_tile, size_t last_tile) {
    (void)state;
    const rg_shape *from = &call->in[0]->shape, *to = &call->out[0]->shape;
    size_t size = rg_dtype_bits(call->in[0]->dtype) / 8, at, end;
    uint32_t lead = to->rank - from->rank;
    rg_tile_range(call, first_tile, last_tile, &at, &end);
    for (; at < end; at++) {
        size_t rest = at, place = 0, step = 1;
        for (uint32_t d = to->rank; d-- > lead;) {
            size_t dim = (size_t)from->dim[d - lead];
            place += rest % (size_t)to->dim[d] % dim * step;
            rest /= (size_t)to->dim[d];
            step *= dim;
        }
        memcpy((char *)out[0] + at * size, (const char *)in[0] + place * size, size);
    }
}

/* One operator a row: name, which is its kind too, sentence, shape rule. */
#define ROW(id, text, rule)                                                                        \
    const rg_op rg_op_##id = {.name = #id,                                                         \
                              .kind = #id,                                                         \
                              .summary = text,                                                     \
                              .in = RG_DTYPE_ANY,                                                  \
                              .weights = RG_DTYPE_ANY,                                             \
                              .out = RG_DTYPE_ANY,                                                 \
                              .min_in = 2,                                                         \
                              .max_in = 2,                                                         \
                              .n_out = 1,                                                          \
                              .infer = rule,                                                       \
                              .work = rg_work_move,                                                \
                              .tiles = rg_tiles_each,                                              \
                              .run = run}

ROW(tile, "A tensor repeated along its dimensions", infer_tile);
ROW(broadcast_to, "A tensor stretched to a shape", infer_broadcast);
