/* sim_async.c: the simulated device with several requests in flight on parallel servers, on virtual
 * time. The file to copy for a target whose library takes a request and tells later that it is
 * done. See sim.c for what each callback must do; only what differs is explained here. */
#include <stdio.h>
#include <stdlib.h>

#include "bench/core/clock.h"
#include "bench/iface/exec.h"
#include "bench/iface/target.h"
#include "targets/sim_model.h"
#include "targets/sim_work.h"

/* A request in flight: when its server takes it and when it is done. */
typedef struct request {
    bool pending, wrong;
    int64_t start_ns, end_ns;
} request;

struct rg_session {
    rg_sim_options options;
    uint32_t batch;
    unsigned loads;
    rg_program *program; /* that wait_any listens to: the one loaded last */
};

struct rg_program {
    rg_session *session;
    rg_sim_model model;
    rg_sim_work *work;
    unsigned slots;
    request *requests;   /* one a slot */
    int64_t *free_at_ns; /* one a server */
};

static rg_status probe(rg_root *root, rg_device_list *ret_devices, rg_err *err) {
    (void)root;
    (void)err;
    rg_device *device = &ret_devices->items[ret_devices->n++];
    *device = (rg_device){.status = RG_OK};
    snprintf(device->id, sizeof device->id, "sim:async");
    snprintf(device->description, sizeof device->description,
             "simulated, several requests in flight, virtual time");
    return RG_OK;
}

static rg_status admits(const rg_device *device, const rg_workload *workload,
                        const rg_settings *settings, rg_err *err) {
    (void)device;
    rg_sim_options options;
    rg_status status = rg_sim_options_read(settings, &options, err);
    return status == RG_OK ? rg_exec_admits(workload->graph, err) : status;
}

static rg_status open_device(const rg_device *device, const rg_settings *settings,
                             rg_session **ret_session, rg_err *err) {
    (void)device;
    rg_sim_options options;
    rg_status status = rg_sim_options_read(settings, &options, err);
    if (status != RG_OK)
        return status;
    rg_session *session = calloc(1, sizeof *session);
    if (!session)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    session->options = options;
    session->batch = settings->batch;
    rg_clock_set_idle_power(options.idle_mw);
    *ret_session = session;
    return RG_OK;
}

static void unload(rg_program *program) {
    if (!program)
        return;
    if (program->session->program == program)
        program->session->program = NULL;
    rg_sim_work_free(program->work);
    free(program->requests);
    free(program->free_at_ns);
    free(program);
}

static rg_status load(rg_session *session, const rg_workload *workload, unsigned slots,
                      rg_program **ret_program, rg_err *err) {
    const rg_sim_options *options = &session->options;
    rg_program *program = calloc(1, sizeof *program);
    if (!program)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    program->session = session;
    program->slots = slots;
    program->requests = calloc(slots ? slots : 1, sizeof *program->requests);
    program->free_at_ns = calloc((size_t)options->servers, sizeof *program->free_at_ns);
    rg_status status =
        program->requests && program->free_at_ns
            ? rg_sim_work_new(workload->graph, slots, session->batch, &program->work, err)
            : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    if (status != RG_OK) {
        unload(program);
        return status;
    }
    rg_clock_advance(session->loads++ ? options->load_ns / 2 : options->load_ns,
                     (options->power_mw + options->idle_mw) / 2);
    program->model = rg_sim_model_new(options, rg_clock_now_ns());
    session->program = program;
    *ret_program = program;
    return RG_OK;
}

static rg_status bind_slot(rg_program *program, unsigned slot, rg_io *ret_io) {
    rg_sim_work_io(program->work, slot, ret_io);
    return RG_OK;
}

static int64_t *earliest_server(rg_program *program) {
    int64_t *best = &program->free_at_ns[0];
    for (int64_t i = 1; i < program->session->options.servers; i++) {
        if (program->free_at_ns[i] < *best)
            best = &program->free_at_ns[i];
    }
    return best;
}

/* Timed: hands the request over and returns at once. */
static rg_status submit(rg_program *program, unsigned slot) {
    const rg_sim_options *options = &program->session->options;
    uint64_t count = program->model.count;
    int64_t *server = earliest_server(program), now = rg_clock_now_ns();
    request *r = &program->requests[slot];
    rg_sim_misbehave(options, count);
    r->pending = true;
    r->wrong = rg_sim_is_wrong(options, count);
    r->start_ns = *server > now ? *server : now;
    r->end_ns = r->start_ns + rg_sim_model_next_ns(&program->model, r->start_ns);
    *server = r->end_ns;
    return RG_OK;
}

static request *next_done(rg_program *program) {
    request *best = NULL;
    for (unsigned s = 0; s < program->slots; s++) {
        request *r = &program->requests[s];
        if (r->pending && (!best || r->end_ns < best->end_ns))
            best = r;
    }
    return best;
}

/* Power between two completions: idle plus a share for each busy server. */
static double power_now_mw(const rg_program *program, int64_t now_ns) {
    const rg_sim_options *options = &program->session->options;
    unsigned busy = 0;
    for (unsigned s = 0; s < program->slots; s++)
        busy += program->requests[s].pending && program->requests[s].start_ns <= now_ns;
    double share = (double)busy / (double)options->servers;
    double idle_mw = rg_sim_model_idle_mw(&program->model, now_ns);
    double busy_mw = rg_sim_model_busy_mw(&program->model, now_ns);
    return idle_mw + (busy_mw - idle_mw) * (share < 1 ? share : 1);
}

/* Timed: the next finished request, whichever it is. Requests that wait for a server start only
 * when another one ends, so the power is constant until the next completion. */
static rg_status wait_any(rg_session *session, int64_t deadline_ns, rg_done *ret_done) {
    rg_program *program = session->program;
    request *done = program ? next_done(program) : NULL;
    int64_t now = rg_clock_now_ns();
    if (!done)
        return RG_AGAIN;
    int64_t until = done->end_ns < deadline_ns ? done->end_ns : deadline_ns;
    rg_clock_advance(until - now, power_now_mw(program, now));
    if (done->end_ns > deadline_ns)
        return RG_TIMEOUT;
    unsigned slot = (unsigned)(done - program->requests);
    done->pending = false;
    rg_clock_set_idle_power(rg_sim_model_idle_mw(&program->model, done->end_ns));
    rg_sim_work_compute(program->work, slot, done->wrong);
    *ret_done = (rg_done){slot, RG_OK, -1, -1, done->end_ns - done->start_ns, -1, -1};
    return RG_OK;
}

static void usage(const rg_program *program, rg_memory *ret_memory) {
    rg_sim_work_usage(program->work, ret_memory);
}

static void effective(const rg_program *program, char *ret, size_t cap) {
    rg_sim_options_text(&program->session->options, ret, cap);
}

static void close_device(rg_session *session) {
    free(session);
}

const rg_target rg_target_sim_async = {
    .name = "sim-async",
    .summary = "simulated device on virtual time, several requests in flight",
    .caps = RG_TARGET_VIRTUAL_TIME | RG_TARGET_EXACT | RG_TARGET_ASYNC,
    .options = rg_sim_fields,
    .options_size = sizeof(rg_sim_options),
    .probe = probe,
    .admits = admits,
    .open = open_device,
    .load = load,
    .bind = bind_slot,
    .submit = submit,
    .wait_any = wait_any,
    .usage = usage,
    .effective = effective,
    .unload = unload,
    .close = close_device,
};
