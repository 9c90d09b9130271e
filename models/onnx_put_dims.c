/* onnx_put_dims.c: operators over dimensions, on images, and choices, as an .onnx file has them. */
#include <string.h>

#include "models/onnx_read.h"
#include "models/onnx_write.h"

void rg_onnx_put_reduce(rg_onnx_writing *s, const rg_node *node, const char *type) {
    int64_t axes[RG_MAX_RANK];
    uint32_t n;
    const rg_tensor *x = rg_node_in(s->graph, node, 0);
    bool keep = rg_onnx_int(node, "keep_dims", 0) != 0, sum = !strcmp(type, "ReduceSum");
    rg_onnx_layout layout = keep ? rg_onnx_layout_of(s, node, 1) : RG_ONNX_OURS;
    if (!rg_onnx_read_ints(s, node->in[1], axes, RG_MAX_RANK, &n))
        return;
    for (uint32_t i = 0; i < n; i++)
        axes[i] = rg_onnx_file_dim(layout, axes[i] + (axes[i] < 0 ? x->shape.rank : 0));
    const char *in[] = {rg_onnx_real_value(s, node->in[0], layout),
                        sum ? rg_onnx_new_ints(s, axes, n) : NULL};
    const char *out = rg_onnx_real_name(s, node->out[0], layout);
    /* axes are an attribute up to version 17, an input from 18 on: both must be possible */
    bool late = s->opset >= 18 || sum;
    if (late && !sum)
        in[1] = rg_onnx_new_ints(s, axes, n);
    rg_onnx_begin(s, type, in, late ? 2 : 1, &out, 1);
    if (!late)
        rg_onnx_give_ints(s, "axes", axes, n);
    rg_onnx_give_int(s, "keepdims", keep);
    rg_onnx_end_node(s, false);
    rg_onnx_real_done(s, node->out[0], layout);
}

void rg_onnx_put_arg(rg_onnx_writing *s, const rg_node *node, const char *type) {
    int64_t axis = 0;
    uint32_t n;
    const rg_tensor *x = rg_node_in(s->graph, node, 0), *y = rg_node_out(s->graph, node, 0);
    const char *in = rg_onnx_real_value(s, node->in[0], RG_ONNX_OURS);
    const char *out = rg_onnx_raw_name(s, node->out[0], RG_ONNX_OURS);
    bool narrow = y->dtype != RG_DTYPE_INT64;
    const char *wide = narrow ? rg_onnx_new_name(s, "wide") : out;
    if (!rg_onnx_read_ints(s, node->in[1], &axis, 1, &n))
        return;
    rg_onnx_begin(s, type, &in, 1, &wide, 1);
    rg_onnx_give_int(s, "axis", axis + (axis < 0 ? x->shape.rank : 0));
    rg_onnx_give_int(s, "keepdims", 0);
    rg_onnx_end_node(s, false);
    if (narrow) {
        rg_onnx_begin(s, "Cast", &wide, 1, &out, 1);
        rg_onnx_give_int(s, "to", rg_onnx_type(y->dtype));
        rg_onnx_end_node(s, false);
    }
    rg_onnx_raw_done(s, node->out[0], RG_ONNX_OURS);
}

void rg_onnx_put_cast(rg_onnx_writing *s, const rg_node *node, const char *type) {
    const char *in = rg_onnx_raw(s, node->in[0], RG_ONNX_OURS);
    const char *out = rg_onnx_raw_name(s, node->out[0], RG_ONNX_OURS);
    rg_onnx_begin(s, type, &in, 1, &out, 1);
    rg_onnx_give_int(s, "to", rg_onnx_type(rg_node_out(s->graph, node, 0)->dtype));
    rg_onnx_end_node(s, false);
    rg_onnx_raw_done(s, node->out[0], RG_ONNX_OURS);
}

