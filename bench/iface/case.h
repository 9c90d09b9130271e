/* case.h: made-up problems of operators, for proving kernels and for timing them. A case set knows
 * one kind of operator: it draws random sound problems and names the fixed ones that are timed.
 * Spokes in kernels/cases/ implement it: `const rg_case_set rg_case_set_<kind>`, one line in
 * kernels/meson.build. bench/run/ builds a graph of one node from a case and runs it. */
#ifndef RG_IFACE_CASE_H
#define RG_IFACE_CASE_H

#include "bench/iface/op.h"

enum { RG_CASE_TENSORS = 8, RG_CASE_ATTRS = 20, RG_CASE_VALUES = 32, RG_CASE_RUNS = 4 };

/* One tensor of a case. Elements are made by the prover: for inputs, random values in turn with
 * extreme ones (all lowest, all highest, alternating, zero point); for constants, random in
 * [low, high] with the ends frequent. */
typedef struct rg_case_tensor {
    rg_dtype dtype;
    rg_shape shape; /* of outputs: worked out by the operator, leave empty */
    float scale;    /* 0: not quantized */
    int32_t zero_point;
    bool per_channel; /* scales differ along `axis`: scale x [0.5, 2), zero points 0 */
    uint32_t axis;
    bool constant;     /* weights, biases, axes: known at load */
    bool absent;       /* an optional input that is left out */
    bool variable;     /* an input that a run moves on and the next one finds so; starts drawn */
    double low, high;  /* range of elements; equal: the whole type (floats: -4 to 4) */
    uint32_t n_values; /* > 0: the elements, given: axes, pads, begin and size */
    int32_t value[RG_CASE_VALUES];
} rg_case_tensor;

/* One problem. Zero it, fill what is used. */
typedef struct rg_case {
    char name[96]; /* bench cases: "conv3x3s2_224x224x3_32"; drawn ones: may stay empty */
    uint32_t n_in, n_out, n_attrs;
    uint32_t
        runs; /* invocations in a row, each with inputs of its own, at most RG_CASE_RUNS; 0: one */
    rg_case_tensor in[RG_CASE_TENSORS], out[RG_CASE_TENSORS];
    rg_attr attrs[RG_CASE_ATTRS]; /* keys and words are literals */
} rg_case;

typedef struct rg_case_set {
    const char *kind; /* "conv2d": of all operators of this kind, whatever their element types */

    /* A random problem that `op` accepts and its reference computes in at most some 10 ms: odd
     * sizes, tails, padding, strides, dilation, every parameter, one and many channels, extreme
     * scales and zero points. The same rng state gives the same problem. */
    void (*draw)(const rg_op *op, rg_rng *rng, rg_case *ret_case);

    /* Bench case `index` of `op`; false past the last one. */
    bool (*bench)(const rg_op *op, size_t index, rg_case *ret_case);
} rg_case_set;

/* All sets that were built in; ends with NULL. (Registry.) */
extern const rg_case_set *const rg_case_sets[];
const rg_case_set *rg_case_set_for(const rg_op *op); /* NULL if there is none for its kind */

/* Adds an attribute; `word` must be a literal. */
static inline void rg_case_int(rg_case *c, const char *key, int64_t value) {
    c->attrs[c->n_attrs++] = (rg_attr){key, RG_ATTR_INT, value, 0, NULL};
}
static inline void rg_case_real(rg_case *c, const char *key, double value) {
    c->attrs[c->n_attrs++] = (rg_attr){key, RG_ATTR_REAL, 0, value, NULL};
}
static inline void rg_case_word(rg_case *c, const char *key, const char *word) {
    c->attrs[c->n_attrs++] = (rg_attr){key, RG_ATTR_WORD, 0, 0, word};
}

#endif
