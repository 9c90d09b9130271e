/* onnx_build.c: single steps in float32 for operators that have no equal among ours. */
#include "models/onnx_build.h"

/* The shape that both spread to. */
static rg_shape spread(const rg_shape *a, const rg_shape *b) {
    rg_shape shape = a->rank >= b->rank ? *a : *b;
    for (uint32_t back = 1; back <= a->rank && back <= b->rank; back++) {
        int32_t da = a->dim[a->rank - back], db = b->dim[b->rank - back];
        shape.dim[shape.rank - back] = da == 1 ? db : da;
    }
    return shape;
}

static int32_t emit_pair(rg_onnx *r, const char *kind, int32_t a, int32_t b, rg_dtype dtype) {
    rg_shape shape = spread(&rg_onnx_at(r, a)->shape, &rg_onnx_at(r, b)->shape);
    int32_t in[] = {a, b}, out = rg_onnx_tensor(r, dtype, &shape, NULL, NULL);
    rg_onnx_emit(r, kind, in, 2, &out, 1, NULL, 0);
    return out;
}

int32_t rg_onnx_pair(rg_onnx *r, const char *kind, int32_t a, int32_t b) {
    return emit_pair(r, kind, a, b, RG_DTYPE_FLOAT32);
}

int32_t rg_onnx_with(rg_onnx *r, const char *kind, int32_t a, double number) {
    return rg_onnx_pair(r, kind, a, rg_onnx_real(r, (float)number));
}

int32_t rg_onnx_each(rg_onnx *r, const char *kind, int32_t a) {
    const rg_shape shape = rg_onnx_at(r, a)->shape;
    return rg_onnx_emit_unary(r, kind, a, RG_DTYPE_FLOAT32, &shape, NULL);
}

int32_t rg_onnx_compared(rg_onnx *r, const char *kind, int32_t a, double number) {
    return emit_pair(r, kind, a, rg_onnx_real(r, (float)number), RG_DTYPE_BOOL);
}

int32_t rg_onnx_cast_to(rg_onnx *r, int32_t a, rg_dtype dtype) {
    const rg_shape shape = rg_onnx_at(r, a)->shape;
    return rg_onnx_emit_unary(r, "cast", a, dtype, &shape, NULL);
}

int32_t rg_onnx_reduced(rg_onnx *r, const char *kind, int32_t a, uint32_t places) {
    rg_shape shape = rg_onnx_at(r, a)->shape;
    int64_t axes[RG_MAX_RANK];
    uint32_t n = 0;
    for (uint32_t i = 0; i < shape.rank; i++) {
        if (places >> i & 1) {
            axes[n++] = i;
            shape.dim[i] = 1;
        }
    }
    const rg_attr keep = {.key = "keep_dims", .type = RG_ATTR_INT, .i = 1};
    int32_t in[] = {a, rg_onnx_ints(r, axes, n)};
    int32_t out = rg_onnx_tensor(r, RG_DTYPE_FLOAT32, &shape, NULL, NULL);
    rg_onnx_emit(r, kind, in, 2, &out, 1, &keep, 1);
    return out;
}

int32_t rg_onnx_chosen(rg_onnx *r, int32_t condition, int32_t a, int32_t b) {
    rg_shape shape = spread(&rg_onnx_at(r, a)->shape, &rg_onnx_at(r, b)->shape);
    shape = spread(&shape, &rg_onnx_at(r, condition)->shape);
    int32_t in[] = {condition, a, b};
    int32_t out = rg_onnx_tensor(r, RG_DTYPE_FLOAT32, &shape, NULL, NULL);
    rg_onnx_emit(r, "select_v2", in, 3, &out, 1, NULL, 0);
    return out;
}
