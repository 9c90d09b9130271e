/* worker_facts.c: memory, resource use, clock, host and workload facts of a round. Simulated rounds
 * leave out what belongs to this machine, so that they repeat to the byte. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "bench/core/clock.h"
#include "bench/core/json.h"
#include "bench/iface/exec.h"
#include "bench/run/host.h"
#include "bench/run/spin.h"
#include "bench/run/worker_priv.h"

/* A line "Key:   123 kB" of a /proc file in bytes; -1 when it is not there. */
static int64_t kilobytes(const char *text, const char *key) {
    const char *at = strstr(text, key);
    return at ? strtoll(at + strlen(key), NULL, 10) * 1024 : -1;
}

static bool read_proc(const char *path, char *text, size_t cap) {
    FILE *file = fopen(path, "re");
    if (!file)
        return false;
    size_t n = fread(text, 1, cap - 1, file);
    text[n] = '\0';
    fclose(file);
    return n > 0;
}

static void set_bytes(json_t *facts, const char *key, int64_t bytes) {
    if (bytes >= 0)
        json_object_set_new(facts, key, json_integer(bytes));
}

bool rg_worker_is_elsewhere(const rg_worker *worker) {
    return worker->is_virtual || worker->target->caps & RG_TARGET_ELSEWHERE;
}

/* Resident memory without shared memory: the sample rows are ours, not the workload's. */
void rg_worker_facts_memory(rg_worker *worker, const char *key) {
    char text[8192];
    if (rg_worker_is_elsewhere(worker) || !read_proc("/proc/self/status", text, sizeof text))
        return;
    int64_t anonymous = kilobytes(text, "RssAnon:"), file = kilobytes(text, "RssFile:");
    if (anonymous >= 0 && file >= 0)
        set_bytes(worker->memory_facts, key, anonymous + file);
}

/* Bytes of the source's file that only the harness holds, beside the artefact that is loaded. */
static int64_t own_bytes(const rg_worker *worker) {
    return worker->job.artefact && worker->loaded.model ? (int64_t)worker->loaded.model->bytes : 0;
}

/* VmHWM knows no kinds of memory. The shared rows were touched before anything else, so the peak
 * less them is the workload's. PSS leaves shared memory out by its own line. */
static void peak_memory(rg_worker *worker) {
    char text[8192];
    int64_t own = own_bytes(worker);
    if (rg_worker_is_elsewhere(worker))
        return;
    if (read_proc("/proc/self/status", text, sizeof text)) {
        int64_t peak = kilobytes(text, "VmHWM:"), shared = kilobytes(text, "RssShmem:");
        if (peak >= 0 && shared >= 0)
            set_bytes(worker->memory_facts, "rss_peak_bytes", peak - shared - own);
    }
    if (read_proc("/proc/self/smaps_rollup", text, sizeof text)) {
        int64_t pss = kilobytes(text, "\nPss:"), shared = kilobytes(text, "Pss_Shmem:");
        if (pss >= 0 && shared >= 0)
            set_bytes(worker->memory_facts, "pss_bytes", pss - shared - own);
    }
}

static void target_memory(rg_worker *worker) {
    rg_memory memory = RG_MEMORY_UNKNOWN;
    if (worker->target->usage)
        worker->target->usage(worker->program, &memory);
    set_bytes(worker->memory_facts, "arena_bytes", memory.arena_bytes);
    set_bytes(worker->memory_facts, "arena_bound_bytes", memory.arena_bound_bytes);
    set_bytes(worker->memory_facts, "weights_bytes", memory.weights_bytes);
    set_bytes(worker->memory_facts, "device_bytes", memory.device_bytes);
    set_bytes(worker->memory_facts, "packed_bytes", memory.packed_bytes);
    set_bytes(worker->memory_facts, "scratch_bytes", memory.scratch_bytes);
    set_bytes(worker->memory_facts, "pack_ns", memory.pack_ns);
    if (worker->loaded.workload.bytes)
        set_bytes(worker->memory_facts, "model_file_bytes", (int64_t)worker->loaded.workload.bytes);
}

