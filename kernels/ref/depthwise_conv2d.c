/* depthwise_conv2d.c: each channel convolved alone, filters 1HWC, int8, uint8 and float32; output
 * channel c reads input channel c / multiplier. Truth as in conv2d.c. */
#include "kernels/ref/depthwise_conv2d.h"

#include <string.h>

#include "kernels/ref/activation.h"
#include "kernels/ref/bytes.h"
#include "kernels/ref/need.h"
#include "kernels/ref/window.h"

const rg_field rg_depthwise_fields[] = {
    RG_CONV_WINDOW_FIELDS(rg_depthwise_params),
    {"dilation_h", RG_FIELD_INT, offsetof(rg_depthwise_params, dilation_h), "1", 1, RG_WINDOW_LIMIT,
     NULL, "pixels", "rows from one tap to the next"},
    {"dilation_w", RG_FIELD_INT, offsetof(rg_depthwise_params, dilation_w), "1", 1, RG_WINDOW_LIMIT,
     NULL, "pixels", "columns from one tap to the next"},
    {"depth_multiplier", RG_FIELD_INT, offsetof(rg_depthwise_params, depth_multiplier), "0", 0,
     INT32_MAX, NULL, "channels", "output channels an input channel; 0: as the filter says"},
    RG_ACTIVATION_FIELD(rg_depthwise_params),
    {0},
};

enum { BLOCK = 64 }; /* channels summed side by side */

rg_status rg_depthwise_lay_out(const rg_op_call *call, rg_depthwise_layout *ret, rg_err *err) {
    const rg_depthwise_params *p = call->params;
    const int32_t *in = call->in[0]->shape.dim, *filter = call->in[1]->shape.dim;
    rg_status status = rg_axis_init_padded(&ret->y, in[1], filter[1], p->stride_h, p->dilation_h,
                                           p->padding, p->pads.top, p->pads.bottom, "rows", err);
    if (status == RG_OK)
        status = rg_axis_init_padded(&ret->x, in[2], filter[2], p->stride_w, p->dilation_w,
                                     p->padding, p->pads.left, p->pads.right, "columns", err);
    ret->batch = in[0];
    ret->in_c = in[3];
    ret->out_c = filter[3];
    ret->multiplier = filter[3] / in[3];
    return status;
}

static rg_status check_channels(const rg_op_call *call, const rg_depthwise_layout *l, rg_err *err) {
    const rg_depthwise_params *p = call->params;
    if (call->in[1]->shape.dim[0] != 1 || l->out_c % l->in_c)
        return rg_fail(err, RG_BAD_DATA, NULL,
                       "%d x %lld depthwise filters do not match %lld input channels",
                       (int)call->in[1]->shape.dim[0], (long long)l->out_c, (long long)l->in_c);
    if (p->depth_multiplier && p->depth_multiplier != l->multiplier)
        return rg_fail(err, RG_BAD_DATA, NULL, "depth_multiplier is %lld, the filter says %lld",
                       (long long)p->depth_multiplier, (long long)l->multiplier);
    return RG_OK;
}

rg_status rg_depthwise_infer(const rg_op_call *call, rg_tensor *ret_out, rg_err *err) {
    const rg_depthwise_params *p = call->params;
    rg_depthwise_layout l;
    rg_status status = rg_need_inputs(call, 2, err);
    if (status == RG_OK)
        status = rg_need_rank(call->in[0], "input", 4, err);
    if (status == RG_OK)
        status = rg_need_rank(call->in[1], "filter", 4, err);
    if (status == RG_OK)
        status = rg_depthwise_lay_out(call, &l, err);
    if (status == RG_OK)
        status = check_channels(call, &l, err);
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
    return rg_bytes_check(call, 3, false, err);
}

rg_work rg_depthwise_work(const rg_op_call *call) {
    const int32_t *filter = call->in[1]->shape.dim;
    return rg_call_work(call, rg_elements(call->out[0]) * (uint64_t)filter[1] * (uint64_t)filter[2],
                        0);
}

