/* resize.c: problems of resize_nearest and resize_bilinear: up and down, both conventions of where
 * pixels lie. */
#include "kernels/cases/draw.h"

static void draw(const rg_op *op, rg_rng *rng, rg_case *ret_case) {
    rg_case *c = ret_case;
    rg_shape shape = RG_SHAPE_OF(rg_draw_int(rng, 1, 2), rg_draw_size(rng, 20),
                                 rg_draw_size(rng, 20), rg_draw_size(rng, 40));
    int32_t size[2] = {rg_draw_size(rng, 24), rg_draw_size(rng, 24)};
    if (rg_draw_one_in(rng, 4)) {
        size[0] = 2 * shape.dim[1];
        size[1] = 2 * shape.dim[2];
    }
    uint32_t where = rg_rng_below(rng, 3);
    c->n_in = 2;
    c->n_out = 1;
    c->in[0] = rg_draw_tensor(rng, rg_draw_dtype(rng, op->in), shape);
    c->in[1] = rg_draw_numbers(size, 2);
    c->out[0] = c->in[0];
    c->out[0].shape = (rg_shape){0};
    rg_case_int(c, "align_corners", where == 1);
    rg_case_int(c, "half_pixel_centers", where == 2);
}

static bool bench(const rg_op *op, size_t index, rg_case *ret_case) {
    static const int32_t sizes[][2] = {{112, 112}, {33, 33}};
    rg_case *c = ret_case;
    if (index >= sizeof sizes / sizeof sizes[0])
        return false;
    rg_dtype dtype = op->in == RG_DTYPE_ANY ? RG_DTYPE_INT8 : op->in;
    snprintf(c->name, sizeof c->name, "%s_56x56x64_%d", op->kind, (int)sizes[index][0]);
    c->n_in = 2;
    c->n_out = 1;
    c->in[0] = rg_bench_tensor(dtype, RG_SHAPE_OF(1, 56, 56, 64), 0.0235f, 3);
    c->in[1] = rg_draw_numbers(sizes[index], 2);
    c->out[0] = c->in[0];
    c->out[0].shape = (rg_shape){0};
    rg_case_int(c, "half_pixel_centers", 1);
    return true;
}

const rg_case_set rg_case_set_resize_nearest = {"resize_nearest", draw, bench};
const rg_case_set rg_case_set_resize_bilinear = {"resize_bilinear", draw, bench};
