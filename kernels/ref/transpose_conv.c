/* transpose_conv.c: transposed convolution of NHWC images with OHWI filters, int8, uint8, int16
 * (with int8 filters) and float32. Truth of 8 bits as in conv2d.c, of int16 as in wide.h; int16
 * always sums in int64. */
#include "kernels/ref/transpose_conv.h"

#include "kernels/ref/activation.h"
#include "kernels/ref/bytes.h"
#include "kernels/ref/wide.h"

static const rg_field fields[] = {
    RG_WINDOW_FIELDS(rg_transpose_conv_params),
    RG_ACTIVATION_FIELD(rg_transpose_conv_params),
    {0},
};

enum { SHAPE, FILTER, IMAGE, BIAS };

rg_status rg_transpose_conv_lay_out(const rg_op_call *call, rg_transpose_conv_layout *ret,
                                    rg_err *err) {
    const rg_transpose_conv_params *p = call->params;
    const int32_t *filter = call->in[FILTER]->shape.dim, *image = call->in[IMAGE]->shape.dim;
    int64_t out[4];
    size_t n = 0;
    rg_status status = rg_need_integers(call->in[SHAPE], "output shape", 4, out, &n, err);
    if (status != RG_OK)
        return status;
    if (n != 4 || out[0] != image[0] || out[3] != filter[0] || image[3] != filter[3] ||
        out[1] < 1 || out[2] < 1 || out[1] > INT32_MAX || out[2] > INT32_MAX)
        return rg_fail(err, RG_BAD_DATA, NULL,
                       "transpose_conv: output shape, filter and input do not match");
    status = rg_axis_init(&ret->y, out[1], filter[1], p->stride_h, 1, p->padding, "rows", err);
    if (status == RG_OK)
        status =
            rg_axis_init(&ret->x, out[2], filter[2], p->stride_w, 1, p->padding, "columns", err);
    ret->batch = image[0];
    ret->in_h = image[1];
    ret->in_w = image[2];
    ret->in_c = image[3];
    ret->out_c = filter[0];
    return status;
}

static rg_dtype bias_type(const rg_op_call *call) {
    const rg_tensor *bias = rg_call_in(call, BIAS);
    if (call->op->out == RG_DTYPE_FLOAT32)
        return RG_DTYPE_FLOAT32;
    bool is_wide = call->op->out == RG_DTYPE_INT16 && bias && bias->dtype == RG_DTYPE_INT64;
    return is_wide ? RG_DTYPE_INT64 : RG_DTYPE_INT32;
}

static rg_status infer(const rg_op_call *call, rg_tensor *ret_out, rg_err *err) {
    rg_transpose_conv_layout l;
    rg_status status = rg_need_inputs(call, 3, err);
    if (status == RG_OK)
        status = rg_need_rank(call->in[FILTER], "filter", 4, err);
    if (status == RG_OK)
        status = rg_need_rank(call->in[IMAGE], "input", 4, err);
    if (status == RG_OK && call->in[IMAGE]->dtype != call->op->out)
        status = rg_fail(err, RG_UNSUPPORTED, NULL, "transpose_conv from %s to %s",
                         rg_dtype_word(call->in[IMAGE]->dtype), rg_dtype_word(call->op->out));
    if (status == RG_OK)
        status = rg_transpose_conv_lay_out(call, &l, err);
    if (status == RG_OK)
        status = rg_need_bias(rg_call_in(call, BIAS), bias_type(call), l.out_c, err);
    if (status == RG_OK)
        status =
            rg_activation_check(((const rg_transpose_conv_params *)call->params)->activation, err);
    if (status != RG_OK)
        return status;
    rg_shape shape = {4, {(int32_t)l.batch, (int32_t)l.y.in, (int32_t)l.x.in, (int32_t)l.out_c}};
    return rg_give_output(ret_out, call->op->out, &shape, err);
}

/* The same call with its tensors where convolutions have them. */
typedef struct view {
    rg_op_call call;
    const rg_tensor *in[3];
} view;

