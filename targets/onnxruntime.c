/* onnxruntime.c: ONNX Runtime with its execution providers, opened at run time. Synchronous: a
 * request is computed inside submit, over memory that was bound once. ort_session.h tells of the
 * parts. */
#include <stdlib.h>
#include <string.h>

#include "targets/ort_session.h"
#include "targets/pinning.h"

/* The slot that this thread computed last and nobody was told of. */
static _Thread_local const rg_session *done_in;
static _Thread_local unsigned done_slot;
static _Thread_local int64_t done_in_copy_ns;

/* --- session ---------------------------------------------------------------------------------- */

static void close_session(rg_session *session) {
    if (!session)
        return;
    if (done_in == session)
        done_in = NULL; /* its address may come again */
    if (session->env)
        session->ort->ReleaseEnv(session->env);
    rg_arena_free(session->arena);
    pthread_mutex_destroy(&session->lock);
    free(session);
}

/* Words first, so that a slip is told before anything foreign is loaded. A cell that names no
 * provider takes that of its device. */
static rg_status read_words(const rg_device *device, const rg_settings *settings, rg_arena *arena,
                            rg_ort_options *ret_own, rg_ort_choice *ret_choice, rg_err *err) {
    rg_status status = rg_ort_options_read(settings, ret_own, err);
    const char *asked = settings->variant && *settings->variant ? settings->variant : NULL;
    if (!asked && status == RG_OK && !*ret_own->provider)
        asked = device->id + strlen(RG_ORT_DEVICE);
    return status == RG_OK ? rg_ort_choose(arena, ret_own, asked, ret_choice, err) : status;
}

/* Threads for so many requests; the runtime's inherit the CPUs of the one that makes them. */
static rg_status take_cores(rg_session *session, unsigned slots, rg_err *err) {
    return rg_pinning_take(session->settings.cores, session->settings.threads * slots,
                           session->cores, sizeof session->cores, err);
}

static rg_status start(rg_session *session, const rg_device *device, const rg_settings *settings,
                       rg_err *err) {
    rg_status status =
        read_words(device, settings, session->arena, &session->own, &session->choice, err);
    if (status == RG_OK)
        status = take_cores(session, 1, err);
    if (status == RG_OK)
        status = rg_ort_open(session->own.library, &session->ort, err);
    if (status == RG_OK)
        status = rg_ort_check(session->ort,
                              session->ort->CreateEnv(session->own.log, "railgauge", &session->env),
                              "starting", err);
    if (status == RG_OK)
        status = rg_ort_register(session->ort, session->env, &session->choice, err);
    session->spins = session->own.spinning == RG_ORT_SPINNING_ON ||
                     (session->own.spinning == RG_ORT_SPINNING_AUTO && !settings->power);
    session->stays_off_cpu = rg_ort_choice_leaves_cpu(&session->choice) &&
                             (!session->own.cpu_fallback || settings->require_full_offload);
    return status;
}

static rg_status open_session(const rg_device *device, const rg_settings *settings,
                              rg_session **ret_session, rg_err *err) {
    rg_session *session = calloc(1, sizeof *session);
    if (!session)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory opening %s", device->id);
    pthread_mutex_init(&session->lock, NULL);
    session->arena = rg_arena_new(0);
    if (!session->arena) {
        close_session(session);
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory opening %s", device->id);
    }
    const char *cores = rg_arena_strdup(session->arena, settings->cores ? settings->cores : "");
    session->settings = (rg_settings){.threads = settings->threads ? settings->threads : 1,
                                      .cores = cores ? cores : "",
                                      .batch = settings->batch ? settings->batch : 1,
                                      .count_nodes = settings->count_nodes,
                                      .power = settings->power,
                                      .require_full_offload = settings->require_full_offload};
    rg_status status = start(session, device, settings, err);
    if (status == RG_OK)
        *ret_session = session;
    else
        close_session(session);
    return status;
}

/* --- admission -------------------------------------------------------------------------------- */

static rg_status check_file(const rg_workload *workload, rg_err *err) {
    const unsigned char *data = workload->data;
    if (workload->bytes >= 8 && !memcmp(data + 4, "TFL3", 4))
        return rg_fail(err, RG_UNSUPPORTED, "`railgauge export MODEL --form onnx` writes one",
                       "onnxruntime takes .onnx files; %s is a .tflite", workload->name);
    if (!workload->bytes || !workload->graph->n_nodes)
        return rg_fail(err, RG_UNSUPPORTED, "give an .onnx file",
                       "onnxruntime takes .onnx files; %s is none", workload->name);
    return RG_OK;
}

/* Whether the providers can be had is asked of the runtime itself; the model is loaded by rounds.
 */
static rg_status try_providers(rg_session *session, rg_err *err) {
    const rg_ort *ort = session->ort;
    void *options = NULL;
    rg_status status =
        rg_ort_check(ort, ort->CreateSessionOptions(&options), "creating options", err);
    if (status == RG_OK)
        status = rg_ort_append(ort, session->env, options, session->arena, &session->choice, err);
    if (options)
        ort->ReleaseSessionOptions(options);
    return status;
}

static rg_status admits(const rg_device *device, const rg_workload *workload,
                        const rg_settings *settings, rg_err *err) {
    rg_session *session = NULL;
    rg_status status = check_file(workload, err);
    if (status == RG_OK)
        status = open_session(device, settings, &session, err);
    if (status == RG_OK)
        status = try_providers(session, err);
    close_session(session);
    return status;
}

