/* mirror_pad.c: a border that mirrors the tensor, with its edge ("symmetric") or without it
 * ("reflect"); any whole-byte type. */
#include <string.h>

#include "kernels/ref/need.h"

static const char *const modes[] = {"reflect", "symmetric", NULL};

typedef struct mirror_params {
    int mode;
} mirror_params;

static const rg_field fields[] = {
    {"mode", RG_FIELD_CHOICE, offsetof(mirror_params, mode), "reflect", 0, 0, modes, "",
     "whether the edge itself is mirrored"},
    {0},
};

static rg_status infer(const rg_op_call *call, rg_tensor *ret_out, rg_err *err) {
    int64_t pads[2 * RG_MAX_RANK];
    size_t n = 0, bytes;
    rg_status status = rg_need_inputs(call, 2, err);
    if (status == RG_OK)
        status = rg_need_elements(call->in[0], "input", err);
    if (status == RG_OK)
        status = rg_need_whole_bytes(call->in[0], &bytes, err);
    if (status == RG_OK)
        status = rg_need_integers(call->in[1], "paddings", 2 * RG_MAX_RANK, pads, &n, err);
    if (status != RG_OK)
        return status;
    rg_shape shape = call->in[0]->shape;
    if (n != 2 * shape.rank)
        return rg_fail(err, RG_BAD_DATA, NULL, "%zu paddings for %u dimensions", n, shape.rank);
    for (uint32_t d = 0; d < shape.rank; d++) {
        int64_t most = shape.dim[d] - (((const mirror_params *)call->params)->mode == 0);
        int64_t sum = shape.dim[d] + pads[2 * d] + pads[2 * d + 1];
        if (pads[2 * d] < 0 || pads[2 * d + 1] < 0 || pads[2 * d] > most ||
            pads[2 * d + 1] > most || sum > INT32_MAX)
            return rg_fail(err, RG_BAD_DATA, NULL, "dimension %u mirrors more than it has", d);
        shape.dim[d] = (int32_t)sum;
    }
    return rg_give_output(ret_out, call->in[0]->dtype, &shape, err);
}

/* Where position `at` (from the first element on) is mirrored to; `skip` is 1 for "reflect". */
static int64_t mirrored(int64_t at, int64_t dim, int64_t skip) {
    if (at < 0)
        return -at - 1 + skip;
    return at < dim ? at : 2 * dim - 1 - skip - at;
}

static void run(const rg_op_call *call, const void *state, const void *const *in, void *const *out,
                size_t first_tile, size_t last_tile) {
    (void)state;
    const rg_shape *from = &call->in[0]->shape, *to = &call->out[0]->shape;
    int64_t pads[2 * RG_MAX_RANK], skip = ((const mirror_params *)call->params)->mode == 0;
    size_t size = rg_dtype_bits(call->in[0]->dtype) / 8, n, at, end;
    if (rg_need_integers(call->in[1], "paddings", 2 * RG_MAX_RANK, pads, &n, NULL) != RG_OK)
        return;
    rg_tile_range(call, first_tile, last_tile, &at, &end);
    for (; at < end; at++) {
        int64_t rest = (int64_t)at, place = 0, step = 1;
        for (uint32_t d = to->rank; d-- > 0;) {
            place += mirrored(rest % to->dim[d] - pads[2 * d], from->dim[d], skip) * step;
            rest /= to->dim[d];
            step *= from->dim[d];
        }
        memcpy((char *)out[0] + at * size, (const char *)in[0] + (size_t)place * size, size);
    }
}

const rg_op rg_op_mirror_pad = {
    .name = "mirror_pad",
    .kind = "mirror_pad",
    .summary = "A border that mirrors the tensor",
    .in = RG_DTYPE_ANY,
    .weights = RG_DTYPE_ANY,
    .out = RG_DTYPE_ANY,
    .params = fields,
    .params_size = sizeof(mirror_params),
    .min_in = 2,
    .max_in = 2,
    .n_out = 1,
    .infer = infer,
    .work = rg_work_move,
    .tiles = rg_tiles_each,
    .run = run,
};
