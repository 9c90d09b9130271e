/* sim_work.c: outputs through the reference executor, and planted failures. */
#include "targets/sim_work.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/core/arena.h"
#include "bench/iface/exec.h"

/* One request's memory. `seen` holds the inputs that the outputs belong to. */
typedef struct slot_memory {
    void *in[RG_MAX_IO], *seen[RG_MAX_IO], *out[RG_MAX_IO];
    bool known, flipped;
} slot_memory;

struct rg_sim_work {
    const rg_graph *graph;
    uint32_t batch; /* times the graph's inputs in a request */
    rg_arena *arena;
    rg_exec *exec;
    slot_memory *slots;
};

static size_t in_bytes(const rg_sim_work *work, uint32_t i) {
    return work->graph->tensors[work->graph->in[i]].bytes;
}

static size_t out_bytes(const rg_sim_work *work, uint32_t i) {
    return work->graph->tensors[work->graph->out[i]].bytes;
}

/* A model made for this batch holds all samples in its own inputs. */
static uint32_t graph_times(const rg_graph *graph, uint32_t batch) {
    const rg_tensor *first = graph->n_in ? &graph->tensors[graph->in[0]] : NULL;
    bool made_for_it =
        first && first->shape.rank && first->shape.dim[0] == (int64_t)batch && batch > 1;
    return made_for_it || !batch ? 1 : batch;
}

static bool slot_alloc(rg_sim_work *work, slot_memory *slot) {
    for (uint32_t i = 0; i < work->graph->n_in; i++) {
        slot->in[i] = rg_arena_alloc(work->arena, work->batch * in_bytes(work, i) + 1);
        slot->seen[i] = rg_arena_alloc(work->arena, work->batch * in_bytes(work, i) + 1);
        if (!slot->in[i] || !slot->seen[i])
            return false;
    }
    for (uint32_t i = 0; i < work->graph->n_out; i++) {
        slot->out[i] = rg_arena_alloc(work->arena, work->batch * out_bytes(work, i) + 1);
        if (!slot->out[i])
            return false;
    }
    return true;
}

rg_status rg_sim_work_new(const rg_graph *graph, unsigned slots, uint32_t batch,
                          rg_sim_work **ret_work, rg_err *err) {
    if (graph->n_in > RG_MAX_IO || graph->n_out > RG_MAX_IO)
        return rg_fail(err, RG_UNSUPPORTED, NULL, "more than %d inputs or outputs", RG_MAX_IO);
    rg_sim_work *work = calloc(1, sizeof *work);
    if (!work)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    work->graph = graph;
    work->batch = graph_times(graph, batch);
    work->arena = rg_arena_new(0);
    work->slots = work->arena ? rg_arena_array(work->arena, slots, sizeof *work->slots) : NULL;
    rg_exec_options options = {.threads = 1, .reference = true};
    rg_status status = work->slots ? rg_exec_new(graph, &options, &work->exec, err)
                                   : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    for (unsigned s = 0; status == RG_OK && s < slots; s++) {
        if (!slot_alloc(work, &work->slots[s]))
            status = rg_fail(err, RG_NO_MEMORY, "use fewer requests in flight",
                             "out of memory for %u slots", slots);
    }
    if (status == RG_OK)
        *ret_work = work;
    else
        rg_sim_work_free(work);
    return status;
}

void rg_sim_work_free(rg_sim_work *work) {
    if (!work)
        return;
    rg_exec_free(work->exec);
    rg_arena_free(work->arena);
    free(work);
}

void rg_sim_work_io(const rg_sim_work *work, unsigned slot, rg_io *ret_io) {
    const slot_memory *memory = &work->slots[slot];
    *ret_io = (rg_io){.n_in = work->graph->n_in, .n_out = work->graph->n_out};
    for (uint32_t i = 0; i < ret_io->n_in; i++) {
        ret_io->in[i] = memory->in[i];
        ret_io->in_bytes[i] = work->batch * in_bytes(work, i);
    }
    for (uint32_t i = 0; i < ret_io->n_out; i++) {
        ret_io->out[i] = memory->out[i];
        ret_io->out_bytes[i] = work->batch * out_bytes(work, i);
    }
}

