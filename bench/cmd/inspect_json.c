/* inspect_json.c: what `railgauge inspect --json` prints. What does not exist is null. */
#include "bench/cmd/inspect.h"
#include "bench/core/json.h"
#include "bench/core/remark.h"

static json_t *text(const char *words) {
    char clean[1024];
    rg_inspect_clean(words ? words : "", clean, sizeof clean);
    json_t *value = json_string(clean);
    return value ? value : json_string("");
}

static json_t *whole(uint64_t n) {
    return json_integer((json_int_t)n);
}

static void set_reason(json_t *one, rg_status status, const char *what, const char *advice) {
    json_object_set_new(one, "status", json_string(rg_status_word(status)));
    json_object_set_new(one, "what", status == RG_OK ? json_null() : text(what));
    json_object_set_new(one, "advice", status == RG_OK ? json_null() : text(advice));
}

/* Scales of channels, and the dimension that they lie along. */
static void set_channels(json_t *one, const rg_quant *quant) {
    json_t *scales = json_array(), *zeros = json_array();
    for (uint32_t i = 0; i < quant->n; i++) {
        json_array_append_new(scales, json_real((double)quant->scale[i]));
        json_array_append_new(zeros, json_integer(quant->zero_point[i]));
    }
    json_object_set_new(one, "channel_scales", scales);
    json_object_set_new(one, "channel_zero_points", zeros);
    json_object_set_new(one, "axis", whole(quant->axis));
}

static void set_quant(json_t *one, const rg_quant *quant) {
    json_object_set_new(one, "scales", whole(quant->n));
    if (quant->n > 1)
        set_channels(one, quant);
    if (quant->n != 1)
        return;
    rg_json_set_real(one, "scale", (double)quant->scale[0]);
    json_object_set_new(one, "zero_point", json_integer(quant->zero_point[0]));
}

/* Nothing was counted where the nodes that would count are refused. */
static json_t *macs_json(uint64_t macs, uint32_t refused) {
    return macs || !refused ? whole(macs) : json_null();
}

static json_t *tensor_json(const rg_graph *graph, int32_t index) {
    const rg_tensor *t = index >= 0 ? &graph->tensors[index] : NULL;
    json_t *one = json_object(), *shape = json_array();
    if (!t) {
        json_decref(shape);
        json_decref(one);
        return json_null();
    }
    for (uint32_t i = 0; i < t->shape.rank; i++)
        json_array_append_new(shape, json_integer(t->shape.dim[i]));
    json_object_set_new(one, "name", text(t->name));
    json_object_set_new(one, "type", json_string(rg_dtype_word(t->dtype)));
    json_object_set_new(one, "shape", shape);
    json_object_set_new(one, "bytes", whole(t->bytes));
    json_object_set_new(one, "constant", json_boolean(t->data != NULL));
    set_quant(one, &t->quant);
    return one;
}

static json_t *tensors_json(const rg_graph *graph, const int32_t *list, uint32_t n) {
    json_t *all = json_array();
    for (uint32_t i = 0; i < n; i++)
        json_array_append_new(all, tensor_json(graph, list[i]));
    return all;
}

/* An end of the graph, with what the reader assumed about it. */
static json_t *end_json(const rg_graph *graph, bool is_output, uint32_t i) {
    json_t *one = tensor_json(graph, is_output ? graph->out[i] : graph->in[i]);
    const rg_remark *remark = rg_remark_of(graph, is_output, i);
    json_t *list = remark ? json_array() : NULL;
    for (uint32_t k = 0; remark && k < (is_output ? remark->declared.rank : RG_MAX_RANK); k++) {
        if (is_output)
            json_array_append_new(list, json_integer(remark->declared.dim[k]));
        else if (remark->open_dims >> k & 1)
            json_array_append_new(list, whole(k));
    }
    if (list)
        json_object_set_new(one, is_output ? "declared_shape" : "assumed_dimensions", list);
    return one;
}

static json_t *ends_json(const rg_graph *graph, bool is_output) {
    json_t *all = json_array();
    for (uint32_t i = 0; i < (is_output ? graph->n_out : graph->n_in); i++)
        json_array_append_new(all, end_json(graph, is_output, i));
    return all;
}

static json_t *kinds_json(const rg_inspection *look) {
    json_t *all = json_array();
    for (uint32_t i = 0; i < look->n_kinds; i++) {
        const rg_inspect_kind *kind = &look->kinds[i];
        json_t *one = json_object();
        json_object_set_new(one, "operator", text(kind->kind));
        json_object_set_new(one, "nodes", whole(kind->nodes));
        json_object_set_new(one, "refused", whole(kind->refused));
        json_object_set_new(one, "macs", macs_json(kind->macs, kind->refused));
        json_object_set_new(one, "parameters", whole(kind->parameters));
        json_object_set_new(one, "constant_bytes", whole(kind->weights_bytes));
        json_array_append_new(all, one);
    }
    return all;
}

