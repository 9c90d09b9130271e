/* tflite.c: models in TensorFlow Lite's (LiteRT's) own runtime on this machine: its built-in
 * kernels, XNNPACK, or an external delegate that reaches an accelerator. What is shared with other
 * targets on that runtime lies in tflite_*.h; here is what makes it a target. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "targets/pinning.h"
#include "targets/tflite_device.h"
#include "targets/tflite_pair.h"
#include "targets/tflite_settings.h"

struct rg_session {
    rg_tflite_settings settings;
    rg_tflite tflite;
    rg_xnnpack xnnpack;
    rg_plugin plugin;
    char requested_cores[256], cores[256]; /* asked for; bound to, "" not */
    bool count_nodes;
};

struct rg_program {
    rg_session *session;
    const rg_graph *graph;
    rg_tflite_runner *runner;
};

/* The slot that this thread computed last and nobody was told of. */
static _Thread_local const rg_session *done_in;
static _Thread_local unsigned done_slot;

/* --- session ---------------------------------------------------------------------------------- */

/* Opens what the settings name; the session must stay where it is from here on. */
static rg_status open_libraries(rg_session *session, rg_err *err) {
    rg_tflite_settings *all = &session->settings;
    rg_status status = rg_tflite_open(all->library, &session->tflite, err);
    session->xnnpack = (rg_xnnpack){.tflite = &session->tflite,
                                    .threads = all->threads,
                                    .flags = all->xnnpack_flags,
                                    .told = -1};
    if (status == RG_OK && all->kind == RG_TFLITE_PLUGIN)
        status = rg_plugin_open(&all->plugin, &session->plugin, err);
    return status;
}

static rg_tflite_ask ask_of(rg_session *session) {
    const rg_tflite_settings *all = &session->settings;
    rg_tflite_ask ask = {.tflite = &session->tflite,
                         .threads = all->threads,
                         .batch = all->batch,
                         .count_nodes = session->count_nodes,
                         .who = "builtin"};
    if (all->kind == RG_TFLITE_XNNPACK) {
        ask.make = rg_xnnpack_make;
        ask.user = &session->xnnpack;
        ask.who = "XNNPACK";
    } else if (all->kind == RG_TFLITE_PLUGIN) {
        ask.make = rg_plugin_make;
        ask.user = &session->plugin;
        ask.who = all->plugin.name;
    }
    return ask;
}

static rg_status open_session(const rg_device *device, const rg_settings *settings,
                              rg_session **ret_session, rg_err *err) {
    rg_session *session = calloc(1, sizeof *session);
    if (!session)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory opening %s", device->id);
    rg_status status = rg_tflite_settings_read(settings, &session->settings, err);
    if (status == RG_OK)
        status = open_libraries(session, err);
    snprintf(session->requested_cores, sizeof session->requested_cores, "%s",
             settings->cores ? settings->cores : "");
    session->count_nodes = settings->count_nodes;
    if (status == RG_OK)
        status = rg_pinning_take(session->requested_cores, session->settings.threads,
                                 session->cores, sizeof session->cores, err);
    if (status != RG_OK) {
        free(session);
        return status;
    }
    *ret_session = session;
    return RG_OK;
}

static void close_session(rg_session *session) {
    if (done_in == session)
        done_in = NULL; /* its address may come again */
    free(session);
}

/* --- admission -------------------------------------------------------------------------------- */

static rg_status open_pair(void *user, rg_tflite_ask *ret_ask, rg_err *err) {
    rg_session *session = user;
    rg_status status = open_libraries(session, err);
    if (status == RG_OK)
        *ret_ask = ask_of(session);
    return status;
}

/* Nothing of the plug-in has been loaded here before: both meet for the first time in there. */
static rg_status admit_plugin(rg_session *session, const rg_device *device,
                              const rg_workload *workload, rg_err *err) {
    char runtime[RG_LIBRARY_PATH], delegate[RG_LIBRARY_PATH], version[RG_LIBRARY_WORD];
    rg_text settings = {0};
    rg_device_fact_get(device, "library", runtime, sizeof runtime);
    rg_device_fact_get(device, "delegate_library", delegate, sizeof delegate);
    rg_device_fact_get(device, "library_version", version, sizeof version);
    for (size_t i = 0; i < session->settings.plugin.n_pairs; i++)
        rg_text_printf(&settings, "%s=%s ", session->settings.plugin.keys[i],
                       session->settings.plugin.values[i]);
    const rg_pair pair = {.open = open_pair,
                          .user = session,
                          .delegate = session->settings.plugin.title,
                          .runtime_file = runtime,
                          .delegate_file = delegate,
                          .runtime_version = version,
                          .settings = settings.data ? settings.data : ""};
    rg_status status = rg_pair_try(&pair, err);
    if (status == RG_OK)
        status = rg_pair_load(&pair, workload, err);
    rg_text_free(&settings);
    return status;
}

