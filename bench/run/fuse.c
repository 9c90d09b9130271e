/* fuse.c: the rewriting rules. Each looks at one node and the one that feeds it; what it joins is
 * equal by the definition of both operators, as the comment of each rule says. */
#include "bench/run/fuse.h"

#include <stdlib.h>
#include <string.h>

#include "bench/run/fuse_priv.h"

static const rg_tensor *tensor_at(const rg_fuse_work *w, int32_t t) {
    return t >= 0 ? &w->graph->tensors[t] : NULL;
}

static bool is_kind(const rg_node *node, const char *const *kinds) {
    for (; *kinds; kinds++) {
        if (!strcmp(node->kind, *kinds))
            return true;
    }
    return false;
}

static bool same_quant(const rg_tensor *a, const rg_tensor *b) {
    return a->dtype == b->dtype && a->quant.n == 1 && b->quant.n == 1 &&
           a->quant.scale[0] == b->quant.scale[0] &&
           a->quant.zero_point[0] == b->quant.zero_point[0];
}

/* The node that alone makes and node `n` alone reads tensor `t`; NULL when others read it, or it is
 * an output of the graph or a variable. */
static rg_node *only_maker(const rg_fuse_work *w, int32_t t) {
    if (t < 0 || w->readers[t] != 1 || w->maker[t] == UINT32_MAX || w->graph->tensors[t].variable)
        return NULL;
    rg_node *maker = &w->graph->nodes[w->maker[t]];
    return maker->n_out == 1 && !w->gone[w->maker[t]] ? maker : NULL;
}

/* A copy of a node's attributes with room for `more`; NULL when out of memory. */
static rg_attr *copy_attrs(const rg_fuse_work *w, const rg_node *node, uint32_t more) {
    rg_attr *attrs = rg_arena_array(w->graph->arena, node->n_attrs + more, sizeof *attrs);
    if (attrs && node->n_attrs)
        memcpy(attrs, node->attrs, node->n_attrs * sizeof *attrs);
    return attrs;
}

/* Sets an attribute in a copied list, in place of an older one. */
static void set_attr(rg_attr *attrs, uint32_t *n, rg_attr attr) {
    for (uint32_t i = 0; i < *n; i++) {
        if (!strcmp(attrs[i].key, attr.key)) {
            attrs[i] = attr;
            return;
        }
    }
    attrs[(*n)++] = attr;
}

static bool has_word(const rg_node *node, const char *key, const char *word, bool otherwise) {
    const rg_attr *attr = rg_node_attr(node, key);
    return attr ? attr->word && !strcmp(attr->word, word) : otherwise;
}

static int64_t int_of(const rg_node *node, const char *key, int64_t otherwise) {
    const rg_attr *attr = rg_node_attr(node, key);
    return attr ? attr->i : otherwise;
}

/* An activation after an operator that has none, both sides quantized alike: its factor is exactly
 * one and its range the one that the operator clamps to under this activation. int8 only: floats
 * would differ in the sign of zeros. */
static rg_status join_activation(rg_fuse_work *w, uint32_t n, rg_err *err) {
    static const char *const activations[] = {"relu", "relu6", "relu_n1_to_1", NULL};
    static const char *const takers[] = {
        "conv2d", "depthwise_conv2d", "fully_connected", "add", "sub",
        "mul",    "average_pool2d",   "max_pool2d",      NULL};
    rg_node *node = &w->graph->nodes[n];
    if (!is_kind(node, activations) || node->n_in != 1)
        return RG_OK;
    rg_node *before = only_maker(w, node->in[0]);
    const rg_tensor *from = tensor_at(w, node->in[0]), *to = tensor_at(w, node->out[0]);
    if (!before || !is_kind(before, takers) || !has_word(before, "activation", "none", true) ||
        from->dtype != RG_DTYPE_INT8 || !same_quant(from, to))
        return RG_OK;
    rg_attr *attrs = copy_attrs(w, before, 1);
    if (!attrs)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory for attributes");
    set_attr(attrs, &before->n_attrs,
             (rg_attr){"activation", RG_ATTR_WORD, 0, 0, w->graph->nodes[n].kind});
    before->attrs = attrs;
    before->out = node->out;
    rg_fuse_drop(w, n, w->maker[node->in[0]]);
    w->maker[node->out[0]] = w->maker[node->in[0]];
    return RG_OK;
}

