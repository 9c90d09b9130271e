/* worker.c: a child process does one job: it admits a cell, computes a reference, or measures one
 * round. What it finds goes over the socket and into shared memory; see job.h. */
#include "bench/run/worker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/core/clock.h"
#include "bench/core/json.h"
#include "bench/run/worker_priv.h"

void rg_worker_phase(rg_worker *worker, const char *name) {
    json_t *message =
        json_pack("{s:s, s:s, s:O}", "type", "phase", "phase", name, "phases", worker->phases);
    rg_line_send(RG_JOB_SOCKET, message);
    json_decref(message);
}

void rg_worker_flag(rg_worker *worker, const char *code) {
    size_t i;
    json_t *flag;
    json_array_foreach(worker->flags, i, flag) {
        if (!strcmp(json_string_value(flag), code))
            return;
    }
    json_array_append_new(worker->flags, json_string(code));
}

static void send_final(rg_worker *worker, const rg_err *err) {
    json_t *message = json_pack("{s:s, s:s, s:s, s:s, s:O}", "type", "final", "status",
                                rg_status_word(err->status), "what", err->what, "advice",
                                err->advice, "facts", worker->facts);
    rg_line_send(RG_JOB_SOCKET, message);
    json_decref(message);
}

/* --- one round ------------------------------------------------------------------------------- */

static void open_counters(rg_worker *worker) {
    worker->counter_refusals = json_object();
    const char *const *names = worker->job.counters;
    if (!rg_worker_is_elsewhere(worker)) {
        worker->counters = rg_counters_open(names, worker->counter_refusals);
        return;
    }
    for (; *names; names++)
        json_object_set_new(worker->counter_refusals, *names,
                            json_pack("{s:s, s:s}", "na", "not-available", "what",
                                      worker->is_virtual ? "simulated time runs no instructions"
                                                         : "the workload runs in another process"));
}

static rg_status read_reference(rg_worker *worker, rg_err *err) {
    if (!worker->job.reference)
        return RG_OK;
    rg_status status =
        rg_reference_read(worker->arena, worker->loaded.workload.graph, worker->repeat,
                          worker->job.reference, &worker->reference, err);
    worker->has_reference = status == RG_OK;
    return status;
}

static rg_status prepare(rg_worker *worker, rg_err *err) {
    rg_status status = rg_worker_find_target(worker, err);
    if (status == RG_OK)
        status = rg_worker_find_device(worker, err);
    if (status != RG_OK)
        return status;
    worker->deadline_ns = rg_clock_now_ns() + worker->job.cell.tier.cap_ns;
    rg_worker_facts_begin(worker);
    open_counters(worker);
    status = rg_worker_disturb_open(worker, err);
    if (status == RG_OK)
        status = rg_worker_power_open(worker, err);
    if (status == RG_OK)
        status = rg_worker_open(worker, err);
    if (status == RG_OK)
        status = rg_worker_power_session(worker, err);
    if (status == RG_OK)
        status = rg_worker_source(worker, err);
    rg_worker_facts_memory(worker, "rss_before_bytes");
    if (status == RG_OK)
        status = rg_worker_load(worker, err);
    if (worker->target->run_whole)
        return status;
    if (status == RG_OK)
        status = read_reference(worker, err);
    if (status == RG_OK)
        status = rg_worker_bind(worker, err);
    return status;
}

static rg_status measure_window(rg_worker *worker, rg_err *err) {
    rg_status status = rg_worker_warm_up(worker, err);
    if (status == RG_OK)
        status = rg_worker_steady(worker, err);
    rg_disturb_close(worker->disturb);
    worker->disturb = NULL;
    return status == RG_OK ? rg_worker_prove_again(worker, err) : status;
}

static rg_status measure(rg_worker *worker, rg_err *err) {
    rg_status status = prepare(worker, err);
    if (status == RG_OK && worker->target->run_whole)
        return rg_worker_whole(worker, err);
    if (status == RG_OK)
        status = rg_worker_first(worker, err);
    if (status == RG_OK)
        status = rg_worker_prove(worker, 0, err);
    if (status != RG_OK)
        return status;
    rg_worker_power_idle(worker, "idle_before");
    rg_worker_facts_device(worker, "before");
    if (worker->job.cell.pattern.kind != RG_PATTERN_COLD)
        status = measure_window(worker, err);
    if (status != RG_OK)
        return status;
    rg_worker_facts_clock(worker);
    rg_worker_facts_device(worker, "after");
    rg_worker_power_idle(worker, "idle_after");
    rg_worker_facts_end(worker);
    rg_worker_load_warm(worker);
    rg_worker_per_op(worker);
    return rg_worker_power_hand_over(worker, err);
}

/* --- the process ----------------------------------------------------------------------------- */

