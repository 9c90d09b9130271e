/* tflite_pair.c: the trial of a delegate with a runtime (tflite_pair.h), and its memory in the
 * cache folder. */
#include "targets/tflite_pair.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "bench/core/fs.h"
#include "bench/core/hash.h"
#include "bench/iface/registry.h"
#include "targets/tryout.h"

/* --- a model of one operator ------------------------------------------------------------------ */

enum { TINY_TENSORS = 3 };

/* Adds two tensors of int8: an operator that every delegate of quantized models has. */
static rg_graph *tiny_graph(void) {
    static const float scale[] = {0.5f};
    static const int32_t zero[] = {0}, in[] = {0, 1}, out[] = {2};
    static const char *const names[TINY_TENSORS] = {"a", "b", "sum"};
    static const rg_attr attrs[] = {{"activation", RG_ATTR_WORD, 0, 0, "none"}};
    static const rg_node nodes[] = {{"add", "sum", true, 2, 1, 1, in, out, attrs}};
    rg_graph *graph = rg_graph_new(0);
    rg_tensor *tensors = graph ? rg_arena_array(graph->arena, TINY_TENSORS, sizeof *tensors) : NULL;
    for (size_t i = 0; tensors && i < TINY_TENSORS; i++)
        tensors[i] = (rg_tensor){.name = names[i],
                                 .dtype = RG_DTYPE_INT8,
                                 .shape = {4, {1, 4, 4, 8}},
                                 .quant = {1, scale, zero, 0},
                                 .bytes = 4 * 4 * 8};
    if (!tensors) {
        rg_graph_free(graph);
        return NULL;
    }
    *graph = (rg_graph){.arena = graph->arena,
                        .name = "one-operator",
                        .description = "",
                        .format = "trial",
                        .n_tensors = TINY_TENSORS,
                        .n_nodes = 1,
                        .n_in = 2,
                        .n_out = 1,
                        .tensors = tensors,
                        .nodes = (rg_node *)rg_arena_copy(graph->arena, nodes, sizeof nodes),
                        .in = in,
                        .out = out};
    return graph;
}

/* --- in the throw-away process ---------------------------------------------------------------- */

typedef struct task {
    const rg_pair *pair;
    const rg_workload *workload; /* NULL: the model of one operator */
} task;

static rg_status load_and_run(const rg_tflite_ask *ask, const rg_workload *workload, rg_err *err) {
    rg_tflite_runner *runner = NULL;
    rg_io io;
    rg_status status = rg_tflite_runner_new(ask, workload, 1, &runner, err);
    if (status == RG_OK && rg_tflite_runner_bind(runner, 0, &io) == RG_OK) {
        for (uint32_t i = 0; i < io.n_in; i++)
            memset(io.in[i], 0, io.in_bytes[i]);
        if (rg_tflite_runner_run(runner, 0) != RG_OK)
            status = rg_fail(err, RG_FAILED, "try another delegate, or --variant builtin",
                             "its first inference failed: %s",
                             rg_overheard_last(rg_tflite_runner_heard(runner)));
    }
    rg_tflite_runner_free(runner);
    return status;
}

/* Whether it takes the small model says nothing; that it stays alive does. */
static rg_status try_tiny(const rg_tflite_ask *ask, rg_err *err) {
    const rg_writer *writer = rg_writer_find("tflite");
    rg_graph *graph = tiny_graph();
    rg_text bytes = {0};
    rg_status status = writer && graph ? writer->write(graph, &bytes, err)
                                       : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    if (status == RG_OK) {
        const rg_workload tiny = {.name = graph->name,
                                  .graph = graph,
                                  .data = bytes.data,
                                  .bytes = bytes.bytes,
                                  .form = "tflite"};
        load_and_run(ask, &tiny, NULL);
    }
    rg_text_free(&bytes);
    rg_graph_free(graph);
    return status;
}

static rg_status work(void *user, rg_err *err) {
    const task *t = user;
    rg_tflite_ask ask;
    rg_status status = t->pair->open(t->pair->user, &ask, err);
    if (status != RG_OK)
        return status;
    if (!t->workload)
        return try_tiny(&ask, err);
    ask.batch = ask.batch ? ask.batch : 1;
    return load_and_run(&ask, t->workload, err);
}

/* --- what is remembered ----------------------------------------------------------------------- */

