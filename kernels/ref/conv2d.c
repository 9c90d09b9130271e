/* conv2d.c: convolution of NHWC images with OHWI filters, int8, uint8 and float32; groups where the
 * input has g times the filter's channels. int8 truth: int32 sum of (x - zero point) * w + bias
 * over the taps on the image, factor input * filter / output scale formed in double, double
 * rounding; for uint8 the product of scales is rounded to float32 first. */
#include "kernels/ref/conv2d.h"

#include <string.h>

#include "kernels/ref/activation.h"
#include "kernels/ref/bytes.h"
#include "kernels/ref/need.h"
#include "kernels/ref/window.h"

const rg_field rg_conv_fields[] = {
    RG_CONV_WINDOW_FIELDS(rg_conv_params),
    {"dilation_h", RG_FIELD_INT, offsetof(rg_conv_params, dilation_h), "1", 1, RG_WINDOW_LIMIT,
     NULL, "pixels", "rows from one tap to the next"},
    {"dilation_w", RG_FIELD_INT, offsetof(rg_conv_params, dilation_w), "1", 1, RG_WINDOW_LIMIT,
     NULL, "pixels", "columns from one tap to the next"},
    RG_ACTIVATION_FIELD(rg_conv_params),
    {0},
};

rg_status rg_conv_lay_out(const rg_op_call *call, rg_conv_layout *ret, rg_err *err) {
    const rg_conv_params *p = call->params;
    const int32_t *in = call->in[0]->shape.dim, *filter = call->in[1]->shape.dim;
    rg_status status = rg_axis_init_padded(&ret->y, in[1], filter[1], p->stride_h, p->dilation_h,
                                           p->padding, p->pads.top, p->pads.bottom, "rows", err);
    if (status == RG_OK)
        status = rg_axis_init_padded(&ret->x, in[2], filter[2], p->stride_w, p->dilation_w,
                                     p->padding, p->pads.left, p->pads.right, "columns", err);
    ret->batch = in[0];
    ret->in_c = in[3];
    ret->out_c = filter[0];
    ret->tap_c = filter[3];
    ret->groups = in[3] >= filter[3] ? in[3] / filter[3] : 1;
    ret->group = filter[0] / ret->groups;
    return status;
}

static rg_status check_channels(const rg_conv_layout *l, rg_err *err) {
    if (l->in_c % l->tap_c || l->out_c % l->groups)
        return rg_fail(err, RG_BAD_DATA, NULL,
                       "%lld input channels do not match %lld filters over %lld channels",
                       (long long)l->in_c, (long long)l->out_c, (long long)l->tap_c);
    return RG_OK;
}

rg_status rg_conv_infer(const rg_op_call *call, rg_tensor *ret_out, rg_err *err) {
    const rg_conv_params *p = call->params;
    rg_conv_layout l;
    rg_status status = rg_need_inputs(call, 2, err);
    if (status == RG_OK)
        status = rg_need_rank(call->in[0], "input", 4, err);
    if (status == RG_OK)
        status = rg_need_rank(call->in[1], "filter", 4, err);
    if (status == RG_OK)
        status = rg_conv_lay_out(call, &l, err);
    if (status == RG_OK)
        status = check_channels(&l, err);
    if (status == RG_OK)
        status = rg_need_call_bias(call, 2, l.out_c, err);
    if (status == RG_OK)
        status = rg_activation_check(p->activation, err);
    if (status != RG_OK)
        return status;
    rg_shape shape = {4, {(int32_t)l.batch, (int32_t)l.y.out, (int32_t)l.x.out, (int32_t)l.out_c}};
    return rg_give_output(ret_out, call->op->out, &shape, err);
}

static rg_status check(const rg_op_call *call, rg_err *err) {
    return rg_bytes_check(call, 0, false, err);
}

rg_work rg_conv_work(const rg_op_call *call) {
    const int32_t *filter = call->in[1]->shape.dim;
    uint64_t taps = (uint64_t)filter[1] * (uint64_t)filter[2] * (uint64_t)filter[3];
    return rg_call_work(call, rg_elements(call->out[0]) * taps, 0);
}

size_t rg_conv_tiles(const rg_op_call *call) {
    return (size_t)call->out[0]->shape.dim[0] * (size_t)call->out[0]->shape.dim[1];
}

static size_t state_bytes(const rg_op_call *call) {
    return (size_t)call->in[1]->shape.dim[0] * sizeof(rg_factor);
}

static rg_status prepare(const rg_op_call *call, void *state, rg_err *err) {
    return rg_bytes_factors(call, call->op->in == RG_DTYPE_UINT8, call->in[1]->shape.dim[0], state,
                            err);
}

/* The first input channel that output channel `c` looks at. */
static inline int64_t first_channel(const rg_conv_layout *l, int64_t c) {
    return l->groups == 1 ? 0 : c / l->group * l->tap_c;
}

/* Kernel rows lie contiguously on both sides unless taps are dilated or channels grouped: then one
 * dot product takes all taps of a row. */
static int64_t taps_a_dot(const rg_conv_layout *l) {
    return l->x.dilation == 1 && l->groups == 1 ? l->x.filter : 1;
}

