/* onnx_resize.c: images to another size. Nearest neighbours are looked up (gather) where ONNX's
 * rule is none of ours; linear interpolation is done where the rule is. */
#include <math.h>
#include <string.h>

#include "models/onnx_read.h"

#define INTEGER(name, value)                                                                       \
    { .key = name, .type = RG_ATTR_INT, .i = value }

enum { MOST = 1 << 16 };

typedef enum place { HALF_PIXEL, PYTORCH, ASYMMETRIC, CORNERS, OTHER } place;

typedef struct resize {
    rg_onnx_value *x;
    place place;
    int64_t in[2], out[2];
    double scale[2]; /* of output to input */
    int rounding;    /* of nearest: 0 prefer floor, 1 prefer ceil, 2 floor, 3 ceil */
} resize;

static place place_of(const rg_onnx_node *node) {
    static const char *const words[] = {"half_pixel", "pytorch_half_pixel", "asymmetric",
                                        "align_corners"};
    const char *name = "coordinate_transformation_mode";
    if (!strcmp(node->type, "Upsample"))
        return ASYMMETRIC;
    for (int i = 0; i < OTHER; i++) {
        if (rg_onnx_attr_is(node, name, words[i]))
            return (place)i;
    }
    return rg_onnx_attr(node, name) ? OTHER : HALF_PIXEL;
}

