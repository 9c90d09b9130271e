/* onnx_put_move.c: operators that only move elements, as an .onnx file has them: they go on
 * integers as they are. */
#include <stdlib.h>
#include <string.h>

#include "models/onnx_read.h"
#include "models/onnx_write.h"

enum { LIST = 64 };

void rg_onnx_put_reshape(rg_onnx_writing *s, const rg_node *node, const char *type) {
    const rg_tensor *y = rg_node_out(s->graph, node, 0);
    int64_t shape[RG_MAX_RANK];
    for (uint32_t i = 0; i < y->shape.rank; i++)
        shape[i] = y->shape.dim[i];
    const char *in[] = {rg_onnx_raw(s, node->in[0], RG_ONNX_OURS),
                        rg_onnx_new_ints(s, shape, y->shape.rank)};
    rg_onnx_simple(s, type, in, 2, rg_onnx_raw_name(s, node->out[0], RG_ONNX_OURS));
    rg_onnx_raw_done(s, node->out[0], RG_ONNX_OURS);
}

void rg_onnx_put_transpose(rg_onnx_writing *s, const rg_node *node, const char *type) {
    int64_t perm[RG_MAX_RANK];
    uint32_t n;
    const char *in = rg_onnx_raw(s, node->in[0], RG_ONNX_OURS);
    const char *out = rg_onnx_raw_name(s, node->out[0], RG_ONNX_OURS);
    if (!rg_onnx_read_ints(s, node->in[1], perm, RG_MAX_RANK, &n))
        return;
    for (uint32_t i = 0; i < n; i++)
        perm[i] += perm[i] < 0 ? n : 0;
    rg_onnx_begin(s, type, &in, 1, &out, 1);
    rg_onnx_give_ints(s, "perm", perm, n);
    rg_onnx_end_node(s, false);
    rg_onnx_raw_done(s, node->out[0], RG_ONNX_OURS);
}

/* Tensors one behind another; equal scales are the rule, others go by way of reals. */
void rg_onnx_put_concat(rg_onnx_writing *s, const rg_node *node, const char *type) {
    const rg_tensor *y = rg_node_out(s->graph, node, 0);
    rg_onnx_layout layout = rg_onnx_layout_of(s, node, node->n_in);
    int64_t axis = rg_onnx_int(node, "axis", 0);
    bool raw = true;
    const char **in = calloc(node->n_in + 1, sizeof *in);
    for (uint32_t i = 0; in && i < node->n_in; i++) {
        const rg_tensor *t = rg_node_in(s->graph, node, i);
        raw &= t->quant.n == y->quant.n &&
               (y->quant.n == 0 || (t->quant.scale[0] == y->quant.scale[0] &&
                                    t->quant.zero_point[0] == y->quant.zero_point[0]));
    }
    for (uint32_t i = 0; in && i < node->n_in; i++)
        in[i] =
            raw ? rg_onnx_raw(s, node->in[i], layout) : rg_onnx_real_value(s, node->in[i], layout);
    const char *out = raw ? rg_onnx_raw_name(s, node->out[0], layout)
                          : rg_onnx_real_name(s, node->out[0], layout);
    if (!in) {
        rg_onnx_refuse(s, "out of memory");
        return;
    }
    axis += axis < 0 ? y->shape.rank : 0;
    rg_onnx_begin(s, type, in, node->n_in, &out, 1);
    rg_onnx_give_int(s, "axis", rg_onnx_file_dim(layout, axis));
    rg_onnx_end_node(s, false);
    if (raw)
        rg_onnx_raw_done(s, node->out[0], layout);
    else
        rg_onnx_real_done(s, node->out[0], layout);
    free(in);
}

/* New dimension of one for each, then joined. */
void rg_onnx_put_pack(rg_onnx_writing *s, const rg_node *node, const char *type) {
    const rg_tensor *y = rg_node_out(s->graph, node, 0);
    int64_t axis = rg_onnx_int(node, "axis", 0);
    const char **in = calloc(node->n_in + 1, sizeof *in);
    const char *out = rg_onnx_raw_name(s, node->out[0], RG_ONNX_OURS);
    axis += axis < 0 ? y->shape.rank : 0;
    for (uint32_t i = 0; in && i < node->n_in; i++) {
        const char *pair[] = {rg_onnx_raw(s, node->in[i], RG_ONNX_OURS),
                              rg_onnx_new_ints(s, &axis, 1)};
        in[i] = rg_onnx_new_name(s, "part");
        rg_onnx_simple(s, "Unsqueeze", pair, 2, in[i]);
    }
    if (!in) {
        rg_onnx_refuse(s, "out of memory");
        return;
    }
    rg_onnx_begin(s, type, in, node->n_in, &out, 1);
    rg_onnx_give_int(s, "axis", axis);
    rg_onnx_end_node(s, false);
    rg_onnx_raw_done(s, node->out[0], RG_ONNX_OURS);
    free(in);
}

