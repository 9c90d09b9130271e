/* hailo.c: Hailo accelerators through HailoRT 4.x and 5.x, loaded at run time. One thread of ours
 * writes frames and reads results in order; the library's own threads and queues keep several in
 * flight. See hailo_session.h for the parts. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/iface/exec.h"
#include "targets/hailo_device.h"
#include "targets/hailo_session.h"

static const char *const forms[] = {"hef", NULL};

static rg_status check_settings(const rg_settings *settings, rg_hailo_options *options,
                                rg_err *err) {
    const char *variant = settings->variant ? settings->variant : "";
    if (*variant && strcmp(variant, "vstream") != 0 && strcmp(variant, "raw") != 0)
        return rg_fail(err, RG_UNSUPPORTED, "vstream or raw", "hailo has no variant '%s'", variant);
    if (settings->batch > UINT16_MAX)
        return rg_fail(err, RG_UNSUPPORTED, "ask for a smaller batch",
                       "a request takes at most %d frames", UINT16_MAX);
    return rg_hailo_options_read(settings, options, err);
}

/* By the file alone: nothing is opened, so that plans can be made while the device is busy. */
static rg_status admits(const rg_device *device, const rg_workload *workload,
                        const rg_settings *settings, rg_err *err) {
    rg_hailo_options options;
    rg_status status = check_settings(settings, &options, err);
    if (status != RG_OK)
        return status;
    rg_program *program = calloc(1, sizeof *program);
    if (program)
        program->arena = rg_arena_new(0);
    if (!program || !program->arena)
        status = rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    if (status == RG_OK)
        status = rg_hailo_read(workload, settings->batch ? settings->batch : 1,
                               options.conversion == RG_HAILO_LIBRARY, program, err);
    if (status == RG_OK)
        status = rg_hailo_check_arch(device, &program->body, err);
    if (program)
        rg_arena_free(program->arena);
    free(program);
    return status;
}

/* Timed: hands all frames of the request over. */
static rg_status submit(rg_program *program, unsigned number) {
    const rg_hailo_api *api = &program->session->library.api;
    const rg_hailo_slot *slot = &program->slots[number];
    for (size_t f = 0; f < program->session->batch; f++) {
        for (uint32_t i = 0; i < program->n_in; i++) {
            const rg_hailo_lane *lane = &program->lanes[i];
            size_t bytes = lane->shaper ? lane->wire_bytes : lane->frame_bytes;
            const char *frame = (const char *)slot->wire[i] + f * bytes;
            int answer = lane->shaper ? api->stream_write(lane->handle, frame, bytes)
                                      : api->write(lane->handle, frame, bytes);
            if (answer)
                return rg_hailo_session_answer(program->session, answer, "write a frame", NULL);
        }
    }
    program->queue[(program->first + program->pending++) % program->n_slots] = number;
    return RG_OK;
}

static rg_status read_outputs(rg_program *program, const rg_hailo_slot *slot) {
    const rg_hailo_api *api = &program->session->library.api;
    for (size_t f = 0; f < program->session->batch; f++) {
        for (uint32_t i = program->n_in; i < program->n_in + program->n_out; i++) {
            const rg_hailo_lane *lane = &program->lanes[i];
            size_t bytes = lane->shaper ? lane->wire_bytes : lane->frame_bytes;
            char *frame = (char *)slot->wire[i] + f * bytes;
            int answer = lane->shaper ? api->stream_read(lane->handle, frame, bytes)
                                      : api->read(lane->handle, frame, bytes);
            if (answer)
                return rg_hailo_session_answer(program->session, answer, "read a result", NULL);
        }
    }
    return RG_OK;
}

/* Timed: results come in the order of their requests. The library waits at most the option timeout,
 * whatever the deadline. */
static rg_status wait_any(rg_session *session, int64_t deadline_ns, rg_done *ret_done) {
    rg_program *program = session->program;
    (void)deadline_ns;
    if (!program || !program->pending)
        return RG_AGAIN;
    unsigned number = program->queue[program->first];
    program->first = (program->first + 1) % program->n_slots;
    program->pending--;
    rg_status status = read_outputs(program, &program->slots[number]);
    *ret_done = (rg_done){number, status, -1, -1, -1, -1, -1};
    return RG_OK;
}

/* The compiler takes all or nothing; what the library computes behind the chip cannot be told from
 * the file, nor can anything without the source. */
static rg_status placement(rg_program *program, rg_placement *ret_placement) {
    rg_work work;
    const rg_graph *graph = program->graph;
    for (uint32_t i = 0; i < program->n_in + program->n_out; i++) {
        const rg_hef_end *end = program->lanes[i].pair.end;
        if (end->computed || (!end->stream && end->classes))
            return RG_UNSUPPORTED;
    }
    if (!strcmp(graph->format ? graph->format : "", "hef"))
        return RG_UNSUPPORTED;
    *ret_placement = (rg_placement){.crossings = 0};
    bool counted = rg_graph_work(graph, &work, NULL) == RG_OK;
    rg_placement_add(ret_placement, "hailo", false, graph->n_nodes,
                     counted ? (int64_t)work.macs : -1);
    rg_placement_sum(ret_placement, "compiled-file");
    return RG_OK;
}

static void trouble(const rg_session *session, rg_err *err) {
    if (!*session->trouble.what)
        return;
    rg_err_prefix(err, "%s", session->trouble.what);
    snprintf(err->advice, sizeof err->advice, "%s", session->trouble.advice);
}

const rg_target rg_target_hailo = {
    .name = "hailo",
    .summary = "Hailo-8, 10H and 15 through HailoRT, loaded at run time",
    .caps = RG_TARGET_ASYNC | RG_TARGET_FOREIGN | RG_TARGET_RAILS,
    .options = rg_hailo_fields,
    .options_size = sizeof(rg_hailo_options),
    .forms = forms,
    .probe = rg_hailo_probe,
    .admits = admits,
    .open = rg_hailo_session_open,
    .load = rg_hailo_load,
    .bind = rg_hailo_bind,
    .feed = rg_hailo_feed,
    .fetch = rg_hailo_fetch,
    .submit = submit,
    .wait_any = wait_any,
    .trouble = trouble,
    .placement = placement,
    .effective = rg_hailo_effective,
    .state = rg_hailo_state,
    .rails = rg_hailo_rails,
    .read_rail = rg_hailo_read_rail,
    .unload = rg_hailo_unload,
    .close = rg_hailo_session_close,
};
