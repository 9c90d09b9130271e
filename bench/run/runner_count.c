/* runner_count.c: which rounds of a cell have their instructions counted by valgrind: those that
 * asked for them and were refused a hardware counter, until two rounds gave the same number. */
#include <string.h>

#include "bench/core/json.h"
#include "bench/run/instructions.h"
#include "bench/run/runner_priv.h"

/* The refusal that stands where the count would; NULL when it was counted, or not asked for. */
static const json_t *refusal_in(const json_t *counters) {
    const json_t *found = json_object_get(counters, "instructions");
    bool is_refusal = !strcmp(rg_json_get_text(found, "na", ""), "no-counters");
    return is_refusal ? found : NULL;
}

static json_t *count(rg_runner *run, const rg_slot *slot, const rg_job *job, rg_child *child) {
    rg_counted *known = &run->counted[slot->cell];
    const json_t *work = json_object_get(child->facts, "work");
    const rg_instructions_ask ask = {.program = run->spec->program,
                                     .job = job,
                                     .macs = (uint64_t)rg_json_get_int(work, "macs", 0),
                                     .stop = &rg_runner_stop};
    if (known->refusal)
        return json_incref(known->refusal);
    if (known->agreed)
        return json_pack("{s:s, s:s}", "na", "counted-before", "what",
                         "two rounds before this one gave the same number");
    rg_runner_report(run, "counting", 0, NULL);
    json_t *answer = rg_instructions_count(&ask);
    double now = rg_json_get_real(answer, "value", 0);
    known->refusal = now > 0 ? NULL : json_incref(answer);
    known->agreed = now > 0 && now == known->per_inference;
    known->per_inference = now;
    return answer;
}

void rg_runner_count_instructions(rg_runner *run, const rg_slot *slot, const rg_job *job,
                                  rg_child *child) {
    json_t *counters = json_object_get(child->facts, "counters");
    if (child->status != RG_OK || !refusal_in(counters))
        return;
    json_t *answer = count(run, slot, job, child);
    if (rg_runner_stop) {
        json_decref(answer);
        child->status =
            rg_fail(&child->err, RG_INTERRUPTED, "run again with --resume", "stopped by a signal");
    } else if (answer) {
        json_object_set_new(counters, "instructions", answer);
    }
}
