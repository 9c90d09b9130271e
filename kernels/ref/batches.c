/* batches.c: blocks of pixels to batches (space_to_batch_nd) and back (batch_to_space_nd), for one
 * or two spatial dimensions; any whole-byte type. Batch (y * block_w + x) * n + b holds pixel (y,
 * x) of each block of image b. Padding is the output's zero point for quantized bytes, else zero.
 */
#include <string.h>

#include "kernels/ref/need.h"

/* The pixels' tensor ([n, h, w, rest]) and the batches' one; `edge` is padding or crop. */
typedef struct layout {
    int64_t block[2], edge[2][2];
    int64_t n, size[2], rest; /* of the pixels, without padding or crop */
    uint32_t spatial;
} layout;

static rg_status read_layout(const rg_op_call *call, layout *ret, rg_err *err) {
    int64_t edges[4] = {0};
    size_t n = 0, m = 0, bytes;
    layout l = {.block = {1, 1}, .size = {1, 1}, .rest = 1};
    rg_status status = rg_need_inputs(call, 3, err);
    if (status == RG_OK)
        status = rg_need_elements(call->in[0], "input", err);
    if (status == RG_OK)
        status = rg_need_whole_bytes(call->in[0], &bytes, err);
    if (status == RG_OK)
        status = rg_need_integers(call->in[1], "block shape", 2, l.block, &n, err);
    if (status == RG_OK)
        status = rg_need_integers(call->in[2], "edges", 4, edges, &m, err);
    if (status != RG_OK)
        return status;
    const rg_shape *from = &call->in[0]->shape;
    if (n == 0 || m != 2 * n || from->rank < n + 1)
        return rg_fail(err, RG_BAD_DATA, NULL, "%s with %zu block sizes and %zu edges for rank %u",
                       call->op->kind, n, m, from->rank);
    for (size_t i = 0; i < n; i++) {
        l.edge[i][0] = edges[2 * i];
        l.edge[i][1] = edges[2 * i + 1];
        if (l.block[i] < 1 || l.block[i] > 32768 || l.edge[i][0] < 0 || l.edge[i][1] < 0 ||
            l.edge[i][0] > INT32_MAX || l.edge[i][1] > INT32_MAX)
            return rg_fail(err, RG_BAD_DATA, NULL, "%s with a block or edge beyond bounds",
                           call->op->kind);
        l.size[i] = from->dim[i + 1];
    }
    for (uint32_t d = (uint32_t)n + 1; d < from->rank; d++)
        l.rest *= from->dim[d];
    l.n = from->dim[0];
    l.spatial = (uint32_t)n;
    *ret = l;
    return RG_OK;
}

static rg_status give(const rg_op_call *call, int64_t n, const int64_t *size, uint32_t spatial,
                      rg_tensor *ret_out, rg_err *err) {
    rg_shape shape = call->in[0]->shape;
    bool fits = n > 0 && n <= INT32_MAX;
    shape.dim[0] = (int32_t)n;
    for (uint32_t i = 0; i < spatial; i++) {
        fits = fits && size[i] > 0 && size[i] <= INT32_MAX;
        shape.dim[i + 1] = (int32_t)size[i];
    }
    if (!fits)
        return rg_fail(err, RG_BAD_DATA, NULL, "%s to an impossible size", call->op->kind);
    return rg_give_output(ret_out, call->in[0]->dtype, &shape, err);
}

static rg_status infer_to_batch(const rg_op_call *call, rg_tensor *ret_out, rg_err *err) {
    layout l;
    rg_status status = read_layout(call, &l, err);
    for (uint32_t i = 0; status == RG_OK && i < l.spatial; i++) {
        int64_t padded = l.size[i] + l.edge[i][0] + l.edge[i][1];
        if (padded % l.block[i])
            return rg_fail(err, RG_BAD_DATA, NULL, "%lld padded pixels are no blocks of %lld",
                           (long long)padded, (long long)l.block[i]);
        l.size[i] = padded / l.block[i];
    }
    if (status != RG_OK)
        return status;
    return give(call, l.n * l.block[0] * l.block[1], l.size, l.spatial, ret_out, err);
}

