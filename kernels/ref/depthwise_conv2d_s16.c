/* depthwise_conv2d_s16.c: each channel of int16 images convolved alone with int8 filters. Shapes
 * and parameters as in depthwise_conv2d.c, arithmetic as in wide.h with factors formed in double.
 */
#include "kernels/ref/depthwise_conv2d.h"
#include "kernels/ref/wide.h"

static rg_status check(const rg_op_call *call, rg_err *err) {
    return rg_wide_check(call, 3, err);
}

static size_t state_bytes(const rg_op_call *call) {
    return rg_wide_bytes(call->in[1]->shape.dim[3]);
}

static rg_status prepare(const rg_op_call *call, void *state, rg_err *err) {
    return rg_wide_prepare(call, 2, ((const rg_depthwise_params *)call->params)->activation, false,
                           call->in[1]->shape.dim[3], state, err);
}

static uint64_t sum_taps(const void *layout, const int16_t *image, const int8_t *filter, int64_t c,
                         rg_taps ty, rg_taps tx) {
    const rg_depthwise_layout *l = layout;
    uint64_t sum = 0;
    image += c / l->multiplier;
    for (int64_t ky = ty.first; ky < ty.last; ky++) {
        int64_t y = ty.at + (ky - ty.first) * l->y.dilation;
        for (int64_t kx = tx.first; kx < tx.last; kx++) {
            int64_t x = tx.at + (kx - tx.first) * l->x.dilation;
            sum += (uint64_t)(int64_t)(image[(y * l->x.in + x) * l->in_c] *
                                       filter[(ky * l->x.filter + kx) * l->out_c + c]);
        }
    }
    return sum;
}

static void run(const rg_op_call *call, const void *state, const void *const *in, void *const *out,
                size_t first_tile, size_t last_tile) {
    rg_depthwise_layout l;
    if (rg_depthwise_lay_out(call, &l, NULL) != RG_OK)
        return;
    rg_wide_windows windows = {&l.y, &l.x, l.in_c, l.out_c, &l, sum_taps};
    rg_wide_convolve(call, state, &windows, in, out[0], first_tile, last_tile);
}

const rg_op rg_op_depthwise_conv2d_s16 = {
    RG_DEPTHWISE_OP(depthwise_conv2d_s16, INT16, INT8, INT16,
                    "Depthwise convolution of int16 images with int8 filters"),
    .check = check, .state_bytes = state_bytes, .prepare = prepare, .run = run};
