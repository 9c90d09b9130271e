/* conv3d.c: convolution of NDHWC volumes with filters [depth, height, width, in, out], float32.
 * Truth: for each output the sum over the taps in their order, input channels innermost, in
 * float32; bias last, then the activation's range. */
#include "kernels/ref/activation.h"
#include "kernels/ref/need.h"
#include "kernels/ref/window.h"

typedef struct conv3d_params {
    int padding, activation;
    int64_t stride_h, stride_w, stride_d, dilation_h, dilation_w, dilation_d;
} conv3d_params;

#define STEP(key, help)                                                                            \
    { #key, RG_FIELD_INT, offsetof(conv3d_params, key), "1", 1, RG_WINDOW_LIMIT, NULL, "", help }
static const rg_field fields[] = {
    RG_WINDOW_FIELDS(conv3d_params),
    STEP(stride_d, "planes from one window to the next"),
    STEP(dilation_d, "planes from one tap to the next"),
    STEP(dilation_h, "rows from one tap to the next"),
    STEP(dilation_w, "columns from one tap to the next"),
    RG_ACTIVATION_FIELD(conv3d_params),
    {0},
};

enum { VOLUME, FILTER, BIAS };

typedef struct layout {
    rg_axis z, y, x;
    int64_t batch, in_c, out_c;
} layout;

static rg_status lay_out(const rg_op_call *call, layout *ret, rg_err *err) {
    const conv3d_params *p = call->params;
    const int32_t *in = call->in[VOLUME]->shape.dim, *w = call->in[FILTER]->shape.dim;
    ret->batch = in[0];
    ret->in_c = in[4];
    ret->out_c = w[4];
    if (in[4] != w[3])
        return rg_fail(err, RG_BAD_DATA, NULL, "conv3d of %d channels with filters of %d",
                       (int)in[4], (int)w[3]);
    rg_status status =
        rg_axis_init(&ret->z, in[1], w[0], p->stride_d, p->dilation_d, p->padding, "planes", err);
    if (status == RG_OK)
        status =
            rg_axis_init(&ret->y, in[2], w[1], p->stride_h, p->dilation_h, p->padding, "rows", err);
    return status == RG_OK ? rg_axis_init(&ret->x, in[3], w[2], p->stride_w, p->dilation_w,
                                          p->padding, "columns", err)
                           : status;
}

static rg_status infer(const rg_op_call *call, rg_tensor *ret_out, rg_err *err) {
    layout l;
    rg_status status = rg_need_inputs(call, 2, err);
    if (status == RG_OK)
        status = rg_need_rank(call->in[VOLUME], "input", 5, err);
    if (status == RG_OK)
        status = rg_need_rank(call->in[FILTER], "filter", 5, err);
    if (status == RG_OK)
        status = lay_out(call, &l, err);
    if (status == RG_OK)
        status = rg_need_bias(rg_call_in(call, BIAS), RG_DTYPE_FLOAT32, l.out_c, err);
    if (status == RG_OK)
        status = rg_activation_check(((const conv3d_params *)call->params)->activation, err);
    if (status != RG_OK)
        return status;
    rg_shape shape = {
        5,
        {(int32_t)l.batch, (int32_t)l.z.out, (int32_t)l.y.out, (int32_t)l.x.out, (int32_t)l.out_c}};
    return rg_give_output(ret_out, RG_DTYPE_FLOAT32, &shape, err);
}

static rg_work work(const rg_op_call *call) {
    const int32_t *w = call->in[FILTER]->shape.dim;
    uint64_t taps = (uint64_t)w[0] * (uint64_t)w[1] * (uint64_t)w[2] * (uint64_t)w[3];
    return rg_call_work(call, rg_elements(call->out[0]) * taps, 0);
}

/* Rows of the output. */
static size_t tiles(const rg_op_call *call) {
    const int32_t *out = call->out[0]->shape.dim;
    return (size_t)out[0] * (size_t)out[1] * (size_t)out[2];
}

/* One output row: its place, the taps that it reaches in depth and height. */
typedef struct row {
    const layout *l;
    const float *image, *filter, *bias;
    rg_taps z, y;
    float low, high;
} row;

static float sum_taps(const row *r, rg_taps x, int64_t channel) {
    const layout *l = r->l;
    rg_taps z = r->z, y = r->y;
    float sum = 0;
    for (int64_t kz = z.first, iz = z.at; kz < z.last; kz++, iz += l->z.dilation) {
        for (int64_t ky = y.first, iy = y.at; ky < y.last; ky++, iy += l->y.dilation) {
            for (int64_t kx = x.first, ix = x.at; kx < x.last; kx++, ix += l->x.dilation) {
                int64_t pixel = (iz * l->y.in + iy) * l->x.in + ix;
                int64_t tap = (kz * l->y.filter + ky) * l->x.filter + kx;
                const float *v = r->image + pixel * l->in_c;
                const float *w = r->filter + tap * l->in_c * l->out_c + channel;
                for (int64_t i = 0; i < l->in_c; i++)
                    sum += v[i] * w[i * l->out_c];
            }
        }
    }
    return sum;
}

static void run_row(const row *r, float *to) {
    for (int64_t ox = 0; ox < r->l->x.out; ox++) {
        rg_taps x = rg_axis_taps(&r->l->x, ox);
        for (int64_t c = 0; c < r->l->out_c; c++)
            *to++ = rg_clamp_f32(sum_taps(r, x, c) + (r->bias ? r->bias[c] : 0), r->low, r->high);
    }
}

static void run(const rg_op_call *call, const void *state, const void *const *in, void *const *out,
                size_t first_tile, size_t last_tile) {
    layout l;
    (void)state;
    if (lay_out(call, &l, NULL) != RG_OK)
        return;
    row r = {.l = &l, .filter = in[FILTER], .bias = rg_call_in(call, BIAS) ? in[BIAS] : NULL};
    rg_activation_range_f32(((const conv3d_params *)call->params)->activation, &r.low, &r.high);
    for (int64_t tile = (int64_t)first_tile; tile < (int64_t)last_tile; tile++) {
        int64_t oz = tile / l.y.out % l.z.out, batch = tile / l.y.out / l.z.out;
        r.z = rg_axis_taps(&l.z, oz);
        r.y = rg_axis_taps(&l.y, tile % l.y.out);
        r.image = (const float *)in[VOLUME] + batch * l.z.in * l.y.in * l.x.in * l.in_c;
        run_row(&r, (float *)out[0] + tile * l.x.out * l.out_c);
    }
}

const rg_op rg_op_conv3d_f32 = {
    .name = "conv3d_f32",
    .kind = "conv3d",
    .summary = "Convolution of volumes, float32",
    .in = RG_DTYPE_FLOAT32,
    .weights = RG_DTYPE_FLOAT32,
    .out = RG_DTYPE_FLOAT32,
    .params = fields,
    .params_size = sizeof(conv3d_params),
    .min_in = 2,
    .max_in = 3,
    .n_out = 1,
    .infer = infer,
    .work = work,
    .tiles = tiles,
    .run = run,
};
