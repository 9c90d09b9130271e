/* bench_suite.c: layers of the suite as cases: types, shapes, quantization and attributes of the
 * calibrated layer; elements are the prover's, within the range of the layer's own. */
#include "bench/cmd/bench_suite.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "bench/core/arena.h"
#include "bench/core/json.h"
#include "bench/core/text.h"
#include "bench/iface/registry.h"
#include "bench/run/agree.h"
#include "bench/run/materialise.h"

enum { MOST_CASES = 512 };

/* One bench runs in a process, so its cases are the process's. */
static struct {
    rg_arena *arena; /* texts of attributes */
    size_t n;
    struct {
        const rg_op *op;
        rg_case made;
    } cases[MOST_CASES];
} suite;

/* --- from a layer to a case ------------------------------------------------------------------- */

static void put_range(const rg_tensor *t, rg_case_tensor *ret) {
    int64_t n = 0;
    rg_shape_elements(&t->shape, &n);
    ret->constant = true;
    for (int64_t i = 0; i < n; i++) {
        double v = rg_agree_element(t->data, t->dtype, (size_t)i);
        ret->low = i == 0 || v < ret->low ? v : ret->low;
        ret->high = i == 0 || v > ret->high ? v : ret->high;
    }
    if (t->dtype != RG_DTYPE_INT32 || t->quant.n || n > RG_CASE_VALUES)
        return;
    ret->n_values = (uint32_t)n;
    for (int64_t i = 0; i < n; i++)
        ret->value[i] = (int32_t)rg_agree_element(t->data, t->dtype, (size_t)i);
}

static rg_case_tensor tensor_of(const rg_tensor *t, bool output) {
    if (!t)
        return (rg_case_tensor){.absent = true};
    rg_case_tensor c = {.dtype = t->dtype};
    if (!output)
        c.shape = t->shape;
    if (t->quant.n && t->dtype != RG_DTYPE_INT32) { /* biases have the scale of the sums */
        c.scale = t->quant.scale[0];
        c.zero_point = t->quant.zero_point[0];
        c.per_channel = t->quant.n > 1;
        c.axis = t->quant.axis;
    }
    if (t->data)
        put_range(t, &c);
    return c;
}

static bool put_attrs(const rg_node *node, rg_case *c) {
    for (uint32_t i = 0; i < node->n_attrs; i++) {
        rg_attr attr = node->attrs[i];
        attr.key = rg_arena_strdup(suite.arena, attr.key);
        attr.word = rg_arena_strdup(suite.arena, attr.word);
        if (!attr.key || c->n_attrs == RG_CASE_ATTRS)
            return false;
        c->attrs[c->n_attrs++] = attr;
    }
    return true;
}

static rg_status add_layer(const char *name, const rg_graph *graph, rg_err *err) {
    const rg_node *node = &graph->nodes[0];
    const rg_tensor *in[RG_CASE_TENSORS], *out[RG_CASE_TENSORS];
    rg_case c = {.n_in = node->n_in, .n_out = node->n_out};
    if (suite.n == MOST_CASES || node->n_in > RG_CASE_TENSORS || node->n_out > RG_CASE_TENSORS)
        return rg_fail(err, RG_UNSUPPORTED, NULL, "%s does not fit a bench case", name);
    snprintf(c.name, sizeof c.name, "%s", name);
    for (uint32_t i = 0; i < node->n_in; i++) {
        in[i] = rg_node_in(graph, node, i);
        c.in[i] = tensor_of(in[i], false);
    }
    for (uint32_t i = 0; i < node->n_out; i++) {
        out[i] = rg_node_out(graph, node, i);
        c.out[i] = tensor_of(out[i], true);
    }
    const rg_op *op = rg_op_for(node->kind, in, node->n_in, out, node->n_out, err);
    if (!op)
        return err->status;
    if (!put_attrs(node, &c))
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory for %s", name);
    suite.cases[suite.n].op = op;
    suite.cases[suite.n++].made = c;
    return RG_OK;
}

/* --- what is asked for ------------------------------------------------------------------------ */

static const char *kind_of(const json_t *row) {
    return rg_json_get_text(json_object_get(row, "case"), "kind", "");
}

static bool names(const json_t *row, const char *word) {
    size_t kind = strlen(kind_of(row));
    return !strcmp(word, rg_json_get_text(row, "name", "")) ||
           !strcmp(word, rg_json_get_text(row, "network", "")) || !strcmp(word, kind_of(row)) ||
           (!strncmp(word, kind_of(row), kind) && word[kind] == '_' && rg_op_find(word));
}

static bool asked_for(const json_t *row, const rg_args *args) {
    for (size_t i = 0; i < args->n_words; i++) {
        if (names(row, args->words[i]))
            return true;
    }
    return args->n_words == 0;
}

static const char *name_at(size_t i, void *rows) {
    size_t n = json_array_size(rows);
    return i < n ? rg_json_get_text(json_array_get(rows, i), "name", "")
                 : rg_json_get_text(json_array_get(rows, i - n), "network", NULL);
}

static rg_status check_words(const rg_args *args, json_t *rows, rg_err *err) {
    for (size_t w = 0; w < args->n_words; w++) {
        bool known = false;
        for (size_t i = 0; !known && i < json_array_size(rows); i++)
            known = names(json_array_get(rows, i), args->words[w]);
        if (known)
            continue;
        const char *near = rg_text_nearest(args->words[w], name_at, rows);
        char advice[160] = "see `railgauge list ops --suite`";
        if (near)
            snprintf(advice, sizeof advice, "did you mean '%s'?", near);
        return rg_fail(err, RG_USAGE, advice, "the suite has no layer or network '%s'",
                       args->words[w]);
    }
    return RG_OK;
}

rg_status rg_bench_suite_load(const rg_args *args, const char *precision, rg_err *err) {
    json_t *rows = NULL;
    suite.arena = suite.arena ? suite.arena : rg_arena_new(0);
    rg_status status =
        suite.arena ? rg_suite_ops(&rows, err) : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    if (status == RG_OK)
        status = check_words(args, rows, err);
    for (size_t i = 0; status == RG_OK && i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        rg_graph *graph = NULL;
        if (!asked_for(row, args))
            continue;
        status = rg_suite_graph(json_object_get(row, "description"), precision, &graph, err);
        if (status == RG_OK)
            status = add_layer(rg_json_get_text(row, "name", ""), graph, err);
        rg_graph_free(graph);
    }
    json_decref(rows);
    return status;
}

/* --- as a set --------------------------------------------------------------------------------- */

static bool bench(const rg_op *op, size_t index, rg_case *ret_case) {
    for (size_t i = 0; i < suite.n; i++) {
        if (suite.cases[i].op == op && index-- == 0) {
            *ret_case = suite.cases[i].made;
            return true;
        }
    }
    return false;
}

const rg_case_set *rg_bench_suite_set(const rg_op *op) {
    static const rg_case_set set = {.kind = "suite", .bench = bench};
    (void)op;
    return &set;
}
