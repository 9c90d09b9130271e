/* hailo_program.c: a network on a Hailo device: configured, with its vstreams, ready for requests.
 * The library has threads of its own behind each vstream, so one of ours keeps many frames in
 * flight. */
#include <stdlib.h>
#include <string.h>

#include "targets/hailo_session.h"

enum { RAW_FRAMES = 2 }; /* what every network's channels hold without a thread that writes */

/* --- configuring ------------------------------------------------------------------------------ */

static void put16(unsigned char *at, uint16_t value) {
    memcpy(at, &value, sizeof value);
}

static void put32(unsigned char *at, int32_t value) {
    memcpy(at, &value, sizeof value);
}

/* Older libraries are asked for their defaults; RG_UNSUPPORTED where a cell wants others. */
static rg_status check_defaults(rg_program *program, rg_err *err) {
    const rg_session *session = program->session;
    program->measures = false;
    if (session->batch <= 1 && !session->options.power_mode)
        return RG_OK;
    return rg_fail(err, RG_UNSUPPORTED, "leave batch and power_mode out, or update HailoRT",
                   "HailoRT %s has no settings of a network before 4.14",
                   session->library.file.version);
}

/* The parameters as the library fills them; only the first group's members are touched, which stand
 * at one place in every version. */
static rg_status configure(rg_program *program, rg_err *err) {
    rg_session *session = program->session;
    const rg_hailo_api *api = &session->library.api;
    hailo_group groups[HAILO_MOST_ENDS];
    size_t n = HAILO_MOST_ENDS;
    unsigned char *params = calloc(1, HAILO_CONFIGURE_BYTES);
    if (!params)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    bool known = api->init_configure_params;
    int answer = known ? api->init_configure_params(program->hef, session->vdevice, params) : 0;
    put16(params + HAILO_CONFIGURE_BATCH, session->batch > 1 ? (uint16_t)session->batch : 0);
    put32(params + HAILO_CONFIGURE_POWER_MODE, session->options.power_mode);
    if (program->measures)
        put32(params + HAILO_CONFIGURE_LATENCY, HAILO_LATENCY_MEASURE | HAILO_LATENCY_CLEAR);
    if (!answer)
        answer = api->configure_vdevice(session->vdevice, program->hef, known ? params : NULL,
                                        groups, &n);
    free(params);
    if (!answer)
        program->handle = groups[0];
    return rg_hailo_session_answer(session, answer, "configure the network", err);
}

/* What the cell says of the scheduler; RG_UNSUPPORTED where this version cannot. */
static rg_status set_scheduler(rg_program *program, rg_err *err) {
    rg_session *session = program->session;
    const rg_hailo_options *o = &session->options;
    const rg_hailo_api *api = &session->library.api;
    int answer = 0;
    bool any =
        o->scheduler_timeout_ms >= 0 || o->scheduler_threshold >= 0 || o->scheduler_priority >= 0;
    if (any && (!api->set_scheduler_timeout || !api->set_scheduler_threshold ||
                !api->set_scheduler_priority))
        return rg_fail(err, RG_UNSUPPORTED, "leave the scheduler's options out, or update HailoRT",
                       "HailoRT %s has no settings of its scheduler",
                       session->library.file.version);
    if (o->scheduler_timeout_ms >= 0)
        answer =
            api->set_scheduler_timeout(program->handle, (uint32_t)o->scheduler_timeout_ms, NULL);
    if (!answer && o->scheduler_threshold >= 0)
        answer =
            api->set_scheduler_threshold(program->handle, (uint32_t)o->scheduler_threshold, NULL);
    if (!answer && o->scheduler_priority >= 0)
        answer = api->set_scheduler_priority(program->handle, (uint8_t)o->scheduler_priority, NULL);
    return rg_hailo_session_answer(session, answer, "set the scheduler", err);
}

/* --- vstreams --------------------------------------------------------------------------------- */

static rg_hailo_lane *lane_of(rg_program *program, uint32_t first, uint32_t n, const char *name) {
    for (uint32_t i = first; i < first + n; i++) {
        if (!strncmp(program->lanes[i].pair.end->name, name, sizeof(hailo_vstream_params){0}.name))
            return &program->lanes[i];
    }
    return NULL;
}

static void adjust(const rg_program *program, hailo_vstream_params *params, size_t n,
                   unsigned slots) {
    const rg_hailo_options *o = &program->session->options;
    uint32_t frames = program->session->batch * slots;
    for (size_t i = 0; i < n; i++) {
        params[i].timeout_ms = (uint32_t)o->timeout_ms;
        params[i].queue_size = o->queue ? (uint32_t)o->queue : frames > 2 ? frames : 2;
    }
}

/* Gives the handles to their lanes and compares what a frame takes. */
static rg_status take_handles(rg_program *program, uint32_t first, uint32_t count,
                              const hailo_vstream_params *params, const hailo_end *ends, size_t n,
                              rg_err *err) {
    const rg_hailo_api *api = &program->session->library.api;
    for (size_t i = 0; i < n; i++) {
        size_t bytes = 0;
        rg_hailo_lane *lane = lane_of(program, first, count, params[i].name);
        if (!lane)
            return rg_fail(err, RG_FAILED, "compile the model anew",
                           "the library names a stream %.128s that the executable does not have",
                           params[i].name);
        lane->handle = ends[i];
        int answer = first ? api->output_frame_size(ends[i], &bytes)
                           : api->input_frame_size(ends[i], &bytes);
        if (answer)
            return rg_hailo_session_answer(program->session, answer, "ask for a frame's size", err);
        if (bytes != lane->frame_bytes)
            return rg_fail(err, RG_UNSUPPORTED,
                           "pair the executable with the model it was made from",
                           "a frame of %s takes %zu bytes for the library, not %zu",
                           lane->pair.end->name, bytes, lane->frame_bytes);
    }
    return RG_OK;
}

