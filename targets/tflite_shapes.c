/* tflite_shapes.c: shapes, types and sizes at both ends of an interpreter (tflite_shapes.h). */
#include "targets/tflite_shapes.h"

#include <stdio.h>
#include <string.h>

#include "bench/iface/target.h"

/* How often the graph's own inputs make a request: a model made for the batch has it in its first
 * dimension. */
static uint32_t repeat_of(const rg_graph *graph, uint32_t batch) {
    const rg_tensor *first = graph->n_in ? &graph->tensors[graph->in[0]] : NULL;
    bool made_for_it = first && first->shape.rank && (uint32_t)first->shape.dim[0] == batch;
    return batch <= 1 || made_for_it ? 1 : batch;
}

static bool same_shape(const rg_tflite *t, const void *tensor, const rg_shape *shape) {
    bool same = t->rank(tensor) == (int32_t)shape->rank;
    for (uint32_t d = 0; same && d < shape->rank; d++)
        same = t->dim(tensor, (int32_t)d) == shape->dim[d];
    return same;
}

rg_status rg_tflite_shapes_give(const rg_tflite *t, void *interpreter, const rg_graph *graph,
                                uint32_t batch, rg_err *err) {
    uint32_t repeat = repeat_of(graph, batch);
    int32_t n = t->n_in(interpreter);
    if (n < 0 || (uint32_t)n != graph->n_in)
        return rg_fail(err, RG_UNSUPPORTED, "give the artefact that was made from this model",
                       "the library sees %d inputs, the model has %u", n, graph->n_in);
    for (int32_t i = 0; i < n; i++) {
        rg_shape shape = graph->tensors[graph->in[i]].shape;
        if (shape.rank)
            shape.dim[0] *= (int32_t)repeat;
        if (same_shape(t, t->in(interpreter, i), &shape))
            continue;
        if (t->resize(interpreter, i, shape.dim, (int32_t)shape.rank) != RG_TFLITE_OK)
            return rg_fail(err, RG_UNSUPPORTED, "use batch 1, or a model made for this batch",
                           "input %d of %s cannot be given another shape", i, graph->name);
    }
    return RG_OK;
}

/* One end; `what` is "input" or "output". */
static rg_status check_one(const rg_tflite *t, const void *given, const rg_tensor *wanted,
                           uint32_t repeat, const char *what, int32_t i, rg_err *err) {
    rg_dtype dtype;
    char shape[64];
    if (!rg_tflite_element(t->type(given), &dtype) || rg_dtype_bits(dtype) == 0)
        return rg_fail(err, RG_UNSUPPORTED, "a model of numbers",
                       "%s %d (%s) has elements of no fixed size", what, i, t->name(given));
    rg_shape_text(&wanted->shape, shape, sizeof shape);
    if (dtype != wanted->dtype)
        return rg_fail(err, RG_UNSUPPORTED, "give the artefact that was made from this model",
                       "%s %d is %s in the library and %s in the model", what, i,
                       rg_dtype_word(dtype), rg_dtype_word(wanted->dtype));
    if (t->bytes(given) != wanted->bytes * repeat)
        return rg_fail(err, RG_UNSUPPORTED,
                       repeat > 1 ? "use batch 1, or a model made for this batch"
                                  : "give the artefact that was made from this model",
                       "%s %d takes %zu bytes in the library, %u times %s of %s is %zu", what, i,
                       t->bytes(given), repeat, shape, rg_dtype_word(dtype),
                       wanted->bytes * repeat);
    return t->data(given) || !wanted->bytes
               ? RG_OK
               : rg_fail(err, RG_UNSUPPORTED, NULL, "%s %d has no memory", what, i);
}

/* Outputs of a size that depends on the run have none before. */
static rg_status run_if_dynamic(const rg_tflite *t, void *interpreter, rg_err *err) {
    bool dynamic = false;
    for (int32_t i = 0; i < t->n_out(interpreter); i++)
        dynamic = dynamic || !t->data(t->out(interpreter, i));
    if (!dynamic)
        return RG_OK;
    for (int32_t i = 0; i < t->n_in(interpreter); i++) {
        void *tensor = t->in(interpreter, i);
        if (t->data(tensor))
            memset(t->data(tensor), 0, t->bytes(tensor));
    }
    int got = t->invoke(interpreter);
    if (t->reset_variables)
        t->reset_variables(interpreter); /* that run leaves no trace */
    return got == RG_TFLITE_OK
               ? RG_OK
               : rg_fail(err, RG_UNSUPPORTED, "`railgauge inspect` shows what is in the model",
                         "a first run, to learn the sizes of outputs, gave %d: %s", got,
                         rg_tflite_status_text(got));
}

rg_status rg_tflite_shapes_check(const rg_tflite *t, void *interpreter, const rg_graph *graph,
                                 uint32_t batch, rg_err *err) {
    uint32_t repeat = repeat_of(graph, batch);
    int32_t n = t->n_out(interpreter);
    if (n < 0 || (uint32_t)n != graph->n_out || graph->n_in > RG_MAX_IO || n > RG_MAX_IO)
        return rg_fail(
            err, RG_UNSUPPORTED, "split the model",
            "the library sees %d outputs, the model has %u, and no more than %d are taken", n,
            graph->n_out, RG_MAX_IO);
    rg_status status = RG_OK;
    for (uint32_t i = 0; status == RG_OK && i < graph->n_in; i++)
        status = check_one(t, t->in(interpreter, (int32_t)i), &graph->tensors[graph->in[i]], repeat,
                           "input", (int32_t)i, err);
    if (status == RG_OK)
        status = run_if_dynamic(t, interpreter, err);
    for (int32_t i = 0; status == RG_OK && i < n; i++)
        status = check_one(t, t->out(interpreter, i), &graph->tensors[graph->out[i]], repeat,
                           "output", i, err);
    return status;
}