/* Parts along a dimension: split (axis first), split_v (sizes, axis), unpack. */
void rg_onnx_put_split(rg_onnx_writing *s, const rg_node *node, const char *type) {
    bool given = !strcmp(node->kind, "split_v"), unpack = !strcmp(node->kind, "unpack");
    uint32_t data = given || unpack ? 0 : 1, n = 1;
    int64_t axis = rg_onnx_int(node, "axis", 0), sizes[LIST];
    const rg_tensor *x = rg_node_in(s->graph, node, data);
    if (node->n_out > LIST ||
        (!unpack && !rg_onnx_read_ints(s, node->in[given ? 2 : 0], &axis, 1, &n))) {
        rg_onnx_refuse(s, "too many parts");
        return;
    }
    axis += axis < 0 ? x->shape.rank : 0;
    if (axis < 0 || axis >= x->shape.rank) {
        rg_onnx_refuse(s, "its dimension is not there");
        return;
    }
    const char *outs[LIST];
    for (uint32_t i = 0; i < node->n_out; i++) {
        sizes[i] = unpack ? 1 : rg_node_out(s->graph, node, i)->shape.dim[axis];
        outs[i] =
            unpack ? rg_onnx_new_name(s, "part") : rg_onnx_raw_name(s, node->out[i], RG_ONNX_OURS);
    }
    const char *in[] = {rg_onnx_raw(s, node->in[data], RG_ONNX_OURS),
                        rg_onnx_new_ints(s, sizes, node->n_out)};
    rg_onnx_begin(s, type, in, 2, outs, node->n_out);
    rg_onnx_give_int(s, "axis", axis);
    rg_onnx_end_node(s, false);
    for (uint32_t i = 0; i < node->n_out; i++) {
        if (unpack) {
            const char *pair[] = {outs[i], rg_onnx_new_ints(s, &axis, 1)};
            rg_onnx_simple(s, "Squeeze", pair, 2, rg_onnx_raw_name(s, node->out[i], RG_ONNX_OURS));
        }
        rg_onnx_raw_done(s, node->out[i], RG_ONNX_OURS);
    }
}

static void emit_slice(rg_onnx_writing *s, const rg_node *node, const int64_t *begin,
                       const int64_t *end, const int64_t *step, uint32_t n, const char *out) {
    int64_t axes[RG_MAX_RANK] = {0, 1, 2, 3, 4, 5};
    const char *in[] = {rg_onnx_raw(s, node->in[0], RG_ONNX_OURS), rg_onnx_new_ints(s, begin, n),
                        rg_onnx_new_ints(s, end, n), rg_onnx_new_ints(s, axes, n),
                        rg_onnx_new_ints(s, step, n)};
    rg_onnx_simple(s, "Slice", in, 5, out);
}

void rg_onnx_put_slice(rg_onnx_writing *s, const rg_node *node, const char *type) {
    int64_t begin[RG_MAX_RANK], size[RG_MAX_RANK], step[RG_MAX_RANK];
    const rg_tensor *x = rg_node_in(s->graph, node, 0);
    uint32_t n, m;
    (void)type;
    if (!rg_onnx_read_ints(s, node->in[1], begin, RG_MAX_RANK, &n) ||
        !rg_onnx_read_ints(s, node->in[2], size, RG_MAX_RANK, &m) || n != m || n != x->shape.rank)
        return;
    for (uint32_t i = 0; i < n; i++) {
        size[i] = size[i] == -1 ? x->shape.dim[i] : begin[i] + size[i];
        step[i] = 1;
    }
    emit_slice(s, node, begin, size, step, n, rg_onnx_raw_name(s, node->out[0], RG_ONNX_OURS));
    rg_onnx_raw_done(s, node->out[0], RG_ONNX_OURS);
}