static void look(const rg_op_call *call, view *ret) {
    ret->in[0] = call->in[IMAGE];
    ret->in[1] = call->in[FILTER];
    ret->in[2] = rg_call_in(call, BIAS);
    ret->call = *call;
    ret->call.in = ret->in;
    ret->call.n_in = 3;
}

static rg_status check(const rg_op_call *call, rg_err *err) {
    view v;
    look(call, &v);
    return call->op->out == RG_DTYPE_INT16 ? rg_wide_check(&v.call, 0, err)
                                           : rg_bytes_check(&v.call, 0, false, err);
}

static rg_work work(const rg_op_call *call) {
    const int32_t *filter = call->in[FILTER]->shape.dim;
    uint64_t taps = (uint64_t)filter[0] * (uint64_t)filter[1] * (uint64_t)filter[2];
    return rg_call_work(call, rg_elements(call->in[IMAGE]) * taps, 0);
}

static size_t tiles(const rg_op_call *call) {
    return (size_t)call->out[0]->shape.dim[0] * (size_t)call->out[0]->shape.dim[1];
}

static size_t state_bytes(const rg_op_call *call) {
    return rg_wide_bytes(call->in[FILTER]->shape.dim[0]);
}

static rg_status prepare(const rg_op_call *call, void *state, rg_err *err) {
    rg_wide *wide = state;
    view v;
    look(call, &v);
    int64_t channels = call->in[FILTER]->shape.dim[0];
    int activation = ((const rg_transpose_conv_params *)call->params)->activation;
    if (call->op->out == RG_DTYPE_INT16) {
        rg_status status = rg_wide_prepare(&v.call, 2, activation, false, channels, wide, err);
        wide->is_narrow = false;
        return status;
    }
    rg_activation_range(activation, call->out[0], &wide->low, &wide->high);
    return rg_bytes_factors(&v.call, call->op->out == RG_DTYPE_UINT8, channels, wide->factors, err);
}

/* The input row or column that tap `k` brings to output `o`; -1 when there is none. */
static int64_t source(const rg_axis *axis, int64_t size, int64_t o, int64_t k) {
    int64_t at = o + axis->pad - k;
    return at >= 0 && at % axis->stride == 0 && at / axis->stride < size ? at / axis->stride : -1;
}

/* Walks the taps of one output, input rows and columns ascending: `body` sees pointers to a pixel's
 * and a tap's channels, `x` and `w`. */
#define WALK_TAPS(type_x, type_w, body)                                                            \
    for (int64_t ky = l->y.filter; ky-- > 0;) {                                                    \
        int64_t iy = source(&l->y, l->in_h, oy, ky);                                               \
        for (int64_t kx = l->x.filter; iy >= 0 && kx-- > 0;) {                                     \
            int64_t ix = source(&l->x, l->in_w, ox, kx);                                           \
            const type_x *x = (const type_x *)image + (iy * l->in_w + ix) * l->in_c;               \
            const type_w *w = (const type_w *)filter + (ky * l->x.filter + kx) * l->in_c;          \
            for (int64_t i = 0; ix >= 0 && i < l->in_c; i++)                                       \
                body;                                                                              \
        }                                                                                          \
    }

typedef rg_transpose_conv_layout layout;

/* One output of each type: channel `c` at (oy, ox); integer sums wrap. */
static int8_t one_bytes(const rg_op_call *call, const layout *l, const rg_wide *wide,
                        const void *image, const void *filter, const void *bias, int64_t oy,
                        int64_t ox, int64_t c) {
    uint8_t flip = call->op->out == RG_DTYPE_UINT8 ? 128 : 0;
    int16_t zero_x = (int16_t)(call->in[IMAGE]->quant.zero_point[0] - flip);
    int16_t zero_w = (int16_t)(call->in[FILTER]->quant.zero_point[0] - flip);
    uint32_t sum = bias ? (uint32_t)((const int32_t *)bias)[c] : 0;
    WALK_TAPS(int8_t, int8_t,
              sum += (uint32_t)(rg_byte_distance(x[i], flip, zero_x) *
                                rg_byte_distance(w[i], flip, zero_w)))
    return (int8_t)rg_requantize((int32_t)sum, wide->factors[c], call->out[0]->quant.zero_point[0],
                                 wide->low, wide->high);
}

