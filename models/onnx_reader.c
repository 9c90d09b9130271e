/* onnx_reader.c: .onnx files: decoded within bounds, names resolved, nodes turned into ours
 * (onnx_node.c), and what nobody uses left out. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/magic.h"
#include "bench/core/remark.h"
#include "models/onnx_names.h"
#include "models/onnx_wire.h"

/* What to try where the failure itself says nothing. */
static const char *advice_for(rg_status status) {
    if (status == RG_UNSUPPORTED)
        return "export it as one file of plain tensors; docs/onnx.md tells what is read";
    return status == RG_NO_MEMORY ? "give a smaller model" : rg_onnx_damaged;
}

/* --- the graph --- */

/* What a file says of a dimension; -1 where it leaves it open, also by a number of its own. */
static int64_t told_dim(const Rg__Onnx__Dim *dim) {
    return dim->has_value ? dim->value : -1;
}

/* The declared type and shape; sizes that are not told count as one. */
static void declare(rg_onnx_reading *d, const Rg__Onnx__Value *proto) {
    int32_t number = rg_onnx_value_named(d, proto->name);
    const Rg__Onnx__TensorType *type = proto->type ? proto->type->tensor_type : NULL;
    bool known;
    if (number < 0 || !type)
        return;
    rg_onnx_value *v = &d->r.values[number];
    if (v->there) /* an initializer, which knows better */
        return;
    v->dtype = rg_onnx_dtype(type->elem_type, &known);
    if (!type->shape || type->shape->n_dim > RG_MAX_RANK) {
        v->dtype = RG_DTYPE_VARIANT;
        return;
    }
    v->shape.rank = (uint32_t)type->shape->n_dim;
    for (uint32_t i = 0; i < v->shape.rank; i++) {
        int64_t dim = told_dim(type->shape->dim[i]);
        if (dim < -1 || dim > INT32_MAX)
            rg_onnx_fail(&d->r, RG_BAD_DATA, "%s is declared with the dimension %lld", v->name,
                         (long long)dim);
        v->shape.dim[i] = dim < 0 ? 1 : (int32_t)dim;
    }
}

/* Notes which dimensions of input i of the graph were left open. */
static void note_open_dims(rg_onnx *r, const Rg__Onnx__Value *proto, uint32_t i) {
    const Rg__Onnx__Shape *shape = proto->type->tensor_type->shape;
    rg_remark remark = {.index = i};
    for (uint32_t k = 0; k < shape->n_dim; k++)
        remark.open_dims |= told_dim(shape->dim[k]) < 0 ? 1u << k : 0;
    if (remark.open_dims && !rg_remark_add(r->graph, remark))
        rg_onnx_no_memory(r);
}

static rg_status read_initializers(rg_onnx_reading *d) {
    rg_onnx *r = &d->r;
    for (size_t i = 0; i < d->graph->n_initializer && r->status == RG_OK; i++) {
        const Rg__Onnx__Tensor *proto = d->graph->initializer[i];
        int32_t number = rg_onnx_value_named(d, proto->name);
        if (number < 0)
            return rg_onnx_fail(r, RG_BAD_DATA, "initializer %zu has no name", i);
        rg_onnx_value *v = &r->values[number];
        if (v->there)
            return rg_onnx_fail(r, RG_BAD_DATA, "two initializers are called %s", v->name);
        char what[300];
        snprintf(what, sizeof what, "initializer %s", v->name);
        r->naming = v->name;
        int32_t tensor = rg_onnx_load(r, proto, what);
        if (tensor < 0 || r->status != RG_OK)
            return r->status;
        const rg_tensor *t = rg_onnx_at(r, tensor);
        rg_onnx_order order = rg_onnx_plain(t->shape.rank);
        rg_onnx_define(r, v, t->dtype, tensor, &order);
    }
    return r->status;
}

