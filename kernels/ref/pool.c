/* pool.c: average and maximum over windows of NHWC images, int8, uint8, int16 and float32. Truth of
 * integers: the average is the integer sum over the pixels on the image divided by their count,
 * halves away from zero; no rescaling, so input and output must be quantized alike. */
#include "kernels/ref/pool.h"

#include <float.h>

#include "kernels/ref/activation.h"
#include "kernels/ref/fixed.h"
#include "kernels/ref/need.h"

static const rg_field fields[] = {
    RG_WINDOW_FIELDS(rg_pool_params),
    {"filter_h", RG_FIELD_INT, offsetof(rg_pool_params, filter_h), NULL, 1, RG_WINDOW_LIMIT, NULL,
     "pixels", "height of the window"},
    {"filter_w", RG_FIELD_INT, offsetof(rg_pool_params, filter_w), NULL, 1, RG_WINDOW_LIMIT, NULL,
     "pixels", "width of the window"},
    RG_ACTIVATION_FIELD(rg_pool_params),
    {0},
};

rg_status rg_pool_lay_out(const rg_op_call *call, rg_pool_layout *ret, rg_err *err) {
    const rg_pool_params *p = call->params;
    const int32_t *in = call->in[0]->shape.dim;
    ret->c = in[3];
    rg_status status =
        rg_axis_init(&ret->y, in[1], p->filter_h, p->stride_h, 1, p->padding, "rows", err);
    if (status != RG_OK)
        return status;
    return rg_axis_init(&ret->x, in[2], p->filter_w, p->stride_w, 1, p->padding, "columns", err);
}

static rg_status infer(const rg_op_call *call, rg_tensor *ret_out, rg_err *err) {
    rg_pool_layout l;
    rg_status status = rg_need_inputs(call, 1, err);
    if (status == RG_OK)
        status = rg_need_rank(call->in[0], "input", 4, err);
    if (status == RG_OK)
        status = rg_pool_lay_out(call, &l, err);
    if (status == RG_OK)
        status = rg_activation_check(((const rg_pool_params *)call->params)->activation, err);
    if (status != RG_OK)
        return status;
    rg_shape shape = call->in[0]->shape;
    shape.dim[1] = (int32_t)l.y.out;
    shape.dim[2] = (int32_t)l.x.out;
    return rg_give_output(ret_out, call->op->out, &shape, err);
}

static rg_status check(const rg_op_call *call, rg_err *err) {
    rg_status status = rg_need_call_quant(call, 1, err);
    return status == RG_OK ? rg_need_same_quant(call->in[0], call->out[0], err) : status;
}

static rg_work work(const rg_op_call *call) {
    const rg_pool_params *p = call->params;
    uint64_t taps = (uint64_t)p->filter_h * (uint64_t)p->filter_w;
    return rg_call_work(call, 0, rg_elements(call->out[0]) * taps);
}

static size_t tiles(const rg_op_call *call) {
    return (size_t)call->out[0]->shape.dim[0] * (size_t)call->out[0]->shape.dim[1];
}

/* The pixels under one window: `image` is at its first one on the image. */
typedef struct view {
    const void *first;     /* channel 0 of the first pixel */
    int64_t rows, columns; /* on the image: both at least one */
    int64_t row_step, c;   /* elements from row to row, from pixel to pixel */
    float low_f32, high_f32;
    int32_t low, high;
    int32_t offset; /* 0 for int8, 128 for uint8 */
} view;

/* uint8 is read as int8 with the top bit flipped and 128 added back: the sum is that of the values
 * themselves. */
static void average_bytes(const view *v, void *out) {
    int64_t count = v->rows * v->columns;
    for (int64_t c = 0; c < v->c; c++) {
        int64_t sum = v->offset * count;
        for (int64_t y = 0; y < v->rows; y++) {
            const int8_t *pixel = (const int8_t *)v->first + y * v->row_step + c;
            for (int64_t x = 0; x < v->columns; x++)
                sum += (int8_t)(pixel[x * v->c] ^ v->offset);
        }
        sum = sum > 0 ? (sum + count / 2) / count : (sum - count / 2) / count;
        ((int8_t *)out)[c] = (int8_t)rg_clamp(sum, v->low, v->high);
    }
}

static void maximum_bytes(const view *v, void *out) {
    for (int64_t c = 0; c < v->c; c++) {
        int32_t most = -128;
        for (int64_t y = 0; y < v->rows; y++) {
            const int8_t *pixel = (const int8_t *)v->first + y * v->row_step + c;
            for (int64_t x = 0; x < v->columns; x++) {
                int8_t value = (int8_t)(pixel[x * v->c] ^ v->offset);
                most = value > most ? value : most;
            }
        }
        ((int8_t *)out)[c] = (int8_t)rg_clamp(most + v->offset, v->low, v->high);
    }
}

static void average_s16(const view *v, void *out) {
    int64_t count = v->rows * v->columns;
    for (int64_t c = 0; c < v->c; c++) {
        int64_t sum = 0;
        for (int64_t y = 0; y < v->rows; y++) {
            const int16_t *pixel = (const int16_t *)v->first + y * v->row_step + c;
            for (int64_t x = 0; x < v->columns; x++)
                sum += pixel[x * v->c];
        }
        sum = sum > 0 ? (sum + count / 2) / count : (sum - count / 2) / count;
        ((int16_t *)out)[c] = (int16_t)rg_clamp(sum, v->low, v->high);
    }
}

