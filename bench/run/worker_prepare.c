/* worker_prepare.c: from a job to a loaded program with its inputs in place. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/core/clock.h"
#include "bench/core/json.h"
#include "bench/core/text.h"
#include "bench/iface/registry.h"
#include "bench/run/probe.h"
#include "bench/run/worker_priv.h"

static const char *target_name(size_t i, void *user) {
    (void)user;
    return rg_targets[i] ? rg_targets[i]->name : NULL;
}

static bool attr_from_json(const char *key, const json_t *value, rg_arena *arena, rg_attr *ret) {
    *ret = (rg_attr){.key = rg_arena_strdup(arena, key), .type = RG_ATTR_WORD};
    if (json_is_integer(value)) {
        ret->type = RG_ATTR_INT;
        ret->i = json_integer_value(value);
    } else if (json_is_real(value)) {
        ret->type = RG_ATTR_REAL;
        ret->r = json_real_value(value);
    } else if (json_is_boolean(value)) {
        ret->word = json_is_true(value) ? "true" : "false";
    } else if (json_is_array(value) || json_is_object(value)) {
        char *line = json_dumps(value, JSON_COMPACT);
        ret->word = line ? rg_arena_strdup(arena, line) : NULL;
        free(line);
    } else {
        ret->word = rg_arena_strdup(arena, json_string_value(value));
    }
    return ret->key && (ret->type != RG_ATTR_WORD || ret->word);
}

/* The cell's options, and the number of the round where the target asks for it. */
static rg_status read_options(rg_worker *worker, rg_err *err) {
    rg_attr *list = rg_arena_array(worker->arena, RG_WORKER_MAX_OPTIONS + 1, sizeof *list);
    if (!list)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    uint32_t n = 0;
    const char *key;
    json_t *value;
    json_object_foreach(worker->job.cell.options, key, value) {
        if (n == RG_WORKER_MAX_OPTIONS || !attr_from_json(key, value, worker->arena, &list[n++]))
            return rg_fail(err, RG_USAGE, "give a number, a word or true/false",
                           "option '%s' of %s cannot be used", key, worker->target->name);
    }
    if (worker->target->options && rg_field_find(worker->target->options, "round"))
        list[n++] = (rg_attr){.key = "round", .type = RG_ATTR_INT, .i = worker->job.round};
    worker->settings.options = list;
    worker->settings.n_options = n;
    return RG_OK;
}

rg_status rg_worker_find_target(rg_worker *worker, rg_err *err) {
    const rg_cell *cell = &worker->job.cell;
    worker->target = rg_target_find(cell->target);
    if (!worker->target) {
        const char *near = rg_text_nearest(cell->target, target_name, NULL);
        return rg_fail(err, RG_ABSENT, near ? near : "see `railgauge list targets`",
                       "there is no target '%s' in this program", cell->target);
    }
    worker->is_virtual = worker->target->caps & RG_TARGET_VIRTUAL_TIME;
    worker->settings = (rg_settings){.threads = cell->threads,
                                     .batch = cell->batch ? cell->batch : 1,
                                     .variant = cell->variant,
                                     .cores = cell->cores,
                                     .power = worker->job.power,
                                     .require_full_offload = cell->require_full_offload};
    worker->slots = rg_pattern_slots(&cell->pattern);
    if (worker->is_virtual)
        rg_clock_virtual_on(1000000000);
    return read_options(worker, err);
}

/* This process is a child already, so the target may be asked directly. */
rg_status rg_worker_find_device(rg_worker *worker, rg_err *err) {
    rg_device_list *devices = rg_arena_alloc(worker->arena, sizeof *devices);
    if (!devices)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    devices->settings = &worker->settings;
    rg_status status = worker->target->probe(worker->root, devices, err);
    if (status == RG_OK)
        status =
            rg_probe_pick(worker->target, devices, worker->job.cell.device, &worker->device, err);
    return status;
}

rg_status rg_worker_open(rg_worker *worker, rg_err *err) {
    rg_worker_phase(worker, "open");
    return worker->target->open(&worker->device, &worker->settings, &worker->session, err);
}

/* A cold load reads the file from its medium where the kernel lets go of its pages. */
static void drop_file_cache(const char *path) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
    close(fd);
}

/* A target with files of its own reads nothing of the source: that is ours, and not its time. */
rg_status rg_worker_source(rg_worker *worker, rg_err *err) {
    const rg_job *job = &worker->job;
    char now[RG_HASH_HEX];
    if (!job->artefact)
        return RG_OK;
    rg_status status = rg_loaded_open(job->cell.workload, job->path, &worker->loaded, err);
    if (status == RG_OK)
        status = rg_hash_file(job->artefact, now, err);
    if (status == RG_OK && strcmp(now, job->artefact_sha256))
        status = rg_fail(err, RG_FAILED, "run again, and leave the file alone meanwhile",
                         "%s changed while the run went on", job->artefact);
    return status;
}