void rg_onnx_put_strided_slice(rg_onnx_writing *s, const rg_node *node, const char *type) {
    int64_t begin[RG_MAX_RANK], end[RG_MAX_RANK], step[RG_MAX_RANK], dropped[RG_MAX_RANK];
    int64_t begins = rg_onnx_int(node, "begin_mask", 0), ends = rg_onnx_int(node, "end_mask", 0);
    int64_t drops = rg_onnx_int(node, "shrink_axis_mask", 0);
    uint32_t n, m, k, n_dropped = 0;
    (void)type;
    if (rg_onnx_int(node, "ellipsis_mask", 0) || rg_onnx_int(node, "new_axis_mask", 0) ||
        rg_onnx_int(node, "offset", 0)) {
        rg_onnx_refuse(s, "its masks are not known");
        return;
    }
    if (!rg_onnx_read_ints(s, node->in[1], begin, RG_MAX_RANK, &n) ||
        !rg_onnx_read_ints(s, node->in[2], end, RG_MAX_RANK, &m) ||
        !rg_onnx_read_ints(s, node->in[3], step, RG_MAX_RANK, &k) || n != m || m != k)
        return;
    for (uint32_t i = 0; i < n; i++) {
        bool drop = drops >> i & 1;
        if (begins >> i & 1)
            begin[i] = step[i] < 0 ? INT32_MAX : 0;
        if (ends >> i & 1)
            end[i] = step[i] < 0 ? -INT32_MAX : INT32_MAX;
        if (drop) {
            end[i] = begin[i] == -1 ? INT32_MAX : begin[i] + 1;
            step[i] = 1;
            dropped[n_dropped++] = i;
        }
    }
    const char *out = rg_onnx_raw_name(s, node->out[0], RG_ONNX_OURS);
    const char *part = n_dropped ? rg_onnx_new_name(s, "part") : out;
    emit_slice(s, node, begin, end, step, n, part);
    if (n_dropped) {
        const char *in[] = {part, rg_onnx_new_ints(s, dropped, n_dropped)};
        rg_onnx_simple(s, "Squeeze", in, 2, out);
    }
    rg_onnx_raw_done(s, node->out[0], RG_ONNX_OURS);
}

void rg_onnx_put_gather(rg_onnx_writing *s, const rg_node *node, const char *type) {
    const rg_tensor *x = rg_node_in(s->graph, node, 0);
    int64_t axis = rg_onnx_int(node, "axis", 0);
    if (rg_onnx_int(node, "batch_dims", 0)) {
        rg_onnx_refuse(s, "shared dimensions");
        return;
    }
    const char *in[] = {rg_onnx_raw(s, node->in[0], RG_ONNX_OURS),
                        rg_onnx_raw(s, node->in[1], RG_ONNX_OURS)};
    const char *out = rg_onnx_raw_name(s, node->out[0], RG_ONNX_OURS);
    rg_onnx_begin(s, type, in, 2, &out, 1);
    rg_onnx_give_int(s, "axis", axis + (axis < 0 ? x->shape.rank : 0));
    rg_onnx_end_node(s, false);
    rg_onnx_raw_done(s, node->out[0], RG_ONNX_OURS);
}

/* A border of zeros (reals: the zero point), or of a given value. */
void rg_onnx_put_pad(rg_onnx_writing *s, const rg_node *node, const char *type) {
    int64_t pairs[2 * RG_MAX_RANK], pads[2 * RG_MAX_RANK];
    uint32_t n;
    bool mirrors = !strcmp(node->kind, "mirror_pad");
    rg_onnx_layout layout = rg_onnx_layout_of(s, node, 1);
    const rg_tensor *x = rg_node_in(s->graph, node, 0);
    if (!rg_onnx_read_ints(s, node->in[1], pairs, 2 * RG_MAX_RANK, &n))
        return;
    if (n != 2 * x->shape.rank) {
        rg_onnx_refuse(s, "its padding has another number of dimensions");
        return;
    }
    for (uint32_t i = 0; i < n / 2; i++) {
        int64_t to = rg_onnx_file_dim(layout, i);
        pads[to] = pairs[2 * i];
        pads[n / 2 + to] = pairs[2 * i + 1];
    }
    if (mirrors && strcmp(rg_onnx_word(node, "mode", "reflect"), "reflect")) {
        rg_onnx_refuse(s, "mirrors its edge");
        return;
    }
    const char *in[3] = {rg_onnx_real_value(s, node->in[0], layout), rg_onnx_new_ints(s, pads, n)};
    bool given = !mirrors && node->n_in > 2 && node->in[2] >= 0;
    if (given)
        in[2] = rg_onnx_real_value(s, node->in[2], RG_ONNX_OURS);
    const char *out = rg_onnx_real_name(s, node->out[0], layout);
    rg_onnx_begin(s, type, in, given ? 3 : 2, &out, 1);
    if (mirrors)
        rg_onnx_give_word(s, "mode", "reflect");
    rg_onnx_end_node(s, false);
    rg_onnx_real_done(s, node->out[0], layout);
}
