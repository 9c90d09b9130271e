/* calls.c: nodes into calls. */
#include "bench/run/calls.h"

#include <stdio.h>
#include <string.h>

/* The tensors of a node by pointer, NULL where one is left out. */
static const rg_tensor *const *tensors_of(const rg_graph *graph, const int32_t *list, uint32_t n,
                                          rg_arena *arena) {
    const rg_tensor **tensors = rg_arena_array(arena, n ? n : 1, sizeof *tensors);
    for (uint32_t i = 0; tensors && i < n; i++)
        tensors[i] = list[i] >= 0 ? &graph->tensors[list[i]] : NULL;
    return tensors;
}

static rg_status check_counts(const rg_op *op, const rg_op_call *call, rg_err *err) {
    if (call->n_in < op->min_in || call->n_in > op->max_in)
        return rg_fail(err, RG_UNSUPPORTED, NULL, "%u inputs where %s takes %u to %u", call->n_in,
                       op->name, op->min_in, op->max_in);
    if (op->n_out && call->n_out != op->n_out)
        return rg_fail(err, RG_UNSUPPORTED, NULL, "%u outputs where %s has %u", call->n_out,
                       op->name, op->n_out);
    for (uint32_t i = 0; i < op->min_in; i++) {
        if (!call->in[i])
            return rg_fail(err, RG_UNSUPPORTED, NULL, "input %u of %s is left out", i, op->name);
    }
    return RG_OK;
}

static rg_status parse_params(const rg_node *node, rg_arena *arena, rg_op_call *call, rg_err *err) {
    if (!call->op->params_size)
        return RG_OK;
    void *params = rg_arena_alloc(arena, call->op->params_size);
    if (!params)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory for parameters");
    call->params = params;
    return rg_field_from_node(call->op->params, node, params, err);
}

/* A declared shape counts only when the operator arrives at the same one. */
static rg_status compare_output(const rg_tensor *declared, const rg_tensor *inferred, uint32_t i,
                                rg_err *err) {
    char want[96], got[96];
    rg_shape_text(&declared->shape, want, sizeof want);
    rg_shape_text(&inferred->shape, got, sizeof got);
    if (!rg_shape_equal(&declared->shape, &inferred->shape))
        return rg_fail(err, RG_UNSUPPORTED, "convert the model again with fixed input shapes",
                       "output %u (%s) is declared %s, its inputs give %s", i, declared->name, want,
                       got);
    if (declared->dtype != inferred->dtype)
        return rg_fail(err, RG_UNSUPPORTED, NULL,
                       "output %u (%s) is declared %s, its inputs give %s", i, declared->name,
                       rg_dtype_word(declared->dtype), rg_dtype_word(inferred->dtype));
    return RG_OK;
}

static rg_status compare_outputs(const rg_op_call *call, rg_arena *arena, rg_err *err) {
    rg_tensor *inferred = rg_arena_array(arena, call->n_out ? call->n_out : 1, sizeof *inferred);
    if (!inferred)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory for shapes");
    for (uint32_t i = 0; i < call->n_out; i++)
        inferred[i] = *call->out[i];
    rg_status status = call->op->infer(call, inferred, err);
    for (uint32_t i = 0; status == RG_OK && i < call->n_out; i++)
        status = compare_output(call->out[i], &inferred[i], i, err);
    return status;
}

/* Of an operator that is known, but not for such tensors, the reader says so in `of`. */
static rg_status foreign(const rg_node *node, rg_err *err) {
    const rg_attr *of = rg_node_attr(node, "of");
    bool told = of && of->type == RG_ATTR_WORD;
    return rg_fail(err, RG_UNSUPPORTED, "see `railgauge list ops`", "operator %s%s%s is not known",
                   node->kind, told ? " of " : "", told ? of->word : "");
}

rg_status rg_call_begin(const rg_graph *graph, const rg_node *node, rg_arena *arena,
                        rg_op_call *call, rg_err *err) {
    *call = (rg_op_call){0};
    call->n_in = node->n_in;
    call->n_out = node->n_out;
    call->in = tensors_of(graph, node->in, node->n_in, arena);
    call->out = tensors_of(graph, node->out, node->n_out, arena);
    if (!call->in || !call->out)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory for nodes");
    if (!node->known)
        return foreign(node, err);
    call->op = rg_op_for(node->kind, call->in, call->n_in, call->out, call->n_out, err);
    if (!call->op)
        return RG_UNSUPPORTED;
    rg_status status = check_counts(call->op, call, err);
    return status == RG_OK ? parse_params(node, arena, call, err) : status;
}

rg_status rg_call_resolve(const rg_graph *graph, const rg_node *node, rg_arena *arena,
                          rg_op_call *call, rg_err *err) {
    rg_status status = rg_call_begin(graph, node, arena, call, err);
    if (status == RG_OK)
        status = compare_outputs(call, arena, err);
    if (status == RG_OK && call->op->check)
        status = call->op->check(call, err);
    return status;
}

/* Nodes that cannot be computed: how many, of which kinds, and why the first. */
typedef struct refusals {
    uint32_t n;
    char kinds[256];
    rg_err first;
} refusals;

static void add_kind(refusals *refused, const char *kind) {
    size_t used = strlen(refused->kinds), n = strlen(kind);
    for (const char *at = refused->kinds; (at = strstr(at, kind)); at += n) {
        bool starts = at == refused->kinds || at[-1] == ' ';
        if (starts && (at[n] == ',' || at[n] == '\0'))
            return;
    }
    if (used + n + 8 < sizeof refused->kinds)
        snprintf(refused->kinds + used, sizeof refused->kinds - used, "%s%s", used ? ", " : "",
                 kind);
    else if (used < 3 || strcmp(refused->kinds + used - 3, "..."))
        strcat(refused->kinds, ", ...");
}

static rg_status tell_refusals(const rg_graph *graph, const refusals *refused, rg_err *err) {
    return rg_fail(err, RG_UNSUPPORTED, refused->first.advice,
                   "%u of %u nodes cannot be computed here (%s); %s", refused->n, graph->n_nodes,
                   refused->kinds, refused->first.what);
}

rg_status rg_calls_resolve(const rg_graph *graph, rg_arena *arena, rg_op_call **ret_calls,
                           rg_err *err) {
    rg_op_call *calls = rg_arena_array(arena, graph->n_nodes ? graph->n_nodes : 1, sizeof *calls);
    if (!calls)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory for %u nodes", graph->n_nodes);
    refusals refused = {0};
    for (uint32_t i = 0; i < graph->n_nodes; i++) {
        const rg_node *node = &graph->nodes[i];
        rg_err why = RG_ERR_INIT;
        rg_status status = rg_call_resolve(graph, node, arena, &calls[i], &why);
        if (status == RG_OK)
            continue;
        rg_err_prefix(&why, "node %u (%s, %s)", i, node->kind, node->name);
        if (status == RG_NO_MEMORY) {
            if (err)
                *err = why;
            return status;
        }
        if (refused.n++ == 0)
            refused.first = why;
        add_kind(&refused, node->kind);
    }
    if (refused.n)
        return tell_refusals(graph, &refused, err);
    *ret_calls = calls;
    return RG_OK;
}