static rg_status read_files(rg_worker *worker, rg_err *err) {
    const rg_job *job = &worker->job;
    if (job->artefact)
        return rg_loaded_artefact(&worker->loaded, job->artefact, job->form, job->artefact_sha256,
                                  err);
    return rg_loaded_open(job->cell.workload, job->path, &worker->loaded, err);
}

rg_status rg_worker_load_program(rg_worker *worker, rg_err *err) {
    rg_status status = read_files(worker, err);
    if (status == RG_OK)
        status = worker->target->load(worker->session, &worker->loaded.workload, worker->slots,
                                      &worker->program, err);
    return status;
}

static rg_status load_timed(rg_worker *worker, const char *key, rg_err *err) {
    int64_t start = rg_clock_now_ns();
    rg_status status = rg_worker_load_program(worker, err);
    int64_t end = rg_clock_now_ns();
    if (status == RG_OK)
        json_object_set_new(worker->phases, key, json_integer(end - start));
    return status;
}

static void unload(rg_worker *worker) {
    if (worker->program)
        worker->target->unload(worker->program);
    worker->program = NULL;
    if (!worker->job.artefact)
        rg_loaded_close(&worker->loaded);
}

rg_status rg_worker_load(rg_worker *worker, rg_err *err) {
    rg_worker_phase(worker, "load");
    drop_file_cache(worker->job.artefact ? worker->job.artefact : worker->job.path);
    rg_status status = load_timed(worker, "load_cold_ns", err);
    if (status != RG_OK)
        return status;
    rg_worker_facts_loaded(worker);
    status = rg_worker_inputs_facts(worker, err);
    if (worker->target->run_whole)
        return status;
    return status == RG_OK ? rg_worker_check_offload(worker, err) : status;
}

/* After everything else, so that memory figures know one program only. A device that refuses a
 * second load leaves the figure out. */
void rg_worker_load_warm(rg_worker *worker) {
    rg_worker_phase(worker, "load-warm");
    unload(worker);
    load_timed(worker, "load_warm_ns", NULL);
    unload(worker);
}

static rg_status bind_slot(rg_worker *worker, unsigned slot, rg_err *err) {
    rg_io *io = &worker->io[slot];
    const rg_graph *graph = worker->loaded.workload.graph;
    rg_input_set set = rg_inputs_of(&worker->job.cell, graph, worker->settings.batch);
    rg_status status = worker->target->bind(worker->program, slot, io);
    if (status != RG_OK)
        return rg_fail(err, status, NULL, "%s cannot bind slot %u", worker->target->name, slot);
    if (io->n_in != graph->n_in)
        return rg_fail(err, RG_UNSUPPORTED, "give the artefact that was made from this model",
                       "the target takes %u inputs, the model %u", io->n_in, graph->n_in);
    for (uint32_t i = 0; status == RG_OK && i < io->n_in; i++)
        status = rg_inputs_fill(graph, i, &set, io->in[i], io->in_bytes[i], err);
    if (status == RG_OK)
        rg_target_feed(worker->target, worker->program, slot);
    return status;
}

rg_status rg_worker_bind(rg_worker *worker, rg_err *err) {
    const rg_target *target = worker->target;
    worker->io = rg_arena_array(worker->arena, worker->slots, sizeof *worker->io);
    rg_status status = worker->io ? RG_OK : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    for (unsigned s = 0; status == RG_OK && s < worker->slots; s++)
        status = bind_slot(worker, s, err);
    worker->loop = (rg_loop){.target = target,
                             .session = worker->session,
                             .program = worker->program,
                             .pattern = rg_pattern_closed(&worker->job.cell.pattern),
                             .block = 1};
    return status;
}

rg_status rg_worker_open_counting(rg_worker *worker, rg_err *err) {
    unload(worker);
    worker->target->close(worker->session);
    worker->session = NULL;
    worker->settings.count_nodes = true;
    rg_status status = rg_worker_open(worker, err);
    if (status == RG_OK)
        status = rg_worker_load_program(worker, err);
    return status == RG_OK ? rg_worker_bind(worker, err) : status;
}

void rg_worker_release(rg_worker *worker) {
    unload(worker);
    rg_loaded_close(&worker->loaded);
    if (worker->session)
        worker->target->close(worker->session);
    worker->session = NULL;
}