/* Inputs that have an initializer are constants; the others are the graph's. */
static rg_status read_inputs(rg_onnx_reading *d, int32_t *list) {
    rg_onnx *r = &d->r;
    for (size_t i = 0; i < d->graph->n_input && r->status == RG_OK; i++) {
        declare(d, d->graph->input[i]);
        int32_t number = rg_onnx_value_named(d, d->graph->input[i]->name);
        if (number < 0)
            return rg_onnx_fail(r, RG_BAD_DATA, "input %zu has no name", i);
        rg_onnx_value *v = &r->values[number];
        if (v->there && rg_onnx_constant(r, v))
            continue;
        if (v->there)
            return rg_onnx_fail(r, RG_BAD_DATA, "two inputs are called %s", v->name);
        if (v->dtype == RG_DTYPE_VARIANT)
            return rg_onnx_fail(r, RG_UNSUPPORTED, "input %s is no tensor of a known type and rank",
                                v->name);
        rg_onnx_order order = rg_onnx_plain(v->shape.rank);
        r->naming = v->name;
        int32_t tensor = rg_onnx_tensor(r, v->dtype, &v->shape, NULL, NULL);
        rg_onnx_define(r, v, v->dtype, tensor, &order);
        note_open_dims(r, d->graph->input[i], r->graph->n_in);
        list[r->graph->n_in++] = tensor;
    }
    return r->status;
}

static int32_t *value_list(rg_onnx_reading *d, char **list, size_t n) {
    int32_t *numbers = rg_arena_array(d->r.graph->arena, n + 1, sizeof *numbers);
    for (size_t i = 0; numbers && i < n; i++)
        numbers[i] = rg_onnx_value_named(d, list[i]);
    if (!numbers)
        rg_onnx_no_memory(&d->r);
    return numbers;
}

static rg_status read_node(rg_onnx_reading *d, uint32_t index) {
    const Rg__Onnx__Node *proto = d->graph->node[index];
    rg_onnx *r = &d->r;
    rg_onnx_node *node = &r->nodes[index];
    const char *domain = proto->domain ? proto->domain : "";
    node->proto = proto;
    node->type = rg_onnx_printable(r, proto->op_type ? proto->op_type : "");
    node->microsoft = !strcmp(domain, "com.microsoft");
    if (domain[0] && !node->microsoft && strcmp(domain, "ai.onnx"))
        node->type =
            rg_arena_printf(r->graph->arena, "%s::%s", rg_onnx_printable(r, domain), node->type);
    node->n_in = (uint32_t)proto->n_input;
    node->n_out = (uint32_t)proto->n_output;
    node->in = value_list(d, proto->input, proto->n_input);
    node->out = value_list(d, proto->output, proto->n_output);
    if (!node->type || r->status != RG_OK)
        return rg_onnx_no_memory(r);
    if (!node->type[0])
        return rg_onnx_fail(r, RG_BAD_DATA, "node %u has no type", index);
    for (uint32_t i = 0; i < node->n_in; i++) {
        if (node->in[i] >= 0) {
            r->values[node->in[i]].uses++;
            r->values[node->in[i]].user = (int32_t)index;
        }
    }
    return RG_OK;
}

/* Every value has one maker: an input, an initializer or a node. */
static rg_status check_makers(rg_onnx_reading *d) {
    rg_onnx *r = &d->r;
    bool *made = rg_arena_alloc(r->graph->arena, r->n_values + 1);
    if (!made)
        return rg_onnx_no_memory(r);
    for (uint32_t i = 0; i < r->n_values; i++)
        made[i] = r->values[i].there;
    for (uint32_t i = 0; i < r->n_nodes; i++) {
        for (uint32_t k = 0; k < r->nodes[i].n_out; k++) {
            int32_t out = r->nodes[i].out[k];
            if (out < 0)
                continue;
            if (made[out])
                return rg_onnx_fail(r, RG_BAD_DATA, "node %u (%s) makes %s, which is there already",
                                    i, r->nodes[i].type, r->values[out].name);
            made[out] = true;
        }
    }
    return RG_OK;
}

