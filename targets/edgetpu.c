/* edgetpu.c: Coral's Edge TPU through libedgetpu's delegate in TensorFlow Lite's interpreter. The
 * devices are found by edgetpu_probe.c, the delegate is made by edgetpu_delegate.c, the compiled
 * file in edgetpu_model.c, heat in edgetpu_heat.c; the interpreter is tflite_runner.c's. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "targets/edgetpu_delegate.h"
#include "targets/edgetpu_heat.h"
#include "targets/edgetpu_model.h"
#include "targets/edgetpu_settings.h"
#include "targets/pinning.h"
#include "targets/tflite_pair.h"

struct rg_session {
    rg_edgetpu_settings given;
    char cores[256]; /* bound to; "" not */
    rg_device device;
    rg_edgetpu api;
    rg_tflite tflite;
    rg_edgetpu_door door;
    rg_edgetpu_heat heat;
};

struct rg_program {
    rg_session *session;
    rg_tflite_runner *runner;
    rg_edgetpu_model model;
    rg_workload workload;
};

static _Thread_local const rg_session *done_in;
static _Thread_local unsigned done_slot;

/* --- session ---------------------------------------------------------------------------------- */

/* "edgetpu:usb:0" */
static void read_device(const rg_device *device, rg_session *s) {
    rg_edgetpu_ask *ask = &s->door.ask;
    s->device = *device;
    rg_device_fact_get(device, "path", ask->path, sizeof ask->path);
    ask->usb = strstr(device->id, ":usb:") != NULL;
    ask->plugin = s->given.plugin;
    ask->performance = s->given.performance;
    ask->always_dfu = s->given.always_dfu;
    ask->queue = s->given.queue;
}

/* The session must stay where it is from here on. */
static rg_status open_libraries(rg_session *s, rg_err *err) {
    rg_status status = rg_edgetpu_open(s->given.library, &s->api, err);
    if (status == RG_OK)
        status = rg_tflite_open(s->given.tflite, &s->tflite, err);
    s->door.api = &s->api;
    return status;
}

static rg_tflite_ask ask_of(rg_session *s) {
    return (rg_tflite_ask){.tflite = &s->tflite,
                           .threads = s->given.threads,
                           .batch = s->given.batch,
                           .make = rg_edgetpu_make,
                           .user = &s->door,
                           .who = "edgetpu"};
}

static void begin_heat(rg_session *s) {
    char root[256], sys[128];
    rg_device_fact_get(&s->device, "root", root, sizeof root);
    rg_device_fact_get(&s->device, "sys", sys, sizeof sys);
    rg_edgetpu_heat_begin(&s->heat, root, s->door.ask.usb ? "" : sys);
}

static void close_session(rg_session *s) {
    if (!s)
        return;
    if (done_in == s)
        done_in = NULL; /* its address may come again */
    rg_edgetpu_heat_end(&s->heat);
    free(s);
}

static rg_status open_session(const rg_device *device, const rg_settings *settings,
                              rg_session **ret_session, rg_err *err) {
    rg_session *s = calloc(1, sizeof *s);
    rg_status status = s ? rg_edgetpu_settings_read(settings, &s->given, err)
                         : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    if (status == RG_OK) {
        read_device(device, s);
        status = open_libraries(s, err);
    }
    if (status == RG_OK)
        status = rg_pinning_take(s->given.cores, s->given.threads, s->cores, sizeof s->cores, err);
    if (status != RG_OK) {
        close_session(s);
        return status;
    }
    begin_heat(s);
    *ret_session = s;
    return RG_OK;
}

/* --- admission -------------------------------------------------------------------------------- */

static rg_status open_pair(void *user, rg_tflite_ask *ret_ask, rg_err *err) {
    rg_session *s = user;
    rg_status status = open_libraries(s, err);
    if (status == RG_OK)
        *ret_ask = ask_of(s);
    return status;
}

static const char pair_advice[] =
    "plug the device in anew; take libedgetpu and TensorFlow Lite of one release (libedgetpu's "
    "package version names it: 16.0tf2.16.1), see docs/targets.md";

/* Runtime and delegate meet in a throw-away process first; that is also where a device that is in
 * use, or may not be opened, says so. */
static rg_status try_pair(rg_session *s, const rg_workload *workload, rg_err *err) {
    char runtime[RG_LIBRARY_PATH], delegate[RG_LIBRARY_PATH], version[RG_LIBRARY_WORD];
    char settings[384];
    rg_device_fact_get(&s->device, "tflite_library", runtime, sizeof runtime);
    rg_device_fact_get(&s->device, "library", delegate, sizeof delegate);
    rg_device_fact_get(&s->device, "tflite_version", version, sizeof version);
    snprintf(settings, sizeof settings, "%s %s %s", s->door.ask.path, s->given.performance,
             s->given.plugin ? "plugin" : "own");
    const rg_pair pair = {.open = open_pair,
                          .user = s,
                          .delegate = "libedgetpu",
                          .runtime_file = runtime,
                          .delegate_file = delegate,
                          .runtime_version = version,
                          .settings = settings};
    rg_err why = RG_ERR_INIT;
    rg_status status = rg_pair_try(&pair, &why);
    if (status == RG_OK)
        status = rg_pair_load(&pair, workload, &why);
    if (strstr(why.advice, "--variant"))
        snprintf(why.advice, sizeof why.advice, "%s", pair_advice);
    if (status != RG_OK && err)
        *err = why;
    return status;
}

