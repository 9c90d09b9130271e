/* write_bundle.c: a stand-in for a whole run: writes a finished bundle of made-up rounds through
 * the program's own bundle and derivation, for tests/cli/recompute.py to check with other code, or
 * (for benchmarks) many, an hour apart and each of rounds of its own.
 * Usage: write_bundle FOLDER [COUNT] */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/rng.h"
#include "bench/result/bundle.h"
#include "bench/result/derive.h"

enum { CELLS = 4, MOST_ROWS = 400 };

/* Rows a round, rounds, K inferences a row, samples a request, overhead a row. */
static const struct {
    const char *name;
    size_t rows, rounds;
    int block, batch;
    double overhead_ns, macs;
} kinds[CELLS] = {{"steady/sim", 400, 6, 1, 1, 100, 7.5e6},
                  {"tiny/sim", 250, 3, 64, 1, 9000, 1000},
                  {"batch/sim", 90, 1, 1, 8, 0, 3e9},
                  {"few/sim", 30, 2, 1, 1, 0, 0}};

static int fail(const rg_err *err) {
    fprintf(stderr, "write_bundle: %s\n", err->what);
    return 1;
}

static size_t bundle_number; /* of many */

static size_t make_rows(size_t kind, size_t round, rg_sample *rows) {
    rg_rng rng = rg_rng_seeded(bundle_number * 10000 + kind * 1000 + round + 1);
    double launch = exp(0.02 * rg_rng_normal12(&rng));
    int64_t t = 1000000007 * (int64_t)(round + 1);
    for (size_t i = 0; i < kinds[kind].rows; i++) {
        double ns = 1e6 * launch * exp(0.1 * rg_rng_normal12(&rng)) * (i < 9 ? 3 : 1);
        rows[i] = (rg_sample){t, t + (int64_t)ns};
        t = rows[i].end_ns + 250;
    }
    return kinds[kind].rows;
}

static json_t *make_facts(size_t kind, size_t round, const char *key, const rg_sample *rows) {
    size_t n = kinds[kind].rows;
    json_int_t inferences = (json_int_t)(n - 9) * kinds[kind].block;
    return json_pack("{s:s, s:s, s:i, s:s, s:s, s:i, s:i, s:i, s:f, s:{s:I, s:I, s:I}, s:{s:I}}",
                     "cell", key, "name", kinds[kind].name, "round", (int)round, "status", "ok",
                     "provenance", "simulated", "block", kinds[kind].block, "batch",
                     kinds[kind].batch, "warmup", 9, "overhead_ns", kinds[kind].overhead_ns,
                     "window", "start_ns", (json_int_t)rows[9].start_ns, "end_ns",
                     (json_int_t)rows[n - 1].end_ns, "inferences", inferences, "work", "macs",
                     (json_int_t)kinds[kind].macs);
}

static rg_status put_cell(rg_bundle *bundle, size_t kind, const json_t *cell, uint32_t *order,
                          json_t *records, rg_err *err) {
    static rg_sample rows[8][MOST_ROWS];
    rg_round rounds[8];
    const char *key = json_string_value(json_object_get(cell, "key"));
    rg_status status = RG_OK;
    size_t n = kinds[kind].rounds;
    for (size_t r = 0; r < n; r++) {
        rounds[r] = (rg_round){.number = (uint32_t)r, .order = (*order)++, .samples = rows[r]};
        rounds[r].n_samples = make_rows(kind, r, rows[r]);
        rounds[r].facts = make_facts(kind, r, key, rows[r]);
        if (status == RG_OK)
            status = rg_bundle_put_round(bundle, &rounds[r], err);
    }
    json_t *record = NULL;
    if (status == RG_OK)
        status = rg_derive_cell(cell, rounds, n, &record, err);
    if (status == RG_OK)
        status = rg_record_check(record, err);
    if (record)
        json_array_append_new(records, record);
    for (size_t r = 0; r < n; r++)
        json_decref(rounds[r].facts);
    return status;
}

static rg_status fill(rg_bundle *bundle, const rg_cell *cells, rg_err *err) {
    json_t *lines = json_array(), *records = json_array();
    uint32_t order = 0;
    for (size_t i = 0; i < CELLS; i++)
        json_array_append_new(lines,
                              json_pack("{s:s, s:s}", "key", cells[i].key, "name", cells[i].name));
    rg_status status = rg_bundle_put_cells(bundle, lines, err);
    for (size_t i = 0; i < CELLS && status == RG_OK; i++)
        status = put_cell(bundle, i, json_array_get(lines, i), &order, records, err);
    if (status == RG_OK)
        status = rg_bundle_put_records(bundle, records, err);
    if (status == RG_OK)
        status = rg_bundle_finish(bundle, err);
    json_decref(lines);
    json_decref(records);
    return status;
}

static rg_status write_one(rg_bundle_spec *spec, rg_err *err) {
    rg_bundle *bundle = NULL;
    rg_status status = rg_bundle_create(spec, &bundle, err);
    if (status == RG_OK)
        status = fill(bundle, spec->plan->cells, err);
    rg_bundle_close(bundle);
    return status;
}

int main(int argc, char **argv) {
    rg_err err = RG_ERR_INIT;
    rg_cell cells[CELLS] = {0};
    for (size_t i = 0; i < CELLS; i++) {
        rg_hash_bytes(kinds[i].name, strlen(kinds[i].name), cells[i].key);
        cells[i].name = kinds[i].name;
    }
    rg_plan plan = {
        .name = "made up", .summary = "", .cells = cells, .n_cells = CELLS, .rounds = 6};
    rg_hash_bytes("plan", 4, plan.hash);
    rg_bundle_spec spec = {
        .out = argc > 1 ? argv[1] : ".", .plan = &plan, .scenario = "return nil\n"};
    size_t many = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
    rg_status status = many ? RG_OK : write_one(&spec, &err);
    for (; status == RG_OK && bundle_number < many; bundle_number++) {
        spec.wall_ns = (int64_t)(1767225600 + 3600 * bundle_number) * 1000000000;
        status = write_one(&spec, &err);
    }
    return status == RG_OK ? 0 : fail(&err);
}