static rg_status read_outputs(rg_onnx_reading *d, int32_t *numbers) {
    rg_onnx *r = &d->r;
    for (size_t i = 0; i < d->graph->n_output; i++) {
        declare(d, d->graph->output[i]);
        numbers[i] = rg_onnx_value_named(d, d->graph->output[i]->name);
        if (numbers[i] < 0)
            return rg_onnx_fail(r, RG_BAD_DATA, "output %zu has no name", i);
        r->values[numbers[i]].is_output = true;
    }
    return r->status;
}

/* Notes a declared shape of output i that the graph contradicts. */
static void note_declared(rg_onnx *r, const Rg__Onnx__Value *proto, const rg_shape *is,
                          uint32_t i) {
    const Rg__Onnx__TensorType *type = proto->type ? proto->type->tensor_type : NULL;
    const Rg__Onnx__Shape *says = type ? type->shape : NULL;
    rg_remark remark = {.is_output = true, .index = i};
    if (!says || says->n_dim > RG_MAX_RANK)
        return;
    remark.declared.rank = (uint32_t)says->n_dim;
    bool differs = remark.declared.rank != is->rank;
    for (uint32_t k = 0; k < remark.declared.rank; k++) {
        int64_t dim = told_dim(says->dim[k]);
        remark.declared.dim[k] = dim < 0 ? 1 : (int32_t)dim;
        differs |= dim >= 0 && k < is->rank && dim != is->dim[k];
    }
    if (differs && !rg_remark_add(r->graph, remark))
        rg_onnx_no_memory(r);
}

/* Outputs as the file has them: their own type, dimensions in order 0 1 2 ... */
static rg_status finish_outputs(rg_onnx_reading *d, const int32_t *numbers, int32_t *list) {
    rg_onnx *r = &d->r;
    for (size_t i = 0; i < d->graph->n_output && r->status == RG_OK; i++) {
        rg_onnx_value *v = &r->values[numbers[i]];
        if (!v->there)
            return rg_onnx_fail(r, RG_BAD_DATA, "output %s is never computed", v->name);
        r->naming = v->name;
        list[i] = rg_onnx_get(r, v, NULL, v->unknown ? RG_DTYPE_ANY : v->dtype);
        if (r->status != RG_OK)
            return r->status;
        rg_onnx_at(r, list[i])->name = v->name;
        if (!v->unknown)
            note_declared(r, d->graph->output[i], &v->shape, (uint32_t)i);
    }
    r->graph->n_out = (uint32_t)d->graph->n_output;
    return r->status;
}

/* --- the file --- */

/* The version of the default operator set. */
static rg_status read_opset(rg_onnx_reading *d, const Rg__Onnx__Model *model) {
    for (size_t i = 0; i < model->n_opset_import; i++) {
        const char *domain = model->opset_import[i]->domain;
        if (!domain || !domain[0] || !strcmp(domain, "ai.onnx"))
            d->r.opset = model->opset_import[i]->version;
    }
    if (d->r.opset < 1)
        return rg_onnx_fail(&d->r, RG_BAD_DATA, "it imports no version of the ONNX operators");
    return RG_OK;
}

