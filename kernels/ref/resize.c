/* resize.c: images to another size: resize_nearest (any whole-byte type), resize_bilinear (int8,
 * uint8, float32). int8 truth for bilinear: positions with 10 fraction bits, products with 20,
 * halves away from zero; uint8: as float32, plus one half, cut; no rescaling. */
#include "kernels/ref/resize.h"

#include <string.h>

#include "kernels/ref/need.h"

static const rg_field fields[] = {
    {"align_corners", RG_FIELD_BOOL, offsetof(rg_resize_params, align_corners), "false", 0, 0, NULL,
     "", "corner pixels keep their places"},
    {"half_pixel_centers", RG_FIELD_BOOL, offsetof(rg_resize_params, half_pixel_centers), "false",
     0, 0, NULL, "", "pixels are squares with their centres at one half"},
    {0},
};

enum { SIZE_MAX_PIXELS = 1 << 20 }; /* position * scale stays within int64 */

static rg_status infer(const rg_op_call *call, rg_tensor *ret_out, rg_err *err) {
    int64_t size[2];
    size_t n, bytes;
    rg_status status = rg_need_inputs(call, 2, err);
    if (status == RG_OK)
        status = rg_need_rank(call->in[0], "input", 4, err);
    if (status == RG_OK)
        status = rg_need_whole_bytes(call->in[0], &bytes, err);
    if (status == RG_OK)
        status = rg_need_integers(call->in[1], "the new size", 2, size, &n, err);
    if (status != RG_OK)
        return status;
    rg_shape shape = call->in[0]->shape;
    if (n != 2 || size[0] < 1 || size[1] < 1 || size[0] > SIZE_MAX_PIXELS ||
        size[1] > SIZE_MAX_PIXELS || shape.dim[1] > SIZE_MAX_PIXELS ||
        shape.dim[2] > SIZE_MAX_PIXELS)
        return rg_fail(err, RG_BAD_DATA, NULL, "%s needs height and width of 1 to %d",
                       call->op->kind, (int)SIZE_MAX_PIXELS);
    shape.dim[1] = (int32_t)size[0];
    shape.dim[2] = (int32_t)size[1];
    return rg_give_output(ret_out, call->in[0]->dtype, &shape, err);
}

static rg_status check(const rg_op_call *call, rg_err *err) {
    rg_status status = rg_need_call_quant(call, 1, err);
    return status == RG_OK ? rg_need_same_quant(call->in[0], call->out[0], err) : status;
}

static rg_work work_bilinear(const rg_op_call *call) {
    return rg_call_work(call, 0, 7 * (uint64_t)rg_elements(call->out[0]));
}

static size_t tiles(const rg_op_call *call) {
    return (size_t)call->out[0]->shape.dim[0] * (size_t)call->out[0]->shape.dim[1];
}

static int32_t nearest(const rg_resize_params *p, int32_t o, int32_t in, int32_t out) {
    float at = ((float)o + (p->half_pixel_centers ? 0.5f : 0)) * rg_resize_scale(p, in, out);
    int32_t pixel = (int32_t)(p->align_corners ? roundf(at) : floorf(at));
    return pixel < in - 1 ? pixel : in - 1;
}

static void run_nearest(const rg_op_call *call, const void *state, const void *const *in,
                        void *const *out, size_t first_tile, size_t last_tile) {
    (void)state;
    const int32_t *from = call->in[0]->shape.dim, *to = call->out[0]->shape.dim;
    size_t pixel = (size_t)from[3] * (rg_dtype_bits(call->in[0]->dtype) / 8);
    size_t width = (size_t)to[2];
    for (size_t row = first_tile; row < last_tile; row++) {
        int32_t batch = (int32_t)(row / (size_t)to[1]), oy = (int32_t)(row % (size_t)to[1]);
        size_t y =
            (size_t)batch * (size_t)from[1] + (size_t)nearest(call->params, oy, from[1], to[1]);
        for (size_t ox = 0; ox < width; ox++) {
            size_t x = (size_t)nearest(call->params, (int32_t)ox, from[2], to[2]);
            memcpy((char *)out[0] + (row * width + ox) * pixel,
                   (const char *)in[0] + (y * (size_t)from[2] + x) * pixel, pixel);
        }
    }
}

static void pixel_s8(const int8_t *image, int64_t width, int64_t channels, rg_between_s8 y,
                     rg_between_s8 x, int8_t *out) {
    const int8_t *a = image + (y.first * width + x.first) * channels;
    const int8_t *b = image + (y.second * width + x.first) * channels;
    const int8_t *c = image + (y.first * width + x.second) * channels;
    const int8_t *d = image + (y.second * width + x.second) * channels;
    for (int64_t i = 0; i < channels; i++) {
        int64_t sum = a[i] * (RG_RESIZE_ONE - y.part) * (RG_RESIZE_ONE - x.part) +
                      b[i] * y.part * (RG_RESIZE_ONE - x.part) +
                      c[i] * (RG_RESIZE_ONE - y.part) * x.part + d[i] * y.part * x.part;
        int64_t half = sum > 0 ? 1 << 19 : -(1 << 19);
        out[i] = (int8_t)((sum + half) / (1 << 20));
    }
}

