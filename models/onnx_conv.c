/* onnx_conv.c: convolutions, plain, grouped, depthwise and transposed, over one or two dimensions.
 * Integer where input, weights and output are quantized. */
#include <string.h>

#include "models/onnx_build.h"

/* A convolution being read. */
typedef struct conv {
    rg_onnx_value *x, *w, *b; /* b may be NULL */
    rg_onnx_end end;
    rg_onnx_window window;
    uint32_t rank, channels, outputs;
    int64_t groups;
    bool depthwise;
} conv;

static rg_status read_conv(rg_onnx *r, const rg_onnx_node *node, conv *c) {
    c->x = rg_onnx_in(r, node, 0);
    c->w = rg_onnx_in(r, node, 1);
    c->b = rg_onnx_in(r, node, 2);
    c->rank = c->x->shape.rank;
    c->groups = rg_onnx_attr_int(node, "group", 1);
    if (c->rank < 3 || c->rank > 4)
        return rg_onnx_cannot(r, "over %u dimensions", c->rank);
    if (c->w->shape.rank != c->rank)
        return rg_onnx_fail(r, RG_BAD_DATA, "%s has weights of %u dimensions for an input of %u",
                            node->type, c->w->shape.rank, c->rank);
    const int32_t *x = c->x->shape.dim, *w = c->w->shape.dim;
    uint32_t last = c->rank - 1;
    c->window.in[0] = c->rank == 4 ? x[2] : 1;
    c->window.kernel[0] = c->rank == 4 ? w[2] : 1;
    c->window.in[1] = x[last];
    c->window.kernel[1] = w[last];
    c->channels = (uint32_t)x[1];
    if (c->groups < 1 || w[0] < 1 || w[1] < 1 || x[1] < 1)
        return rg_onnx_fail(r, RG_BAD_DATA, "%s has an impossible shape", node->type);
    return rg_onnx_read_window(r, node, c->rank - 2, &c->window);
}

/* Weights [M, C, (H,) W] as [M, H, W, C], or for depthwise [C, H, W, M]. */
static int32_t filter_of(rg_onnx *r, const conv *c, rg_dtype dtype) {
    rg_onnx_order order = rg_onnx_nhwc(c->rank);
    if (c->depthwise) {
        order.at[0] = 1;
        order.at[c->rank - 1] = 0;
    }
    int32_t tensor = rg_onnx_get(r, c->w, &order, dtype);
    if (c->rank != 3 || r->status != RG_OK)
        return tensor;
    const rg_shape flat = rg_onnx_at(r, tensor)->shape;
    rg_shape shape = {4, {flat.dim[0], 1, flat.dim[1], flat.dim[2]}};
    return rg_onnx_view(r, tensor, &shape);
}

static bool all_zero(const rg_quant *quant) {
    for (uint32_t c = 0; c < quant->n; c++) {
        if (quant->zero_point[c])
            return false;
    }
    return true;
}

/* The type that a convolution can be computed in: int8, int16 (with int8 weights), uint8 for
 * weights with a zero point, else float32. */
static rg_dtype type_of(rg_onnx *r, const conv *c) {
    rg_onnx_form x, w;
    if (c->end.quantized < 0 || !rg_onnx_quantized(r, c->x, &x) ||
        !rg_onnx_quantized(r, c->w, &w) || !rg_onnx_constant(r, c->w) ||
        (c->b && !rg_onnx_constant(r, c->b)))
        return RG_DTYPE_FLOAT32;
    const rg_tensor *tx = rg_onnx_at(r, x.tensor), *tw = rg_onnx_at(r, w.tensor);
    uint32_t filters = c->window.transposed ? 1 : 0; /* the dimension of scales */
    if (tx->quant.n != 1 || tx->dtype != c->end.dtype || tw->dtype != RG_DTYPE_INT8 ||
        (tw->quant.n > 1 && w.order.at[tw->quant.axis] != filters))
        return RG_DTYPE_FLOAT32;
    if (tx->dtype == RG_DTYPE_INT16)
        return all_zero(&tx->quant) && all_zero(&tw->quant) && c->end.zero == 0 ? RG_DTYPE_INT16
                                                                                : RG_DTYPE_FLOAT32;
    return all_zero(&tw->quant) ? RG_DTYPE_INT8
           : tw->quant.n == 1   ? RG_DTYPE_UINT8
                                : RG_DTYPE_FLOAT32;
}

/* Padding: a word where ours has one, explicit where it fits, else a border put around the input.
 */
static const char *padding_of(rg_onnx *r, const conv *c, int32_t *image) {
    const rg_onnx_window *w = &c->window;
    if (w->valid || w->same)
        return w->valid ? "valid" : "same";
    for (int d = 0; d < 2; d++) {
        if (w->before[d] > 255 || w->after[d] > 255 || w->before[d] >= w->kernel[d] ||
            w->after[d] >= w->kernel[d]) {
            *image = rg_onnx_bordered(r, *image, w->before, w->after, NULL);
            return "valid";
        }
    }
    return "explicit";
}