static int rounding_of(const rg_onnx_node *node) {
    static const char *const words[] = {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"};
    for (int i = 0; i < 4; i++) {
        if (rg_onnx_attr_is(node, "nearest_mode", words[i]))
            return i;
    }
    return strcmp(node->type, "Upsample") ? 0 : 2;
}

/* Factors, or sizes, of all dimensions; those of batch and channels must be one. */
static bool read_sizes(rg_onnx *r, const rg_onnx_node *node, uint32_t rank, resize *s) {
    double factors[RG_MAX_RANK], sizes[RG_MAX_RANK];
    uint32_t n = 0, m = 0;
    bool old = r->opset < 11 || !strcmp(node->type, "Upsample");
    rg_onnx_value *by = rg_onnx_in(r, node, old ? 1 : 2), *to = old ? NULL : rg_onnx_in(r, node, 3);
    const Rg__Onnx__Attribute *attr = rg_onnx_attr(node, "scales");
    if ((by && !rg_onnx_numbers(r, by, factors, RG_MAX_RANK, &n)) ||
        (to && !rg_onnx_numbers(r, to, sizes, RG_MAX_RANK, &m)))
        return false;
    for (size_t i = 0; !by && attr && i < attr->n_floats && i < RG_MAX_RANK; i++)
        factors[n++] = (double)attr->floats[i];
    if ((n != rank && m != rank) || rg_onnx_attr(node, "axes"))
        return false;
    for (uint32_t d = 0; d < rank; d++) {
        double dim = (double)s->x->shape.dim[d];
        double scale = m == rank ? sizes[d] / dim : factors[d];
        double out = m == rank ? sizes[d] : floor(dim * scale);
        if (d < 2 && out != dim)
            return false;
        if (!(out >= 1) || out > MOST || dim > MOST)
            return false;
        if (d >= 2) {
            s->in[rank == 3 ? 1 : d - 2] = (int64_t)dim;
            s->out[rank == 3 ? 1 : d - 2] = (int64_t)out;
            s->scale[rank == 3 ? 1 : d - 2] = scale;
        }
    }
    return true;
}

/* Where output `o` lies on the input. */
static double position(const resize *s, int d, int64_t o) {
    double at = (double)o, scale = s->scale[d];
    switch (s->place) {
    case ASYMMETRIC:
        return at / scale;
    case CORNERS:
        return s->out[d] == 1 ? 0 : at * (double)(s->in[d] - 1) / (double)(s->out[d] - 1);
    case PYTORCH:
        return s->out[d] == 1 ? 0 : (at + 0.5) / scale - 0.5;
    default:
        return (at + 0.5) / scale - 0.5;
    }
}

static int64_t nearest(const resize *s, int d, int64_t o) {
    double at = position(s, d, o);
    double to = s->rounding == 0   ? ceil(at - 0.5)
                : s->rounding == 1 ? floor(at + 0.5)
                : s->rounding == 2 ? floor(at)
                                   : ceil(at);
    return to < 0 ? 0 : to > (double)(s->in[d] - 1) ? s->in[d] - 1 : (int64_t)to;
}

/* Pixel that our operator takes for output `o`: half pixel centres or not, no aligned corners. */
static int64_t ours(const resize *s, int d, int64_t o, bool half) {
    float scale = (float)s->in[d] / (float)s->out[d];
    int64_t at = (int64_t)floorf(((float)o + (half ? 0.5f : 0)) * scale);
    return at < s->in[d] - 1 ? at : s->in[d] - 1;
}

static bool agrees(const resize *s, bool half) {
    for (int d = 0; d < 2; d++) {
        for (int64_t o = 0; o < s->out[d]; o++) {
            if (ours(s, d, o, half) != nearest(s, d, o))
                return false;
        }
    }
    return true;
}

static int32_t emit_resize(rg_onnx *r, const resize *s, const char *kind, int32_t image, bool half,
                           bool corners) {
    const rg_attr attrs[] = {INTEGER("align_corners", corners),
                             INTEGER("half_pixel_centers", half)};
    rg_tensor from = *rg_onnx_at(r, image);
    int32_t in[] = {image, rg_onnx_ints(r, s->out, 2)};
    from.shape.dim[1] = (int32_t)s->out[0];
    from.shape.dim[2] = (int32_t)s->out[1];
    int32_t out = rg_onnx_tensor(r, from.dtype, &from.shape, &from.quant, NULL);
    rg_onnx_emit(r, kind, in, 2, &out, 1, attrs, 2);
    return out;
}

/* Rows, then columns, each by the numbers of those to take. */
static int32_t looked_up(rg_onnx *r, const resize *s, int32_t image) {
    for (int d = 0; d < 2; d++) {
        int64_t *numbers = rg_arena_array(r->graph->arena, (size_t)s->out[d], sizeof *numbers);
        if (!numbers)
            return rg_onnx_no_memory(r), 0;
        for (int64_t o = 0; o < s->out[d]; o++)
            numbers[o] = nearest(s, d, o);
        const rg_attr attrs[] = {INTEGER("axis", 1 + d), INTEGER("batch_dims", 0)};
        rg_tensor from = *rg_onnx_at(r, image);
        int32_t in[] = {image, rg_onnx_ints(r, numbers, (uint32_t)s->out[d])};
        from.shape.dim[1 + d] = (int32_t)s->out[d];
        image = rg_onnx_tensor(r, from.dtype, &from.shape, &from.quant, NULL);
        rg_onnx_emit(r, "gather", in, 2, &image, 1, attrs, 2);
    }
    return image;
}

/* Ours divides sizes where ONNX takes the factor: they must be the same. */
static bool whole_factors(const resize *s) {
    for (int d = 0; d < 2; d++) {
        if (fabs(s->scale[d] * (double)s->in[d] - (double)s->out[d]) > 1e-4)
            return false;
    }
    return true;
}

static rg_status linear(rg_onnx *r, rg_onnx_node *node, const resize *s) {
    rg_onnx_order order;
    rg_onnx_form form;
    rg_onnx_end end = rg_onnx_end_of(r, node, false);
    bool whole = rg_onnx_quantized(r, s->x, &form);
    if (s->place == OTHER || !whole_factors(s) || rg_onnx_attr_int(node, "antialias", 0) ||
        rg_onnx_attr_int(node, "exclude_outside", 0))
        return rg_onnx_cannot(r, "of a mode that is not done");
    if (whole) {
        const rg_tensor t = *rg_onnx_at(r, form.tensor);
        whole = t.dtype == RG_DTYPE_INT8 && t.quant.n == 1 && end.quantized >= 0 &&
                t.quant.scale[0] == end.scale && t.quant.zero_point[0] == end.zero;
    }
    int32_t image = rg_onnx_image(r, s->x, whole ? RG_DTYPE_INT8 : RG_DTYPE_FLOAT32);
    if (r->status != RG_OK)
        return r->status;
    int32_t out = emit_resize(r, s, "resize_bilinear", image,
                              s->place == HALF_PIXEL || s->place == PYTORCH, s->place == CORNERS);
    out = rg_onnx_from_image(r, out, s->x->shape.rank, &order);
    rg_onnx_finish(r, &end, out, &order);
    return r->status;
}

rg_status rg_onnx_resize(rg_onnx *r, rg_onnx_node *node, const char *word) {
    resize s = {.x = rg_onnx_in(r, node, 0), .in = {1, 1}, .out = {1, 1}, .scale = {1, 1}};
    rg_onnx_order order;
    uint32_t rank = s.x->shape.rank;
    (void)word;
    if (rank < 3 || rank > 4)
        return rg_onnx_cannot(r, "over %u dimensions", rank);
    s.place = place_of(node);
    s.rounding = rounding_of(node);
    if (!read_sizes(r, node, rank, &s))
        return rg_onnx_cannot(r, "to a size that is no constant, or of other dimensions");
    bool interpolates =
        rg_onnx_attr_is(node, "mode", "linear") || rg_onnx_attr_is(node, "mode", "bilinear");
    if (interpolates && s.x->dtype == RG_DTYPE_FLOAT32)
        return linear(r, node, &s);
    if (rg_onnx_attr(node, "mode") && !rg_onnx_attr_is(node, "mode", "nearest"))
        return rg_onnx_cannot(r, "of another mode than nearest and linear");
    if (s.place == OTHER)
        return rg_onnx_cannot(r, "of a mode that is not done");
    bool channels = rg_onnx_at(r, rg_onnx_first(s.x).tensor)->quant.n > 1;
    int32_t image = rg_onnx_image(r, s.x, channels ? RG_DTYPE_FLOAT32 : RG_DTYPE_ANY);
    if (r->status != RG_OK)
        return r->status;
    int32_t out = agrees(&s, false)  ? emit_resize(r, &s, "resize_nearest", image, false, false)
                  : agrees(&s, true) ? emit_resize(r, &s, "resize_nearest", image, true, false)
                                     : looked_up(r, &s, image);
    out = rg_onnx_from_image(r, out, rank, &order);
    rg_onnx_define(r, &r->values[node->out[0]], s.x->dtype, out, &order);
    return r->status;
}
