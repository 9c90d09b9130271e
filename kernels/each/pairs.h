/* pairs.h: walking two operands that may stretch, in runs as long as can be; shared by the kernels
 * of two operands. Rows of channels that repeat for every pixel are laid side by side first. */
#ifndef RG_KERNELS_EACH_PAIRS_H
#define RG_KERNELS_EACH_PAIRS_H

#include "bench/iface/op.h"
#include "kernels/ref/spread.h"

enum { RG_PAIRS_TILE = 8192 }; /* elements */

/* One run: n elements; an operand's step is 1, or 0 where one element of it serves all. */
typedef void rg_pairs_run(const void *plan, const void *a, size_t step_a, const void *b,
                          size_t step_b, void *out, size_t n);

/* Tiles of a call: pieces of RG_PAIRS_TILE elements of output 0. */
size_t rg_pairs_tiles(const rg_op_call *call);

/* Computes tiles [first_tile, last_tile) of a call of elements of `size` bytes. */
void rg_pairs_walk(const rg_op_call *call, const rg_spread *walk, size_t size,
                   const void *const *in, void *out, size_t first_tile, size_t last_tile,
                   rg_pairs_run *run, const void *plan);

/* The same tiles by the operator's own reference with its prepared `state`. */
void rg_pairs_by_reference(const rg_op_call *call, const void *state, const void *const *in,
                           void *const *out, size_t first_tile, size_t last_tile);

/* A run NAME_run of elements of `type` under a plan `p` of type `held`: `value` is made of p and of
 * the elements x and y, read as `wide`. Three loops: operands that both advance, or of which one
 * stands still. */
#define RG_PAIRS_RUN(name, held, type, wide, value)                                                \
    static inline __attribute__((always_inline)) void name##_steps(                                \
        const held *p, const type *restrict a, size_t step_a, const type *restrict b,              \
        size_t step_b, type *restrict out, size_t n) {                                             \
        (void)p;                                                                                   \
        for (size_t i = 0; i < n; i++) {                                                           \
            wide x = a[i * step_a], y = b[i * step_b];                                             \
            out[i] = (type)(value);                                                                \
        }                                                                                          \
    }                                                                                              \
    static void name##_run(const void *p, const void *a, size_t step_a, const void *b,             \
                           size_t step_b, void *out, size_t n) {                                   \
        if (step_a && step_b)                                                                      \
            name##_steps(p, a, 1, b, 1, out, n);                                                   \
        else if (step_a)                                                                           \
            name##_steps(p, a, 1, b, 0, out, n);                                                   \
        else                                                                                       \
            name##_steps(p, a, 0, b, step_b, out, n);                                              \
    }

#endif