static json_t *attrs_json(const rg_node *node) {
    json_t *all = json_object();
    for (uint32_t i = 0; i < node->n_attrs; i++) {
        const rg_attr *attr = &node->attrs[i];
        if (attr->type == RG_ATTR_INT)
            json_object_set_new(all, attr->key, json_integer(attr->i));
        else if (attr->type == RG_ATTR_REAL)
            rg_json_set_real(all, attr->key, attr->r);
        else
            json_object_set_new(all, attr->key, text(attr->word));
    }
    return all;
}

static json_t *nodes_json(const rg_inspection *look) {
    json_t *all = json_array();
    for (uint32_t i = 0; i < look->graph->n_nodes; i++) {
        const rg_node *node = &look->graph->nodes[i];
        const rg_inspect_node *row = &look->nodes[i];
        json_t *one = json_object();
        json_object_set_new(one, "index", whole(i));
        json_object_set_new(one, "operator", text(node->kind));
        json_object_set_new(one, "name", text(node->name));
        json_object_set_new(one, "inputs", tensors_json(look->graph, node->in, node->n_in));
        json_object_set_new(one, "outputs", tensors_json(look->graph, node->out, node->n_out));
        json_object_set_new(one, "attributes", attrs_json(node));
        json_object_set_new(one, "macs",
                            row->status == RG_OK ? whole(row->work.macs) : json_null());
        json_object_set_new(one, "parameters", whole(row->parameters));
        json_object_set_new(one, "constant_bytes", whole(row->weights_bytes));
        json_object_set_new(one, "quantization", text(row->quantization));
        set_reason(one, row->status, row->what, row->advice);
        json_array_append_new(all, one);
    }
    return all;
}

static void set_share(json_t *one, const char *key, uint64_t part, uint64_t of) {
    if (of)
        rg_json_set_real(one, key, (double)part / (double)of);
    else
        json_object_set_new(one, key, json_null());
}

static json_t *targets_json(const rg_inspection *look) {
    json_t *all = json_array();
    for (uint32_t i = 0; i < look->n_targets; i++) {
        const rg_inspect_target *t = &look->targets[i];
        json_t *one = json_object();
        bool asked = t->device[0] != '\0';
        json_object_set_new(one, "target", json_string(t->name));
        json_object_set_new(one, "simulated", json_boolean(t->simulated));
        json_object_set_new(one, "device", asked ? text(t->device) : json_null());
        json_object_set_new(one, "nodes", asked ? whole(t->nodes) : json_null());
        json_object_set_new(one, "macs", asked ? whole(t->macs) : json_null());
        set_share(one, "nodes_share", t->nodes, asked ? look->graph->n_nodes : 0);
        set_share(one, "macs_share", t->macs, asked ? look->work.macs : 0);
        set_reason(one, t->status, t->why.what, t->why.advice);
        json_array_append_new(all, one);
    }
    return all;
}

static json_t *tail_json(const rg_ziptail *tail) {
    json_t *all = json_array();
    for (uint32_t i = 0; i < tail->n; i++) {
        json_t *one = json_object();
        json_object_set_new(one, "name", text(tail->names[i]));
        json_object_set_new(one, "bytes", whole(tail->bytes[i]));
        json_array_append_new(all, one);
    }
    return all;
}

static json_t *sums_json(const rg_inspection *look) {
    json_t *one = json_object();
    json_object_set_new(one, "nodes", whole(look->graph->n_nodes));
    json_object_set_new(one, "refused", whole(look->refused));
    json_object_set_new(one, "macs", macs_json(look->work.macs, look->refused));
    json_object_set_new(one, "other_ops", whole(look->work.other_ops));
    json_object_set_new(one, "parameters", whole(look->parameters));
    json_object_set_new(one, "constant_bytes", whole(look->weights_bytes));
    json_object_set_new(one, "activation_plan_bytes", whole(look->plan_bytes));
    json_object_set_new(one, "activation_bound_bytes", whole(look->bound_bytes));
    json_object_set_new(one, "state_bytes", whole(look->variables_bytes));
    return one;
}

json_t *rg_inspect_json(const rg_inspect_view *view) {
    const rg_graph *graph = view->model->graph;
    json_t *all = json_object();
    json_object_set_new(all, "file", text(view->model->path));
    json_object_set_new(all, "format", json_string(view->model->reader->name));
    json_object_set_new(all, "format_summary", json_string(view->model->reader->summary));
    json_object_set_new(all, "description", text(graph->description));
    json_object_set_new(all, "bytes", whole(view->model->bytes));
    json_object_set_new(all, "sha256", json_string(view->model->sha256));
    json_object_set_new(all, "inputs", ends_json(graph, false));
    json_object_set_new(all, "outputs", ends_json(graph, true));
    json_object_set_new(all, "sums", sums_json(view->look));
    json_object_set_new(all, "operators", kinds_json(view->look));
    if (view->nodes)
        json_object_set_new(all, "nodes", nodes_json(view->look));
    json_object_set_new(all, "targets", targets_json(view->look));
    json_object_set_new(all, "compiled", rg_inspect_compiled_json(view));
    json_object_set_new(all, "associated_files", tail_json(&view->tail));
    return all;
}

void rg_inspect_print_json(json_t *all) {
    char *text = rg_json_text(all, 2);
    puts(text ? text : "{}");
    free(text);
    json_decref(all);
}
