/* agree.h: does an output agree with the reference's? One table of limits by arithmetic and element
 * type; figures for the record. Used by the prover, before timing and on outputs of the timed run.
 */
#ifndef RG_RUN_AGREE_H
#define RG_RUN_AGREE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "bench/core/err.h"
#include "bench/core/graph.h"

/* How outputs of one element type are judged. Bounds that are 0 are not applied. */
typedef struct rg_agree_limit {
    bool exact_target; /* the target's integer arithmetic is defined as the reference's */
    rg_dtype dtype;
    bool bit_exact;     /* no element may differ; the rest of the row is then not needed */
    double min_sqnr_db; /* 10 log10(signal power / error power) */
    double min_cosine;  /* cosine similarity */
    double top1_slack;  /* the reference's largest value may exceed its value at the target's
                           largest element by this many quanta (integers) or by this share of the
                           value range (floats); negative: not judged */
} rg_agree_limit;

/* The row for a target and an element type; never NULL. */
const rg_agree_limit *rg_agree_limit_for(bool exact_target, rg_dtype dtype);

/* What was found over all outputs of a request. Values are real numbers: integers with quantization
 * are dequantized, others taken as they are. */
typedef struct rg_agreement {
    bool ok, exact, top1;
    uint64_t elements, differing;              /* by bits */
    double max_abs;                            /* largest difference */
    double signal, error, dot, norm_a, norm_b; /* running sums of squares and products */
    rg_dtype through; /* of rg_agree_through; FLOAT32: floats are judged as floats */
    char why[160];    /* first limit that was broken */
} rg_agreement;

#define RG_AGREEMENT_INIT                                                                          \
    { .ok = true, .exact = true, .top1 = true }

/* The coarsest element type that a graph computes through: floats that come out of int8 carry its
 * noise, and runtimes that round otherwise are judged by it. FLOAT32 where there is none. */
rg_dtype rg_agree_through(const rg_graph *graph);

/* Adds one output of `batch` samples: expected and found, each batch x tensor->bytes. */
void rg_agree_output(rg_agreement *agreement, const rg_tensor *tensor, uint32_t batch,
                     bool exact_target, const void *expected, const void *found);

/* Element i of a tensor's bytes as a number: integers raw, halves widened. */
double rg_agree_element(const void *data, rg_dtype dtype, size_t i);

double rg_agreement_sqnr_db(const rg_agreement *agreement); /* INFINITY when nothing differs */
double rg_agreement_cosine(const rg_agreement *agreement);

/* The truth block of a round: compared, exact, differing, elements, max_abs, cosine, sqnr_db (left
 * out where infinite), top1. New reference. */
json_t *rg_agreement_to_json(const rg_agreement *agreement);

#endif
