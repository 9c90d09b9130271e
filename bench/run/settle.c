/* settle.c: see settle.h. */
#include "bench/run/settle.h"

#include <stdlib.h>
#include <string.h>

#include "bench/iface/exec.h"
#include "bench/run/calls.h"

enum { MOST_FOLDED_BYTES = 4096 };

typedef struct settling {
    rg_graph *graph;
    rg_arena *scratch; /* calls, for one node at a time */
    int32_t *constant; /* by tensor of the file: the constant that stands for it; 0: none */
    size_t limit_bytes;
} settling;

static rg_status no_memory(rg_err *err) {
    return rg_fail(err, RG_NO_MEMORY, "give a smaller model", "out of memory for shapes");
}

/* Lets a node read the constants that were found. */
static rg_status use_constants(settling *s, rg_node *node, rg_err *err) {
    bool any = false;
    for (uint32_t i = 0; i < node->n_in; i++)
        any = any || (node->in[i] >= 0 && s->constant[node->in[i]]);
    if (!any)
        return RG_OK;
    int32_t *in = rg_arena_array(s->graph->arena, node->n_in, sizeof *in);
    if (!in)
        return no_memory(err);
    for (uint32_t i = 0; i < node->n_in; i++) {
        bool found = node->in[i] >= 0 && s->constant[node->in[i]];
        in[i] = found ? s->constant[node->in[i]] : node->in[i];
    }
    node->in = in;
    return RG_OK;
}

/* True when a tensor may take the shape: it has no value of its own, and its scales fit. */
static bool may_become(const settling *s, const rg_tensor *t, const rg_shape *shape,
                       size_t *ret_bytes) {
    const rg_quant *q = &t->quant;
    rg_err ignored = RG_ERR_INIT;
    if (t->data || t->variable || rg_tensor_bytes(shape, t->dtype, ret_bytes, &ignored) != RG_OK)
        return false;
    bool fits = q->n <= 1 || (q->axis < shape->rank && (uint32_t)shape->dim[q->axis] == q->n);
    return fits && *ret_bytes <= s->limit_bytes;
}

static bool is_input(const rg_graph *graph, const rg_tensor *t) {
    for (uint32_t i = 0; i < graph->n_in; i++) {
        if (&graph->tensors[graph->in[i]] == t)
            return true;
    }
    return false;
}

/* The node's outputs get the shapes that its operator arrives at; false when it refuses. */
static bool give_shapes(settling *s, const rg_op_call *call, rg_tensor *inferred) {
    rg_err ignored = RG_ERR_INIT;
    for (uint32_t i = 0; i < call->n_out; i++)
        inferred[i] = *call->out[i];
    if (call->op->infer(call, inferred, &ignored) != RG_OK)
        return false;
    for (uint32_t i = 0; i < call->n_out; i++) {
        rg_tensor *t = &s->graph->tensors[call->out[i] - s->graph->tensors];
        size_t bytes;
        if (rg_shape_equal(&t->shape, &inferred[i].shape))
            continue;
        if (is_input(s->graph, t) || !may_become(s, t, &inferred[i].shape, &bytes))
            return false;
        t->shape = inferred[i].shape;
        t->bytes = bytes;
    }
    return true;
}

static bool is_whole(rg_dtype dtype) {
    return dtype == RG_DTYPE_INT32 || dtype == RG_DTYPE_INT64 || dtype == RG_DTYPE_BOOL;
}

/* Shape arithmetic: few integers that follow from constants, or from a shape alone. */
static bool is_foldable(const rg_op_call *call) {
    bool shape_only = !strcmp(call->op->kind, "shape");
    if (call->n_out != 1 || call->n_in == 0 || !is_whole(call->out[0]->dtype) ||
        call->out[0]->bytes > MOST_FOLDED_BYTES || call->out[0]->variable)
        return false;
    for (uint32_t i = 0; !shape_only && i < call->n_in; i++) {
        if (call->in[i] && (!call->in[i]->data || call->in[i]->bytes > 16 * MOST_FOLDED_BYTES))
            return false;
    }
    return true;
}