static rg_status open_vstreams(rg_program *program, unsigned slots, bool output, rg_err *err) {
    const rg_hailo_api *api = &program->session->library.api;
    hailo_vstream_params params[HAILO_MOST_ENDS];
    hailo_end ends[HAILO_MOST_ENDS] = {NULL};
    uint32_t first = output ? program->n_in : 0, count = output ? program->n_out : program->n_in;
    size_t n = HAILO_MOST_ENDS;
    int type = program->session->options.conversion == RG_HAILO_LIBRARY ? HAILO_FORMAT_FLOAT32
                                                                        : HAILO_FORMAT_AUTO;
    memset(params, 0, sizeof params);
    int answer = (output ? api->make_output_params : api->make_input_params)(program->handle, true,
                                                                             type, params, &n);
    if (!answer && n != count)
        return rg_fail(err, RG_UNSUPPORTED, "pair the executable with the model it was made from",
                       "the library has %zu %ss, the model %u", n, output ? "output" : "input",
                       count);
    adjust(program, params, answer ? 0 : n, slots);
    if (!answer)
        answer =
            (output ? api->create_outputs : api->create_inputs)(program->handle, params, n, ends);
    if (answer)
        return rg_hailo_session_answer(program->session, answer, "make the vstreams", err);
    *(output ? &program->has_outputs : &program->has_inputs) = true;
    return take_handles(program, first, count, params, ends, n, err);
}

static void close_vstreams(rg_program *program) {
    const rg_hailo_api *api = &program->session->library.api;
    hailo_end ends[RG_MAX_IO];
    for (uint32_t i = 0; i < program->n_in + program->n_out; i++)
        ends[i] = program->lanes[i].handle;
    if (program->has_inputs)
        api->release_inputs(ends, program->n_in);
    if (program->has_outputs)
        api->release_outputs(ends + program->n_in, program->n_out);
}

/* --- the program ------------------------------------------------------------------------------ */

static rg_status open_lanes(rg_program *program, unsigned slots, rg_err *err) {
    if (program->session->raw)
        return rg_hailo_raw_open(program, err);
    rg_status status = open_vstreams(program, slots, false, err);
    return status == RG_OK ? open_vstreams(program, slots, true, err) : status;
}

/* Without a scheduler the network is put on the device once, by hand. */
static rg_status activate(rg_program *program, rg_err *err) {
    rg_session *session = program->session;
    if (session->options.scheduler != RG_HAILO_NO_SCHEDULER)
        return set_scheduler(program, err);
    return rg_hailo_session_answer(
        session, session->library.api.activate(program->handle, NULL, &program->activated),
        "activate the network", err);
}

static rg_status fill(rg_program *program, const rg_workload *workload, unsigned slots,
                      rg_err *err) {
    rg_session *session = program->session;
    bool floats = session->options.conversion == RG_HAILO_LIBRARY && !session->raw;
    rg_status status = rg_hailo_read(workload, session->batch, floats, program, err);
    if (status == RG_OK)
        status = rg_hailo_check_arch(&session->device, &program->body, err);
    if (status == RG_OK)
        status = rg_hailo_session_answer(
            session,
            session->library.api.create_hef_buffer(&program->hef, workload->data, workload->bytes),
            "read the executable", err);
    if (status == RG_OK && !session->library.api.init_configure_params)
        status = check_defaults(program, err);
    if (status == RG_OK)
        status = configure(program, err);
    if (status == RG_OK)
        status = open_lanes(program, slots, err);
    if (status == RG_OK)
        status = activate(program, err);
    return status == RG_OK ? rg_hailo_slots_new(program, slots, err) : status;
}

rg_status rg_hailo_load(rg_session *session, const rg_workload *workload, unsigned slots,
                        rg_program **ret_program, rg_err *err) {
    if (session->raw && slots * session->batch > RAW_FRAMES)
        return rg_fail(err, RG_UNSUPPORTED, "use the variant vstream",
                       "raw streams hold %d frames at most, not %u", RAW_FRAMES,
                       slots * session->batch);
    rg_program *program = calloc(1, sizeof *program);
    if (!program)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory loading %s", workload->name);
    program->session = session;
    program->measures = session->options.device_latency && slots == 1;
    program->arena = rg_arena_new(0);
    rg_status status = program->arena ? fill(program, workload, slots, err)
                                      : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    if (status != RG_OK) {
        rg_hailo_unload(program);
        return status;
    }
    session->program = program;
    *ret_program = program;
    return RG_OK;
}

void rg_hailo_unload(rg_program *program) {
    if (!program)
        return;
    rg_session *session = program->session;
    if (session->program == program)
        session->program = NULL;
    if (program->activated)
        session->library.api.deactivate(program->activated);
    close_vstreams(program);
    rg_hailo_raw_close(program);
    if (program->hef)
        session->library.api.release_hef(program->hef);
    rg_hailo_slots_free(program);
    rg_arena_free(program->arena);
    free(program);
}
