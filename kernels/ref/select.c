/* select.c: elements of the second input where the first (bool) is true, else of the third; any
 * whole-byte type. select_v2 broadcasts all three; select takes equal shapes, a scalar condition,
 * or one condition for each slice of the first dimension. */
#include <string.h>

#include "kernels/ref/need.h"
#include "kernels/ref/spread.h"

extern const rg_op rg_op_select_v2;

static bool is_v2(const rg_op_call *call) {
    return call->op == &rg_op_select_v2;
}

static rg_status infer(const rg_op_call *call, rg_tensor *ret_out, rg_err *err) {
    size_t bytes;
    rg_shape shape;
    rg_status status = rg_need_inputs(call, 3, err);
    if (status == RG_OK)
        status = rg_need_whole_bytes(call->in[1], &bytes, err);
    if (status != RG_OK)
        return status;
    const rg_shape *when = &call->in[0]->shape, *x = &call->in[1]->shape, *y = &call->in[2]->shape;
    if (call->in[0]->dtype != RG_DTYPE_BOOL || call->in[1]->dtype != call->in[2]->dtype)
        return rg_fail(err, RG_BAD_DATA, NULL, "%s by %s between %s and %s", call->op->kind,
                       rg_dtype_word(call->in[0]->dtype), rg_dtype_word(call->in[1]->dtype),
                       rg_dtype_word(call->in[2]->dtype));
    if (is_v2(call)) {
        status = rg_spread_shape(x, y, &shape, err);
        if (status == RG_OK)
            status = rg_spread_shape(when, &shape, &shape, err);
        return status == RG_OK ? rg_give_output(ret_out, call->in[1]->dtype, &shape, err) : status;
    }
    bool fits =
        rg_shape_equal(when, x) || when->rank == 0 ||
        (when->rank == 1 && x->rank > 0 && (when->dim[0] == x->dim[0] || when->dim[0] == 1));
    if (!fits || !rg_shape_equal(x, y))
        return rg_fail(err, RG_BAD_DATA, NULL, "select between shapes that do not go together");
    return rg_give_output(ret_out, call->in[1]->dtype, x, err);
}

/* Where the element of `shape` for output element `at` lies, aligned at the last dimensions. */
static size_t spread_place(const rg_shape *shape, const rg_shape *to, size_t at) {
    size_t place = 0, step = 1;
    for (uint32_t i = 0; i < shape->rank; i++) {
        size_t dim = (size_t)shape->dim[shape->rank - 1 - i];
        size_t out = (size_t)to->dim[to->rank - 1 - i];
        place += dim == 1 ? 0 : at % out * step;
        at /= out;
        step *= dim;
    }
    return place;
}

static void run(const rg_op_call *call, const void *state, const void *const *in, void *const *out,
                size_t first_tile, size_t last_tile) {
    (void)state;
    const rg_shape *to = &call->out[0]->shape, *when = &call->in[0]->shape;
    size_t size = rg_dtype_bits(call->in[1]->dtype) / 8, at, end;
    size_t conditions = rg_elements(call->in[0]), slice = rg_elements(call->out[0]);
    slice /= conditions ? conditions : 1;
    rg_tile_range(call, first_tile, last_tile, &at, &end);
    for (; at < end; at++) {
        size_t c = is_v2(call) ? spread_place(when, to, at) : at / slice;
        uint32_t from = ((const uint8_t *)in[0])[c] ? 1 : 2;
        size_t place = spread_place(&call->in[from]->shape, to, at);
        memcpy((char *)out[0] + at * size, (const char *)in[from] + place * size, size);
    }
}

/* One operator a row. */
#define ROW(id, text)                                                                              \
    const rg_op rg_op_##id = {.name = #id,                                                         \
                              .kind = #id,                                                         \
                              .summary = text,                                                     \
                              .in = RG_DTYPE_BOOL,                                                 \
                              .weights = RG_DTYPE_ANY,                                             \
                              .out = RG_DTYPE_ANY,                                                 \
                              .min_in = 3,                                                         \
                              .max_in = 3,                                                         \
                              .n_out = 1,                                                          \
                              .infer = infer,                                                      \
                              .work = rg_work_move,                                                \
                              .tiles = rg_tiles_each,                                              \
                              .run = run}

ROW(select, "One of two tensors, element by element");
ROW(select_v2, "One of two tensors, element by element, with broadcasting");
