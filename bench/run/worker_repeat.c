/* worker_repeat.c: a workload loaded and run a stated number of times, so that a tool around the
 * worker can count what inferences cost (instructions.c). Nothing here depends on clocks, on the
 * machine's state or on luck: two such runs differ by their inferences alone. */
#include "bench/core/isa.h"
#include "bench/core/json.h"
#include "bench/run/worker_priv.h"

static rg_status load(rg_worker *worker, rg_err *err) {
    rg_status status = rg_worker_find_target(worker, err);
    if (status == RG_OK)
        status = rg_worker_find_device(worker, err);
    if (status == RG_OK)
        status = rg_worker_open(worker, err);
    if (status == RG_OK)
        status = rg_worker_source(worker, err);
    if (status == RG_OK)
        status = rg_worker_load_program(worker, err);
    if (status != RG_OK)
        return status;
    worker->repeat = rg_inputs_repeat(worker->loaded.workload.graph, worker->settings.batch);
    return status == RG_OK ? rg_worker_bind(worker, err) : status;
}

rg_status rg_worker_repeat(rg_worker *worker, rg_err *err) {
    char isa[96];
    rg_sample sample;
    rg_status status = load(worker, err);
    for (uint32_t i = 0; status == RG_OK && i <= worker->job.inferences; i++)
        status = rg_loop_once(&worker->loop, 0, &sample, err);
    rg_isa_text(rg_isa_allowed(), isa, sizeof isa);
    json_object_set_new(worker->facts, "isa", json_string(isa));
    return status;
}
