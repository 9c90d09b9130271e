/* depthwise_conv2d_hybrid.c: each channel of float images convolved alone with int8 filters, each
 * image quantized asymmetrically as it comes (hybrid.h). Shapes and parameters as in
 * depthwise_conv2d.c. Truth, in float32 with an int32 sum over the taps on the image:
 * y = sum * (filter scale * image scale) + bias. */
#include "kernels/ref/activation.h"
#include "kernels/ref/depthwise_conv2d.h"
#include "kernels/ref/hybrid.h"

static rg_status check(const rg_op_call *call, rg_err *err) {
    return rg_hybrid_check(call, 3, err);
}

static int32_t sum_taps(const rg_depthwise_layout *l, const rg_hybrid *h, const float *image,
                        const int8_t *filter, rg_taps ty, rg_taps tx) {
    uint32_t sum = 0;
    for (int64_t ky = ty.first; ky < ty.last; ky++) {
        int64_t y = ty.at + (ky - ty.first) * l->y.dilation;
        for (int64_t kx = tx.first; kx < tx.last; kx++) {
            int64_t x = tx.at + (kx - tx.first) * l->x.dilation;
            int32_t q = rg_hybrid_quantum(h, image[(y * l->x.in + x) * l->in_c]) - h->zero;
            sum += (uint32_t)(q * filter[(ky * l->x.filter + kx) * l->out_c]);
        }
    }
    return (int32_t)sum;
}

static void run(const rg_op_call *call, const void *state, const void *const *in, void *const *out,
                size_t first_tile, size_t last_tile) {
    const float *bias = rg_call_in(call, 2) ? in[2] : NULL;
    float low, high;
    rg_depthwise_layout l;
    (void)state;
    if (rg_depthwise_lay_out(call, &l, NULL) != RG_OK)
        return;
    rg_activation_range_f32(((const rg_depthwise_params *)call->params)->activation, &low, &high);
    int64_t size = l.y.in * l.x.in * l.in_c;
    float *at = (float *)out[0] + (int64_t)first_tile * l.x.out * l.out_c;
    for (int64_t row = (int64_t)first_tile; row < (int64_t)last_tile; row++) {
        const float *image = (const float *)in[0] + row / l.y.out * size;
        rg_hybrid h = rg_hybrid_of(image, size, 1, true);
        rg_taps ty = rg_axis_taps(&l.y, row % l.y.out);
        for (int64_t ox = 0; ox < l.x.out; ox++) {
            rg_taps tx = rg_axis_taps(&l.x, ox);
            for (int64_t c = 0; c < l.out_c; c++) {
                float sum = (float)sum_taps(&l, &h, image + c / l.multiplier,
                                            (const int8_t *)in[1] + c, ty, tx);
                sum *= rg_hybrid_scale(call->in[1], c) * h.scale;
                *at++ = rg_clamp_f32(sum + (bias ? bias[c] : 0), low, high);
            }
        }
    }
}

const rg_op rg_op_depthwise_conv2d_f32_s8 = {
    RG_DEPTHWISE_OP(
        depthwise_conv2d_f32_s8, FLOAT32, INT8, FLOAT32,
        "Depthwise convolution of float32 images, quantized as they come, int8 filters"),
    .check = check, .run = run};
