/* cpu.c: this machine's own cores, with the operators that are compiled in. Synchronous: a request
 * is computed inside submit, each slot by an executor of its own (bench/iface/exec.h). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/text.h"
#include "bench/iface/exec.h"
#include "bench/iface/target.h"

/* Kernel sets by name; the first is the default. */
static const char *const variants[] = {"reference"};
enum { N_VARIANTS = sizeof variants / sizeof variants[0] };

struct rg_session {
    rg_exec_options options;
    char *cores; /* own copy of the requested list, "" default */
    uint32_t batch;
    const char *variant;
};

struct rg_program {
    const rg_session *session;
    const rg_graph *graph;
    rg_exec **slots;
    unsigned n_slots;
};

/* The slot that this thread computed last and nobody was told of; slots of one session may be
 * driven by a thread each. */
static _Thread_local const rg_session *done_in;
static _Thread_local unsigned done_slot;

/* --- the device ------------------------------------------------------------------------------- */

/* Copies the value of the first "key : value" line; false when there is none. */
static bool value_of(const char *text, const char *key, char *ret, size_t cap) {
    size_t n = strlen(key);
    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, key, n))
            continue;
        const char *at = line + n + strspn(line + n, " \t");
        if (*at != ':')
            continue;
        at += 1 + strspn(at + 1, " \t");
        snprintf(ret, cap, "%.*s", (int)strcspn(at, "\n"), at);
        return *ret != '\0';
    }
    return false;
}

static void read_model(rg_root *root, char *ret, size_t cap) {
    static const char *const keys[] = {"model name", "Hardware", "cpu model", "Processor"};
    snprintf(ret, cap, "unknown model");
    char *text = malloc(65536);
    bool found = false;
    if (text && rg_root_read(root, "/proc/cpuinfo", text, 65536, NULL) == RG_OK) {
        for (size_t i = 0; !found && i < sizeof keys / sizeof keys[0]; i++)
            found = value_of(text, keys[i], ret, cap);
    }
    free(text);
    char board[96];
    if (!found &&
        rg_root_read(root, "/proc/device-tree/model", board, sizeof board, NULL) == RG_OK &&
        board[0])
        snprintf(ret, cap, "cores of %.90s", board);
}

/* CPUs in a list such as "0-3,6"; 0 when it cannot be read. */
static unsigned count_listed(const char *list) {
    unsigned count = 0;
    while (*list >= '0' && *list <= '9') {
        char *end;
        unsigned long first = strtoul(list, &end, 10), last = first;
        if (*end == '-')
            last = strtoul(end + 1, &end, 10);
        if (last < first || last - first > 65535)
            return 0;
        count += (unsigned)(last - first + 1);
        list = *end == ',' ? end + 1 : end;
    }
    return count;
}

typedef struct core_count {
    rg_root *root;
    unsigned cores;
} core_count;

/* A CPU counts as a core when it is the first one in its core's list of siblings. */
static bool count_core(const char *name, void *user) {
    core_count *count = user;
    char path[160], siblings[256], *end;
    if (strncmp(name, "cpu", 3) || name[3] < '0' || name[3] > '9')
        return true;
    unsigned long cpu = strtoul(name + 3, &end, 10);
    if (*end)
        return true;
    snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%lu/topology/thread_siblings_list",
             cpu);
    if (rg_root_read(count->root, path, siblings, sizeof siblings, NULL) == RG_OK)
        count->cores += strtoul(siblings, NULL, 10) == cpu;
    return true;
}

static void describe(rg_root *root, char *ret, size_t cap) {
    char model[128], online[256] = "";
    core_count count = {root, 0};
    read_model(root, model, sizeof model);
    rg_root_list(root, "/sys/devices/system/cpu", count_core, &count);
    rg_root_read(root, "/sys/devices/system/cpu/online", online, sizeof online, NULL);
    unsigned cpus = count_listed(online), cores = count.cores ? count.cores : cpus;
    if (!cores)
        snprintf(ret, cap, "%s", model);
    else if (cpus > cores)
        snprintf(ret, cap, "%u cores (%u threads), %s", cores, cpus, model);
    else
        snprintf(ret, cap, "%u core%s, %s", cores, cores == 1 ? "" : "s", model);
}

