/* worker_place.c: what stands behind a cell's figures: device, library and artefact, and which part
 * of the graph ran where. What nobody can tell is written as unknown. */
#include <string.h>

#include "bench/core/json.h"
#include "bench/run/probe.h"
#include "bench/run/worker_priv.h"

void rg_worker_device_facts(rg_worker *worker) {
    json_t *facts = rg_device_facts_json(&worker->device);
    bool simulated = worker->is_virtual || json_object_get(facts, "double");
    json_object_set_new(worker->facts, "provenance",
                        json_string(simulated ? "simulated" : "measured"));
    if (worker->job.kind == RG_JOB_ADMIT)
        json_object_set_new(worker->facts, "virtual", json_boolean(worker->is_virtual));
    if (json_object_size(facts))
        json_object_set(worker->facts, "device_facts", facts);
    json_decref(facts);
}

json_t *rg_worker_artefact_facts(const rg_loaded *loaded) {
    const rg_workload *w = &loaded->workload;
    return json_pack("{s:s, s:s, s:s, s:I}", "form", w->form, "path", w->path, "sha256", w->sha256,
                     "bytes", (json_int_t)w->bytes);
}

/* --- placement -------------------------------------------------------------------------------- */

static void set_known(json_t *object, const char *key, int64_t value) {
    if (value >= 0)
        json_object_set_new(object, key, json_integer((json_int_t)value));
}

static json_t *engines_of(const rg_placement *p) {
    json_t *list = json_array();
    for (uint32_t i = 0; i < p->n_engines && i < RG_MAX_ENGINES; i++) {
        const rg_engine *engine = &p->engines[i];
        json_t *row = json_pack("{s:s, s:b, s:i}", "name", engine->name, "host", (int)engine->host,
                                "nodes", (int)engine->nodes);
        set_known(row, "macs", engine->macs);
        set_known(row, "ns", engine->ns);
        json_array_append_new(list, row);
    }
    return list;
}

static json_t *placement_json(const rg_placement *p) {
    json_t *object = json_pack("{s:b, s:i, s:i}", "known", 1, "nodes", (int)p->nodes,
                               "nodes_on_target", (int)p->nodes_on_target);
    if (p->macs_on_target >= 0)
        set_known(object, "macs", (int64_t)p->macs);
    set_known(object, "macs_on_target", p->macs_on_target);
    set_known(object, "crossings", p->crossings);
    if (*p->how)
        json_object_set_new(object, "how", json_string(p->how));
    if (*p->stays)
        json_object_set_new(object, "stays", json_string(p->stays));
    if (p->n_engines)
        json_object_set_new(object, "engines", engines_of(p));
    return object;
}

void rg_worker_placement(rg_worker *worker) {
    rg_placement *p = rg_arena_alloc(worker->arena, sizeof *p);
    bool told = p && worker->target->placement &&
                worker->target->placement(worker->program, p) == RG_OK && p->known;
    json_object_set_new(worker->facts, "placement",
                        told ? placement_json(p) : json_pack("{s:b}", "known", 0));
}

rg_status rg_worker_check_offload(rg_worker *worker, rg_err *err) {
    const json_t *placement = json_object_get(worker->facts, "placement");
    int64_t all = rg_json_get_int(placement, "nodes", 0);
    int64_t there = rg_json_get_int(placement, "nodes_on_target", 0);
    const char *stays = rg_json_get_text(placement, "stays", "");
    if (!worker->settings.require_full_offload)
        return RG_OK;
    if (!rg_json_get_bool(placement, "known", false) || all <= 0)
        return rg_fail(err, RG_UNSUPPORTED, "leave require_full_offload out to measure it anyway",
                       "full offload is required, and %s does not tell what ran where",
                       worker->target->name);
    if (there == all)
        return RG_OK;
    return rg_fail(err, RG_UNSUPPORTED,
                   "change these operators, or leave require_full_offload out to measure the mix",
                   "full offload is required, and %lld of %lld operators stay on the host%s%s",
                   (long long)(all - there), (long long)all, *stays ? ": " : "", stays);
}