/* The file of this pair in the cache; NULL where there is no room for one. */
static char *memory_of(const rg_pair *pair, rg_arena *arena) {
    char runtime[RG_HASH_HEX], delegate[RG_HASH_HEX], key[RG_HASH_HEX], *folder;
    if (rg_hash_file(pair->runtime_file, runtime, NULL) != RG_OK ||
        rg_hash_file(pair->delegate_file, delegate, NULL) != RG_OK ||
        rg_fs_cache_dir(arena, "delegates", &folder, NULL) != RG_OK)
        return NULL;
    char *text = rg_arena_printf(arena, "%s %s %s", runtime, delegate, pair->settings);
    if (!text)
        return NULL;
    rg_hash_bytes(text, strlen(text), key);
    return rg_arena_printf(arena, "%s/%s", folder, key);
}

static bool remembered(const char *path, rg_arena *arena, const char **ret_how) {
    char *text;
    size_t bytes;
    if (!path || rg_fs_read(arena, path, 4096, &text, &bytes, NULL) != RG_OK)
        return false;
    *ret_how = text;
    return true;
}

/* --- verdicts --------------------------------------------------------------------------------- */

static const char advice[] =
    "take both from one release: the TFLite version that a delegate was made for is in its package's "
    "name or its vendor's notes; RAILGAUGE_TFLITE_LIBRARY names another library";

static rg_status tell_abi(const rg_pair *pair, const char *how, rg_err *err) {
    return rg_fail(err, RG_UNSUPPORTED, advice,
                   "delegate built for another TFLite ABI: %s, with TensorFlow Lite %s and a model "
                   "of one operator, ended in a throw-away process: %s",
                   pair->delegate, pair->runtime_version, how);
}

static rg_status tell_late(const rg_pair *pair, int limit_s, rg_err *err) {
    return rg_fail(err, RG_FAILED, "see whether another process holds its device, or restart it",
                   "%s, tried in a throw-away process, did not answer within %d s", pair->delegate,
                   limit_s);
}

/* A signal that the code itself raised; one from outside (the kernel out of memory, a user) tells
 * nothing that would hold the next time. */
static bool is_of_program(int signal) {
    return signal == SIGSEGV || signal == SIGBUS || signal == SIGILL || signal == SIGABRT ||
           signal == SIGFPE;
}

static rg_status try_now(const rg_pair *pair, const char *path, rg_err *err) {
    const task t = {pair, NULL};
    rg_tryout trial;
    rg_err how = RG_ERR_INIT;
    rg_status status = rg_tryout_run(work, (void *)&t, RG_PAIR_TRY_S, &trial, &how);
    bool crashed = status == RG_FAILED && is_of_program(trial.signal);
    if (path && (crashed || (status == RG_OK && trial.said.status == RG_OK)))
        rg_fs_write_atomic(path, crashed ? how.what : "", crashed ? strlen(how.what) : 0, NULL);
    if (status == RG_TIMEOUT)
        return tell_late(pair, RG_PAIR_TRY_S, err);
    if (status != RG_OK)
        return tell_abi(pair, how.what, err);
    if (trial.said.status != RG_OK && err)
        *err = trial.said;
    return trial.said.status;
}

rg_status rg_pair_try(const rg_pair *pair, rg_err *err) {
    rg_arena *arena = rg_arena_new(0);
    if (!arena)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    const char *how, *path = memory_of(pair, arena);
    rg_status status;
    if (!remembered(path, arena, &how))
        status = try_now(pair, path, err);
    else
        status = *how ? tell_abi(pair, how, err) : RG_OK;
    rg_arena_free(arena);
    return status;
}

rg_status rg_pair_load(const rg_pair *pair, const rg_workload *workload, rg_err *err) {
    const task t = {pair, workload};
    rg_tryout trial;
    rg_err how = RG_ERR_INIT;
    rg_status status = rg_tryout_run(work, (void *)&t, RG_PAIR_LOAD_S, &trial, &how);
    if (status == RG_TIMEOUT)
        return tell_late(pair, RG_PAIR_LOAD_S, err);
    if (status != RG_OK)
        return rg_fail(err, RG_FAILED, "try another delegate, or --variant builtin",
                       "%s, loading %s in a throw-away process: %s", pair->delegate, workload->name,
                       how.what);
    if (trial.said.status != RG_OK && err)
        *err = trial.said;
    return trial.said.status;
}