static rg_status probe(rg_root *root, rg_device_list *ret_devices, rg_err *err) {
    if (ret_devices->n == RG_MAX_DEVICES)
        return rg_fail(err, RG_NO_MEMORY, NULL, "more than %d devices", RG_MAX_DEVICES);
    rg_device *device = &ret_devices->items[ret_devices->n++];
    *device = (rg_device){.id = "cpu", .status = RG_OK};
    describe(root, device->description, sizeof device->description);
    return RG_OK;
}

/* --- settings --------------------------------------------------------------------------------- */

static rg_status pick_variant(const char *wanted, const char **ret_variant, rg_err *err) {
    char known[128] = "";
    for (size_t i = 0; i < N_VARIANTS; i++) {
        if (!wanted || !*wanted || !strcmp(wanted, variants[i])) {
            *ret_variant = variants[i];
            return RG_OK;
        }
        size_t used = strlen(known);
        snprintf(known + used, sizeof known - used, "%s%s", i ? ", " : "", variants[i]);
    }
    const char *near = rg_text_nearest_of(wanted, variants, N_VARIANTS);
    char advice[256];
    snprintf(advice, sizeof advice, near ? "did you mean '%s'?" : "one of: %s",
             near ? near : known);
    return rg_fail(err, RG_UNSUPPORTED, advice, "target cpu has no variant '%s', it has: %s",
                   wanted, known);
}

/* Samples a request are what the graph was made for: its tensors' shapes are fixed. */
static rg_status check_batch(const rg_graph *graph, uint32_t batch, rg_err *err) {
    if (batch <= 1)
        return RG_OK;
    const rg_tensor *first = graph->n_in ? &graph->tensors[graph->in[0]] : NULL;
    if (first && first->shape.rank && (uint32_t)first->shape.dim[0] == batch)
        return RG_OK;
    return rg_fail(err, RG_UNSUPPORTED, "use batch 1, or a model made for this batch",
                   "%s takes one sample a request, not %u", graph->name, batch);
}

static rg_exec_options exec_options(const rg_settings *settings) {
    return (rg_exec_options){.threads = settings->threads ? settings->threads : 1,
                             .cores = settings->cores};
}

static rg_status admits(const rg_device *device, const rg_workload *workload,
                        const rg_settings *settings, rg_err *err) {
    (void)device;
    const char *variant;
    char cores[256];
    rg_exec_options options = exec_options(settings);
    rg_status status = pick_variant(settings->variant, &variant, err);
    if (status == RG_OK)
        status = rg_exec_cores(&options, cores, sizeof cores, err);
    if (status == RG_OK)
        status = check_batch(workload->graph, settings->batch, err);
    return status == RG_OK ? rg_exec_admits(workload->graph, err) : status;
}

/* --- session and program ---------------------------------------------------------------------- */

static void close_session(rg_session *session) {
    if (!session)
        return;
    if (done_in == session)
        done_in = NULL; /* its address may come again */
    free(session->cores);
    free(session);
}

static rg_status open_session(const rg_device *device, const rg_settings *settings,
                              rg_session **ret_session, rg_err *err) {
    (void)device;
    const char *variant;
    rg_status status = pick_variant(settings->variant, &variant, err);
    if (status != RG_OK)
        return status;
    rg_session *session = calloc(1, sizeof *session);
    char *cores = strdup(settings->cores ? settings->cores : "");
    if (!session || !cores) {
        free(cores);
        free(session);
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory opening the cpu");
    }
    *session = (rg_session){exec_options(settings), cores, settings->batch, variant};
    session->options.cores = cores;
    char text[256]; /* looks at the machine now, so that loading is timed without it */
    status = rg_exec_cores(&session->options, text, sizeof text, err);
    if (status != RG_OK) {
        close_session(session);
        return status;
    }
    *ret_session = session;
    return RG_OK;
}

static void unload(rg_program *program) {
    if (!program)
        return;
    for (unsigned i = 0; program->slots && i < program->n_slots; i++)
        rg_exec_free(program->slots[i]);
    free(program->slots);
    free(program);
}

/* Slots stand on cores of their own while there are enough: slot k begins after k times the
 * threads of one. */
