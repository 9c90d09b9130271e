/* rebuild.c: a bundle's records again from its rounds: at the end of a run, and for bundles that
 * were interrupted or derived by an older program. */
#include <stdlib.h>
#include <string.h>

#include "bench/core/json.h"
#include "bench/result/bundle_priv.h"
#include "bench/result/derive.h"

/* The cell (line of cells.jsonl) of each round of the bundle; UINT32_MAX for none. */
static rg_status cells_of_rounds(const rg_bundle *bundle, uint32_t *ret_cells, rg_err *err) {
    rg_status status = RG_OK;
    for (size_t i = 0; status == RG_OK && i < bundle->n_rounds; i++) {
        json_t *facts = NULL, *line;
        size_t k;
        status = rg_bundle_read_facts(bundle, bundle->rounds[i], &facts, err);
        const char *key = rg_json_get_text(facts, "cell", "");
        ret_cells[i] = UINT32_MAX;
        json_array_foreach(bundle->cells, k, line) {
            if (!strcmp(rg_json_get_text(line, "key", ""), key))
                ret_cells[i] = (uint32_t)k;
        }
        json_decref(facts);
    }
    return status;
}

/* The record of cell `cell`, with its rounds in memory only meanwhile. */
static rg_status derive_one(const rg_bundle *bundle, uint32_t cell, const uint32_t *cell_of,
                            json_t *records, rg_err *err) {
    rg_arena *arena = rg_arena_new(0);
    rg_round *rounds = arena ? rg_arena_array(arena, bundle->n_rounds + 1, sizeof *rounds) : NULL;
    rg_status status = rounds ? RG_OK : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    json_t *record = NULL;
    size_t n = 0;
    for (size_t i = 0; status == RG_OK && i < bundle->n_rounds; i++) {
        if (cell_of[i] != cell)
            continue;
        status = rg_bundle_read_round(bundle, bundle->rounds[i], arena, &rounds[n], err);
        n += status == RG_OK;
    }
    if (status == RG_OK)
        status = rg_derive_cell(json_array_get(bundle->cells, cell), rounds, n, &record, err);
    if (status == RG_OK)
        json_array_append_new(records, record);
    for (size_t i = 0; i < n; i++)
        json_decref(rounds[i].facts);
    rg_arena_free(arena);
    return status;
}

rg_status rg_bundle_derive_cell(const rg_bundle *bundle, uint32_t cell, json_t **ret_record,
                                rg_err *err) {
    json_t *records = json_array();
    uint32_t *cell_of = calloc(bundle->n_rounds + 1, sizeof *cell_of);
    rg_status status =
        records && cell_of ? RG_OK : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    if (status == RG_OK)
        status = cells_of_rounds(bundle, cell_of, err);
    if (status == RG_OK)
        status = derive_one(bundle, cell, cell_of, records, err);
    if (status == RG_OK)
        *ret_record = json_incref(json_array_get(records, 0));
    free(cell_of);
    json_decref(records);
    return status;
}

rg_status rg_bundle_derive(const rg_bundle *bundle, json_t **ret_records, rg_err *err) {
    json_t *records = json_array();
    uint32_t *cell_of = calloc(bundle->n_rounds + 1, sizeof *cell_of);
    rg_status status =
        records && cell_of ? RG_OK : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    if (status == RG_OK)
        status = cells_of_rounds(bundle, cell_of, err);
    for (size_t i = 0; status == RG_OK && i < json_array_size(bundle->cells); i++)
        status = derive_one(bundle, (uint32_t)i, cell_of, records, err);
    free(cell_of);
    if (status == RG_OK)
        *ret_records = records;
    else
        json_decref(records);
    return status;
}