/* "key=value\n" pairs of the target as an object; of "flag=ID" the round's flags. */
static json_t *take_pairs(rg_worker *worker, char *text) {
    json_t *object = json_object();
    for (char *state = NULL, *line = strtok_r(text, "\n", &state); line;
         line = strtok_r(NULL, "\n", &state)) {
        char *equals = strchr(line, '=');
        if (!equals)
            continue;
        *equals = '\0';
        if (!strcmp(line, "flag"))
            rg_worker_flag(worker, equals + 1);
        else
            json_object_set_new(object, line, json_string(equals + 1));
    }
    return object;
}

static json_t *effective_settings(rg_worker *worker) {
    char text[8192] = "";
    if (worker->target->effective)
        worker->target->effective(worker->program, text, sizeof text);
    json_t *object = take_pairs(worker, text);
    json_object_set_new(object, "device", json_string(worker->device.id));
    return object;
}

void rg_worker_facts_device(rg_worker *worker, const char *key) {
    char text[4096] = "";
    if (!worker->target->state)
        return;
    worker->target->state(worker->program, text, sizeof text);
    json_t *states = json_object_get(worker->facts, "device_state");
    if (!states)
        json_object_set_new(worker->facts, "device_state", states = json_object());
    json_object_set_new(states, key, take_pairs(worker, text));
}

json_t *rg_worker_workload_facts(const rg_loaded *loaded) {
    size_t bytes = loaded->model ? loaded->model->bytes : 0;
    return json_pack("{s:s, s:s, s:I, s:s}", "sha256", loaded->sha256, "path",
                     loaded->workload.source_path, "bytes", (json_int_t)bytes, "format",
                     loaded->format);
}

json_t *rg_worker_io_facts(const rg_graph *graph, uint32_t samples) {
    size_t in = 0, out = 0;
    for (uint32_t i = 0; i < graph->n_in; i++)
        in += graph->tensors[graph->in[i]].bytes;
    for (uint32_t i = 0; i < graph->n_out; i++)
        out += graph->tensors[graph->out[i]].bytes;
    return json_pack("{s:I, s:I}", "input_bytes", (json_int_t)(in / samples), "output_bytes",
                     (json_int_t)(out / samples));
}

rg_status rg_worker_inputs_facts(rg_worker *worker, rg_err *err) {
    char sha256[RG_HASH_HEX];
    const rg_graph *graph = worker->loaded.workload.graph;
    rg_input_set set = rg_inputs_of(&worker->job.cell, graph, worker->settings.batch);
    if (strcmp(set.kind, "real") != 0)
        return RG_OK;
    rg_status status = rg_inputs_hash(graph, &set, sha256, err);
    if (status == RG_OK)
        json_object_set_new(json_object_get(worker->facts, "io"), "inputs_sha256",
                            json_string(sha256));
    return status;
}

json_t *rg_worker_work_facts(const rg_graph *graph, uint32_t samples) {
    rg_work work;
    if (rg_graph_work(graph, &work, NULL) != RG_OK)
        return NULL;
    return json_pack("{s:I, s:I, s:I, s:I}", "macs", (json_int_t)(work.macs / samples), "other_ops",
                     (json_int_t)(work.other_ops / samples), "bytes_read",
                     (json_int_t)(work.bytes_read / samples), "bytes_written",
                     (json_int_t)(work.bytes_written / samples));
}

static void host_state(rg_worker *worker, const char *key) {
    json_t *host = json_object_get(worker->facts, "host");
    if (worker->is_virtual)
        return;
    if (!host) {
        host = json_object();
        json_object_set_new(worker->facts, "host", host);
    }
    json_object_set_new(host, key, rg_host_state(worker->root));
}

/* The real clock of the first core that the workload sits on. */
static rg_spin spin(const rg_worker *worker) {
    const rg_cell *cell = &worker->job.cell;
    rg_exec_options options = {.threads = cell->threads, .cores = cell->cores};
    char cores[256];
    if (worker->is_virtual)
        return (rg_spin){0, 0};
    if (rg_exec_cores(&options, cores, sizeof cores, NULL) != RG_OK || !*cores)
        return rg_spin_measure();
    return rg_spin_measure_on((uint16_t)strtoul(cores, NULL, 10));
}

void rg_worker_facts_clock(rg_worker *worker) {
    worker->spin_after = spin(worker);
}

