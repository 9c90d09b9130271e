/* onnx_arithmetic.c: the arithmetic on small constants by which exporters work out shapes: done
 * here, so that what depends on them is known at load. */
#include <math.h>
#include <string.h>

#include "models/onnx_build.h"

enum { SMALL = 256 };

typedef struct operand {
    double at[SMALL];
    uint32_t n;
    rg_shape shape;
    rg_dtype dtype;
} operand;

static bool read_operand(rg_onnx *r, rg_onnx_value *v, operand *ret) {
    const rg_tensor *t = v && rg_onnx_folds(v->dtype) ? rg_onnx_constant(r, v) : NULL;
    if (!t || t->dtype != v->dtype || !rg_onnx_numbers(r, v, ret->at, SMALL, &ret->n))
        return false;
    ret->shape = v->shape;
    ret->dtype = v->dtype;
    return true;
}

static double divided(rg_dtype dtype, double a, double b) {
    return b == 0 ? 0 : dtype == RG_DTYPE_FLOAT32 ? a / b : trunc(a / b);
}

/* With the sign of the divisor. */
static double modulo(double a, double b) {
    return b == 0 ? 0 : a - b * floor(a / b);
}

static double combined(const char *type, rg_dtype dtype, double a, double b) {
    return !strcmp(type, "Add")     ? a + b
           : !strcmp(type, "Sub")   ? a - b
           : !strcmp(type, "Mul")   ? a * b
           : !strcmp(type, "Div")   ? divided(dtype, a, b)
           : !strcmp(type, "Mod")   ? modulo(a, b)
           : !strcmp(type, "Min")   ? fmin(a, b)
           : !strcmp(type, "Max")   ? fmax(a, b)
           : !strcmp(type, "Pow")   ? pow(a, b)
           : !strcmp(type, "Equal") ? a == b
                                    : NAN;
}

static bool is_pair(const rg_onnx_node *node) {
    static const char *const types[] = {"Add", "Sub", "Mul", "Div",  "Mod",
                                        "Min", "Max", "Pow", "Equal"};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (!strcmp(types[i], node->type))
            return strcmp(node->type, "Mod") || !rg_onnx_attr_int(node, "fmod", 0);
    }
    return false;
}

/* Rows, or a row and single numbers: the longest of them; 0 when they do not go together. */
static uint32_t common_length(const operand *const list[], uint32_t n) {
    uint32_t most = 1;
    for (uint32_t i = 0; i < n; i++)
        most = list[i]->n > most ? list[i]->n : most;
    for (uint32_t i = 0; i < n; i++) {
        if (list[i]->shape.rank > 1 || (list[i]->n != most && list[i]->n != 1))
            return 0;
    }
    return most;
}

static double element(const operand *a, uint32_t i) {
    return a->at[a->n == 1 ? 0 : i];
}

/* The shape of the longest with the most dimensions. */
static rg_shape longest(const operand *const list[], uint32_t n, uint32_t length) {
    rg_shape shape = {0};
    for (uint32_t i = 0; i < n; i++) {
        if (list[i]->n == length && list[i]->shape.rank >= shape.rank)
            shape = list[i]->shape;
    }
    if (length > 1 || shape.rank)
        shape = (rg_shape){1, {(int32_t)length}};
    for (uint32_t i = 0; i < n && !shape.rank; i++)
        shape = list[i]->shape;
    return shape;
}

/* Two rows, or a row and a single number. */
static bool fold_pair(rg_onnx *r, const rg_onnx_node *node, const operand *a, const operand *b) {
    double values[SMALL];
    const operand *const both[] = {a, b};
    uint32_t n = common_length(both, 2);
    bool truth = !strcmp(node->type, "Equal");
    if (!n || a->dtype != b->dtype || a->dtype == RG_DTYPE_BOOL)
        return false;
    for (uint32_t i = 0; i < n; i++)
        values[i] = combined(node->type, a->dtype, element(a, i), element(b, i));
    rg_shape shape = longest(both, 2, n);
    return rg_onnx_define_numbers(r, node, truth ? RG_DTYPE_BOOL : a->dtype, &shape, values) ==
           RG_OK;
}

static bool fold_where(rg_onnx *r, const rg_onnx_node *node, const operand *c) {
    double values[SMALL];
    operand a, b;
    const operand *const all[] = {c, &a, &b};
    if (node->n_in != 3 || !read_operand(r, rg_onnx_in(r, node, 1), &a) ||
        !read_operand(r, rg_onnx_in(r, node, 2), &b) || a.dtype != b.dtype)
        return false;
    uint32_t n = common_length(all, 3);
    for (uint32_t i = 0; i < n; i++)
        values[i] = element(c, i) != 0 ? element(&a, i) : element(&b, i);
    rg_shape shape = longest(all, 3, n);
    return n && rg_onnx_define_numbers(r, node, a.dtype, &shape, values) == RG_OK;
}

/* start, start + delta ... below limit */
static bool fold_range(rg_onnx *r, const rg_onnx_node *node, const operand *start) {
    double limit, delta, values[SMALL];
    if (start->n != 1 || node->n_in != 3 || !rg_onnx_number(r, rg_onnx_in(r, node, 1), &limit) ||
        !rg_onnx_number(r, rg_onnx_in(r, node, 2), &delta) || delta == 0)
        return false;
    double n = ceil((limit - start->at[0]) / delta);
    if (!(n >= 1) || n > SMALL)
        return false;
    rg_shape shape = {1, {(int32_t)n}};
    for (int32_t i = 0; i < shape.dim[0]; i++)
        values[i] = start->at[0] + i * delta;
    return rg_onnx_define_numbers(r, node, start->dtype, &shape, values) == RG_OK;
}