size_t rg_depthwise_tiles(const rg_op_call *call) {
    return (size_t)call->out[0]->shape.dim[0] * (size_t)call->out[0]->shape.dim[1];
}

static size_t state_bytes(const rg_op_call *call) {
    return (size_t)call->in[1]->shape.dim[3] * sizeof(rg_factor);
}

static rg_status prepare(const rg_op_call *call, void *state, rg_err *err) {
    return rg_bytes_factors(call, call->op->in == RG_DTYPE_UINT8, call->in[1]->shape.dim[3], state,
                            err);
}

/* One tap for `n` output channels from channel `c` on. Sums wrap like the original. */
static void tap_bytes(uint32_t *restrict sum, const int8_t *pixel, const int8_t *weight, int64_t c,
                      int64_t n, int64_t multiplier, rg_bytes bytes) {
    int64_t from = c / multiplier, left = multiplier - c % multiplier;
    for (int64_t i = 0; i < n && multiplier == 1; i++)
        sum[i] += (uint32_t)(rg_byte_distance(pixel[c + i], bytes.flip, bytes.zero_x) *
                             rg_byte_distance(weight[c + i], bytes.flip, bytes.zero_w));
    for (int64_t i = 0; i < n && multiplier != 1; i++) {
        sum[i] += (uint32_t)(rg_byte_distance(pixel[from], bytes.flip, bytes.zero_x) *
                             rg_byte_distance(weight[c + i], bytes.flip, bytes.zero_w));
        if (--left == 0) {
            from++;
            left = multiplier;
        }
    }
}

static void tap_f32(float *sum, const float *pixel, const float *weight, int64_t c, int64_t n,
                    int64_t multiplier) {
    int64_t from = c / multiplier, left = multiplier - c % multiplier;
    for (int64_t i = 0; i < n; i++) {
        sum[i] += pixel[from] * weight[c + i];
        if (--left == 0) {
            from++;
            left = multiplier;
        }
    }
}

/* Sums of output channels [c, c + n) at one window. */
static void sum_bytes(const rg_depthwise_layout *l, const int8_t *image, const int8_t *filter,
                      rg_taps ty, rg_taps tx, int64_t c, int64_t n, rg_bytes bytes,
                      uint32_t *ret_sum) {
    for (int64_t ky = ty.first; ky < ty.last; ky++) {
        int64_t y = ty.at + (ky - ty.first) * l->y.dilation;
        for (int64_t kx = tx.first; kx < tx.last; kx++) {
            int64_t x = tx.at + (kx - tx.first) * l->x.dilation;
            tap_bytes(ret_sum, image + (y * l->x.in + x) * l->in_c,
                      filter + (ky * l->x.filter + kx) * l->out_c, c, n, l->multiplier, bytes);
        }
    }
}

static void sum_f32(const rg_depthwise_layout *l, const float *image, const float *filter,
                    rg_taps ty, rg_taps tx, int64_t c, int64_t n, float *ret_sum) {
    for (int64_t ky = ty.first; ky < ty.last; ky++) {
        int64_t y = ty.at + (ky - ty.first) * l->y.dilation;
        for (int64_t kx = tx.first; kx < tx.last; kx++) {
            int64_t x = tx.at + (kx - tx.first) * l->x.dilation;
            tap_f32(ret_sum, image + (y * l->x.in + x) * l->in_c,
                    filter + (ky * l->x.filter + kx) * l->out_c, c, n, l->multiplier);
        }
    }
}

