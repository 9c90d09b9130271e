/* tflite_plan.h: an observer that is added to an interpreter behind its delegates: it takes no
 * node, it only reads the execution plan that they left, which the C API shows nowhere else. */
#ifndef RG_TARGETS_TFLITE_PLAN_H
#define RG_TARGETS_TFLITE_PLAN_H

#include <stdbool.h>
#include <stdint.h>

enum { RG_TFLITE_PLAN_NODES = 4096 };

/* One step of the plan: a node of the model, or a piece that a delegate computes. */
typedef struct rg_tflite_step {
    void *node;
    int (*invoke)(void *context, void *node); /* as the runtime has it */
    uint32_t first;                           /* the model's node, or the piece's first one */
    int64_t ns;                               /* of the last inference */
} rg_tflite_step;

/* Where each node of the model went. Must stay where it is while its interpreter lives. */
typedef struct rg_tflite_plan {
    void *delegate;        /* what is added to the interpreter's options */
    bool timed;            /* keep the time of each step; one such plan a process */
    bool known;            /* the plan was read and fits in here */
    uint32_t nodes, stays; /* of the model; those on the built-in kernels */
    uint32_t parts;        /* pieces that delegates compute */
    uint32_t crossings;    /* changes between built-in kernels and delegates */
    uint32_t computed_in[RG_TFLITE_PLAN_NODES]; /* by node, in the file's order: itself, or the
                                                   first node of the piece that it is part of */
    bool is_host[RG_TFLITE_PLAN_NODES];         /* on the built-in kernels */
    rg_tflite_step *steps;                      /* in the order in which they run */
    uint32_t n_steps, next;
    const void *graph; /* the runtime's own, of which this is the plan: the first that it shows */
    struct rg_tflite_observer *observer; /* behind `delegate` */
} rg_tflite_plan;

/* Makes the observer for a runtime of this version; `delegate` stays NULL where the structs that
 * cross the border are not known, or memory ran out. `timed` puts two clock reads around each step.
 * Free it after the interpreter. */
void rg_tflite_plan_begin(rg_tflite_plan *plan, int major, int minor, bool timed);
void rg_tflite_plan_free(rg_tflite_plan *plan);

/* How long the step that begins with this node of the model took last; 0 where none does. */
int64_t rg_tflite_plan_ns(const rg_tflite_plan *plan, uint32_t node);

#endif
