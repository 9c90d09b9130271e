/* suite.c: sets of the suite, and counting of described models. */
#include "bench/run/suite.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/json.h"
#include "bench/core/text.h"
#include "bench/iface/exec.h"
#include "bench/iface/registry.h"
#include "bench/run/network.h"

const rg_suite_set rg_suite_sets[] = {
    {"tiny",
     "MLPerf Tiny's four and its wake word",
     {"autoencoder", "ds-cnn", "mobilenet-v1-0.25-vww", "resnet-8", "wake-word"}},
    {"mobile",
     "classifiers for phones",
     {"mobilenet-v1", "mobilenet-v2", "mobilenet-v3-small", "efficientnet-lite0"}},
    {"vision",
     "classifiers, detectors, a segmenter, a vision transformer",
     {"mobilenet-v1", "mobilenet-v2", "mobilenet-v3-small", "efficientnet-lite0", "resnet-18",
      "resnet-50", "ssdlite-mobilenet-v2", "yolov5n", "unet", "vit-tiny"}},
    {"language",
     "an encoder and a decoder, int8 and int4",
     {"bert-tiny", "stories15m-prefill", "stories15m-decode"}},
    {"ci",
     "one small model of each kind",
     {"ds-cnn", "wake-word", "mobilenet-v1-0.25-vww", "mobilenet-v3-small", "bert-tiny"}},
    {"all", "every model", {NULL}},
    {0},
};

static const char *word_at(size_t i, void *user) {
    (void)user;
    size_t sets = sizeof rg_suite_sets / sizeof rg_suite_sets[0] - 1;
    return i < sets ? rg_suite_sets[i].name : rg_suite_models[i - sets].name;
}

static rg_status add_name(const char *name, const char **names, size_t *n, rg_err *err) {
    for (size_t i = 0; i < *n; i++) {
        if (!strcmp(names[i], name))
            return RG_OK;
    }
    if (*n == RG_SUITE_MOST_NAMES)
        return rg_fail(err, RG_USAGE, "name fewer", "more than %d models", RG_SUITE_MOST_NAMES);
    names[(*n)++] = name;
    return RG_OK;
}

rg_status rg_suite_names(const char *word, const char **ret, size_t *ret_n, rg_err *err) {
    const rg_script_row *model = rg_script_row_find(rg_suite_models, word);
    rg_status status = RG_OK;
    if (model)
        return add_name(model->name, ret, ret_n, err);
    for (const rg_suite_set *set = rg_suite_sets; set->name; set++) {
        if (strcmp(set->name, word))
            continue;
        for (size_t i = 0; status == RG_OK && !set->models[0] && rg_suite_models[i].name; i++)
            status = add_name(rg_suite_models[i].name, ret, ret_n, err);
        for (size_t i = 0; status == RG_OK && set->models[i]; i++)
            status = add_name(set->models[i], ret, ret_n, err);
        return status;
    }
    const char *near = rg_text_nearest(word, word_at, NULL);
    char advice[160] = "see `railgauge list models`; sets: tiny mobile vision language ci all";
    if (near)
        snprintf(advice, sizeof advice, "did you mean '%s'?", near);
    return rg_fail(err, RG_USAGE, advice, "the suite has no model and no set '%s'", word);
}

/* --- counts ----------------------------------------------------------------------------------- */

static uint64_t elements_of(const rg_tensor *t) {
    int64_t n = 0;
    rg_shape_elements(&t->shape, &n);
    return (uint64_t)n;
}

/* Bytes of a tensor that is no constant, in the int8 form. */
static uint64_t live_bytes(const rg_tensor *t) {
    return t->data ? 0 : elements_of(t) * (t->dtype == RG_DTYPE_INT32 ? 4 : 1);
}

/* Of every tensor; biases have four bytes. */
static uint64_t count_bytes(const rg_network *net) {
    uint64_t sum = 0;
    for (uint32_t t = 0; t < net->graph->n_tensors; t++) {
        const rg_tensor *tensor = &net->graph->tensors[t];
        bool wide = tensor->dtype == RG_DTYPE_INT32 || net->roles[t].part == RG_PART_BIAS;
        sum += elements_of(tensor) * (wide ? 4 : 1);
    }
    return sum;
}

/* The node up to which each tensor is alive: its last reader, or its writer when nobody reads it;
 * inputs and outputs of the graph are there all the time, as callers expect. */
