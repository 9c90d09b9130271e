/* small_run.h: a made-up run of two cells for tests of the bundle: a plan, a scenario with a
 * required file, rounds with samples, rails and power rows. Deterministic. */
#ifndef RG_TESTS_SMALL_RUN_H
#define RG_TESTS_SMALL_RUN_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/result/bundle.h"

enum { SMALL_CELLS = 2, SMALL_ROUNDS = 4, SMALL_SAMPLES = 5 };

typedef struct small_run {
    rg_cell cells[SMALL_CELLS];
    rg_plan plan;
    rg_bundle_file file;
    rg_bundle_spec spec;
    json_t *facts;
} small_run;

static inline void small_run_fill(small_run *run, const char *out) {
    static const char *const names[SMALL_CELLS] = {"ds-cnn/sim", "resnet/sim"};
    *run = (small_run){0};
    for (int i = 0; i < SMALL_CELLS; i++) {
        rg_hash_bytes(names[i], strlen(names[i]), run->cells[i].key);
        run->cells[i].name = names[i];
    }
    run->plan = (rg_plan){.name = "small run",
                          .summary = "two cells",
                          .cells = run->cells,
                          .n_cells = SMALL_CELLS,
                          .rounds = SMALL_ROUNDS / SMALL_CELLS,
                          .seed = 18446744073709551615u};
    rg_hash_bytes("plan", 4, run->plan.hash);
    run->file = (rg_bundle_file){"lib/nets.lua", "return {}\n", 10};
    run->facts = json_pack("{s:{s:s}, s:i}", "host", "board", "t\xc3\xa9st", "schema", 99);
    run->spec = (rg_bundle_spec){.out = out,
                                 .plan = &run->plan,
                                 .scenario = "return rg.scenario { name = 'small' }\n",
                                 .files = &run->file,
                                 .n_files = 1,
                                 .facts = run->facts,
                                 .wall_ns = 1767225600000000000};
}

static inline json_t *small_run_cells(const small_run *run) {
    json_t *list = json_array();
    for (int i = 0; i < SMALL_CELLS; i++)
        json_array_append_new(list,
                              json_pack("{s:s, s:s, s:{s:s}}", "key", run->cells[i].key, "name",
                                        run->cells[i].name, "admission", "status", "ok"));
    return list;
}

static inline json_t *small_run_records(const small_run *run) {
    json_t *list = json_array();
    for (int i = 0; i < SMALL_CELLS; i++)
        json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "cell", run->cells[i].key, "name",
                                              run->cells[i].name, "status", "ok"));
    return list;
}

/* Round `order` of the run; facts are malloc'ed, the rest is static until the next call. */
static inline rg_round small_run_round(const small_run *run, uint32_t order) {
    static rg_sample samples[SMALL_SAMPLES];
    static rg_rail rail;
    static rg_power_row rows[2];
    for (int i = 0; i < SMALL_SAMPLES; i++)
        samples[i] = (rg_sample){1000000000LL * order + 1000 * i,
                                 1000000000LL * order + 1000 * i + 900 + 7 * i};
    rail = (rg_rail){.id = "sim:total",
                     .label = "total",
                     .sensor = "sim",
                     .scope = RG_SCOPE_BOARD_IN,
                     .role = RG_ROLE_TOTAL,
                     .kind = RG_POWER_COUNTER,
                     .refresh_s = 0.1,
                     .limits = {.gain = 0.01, .counter_wrap_uj = UINT64_MAX}};
    for (int i = 0; i < 2; i++)
        rows[i] = (rg_power_row){.t_ns = 50 + i,
                                 .half_ns = 3,
                                 .power_mw = 1.0 / 3 * (i + 1),
                                 .energy_uj = NAN,
                                 .voltage_mv = 12000,
                                 .current_ma = NAN};
    rg_round round = {.cell = order % SMALL_CELLS,
                      .number = order / SMALL_CELLS,
                      .order = order,
                      .status = RG_OK,
                      .samples = samples,
                      .n_samples = SMALL_SAMPLES,
                      .rails = &rail,
                      .n_rails = 1,
                      .power = rows,
                      .n_power = 2,
                      .output = "hello \xff\xfe from a library\n",
                      .output_bytes = 25};
    round.facts = json_pack("{s:s, s:i, s:i, s:s, s:s}", "cell", run->cells[round.cell].key,
                            "round", (int)round.number, "order", (int)order, "status", "ok",
                            "provenance", "simulated");
    return round;
}

/* Stores round `order`; the status of the call. */
static inline rg_status small_run_put(const small_run *run, rg_bundle *bundle, uint32_t order,
                                      rg_err *err) {
    rg_round round = small_run_round(run, order);
    rg_status status = rg_bundle_put_round(bundle, &round, err);
    json_decref(round.facts);
    return status;
}

/* The whole run from wherever the bundle stands: cells, missing rounds, records, manifest. */
static inline rg_status small_run_go_on(const small_run *run, rg_bundle *bundle, rg_err *err) {
    rg_status status = RG_OK;
    json_t *cells = small_run_cells(run), *records = small_run_records(run);
    if (!rg_bundle_cells(bundle))
        status = rg_bundle_put_cells(bundle, cells, err);
    for (uint32_t order = 0; status == RG_OK && order < SMALL_ROUNDS; order++) {
        if (!rg_bundle_has_round(bundle, order))
            status = small_run_put(run, bundle, order, err);
    }
    if (status == RG_OK)
        status = rg_bundle_put_records(bundle, records, err);
    if (status == RG_OK)
        status = rg_bundle_finish(bundle, err);
    json_decref(cells);
    json_decref(records);
    return status;
}

static inline void small_run_free(small_run *run) {
    json_decref(run->facts);
}

#endif
