/* hailo_pair.c: an executable beside the model that it was made from: the same inputs and outputs
 * under other names, in another order, with other scales. */
#include <stdio.h>
#include <string.h>

#include "targets/hailo_device.h"
#include "targets/hailo_session.h"

rg_status rg_hailo_check_arch(const rg_device *device, const rg_hef_body *body, rg_err *err) {
    char arch[48], advice[256];
    if (!rg_device_fact_get(device, "architecture", arch, sizeof arch) ||
        rg_hailo_arch_runs(arch, body->arch_word))
        return RG_OK;
    snprintf(advice, sizeof advice,
             "compile it for %s: railgauge compile --for hailo MODEL -o DIR; of several files in a "
             "manifest the device's own is taken",
             arch);
    return rg_fail(err, RG_UNSUPPORTED, advice, "the executable is for %s and the device a %s",
                   body->arch_word, arch);
}

static bool has_name(const rg_hef_end *end, const char *name) {
    if (!strcmp(end->name, name))
        return true;
    for (const char *const *original = end->originals; *original; original++) {
        if (!strcmp(*original, name))
            return true;
    }
    return false;
}

/* Elements of one frame that a tensor stands for. */
static uint64_t elements_of(const rg_tensor *tensor, uint32_t frames) {
    int64_t n = 0;
    if (!rg_shape_elements(&tensor->shape, &n))
        return 0;
    return frames ? (uint64_t)n / frames : 0;
}

/* The k-th vstream of a direction that no tensor has; NULL none. */
static const rg_hef_end *nth_free(const rg_hef_group *group, bool output, uint32_t k,
                                  const rg_program *program, uint32_t n_taken) {
    for (uint32_t i = 0; i < group->n_ends; i++) {
        const rg_hef_end *end = &group->ends[i];
        bool free = end->vstream && end->output == output;
        for (uint32_t t = 0; free && t < n_taken; t++)
            free = program->lanes[t].pair.end != end;
        if (free && k-- == 0)
            return end;
    }
    return NULL;
}

/* By name where the compiler kept it; else the first that is left and has as many elements. */
static const rg_hef_end *end_of(const rg_program *program, uint32_t n_taken, bool output,
                                const rg_tensor *tensor, uint64_t elements) {
    const rg_hef_end *end;
    for (uint32_t k = 0; (end = nth_free(program->group, output, k, program, n_taken)); k++) {
        if (*tensor->name && has_name(end, tensor->name) && rg_hef_end_elements(end) == elements)
            return end;
    }
    for (uint32_t k = 0; (end = nth_free(program->group, output, k, program, n_taken)); k++) {
        if (rg_hef_end_elements(end) == elements)
            return end;
    }
    return NULL;
}

static rg_status pair_tensor(rg_program *program, uint32_t i, bool output, const rg_tensor *tensor,
                             uint32_t frames, bool floats, rg_err *err) {
    uint64_t elements = elements_of(tensor, frames);
    const rg_hef_end *end = end_of(program, i, output, tensor, elements);
    rg_hailo_lane *lane = &program->lanes[i];
    if (!end)
        return rg_fail(err, RG_UNSUPPORTED, "pair the executable with the model it was made from",
                       "%s %s of the model (%llu elements) has no counterpart in %s",
                       output ? "output" : "input", tensor->name, (unsigned long long)elements,
                       program->group->name);
    *lane = (rg_hailo_lane){.pair = {.tensor = tensor, .end = end, .floats = floats},
                            .elements = (size_t)elements};
    lane->frame_bytes = lane->elements * rg_hailo_element_bytes(&lane->pair);
    return rg_hailo_pair_check(&lane->pair, err);
}

static uint32_t count_vstreams(const rg_hef_group *group) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < group->n_ends; i++)
        n += group->ends[i].vstream;
    return n;
}

/* A graph that was made for this batch has all its frames in one tensor. */
static uint32_t frames_in_graph(const rg_graph *graph, uint32_t batch) {
    const rg_tensor *first = graph->n_in ? &graph->tensors[graph->in[0]] : NULL;
    return first && first->shape.rank && (uint32_t)first->shape.dim[0] == batch ? batch : 1;
}

static rg_status pair_all(const rg_graph *graph, uint32_t batch, bool floats, rg_program *program,
                          rg_err *err) {
    uint32_t frames = frames_in_graph(graph, batch), n = graph->n_in + graph->n_out;
    rg_status status = RG_OK;
    if (n > RG_MAX_IO || n > HAILO_MOST_ENDS)
        return rg_fail(err, RG_UNSUPPORTED, "split the model", "more than %d inputs and outputs",
                       (int)HAILO_MOST_ENDS);
    if (n != count_vstreams(program->group))
        return rg_fail(err, RG_UNSUPPORTED, "pair the executable with the model it was made from",
                       "the model has %u inputs and outputs, %s has %u", n, program->group->name,
                       count_vstreams(program->group));
    program->n_in = graph->n_in;
    program->n_out = graph->n_out;
    for (uint32_t i = 0; status == RG_OK && i < n; i++) {
        bool output = i >= graph->n_in;
        int32_t t = output ? graph->out[i - graph->n_in] : graph->in[i];
        status = pair_tensor(program, i, output, &graph->tensors[t], frames, floats, err);
    }
    return status;
}

rg_status rg_hailo_read(const rg_workload *workload, uint32_t batch, bool floats,
                        rg_program *program, rg_err *err) {
    rg_hef head;
    if (!workload->data || !rg_hef_sniff(workload->data, workload->bytes))
        return rg_fail(err, RG_UNSUPPORTED, "railgauge compile --for hailo MODEL -o DIR",
                       "%s is no Hailo executable",
                       workload->path ? workload->path : workload->name);
    rg_status status = rg_hef_read(workload->data, workload->bytes, &head, err);
    if (status == RG_OK)
        status = rg_hef_read_body(&head, workload->data, program->arena, &program->body, err);
    if (status == RG_OK && !program->body.n_groups)
        status = rg_fail(err, RG_BAD_DATA, "compile the model anew", "it holds no network group");
    if (status != RG_OK)
        return status;
    program->group = &program->body.groups[0];
    program->graph = workload->graph;
    return pair_all(workload->graph, batch, floats, program, err);
}