static void run_bytes(const rg_op_call *call, const void *state, const void *const *in,
                      void *const *out, size_t first_tile, size_t last_tile) {
    const rg_factor *factors = state;
    const int32_t *bias = rg_call_in(call, 2) ? in[2] : NULL;
    rg_bytes bytes = rg_bytes_of(call);
    int32_t zero = call->out[0]->quant.zero_point[0], low, high;
    rg_depthwise_layout l;
    if (rg_depthwise_lay_out(call, &l, NULL) != RG_OK)
        return;
    rg_activation_range(((const rg_depthwise_params *)call->params)->activation, call->out[0], &low,
                        &high);
    int8_t *at = (int8_t *)out[0] + (int64_t)first_tile * l.x.out * l.out_c;
    for (int64_t row = (int64_t)first_tile; row < (int64_t)last_tile; row++) {
        const int8_t *image = (const int8_t *)in[0] + row / l.y.out * l.y.in * l.x.in * l.in_c;
        rg_taps ty = rg_axis_taps(&l.y, row % l.y.out);
        for (int64_t ox = 0; ox < l.x.out; ox++) {
            rg_taps tx = rg_axis_taps(&l.x, ox);
            for (int64_t c = 0, n; c < l.out_c; c += n) {
                uint32_t sum[BLOCK] = {0};
                n = l.out_c - c < BLOCK ? l.out_c - c : BLOCK;
                sum_bytes(&l, image, in[1], ty, tx, c, n, bytes, sum);
                for (int64_t i = 0; i < n; i++) {
                    sum[i] += (uint32_t)(bias ? bias[c + i] : 0);
                    *at++ = (int8_t)rg_requantize((int32_t)sum[i], factors[c + i], zero, low, high);
                }
            }
        }
    }
}

static void run_f32(const rg_op_call *call, const void *state, const void *const *in,
                    void *const *out, size_t first_tile, size_t last_tile) {
    (void)state;
    const float *bias = rg_call_in(call, 2) ? in[2] : NULL;
    float low, high;
    rg_depthwise_layout l;
    if (rg_depthwise_lay_out(call, &l, NULL) != RG_OK)
        return;
    rg_activation_range_f32(((const rg_depthwise_params *)call->params)->activation, &low, &high);
    float *at = (float *)out[0] + (int64_t)first_tile * l.x.out * l.out_c;
    for (int64_t row = (int64_t)first_tile; row < (int64_t)last_tile; row++) {
        const float *image = (const float *)in[0] + row / l.y.out * l.y.in * l.x.in * l.in_c;
        rg_taps ty = rg_axis_taps(&l.y, row % l.y.out);
        for (int64_t ox = 0; ox < l.x.out; ox++) {
            rg_taps tx = rg_axis_taps(&l.x, ox);
            for (int64_t c = 0, n; c < l.out_c; c += n) {
                float sum[BLOCK] = {0};
                n = l.out_c - c < BLOCK ? l.out_c - c : BLOCK;
                sum_f32(&l, image, in[1], ty, tx, c, n, sum);
                for (int64_t i = 0; i < n; i++)
                    *at++ = rg_clamp_f32(sum[i] + (bias ? bias[c + i] : 0), low, high);
            }
        }
    }
}

const rg_op rg_op_depthwise_conv2d_s8 = {
    RG_DEPTHWISE_OP(depthwise_conv2d_s8, INT8, INT8, INT8,
                    "Depthwise convolution of int8 images, any multiplier"),
    .check = check, .state_bytes = state_bytes, .prepare = prepare, .run = run_bytes};

const rg_op rg_op_depthwise_conv2d_u8 = {
    RG_DEPTHWISE_OP(depthwise_conv2d_u8, UINT8, UINT8, UINT8,
                    "Depthwise convolution of uint8 images, any multiplier"),
    .check = check, .state_bytes = state_bytes, .prepare = prepare, .run = run_bytes};

const rg_op rg_op_depthwise_conv2d_f32 = {
    RG_DEPTHWISE_OP(depthwise_conv2d_f32, FLOAT32, FLOAT32, FLOAT32,
                    "Depthwise convolution of float32 images, any multiplier"),
    .run = run_f32};