static rg_status infer_to_space(const rg_op_call *call, rg_tensor *ret_out, rg_err *err) {
    layout l;
    rg_status status = read_layout(call, &l, err);
    if (status != RG_OK)
        return status;
    for (uint32_t i = 0; i < l.spatial; i++)
        l.size[i] = l.size[i] * l.block[i] - l.edge[i][0] - l.edge[i][1];
    if (l.n % (l.block[0] * l.block[1]))
        return rg_fail(err, RG_BAD_DATA, NULL, "%lld batches do not make blocks of %lldx%lld",
                       (long long)l.n, (long long)l.block[0], (long long)l.block[1]);
    return give(call, l.n / (l.block[0] * l.block[1]), l.size, l.spatial, ret_out, err);
}

static int resting_byte(const rg_tensor *t) {
    bool quantized = (t->dtype == RG_DTYPE_INT8 || t->dtype == RG_DTYPE_UINT8) && t->quant.n > 0;
    return quantized ? t->quant.zero_point[0] : 0;
}

static void run_to_batch(const rg_op_call *call, const void *state, const void *const *in,
                         void *const *out, size_t first_tile, size_t last_tile) {
    (void)state;
    layout l;
    if (first_tile >= last_tile || read_layout(call, &l, NULL) != RG_OK)
        return;
    int64_t h = (l.size[0] + l.edge[0][0] + l.edge[0][1]) / l.block[0];
    int64_t w = (l.size[1] + l.edge[1][0] + l.edge[1][1]) / l.block[1];
    size_t piece = (size_t)l.rest * (rg_dtype_bits(call->in[0]->dtype) / 8);
    char *at = out[0];
    for (int64_t i = 0; i < l.n * l.block[0] * l.block[1] * h * w; i++, at += piece) {
        int64_t batch = i / (h * w), part = batch / l.n;
        int64_t y = i / w % h * l.block[0] + part / l.block[1] - l.edge[0][0];
        int64_t x = i % w * l.block[1] + part % l.block[1] - l.edge[1][0];
        if (y < 0 || y >= l.size[0] || x < 0 || x >= l.size[1])
            memset(at, resting_byte(call->out[0]), piece);
        else
            memcpy(at,
                   (const char *)in[0] +
                       (size_t)((batch % l.n * l.size[0] + y) * l.size[1] + x) * piece,
                   piece);
    }
}

static void run_to_space(const rg_op_call *call, const void *state, const void *const *in,
                         void *const *out, size_t first_tile, size_t last_tile) {
    (void)state;
    layout l;
    if (first_tile >= last_tile || read_layout(call, &l, NULL) != RG_OK)
        return;
    int64_t n = l.n / (l.block[0] * l.block[1]);
    int64_t h = l.size[0] * l.block[0] - l.edge[0][0] - l.edge[0][1];
    int64_t w = l.size[1] * l.block[1] - l.edge[1][0] - l.edge[1][1];
    size_t piece = (size_t)l.rest * (rg_dtype_bits(call->in[0]->dtype) / 8);
    char *at = out[0];
    for (int64_t i = 0; i < n * h * w; i++, at += piece) {
        int64_t y = i / w % h + l.edge[0][0], x = i % w + l.edge[1][0];
        int64_t part = y % l.block[0] * l.block[1] + x % l.block[1];
        int64_t batch = part * n + i / (h * w);
        int64_t place = (batch * l.size[0] + y / l.block[0]) * l.size[1] + x / l.block[1];
        memcpy(at, (const char *)in[0] + (size_t)place * piece, piece);
    }
}

/* One operator a row: name, which is its kind too, sentence, shape rule, run. */
#define ROW(id, text, rule, runs)                                                                  \
    const rg_op rg_op_##id = {.name = #id,                                                         \
                              .kind = #id,                                                         \
                              .summary = text,                                                     \
                              .in = RG_DTYPE_ANY,                                                  \
                              .weights = RG_DTYPE_ANY,                                             \
                              .out = RG_DTYPE_ANY,                                                 \
                              .min_in = 3,                                                         \
                              .max_in = 3,                                                         \
                              .n_out = 1,                                                          \
                              .infer = rule,                                                       \
                              .work = rg_work_move,                                                \
                              .run = runs}

ROW(space_to_batch_nd, "Pixels of blocks to batches", infer_to_batch, run_to_batch);
ROW(batch_to_space_nd, "Batches to pixels of blocks", infer_to_space, run_to_space);
