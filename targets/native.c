/* native.c: sessions and programs of this machine's own cores. Synchronous: a request is computed
 * inside submit, each slot by an executor of its own (bench/iface/exec.h); slots share packed
 * weights. */
#include "targets/native.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/isa.h"

struct rg_session {
    rg_exec_options options;
    char *cores; /* own copy of the requested list, "" default */
    uint32_t batch;
    const char *variant; /* name of the kernel set */
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

/* --- settings --------------------------------------------------------------------------------- */

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

const rg_field rg_native_fields[] = {
    {"fusion", RG_FIELD_BOOL, offsetof(rg_native_options, fusion), "true", 0, 0, NULL, "",
     "joins activations and borders to their operators, and reshapes without copying"},
    {0},
};

static rg_status read_own(const rg_settings *settings, rg_native_options *ret, rg_err *err) {
    rg_status status = rg_field_presets(rg_native_fields, ret, true, err);
    for (uint32_t i = 0; status == RG_OK && i < settings->n_options; i++)
        status = rg_field_set_attr(rg_native_fields, ret, &settings->options[i], err);
    return status;
}

/* Variant, threads and cores as the executor takes them. */
static rg_status read_settings(const rg_device *device, const rg_settings *settings,
                               rg_exec_options *ret_options, const char **ret_variant,
                               rg_err *err) {
    rg_native_variant variant;
    rg_native_options own;
    char cores[256]; /* looks at the machine now, so that loading is timed without it */
    rg_status status = rg_native_variant_find(device->id, settings->variant, &variant, err);
    if (status == RG_OK)
        status = read_own(settings, &own, err);
    if (status != RG_OK)
        return status;
    rg_exec_options options = {.threads = settings->threads ? settings->threads : 1,
                               .cores = settings->cores,
                               .count_nodes = settings->count_nodes,
                               .reference = variant.reference,
                               .no_fusion = !own.fusion,
                               .isa_mask = variant.isa_mask};
    status = rg_exec_cores(&options, cores, sizeof cores, err);
    if (status != RG_OK)
        return status;
    *ret_options = options;
    *ret_variant = variant.name;
    return RG_OK;
}

/* What callers hand in and take out has a place, and a size. */
static rg_status check_end(const rg_graph *graph, const char *what, const int32_t *list, uint32_t n,
                           rg_err *err) {
    if (n > RG_MAX_IO)
        return rg_fail(err, RG_UNSUPPORTED, "split the model", "%s has %u %ss, more than %d",
                       graph->name, n, what, RG_MAX_IO);
    for (uint32_t i = 0; i < n; i++) {
        const rg_tensor *tensor = &graph->tensors[list[i]];
        if (rg_dtype_bits(tensor->dtype) == 0)
            return rg_fail(err, RG_UNSUPPORTED, "a model of numbers",
                           "%s %u of %s (%s) has elements of no fixed size: %s", what, i,
                           graph->name, tensor->name, rg_dtype_word(tensor->dtype));
    }
    return RG_OK;
}

rg_status rg_native_admits(const rg_device *device, const rg_workload *workload,
                           const rg_settings *settings, rg_err *err) {
    const char *variant;
    rg_exec_options options;
    rg_status status = read_settings(device, settings, &options, &variant, err);
    if (status == RG_OK)
        status = check_batch(workload->graph, settings->batch, err);
    if (status == RG_OK)
        status =
            check_end(workload->graph, "input", workload->graph->in, workload->graph->n_in, err);
    if (status == RG_OK)
        status =
            check_end(workload->graph, "output", workload->graph->out, workload->graph->n_out, err);
    return status == RG_OK ? rg_exec_admits(workload->graph, err) : status;
}

/* --- session and program ---------------------------------------------------------------------- */

void rg_native_close(rg_session *session) {
    if (!session)
        return;
    if (done_in == session)
        done_in = NULL; /* its address may come again */
    free(session->cores);
    free(session);
}

rg_status rg_native_open(const rg_device *device, const rg_settings *settings,
                         rg_session **ret_session, rg_err *err) {
    const char *variant;
    rg_exec_options options;
    rg_status status = read_settings(device, settings, &options, &variant, err);
    if (status != RG_OK)
        return status;
    rg_session *session = calloc(1, sizeof *session);
    char *cores = strdup(settings->cores ? settings->cores : "");
    if (!session || !cores) {
        free(cores);
        free(session);
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory opening %s", device->id);
    }
    options.cores = cores;
    *session = (rg_session){options, cores, settings->batch, variant};
    *ret_session = session;
    return RG_OK;
}

void rg_native_unload(rg_program *program) {
    if (!program)
        return;
    for (unsigned i = 0; program->slots && i < program->n_slots; i++)
        rg_exec_free(program->slots[i]);
    free(program->slots);
    free(program);
}

/* Slots stand on cores of their own while there are enough: slot k begins after k times the
 * threads of one. */
rg_status rg_native_load(rg_session *session, const rg_workload *workload, unsigned slots,
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
        options.twin = i ? program->slots[0] : NULL;
        status = rg_exec_new(workload->graph, &options, &program->slots[i], err);
    }
    if (status != RG_OK) {
        rg_native_unload(program);
        return status;
    }
    *ret_program = program;
    return RG_OK;
}