static void maximum_s16(const view *v, void *out) {
    for (int64_t c = 0; c < v->c; c++) {
        int32_t most = INT16_MIN;
        for (int64_t y = 0; y < v->rows; y++) {
            const int16_t *pixel = (const int16_t *)v->first + y * v->row_step + c;
            for (int64_t x = 0; x < v->columns; x++)
                most = most < pixel[x * v->c] ? pixel[x * v->c] : most;
        }
        ((int16_t *)out)[c] = (int16_t)rg_clamp(most, v->low, v->high);
    }
}

static void average_f32(const view *v, void *out) {
    float count = (float)(v->rows * v->columns);
    for (int64_t c = 0; c < v->c; c++) {
        float sum = 0;
        for (int64_t y = 0; y < v->rows; y++) {
            const float *pixel = (const float *)v->first + y * v->row_step + c;
            for (int64_t x = 0; x < v->columns; x++)
                sum += pixel[x * v->c];
        }
        ((float *)out)[c] = rg_clamp_f32(sum / count, v->low_f32, v->high_f32);
    }
}

static void maximum_f32(const view *v, void *out) {
    for (int64_t c = 0; c < v->c; c++) {
        float most = -FLT_MAX;
        for (int64_t y = 0; y < v->rows; y++) {
            const float *pixel = (const float *)v->first + y * v->row_step + c;
            for (int64_t x = 0; x < v->columns; x++)
                most = most < pixel[x * v->c] ? pixel[x * v->c] : most;
        }
        ((float *)out)[c] = rg_clamp_f32(most, v->low_f32, v->high_f32);
    }
}

/* Walks the windows of output rows [first_tile, last_tile); `one` fills one pixel. */
static void walk(const rg_op_call *call, const void *in, void *out, size_t first_tile,
                 size_t last_tile, void (*one)(const view *, void *)) {
    int64_t size = rg_dtype_bits(call->op->in) / 8;
    int activation = ((const rg_pool_params *)call->params)->activation;
    rg_pool_layout l;
    view v = {0};
    if (rg_pool_lay_out(call, &l, NULL) != RG_OK)
        return;
    if (call->op->in == RG_DTYPE_FLOAT32)
        rg_activation_range_f32(activation, &v.low_f32, &v.high_f32);
    else
        rg_activation_range(activation, call->out[0], &v.low, &v.high);
    v.offset = call->op->in == RG_DTYPE_UINT8 ? 128 : 0;
    v.c = l.c;
    v.row_step = l.x.in * l.c;
    char *at = (char *)out + (int64_t)first_tile * l.x.out * l.c * size;
    for (int64_t row = (int64_t)first_tile; row < (int64_t)last_tile; row++) {
        rg_taps ty = rg_axis_taps(&l.y, row % l.y.out);
        int64_t top = (row / l.y.out * l.y.in + ty.at) * l.x.in;
        v.rows = ty.last - ty.first;
        for (int64_t ox = 0; ox < l.x.out; ox++, at += l.c * size) {
            rg_taps tx = rg_axis_taps(&l.x, ox);
            v.columns = tx.last - tx.first;
            v.first = (const char *)in + (top + tx.at) * l.c * size;
            one(&v, at);
        }
    }
}

/* One operator a row: name, kind, type, sentence, check. */
#define ROW(id, word, type, text, one, checks)                                                     \
    static void run_##id(const rg_op_call *call, const void *state, const void *const *in,         \
                         void *const *out, size_t first_tile, size_t last_tile) {                  \
        (void)state;                                                                               \
        walk(call, in[0], out[0], first_tile, last_tile, one);                                     \
    }                                                                                              \
    const rg_op rg_op_##id = {.name = #id,                                                         \
                              .kind = word,                                                        \
                              .summary = text,                                                     \
                              .in = type,                                                          \
                              .weights = RG_DTYPE_ANY,                                             \
                              .out = type,                                                         \
                              .params = fields,                                                    \
                              .params_size = sizeof(rg_pool_params),                               \
                              .min_in = 1,                                                         \
                              .max_in = 1,                                                         \
                              .n_out = 1,                                                          \
                              .infer = infer,                                                      \
                              .check = checks,                                                     \
                              .work = work,                                                        \
                              .tiles = tiles,                                                      \
                              .run = run_##id}

ROW(average_pool2d_s8, "average_pool2d", RG_DTYPE_INT8, "Mean over windows of int8 images",
    average_bytes, check);
ROW(max_pool2d_s8, "max_pool2d", RG_DTYPE_INT8, "Maximum over windows of int8 images",
    maximum_bytes, check);
ROW(average_pool2d_u8, "average_pool2d", RG_DTYPE_UINT8, "Mean over windows of uint8 images",
    average_bytes, check);
ROW(max_pool2d_u8, "max_pool2d", RG_DTYPE_UINT8, "Maximum over windows of uint8 images",
    maximum_bytes, check);
ROW(average_pool2d_s16, "average_pool2d", RG_DTYPE_INT16, "Mean over windows of int16 images",
    average_s16, check);
ROW(max_pool2d_s16, "max_pool2d", RG_DTYPE_INT16, "Maximum over windows of int16 images",
    maximum_s16, check);
ROW(average_pool2d_f32, "average_pool2d", RG_DTYPE_FLOAT32, "Mean over windows of float32 images",
    average_f32, NULL);
ROW(max_pool2d_f32, "max_pool2d", RG_DTYPE_FLOAT32, "Maximum over windows of float32 images",
    maximum_f32, NULL);