static rg_status build(rg_onnx_reading *d, const Rg__Onnx__Model *model) {
    rg_onnx *r = &d->r;
    const rg_shape scalar = {0};
    rg_arena *arena = r->graph->arena;
    d->graph = model->graph;
    if (!d->graph)
        return rg_onnx_fail(r, RG_BAD_DATA, "it holds no graph");
    if (d->graph->n_node == 0)
        return rg_onnx_fail(r, RG_BAD_DATA, "its graph has no nodes");
    int32_t *in = rg_arena_array(arena, d->graph->n_input + 1, sizeof *in);
    int32_t *out = rg_arena_array(arena, d->graph->n_output + 1, sizeof *out);
    int32_t *results = rg_arena_array(arena, d->graph->n_output + 1, sizeof *results);
    if (!in || !out || !results)
        return rg_onnx_no_memory(r);
    if (read_opset(d, model) != RG_OK || rg_onnx_make_room(d) != RG_OK)
        return r->status;
    rg_onnx_tensor(r, RG_DTYPE_FLOAT32, &scalar, NULL, NULL); /* stands in after a failure */
    r->n_nodes = (uint32_t)d->graph->n_node;
    for (size_t i = 0; i < d->graph->n_value_info; i++)
        declare(d, d->graph->value_info[i]);
    read_initializers(d);
    if (r->status == RG_OK)
        read_inputs(d, in);
    for (uint32_t i = 0; r->status == RG_OK && i < r->n_nodes; i++)
        read_node(d, i);
    if (r->status != RG_OK || check_makers(d) != RG_OK || read_outputs(d, results) != RG_OK)
        return r->status;
    if (rg_onnx_lower_all(r) != RG_OK || finish_outputs(d, results, out) != RG_OK)
        return r->status;
    r->graph->in = in;
    r->graph->out = out;
    return rg_onnx_leave_out_unused(r, in, out);
}

static rg_status read_model(rg_onnx_reading *d, const Rg__Onnx__Model *model, const char *name,
                            size_t bytes) {
    rg_graph *g = d->r.graph;
    g->format = "onnx";
    g->file_bytes = bytes;
    g->name = rg_arena_strdup(g->arena, name ? name : "");
    g->description = model->producer_name ? rg_onnx_printable(&d->r, model->producer_name) : "";
    if (!g->name)
        return rg_onnx_no_memory(&d->r);
    rg_status status = build(d, model);
    return status == RG_OK ? rg_graph_check(g, d->r.err) : status;
}

static rg_status check_head(const void *data, size_t bytes, const rg_model_limits *limits,
                            rg_err *err) {
    const rg_magic *magic = rg_magic_of(data, bytes);
    if (bytes > limits->file_bytes)
        return rg_fail(err, RG_NO_MEMORY, "give a smaller model",
                       "it has %zu bytes, more than the limit of %zu", bytes, limits->file_bytes);
    if (!rg_onnx_sniff(data, bytes))
        return rg_fail(err, RG_BAD_DATA, magic ? magic->advice : "give an .onnx model",
                       "this is %s", magic ? magic->what : "no ONNX model");
    return RG_OK;
}

static rg_status read_onnx(const void *data, size_t bytes, const char *name,
                           const rg_model_limits *limits, rg_graph **ret_graph, rg_err *err) {
    rg_err own = RG_ERR_INIT;
    if (!err)
        err = &own;
    if (!limits)
        limits = &rg_model_limits_default;
    rg_onnx_decoded file = {0};
    rg_onnx_reading d = {.r = {.limits = limits, .err = err, .naming = ""}};
    rg_status status = check_head(data, bytes, limits, err);
    if (status == RG_OK && !(d.r.graph = rg_graph_new(limits->graph_bytes)))
        status = rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    if (status == RG_OK)
        status = rg_onnx_decode(data, bytes, limits, &file, err);
    if (status == RG_OK)
        status = read_model(&d, file.model, name, bytes);
    rg_onnx_decoded_free(&file);
    if (status == RG_OK) {
        *ret_graph = d.r.graph;
        return RG_OK;
    }
    rg_graph_free(d.r.graph);
    if (!err->advice[0])
        snprintf(err->advice, sizeof err->advice, "%s", advice_for(status));
    if (name && name[0])
        rg_err_prefix(err, "%s", name);
    return status;
}

const rg_reader rg_reader_onnx = {
    .name = "onnx",
    .summary = "ONNX models: float, QDQ and QOperator",
    .extension = ".onnx",
    .sniff = rg_onnx_sniff,
    .read = read_onnx,
};