static rg_status compute(settling *s, const rg_op_call *call, void *to, rg_err *err) {
    const void **in = rg_arena_array(s->scratch, call->n_in, sizeof *in);
    size_t bytes = call->op->state_bytes ? call->op->state_bytes(call) : 0;
    void *state = bytes ? rg_arena_alloc(s->scratch, bytes) : NULL;
    if (!in || (bytes && !state))
        return no_memory(err);
    for (uint32_t i = 0; i < call->n_in; i++)
        in[i] = call->in[i] ? call->in[i]->data : NULL;
    rg_status status = call->op->prepare ? call->op->prepare(call, state, err) : RG_OK;
    if (status == RG_OK)
        call->op->run(call, state, in, &to, 0, call->op->tiles ? call->op->tiles(call) : 1);
    return status;
}

/* Adds the constant that stands for the node's output where others read it. */
static rg_status fold(settling *s, const rg_op_call *call, rg_err *err) {
    rg_graph *graph = s->graph;
    rg_err ignored = RG_ERR_INIT;
    if (call->op->check && call->op->check(call, &ignored) != RG_OK)
        return RG_OK;
    void *data = rg_arena_alloc(graph->arena, call->out[0]->bytes + 1);
    if (!data)
        return no_memory(err);
    if (compute(s, call, data, &ignored) != RG_OK)
        return RG_OK;
    rg_tensor *made = &graph->tensors[graph->n_tensors];
    *made = *call->out[0];
    made->data = data;
    s->constant[call->out[0] - graph->tensors] = (int32_t)graph->n_tensors++;
    return RG_OK;
}

static rg_status settle_node(settling *s, rg_node *node, rg_err *err) {
    rg_op_call call;
    rg_status status = use_constants(s, node, err);
    if (status != RG_OK || !node->known)
        return status;
    rg_err ignored = RG_ERR_INIT;
    if (rg_call_begin(s->graph, node, s->scratch, &call, &ignored) != RG_OK)
        return ignored.status == RG_NO_MEMORY ? no_memory(err) : RG_OK;
    rg_tensor *inferred = rg_arena_array(s->scratch, call.n_out + 1, sizeof *inferred);
    if (!inferred)
        return no_memory(err);
    if (!give_shapes(s, &call, inferred) || !is_foldable(&call) ||
        inferred[0].dtype != call.out[0]->dtype)
        return RG_OK;
    return fold(s, &call, err);
}

/* Room for a constant a node. */
static rg_status grow(settling *s, rg_err *err) {
    rg_graph *graph = s->graph;
    size_t most = (size_t)graph->n_tensors + graph->n_nodes + 1;
    rg_tensor *tensors = rg_arena_array(graph->arena, most, sizeof *tensors);
    s->constant = rg_arena_array(graph->arena, most, sizeof *s->constant);
    if (!tensors || !s->constant)
        return no_memory(err);
    memcpy(tensors, graph->tensors, graph->n_tensors * sizeof *tensors);
    graph->tensors = tensors;
    return RG_OK;
}

rg_status rg_graph_settle(rg_graph *graph, size_t limit_bytes, rg_err *err) {
    settling s = {.graph = graph, .limit_bytes = limit_bytes};
    rg_err ignored = RG_ERR_INIT;
    if (rg_exec_admits(graph, &ignored) == RG_OK)
        return RG_OK;
    rg_status status = grow(&s, err);
    for (uint32_t n = 0; status == RG_OK && n < graph->n_nodes; n++) {
        s.scratch = rg_arena_new(limit_bytes);
        status = s.scratch ? settle_node(&s, &graph->nodes[n], err) : no_memory(err);
        rg_arena_free(s.scratch);
    }
    return status == RG_OK ? rg_graph_check(graph, err) : status;
}