static int16_t one_s16(const rg_op_call *call, const layout *l, const rg_wide *wide,
                       const void *image, const void *filter, const void *bias, int64_t oy,
                       int64_t ox, int64_t c) {
    uint64_t sum = (uint64_t)rg_wide_bias(rg_call_in(call, BIAS), bias, c);
    WALK_TAPS(int16_t, int8_t, sum += (uint64_t)(int64_t)(x[i] * w[i]))
    return rg_wide_result(wide, sum, c);
}

static float one_f32(const rg_op_call *call, const layout *l, const rg_wide *wide,
                     const void *image, const void *filter, const void *bias, int64_t oy,
                     int64_t ox, int64_t c) {
    float sum = 0, low, high;
    (void)wide;
    rg_activation_range_f32(((const rg_transpose_conv_params *)call->params)->activation, &low,
                            &high);
    WALK_TAPS(float, float, sum += x[i] * w[i])
    return rg_clamp_f32(sum + (bias ? ((const float *)bias)[c] : 0), low, high);
}

/* One operator a row: code, types of filter and output, their C types, which output, sentence. */
#define ROW(code, weight_type, type_w, dtype, type, one, text, ...)                                \
    static void run_##code(const rg_op_call *call, const void *state, const void *const *in,       \
                           void *const *out, size_t first_tile, size_t last_tile) {                \
        const void *bias = rg_call_in(call, BIAS) ? in[BIAS] : NULL;                               \
        layout l;                                                                                  \
        if (rg_transpose_conv_lay_out(call, &l, NULL) != RG_OK)                                    \
            return;                                                                                \
        int64_t filter_size = l.y.filter * l.x.filter * l.in_c;                                    \
        int64_t image_size = l.in_h * l.in_w * l.in_c;                                             \
        type *at = (type *)out[0] + (int64_t)first_tile * l.x.in * l.out_c;                        \
        for (int64_t row = (int64_t)first_tile; row < (int64_t)last_tile; row++) {                 \
            const type *image = (const type *)in[IMAGE] + row / l.y.in * image_size;               \
            for (int64_t ox = 0; ox < l.x.in; ox++)                                                \
                for (int64_t c = 0; c < l.out_c; c++)                                              \
                    *at++ = (type)one(call, &l, state, image,                                      \
                                      (const type_w *)in[FILTER] + c * filter_size, bias,          \
                                      row % l.y.in, ox, c);                                        \
        }                                                                                          \
    }                                                                                              \
    const rg_op rg_op_transpose_conv_##code = {.name = "transpose_conv_" #code,                    \
                                               .kind = "transpose_conv",                           \
                                               .summary = text,                                    \
                                               .in = RG_DTYPE_INT32,                               \
                                               .weights = weight_type,                             \
                                               .out = dtype,                                       \
                                               .params = fields,                                   \
                                               .params_size = sizeof(rg_transpose_conv_params),    \
                                               .min_in = 3,                                        \
                                               .max_in = 4,                                        \
                                               .n_out = 1,                                         \
                                               .infer = infer,                                     \
                                               .work = work,                                       \
                                               .tiles = tiles,                                     \
                                               .run = run_##code,                                  \
                                               __VA_ARGS__}
#define SCALED .check = check, .state_bytes = state_bytes, .prepare = prepare

ROW(s8, RG_DTYPE_INT8, int8_t, RG_DTYPE_INT8, int8_t, one_bytes,
    "Transposed convolution of int8 images", SCALED);
ROW(u8, RG_DTYPE_UINT8, uint8_t, RG_DTYPE_UINT8, uint8_t, one_bytes,
    "Transposed convolution of uint8 images", SCALED);
ROW(s16, RG_DTYPE_INT8, int8_t, RG_DTYPE_INT16, int16_t, one_s16,
    "Transposed convolution of int16 images with int8 filters", SCALED);
ROW(f32, RG_DTYPE_FLOAT32, float, RG_DTYPE_FLOAT32, float, one_f32,
    "Transposed convolution of float32 images", .check = NULL);
