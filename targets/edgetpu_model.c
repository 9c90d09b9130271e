/* edgetpu_model.c: see edgetpu_model.h. */
#include "targets/edgetpu_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/text.h"
#include "bench/iface/exec.h"
#include "bench/iface/registry.h"

static const char custom[] = "edgetpu-custom-op";

/* --- reading ---------------------------------------------------------------------------------- */

static rg_status tell_uncompiled(const rg_workload *workload, rg_err *err) {
    char advice[512];
    const char *source = workload->source_path ? workload->source_path : workload->path;
    snprintf(advice, sizeof advice, "railgauge compile --for edgetpu %.300s -o DIR", source);
    return rg_fail(err, RG_UNSUPPORTED, advice,
                   "the Edge TPU takes compiled models only, and %s is none", workload->path);
}

static int64_t attr_of(const rg_node *node, const char *key) {
    const rg_attr *attr = rg_node_attr(node, key);
    return attr ? attr->i : 0;
}

static void add_facts(const rg_graph *graph, rg_edgetpu_model *model) {
    for (uint32_t i = 0; i < graph->n_nodes; i++) {
        const rg_node *node = &graph->nodes[i];
        int64_t runtime = attr_of(node, "min_runtime");
        if (strcmp(node->kind, custom))
            continue;
        model->min_runtime = runtime > model->min_runtime ? runtime : model->min_runtime;
        model->cached_bytes += attr_of(node, "cached_bytes");
        model->streamed_bytes += attr_of(node, "streamed_bytes");
        model->input_bytes += attr_of(node, "input_bytes");
        model->output_bytes += attr_of(node, "output_bytes");
    }
}

static bool is_compiled(const rg_graph *graph) {
    for (uint32_t i = 0; i < graph->n_nodes; i++) {
        if (!strcmp(graph->nodes[i].kind, custom))
            return true;
    }
    return false;
}

rg_status rg_edgetpu_model_read(const rg_workload *workload, rg_edgetpu_model *ret, rg_err *err) {
    rg_edgetpu_model model = {0};
    const rg_reader *reader = rg_reader_for(workload->data, workload->bytes);
    if (!reader || strcmp(reader->name, "tflite"))
        return tell_uncompiled(workload, err);
    rg_status status = reader->read(workload->data, workload->bytes, workload->name,
                                    &rg_model_limits_default, &model.graph, err);
    if (status == RG_OK && !is_compiled(model.graph))
        status = tell_uncompiled(workload, err);
    if (status == RG_OK)
        status = rg_offload_count(model.graph, &model.counts, err);
    if (status != RG_OK) {
        rg_edgetpu_model_free(&model);
        return status;
    }
    add_facts(model.graph, &model);
    *ret = model;
    return RG_OK;
}

void rg_edgetpu_model_free(rg_edgetpu_model *model) {
    rg_graph_free(model->graph);
    model->graph = NULL;
}

/* --- fitting ---------------------------------------------------------------------------------- */

/* "softmax, resize_bilinear x3": what stays on the host. */
static void name_rest(const rg_graph *graph, char *ret, size_t cap) {
    rg_placement all = {0};
    for (uint32_t i = 0; i < graph->n_nodes; i++) {
        if (strcmp(graph->nodes[i].kind, custom))
            rg_placement_stays(&all, graph->nodes[i].kind);
    }
    snprintf(ret, cap, "%s", all.stays);
}

rg_status rg_edgetpu_model_suits(const rg_edgetpu_model *model, const rg_workload *workload,
                                 const rg_settings *settings, int runtime, rg_err *err) {
    char rest[256], advice[512];
    if (settings->batch > 1)
        return rg_fail(err, RG_UNSUPPORTED,
                       "batch = 1; for throughput use in_flight or more devices",
                       "a model compiled for the Edge TPU has one batch size: the one it was "
                       "compiled with");
    if (runtime && model->min_runtime > runtime) {
        snprintf(advice, sizeof advice,
                 "a newer libedgetpu, or railgauge compile --for edgetpu %.200s -o DIR --option -m "
                 "--option %d",
                 workload->source_path ? workload->source_path : "MODEL", runtime);
        return rg_fail(err, RG_UNSUPPORTED, advice,
                       "%s was compiled for runtime version %lld, and this libedgetpu has %d",
                       workload->path, (long long)model->min_runtime, runtime);
    }
    if (settings->require_full_offload && model->counts.left) {
        name_rest(model->graph, rest, sizeof rest);
        return rg_fail(err, RG_UNSUPPORTED,
                       "leave require_full_offload out, or change the model: the compiler's log "
                       "has the reason of each operator",
                       "%u operators of %s stay on the host (%s)", model->counts.left,
                       workload->name, rest);
    }
    return RG_OK;
}

/* --- placement -------------------------------------------------------------------------------- */

static bool is_own_source(const rg_workload *w) {
    return !w->source_sha256 || !w->sha256 || !strcmp(w->source_sha256, w->sha256);
}

/* The compiled file's own nodes: MACs inside it are not known. */
static void place_compiled(const rg_graph *graph, rg_placement *all) {
    for (uint32_t i = 0; i < graph->n_nodes; i++) {
        bool host = strcmp(graph->nodes[i].kind, custom) != 0;
        rg_placement_add(all, host ? "host" : "edgetpu", host, 1, -1);
        if (host)
            rg_placement_stays(all, graph->nodes[i].kind);
    }
}

static rg_status place_source(const rg_edgetpu_model *model, const rg_graph *source,
                              rg_placement *all, rg_err *err) {
    bool *taken = calloc(source->n_nodes + 1, sizeof *taken);
    rg_work *works = calloc(source->n_nodes + 1, sizeof *works);
    rg_offload counts;
    rg_status status = taken && works ? rg_offload_match(source, model->graph, taken, &counts, err)
                                      : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    bool counted = works && rg_graph_node_works(source, works, NULL) == RG_OK;
    for (uint32_t i = 0; status == RG_OK && i < source->n_nodes; i++) {
        rg_placement_add(all, taken[i] ? "edgetpu" : "host", !taken[i], 1,
                         counted ? (int64_t)works[i].macs : -1);
        if (!taken[i])
            rg_placement_stays(all, source->nodes[i].kind);
    }
    free(taken);
    free(works);
    return status;
}

rg_status rg_edgetpu_model_place(const rg_edgetpu_model *model, const rg_workload *workload,
                                 rg_placement *ret, rg_err *err) {
    rg_placement all = {.crossings = (int32_t)model->counts.crossings};
    rg_status status = RG_OK;
    if (is_own_source(workload))
        place_compiled(model->graph, &all);
    else
        status = place_source(model, workload->graph, &all, err);
    if (status != RG_OK)
        return status;
    rg_placement_sum(&all, "compiled-file");
    *ret = all;
    return RG_OK;
}
