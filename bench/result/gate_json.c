/* gate_json.c: everything that the gate found, as one JSON object. */
#include <math.h>

#include "bench/core/json.h"
#include "bench/result/gate_priv.h"

static json_t *side_to_json(const rg_gate_side *side) {
    const json_t *plan = json_object_get(side->facts, "plan");
    return json_pack("{s:s, s:s, s:s, s:b}", "path", side->name, "plan",
                     rg_json_get_text(plan, "hash", ""), "created",
                     rg_json_get_text(side->facts, "created", ""), "finished", side->finished);
}

static const char *better_word(int metric) {
    static const char *const words[] = {"none", "lower", "higher"};
    return words[rg_figure_rows[metric].better];
}

static json_t *test_to_json(const rg_gate_test *test) {
    json_t *row =
        json_pack("{s:s, s:s, s:s, s:s, s:s}", "cell", test->key, "name", test->cell, "verdict",
                  rg_verdict_word(test->verdict), "method", test->method, "note", test->note);
    if (!row || test->metric == RG_FIG_COUNT)
        return row;
    const rg_figure_row *figure = &rg_figure_rows[test->metric];
    json_object_set_new(row, "metric", json_string(figure->key));
    json_object_set_new(row, "unit", json_string(figure->unit));
    json_object_set_new(row, "better", json_string(better_word(test->metric)));
    const struct {
        const char *key;
        double value;
    } reals[] = {{"baseline", test->baseline}, {"candidate", test->candidate},
                 {"change", test->change},     {"change_low", test->low},
                 {"change_high", test->high},  {"tolerance", test->tolerance},
                 {"target", test->target},     {"p_worse", test->p_worse},
                 {"p_better", test->p_better}, {"q_worse", test->q_worse},
                 {"q_better", test->q_better}, {"sd_log", test->sd_log}};
    for (size_t i = 0; i < sizeof reals / sizeof reals[0]; i++)
        rg_json_set_real(row, reals[i].key, reals[i].value);
    json_object_set_new(row, "rounds_baseline", json_integer((json_int_t)test->rounds_baseline));
    json_object_set_new(row, "rounds_candidate", json_integer((json_int_t)test->rounds_candidate));
    if (test->rounds_needed)
        json_object_set_new(row, "rounds_needed", json_integer((json_int_t)test->rounds_needed));
    return row;
}

json_t *rg_gate_to_json(const rg_gate *gate) {
    json_t *counts = json_object(), *tests = json_array(), *notes = json_array();
    for (int v = 0; v < RG_VERDICT_COUNT; v++)
        json_object_set_new(counts, rg_verdict_word((rg_verdict)v),
                            json_integer((json_int_t)gate->counts[v]));
    for (size_t i = 0; i < gate->n; i++)
        json_array_append_new(tests, test_to_json(&gate->tests[i]));
    for (size_t i = 0; i < gate->n_notes; i++)
        json_array_append_new(notes, json_string(gate->notes[i]));
    return json_pack("{s:i, s:o?, s:o?, s:b, s:I, s:i, s:o, s:o, s:o}", "schema", RG_SCHEMA_VERSION,
                     "baseline", side_to_json(&gate->baseline), "candidate",
                     side_to_json(&gate->candidate), "interleaved", gate->interleaved, "cells",
                     (json_int_t)gate->n_cells, "exit", (int)gate->exit, "counts", counts, "notes",
                     notes, "tests", tests);
}
