/* store_verdict.c: what a gate judged, kept with all that went into it: one row a test. */
#include <stdlib.h>

#include "bench/core/json.h"
#include "bench/result/result.h"
#include "bench/result/store_priv.h"

static rg_status put_test(rg_store *store, const rg_gate *gate, size_t i, const json_t *facts,
                          const char *now, const char *who, int64_t id, rg_err *err) {
    const rg_gate_test *test = &gate->tests[i];
    char *text = rg_json_text(facts, 0);
    if (!text)
        return rg_store_no_memory(err);
    const char *metric = test->metric == RG_FIG_COUNT ? "cell" : rg_figure_rows[test->metric].key;
    rg_status status =
        rg_store_do(store, RG_SQL_PUT_VERDICT, err, "itttttttrrt", id, now, who,
                    gate->baseline.name, gate->candidate.name, test->key, metric,
                    rg_verdict_word(test->verdict), test->tolerance, test->target, text);
    free(text);
    return status;
}

static rg_status put_tests(rg_store *store, const rg_gate *gate, const json_t *tests,
                           const char *who, rg_err *err) {
    char now[RG_STORE_TIME];
    int64_t id = 0;
    rg_store_now(now);
    rg_status status =
        rg_store_one_int(store, RG_SQL_NEXT_VERDICT,
                         rg_store_start(store, RG_SQL_NEXT_VERDICT, err, ""), 1, &id, err);
    for (size_t i = 0; status == RG_OK && i < gate->n; i++)
        status = put_test(store, gate, i, json_array_get(tests, i), now, who, id++, err);
    return status;
}

rg_status rg_store_put_gate(rg_store *store, const rg_gate *gate, const char *who, rg_err *err) {
    json_t *all = rg_gate_to_json(gate, NULL);
    const json_t *tests = json_object_get(all, "tests");
    rg_status status =
        json_array_size(tests) == gate->n ? rg_store_begin(store, err) : rg_store_no_memory(err);
    if (status == RG_OK)
        status = rg_store_commit(store, put_tests(store, gate, tests, who, err), err);
    json_decref(all);
    return status;
}