#define INTEGER(name, value)                                                                       \
    { .key = name, .type = RG_ATTR_INT, .i = value }
#define WORD(name, value)                                                                          \
    { .key = name, .type = RG_ATTR_WORD, .word = value }

static int32_t emit_conv(rg_onnx *r, const conv *c, int32_t *in, uint32_t n_in, const char *padding,
                         const rg_quant *quant) {
    const rg_onnx_window *w = &c->window;
    const rg_attr attrs[] = {
        INTEGER("stride_h", w->stride[0]),
        INTEGER("stride_w", w->stride[1]),
        INTEGER("dilation_h", w->dilation[0]),
        INTEGER("dilation_w", w->dilation[1]),
        WORD("padding", padding),
        WORD("activation", c->end.activation),
        INTEGER("pad_top", w->before[0]),
        INTEGER("pad_bottom", w->after[0]),
        INTEGER("pad_left", w->before[1]),
        INTEGER("pad_right", w->after[1]),
    };
    const rg_shape from = rg_onnx_at(r, in[0])->shape;
    rg_shape shape = {4, {from.dim[0], (int32_t)w->out[0], (int32_t)w->out[1], c->w->shape.dim[0]}};
    rg_dtype dtype = rg_onnx_at(r, in[0])->dtype;
    int32_t out = rg_onnx_tensor(r, dtype, &shape, quant, NULL);
    rg_onnx_emit(r, c->depthwise ? "depthwise_conv2d" : "conv2d", in, n_in, &out, 1, attrs,
                 strcmp(padding, "explicit") ? 6 : 10);
    return out;
}

/* The bias as the type of sums wants it; RG_ONNX_NONE when there is none. */
static int32_t bias_of(rg_onnx *r, const conv *c, rg_dtype dtype, const int32_t *in) {
    if (!c->b)
        return RG_ONNX_NONE;
    if (dtype != RG_DTYPE_FLOAT32)
        return rg_onnx_bias(r, c->b, (uint32_t)c->w->shape.dim[0], in[0], in[1]);
    return rg_onnx_get(r, c->b, NULL, RG_DTYPE_FLOAT32);
}

rg_status rg_onnx_conv(rg_onnx *r, rg_onnx_node *node, const char *word) {
    conv c = {0};
    rg_onnx_order order;
    if (!r->forced)
        rg_onnx_join_batch_norm(r, node);
    rg_status status = read_conv(r, node, &c);
    (void)word;
    if (status != RG_OK)
        return status;
    const int32_t *w = c.w->shape.dim;
    if ((int64_t)w[1] * c.groups != c.channels || w[0] % c.groups)
        return rg_onnx_fail(r, RG_BAD_DATA, "%s of %u channels has %d filters of %d in %lld groups",
                            node->type, c.channels, (int)w[0], (int)w[1], (long long)c.groups);
    if (c.b && (c.b->shape.rank != 1 || c.b->shape.dim[0] != w[0]))
        return rg_onnx_fail(r, RG_BAD_DATA, "%s has a bias of another size", node->type);
    c.depthwise = c.groups > 1 && c.groups == c.channels;
    c.end = rg_onnx_end_of(r, node, true);
    rg_dtype dtype = type_of(r, &c);
    if (dtype == RG_DTYPE_FLOAT32 && c.x->dtype != RG_DTYPE_FLOAT32)
        return rg_onnx_cannot(r, "of %s", rg_dtype_word(c.x->dtype));
    int32_t in[3] = {rg_onnx_image(r, c.x, dtype),
                     filter_of(r, &c, dtype == RG_DTYPE_INT16 ? RG_DTYPE_INT8 : dtype), 0};
    in[2] = bias_of(r, &c, dtype, in);
    if (r->status != RG_OK)
        return r->status;
    const char *padding = padding_of(r, &c, &in[0]);
    rg_quant quant = {0};
    if (dtype != RG_DTYPE_FLOAT32)
        quant = rg_onnx_one_scale(r, c.end.scale, c.end.zero + (dtype == RG_DTYPE_UINT8 ? 128 : 0));
    int32_t out = emit_conv(r, &c, in, c.b ? 3 : 2, padding, &quant);
    if (dtype == RG_DTYPE_UINT8 && r->status == RG_OK) {
        rg_quant lower = rg_onnx_one_scale(r, c.end.scale, c.end.zero);
        rg_shape shape = rg_onnx_at(r, out)->shape;
        out = rg_onnx_emit_unary(r, "quantize", out, RG_DTYPE_INT8, &shape, &lower);
    }
    out = rg_onnx_from_image(r, out, c.rank, &order);
    rg_onnx_finish(r, &c.end, out, &order);
    return r->status;
}

/* --- transposed --- */

