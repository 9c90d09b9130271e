/* worker_admit.c: the two jobs before any measuring: can this cell run here, and with which file;
 * and the reference outputs that its results are compared with. worker.c calls them. */
#include <string.h>

#include "bench/core/json.h"
#include "bench/iface/exec.h"
#include "bench/run/artefact.h"
#include "bench/run/pairs.h"
#include "bench/run/worker_priv.h"

/* --- admission ------------------------------------------------------------------------------- */

/* The artefact in place of the source where the target takes another form. */
static rg_status find_artefact(rg_worker *worker, rg_err *err) {
    const rg_cell *cell = &worker->job.cell;
    rg_loaded *loaded = &worker->loaded;
    const rg_artefact_ask ask = {worker->target, &worker->device, &loaded->workload,
                                 cell->source,   cell->artefact,  &worker->settings};
    rg_artefact *found = rg_arena_alloc(worker->arena, sizeof *found);
    if (!worker->target->forms && !(cell->artefact && *cell->artefact))
        return RG_OK;
    rg_status status = found ? rg_artefact_find(&ask, worker->arena, found, err)
                             : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    if (status == RG_OK && !found->is_source)
        status = rg_loaded_artefact(loaded, found->path, found->form, found->sha256, err);
    if (status == RG_OK)
        json_object_set_new(worker->facts, "artefact", rg_worker_artefact_facts(loaded));
    return status;
}

/* A cell that names a compiled file means the model that it was made from, and that file as its
 * artefact. One that is paired with none is taken as a model of its own, where it can be read. */
static rg_status open_source(rg_worker *worker, rg_err *err) {
    rg_cell *cell = &worker->job.cell;
    const char *path = NULL, *source = NULL;
    rg_status status =
        rg_workload_resolve(cell->source, cell->precision, worker->arena, &path, err);
    if (status == RG_OK && rg_artefact_is_compiled(path) &&
        rg_pairs_source(path, worker->arena, &source, NULL) == RG_OK) {
        cell->artefact = path;
        path = source;
    }
    if (status == RG_OK)
        status = rg_loaded_open(cell->workload, path, &worker->loaded, err);
    return status;
}

static rg_status admit_workload(rg_worker *worker, rg_err *err) {
    rg_status status = open_source(worker, err);
    if (status != RG_OK)
        return status;
    const rg_graph *graph = worker->loaded.workload.graph;
    json_object_set_new(worker->facts, "workload", rg_worker_workload_facts(&worker->loaded));
    uint32_t repeat = rg_inputs_repeat(graph, worker->settings.batch);
    uint32_t samples = worker->settings.batch / repeat;
    json_object_set_new(worker->facts, "io", rg_worker_io_facts(graph, samples));
    json_t *work = rg_worker_work_facts(graph, samples);
    if (work)
        json_object_set_new(worker->facts, "work", work);
    status = find_artefact(worker, err);
    if (status == RG_OK)
        status = worker->target->admits(&worker->device, &worker->loaded.workload,
                                        &worker->settings, err);
    if (status == RG_USAGE) /* of a cell: the target cannot do what it asks */
        err->status = status = RG_UNSUPPORTED;
    return status;
}

/* Where the reference is or will be, and whether it must be made; without one, why. */
static void plan_reference(rg_worker *worker) {
    const rg_cell *cell = &worker->job.cell;
    const rg_graph *graph = worker->loaded.workload.graph;
    rg_input_set set = rg_inputs_of(cell, graph, worker->settings.batch);
    set.sha256 = rg_json_get_text(json_object_get(worker->facts, "io"), "inputs_sha256", NULL);
    rg_err why = RG_ERR_INIT;
    char *path = NULL;
    rg_status status = rg_exec_admits(graph, &why);
    if (status == RG_OK)
        status = rg_reference_path(worker->arena, worker->loaded.sha256, &set, &path, &why);
    if (status != RG_OK) {
        json_object_set_new(worker->facts, "no_truth", json_string(why.what));
        return;
    }
    rg_arena *arena = rg_arena_new(0);
    rg_reference reference;
    bool here =
        arena && rg_reference_read(arena, graph, set.repeat, path, &reference, NULL) == RG_OK;
    rg_arena_free(arena);
    json_object_set_new(worker->facts, "reference",
                        json_pack("{s:s, s:b}", "path", path, "here", here));
}

rg_status rg_worker_admit(rg_worker *worker, rg_err *err) {
    rg_status status = rg_worker_find_target(worker, err);
    if (status == RG_OK)
        status = rg_worker_find_device(worker, err);
    if (status == RG_OK) {
        json_object_set_new(worker->facts, "device", json_string(worker->device.id));
        json_object_set_new(worker->facts, "description", json_string(worker->device.description));
        rg_worker_device_facts(worker);
        status = admit_workload(worker, err);
    }
    if (status == RG_OK && worker->target->run_whole)
        return rg_worker_whole_admits(worker, err);
    if (status == RG_OK && (status = rg_worker_inputs_facts(worker, err)) == RG_OK)
        plan_reference(worker);
    return status;
}

/* --- reference ------------------------------------------------------------------------------- */

rg_status rg_worker_reference(rg_worker *worker, rg_err *err) {
    const rg_cell *cell = &worker->job.cell;
    rg_status status = rg_loaded_open(cell->workload, worker->job.path, &worker->loaded, err);
    if (status != RG_OK)
        return status;
    const rg_graph *graph = worker->loaded.workload.graph;
    rg_input_set set = rg_inputs_of(cell, graph, cell->batch);
    return rg_reference_make(graph, &set, worker->job.reference, err);
}