static rg_status load(rg_session *session, const rg_workload *workload, unsigned slots,
                      rg_program **ret_program, rg_err *err) {
    rg_status status = check_batch(workload->graph, session->batch, err);
    if (status != RG_OK)
        return status;
    rg_program *program = calloc(1, sizeof *program);
    if (!program)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory loading %s", workload->name);
    *program = (rg_program){session, workload->graph, calloc(slots, sizeof(rg_exec *)), slots};
    if (!program->slots)
        status = rg_fail(err, RG_NO_MEMORY, NULL, "out of memory for %u slots", slots);
    rg_exec_options options = session->options;
    for (unsigned i = 0; status == RG_OK && i < slots; i++) {
        options.first_core = i * options.threads;
        status = rg_exec_new(workload->graph, &options, &program->slots[i], err);
    }
    if (status != RG_OK) {
        unload(program);
        return status;
    }
    *ret_program = program;
    return RG_OK;
}

static rg_status bind_slot(rg_program *program, unsigned slot, rg_io *ret_io) {
    const rg_graph *graph = program->graph;
    if (slot >= program->n_slots || graph->n_in > RG_MAX_IO || graph->n_out > RG_MAX_IO)
        return RG_UNSUPPORTED;
    rg_io io = {.n_in = graph->n_in, .n_out = graph->n_out};
    for (uint32_t i = 0; i < graph->n_in; i++) {
        io.in[i] = rg_exec_input(program->slots[slot], i);
        io.in_bytes[i] = graph->tensors[graph->in[i]].bytes;
    }
    for (uint32_t i = 0; i < graph->n_out; i++) {
        io.out[i] = rg_exec_output(program->slots[slot], i);
        io.out_bytes[i] = graph->tensors[graph->out[i]].bytes;
    }
    *ret_io = io;
    return RG_OK;
}

static rg_status submit(rg_program *program, unsigned slot) {
    rg_exec_run(program->slots[slot]);
    done_in = program->session;
    done_slot = slot;
    return RG_OK;
}

/* Nothing is ever in flight here: what was submitted is done. */
static rg_status wait_any(rg_session *session, int64_t deadline_ns, rg_done *ret_done) {
    (void)deadline_ns;
    if (done_in != session)
        return RG_AGAIN;
    done_in = NULL;
    *ret_done = (rg_done){done_slot, RG_OK, -1, -1, -1, -1, -1};
    return RG_OK;
}

static rg_status reset(rg_program *program) {
    for (unsigned i = 0; i < program->n_slots; i++)
        rg_exec_reset(program->slots[i]);
    return RG_OK;
}

/* --- what was done ---------------------------------------------------------------------------- */

static rg_status placement(rg_program *program, rg_placement *ret_placement) {
    rg_work work;
    rg_status status = rg_graph_work(program->graph, &work, NULL);
    if (status != RG_OK)
        return status;
    uint32_t nodes = program->graph->n_nodes;
    *ret_placement = (rg_placement){true, nodes, nodes, work.macs, work.macs, 0};
    return RG_OK;
}

/* Weights and their copies are shared by the slots; all else is each slot's own. */
static void usage(const rg_program *program, rg_memory *ret_memory) {
    rg_memory sum = {0, 0, 0, -1};
    for (unsigned i = 0; i < program->n_slots; i++) {
        rg_exec_memory one = rg_exec_memory_of(program->slots[i]);
        sum.arena_bytes += (int64_t)(one.arena_bytes + one.variables_bytes);
        sum.arena_bound_bytes += (int64_t)(one.arena_bound_bytes + one.variables_bytes);
        sum.weights_bytes = (int64_t)one.weights_bytes;
    }
    *ret_memory = sum;
}

static void effective(const rg_program *program, char *ret, size_t cap) {
    const rg_exec_options *options = &program->session->options;
    bool pinned = true;
    for (unsigned i = 0; i < program->n_slots; i++)
        pinned = pinned && rg_exec_is_pinned(program->slots[i]);
    rg_exec_options all = *options;
    all.threads = options->threads * program->n_slots;
    char cores[256] = "";
    rg_exec_cores(&all, cores, sizeof cores, NULL);
    snprintf(ret, cap, "kernel=%s\nthreads=%u\npinned=%s\ncores=%s\n", program->session->variant,
             options->threads, pinned ? "true" : "false", cores);
}

const rg_target rg_target_cpu = {
    .name = "cpu",
    .summary = "this machine's cores, with the operators compiled in",
    .caps = RG_TARGET_STATEFUL | RG_TARGET_EXACT,
    .probe = probe,
    .admits = admits,
    .open = open_session,
    .load = load,
    .bind = bind_slot,
    .submit = submit,
    .wait_any = wait_any,
    .reset = reset,
    .placement = placement,
    .usage = usage,
    .effective = effective,
    .unload = unload,
    .close = close_session,
};
