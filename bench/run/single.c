/* single.c: find, probe, admit, open, load, bind, then submit and wait. */
#include "bench/run/single.h"

#include <stdlib.h>

#include "bench/core/clock.h"
#include "bench/run/artefact.h"
#include "bench/run/probe.h"
#include "bench/run/workload.h"

enum { LIMIT_S = 600 };

static rg_settings settings_of(const rg_single_ask *ask) {
    return (rg_settings){.threads = ask->threads,
                         .batch = 1,
                         .variant = ask->variant,
                         .cores = ask->cores,
                         .options = ask->options,
                         .n_options = ask->n_options};
}

static rg_status find_device(rg_single *s, const rg_single_ask *ask, rg_root *root, rg_err *err) {
    const rg_settings settings = settings_of(ask);
    rg_device_list *devices = calloc(1, sizeof *devices);
    if (!devices)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    devices->settings = &settings;
    rg_status status = rg_probe_target(s->target, root, devices, err);
    if (status == RG_OK)
        status = rg_probe_pick(s->target, devices, ask->device, &s->device, err);
    free(devices);
    return status;
}

static rg_status check_io(const rg_single *s, rg_err *err) {
    const rg_graph *graph = s->model->graph;
    bool fits = s->io.n_in == graph->n_in && s->io.n_out == graph->n_out;
    for (uint32_t i = 0; fits && i < graph->n_in; i++)
        fits = s->io.in_bytes[i] == graph->tensors[graph->in[i]].bytes;
    for (uint32_t i = 0; fits && i < graph->n_out; i++)
        fits = s->io.out_bytes[i] == graph->tensors[graph->out[i]].bytes;
    return fits ? RG_OK
                : rg_fail(err, RG_UNSUPPORTED, NULL,
                          "%s has other inputs or outputs than the model file", s->target->name);
}

static rg_status load(rg_single *s, const rg_single_ask *ask, rg_err *err) {
    const rg_model *model = s->model;
    const rg_settings settings = settings_of(ask);
    rg_workload workload = rg_workload_of(model);
    if (model->graph->n_in > RG_MAX_IO || model->graph->n_out > RG_MAX_IO)
        return rg_fail(err, RG_UNSUPPORTED, NULL, "%s has more than %d inputs or outputs",
                       model->graph->name, (int)RG_MAX_IO);
    if (!model->graph->n_out)
        return rg_fail(err, RG_UNSUPPORTED, "export it again with its outputs",
                       "%s has no outputs, so it computes nothing", model->graph->name);
    s->files = rg_arena_new(0);
    rg_status status = s->files ? rg_artefact_open(s->target, &s->device, &settings, model->path,
                                                   s->files, &workload, err)
                                : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    if (status == RG_OK)
        status = s->target->admits(&s->device, &workload, &settings, err);
    if (status == RG_OK)
        status = s->target->open(&s->device, &settings, &s->session, err);
    if (status == RG_OK)
        status = s->target->load(s->session, &workload, 1, &s->program, err);
    if (status == RG_OK && s->target->bind(s->program, 0, &s->io) != RG_OK)
        status = rg_fail(err, RG_FAILED, NULL, "%s cannot provide memory for inputs and outputs",
                         s->target->name);
    return status == RG_OK ? check_io(s, err) : status;
}

rg_status rg_single_open(const rg_single_ask *ask, rg_root *root, rg_single *ret_single,
                         rg_err *err) {
    *ret_single = (rg_single){0};
    rg_status status = rg_probe_find_target(ask->target, &ret_single->target, err);
    if (status == RG_OK)
        status = rg_model_load(ask->model, NULL, &ret_single->model, err);
    if (status == RG_ABSENT || status == RG_DENIED) /* a file, not a device */
        err->status = status = RG_IO;
    if (status == RG_OK)
        status = find_device(ret_single, ask, root, err);
    return status == RG_OK ? load(ret_single, ask, err) : status;
}

rg_status rg_single_run(rg_single *single, int64_t *ret_ns, rg_err *err) {
    rg_done done = {0};
    rg_target_feed(single->target, single->program, 0);
    int64_t start = rg_clock_now_ns();
    rg_status status = single->target->submit(single->program, 0);
    if (status == RG_OK)
        status =
            single->target->wait_any(single->session, start + (int64_t)LIMIT_S * 1000000000, &done);
    if (status == RG_OK)
        status = done.status;
    *ret_ns = rg_clock_now_ns() - start;
    rg_target_fetch(single->target, single->program, 0);
    if (status == RG_OK)
        return RG_OK;
    return rg_fail(err, status == RG_AGAIN ? RG_FAILED : status, NULL,
                   "the inference on %s did not finish: %s", single->device.id,
                   rg_status_text(status));
}

void rg_single_close(rg_single *single) {
    if (single->program)
        single->target->unload(single->program);
    if (single->session)
        single->target->close(single->session);
    rg_model_close(single->model);
    rg_arena_free(single->files);
    *single = (rg_single){0};
}
