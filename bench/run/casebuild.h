/* casebuild.h: a made-up problem (iface/case.h) made into a graph of one node that can be run, with
 * its constants filled, and the values of its inputs. The verifier and the bench work on these; a
 * seed and a case give the same bytes on every machine. */
#ifndef RG_RUN_CASEBUILD_H
#define RG_RUN_CASEBUILD_H

#include "bench/core/graph.h"
#include "bench/iface/case.h"

/* How elements are chosen; each within the range of its tensor. */
typedef enum rg_fill {
    RG_FILL_RANDOM,  /* uniform */
    RG_FILL_ENDS,    /* uniform, an end now and then; floats: now and then a zero of each sign */
    RG_FILL_LOWEST,  /* the low end everywhere */
    RG_FILL_HIGHEST, /* the high end everywhere */
    RG_FILL_ALTERNATING, /* high, low, high ... */
    RG_FILL_BLOCKS,      /* runs of either end, of random lengths */
    RG_FILL_ZERO,        /* the zero point, or 0, or what of the range is nearest to it */
    RG_FILL_COUNT
} rg_fill;

/* "highest" */
const char *rg_fill_word(rg_fill fill);

typedef struct rg_made_case {
    rg_case from;
    const rg_op *op;
    rg_graph
        *graph; /* one node; tensors in the order inputs, outputs; owns what `call` points to */
    rg_op_call *call; /* resolved and checked */
    rg_work work;
} rg_made_case;

/* Makes a case of `op`: quantization and constants from `seed` (`plain`: constants uniform, as
 * bench cases have them; else an extreme fill now and then), outputs' shapes and types by
 * op->infer. RG_UNSUPPORTED or RG_BAD_DATA where the operator refuses the case, RG_USAGE where it
 * contradicts itself, RG_NO_MEMORY. Free it with rg_made_case_free. */
rg_status rg_made_case_new(const rg_op *op, const rg_case *from, uint64_t seed, bool plain,
                           rg_made_case **ret_made, rg_err *err);
void rg_made_case_free(rg_made_case *made); /* accepts NULL */

/* True when input `i` is given at run time: neither constant nor variable nor left out. */
bool rg_made_case_is_input(const rg_made_case *made, uint32_t i);

/* True when input `i` is a variable: kept from one invocation to the next. */
bool rg_made_case_is_variable(const rg_made_case *made, uint32_t i);

/* Invocations of the case: at least one. */
uint32_t rg_made_case_runs(const rg_made_case *made);

/* Writes the elements of input `i` into `data` (the tensor's bytes, aligned to its element). */
void rg_made_case_fill(const rg_made_case *made, uint32_t i, rg_fill fill, rg_rng *rng, void *data);

/* The whole case in one line: types, shapes, quantization, attributes. */
void rg_case_text(const rg_op *op, const rg_case *c, char *ret, size_t cap);

#endif
