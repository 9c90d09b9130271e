/* hef_reader.c: a Hailo executable as a graph of one foreign operator: what goes in and comes out
 * is known, what happens between is not. So it is listed, planned and run by the target `hailo`,
 * while its operations stay unknown and its outputs unproven unless a manifest names its source. */
#include <math.h>
#include <string.h>

#include "bench/core/hef.h"
#include "bench/iface/model.h"

static bool is_nms(const rg_hef_end *end) {
    return !strcmp(end->order, "NMS");
}

static rg_shape shape_of(const rg_hef_end *end) {
    int64_t n = (int64_t)rg_hef_end_elements(end);
    if (!strcmp(end->order, "NHWC"))
        return (rg_shape){4,
                          {1, (int32_t)end->height, (int32_t)end->width, (int32_t)end->features}};
    if (!strcmp(end->order, "NHW"))
        return (rg_shape){3, {1, (int32_t)end->height, (int32_t)end->width}};
    return (rg_shape){2, {1, (int32_t)n}};
}

/* Scales as a graph has them: whole zero points only; else the tensor is given without. */
static rg_status quant_of(const rg_hef_end *end, rg_graph *graph, rg_quant *ret, rg_err *err) {
    float *scales = rg_arena_array(graph->arena, end->n_quant, sizeof *scales);
    int32_t *zeros = rg_arena_array(graph->arena, end->n_quant, sizeof *zeros);
    int32_t most = end->element_bytes == 2 ? 65535 : 255;
    if (!scales || !zeros)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory for scales");
    for (uint32_t i = 0; i < end->n_quant; i++) {
        float zero = end->zero_points[i];
        if (zero != floorf(zero) || zero < 0 || zero > (float)most)
            return RG_OK;
        scales[i] = end->scales[i];
        zeros[i] = (int32_t)zero;
    }
    uint32_t axis = end->n_quant > 1 ? shape_of(end).rank - 1 : 0;
    *ret = (rg_quant){end->n_quant, scales, zeros, axis};
    return RG_OK;
}

static rg_status tensor_of(const rg_hef_end *end, rg_graph *graph, rg_tensor *ret, rg_err *err) {
    *ret = (rg_tensor){.name = rg_arena_strdup(graph->arena, end->name),
                       .dtype = is_nms(end)               ? RG_DTYPE_FLOAT32
                                : end->element_bytes == 2 ? RG_DTYPE_UINT16
                                                          : RG_DTYPE_UINT8,
                       .shape = shape_of(end)};
    if (!ret->name)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    rg_status status =
        rg_hef_end_elements(end) > INT32_MAX
            ? rg_fail(err, RG_NO_MEMORY, NULL, "%s has more than 2^31 elements", end->name)
            : rg_tensor_bytes(&ret->shape, ret->dtype, &ret->bytes, err);
    if (status != RG_OK || is_nms(end) || !end->n_quant)
        return status;
    return quant_of(end, graph, &ret->quant, err);
}

/* The vstreams of a group as tensors, inputs first, and the one node between them. */
static rg_status fill(const rg_hef_group *group, rg_graph *graph, rg_err *err) {
    rg_tensor *tensors = rg_arena_array(graph->arena, group->n_ends + 1, sizeof *tensors);
    int32_t *numbers = rg_arena_array(graph->arena, group->n_ends + 1, sizeof *numbers);
    rg_node *node = rg_arena_alloc(graph->arena, sizeof *node);
    if (!tensors || !numbers || !node)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    rg_status status = RG_OK;
    for (uint32_t i = 0; status == RG_OK && i < group->n_ends; i++) {
        const rg_hef_end *end = &group->ends[i];
        if (!end->vstream)
            continue;
        status = tensor_of(end, graph, &tensors[graph->n_tensors], err);
        numbers[graph->n_tensors] = (int32_t)graph->n_tensors;
        graph->n_tensors++;
        graph->n_in += !end->output;
    }
    graph->tensors = tensors;
    graph->n_out = graph->n_tensors - graph->n_in;
    graph->in = numbers;
    graph->out = numbers + graph->n_in;
    *node = (rg_node){.kind = "hailo-executable",
                      .name = rg_arena_strdup(graph->arena, group->name),
                      .n_in = graph->n_in,
                      .n_out = graph->n_out,
                      .in = graph->in,
                      .out = graph->out};
    graph->nodes = node;
    graph->n_nodes = 1;
    return status == RG_OK && !node->name ? rg_fail(err, RG_NO_MEMORY, NULL, "out of memory")
                                          : status;
}

static rg_status build(const rg_hef_body *body, const char *name, const rg_model_limits *limits,
                       rg_graph **ret_graph, rg_err *err) {
    if (!body->n_groups)
        return rg_fail(err, RG_BAD_DATA, "compile the model anew", "it holds no network group");
    if (body->groups[0].n_ends > limits->tensors)
        return rg_fail(err, RG_NO_MEMORY, NULL, "more than %u streams", limits->tensors);
    rg_graph *graph = rg_graph_new(limits->graph_bytes);
    if (!graph)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    graph->name = rg_arena_strdup(graph->arena, name);
    graph->description = rg_arena_printf(graph->arena, "compiled for %s by version %s",
                                         body->arch_word, body->compiler);
    graph->format = "hef";
    rg_status status = graph->name && graph->description
                           ? fill(&body->groups[0], graph, err)
                           : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    if (status == RG_OK)
        status = rg_graph_check(graph, err);
    if (status == RG_OK)
        *ret_graph = graph;
    else
        rg_graph_free(graph);
    return status;
}

static rg_status read_hef(const void *data, size_t bytes, const char *name,
                          const rg_model_limits *limits, rg_graph **ret_graph, rg_err *err) {
    rg_hef hef;
    rg_hef_body body;
    rg_arena *arena = rg_arena_new(limits->graph_bytes);
    rg_status status = arena ? rg_hef_read(data, bytes, &hef, err)
                             : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    if (status == RG_OK)
        status = rg_hef_read_body(&hef, data, arena, &body, err);
    if (status == RG_OK)
        status = build(&body, name, limits, ret_graph, err);
    rg_arena_free(arena);
    return status;
}

const rg_reader rg_reader_hef = {
    .name = "hef",
    .summary = "Hailo executables: inputs and outputs, for the target hailo",
    .extension = ".hef",
    .sniff = rg_hef_sniff,
    .read = read_hef,
};
