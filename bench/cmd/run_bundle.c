/* run_bundle.c: the bundle as a sink, and its records. */
#include "bench/cmd/run_bundle.h"

#include "bench/core/json.h"

static rg_status put_cells(void *user, const json_t *lines, rg_err *err) {
    return rg_bundle_put_cells(user, lines, err);
}

static rg_status put_round(void *user, const rg_round *round, rg_err *err) {
    return rg_bundle_put_round(user, round, err);
}

static bool has_round(void *user, uint32_t order, rg_status *ret_status) {
    json_t *facts = NULL;
    if (!rg_bundle_has_round(user, order))
        return false;
    *ret_status = RG_OK;
    if (rg_bundle_read_facts(user, order, &facts, NULL) == RG_OK)
        rg_status_from_word(rg_json_get_text(facts, "status", "ok"), ret_status);
    json_decref(facts);
    return true;
}

/* Half the p95 interval against p95. What cannot be derived is not precise. */
static bool is_precise(void *user, uint32_t cell, double share) {
    json_t *record = NULL;
    if (rg_bundle_derive_cell(user, cell, &record, NULL) != RG_OK)
        return false;
    const json_t *p95 = json_object_get(json_object_get(record, "figures"), "latency_p95_ns");
    double value = rg_json_get_real(p95, "value", 0), low = rg_json_get_real(p95, "low", -1),
           high = rg_json_get_real(p95, "high", -1);
    json_decref(record);
    return value > 0 && low >= 0 && (high - low) / 2 <= share * value;
}

rg_sink rg_bundle_sink(rg_bundle *bundle) {
    return (rg_sink){.user = bundle,
                     .cells = put_cells,
                     .cells_known = rg_bundle_cells(bundle) != NULL,
                     .round = put_round,
                     .has_round = has_round,
                     .precise = is_precise};
}

rg_status rg_bundle_conclude(rg_bundle *bundle, bool complete, rg_err *err) {
    json_t *records = NULL;
    rg_status status = rg_bundle_derive(bundle, &records, err);
    if (status == RG_OK)
        status = rg_bundle_put_records(bundle, records, err);
    if (status == RG_OK && complete)
        status = rg_bundle_finish(bundle, err);
    json_decref(records);
    return status;
}