static void run_bilinear_s8(const rg_op_call *call, const void *state, const void *const *in,
                            void *const *out, size_t first_tile, size_t last_tile) {
    (void)state;
    const int32_t *from = call->in[0]->shape.dim, *to = call->out[0]->shape.dim;
    int64_t channels = from[3], row_elements = to[2] * channels;
    for (int64_t row = (int64_t)first_tile; row < (int64_t)last_tile; row++) {
        const int8_t *image = (const int8_t *)in[0] + row / to[1] * from[1] * from[2] * channels;
        rg_between_s8 y = rg_resize_place_s8(call->params, row % to[1], from[1], to[1]);
        for (int64_t ox = 0; ox < to[2]; ox++) {
            rg_between_s8 x = rg_resize_place_s8(call->params, ox, from[2], to[2]);
            pixel_s8(image, from[2], channels, y, x,
                     (int8_t *)out[0] + row * row_elements + ox * channels);
        }
    }
}

static void pixel_f32(const float *image, int64_t width, int64_t channels, rg_between_f32 y,
                      rg_between_f32 x, float *out) {
    const float *a = image + (y.first * width + x.first) * channels;
    const float *b = image + (y.second * width + x.first) * channels;
    const float *c = image + (y.first * width + x.second) * channels;
    const float *d = image + (y.second * width + x.second) * channels;
    for (int64_t i = 0; i < channels; i++)
        out[i] = a[i] * (1 - y.part) * (1 - x.part) + b[i] * y.part * (1 - x.part) +
                 c[i] * (1 - y.part) * x.part + d[i] * y.part * x.part;
}

static void pixel_u8(const uint8_t *image, int64_t width, int64_t channels, rg_between_f32 y,
                     rg_between_f32 x, uint8_t *out) {
    const uint8_t *a = image + (y.first * width + x.first) * channels;
    const uint8_t *b = image + (y.second * width + x.first) * channels;
    const uint8_t *c = image + (y.first * width + x.second) * channels;
    const uint8_t *d = image + (y.second * width + x.second) * channels;
    for (int64_t i = 0; i < channels; i++) {
        float v = (float)a[i] * (1 - y.part) * (1 - x.part) + (float)b[i] * y.part * (1 - x.part) +
                  (float)c[i] * (1 - y.part) * x.part + (float)d[i] * y.part * x.part + 0.5f;
        out[i] = (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
    }
}

static void run_bilinear_u8(const rg_op_call *call, const void *state, const void *const *in,
                            void *const *out, size_t first_tile, size_t last_tile) {
    (void)state;
    const int32_t *from = call->in[0]->shape.dim, *to = call->out[0]->shape.dim;
    int64_t channels = from[3], row_elements = to[2] * channels;
    for (int64_t row = (int64_t)first_tile; row < (int64_t)last_tile; row++) {
        const uint8_t *image = (const uint8_t *)in[0] + row / to[1] * from[1] * from[2] * channels;
        rg_between_f32 y = rg_resize_place_f32(call->params, row % to[1], from[1], to[1]);
        for (int64_t ox = 0; ox < to[2]; ox++) {
            rg_between_f32 x = rg_resize_place_f32(call->params, ox, from[2], to[2]);
            pixel_u8(image, from[2], channels, y, x,
                     (uint8_t *)out[0] + row * row_elements + ox * channels);
        }
    }
}

static void run_bilinear_f32(const rg_op_call *call, const void *state, const void *const *in,
                             void *const *out, size_t first_tile, size_t last_tile) {
    (void)state;
    const int32_t *from = call->in[0]->shape.dim, *to = call->out[0]->shape.dim;
    int64_t channels = from[3], row_elements = to[2] * channels;
    for (int64_t row = (int64_t)first_tile; row < (int64_t)last_tile; row++) {
        const float *image = (const float *)in[0] + row / to[1] * from[1] * from[2] * channels;
        rg_between_f32 y = rg_resize_place_f32(call->params, row % to[1], from[1], to[1]);
        for (int64_t ox = 0; ox < to[2]; ox++) {
            rg_between_f32 x = rg_resize_place_f32(call->params, ox, from[2], to[2]);
            pixel_f32(image, from[2], channels, y, x,
                      (float *)out[0] + row * row_elements + ox * channels);
        }
    }
}

/* One operator a row: name, kind, type, sentence, check, work, run. */
#define ROW(id, word, type, text, checks, works, runs)                                             \
    const rg_op rg_op_##id = {.name = #id,                                                         \
                              .kind = word,                                                        \
                              .summary = text,                                                     \
                              .in = type,                                                          \
                              .weights = RG_DTYPE_ANY,                                             \
                              .out = type,                                                         \
                              .params = fields,                                                    \
                              .params_size = sizeof(rg_resize_params),                             \
                              .min_in = 2,                                                         \
                              .max_in = 2,                                                         \
                              .n_out = 1,                                                          \
                              .infer = infer,                                                      \
                              .check = checks,                                                     \
                              .work = works,                                                       \
                              .tiles = tiles,                                                      \
                              .run = runs}

ROW(resize_nearest, "resize_nearest", RG_DTYPE_ANY, "Images to another size, nearest pixels", NULL,
    rg_work_move, run_nearest);
ROW(resize_bilinear_s8, "resize_bilinear", RG_DTYPE_INT8, "int8 images to another size, blended",
    check, work_bilinear, run_bilinear_s8);
ROW(resize_bilinear_u8, "resize_bilinear", RG_DTYPE_UINT8, "uint8 images to another size, blended",
    check, work_bilinear, run_bilinear_u8);
ROW(resize_bilinear_f32, "resize_bilinear", RG_DTYPE_FLOAT32,
    "float32 images to another size, blended", NULL, work_bilinear, run_bilinear_f32);
