/* tflite_runner.h: a model in TensorFlow Lite's interpreter, once for each request in flight, with
 * or without a delegate: what every target on that runtime shares. Whoever needs a delegate hands
 * in a function that makes one; interpreters end before their delegates. */
#ifndef RG_TARGETS_TFLITE_RUNNER_H
#define RG_TARGETS_TFLITE_RUNNER_H

#include "bench/iface/target.h"
#include "targets/overhear.h"
#include "targets/tflite_api.h"

/* A TfLiteDelegate and how it ends. */
typedef struct rg_tflite_delegate {
    void *delegate;
    void (*destroy)(void *delegate);
} rg_tflite_delegate;

/* Makes one delegate; called once for each interpreter. */
typedef rg_status (*rg_tflite_make)(void *user, rg_tflite_delegate *ret_delegate, rg_err *err);

typedef struct rg_tflite_ask {
    const rg_tflite *tflite; /* must outlive the runner */
    uint32_t threads;        /* >= 1 */
    uint32_t batch;          /* samples a request */
    rg_tflite_make make;     /* NULL: the built-in kernels alone */
    void *user;
    bool count_nodes; /* keep the time of each step of slot 0 */
    const char *who;  /* the delegate in messages and placement: "XNNPACK" */
} rg_tflite_ask;

typedef struct rg_tflite_runner rg_tflite_runner;

/* Builds `slots` interpreters of the workload's artefact and allocates their tensors; inputs are
 * brought to the shapes of the source graph, times the batch. RG_UNSUPPORTED with the library's own
 * words where it refuses the model, an operator or the shapes, or where inputs and outputs are not
 * those of the source graph. The workload's bytes must outlive the runner. */
rg_status rg_tflite_runner_new(const rg_tflite_ask *ask, const rg_workload *workload,
                               unsigned slots, rg_tflite_runner **ret_runner, rg_err *err);
void rg_tflite_runner_free(rg_tflite_runner *runner); /* accepts NULL */

/* Memory of the runtime itself: nothing is copied. */
rg_status rg_tflite_runner_bind(rg_tflite_runner *runner, unsigned slot, rg_io *ret_io);

/* One inference, blocking. RG_FAILED after the runtime's words went to stderr. */
rg_status rg_tflite_runner_run(rg_tflite_runner *runner, unsigned slot);

/* Variables back to what they were at first. RG_UNSUPPORTED where this version cannot, or where the
 * model keeps them behind handles, which no call of the C API reaches. */
rg_status rg_tflite_runner_reset(rg_tflite_runner *runner);

/* What ran on the built-in kernels and what the delegate took, read from the interpreter's plan;
 * RG_UNSUPPORTED where it could not be read. */
rg_status rg_tflite_runner_placement(const rg_tflite_runner *runner, const rg_graph *graph,
                                     rg_placement *ret_placement);

/* What became of one node of the source graph, with count_nodes. RG_UNSUPPORTED without, or where
 * the plan could not be read or is not of these nodes. */
rg_status rg_tflite_runner_node(const rg_tflite_runner *runner, const rg_graph *graph,
                                uint32_t node, rg_node_facts *ret_facts);

/* What the library said while it loaded; empty text when nothing. */
const rg_overheard *rg_tflite_runner_heard(const rg_tflite_runner *runner);

#endif