static bool start_facts(rg_worker *worker) {
    worker->facts = json_object();
    worker->phases = json_object();
    worker->flags = json_array();
    json_object_set_new(worker->facts, "phases", worker->phases);
    json_object_set_new(worker->facts, "flags", worker->flags);
    if (worker->job.kind != RG_JOB_MEASURE)
        return worker->facts != NULL;
    worker->memory_facts = json_object();
    json_object_set_new(worker->facts, "memory", worker->memory_facts);
    json_object_set_new(worker->facts, "settings", json_object());
    json_object_set_new(worker->facts, "block", json_integer(1));
    json_object_set_new(worker->facts, "warmup", json_integer(0));
    json_object_set_new(worker->facts, "taken", json_integer(0));
    json_object_set_new(worker->facts, "batch",
                        json_integer(worker->job.cell.batch ? worker->job.cell.batch : 1));
    if (worker->job.cell.deadline_ns)
        json_object_set_new(worker->facts, "deadline_ns",
                            json_integer(worker->job.cell.deadline_ns));
    return worker->facts != NULL;
}

/* Touches all pages now, so that the timed loop meets none for the first time. */
static rg_status map_shared(rg_worker *worker, rg_err *err) {
    struct stat info;
    size_t bytes = rg_job_memory_bytes();
    if (fstat(RG_JOB_MEMORY, &info) || (size_t)info.st_size < bytes)
        return rg_fail(err, RG_USAGE, "`railgauge run` starts workers", "no shared memory");
    worker->shared =
        mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, RG_JOB_MEMORY, 0);
    if (worker->shared == MAP_FAILED || worker->shared->magic != RG_JOB_MAGIC)
        return rg_fail(err, RG_USAGE, "`railgauge run` starts workers", "no shared memory");
    return RG_OK;
}

static rg_status receive_job(rg_worker *worker, rg_err *err) {
    rg_lines lines = {0};
    char *line = NULL;
    json_t *object = NULL;
    while (!(line = rg_lines_next(&lines))) {
        rg_status got = rg_lines_fill(&lines, RG_JOB_SOCKET);
        if (got != RG_OK && got != RG_AGAIN)
            break;
    }
    rg_status status = line ? rg_json_parse(line, strlen(line), "job", &object, err)
                            : rg_fail(err, RG_USAGE, "`railgauge run` starts workers",
                                      "this verb is not meant to be started by hand");
    if (status == RG_OK)
        status = rg_job_from_json(object, worker->arena, &worker->job, err);
    json_decref(object);
    rg_lines_free(&lines);
    return status;
}

/* Moves the heap's beginning by up to 64 KiB, as the padded environment moves the stack's: where
 * buffers land on cache lines and pages is luck that belongs to the round, not to the program. */
static void shift_heap(uint64_t seed) {
    static void *volatile kept; /* what is freed would be used again */
    size_t bytes = (size_t)(seed / 4096 % 4096 + 1) * 16;
    for (size_t at = 0; at < bytes; at += 4096) { /* pieces below the limit of mmap */
        void **piece = malloc(bytes - at < 4096 ? bytes - at : 4096 - 16);
        if (!piece)
            return;
        *piece = kept;
        kept = piece;
    }
}

static rg_status do_job(rg_worker *worker, rg_err *err) {
    rg_status status = rg_root_open(worker->job.root, &worker->root, err);
    if (status != RG_OK)
        return status;
    worker->checks_rng = rg_rng_seeded(worker->job.seed);
    shift_heap(worker->job.seed);
    switch (worker->job.kind) {
    case RG_JOB_ADMIT:
        return rg_worker_admit(worker, err);
    case RG_JOB_REFERENCE:
        return rg_worker_reference(worker, err);
    case RG_JOB_MEASURE:
        status = map_shared(worker, err);
        return status == RG_OK ? measure(worker, err) : status;
    case RG_JOB_REPEAT:
        return rg_worker_repeat(worker, err);
    }
    return status;
}

/* Leaves after the final message: a vendor library that crashes when it is closed costs nothing. */
static void clean_up(rg_worker *worker) {
    rg_meter_close(worker->meter); /* it may read through the session */
    rg_worker_release(worker);
    rg_disturb_close(worker->disturb);
    rg_counters_close(worker->counters);
    rg_turns_close(worker->turns);
    rg_root_close(worker->root);
    json_decref(worker->counter_refusals);
    json_decref(worker->job.cell.options);
    json_decref(worker->job.cell.requested);
    json_decref(worker->facts);
    rg_arena_free(worker->arena);
}

int rg_worker_main(void) {
    json_object_seed(1); /* the same steps in every process: its instructions may be counted */
    rg_worker worker = {.arena = rg_arena_new(0)};
    rg_err err = RG_ERR_INIT;
    rg_status status = worker.arena ? receive_job(&worker, &err) : RG_NO_MEMORY;
    if (status != RG_OK || !start_facts(&worker)) {
        fprintf(stderr, "railgauge worker: %s\n", err.what);
        rg_arena_free(worker.arena);
        return RG_EXIT_USAGE;
    }
    status = do_job(&worker, &err);
    err.status = status;
    if (status == RG_OK)
        err.what[0] = err.advice[0] = '\0';
    send_final(&worker, &err);
    clean_up(&worker);
    return RG_EXIT_OK;
}