static bool fold_gather(rg_onnx *r, const rg_onnx_node *node, const operand *a, const operand *b) {
    double values[SMALL];
    if (a->shape.rank != 1 || b->shape.rank > 1 || rg_onnx_attr_int(node, "axis", 0) > 0)
        return false;
    for (uint32_t i = 0; i < b->n; i++) {
        double at = b->at[i] + (b->at[i] < 0 ? a->n : 0);
        if (!(at >= 0) || at >= a->n)
            return false;
        values[i] = a->at[(uint32_t)at];
    }
    return rg_onnx_define_numbers(r, node, a->dtype, &b->shape, values) == RG_OK;
}

static bool fold_concat(rg_onnx *r, const rg_onnx_node *node) {
    double values[SMALL];
    uint32_t n = 0;
    rg_dtype dtype = RG_DTYPE_INT64;
    operand a;
    for (uint32_t i = 0; i < node->n_in; i++) {
        if (!read_operand(r, rg_onnx_in(r, node, i), &a) || a.shape.rank != 1 || n + a.n > SMALL ||
            (i && a.dtype != dtype))
            return false;
        memcpy(values + n, a.at, a.n * sizeof *values);
        n += a.n;
        dtype = a.dtype;
    }
    rg_shape shape = {1, {(int32_t)n}};
    return rg_onnx_define_numbers(r, node, dtype, &shape, values) == RG_OK;
}

/* Rows only, with steps of one. */
static bool fold_slice(rg_onnx *r, const rg_onnx_node *node, const operand *a) {
    double from = rg_onnx_attr_real(node, "", 0), to = 0, step = 1;
    if (a->shape.rank != 1 || !rg_onnx_number(r, rg_onnx_in(r, node, 1), &from) ||
        !rg_onnx_number(r, rg_onnx_in(r, node, 2), &to) ||
        (rg_onnx_in(r, node, 4) && !rg_onnx_number(r, rg_onnx_in(r, node, 4), &step)) || step != 1)
        return false;
    from += from < 0 ? a->n : 0;
    to += to < 0 ? a->n : 0;
    from = !(from > 0) ? 0 : from > a->n ? a->n : from;
    to = !(to > from) ? from : to > a->n ? a->n : to;
    rg_shape shape = {1, {(int32_t)(to - from)}};
    return rg_onnx_define_numbers(r, node, a->dtype, &shape, a->at + (uint32_t)from) == RG_OK;
}

static bool fold_cast(rg_onnx *r, const rg_onnx_node *node, const operand *a) {
    bool known;
    double values[SMALL];
    rg_dtype to = rg_onnx_dtype((int32_t)rg_onnx_attr_int(node, "to", 0), &known);
    for (uint32_t i = 0; i < a->n; i++)
        values[i] = to == RG_DTYPE_BOOL ? a->at[i] != 0 : a->at[i];
    return known && rg_onnx_folds(to) &&
           rg_onnx_define_numbers(r, node, to, &a->shape, values) == RG_OK;
}

/* Functions of one number; NAN: it is none of them. */
static double changed(const char *type, double x) {
    return !strcmp(type, "Floor")  ? floor(x)
           : !strcmp(type, "Ceil") ? ceil(x)
           : !strcmp(type, "Sqrt") ? sqrt(x)
           : !strcmp(type, "Neg")  ? -x
           : !strcmp(type, "Abs")  ? fabs(x)
                                   : NAN;
}

static bool fold_each(rg_onnx *r, const rg_onnx_node *node, const operand *a) {
    double values[SMALL];
    if (a->dtype == RG_DTYPE_BOOL || isnan(changed(node->type, 1)))
        return false;
    for (uint32_t i = 0; i < a->n; i++)
        values[i] = changed(node->type, a->at[i]);
    return rg_onnx_define_numbers(r, node, a->dtype, &a->shape, values) == RG_OK;
}

bool rg_onnx_fold(rg_onnx *r, const rg_onnx_node *node) {
    operand a, b;
    if (node->microsoft || !node->n_in || !read_operand(r, rg_onnx_in(r, node, 0), &a))
        return false;
    if (!strcmp(node->type, "Concat"))
        return fold_concat(r, node);
    if (!strcmp(node->type, "Slice"))
        return fold_slice(r, node, &a);
    if (!strcmp(node->type, "Cast"))
        return fold_cast(r, node, &a);
    if (!strcmp(node->type, "Where"))
        return fold_where(r, node, &a);
    if (!strcmp(node->type, "Range"))
        return fold_range(r, node, &a);
    if (node->n_in == 1)
        return fold_each(r, node, &a);
    bool gathers = !strcmp(node->type, "Gather");
    if (node->n_in != 2 || (!gathers && !is_pair(node)) ||
        !read_operand(r, rg_onnx_in(r, node, 1), &b))
        return false;
    return gathers ? fold_gather(r, node, &a, &b) : fold_pair(r, node, &a, &b);
}

rg_status rg_onnx_only_constant(rg_onnx *r, rg_onnx_node *node, const char *word) {
    (void)node, (void)word;
    return rg_onnx_cannot(r, "of what is no small constant");
}