/* Border of the two image axes: 8 paddings of which batch and channels have none, 0 to 255. */
static bool read_border(const rg_tensor *paddings, int64_t ret[4]) {
    if (!paddings || !paddings->data || paddings->bytes != 32 || paddings->dtype != RG_DTYPE_INT32)
        return false;
    int32_t p[8];
    memcpy(p, paddings->data, sizeof p);
    for (int i = 0; i < 4; i++) {
        ret[i] = p[2 + i];
        if (ret[i] < 0 || ret[i] > 255)
            return false;
    }
    return !p[0] && !p[1] && !p[6] && !p[7];
}

/* True when no window of the filter lies on the border alone, and none is dilated. */
static bool border_fits(const rg_node *conv, const rg_tensor *filter, const int64_t border[4]) {
    return filter && filter->shape.rank == 4 && int_of(conv, "dilation_h", 1) == 1 &&
           int_of(conv, "dilation_w", 1) == 1 && border[0] < filter->shape.dim[1] &&
           border[1] < filter->shape.dim[1] && border[2] < filter->shape.dim[2] &&
           border[3] < filter->shape.dim[2];
}

/* The node that puts a border of zero points around tensor `t`; NULL when another makes it. */
static const rg_node *pad_before(const rg_fuse_work *w, int32_t t) {
    const rg_node *maker = w->maker[t] == UINT32_MAX ? NULL : &w->graph->nodes[w->maker[t]];
    return maker && !strcmp(maker->kind, "pad") && maker->n_in == 2 ? maker : NULL;
}

/* A border of zero points before a convolution without padding: the convolution leaves out taps
 * that lie beyond the image, and a tap on a zero point adds nothing. int8 and uint8 only. The
 * border itself goes when nobody reads it any more. */
static rg_status join_border(rg_fuse_work *w, uint32_t n, rg_err *err) {
    static const char *const convolutions[] = {"conv2d", "depthwise_conv2d", NULL};
    rg_node *conv = &w->graph->nodes[n];
    int64_t border[4];
    if (!is_kind(conv, convolutions) || !has_word(conv, "padding", "valid", false))
        return RG_OK;
    const rg_node *pad = pad_before(w, conv->in[0]);
    if (!pad)
        return RG_OK;
    const rg_tensor *from = tensor_at(w, pad->in[0]), *to = tensor_at(w, conv->in[0]);
    bool quantized = to->dtype == RG_DTYPE_INT8 || to->dtype == RG_DTYPE_UINT8;
    if (!quantized || from->data || from->variable || !same_quant(from, to) ||
        from->shape.rank != 4 || !read_border(tensor_at(w, pad->in[1]), border) ||
        !border_fits(conv, tensor_at(w, conv->in[1]), border))
        return RG_OK;
    static const char *const keys[] = {"pad_top", "pad_bottom", "pad_left", "pad_right"};
    rg_attr *attrs = copy_attrs(w, conv, 5);
    int32_t *in = rg_arena_copy(w->graph->arena, conv->in, conv->n_in * sizeof *in);
    if (!attrs || !in)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory for attributes");
    set_attr(attrs, &conv->n_attrs, (rg_attr){"padding", RG_ATTR_WORD, 0, 0, "explicit"});
    for (int i = 0; i < 4; i++)
        set_attr(attrs, &conv->n_attrs, (rg_attr){keys[i], RG_ATTR_INT, border[i], 0, NULL});
    in[0] = pad->in[0];
    conv->attrs = attrs;
    w->readers[in[0]]++;
    if (--w->readers[conv->in[0]] == 0) {
        w->readers[in[0]]--;
        rg_fuse_drop(w, w->maker[conv->in[0]], n);
    }
    conv->in = in;
    return RG_OK;
}

rg_status rg_fuse_join(rg_fuse_work *w, rg_err *err) {
    rg_status status = RG_OK;
    for (uint32_t n = 0; status == RG_OK && n < w->graph->n_nodes; n++) {
        status = join_activation(w, n, err);
        if (status == RG_OK && !w->gone[n])
            status = join_border(w, n, err);
    }
    return status;
}
