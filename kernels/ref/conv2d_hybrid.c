/* conv2d_hybrid.c: convolution of float images with int8 filters, each image quantized as it comes
 * (hybrid.h). Shapes and parameters as in conv2d.c. Truth, in float32 with an int32 sum over the
 * taps on the image: filters whose scales differ take asymmetric images, y = sum * filter scale *
 * image scale + bias; one scale for all takes symmetric ones, y = sum * (image scale * filter
 * scale) + bias.
 */
#include "kernels/ref/activation.h"
#include "kernels/ref/conv2d.h"
#include "kernels/ref/hybrid.h"

enum { BLOCK = 64 }; /* output channels summed side by side */

static rg_status check(const rg_op_call *call, rg_err *err) {
    return rg_hybrid_check(call, 0, err);
}

static bool scales_differ(const rg_tensor *weights) {
    for (uint32_t c = 1; c < weights->quant.n; c++) {
        if (weights->quant.scale[c] != weights->quant.scale[0])
            return true;
    }
    return false;
}

/* Sums of output channels [c, c + n), all of one group, over one tap: `x` its first pixel channel.
 */
static void add_tap(const rg_conv_layout *l, const rg_hybrid *h, const float *x, const int8_t *w,
                    int64_t n, uint32_t *sums) {
    int64_t filter_size = l->y.filter * l->x.filter * l->tap_c;
    int16_t q[RG_HYBRID_CHUNK];
    for (int64_t i = 0, m; i < l->tap_c; i += m) {
        m = l->tap_c - i < RG_HYBRID_CHUNK ? l->tap_c - i : RG_HYBRID_CHUNK;
        rg_hybrid_chunk(h, x + i, m, 1, q);
        for (int64_t o = 0; o < n; o++) {
            uint32_t sum = 0;
            for (int64_t k = 0; k < m; k++)
                sum += (uint32_t)(q[k] * w[o * filter_size + i + k]);
            sums[o] += sum;
        }
    }
}

static void sum_pixel(const rg_conv_layout *l, const rg_hybrid *h, const float *image,
                      const int8_t *filter, rg_taps ty, rg_taps tx, int64_t n, uint32_t *sums) {
    for (int64_t ky = ty.first; ky < ty.last; ky++) {
        int64_t y = ty.at + (ky - ty.first) * l->y.dilation;
        for (int64_t kx = tx.first; kx < tx.last; kx++) {
            int64_t x = tx.at + (kx - tx.first) * l->x.dilation;
            add_tap(l, h, image + (y * l->x.in + x) * l->in_c,
                    filter + (ky * l->x.filter + kx) * l->tap_c, n, sums);
        }
    }
}

/* One output from its sum. */
static float real_of(const rg_op_call *call, const rg_hybrid *h, bool differ, uint32_t sum,
                     int64_t c) {
    float whole = (float)(int32_t)sum, scale = rg_hybrid_scale(call->in[1], c);
    return differ ? whole * scale * h->scale : whole * (h->scale * scale);
}

static void run(const rg_op_call *call, const void *state, const void *const *in, void *const *out,
                size_t first_tile, size_t last_tile) {
    const float *bias = rg_call_in(call, 2) ? in[2] : NULL;
    bool differ = scales_differ(call->in[1]);
    float low, high;
    rg_conv_layout l;
    (void)state;
    if (rg_conv_lay_out(call, &l, NULL) != RG_OK)
        return;
    rg_activation_range_f32(((const rg_conv_params *)call->params)->activation, &low, &high);
    int64_t filter_size = l.y.filter * l.x.filter * l.tap_c, size = l.y.in * l.x.in * l.in_c;
    float *at = (float *)out[0] + (int64_t)first_tile * l.x.out * l.out_c;
    for (int64_t row = (int64_t)first_tile; row < (int64_t)last_tile; row++) {
        const float *image = (const float *)in[0] + row / l.y.out * size;
        rg_hybrid h = rg_hybrid_of(image, size, 1, differ);
        rg_taps ty = rg_axis_taps(&l.y, row % l.y.out);
        for (int64_t ox = 0; ox < l.x.out; ox++) {
            rg_taps tx = rg_axis_taps(&l.x, ox);
            for (int64_t c = 0, n; c < l.out_c; c += n) {
                uint32_t sums[BLOCK] = {0};
                int64_t left = l.group - c % l.group;
                n = left < BLOCK ? left : BLOCK;
                sum_pixel(&l, &h, image + c / l.group * l.tap_c,
                          (const int8_t *)in[1] + c * filter_size, ty, tx, n, sums);
                for (int64_t o = 0; o < n; o++) {
                    float y = real_of(call, &h, differ, sums[o], c + o);
                    *at++ = rg_clamp_f32(y + (bias ? bias[c + o] : 0), low, high);
                }
            }
        }
    }
}

const rg_op rg_op_conv2d_f32_s8 = {
    RG_CONV2D_OP(conv2d_f32_s8, FLOAT32, INT8, FLOAT32,
                 "Convolution of float32 images, quantized as they come, with int8 filters"),
    .check = check, .run = run};
