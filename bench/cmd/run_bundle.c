/* run_bundle.c: the bundle as a sink, and its records. */
#include "bench/cmd/run_bundle.h"

#include <stdlib.h>
#include <string.h>

#include "bench/core/json.h"
#include "bench/result/derive.h"

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

rg_sink rg_bundle_sink(rg_bundle *bundle) {
    return (rg_sink){.user = bundle,
                     .cells = put_cells,
                     .cells_known = rg_bundle_cells(bundle) != NULL,
                     .round = put_round,
                     .has_round = has_round};
}

/* Reads the rounds of one cell; facts are new references that the caller drops. */
static rg_status read_cell(const rg_bundle *bundle, const char *key, rg_arena *arena,
                           rg_round *rounds, size_t *ret_n, rg_err *err) {
    size_t n_orders, n = 0;
    const uint32_t *orders = rg_bundle_rounds(bundle, &n_orders);
    rg_status status = RG_OK;
    for (size_t i = 0; status == RG_OK && i < n_orders; i++) {
        json_t *facts = NULL;
        status = rg_bundle_read_facts(bundle, orders[i], &facts, err);
        bool ours = status == RG_OK && !strcmp(rg_json_get_text(facts, "cell", ""), key);
        json_decref(facts);
        if (!ours)
            continue;
        status = rg_bundle_read_round(bundle, orders[i], arena, &rounds[n], err);
        n += status == RG_OK;
    }
    *ret_n = n;
    return status;
}

static rg_status add_record(const rg_bundle *bundle, const json_t *cell, json_t *records,
                            rg_err *err) {
    size_t n_orders, n = 0;
    rg_bundle_rounds(bundle, &n_orders);
    rg_arena *arena = rg_arena_new(0);
    rg_round *rounds = calloc(n_orders + 1, sizeof *rounds);
    json_t *record = NULL;
    rg_status status = arena && rounds ? read_cell(bundle, rg_json_get_text(cell, "key", ""), arena,
                                                   rounds, &n, err)
                                       : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    if (status == RG_OK)
        status = rg_derive_cell(cell, rounds, n, &record, err);
    if (status == RG_OK && json_array_append_new(records, record) < 0)
        status = rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    for (size_t i = 0; rounds && i < n; i++)
        json_decref(rounds[i].facts);
    free(rounds);
    rg_arena_free(arena);
    return status;
}

rg_status rg_bundle_conclude(rg_bundle *bundle, bool complete, rg_err *err) {
    json_t *records = json_array(), *cell;
    rg_status status = RG_OK;
    size_t i;
    json_array_foreach(rg_bundle_cells(bundle), i, cell) {
        if (status == RG_OK)
            status = add_record(bundle, cell, records, err);
    }
    if (status == RG_OK)
        status = rg_bundle_put_records(bundle, records, err);
    if (status == RG_OK && complete)
        status = rg_bundle_finish(bundle, err);
    json_decref(records);
    return status;
}
