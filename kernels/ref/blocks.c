/* blocks.c: square blocks of pixels to channels (space_to_depth) and back (depth_to_space); any
 * whole-byte type. Pixel (y, x) of a block holds channels from (y * block + x) * c on. */
#include <string.h>

#include "kernels/ref/need.h"

typedef struct blocks_params {
    int64_t block_size;
} blocks_params;

static const rg_field fields[] = {
    {"block_size", RG_FIELD_INT, offsetof(blocks_params, block_size), NULL, 1, 32768, NULL,
     "pixels", "side of a block"},
    {0},
};

static rg_status need_image(const rg_op_call *call, rg_err *err) {
    size_t bytes;
    int64_t block = ((const blocks_params *)call->params)->block_size;
    rg_status status = rg_need_inputs(call, 1, err);
    if (status == RG_OK)
        status = rg_need_rank(call->in[0], "input", 4, err);
    if (status == RG_OK)
        status = rg_need_whole_bytes(call->in[0], &bytes, err);
    if (status == RG_OK && (block < 1 || block > 32768))
        status = rg_fail(err, RG_BAD_DATA, NULL, "%s with blocks of %lld", call->op->kind,
                         (long long)block);
    return status;
}

static rg_status give(const rg_op_call *call, int64_t h, int64_t w, int64_t c, rg_tensor *ret_out,
                      rg_err *err) {
    const rg_tensor *in = call->in[0];
    if (h > INT32_MAX || w > INT32_MAX || c > INT32_MAX)
        return rg_fail(err, RG_BAD_DATA, NULL, "%s to a size beyond all bounds", call->op->kind);
    rg_shape shape = {4, {in->shape.dim[0], (int32_t)h, (int32_t)w, (int32_t)c}};
    return rg_give_output(ret_out, in->dtype, &shape, err);
}

static rg_status infer_to_depth(const rg_op_call *call, rg_tensor *ret_out, rg_err *err) {
    rg_status status = need_image(call, err);
    if (status != RG_OK)
        return status;
    int64_t b = ((const blocks_params *)call->params)->block_size;
    const int32_t *in = call->in[0]->shape.dim;
    if (in[1] % b || in[2] % b)
        return rg_fail(err, RG_BAD_DATA, NULL, "%dx%d pixels are no blocks of %lld", (int)in[1],
                       (int)in[2], (long long)b);
    return give(call, in[1] / b, in[2] / b, in[3] * b * b, ret_out, err);
}

static rg_status infer_to_space(const rg_op_call *call, rg_tensor *ret_out, rg_err *err) {
    rg_status status = need_image(call, err);
    if (status != RG_OK)
        return status;
    int64_t b = ((const blocks_params *)call->params)->block_size;
    const int32_t *in = call->in[0]->shape.dim;
    if (in[3] % (b * b))
        return rg_fail(err, RG_BAD_DATA, NULL, "%d channels are no blocks of %lld pixels",
                       (int)in[3], (long long)(b * b));
    return give(call, in[1] * b, in[2] * b, in[3] / (b * b), ret_out, err);
}

static size_t tiles(const rg_op_call *call) {
    return (size_t)call->out[0]->shape.dim[0] * (size_t)call->out[0]->shape.dim[1];
}

static void run_to_depth(const rg_op_call *call, const void *state, const void *const *in,
                         void *const *out, size_t first_tile, size_t last_tile) {
    (void)state;
    const int32_t *from = call->in[0]->shape.dim, *to = call->out[0]->shape.dim;
    size_t b = (size_t)((const blocks_params *)call->params)->block_size;
    size_t strip = b * (size_t)from[3] * (rg_dtype_bits(call->in[0]->dtype) / 8);
    size_t width = (size_t)to[2];
    for (size_t row = first_tile; row < last_tile; row++) {
        for (size_t i = 0; i < width * b; i++) { /* rows follow each other over batches too */
            size_t x = i / b, y = row * b + i % b;
            memcpy((char *)out[0] + (row * width * b + i) * strip,
                   (const char *)in[0] + (y * width + x) * strip, strip);
        }
    }
}

static void run_to_space(const rg_op_call *call, const void *state, const void *const *in,
                         void *const *out, size_t first_tile, size_t last_tile) {
    (void)state;
    const int32_t *from = call->in[0]->shape.dim;
    size_t b = (size_t)((const blocks_params *)call->params)->block_size;
    size_t strip = b * (size_t)call->out[0]->shape.dim[3] * (rg_dtype_bits(call->in[0]->dtype) / 8);
    size_t width = (size_t)from[2];
    for (size_t row = first_tile; row < last_tile; row++) {
        for (size_t x = 0; x < width; x++)
            memcpy((char *)out[0] + (row * width + x) * strip,
                   (const char *)in[0] + ((row / b * width + x) * b + row % b) * strip, strip);
    }
}

/* One operator a row: name, which is its kind too. */
#define ROW(id, text, rule, runs)                                                                  \
    const rg_op rg_op_##id = {.name = #id,                                                         \
                              .kind = #id,                                                         \
                              .summary = text,                                                     \
                              .in = RG_DTYPE_ANY,                                                  \
                              .weights = RG_DTYPE_ANY,                                             \
                              .out = RG_DTYPE_ANY,                                                 \
                              .params = fields,                                                    \
                              .params_size = sizeof(blocks_params),                                \
                              .min_in = 1,                                                         \
                              .max_in = 1,                                                         \
                              .n_out = 1,                                                          \
                              .infer = rule,                                                       \
                              .work = rg_work_move,                                                \
                              .tiles = tiles,                                                      \
                              .run = runs}

ROW(space_to_depth, "Blocks of pixels to channels", infer_to_depth, run_to_depth);
ROW(depth_to_space, "Channels to blocks of pixels", infer_to_space, run_to_space);