/* Virtual time costs nothing to read and moves in steps of 1 ns. */
void rg_worker_facts_begin(rg_worker *worker) {
    rg_clock_check check = {0, 1, true};
    double overhead = 0;
    if (!worker->is_virtual) {
        check = rg_clock_measure();
        overhead = rg_loop_overhead_ns();
    }
    worker->clock_cost_ns = check.cost_ns;
    json_t *clock = json_pack("{s:b}", "monotonic", check.monotonic);
    rg_json_set_real(clock, "cost_ns", check.cost_ns);
    rg_json_set_real(clock, "resolution_ns", check.resolution_ns);
    json_object_set_new(worker->facts, "clock", clock);
    rg_json_set_real(worker->facts, "overhead_ns", overhead);
    rg_spin before = spin(worker);
    host_state(worker, "before");
    rg_spin_note(&before, json_object_get(json_object_get(worker->facts, "host"), "before"));
    worker->cpu_at_start_ns = rg_usage_now().cpu_ns;
}

void rg_worker_facts_loaded(rg_worker *worker) {
    const rg_graph *graph = worker->loaded.workload.graph;
    worker->repeat = rg_inputs_repeat(graph, worker->settings.batch);
    uint32_t samples = worker->settings.batch / worker->repeat;
    rg_worker_facts_memory(worker, "rss_loaded_bytes");
    json_object_set_new(worker->facts, "workload", rg_worker_workload_facts(&worker->loaded));
    json_object_set_new(worker->facts, "io", rg_worker_io_facts(graph, samples));
    json_t *work = rg_worker_work_facts(graph, samples);
    if (work)
        json_object_set_new(worker->facts, "work", work);
    json_t *settings = json_object_get(worker->facts, "settings");
    json_t *effective = effective_settings(worker);
    if (!strcmp(rg_json_get_text(effective, "pinned", "true"), "false"))
        rg_worker_flag(worker, "not-pinned");
    json_object_set_new(settings, "effective", effective);
    rg_worker_device_facts(worker);
    if (worker->job.artefact)
        json_object_set_new(worker->facts, "artefact", rg_worker_artefact_facts(&worker->loaded));
    rg_worker_placement(worker);
}

/* Others' share of the CPUs while this round ran; a tenth is felt in the tail. */
static void note_other_load(rg_worker *worker, const json_t *before, const json_t *after) {
    int64_t own_ns = rg_usage_now().cpu_ns - worker->cpu_at_start_ns;
    if (worker->turns) /* who takes turns with us is no disturbance */
        own_ns += rg_turns_other_cpu_ns(worker->turns);
    double own_s = (double)own_ns * 1e-9;
    if (rg_host_foreign_load(before, after, own_s) > 0.1)
        rg_worker_flag(worker, "busy");
}

void rg_worker_facts_end(rg_worker *worker) {
    target_memory(worker);
    peak_memory(worker);
    host_state(worker, "after");
    json_t *host = json_object_get(worker->facts, "host");
    const json_t *before = json_object_get(host, "before"), *after = json_object_get(host, "after");
    if (!host)
        return;
    rg_spin_note(&worker->spin_after, json_object_get(host, "after"));
    rg_host_flags(NULL, before, after, worker->flags);
    if (rg_spin_moved(before, after))
        rg_worker_flag(worker, "clock-changed");
    json_object_set_new(host, "delta", rg_host_delta(before, after));
    note_other_load(worker, before, after);
}

static int64_t micros(struct timeval t) {
    return (int64_t)t.tv_sec * 1000000 + t.tv_usec;
}

rg_usage rg_usage_now(void) {
    struct rusage use = {0};
    getrusage(RUSAGE_SELF, &use);
    return (rg_usage){(micros(use.ru_utime) + micros(use.ru_stime)) * 1000, use.ru_nvcsw,
                      use.ru_nivcsw, use.ru_minflt + use.ru_majflt};
}

json_t *rg_usage_between(const rg_usage *a, const rg_usage *b) {
    return json_pack("{s:I, s:I, s:I, s:I}", "cpu_ns", (json_int_t)(b->cpu_ns - a->cpu_ns),
                     "voluntary_switches", (json_int_t)(b->voluntary - a->voluntary),
                     "involuntary_switches", (json_int_t)(b->involuntary - a->involuntary),
                     "page_faults", (json_int_t)(b->faults - a->faults));
}
