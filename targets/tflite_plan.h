/* tflite_plan.h: an observer that is added to an interpreter behind its delegates: it takes no
 * node, it only reads the execution plan that they left, which the C API shows nowhere else. */
#ifndef RG_TARGETS_TFLITE_PLAN_H
#define RG_TARGETS_TFLITE_PLAN_H

#include <stdbool.h>
#include <stdint.h>

enum { RG_TFLITE_PLAN_NODES = 4096 };

/* Where each node of the model went. Must stay where it is while its interpreter lives. */
typedef struct rg_tflite_plan {
    void *delegate;                      /* what is added to the interpreter's options */
    bool known;                          /* the plan was read and fits in here */
    uint32_t nodes, stays;               /* of the model; those on the built-in kernels */
    uint32_t parts;                      /* pieces that delegates compute */
    uint32_t crossings;                  /* changes between built-in kernels and delegates */
    bool is_host[RG_TFLITE_PLAN_NODES];  /* by node, in the file's order */
    struct rg_tflite_observer *observer; /* behind `delegate` */
} rg_tflite_plan;

/* Makes the observer for a runtime of this version; `delegate` stays NULL where the structs that
 * cross the border are not known, or memory ran out. Free it after the interpreter. */
void rg_tflite_plan_begin(rg_tflite_plan *plan, int major, int minor);
void rg_tflite_plan_free(rg_tflite_plan *plan);

#endif
