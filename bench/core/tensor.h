/* tensor.h: element types, shapes and quantization, as all parts of the program speak of them.
 * Layout is dense and row-major; images are NHWC, conv filters OHWI, depthwise filters 1HWC (as in
 * TFLite). */
#ifndef RG_CORE_TENSOR_H
#define RG_CORE_TENSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/core/err.h"
#include "bench/core/rng.h"

/* name, word, bits an element, short code used in operator names. 0 bits: elements that have no
 * dense form here (texts, handles, sparse constants); such tensors have 0 bytes. */
#define RG_DTYPE_LIST(X)                                                                           \
    X(FLOAT32, "float32", 32, "f32")                                                               \
    X(FLOAT16, "float16", 16, "f16")                                                               \
    X(FLOAT64, "float64", 64, "f64")                                                               \
    X(INT4, "int4", 4, "s4")                                                                       \
    X(INT8, "int8", 8, "s8")                                                                       \
    X(UINT8, "uint8", 8, "u8")                                                                     \
    X(INT16, "int16", 16, "s16")                                                                   \
    X(UINT16, "uint16", 16, "u16")                                                                 \
    X(INT32, "int32", 32, "s32")                                                                   \
    X(UINT32, "uint32", 32, "u32")                                                                 \
    X(INT64, "int64", 64, "s64")                                                                   \
    X(UINT64, "uint64", 64, "u64")                                                                 \
    X(BOOL, "bool", 8, "b8")                                                                       \
    X(INT2, "int2", 2, "s2")                                                                       \
    X(UINT4, "uint4", 4, "u4")                                                                     \
    X(BFLOAT16, "bfloat16", 16, "bf16")                                                            \
    X(FLOAT8_E4M3FN, "float8_e4m3fn", 8, "f8e4m3")                                                 \
    X(FLOAT8_E5M2, "float8_e5m2", 8, "f8e5m2")                                                     \
    X(COMPLEX64, "complex64", 64, "c64")                                                           \
    X(COMPLEX128, "complex128", 128, "c128")                                                       \
    X(STRING, "string", 0, "str")                                                                  \
    X(RESOURCE, "resource", 0, "res")                                                              \
    X(VARIANT, "variant", 0, "var")                                                                \
    X(SPARSE, "sparse", 0, "sparse")

typedef enum rg_dtype {
#define X(name, word, bits, code) RG_DTYPE_##name,
    RG_DTYPE_LIST(X)
#undef X
        RG_DTYPE_COUNT,
    RG_DTYPE_ANY = RG_DTYPE_COUNT /* in patterns only */
} rg_dtype;

const char *rg_dtype_word(rg_dtype dtype);
unsigned rg_dtype_bits(rg_dtype dtype);
bool rg_dtype_from_word(const char *word, rg_dtype *ret_dtype);

enum { RG_MAX_RANK = 6 };

/* A shape. rank 0 is a scalar (one element). Dimensions are >= 0 once a reader has checked them. */
typedef struct rg_shape {
    uint32_t rank;
    int32_t dim[RG_MAX_RANK];
} rg_shape;

/* Elements of a shape; false when a dimension is negative or the product exceeds INT64_MAX/16. */
bool rg_shape_elements(const rg_shape *shape, int64_t *ret_n);
bool rg_shape_equal(const rg_shape *a, const rg_shape *b);

/* "1x49x10x1"; "scalar" for rank 0. */
void rg_shape_text(const rg_shape *shape, char *ret, size_t cap);

/* Affine quantization: real = scale[c] * (q - zero_point[c]). n = 0: none; n = 1: per tensor; else
 * per channel along dimension `axis`. Arrays are owned by the graph's arena. */
typedef struct rg_quant {
    uint32_t n;
    const float *scale;
    const int32_t *zero_point;
    uint32_t axis;
} rg_quant;

/* One tensor of a graph. */
typedef struct rg_tensor {
    const char *name; /* never NULL, may be empty */
    rg_dtype dtype;
    rg_shape shape;
    rg_quant quant;
    const void *data;    /* constants: their elements (little-endian), aligned to 16; else NULL */
    size_t bytes;        /* dense size of shape x dtype (int4: two elements a byte, rounded up) */
    bool variable;       /* state that lives from one inference to the next */
    const void *initial; /* of variables: what they hold at first and after a reset; NULL: their
                            zero point */
} rg_tensor;

/* Bytes for shape x dtype; RG_BAD_DATA when it overflows or a dimension is negative. */
rg_status rg_tensor_bytes(const rg_shape *shape, rg_dtype dtype, size_t *ret_bytes, rg_err *err);

/* Fills a tensor's elements with the generator of the conformance inputs: one SplitMix64 draw z an
 * element; int8/uint8 z>>56, 16-bit z>>48, 32- and 64-bit integers z>>61, float (z>>40)*2^-23-1,
 * bool z>>63. `data` holds tensor->bytes bytes. */
void rg_tensor_fill(const rg_tensor *tensor, rg_rng *rng, void *data);

#endif
