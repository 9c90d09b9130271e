/* inspect_target.c: asks each registered target what it would take of a graph: the whole, and each
 * node as a graph of its own. Targets answer through `probe` and `admits` as in a run. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/iface/registry.h"
#include "bench/run/artefact.h"
#include "bench/run/inspect.h"
#include "bench/run/probe.h"
#include "bench/run/workload.h"

static const rg_settings settings = {.batch = 1, .variant = "", .cores = ""};

/* A node with the tensors around it. `ends` has room for all that the node reads. */
static rg_graph graph_of_node(const rg_graph *graph, const rg_node *node, int32_t *ends) {
    rg_graph one = *graph;
    one.nodes = (rg_node *)(uintptr_t)node;
    one.n_nodes = 1;
    one.n_in = 0;
    for (uint32_t i = 0; i < node->n_in; i++) {
        int32_t t = node->in[i];
        if (t >= 0 && !graph->tensors[t].data && !graph->tensors[t].variable)
            ends[one.n_in++] = t;
    }
    one.in = ends;
    one.out = node->out;
    one.n_out = node->n_out;
    return one;
}

/* Of the model's file, or of a part of its graph. */
static rg_workload workload_of(const rg_model *model, const rg_graph *graph) {
    rg_workload workload = rg_workload_of(model);
    workload.name = graph->name;
    workload.graph = graph;
    return workload;
}

static void ask_nodes(const rg_inspection *look, const rg_target *target, const rg_device *device,
                      const rg_model *model, int32_t *ends, rg_inspect_target *row) {
    for (uint32_t i = 0; i < look->graph->n_nodes; i++) {
        rg_err why = RG_ERR_INIT;
        rg_graph one = graph_of_node(look->graph, &look->graph->nodes[i], ends);
        rg_workload workload = workload_of(model, &one);
        if (target->admits(device, &workload, &settings, &why) != RG_OK)
            continue;
        row->nodes++;
        row->macs += look->nodes[i].work.macs;
    }
}

static uint32_t most_inputs(const rg_graph *graph) {
    uint32_t most = 1;
    for (uint32_t i = 0; i < graph->n_nodes; i++)
        most = graph->nodes[i].n_in > most ? graph->nodes[i].n_in : most;
    return most;
}

/* A target that takes files of its own form is asked about the whole file only. */
static rg_status ask_whole(const rg_inspection *look, const rg_target *target,
                           const rg_device *device, const rg_model *model, rg_err *err) {
    rg_workload workload = workload_of(model, look->graph);
    rg_arena *arena = rg_arena_new(0);
    rg_status status =
        arena ? rg_artefact_open(target, device, &settings, model->path, arena, &workload, err)
              : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    if (status == RG_OK)
        status = target->admits(device, &workload, &settings, err);
    rg_arena_free(arena);
    return status;
}

static void ask(const rg_inspection *look, const rg_target *target, const rg_device *device,
                const rg_model *model, rg_inspect_target *row) {
    int32_t *ends = calloc(most_inputs(look->graph), sizeof *ends);
    row->status = ends ? ask_whole(look, target, device, model, &row->why)
                       : rg_fail(&row->why, RG_NO_MEMORY, NULL, "out of memory");
    if (row->status == RG_OK) {
        row->nodes = look->graph->n_nodes;
        row->macs = look->work.macs;
    } else if (ends && !target->forms) {
        ask_nodes(look, target, device, model, ends, row);
    }
    free(ends);
}

/* A vendor's library is loaded in the child only, and may crash there. */
static void ask_in_child(const rg_inspection *look, const rg_target *target,
                         const rg_device *device, const rg_model *model, rg_inspect_target *row) {
    int ends[2], how = 0;
    fflush(NULL);
    if (pipe(ends) < 0) {
        row->status = rg_fail(&row->why, RG_FAILED, NULL, "cannot make a pipe");
        return;
    }
    pid_t pid = fork();
    if (pid == 0) {
        alarm(RG_PROBE_LIMIT_S);
        rg_probe_hush();
        ask(look, target, device, model, row);
        _exit(write(ends[1], row, sizeof *row) == (ssize_t)sizeof *row ? 0 : 1);
    }
    close(ends[1]);
    rg_inspect_target answer;
    size_t got = 0;
    for (ssize_t n; pid > 0 && got < sizeof answer; got += (size_t)n) {
        n = read(ends[0], (char *)&answer + got, sizeof answer - got);
        if (n <= 0)
            break;
    }
    close(ends[0]);
    if (pid > 0)
        waitpid(pid, &how, 0);
    if (pid > 0 && got == sizeof answer && WIFEXITED(how) && WEXITSTATUS(how) == 0)
        *row = answer;
    else
        row->status = rg_fail(&row->why, RG_FAILED, "reinstall the vendor's library",
                              "the library of %s crashed or hung", target->name);
}

static void look_at_target(const rg_inspection *look, const rg_target *target,
                           const rg_model *model, rg_root *root, rg_inspect_target *row) {
    rg_device device;
    rg_device_list *devices = calloc(1, sizeof *devices);
    row->name = target->name;
    row->simulated = target->caps & RG_TARGET_VIRTUAL_TIME;
    row->status = devices ? rg_probe_target(target, root, devices, &row->why)
                          : rg_fail(&row->why, RG_NO_MEMORY, NULL, "out of memory");
    if (row->status == RG_OK)
        row->status = rg_probe_pick(target, devices, "", &device, &row->why);
    if (row->status == RG_OK) {
        snprintf(row->device, sizeof row->device, "%s", device.id);
        (target->caps & RG_TARGET_FOREIGN ? ask_in_child : ask)(look, target, &device, model, row);
    }
    free(devices);
}

rg_status rg_inspect_targets(rg_inspection *inspection, const rg_model *model, rg_root *root,
                             rg_err *err) {
    uint32_t n = 0;
    while (rg_targets[n])
        n++;
    inspection->targets = rg_arena_array(inspection->arena, n + 1, sizeof *inspection->targets);
    if (!inspection->targets)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory for %u targets", n);
    for (uint32_t i = 0; i < n; i++)
        look_at_target(inspection, rg_targets[i], model, root, &inspection->targets[i]);
    inspection->n_targets = n;
    return RG_OK;
}