rg_status rg_native_bind(rg_program *program, unsigned slot, rg_io *ret_io) {
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

rg_status rg_native_submit(rg_program *program, unsigned slot) {
    rg_exec_run(program->slots[slot]);
    done_in = program->session;
    done_slot = slot;
    return RG_OK;
}

/* Nothing is ever in flight here: what was submitted is done. */
rg_status rg_native_wait_any(rg_session *session, int64_t deadline_ns, rg_done *ret_done) {
    (void)deadline_ns;
    if (done_in != session)
        return RG_AGAIN;
    done_in = NULL;
    *ret_done = (rg_done){done_slot, RG_OK, -1, -1, -1, -1, -1};
    return RG_OK;
}

rg_status rg_native_reset(rg_program *program) {
    for (unsigned i = 0; i < program->n_slots; i++)
        rg_exec_reset(program->slots[i]);
    return RG_OK;
}

/* --- what was done ---------------------------------------------------------------------------- */

rg_status rg_native_placement(rg_program *program, rg_placement *ret_placement) {
    rg_work work;
    rg_status status = rg_graph_work(program->graph, &work, NULL);
    if (status != RG_OK)
        return status;
    uint32_t nodes = program->graph->n_nodes;
    rg_placement placement = {.macs = work.macs};
    rg_placement_add(&placement, "cpu", false, nodes, (int64_t)work.macs);
    rg_placement_sum(&placement, "own executor");
    *ret_placement = placement;
    return RG_OK;
}

/* Weights and what is packed of them are shared by the slots; all else is each slot's own. */
void rg_native_usage(const rg_program *program, rg_memory *ret_memory) {
    rg_memory sum = {.device_bytes = -1};
    for (unsigned i = 0; i < program->n_slots; i++) {
        rg_exec_memory one = rg_exec_memory_of(program->slots[i]);
        sum.arena_bytes += (int64_t)(one.arena_bytes + one.variables_bytes);
        sum.arena_bound_bytes += (int64_t)(one.arena_bound_bytes + one.variables_bytes);
        sum.weights_bytes = (int64_t)one.weights_bytes;
        sum.packed_bytes = (int64_t)one.packed_bytes;
        sum.scratch_bytes += (int64_t)one.scratch_bytes;
        sum.pack_ns = one.pack_ns;
    }
    *ret_memory = sum;
}

/* Adds a name to a list with commas unless it is empty, there already or the room is used up. */
static void add_name(const char *name, char *list, size_t cap) {
    size_t used = strlen(list), n = strlen(name);
    if (!n)
        return;
    for (const char *at = list; (at = strstr(at, name)); at += n) {
        if ((at == list || at[-1] == ',') && (at[n] == ',' || at[n] == '\0'))
            return;
    }
    if (used + n + 2 < cap)
        snprintf(list + used, cap - used, "%s%s", used ? "," : "", name);
}

/* The kernels that ran, in the order of the nodes. */
static void kernels_of(const rg_program *program, char *ret, size_t cap) {
    *ret = '\0';
    for (uint32_t i = 0; i < program->graph->n_nodes; i++)
        add_name(rg_exec_node_kernel(program->slots[0], i), ret, cap);
}

static bool all_pinned(const rg_program *program) {
    bool pinned = true;
    for (unsigned i = 0; i < program->n_slots; i++)
        pinned = pinned && rg_exec_is_pinned(program->slots[i]);
    return pinned;
}

rg_status rg_native_node(const rg_program *program, uint32_t node, rg_node_facts *ret_facts) {
    if (!program->session->options.count_nodes)
        return RG_UNSUPPORTED;
    rg_exec_node one = rg_exec_node_of(program->slots[0], node);
    *ret_facts = (rg_node_facts){one.kernel, one.computed_in, one.split, one.ns};
    return RG_OK;
}

void rg_native_effective(const rg_program *program, char *ret, size_t cap) {
    rg_exec_options all = program->session->options;
    char cores[256] = "", isa[96], kernels[512];
    uint32_t threads = all.threads;
    all.threads *= program->n_slots;
    rg_exec_cores(&all, cores, sizeof cores, NULL);
    rg_isa_text(rg_exec_isa(program->slots[0]), isa, sizeof isa);
    kernels_of(program, kernels, sizeof kernels);
    snprintf(ret, cap,
             "kernel=%s\nisa=%s\nvariant=%s\nfusion=%s\nthreads=%u\npinned=%s\ncores=%s\n", kernels,
             isa, program->session->variant, all.reference || all.no_fusion ? "false" : "true",
             threads, all_pinned(program) ? "true" : "false", cores);
}