static bool inputs_changed(const rg_sim_work *work, const slot_memory *slot) {
    for (uint32_t i = 0; i < work->graph->n_in; i++) {
        if (memcmp(slot->in[i], slot->seen[i], work->batch * in_bytes(work, i)))
            return true;
    }
    return !slot->known;
}

/* Sample b of the request, through the executor. */
static void run_sample(rg_sim_work *work, slot_memory *slot, uint32_t b) {
    for (uint32_t i = 0; i < work->graph->n_in; i++) {
        size_t bytes = in_bytes(work, i);
        memcpy(rg_exec_input(work->exec, i), (char *)slot->in[i] + b * bytes, bytes);
    }
    rg_exec_run(work->exec);
    for (uint32_t i = 0; i < work->graph->n_out; i++) {
        size_t bytes = out_bytes(work, i);
        memcpy((char *)slot->out[i] + b * bytes, rg_exec_output(work->exec, i), bytes);
    }
}

static void flip_bit(slot_memory *slot) {
    ((unsigned char *)slot->out[0])[0] ^= 1;
    slot->flipped = !slot->flipped;
}

void rg_sim_work_compute(rg_sim_work *work, unsigned number, bool wrong) {
    slot_memory *slot = &work->slots[number];
    if (inputs_changed(work, slot)) {
        for (uint32_t b = 0; b < work->batch; b++)
            run_sample(work, slot, b);
        for (uint32_t i = 0; i < work->graph->n_in; i++)
            memcpy(slot->seen[i], slot->in[i], work->batch * in_bytes(work, i));
        slot->known = true;
        slot->flipped = false;
    }
    if (wrong != slot->flipped)
        flip_bit(slot);
}

static bool fails_now(const rg_sim_options *options, uint64_t count) {
    return (options->fail_round < 0 || options->fail_round == options->round) &&
           count >= (uint64_t)options->fail_at;
}

bool rg_sim_is_wrong(const rg_sim_options *options, uint64_t count) {
    return options->fail == RG_SIM_FAIL_WRONG && fails_now(options, count);
}

static void write_rubbish(void) {
    static const char rubbish[] = "\xff\xfe{{{ \"half a messa\n\x01\x02\n";
    for (int fd = 3; fd < 8; fd++) {
        ssize_t unused = write(fd, rubbish, sizeof rubbish - 1);
        (void)unused;
    }
}

static void print_much(void) {
    for (int i = 0; i < 2000; i++) {
        printf("simulated vendor library: line %d of chatter that nobody asked for\n", i);
        fprintf(stderr, "simulated vendor library: warning %d\n", i);
    }
    fflush(stdout);
}

void rg_sim_misbehave(const rg_sim_options *options, uint64_t count) {
    if (!fails_now(options, count) || count != (uint64_t)options->fail_at)
        return;
    switch ((rg_sim_fail)options->fail) {
    case RG_SIM_FAIL_CRASH:
        fprintf(stderr, "simulated vendor library: about to crash\n");
        signal(SIGSEGV, SIG_DFL); /* a sanitizer must not turn it into an exit */
        raise(SIGSEGV);
        break;
    case RG_SIM_FAIL_HANG:
        for (;;)
            pause();
    case RG_SIM_FAIL_GARBAGE:
        write_rubbish();
        break;
    case RG_SIM_FAIL_PRINT:
        print_much();
        break;
    case RG_SIM_FAIL_NONE:
    case RG_SIM_FAIL_WRONG:
        break;
    }
}

void rg_sim_work_usage(const rg_sim_work *work, rg_memory *ret_memory) {
    rg_exec_memory memory = rg_exec_memory_of(work->exec);
    ret_memory->arena_bytes = (int64_t)memory.arena_bytes;
    ret_memory->arena_bound_bytes = (int64_t)memory.arena_bound_bytes;
    ret_memory->weights_bytes = (int64_t)memory.weights_bytes;
    ret_memory->device_bytes = ret_memory->packed_bytes = ret_memory->scratch_bytes = -1;
    ret_memory->pack_ns = -1;
}