static rg_status admits(const rg_device *device, const rg_workload *workload,
                        const rg_settings *settings, rg_err *err) {
    char runtime[16];
    rg_edgetpu_model model = {0};
    rg_session *s = calloc(1, sizeof *s);
    rg_status status = s ? rg_edgetpu_settings_read(settings, &s->given, err)
                         : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    if (status == RG_OK)
        status = rg_edgetpu_model_read(workload, &model, err);
    if (status == RG_OK) {
        read_device(device, s);
        rg_device_fact_get(device, "runtime", runtime, sizeof runtime);
        status = rg_edgetpu_model_suits(&model, workload, settings, atoi(runtime), err);
    }
    if (status == RG_OK)
        status = try_pair(s, workload, err);
    rg_edgetpu_model_free(&model);
    free(s);
    return status;
}

/* --- program ---------------------------------------------------------------------------------- */

static void unload(rg_program *program) {
    if (!program)
        return;
    rg_tflite_runner_free(program->runner);
    rg_edgetpu_model_free(&program->model);
    free(program);
}

static rg_status load(rg_session *s, const rg_workload *workload, unsigned slots,
                      rg_program **ret_program, rg_err *err) {
    rg_program *program = calloc(1, sizeof *program);
    if (!program)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory loading %s", workload->name);
    program->session = s;
    program->workload = *workload;
    rg_tflite_ask ask = ask_of(s);
    rg_status status = rg_edgetpu_model_read(workload, &program->model, err);
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

/* Nothing is ever in flight here: the delegate waits for the device. */
static rg_status wait_any(rg_session *s, int64_t deadline_ns, rg_done *ret_done) {
    (void)deadline_ns;
    if (done_in != s)
        return RG_AGAIN;
    done_in = NULL;
    *ret_done = (rg_done){done_slot, RG_OK, -1, -1, -1, -1, -1};
    return RG_OK;
}

static rg_status placement(rg_program *program, rg_placement *ret_placement) {
    return rg_edgetpu_model_place(&program->model, &program->workload, ret_placement, NULL);
}

static void usage(const rg_program *program, rg_memory *ret_memory) {
    *ret_memory = (rg_memory)RG_MEMORY_UNKNOWN;
    ret_memory->weights_bytes = program->model.cached_bytes + program->model.streamed_bytes;
    ret_memory->device_bytes = program->model.cached_bytes;
}

static void effective(const rg_program *program, char *ret, size_t cap) {
    const rg_session *s = program->session;
    const rg_edgetpu_model *m = &program->model;
    const char *how, *performance = rg_edgetpu_performance(&s->door, &how);
    rg_text text = {0};
    rg_text_printf(&text, "threads=%u\npinned=%s\ncores=%s\n", s->given.threads,
                   *s->cores ? "true" : "false", s->cores);
    rg_text_printf(&text, "performance_requested=%s\nperformance=%s\nperformance_by=%s\n",
                   *s->given.performance ? s->given.performance : "default", performance, how);
    if (rg_edgetpu_clock_mhz(performance) > 0)
        rg_text_printf(&text, "core_clock_mhz=%g\n", rg_edgetpu_clock_mhz(performance));
    rg_text_printf(&text, "build=%s\ndoor=%s\n", rg_edgetpu_build_word(s->api.build),
                   s->given.plugin ? "plugin" : "own");
    rg_text_printf(&text, "min_runtime=%lld\nruntime=%d\n", (long long)m->min_runtime,
                   s->api.runtime);
    rg_text_printf(&text,
                   "cached_bytes=%lld\nstreamed_bytes=%lld\ninput_bytes=%lld\noutput_bytes=%lld\n",
                   (long long)m->cached_bytes, (long long)m->streamed_bytes,
                   (long long)m->input_bytes, (long long)m->output_bytes);
    snprintf(ret, cap, "%s", text.data ? text.data : "");
    rg_text_free(&text);
}

static void state(rg_program *program, char *ret, size_t cap) {
    rg_text text = {0};
    rg_edgetpu_heat_tell(&program->session->heat, &text);
    snprintf(ret, cap, "%s", text.data ? text.data : "");
    rg_text_free(&text);
}

static const char *const forms[] = {"edgetpu", NULL};

const rg_target rg_target_edgetpu = {
    .name = "edgetpu",
    .summary = "Coral's Edge TPU on PCIe or USB, through libedgetpu and TensorFlow Lite",
    .caps = RG_TARGET_FOREIGN,
    .options = rg_edgetpu_fields,
    .options_size = sizeof(rg_edgetpu_options),
    .forms = forms,
    .probe = rg_edgetpu_probe,
    .admits = admits,
    .open = open_session,
    .load = load,
    .bind = bind,
    .submit = submit,
    .wait_any = wait_any,
    .placement = placement,
    .usage = usage,
    .effective = effective,
    .state = state,
    .unload = unload,
    .close = close_session,
};
