/* trial.h: one way of computing one made-up case, held against the truth: the bytes of the scalar
 * reference. Buffers lie between fences, tiles come in random pieces and order, outputs start as
 * canaries, inputs and packed weights cannot be written. verify.c runs many of these in a child
 * process, the bench one before it times a kernel. */
#ifndef RG_RUN_TRIAL_H
#define RG_RUN_TRIAL_H

#include "bench/iface/kernel.h"
#include "bench/run/casebuild.h"
#include "bench/run/fence.h"

/* Inputs of a case and what the reference makes of them, in plain memory. */
typedef struct rg_truth {
    rg_fill fill;
    rg_arena *arena;
    void *in[RG_CASE_TENSORS];   /* NULL for constants and inputs that are left out; what variables
                                    hold before the first run */
    void *out[RG_CASE_TENSORS];  /* the reference's outputs */
    void *kept[RG_CASE_TENSORS]; /* what variables hold behind the last run; NULL for others */
    struct {                     /* the invocations behind the first */
        void *in[RG_CASE_TENSORS], *out[RG_CASE_TENSORS];
    } later[RG_CASE_RUNS - 1];
} rg_truth;

/* Fills the inputs by `fill` and `seed`, and computes the outputs, all tiles in one call, as often
 * as the case says. */
rg_status rg_truth_make(const rg_made_case *made, rg_fill fill, uint64_t seed, rg_truth *ret_truth,
                        rg_err *err);
void rg_truth_free(rg_truth *truth); /* accepts all-zero */

/* The buffers of trials, kept from one to the next. Zero it first. */
typedef struct rg_trial_memory {
    rg_fence in[RG_CASE_TENSORS], out[RG_CASE_TENSORS], packed, scratch;
} rg_trial_memory;
void rg_trial_memory_free(rg_trial_memory *memory);

/* Where an address lies, for words about a fault: "3 bytes behind output 0 (40 bytes)"; false when
 * it is in none of the buffers. */
bool rg_trial_memory_tell(const rg_trial_memory *memory, const void *address, char *ret,
                          size_t cap);

/* One trial. */
typedef struct rg_trial {
    const rg_made_case *made;
    const rg_kernel *kernel; /* NULL: the reference itself, in pieces */
    const rg_truth *truth;
    rg_place place;
    uint64_t seed; /* of pieces, order and what scratch holds */
} rg_trial;

/* Packs, computes and compares. RG_WRONG with the first difference (element, expected, got, or what
 * was written that must not be); any other status is the kernel's refusal to pack. `ret_how` gets
 * the pieces in their order ("tiles 3-4 0-3"). Faults are for the caller to catch. */
rg_status rg_trial_run(const rg_trial *trial, rg_trial_memory *memory, char *ret_how, size_t cap,
                       rg_err *err);

#endif
