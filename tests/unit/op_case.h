/* op_case.h: runs one operator on small tensors as the executor does: parameters from words, infer,
 * check, prepare, then tiles one by one. For the kernel tests only. */
#ifndef RG_TESTS_OP_CASE_H
#define RG_TESTS_OP_CASE_H

#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/iface/op.h"
#include "bench/iface/registry.h"

enum { OP_CASE_MAX = 6 };

typedef struct op_case {
    const rg_op *op;
    rg_tensor in[OP_CASE_MAX], out;
    const rg_tensor *ins[OP_CASE_MAX], *outs[1];
    uint32_t n_in;
    _Alignas(16) char params[256];
    float scale[OP_CASE_MAX + 1];
    int32_t zero[OP_CASE_MAX + 1];
    rg_err err;
} op_case;

#define SHAPE(...)                                                                                 \
    (rg_shape) {                                                                                   \
        sizeof((int32_t[]){__VA_ARGS__}) / sizeof(int32_t), {                                      \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }

static inline rg_tensor op_case_tensor(rg_dtype dtype, rg_shape shape, const void *data) {
    rg_tensor t = {.name = "t", .dtype = dtype, .shape = shape, .data = data};
    cr_assert_eq(rg_tensor_bytes(&shape, dtype, &t.bytes, NULL), RG_OK);
    return t;
}

/* Adds an input; scale 0: not quantized. */
static inline void op_case_in(op_case *c, rg_dtype dtype, rg_shape shape, const void *data,
                              float scale, int32_t zero) {
    uint32_t i = c->n_in++;
    c->in[i] = op_case_tensor(dtype, shape, data);
    c->scale[i] = scale;
    c->zero[i] = zero;
    if (scale != 0)
        c->in[i].quant = (rg_quant){1, &c->scale[i], &c->zero[i], 0};
    c->ins[i] = &c->in[i];
}

static inline void op_case_out(op_case *c, rg_dtype dtype, rg_shape shape, float scale,
                               int32_t zero) {
    c->out = op_case_tensor(dtype, shape, NULL);
    c->scale[OP_CASE_MAX] = scale;
    c->zero[OP_CASE_MAX] = zero;
    if (scale != 0)
        c->out.quant = (rg_quant){1, &c->scale[OP_CASE_MAX], &c->zero[OP_CASE_MAX], 0};
    c->outs[0] = &c->out;
}

static inline void op_case_set(op_case *c, const char *name, va_list words) {
    c->op = rg_op_find(name);
    cr_assert_not_null(c->op, "no operator %s", name);
    cr_assert(c->op->params_size <= sizeof c->params);
    cr_assert_eq(rg_field_presets(c->op->params, c->params, false, &c->err), RG_OK);
    for (const char *word; (word = va_arg(words, const char *));) {
        char key[64];
        const char *equals = strchr(word, '=');
        snprintf(key, sizeof key, "%.*s", (int)(equals - word), word);
        cr_assert_eq(rg_field_set(c->op->params, c->params, key, equals + 1, &c->err), RG_OK, "%s",
                     c->err.what);
    }
}

/* The operator, and its parameters as "key=value" words, NULL last; the others keep their defaults.
 */
static inline void op_case_params(op_case *c, const char *name, ...) {
    va_list words;
    va_start(words, name);
    op_case_set(c, name, words);
    va_end(words);
}

static inline rg_op_call op_case_call(op_case *c) {
    return (rg_op_call){c->op, c->params, c->n_in, 1, c->ins, c->outs};
}

/* infer and check, as a loader does; the output's declared shape must be the inferred one. */
static inline rg_status op_case_admit(op_case *c) {
    rg_op_call call = op_case_call(c);
    rg_tensor inferred = c->out;
    rg_status status = c->op->infer(&call, &inferred, &c->err);
    if (status != RG_OK)
        return status;
    cr_assert_eq(inferred.dtype, c->out.dtype);
    cr_assert(rg_shape_equal(&inferred.shape, &c->out.shape), "inferred another shape");
    return c->op->check ? c->op->check(&call, &c->err) : RG_OK;
}

/* Runs the case into `ret`, tile by tile from the last to the first. */
static inline void op_case_run(op_case *c, void *ret) {
    const void *in[OP_CASE_MAX] = {0};
    void *out[1] = {ret}, *state = NULL;
    cr_assert_eq(op_case_admit(c), RG_OK, "%s", c->err.what);
    rg_op_call call = op_case_call(c);
    size_t bytes = c->op->state_bytes ? c->op->state_bytes(&call) : 0;
    if (bytes) {
        state = aligned_alloc(64, (bytes + 63) / 64 * 64);
        cr_assert_not_null(state);
        memset(state, 0, bytes);
        cr_assert_eq(c->op->prepare(&call, state, &c->err), RG_OK, "%s", c->err.what);
    }
    for (uint32_t i = 0; i < c->n_in; i++)
        in[i] = c->ins[i] ? c->ins[i]->data : NULL;
    for (size_t tile = c->op->tiles ? c->op->tiles(&call) : 1; tile-- > 0;)
        c->op->run(&call, state, in, out, tile, tile + 1);
    free(state);
}

/* An element of an output; only its own bytes are read. */
static inline double op_case_element(rg_dtype type, const char *at) {
    union {
        uint8_t u8;
        int8_t s8;
        int16_t s16;
        int32_t s32;
        int64_t s64;
        float f32;
    } v = {0};
    memcpy(&v, at, rg_dtype_bits(type) / 8);
    switch (type) {
    case RG_DTYPE_INT8:
        return v.s8;
    case RG_DTYPE_INT16:
        return v.s16;
    case RG_DTYPE_INT32:
        return v.s32;
    case RG_DTYPE_INT64:
        return (double)v.s64;
    case RG_DTYPE_FLOAT32:
        return (double)v.f32;
    default:
        return v.u8;
    }
}

/* Elements of the output's type as " 1 -2 3". */
static inline void op_case_text(const op_case *c, const void *data, char *ret, size_t cap) {
    size_t used = 0, bytes = rg_dtype_bits(c->out.dtype) / 8;
    for (size_t at = 0; bytes && at < c->out.bytes && used + 24 < cap; at += bytes)
        used += (size_t)snprintf(ret + used, cap - used, " %g",
                                 op_case_element(c->out.dtype, (const char *)data + at));
}

/* Runs operator `name`, with parameters as for op_case_params, and wants an array's bytes of it. */
static inline void op_case_want(op_case *c, const void *want, size_t bytes, const char *name, ...) {
    char got_text[512] = "", want_text[512] = "";
    va_list words;
    va_start(words, name);
    op_case_set(c, name, words);
    va_end(words);
    cr_assert_eq(c->out.bytes, bytes, "%s: %zu bytes are wanted of %zu", name, bytes, c->out.bytes);
    void *got = malloc(bytes);
    cr_assert_not_null(got);
    op_case_run(c, got);
    op_case_text(c, got, got_text, sizeof got_text);
    op_case_text(c, want, want_text, sizeof want_text);
    cr_assert_arr_eq(got, want, bytes, "%s gives%s, not%s", name, got_text, want_text);
    free(got);
}
#define op_case_gives(c, want, ...) op_case_want(c, want, sizeof(want), __VA_ARGS__)

#endif