static int32_t sum_bytes(const rg_conv_layout *l, const int8_t *image, const int8_t *filter,
                         rg_taps ty, rg_taps tx, rg_bytes bytes) {
    int64_t joint = taps_a_dot(l);
    uint32_t sum = 0;
    for (int64_t ky = ty.first; ky < ty.last; ky++) {
        int64_t y = ty.at + (ky - ty.first) * l->y.dilation, n;
        for (int64_t kx = tx.first; kx < tx.last; kx += n) {
            n = joint > 1 ? tx.last - kx : 1;
            int64_t x = tx.at + (kx - tx.first) * l->x.dilation;
            sum += rg_bytes_dot(image + (y * l->x.in + x) * l->in_c,
                                filter + (ky * l->x.filter + kx) * l->tap_c, n * l->tap_c, bytes);
        }
    }
    return (int32_t)sum;
}

static void run_bytes(const rg_op_call *call, const void *state, const void *const *in,
                      void *const *out, size_t first_tile, size_t last_tile) {
    const rg_factor *factors = state;
    const int32_t *bias = rg_call_in(call, 2) ? in[2] : NULL;
    rg_bytes bytes = rg_bytes_of(call);
    int32_t zero = call->out[0]->quant.zero_point[0], low, high;
    rg_conv_layout l;
    if (rg_conv_lay_out(call, &l, NULL) != RG_OK)
        return;
    rg_activation_range(((const rg_conv_params *)call->params)->activation, call->out[0], &low,
                        &high);
    int64_t filter_size = l.y.filter * l.x.filter * l.tap_c;
    int8_t *at = (int8_t *)out[0] + (int64_t)first_tile * l.x.out * l.out_c;
    for (int64_t row = (int64_t)first_tile; row < (int64_t)last_tile; row++) {
        const int8_t *image = (const int8_t *)in[0] + row / l.y.out * l.y.in * l.x.in * l.in_c;
        rg_taps ty = rg_axis_taps(&l.y, row % l.y.out);
        for (int64_t ox = 0; ox < l.x.out; ox++) {
            rg_taps tx = rg_axis_taps(&l.x, ox);
            for (int64_t c = 0; c < l.out_c; c++) {
                int32_t sum = sum_bytes(&l, image + first_channel(&l, c),
                                        (const int8_t *)in[1] + c * filter_size, ty, tx, bytes);
                sum = (int32_t)((uint32_t)sum + (uint32_t)(bias ? bias[c] : 0));
                *at++ = (int8_t)rg_requantize(sum, factors[c], zero, low, high);
            }
        }
    }
}

/* Sums tap by tap and channel by channel in one float: the same order on every machine. */
static float sum_f32(const rg_conv_layout *l, const float *image, const float *filter, rg_taps ty,
                     rg_taps tx) {
    float sum = 0;
    for (int64_t ky = ty.first; ky < ty.last; ky++) {
        int64_t y = ty.at + (ky - ty.first) * l->y.dilation;
        for (int64_t kx = tx.first; kx < tx.last; kx++) {
            int64_t x = tx.at + (kx - tx.first) * l->x.dilation;
            const float *pixel = image + (y * l->x.in + x) * l->in_c;
            const float *weight = filter + (ky * l->x.filter + kx) * l->tap_c;
            for (int64_t i = 0; i < l->tap_c; i++)
                sum += pixel[i] * weight[i];
        }
    }
    return sum;
}

static void run_f32(const rg_op_call *call, const void *state, const void *const *in,
                    void *const *out, size_t first_tile, size_t last_tile) {
    (void)state;
    const float *bias = rg_call_in(call, 2) ? in[2] : NULL;
    float low, high;
    rg_conv_layout l;
    if (rg_conv_lay_out(call, &l, NULL) != RG_OK)
        return;
    rg_activation_range_f32(((const rg_conv_params *)call->params)->activation, &low, &high);
    int64_t filter_size = l.y.filter * l.x.filter * l.tap_c;
    float *at = (float *)out[0] + (int64_t)first_tile * l.x.out * l.out_c;
    for (int64_t row = (int64_t)first_tile; row < (int64_t)last_tile; row++) {
        const float *image = (const float *)in[0] + row / l.y.out * l.y.in * l.x.in * l.in_c;
        rg_taps ty = rg_axis_taps(&l.y, row % l.y.out);
        for (int64_t ox = 0; ox < l.x.out; ox++) {
            rg_taps tx = rg_axis_taps(&l.x, ox);
            for (int64_t c = 0; c < l.out_c; c++) {
                float sum = sum_f32(&l, image + first_channel(&l, c),
                                    (const float *)in[1] + c * filter_size, ty, tx);
                *at++ = rg_clamp_f32(sum + (bias ? bias[c] : 0), low, high);
            }
        }
    }
}

const rg_op rg_op_conv2d_s8 = {
    RG_CONV2D_OP(conv2d_s8, INT8, INT8, INT8,
                 "Convolution of int8 images, weights scaled per tensor or per channel"),
    .check = check, .state_bytes = state_bytes, .prepare = prepare, .run = run_bytes};

const rg_op rg_op_conv2d_u8 = {
    RG_CONV2D_OP(conv2d_u8, UINT8, UINT8, UINT8,
                 "Convolution of uint8 images, weights with a zero point"),
    .check = check, .state_bytes = state_bytes, .prepare = prepare, .run = run_bytes};

const rg_op rg_op_conv2d_f32 = {
    RG_CONV2D_OP(conv2d_f32, FLOAT32, FLOAT32, FLOAT32, "Convolution of float32 images"),
    .run = run_f32};