static void find_ends(const rg_graph *graph, uint32_t *ends) {
    for (uint32_t n = 0; n < graph->n_nodes; n++) {
        const rg_node *node = &graph->nodes[n];
        for (uint32_t i = 0; i < node->n_in; i++)
            ends[node->in[i]] = n;
        for (uint32_t i = 0; i < node->n_out; i++)
            ends[node->out[i]] = n;
    }
    for (uint32_t i = 0; i < graph->n_in; i++)
        ends[graph->in[i]] = graph->n_nodes;
    for (uint32_t i = 0; i < graph->n_out; i++)
        ends[graph->out[i]] = graph->n_nodes;
}

/* Largest sum of tensors alive at one node. */
static rg_status count_activations(const rg_graph *graph, uint64_t *ret, rg_err *err) {
    uint32_t *ends = calloc(graph->n_tensors + 1, sizeof *ends);
    uint64_t alive = 0, most = 0, *ending = calloc(graph->n_nodes + 1, sizeof *ending);
    if (ends && ending) {
        find_ends(graph, ends);
        for (uint32_t t = 0; t < graph->n_tensors; t++)
            ending[ends[t]] += live_bytes(&graph->tensors[t]);
        for (uint32_t i = 0; i < graph->n_in; i++)
            alive += live_bytes(&graph->tensors[graph->in[i]]);
        for (uint32_t n = 0; n < graph->n_nodes; n++) {
            for (uint32_t i = 0; i < graph->nodes[n].n_out; i++)
                alive += live_bytes(&graph->tensors[graph->nodes[n].out[i]]);
            most = alive > most ? alive : most;
            alive -= ending[n];
        }
        *ret = most;
    }
    rg_status status =
        ends && ending ? RG_OK : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory counting");
    free(ends);
    free(ending);
    return status;
}

static uint64_t count_parameters(const rg_network *net, const json_t *description) {
    const json_t *tensors = json_object_get(description, "tensors");
    uint64_t sum = 0;
    for (uint32_t t = 0; t < net->graph->n_tensors; t++) {
        rg_part part = net->roles[t].part;
        bool given = json_object_get(json_array_get(tensors, t), "values") != NULL;
        if (part == RG_PART_WEIGHTS || part == RG_PART_BIAS || (part == RG_PART_TABLE && !given))
            sum += elements_of(&net->graph->tensors[t]);
    }
    return sum;
}

rg_status rg_suite_count(const json_t *description, rg_suite_facts *ret_facts, rg_err *err) {
    rg_network *net;
    rg_suite_facts facts = {0};
    rg_status status = rg_network_sketch(description, &net, err);
    if (status != RG_OK)
        return status;
    facts.parameters = count_parameters(net, description);
    facts.int8_bytes = count_bytes(net);
    facts.nodes = net->graph->n_nodes;
    facts.inputs = net->graph->n_in;
    facts.outputs = net->graph->n_out;
    status = rg_graph_work(net->graph, &facts.work, err);
    if (status == RG_OK)
        status = count_activations(net->graph, &facts.activation_bytes, err);
    rg_network_free(net);
    if (status == RG_OK)
        *ret_facts = facts;
    return status;
}

static rg_status check_one(const json_t *description, const char *key, const char *within,
                           uint64_t count, rg_err *err) {
    const json_t *published = json_object_get(description, "published");
    double want = rg_json_get_real(published, key, 0);
    if (want > 0 && !strcmp(key, "parameters"))
        want += rg_json_get_real(published, "parameters_correction", 0);
    if (want == 0 || fabs((double)count - want) <= want * rg_json_get_real(published, within, 0))
        return RG_OK;
    return rg_fail(err, RG_WRONG, NULL, "%s: %llu %s, published %.0f (%s)",
                   rg_json_get_text(description, "name", "?"), (unsigned long long)count, key, want,
                   rg_json_get_text(published, "source", ""));
}

rg_status rg_suite_check_published(const json_t *description, const rg_suite_facts *facts,
                                   rg_err *err) {
    rg_status status = check_one(description, "macs", "within", facts->work.macs, err);
    if (status == RG_OK)
        status = check_one(description, "parameters", "parameters_within", facts->parameters, err);
    return status;
}

const json_t *rg_suite_forms(const json_t *description) {
    return json_object_get(description, "forms");
}
