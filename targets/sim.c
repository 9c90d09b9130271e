/* sim.c: a simulated device that answers one request at a time: the file to copy when adding a
 * target. Its time is rg_clock's virtual time, so whole runs are repeatable to the byte; its
 * figures are marked `simulated`. Timing lives in sim_model.c, outputs and planted failures in
 * sim_work.c; sim_async.c is the same device with several requests in flight. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/clock.h"
#include "bench/iface/exec.h"
#include "bench/iface/target.h"
#include "targets/sim_model.h"
#include "targets/sim_work.h"

/* A hold on the device. A real target keeps the library's handle and its device here. */
struct rg_session {
    rg_sim_options options;
    uint32_t batch;
    unsigned loads; /* so far: the first one is slower */
    unsigned done;  /* slot that finished last */
    bool any_done;
};

/* A loaded workload: everything the timed calls touch is prepared when it is made. */
struct rg_program {
    rg_session *session;
    rg_sim_model model;
    rg_sim_work *work;
};

/* Lists the devices that are here. A target that finds none adds one entry with status RG_ABSENT or
 * RG_DENIED and says in `what` and `advice` why and what to try. Must be cheap. */
static rg_status probe(rg_root *root, rg_device_list *ret_devices, rg_err *err) {
    (void)root;
    (void)err;
    rg_device *device = &ret_devices->items[ret_devices->n++];
    *device = (rg_device){.status = RG_OK};
    snprintf(device->id, sizeof device->id, "sim:sync");
    snprintf(device->description, sizeof device->description,
             "simulated, one request at a time, virtual time");
    return RG_OK;
}

/* Can this workload run with these settings? Says RG_UNSUPPORTED with the reason, before anything
 * is loaded. Here: whatever the reference can execute. */
static rg_status admits(const rg_device *device, const rg_workload *workload,
                        const rg_settings *settings, rg_err *err) {
    (void)device;
    rg_sim_options options;
    rg_status status = rg_sim_options_read(settings, &options, err);
    return status == RG_OK ? rg_exec_admits(workload->graph, err) : status;
}

/* Opens the device. Nothing of the workload is known yet. */
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
    if (program)
        rg_sim_work_free(program->work);
    free(program);
}

/* Loads a workload for `slots` requests in flight. Timed as a whole (load-cold, load-warm), so do
 * here what need not be done for each inference. */
static rg_status load(rg_session *session, const rg_workload *workload, unsigned slots,
                      rg_program **ret_program, rg_err *err) {
    rg_program *program = calloc(1, sizeof *program);
    if (!program)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    program->session = session;
    rg_status status = rg_sim_work_new(workload->graph, slots, session->batch, &program->work, err);
    if (status != RG_OK) {
        unload(program);
        return status;
    }
    const rg_sim_options *options = &session->options;
    rg_clock_advance(session->loads++ ? options->load_ns / 2 : options->load_ns,
                     (options->power_mw + options->idle_mw) / 2);
    program->model = rg_sim_model_new(options, rg_clock_now_ns());
    *ret_program = program;
    return RG_OK;
}

/* Where the inputs of a slot go and its outputs come. The memory may belong to the runtime. */
static rg_status bind_slot(rg_program *program, unsigned slot, rg_io *ret_io) {
    rg_sim_work_io(program->work, slot, ret_io);
    return RG_OK;
}

/* Timed: the whole inference, since this device is synchronous. Real targets compute here; this one
 * lets virtual time pass, with the power that a virtual sensor then sees. */
static rg_status submit(rg_program *program, unsigned slot) {
    const rg_sim_options *options = &program->session->options;
    uint64_t count = program->model.count;
    rg_sim_misbehave(options, count);
    double busy_mw = rg_sim_model_busy_mw(&program->model, rg_clock_now_ns());
    rg_clock_advance(rg_sim_model_next_ns(&program->model, rg_clock_now_ns()), busy_mw);
    rg_clock_set_idle_power(rg_sim_model_idle_mw(&program->model, rg_clock_now_ns()));
    rg_sim_work_compute(program->work, slot, rg_sim_is_wrong(options, count));
    program->session->done = slot;
    program->session->any_done = true;
    return RG_OK;
}

/* Timed on asynchronous targets only. A synchronous one answers the slot just submitted. */
static rg_status wait_any(rg_session *session, int64_t deadline_ns, rg_done *ret_done) {
    (void)deadline_ns;
    if (!session->any_done)
        return RG_AGAIN;
    session->any_done = false;
    *ret_done = (rg_done){session->done, RG_OK, -1, -1, -1, -1, -1};
    return RG_OK;
}

/* Optional: memory that the program holds; -1 where unknown. */
static void usage(const rg_program *program, rg_memory *ret_memory) {
    rg_sim_work_usage(program->work, ret_memory);
}

/* Optional: the settings that are really in force, for the record. */
static void effective(const rg_program *program, char *ret, size_t cap) {
    rg_sim_options_text(&program->session->options, ret, cap);
}

static void close_device(rg_session *session) {
    free(session);
}

const rg_target rg_target_sim = {
    .name = "sim",
    .summary = "simulated device on virtual time, one request at a time; repeatable to the byte",
    .caps = RG_TARGET_VIRTUAL_TIME | RG_TARGET_EXACT,
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
