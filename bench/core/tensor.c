/* tensor.c: element types, shapes, seeded contents. */
#include "bench/core/tensor.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *word;
    unsigned bits;
} dtypes[] = {
#define X(name, word, bits, code) [RG_DTYPE_##name] = {word, bits},
    RG_DTYPE_LIST(X)
#undef X
};

const char *rg_dtype_word(rg_dtype dtype) {
    return dtype < RG_DTYPE_COUNT ? dtypes[dtype].word : "any";
}

unsigned rg_dtype_bits(rg_dtype dtype) {
    return dtype < RG_DTYPE_COUNT ? dtypes[dtype].bits : 0;
}

bool rg_dtype_from_word(const char *word, rg_dtype *ret_dtype) {
    for (int i = 0; i < RG_DTYPE_COUNT; i++) {
        if (!strcmp(dtypes[i].word, word)) {
            *ret_dtype = (rg_dtype)i;
            return true;
        }
    }
    return false;
}

bool rg_shape_elements(const rg_shape *shape, int64_t *ret_n) {
    int64_t n = 1;
    for (uint32_t i = 0; i < shape->rank; i++) {
        if (shape->dim[i] < 0 || __builtin_mul_overflow(n, (int64_t)shape->dim[i], &n) ||
            n > INT64_MAX / 16)
            return false;
    }
    *ret_n = n;
    return true;
}

bool rg_shape_equal(const rg_shape *a, const rg_shape *b) {
    return a->rank == b->rank && !memcmp(a->dim, b->dim, a->rank * sizeof a->dim[0]);
}

void rg_shape_text(const rg_shape *shape, char *ret, size_t cap) {
    if (shape->rank == 0) {
        snprintf(ret, cap, "scalar");
        return;
    }
    size_t used = 0;
    ret[0] = '\0';
    for (uint32_t i = 0; i < shape->rank && used < cap; i++) {
        int n = snprintf(ret + used, cap - used, "%s%d", i ? "x" : "", (int)shape->dim[i]);
        used += n > 0 ? (size_t)n : 0;
    }
}

rg_status rg_tensor_bytes(const rg_shape *shape, rg_dtype dtype, size_t *ret_bytes, rg_err *err) {
    int64_t n;
    if (!rg_shape_elements(shape, &n) || (uint64_t)n > SIZE_MAX / 64) {
        char text[96];
        rg_shape_text(shape, text, sizeof text);
        return rg_fail(err, RG_BAD_DATA, NULL, "impossible tensor shape %s", text);
    }
    *ret_bytes = ((size_t)n * rg_dtype_bits(dtype) + 7) / 8;
    return RG_OK;
}

/* Stores the low `size` bytes of v, little-endian whatever the host. */
static void put_le(unsigned char *at, uint64_t v, unsigned size) {
    for (unsigned i = 0; i < size; i++)
        at[i] = i < 8 ? (unsigned char)(v >> (8 * i)) : 0;
}

static uint64_t float_bits(double value, bool wide) {
    uint64_t bits = 0;
    float narrow = (float)value;
    if (wide)
        memcpy(&bits, &value, sizeof value);
    else
        memcpy(&bits, &narrow, sizeof narrow); /* little-endian hosts only, as all our targets */
    return bits;
}

static uint64_t element_from_draw(rg_dtype dtype, uint64_t z) {
    switch (dtype) {
    case RG_DTYPE_INT8:
    case RG_DTYPE_UINT8:
        return z >> 56;
    case RG_DTYPE_INT16:
    case RG_DTYPE_UINT16:
    case RG_DTYPE_FLOAT16:
        return z >> 48;
    case RG_DTYPE_BOOL:
        return z >> 63;
    case RG_DTYPE_FLOAT32:
        return float_bits((double)(z >> 40) * 0x1p-23 - 1, false);
    case RG_DTYPE_FLOAT64:
        return float_bits((double)(z >> 40) * 0x1p-23 - 1, true);
    default:
        return z >> 61;
    }
}

void rg_tensor_fill(const rg_tensor *tensor, rg_rng *rng, void *data) {
    unsigned char *at = data;
    unsigned size = rg_dtype_bits(tensor->dtype) / 8;
    if (size == 0) { /* int4: two draws a byte */
        for (size_t i = 0; i < tensor->bytes; i++)
            at[i] = (unsigned char)((rg_rng_next(rng) >> 60) | (rg_rng_next(rng) >> 60 << 4));
        return;
    }
    for (size_t i = 0; i < tensor->bytes / size; i++)
        put_le(at + i * size, element_from_draw(tensor->dtype, rg_rng_next(rng)), size);
}
