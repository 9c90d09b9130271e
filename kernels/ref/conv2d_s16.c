/* conv2d_s16.c: convolution of int16 images with int8 filters. Shapes and parameters as in
 * conv2d.c, arithmetic as in wide.h with factors formed in double. */
#include "kernels/ref/conv2d.h"
#include "kernels/ref/wide.h"

static rg_status check(const rg_op_call *call, rg_err *err) {
    return rg_wide_check(call, 0, err);
}

static size_t state_bytes(const rg_op_call *call) {
    return rg_wide_bytes(call->in[1]->shape.dim[0]);
}

static rg_status prepare(const rg_op_call *call, void *state, rg_err *err) {
    return rg_wide_prepare(call, 2, ((const rg_conv_params *)call->params)->activation, false,
                           call->in[1]->shape.dim[0], state, err);
}

static uint64_t sum_taps(const void *layout, const int16_t *image, const int8_t *filter, int64_t c,
                         rg_taps ty, rg_taps tx) {
    const rg_conv_layout *l = layout;
    uint64_t sum = 0;
    filter += c * l->y.filter * l->x.filter * l->tap_c;
    image += c / l->group * l->tap_c;
    for (int64_t ky = ty.first; ky < ty.last; ky++) {
        int64_t y = ty.at + (ky - ty.first) * l->y.dilation;
        for (int64_t kx = tx.first; kx < tx.last; kx++) {
            int64_t x = tx.at + (kx - tx.first) * l->x.dilation;
            sum += rg_wide_dot(image + (y * l->x.in + x) * l->in_c,
                               filter + (ky * l->x.filter + kx) * l->tap_c, l->tap_c);
        }
    }
    return sum;
}

static void run(const rg_op_call *call, const void *state, const void *const *in, void *const *out,
                size_t first_tile, size_t last_tile) {
    rg_conv_layout l;
    if (rg_conv_lay_out(call, &l, NULL) != RG_OK)
        return;
    rg_wide_windows windows = {&l.y, &l.x, l.in_c, l.out_c, &l, sum_taps};
    rg_wide_convolve(call, state, &windows, in, out[0], first_tile, last_tile);
}

const rg_op rg_op_conv2d_s16 = {
    RG_CONV2D_OP(conv2d_s16, INT16, INT8, INT16, "Convolution of int16 images with int8 filters"),
    .check = check, .state_bytes = state_bytes, .prepare = prepare, .run = run};