void rg_onnx_put_blocks(rg_onnx_writing *s, const rg_node *node, const char *type) {
    const char *in = rg_onnx_real_value(s, node->in[0], RG_ONNX_NCHW);
    const char *out = rg_onnx_real_name(s, node->out[0], RG_ONNX_NCHW);
    rg_onnx_begin(s, type, &in, 1, &out, 1);
    rg_onnx_give_int(s, "blocksize", rg_onnx_int(node, "block_size", 1));
    rg_onnx_end_node(s, false);
    rg_onnx_real_done(s, node->out[0], RG_ONNX_NCHW);
}

void rg_onnx_put_resize(rg_onnx_writing *s, const rg_node *node, const char *type) {
    const rg_tensor *y = rg_node_out(s->graph, node, 0);
    const int32_t *d = y->shape.dim;
    bool corners = rg_onnx_int(node, "align_corners", 0) != 0;
    bool half = rg_onnx_int(node, "half_pixel_centers", 0) != 0;
    bool nearest = !strcmp(node->kind, "resize_nearest");
    const rg_tensor *x = rg_node_in(s->graph, node, 0);
    if (y->shape.rank != 4 || x->shape.dim[1] < 1 || x->shape.dim[2] < 1) {
        rg_onnx_refuse(s, "its image is empty");
        return;
    }
    bool whole_up = d[1] % x->shape.dim[1] == 0 && d[2] % x->shape.dim[2] == 0;
    if (nearest && (corners || (half && !whole_up))) {
        rg_onnx_refuse(s, "its rounding has no equal there");
        return;
    }
    int64_t sizes[] = {d[0], d[3], d[1], d[2]};
    const char *in[] = {rg_onnx_real_value(s, node->in[0], RG_ONNX_NCHW), NULL, NULL,
                        rg_onnx_new_ints(s, sizes, 4)};
    const char *out = rg_onnx_real_name(s, node->out[0], RG_ONNX_NCHW);
    rg_onnx_begin(s, type, in, 4, &out, 1);
    rg_onnx_give_word(s, "mode", nearest ? "nearest" : "linear");
    rg_onnx_give_word(s, "coordinate_transformation_mode",
                      corners ? "align_corners"
                      : half  ? "half_pixel"
                              : "asymmetric");
    if (nearest)
        rg_onnx_give_word(s, "nearest_mode", half ? "round_prefer_floor" : "floor");
    rg_onnx_end_node(s, false);
    rg_onnx_real_done(s, node->out[0], RG_ONNX_NCHW);
}

/* broadcast_to and tile: data and numbers. */
void rg_onnx_put_spread(rg_onnx_writing *s, const rg_node *node, const char *type) {
    int64_t numbers[RG_MAX_RANK];
    uint32_t n;
    if (!rg_onnx_read_ints(s, node->in[1], numbers, RG_MAX_RANK, &n))
        return;
    const char *in[] = {rg_onnx_real_value(s, node->in[0], RG_ONNX_OURS),
                        rg_onnx_new_ints(s, numbers, n)};
    rg_onnx_simple(s, type, in, 2, rg_onnx_real_name(s, node->out[0], RG_ONNX_OURS));
    rg_onnx_real_done(s, node->out[0], RG_ONNX_OURS);
}

/* Comparisons and choices: reals in, truths or reals out. */
void rg_onnx_put_plain(rg_onnx_writing *s, const rg_node *node, const char *type) {
    const char *in[3];
    uint32_t n = node->n_in < 3 ? node->n_in : 3;
    for (uint32_t i = 0; i < n; i++)
        in[i] = rg_onnx_real_value(s, node->in[i], RG_ONNX_OURS);
    s->opset = s->opset < 16 ? 16 : s->opset;
    rg_onnx_simple(s, type, in, n, rg_onnx_real_name(s, node->out[0], RG_ONNX_OURS));
    rg_onnx_real_done(s, node->out[0], RG_ONNX_OURS);
}