static rg_status admit_own(rg_session *session, const rg_workload *workload, rg_err *err) {
    rg_tflite_runner *runner = NULL;
    rg_status status = open_libraries(session, err);
    rg_tflite_ask ask = ask_of(session);
    if (status == RG_OK)
        status = rg_tflite_runner_new(&ask, workload, 1, &runner, err);
    rg_tflite_runner_free(runner);
    return status;
}

static rg_status admits(const rg_device *device, const rg_workload *workload,
                        const rg_settings *settings, rg_err *err) {
    rg_session *session = calloc(1, sizeof *session);
    if (!session)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    rg_status status = rg_tflite_settings_read(settings, &session->settings, err);
    if (status == RG_OK && session->settings.kind == RG_TFLITE_PLUGIN)
        status = admit_plugin(session, device, workload, err);
    else if (status == RG_OK)
        status = admit_own(session, workload, err);
    free(session);
    return status;
}

/* --- program ---------------------------------------------------------------------------------- */

static void unload(rg_program *program) {
    if (!program)
        return;
    rg_tflite_runner_free(program->runner);
    free(program);
}

static rg_status load(rg_session *session, const rg_workload *workload, unsigned slots,
                      rg_program **ret_program, rg_err *err) {
    rg_program *program = calloc(1, sizeof *program);
    if (!program)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory loading %s", workload->name);
    *program = (rg_program){.session = session, .graph = workload->graph};
    rg_tflite_ask ask = ask_of(session);
    rg_status status = RG_OK;
    if (slots > 1) /* interpreters beside each other want cores of their own */
        status = rg_pinning_take(session->requested_cores, ask.threads * slots, session->cores,
                                 sizeof session->cores, err);
    if (status == RG_OK)
        status = rg_tflite_runner_new(&ask, workload, slots, &program->runner, err);
    if (status != RG_OK) {
        unload(program);
        return status;
    }
    *ret_program = program;
    return RG_OK;
}

static rg_status bind(rg_program *program, unsigned slot, rg_io *ret_io) {
    return rg_tflite_runner_bind(program->runner, slot, ret_io);
}

static rg_status submit(rg_program *program, unsigned slot) {
    rg_status status = rg_tflite_runner_run(program->runner, slot);
    done_in = program->session;
    done_slot = slot;
    return status;
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
    return rg_tflite_runner_reset(program->runner);
}

static rg_status placement(rg_program *program, rg_placement *ret_placement) {
    return rg_tflite_runner_placement(program->runner, program->graph, ret_placement);
}

static rg_status node(const rg_program *program, uint32_t number, rg_node_facts *ret_facts) {
    return rg_tflite_runner_node(program->runner, program->graph, number, ret_facts);
}

static void effective(const rg_program *program, char *ret, size_t cap) {
    const rg_session *session = program->session;
    const rg_tflite_settings *all = &session->settings;
    rg_text text = {0};
    rg_text_printf(&text, "variant=%s\nthreads=%u\npinned=%s\ncores=%s\n",
                   rg_tflite_kind_word(all->kind), all->threads, *session->cores ? "true" : "false",
                   session->cores);
    if (all->kind == RG_TFLITE_XNNPACK)
        rg_xnnpack_facts(&session->xnnpack, &text);
    if (all->kind == RG_TFLITE_PLUGIN)
        rg_plugin_facts(&session->plugin, &text);
    snprintf(ret, cap, "%s", text.data ? text.data : "");
    rg_text_free(&text);
}

static const char *const forms[] = {"tflite", NULL};

const rg_target rg_target_tflite = {
    .name = "tflite",
    .summary = "TensorFlow Lite's C library: built-in kernels, XNNPACK, or an external delegate",
    .caps = RG_TARGET_FOREIGN | RG_TARGET_STATEFUL,
    .options = rg_tflite_fields,
    .options_size = sizeof(rg_tflite_options),
    .forms = forms,
    .probe = rg_tflite_probe,
    .admits = admits,
    .open = open_session,
    .load = load,
    .bind = bind,
    .submit = submit,
    .wait_any = wait_any,
    .reset = reset,
    .placement = placement,
    .effective = effective,
    .node = node,
    .unload = unload,
    .close = close_session,
};