/* --- program ---------------------------------------------------------------------------------- */

static void unload(rg_program *program) {
    if (!program)
        return;
    const rg_ort *ort = program->session->ort;
    for (unsigned i = 0; program->slots && i < program->n_slots; i++)
        rg_ort_slot_free(ort, &program->slots[i]);
    if (program->memory)
        ort->ReleaseMemoryInfo(program->memory);
    if (program->handle)
        ort->ReleaseSession(program->handle);
    free(program->slots);
    rg_arena_free(program->arena);
    free(program);
}

/* As bench/run/inputs.h counts: once for a model that was made for this batch. */
static uint32_t repeat_of(const rg_graph *graph, uint32_t batch) {
    const rg_tensor *first = graph->n_in ? &graph->tensors[graph->in[0]] : NULL;
    bool made_for = first && first->shape.rank && first->shape.dim[0] == (int64_t)batch;
    return made_for ? 1 : batch;
}

static rg_status fill_program(rg_program *p, rg_err *err) {
    rg_session *session = p->session;
    const rg_ort *ort = session->ort;
    const rg_workload *w = p->workload;
    rg_status status = rg_ort_file_read(p->arena, w->data, w->bytes, &p->file, err);
    if (status == RG_OK)
        status = rg_ort_session_new(session, w, &p->file, p->repeat, NULL, &p->handle, err);
    if (status == RG_OK)
        status = rg_ort_check(ort, ort->CreateCpuMemoryInfo(0, 0, &p->memory), "memory", err);
    if (status == RG_OK)
        status = rg_ort_ends_read(p, err);
    for (unsigned i = 0; status == RG_OK && i < p->n_slots; i++)
        status = rg_ort_slot_make(p, p->handle, &p->slots[i], err);
    return status;
}

static rg_status load(rg_session *session, const rg_workload *workload, unsigned slots,
                      rg_program **ret_program, rg_err *err) {
    rg_program *p = calloc(1, sizeof *p);
    if (!p)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory loading %s", workload->name);
    *p = (rg_program){.session = session,
                      .workload = &p->copy,
                      .copy = *workload,
                      .arena = rg_arena_new(0),
                      .slots = calloc(slots, sizeof *p->slots),
                      .n_slots = slots,
                      .repeat = repeat_of(workload->graph, session->settings.batch)};
    rg_status status = p->arena && p->slots
                           ? take_cores(session, slots, err)
                           : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory for %u slots", slots);
    if (status == RG_OK)
        status = fill_program(p, err);
    if (status == RG_OK)
        *ret_program = p;
    else
        unload(p);
    return status;
}

static rg_status bind_slot(rg_program *p, unsigned slot, rg_io *ret_io) {
    if (slot >= p->n_slots)
        return RG_UNSUPPORTED;
    rg_io io = {.n_in = p->in.n, .n_out = p->out.n};
    for (uint32_t i = 0; i < io.n_in; i++) {
        io.in[i] = p->slots[slot].in_data[i];
        io.in_bytes[i] = p->in.items[i].bytes;
    }
    for (uint32_t i = 0; i < io.n_out; i++) {
        io.out[i] = p->slots[slot].out_data[i];
        io.out_bytes[i] = p->out.items[i].bytes;
    }
    *ret_io = io;
    return RG_OK;
}

static void note(rg_session *session, const rg_err *err) {
    pthread_mutex_lock(&session->lock);
    session->trouble = *err;
    pthread_mutex_unlock(&session->lock);
}

static void tell_trouble(const rg_session *session, rg_err *ret_err) {
    *ret_err = session->trouble;
}

static rg_status submit(rg_program *p, unsigned slot) {
    rg_err err = RG_ERR_INIT;
    rg_status status = rg_ort_slot_run(p, p->handle, &p->slots[slot], &err);
    if (status != RG_OK) {
        note(p->session, &err);
        return status;
    }
    done_in = p->session;
    done_slot = slot;
    done_in_copy_ns = p->slots[slot].in_copy_ns;
    return RG_OK;
}

/* Nothing is ever in flight here: what was submitted is done. */
static rg_status wait_any(rg_session *session, int64_t deadline_ns, rg_done *ret_done) {
    (void)deadline_ns;
    if (done_in != session)
        return RG_AGAIN;
    done_in = NULL;
    *ret_done = (rg_done){done_slot, RG_OK, -1, done_in_copy_ns, -1, -1, -1};
    return RG_OK;
}

static const char *const forms[] = {"onnx", "onnx_qoperator", NULL};

const rg_target rg_target_onnxruntime = {
    .name = "onnxruntime",
    .summary = "ONNX Runtime: CPU, XNNPACK, CUDA, TensorRT, QNN, OpenVINO and other providers",
    .caps = RG_TARGET_FOREIGN,
    .options = rg_ort_fields,
    .options_size = sizeof(rg_ort_options),
    .forms = forms,
    .probe = rg_ort_probe,
    .admits = admits,
    .open = open_session,
    .load = load,
    .bind = bind_slot,
    .submit = submit,
    .wait_any = wait_any,
    .placement = rg_ort_placement,
    .usage = rg_ort_usage,
    .effective = rg_ort_effective,
    .state = rg_ort_state,
    .node = rg_ort_node_facts,
    .trouble = tell_trouble,
    .unload = unload,
    .close = close_session,
};