/* Output sizes, and the part of the whole result that the padding leaves. */
static bool transposed_sizes(const rg_onnx_node *node, const conv *c, int64_t whole[2],
                             int64_t first[2], int64_t size[2]) {
    int64_t extra[2] = {0, 0}, pair[2];
    uint32_t n = c->rank - 2;
    if (rg_onnx_attr_ints(node, "output_padding", pair, n, 0) < 0)
        return false;
    extra[0] = n == 2 ? pair[0] : 0;
    extra[1] = pair[n - 1];
    for (int d = 0; d < 2; d++) {
        const rg_onnx_window *w = &c->window;
        whole[d] = (w->in[d] - 1) * w->stride[d] + w->kernel[d];
        first[d] = w->before[d];
        size[d] = whole[d] - w->before[d] - w->after[d] + extra[d];
        if (extra[d] < 0 || extra[d] >= w->stride[d] + 1 || size[d] < 1 || whole[d] > INT32_MAX)
            return false;
        whole[d] += extra[d] > w->after[d] ? extra[d] - w->after[d] : 0;
    }
    return true;
}

/* Rows and columns [first, first + size) of an image. */
static int32_t cropped(rg_onnx *r, int32_t image, const int64_t first[2], const int64_t size[2]) {
    rg_tensor from = *rg_onnx_at(r, image);
    if (from.shape.dim[1] == size[0] && from.shape.dim[2] == size[1])
        return image;
    int64_t begin[] = {0, first[0], first[1], 0};
    int64_t count[] = {from.shape.dim[0], size[0], size[1], from.shape.dim[3]};
    from.shape.dim[1] = (int32_t)size[0];
    from.shape.dim[2] = (int32_t)size[1];
    int32_t in[] = {image, rg_onnx_ints(r, begin, 4), rg_onnx_ints(r, count, 4)};
    int32_t out = rg_onnx_tensor(r, from.dtype, &from.shape, &from.quant, NULL);
    rg_onnx_emit(r, "slice", in, 3, &out, 1, NULL, 0);
    return out;
}

/* Weights [C, M, (H,) W] as [M, H, W, C]. */
static int32_t transposed_filter(rg_onnx *r, const conv *c, rg_dtype dtype) {
    conv turned = *c;
    turned.depthwise = true; /* the first and second dimension change places likewise */
    return filter_of(r, &turned, dtype);
}

rg_status rg_onnx_conv_transpose(rg_onnx *r, rg_onnx_node *node, const char *word) {
    conv c = {.window.transposed = true};
    int64_t whole[2], first[2], size[2];
    rg_onnx_order order;
    rg_status status = read_conv(r, node, &c);
    (void)word;
    if (status != RG_OK)
        return status;
    const int32_t *w = c.w->shape.dim;
    if (c.groups != 1 || c.window.dilation[0] != 1 || c.window.dilation[1] != 1 ||
        rg_onnx_attr(node, "output_shape") || rg_onnx_attr_is(node, "auto_pad", "SAME_UPPER") ||
        rg_onnx_attr_is(node, "auto_pad", "SAME_LOWER"))
        return rg_onnx_cannot(r, "groups, dilations or a given output shape");
    if ((uint32_t)w[0] != c.channels ||
        (c.b && (c.b->shape.rank != 1 || c.b->shape.dim[0] != w[1])))
        return rg_onnx_fail(r, RG_BAD_DATA, "%s has weights of another size", node->type);
    if (!transposed_sizes(node, &c, whole, first, size))
        return rg_onnx_cannot(r, "odd padding");
    c.end = rg_onnx_end_of(r, node, true);
    rg_dtype dtype = type_of(r, &c) == RG_DTYPE_INT8 ? RG_DTYPE_INT8 : RG_DTYPE_FLOAT32;
    int64_t numbers[] = {c.x->shape.dim[0], whole[0], whole[1], w[1]};
    int32_t in[4] = {rg_onnx_ints(r, numbers, 4), transposed_filter(r, &c, dtype),
                     rg_onnx_image(r, c.x, dtype), 0};
    if (c.b && dtype == RG_DTYPE_INT8)
        in[3] = rg_onnx_bias(r, c.b, (uint32_t)w[1], in[2], in[1]);
    else if (c.b)
        in[3] = rg_onnx_get(r, c.b, NULL, RG_DTYPE_FLOAT32);
    rg_quant quant = {0};
    if (dtype == RG_DTYPE_INT8)
        quant = rg_onnx_one_scale(r, c.end.scale, c.end.zero);
    const rg_attr attrs[] = {
        INTEGER("stride_h", c.window.stride[0]),
        INTEGER("stride_w", c.window.stride[1]),
        WORD("padding", "valid"),
        WORD("activation", c.end.activation),
    };
    rg_shape shape = {4, {c.x->shape.dim[0], (int32_t)whole[0], (int32_t)whole[1], w[1]}};
    int32_t out = rg_onnx_tensor(r, dtype, &shape, &quant, NULL);
    rg_onnx_emit(r, "transpose_conv", in, c.b ? 4 : 3, &out, 1, attrs, 4);
    if (r->status != RG_OK)
        return r->status;
    out = cropped(r, out, first, size);
    out = rg_onnx_from_image(r, out, c.rank, &order);
    rg_onnx_finish(r, &c.end, out, &order);
    return r->status;
}
