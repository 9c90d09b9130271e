/* plan.c: a request becomes a plan: cells in the order in which they were asked for, each with a
 * key, none twice. The same document always gives the same plan. plancell.c builds one cell. */
#include <stdlib.h>
#include <string.h>

#include "bench/core/json.h"
#include "bench/core/text.h"
#include "bench/run/plancell.h"
#include "bench/run/request.h"
#include "bench/run/schema.h"
#include "bench/run/skips.h"

enum { MAX_CELLS = 1000000 };

static rg_status no_memory(rg_err *err) {
    return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory planning");
}

/* A list of texts as a NULL-ended array in the arena. */
static rg_status text_list(rg_plan *plan, const json_t *list, const char *key,
                           const char *const **ret_list, rg_err *err) {
    size_t n = json_array_size(list);
    if (list && !json_is_array(list))
        return rg_fail(err, RG_USAGE, "write {\"one\", \"two\"}", "measure.%s must be a list", key);
    const char **texts = rg_arena_array(plan->arena, n + 1, sizeof *texts);
    if (!texts)
        return no_memory(err);
    for (size_t i = 0; i < n; i++) {
        const char *text = json_string_value(json_array_get(list, i));
        if (!text)
            return rg_fail(err, RG_USAGE, "write {\"one\", \"two\"}", "measure.%s[%zu] is no text",
                           key, i + 1);
        texts[i] = rg_arena_strdup(plan->arena, text);
        if (!texts[i])
            return no_memory(err);
    }
    *ret_list = texts;
    return RG_OK;
}

/* Others can never be looked over: docs/power.md. */
static rg_status check_accepted(const rg_plan *plan, rg_err *err) {
    static const char *const open[] = {"throttle", "idle-drift", "disagree", "not-steady"};
    for (size_t i = 0; plan->accept[i]; i++) {
        bool known = false;
        for (size_t k = 0; k < sizeof open / sizeof open[0]; k++)
            known |= !strcmp(open[k], plan->accept[i]);
        if (!known)
            return rg_fail(err, RG_USAGE, "one of: throttle idle-drift disagree not-steady",
                           "measure.accept[%zu]: '%s' cannot be accepted", i + 1, plan->accept[i]);
    }
    return RG_OK;
}

static rg_status read_measure(rg_plan *plan, const json_t *measure, rg_err *err) {
    rg_measure_spec spec = {0};
    json_t *none = json_object();
    rg_status status = rg_schema_parse(&rg_schema_measure, measure ? measure : none, &spec, err);
    json_decref(none);
    plan->power = spec.power;
    plan->per_op = spec.per_op;
    plan->idle_ns = spec.idle_ns;
    if (status == RG_OK)
        status = text_list(plan, json_object_get(measure, "rails"), "rails", &plan->rails, err);
    if (status == RG_OK)
        status =
            text_list(plan, json_object_get(measure, "counters"), "counters", &plan->counters, err);
    if (status == RG_OK)
        status = text_list(plan, json_object_get(measure, "accept"), "accept", &plan->accept, err);
    return status == RG_OK ? check_accepted(plan, err) : status;
}

static rg_status read_head(rg_plan *plan, const json_t *request, rg_err *err) {
    rg_scenario_spec spec = {0};
    rg_status status = rg_schema_parse(&rg_schema_scenario, request, &spec, err);
    if (status != RG_OK)
        return status;
    plan->name = rg_arena_strdup(plan->arena, spec.name);
    plan->summary = rg_arena_strdup(plan->arena, spec.summary);
    plan->seed = (uint64_t)spec.seed;
    status = rg_skips_check(json_object_get(request, "skip"), err);
    if (status != RG_OK)
        return status;
    json_t *gate = json_object_get(request, "gate");
    plan->gate = json_is_object(gate) ? json_incref(gate) : json_object();
    plan->request = json_deep_copy(request);
    return plan->name && plan->summary && plan->gate && plan->request ? RG_OK : no_memory(err);
}

static rg_status duplicate(const rg_plan *plan, size_t first, size_t second, rg_err *err) {
    const rg_cell *a = &plan->cells[first], *b = &plan->cells[second];
    const char *advice = strcmp(a->source, b->source)
                             ? "give one of the two a name of its own by workload = \"...\""
                             : "remove one of the two";
    return rg_fail(err, RG_USAGE, advice, "cells %zu (%s, %s) and %zu (%s, %s) ask for the same",
                   first + 1, a->name, a->source, second + 1, b->name, b->source);
}

static rg_status check_unique(const rg_plan *plan, rg_err *err) {
    json_t *seen = json_object();
    rg_status status = seen ? RG_OK : no_memory(err);
    for (size_t i = 0; status == RG_OK && i < plan->n_cells; i++) {
        const json_t *before = json_object_get(seen, plan->cells[i].key);
        if (!before)
            before = json_object_get(seen, plan->cells[i].name);
        if (before)
            status = duplicate(plan, (size_t)json_integer_value(before), i, err);
        else if (json_object_set_new(seen, plan->cells[i].key, json_integer((json_int_t)i)) < 0 ||
                 json_object_set_new(seen, plan->cells[i].name, json_integer((json_int_t)i)) < 0)
            status = no_memory(err);
    }
    json_decref(seen);
    return status;
}

/* What a cell that could not be built was, as far as it can be told. */
static void name_cell(const json_t *asked, size_t number, rg_err *err) {
    const char *what = rg_json_get_text(asked, "model", NULL);
    what = what ? what : rg_json_get_text(asked, "file", NULL);
    what = what ? what : rg_json_get_text(json_object_get(asked, "op"), "kind", "");
    rg_err_prefix(err, "cell %zu%s%s%s", number, *what ? " (" : "", what, *what ? ")" : "");
}

static rg_status read_cells(rg_plan *plan, const json_t *request, rg_err *err) {
    const json_t *cells = json_object_get(request, "cells");
    size_t n = json_array_size(cells);
    if (n == 0)
        return rg_fail(err, RG_USAGE,
                       "give cells = { {model = \"ds-cnn\", target = \"cpu\"} }; a "
                       "filter may have left none",
                       "the scenario has no cells");
    if (n > MAX_CELLS)
        return rg_fail(err, RG_USAGE, "filter the matrix",
                       "the scenario has %zu cells, more than "
                       "a million",
                       n);
    rg_tier tier = rg_tiers[0];
    rg_status status = rg_plancell_tier(json_object_get(request, "tier"), &tier, &tier, err);
    plan->cells = rg_arena_array(plan->arena, n, sizeof *plan->cells);
    if (!plan->cells)
        return no_memory(err);
    for (size_t i = 0; status == RG_OK && i < n; i++) {
        const json_t *asked = json_array_get(cells, i);
        plan->n_cells = i + 1;
        status = rg_plancell_build(asked, &tier, plan->seed, plan->arena, &plan->cells[i], err);
        if (status != RG_OK)
            name_cell(asked, i + 1, err);
    }
    return status == RG_OK ? check_unique(plan, err) : status;
}

/* Hash and largest number of rounds, over the cells that the plan holds now. */
static rg_status finish(rg_plan *plan, rg_err *err) {
    rg_text text = {0};
    plan->rounds = 0;
    for (size_t i = 0; i < plan->n_cells; i++) {
        rg_text_printf(&text, "%s\n", plan->cells[i].key);
        if (plan->cells[i].tier.rounds > plan->rounds)
            plan->rounds = plan->cells[i].tier.rounds;
    }
    const json_t *measure = json_object_get(plan->request, "measure");
    char *line = measure ? json_dumps(measure, JSON_SORT_KEYS | JSON_COMPACT) : strdup("{}");
    if (line)
        rg_text_add(&text, line);
    bool good = line && !text.failed;
    if (good)
        rg_hash_bytes(text.data, text.bytes, plan->hash);
    free(line);
    rg_text_free(&text);
    return good ? RG_OK : no_memory(err);
}

rg_status rg_plan_build(const json_t *request, rg_plan **ret_plan, rg_err *err) {
    rg_plan *plan = calloc(1, sizeof *plan);
    if (!plan)
        return no_memory(err);
    plan->arena = rg_arena_new(0);
    rg_status status = plan->arena ? read_head(plan, request, err) : no_memory(err);
    if (status == RG_OK)
        status = read_measure(plan, json_object_get(request, "measure"), err);
    if (status == RG_OK)
        status = read_cells(plan, request, err);
    if (status == RG_OK)
        status = finish(plan, err);
    if (status == RG_OK)
        *ret_plan = plan;
    else
        rg_plan_free(plan);
    return status;
}

static void release(rg_cell *cell) {
    json_decref(cell->options);
    json_decref(cell->requested);
    *cell = (rg_cell){0};
}

void rg_plan_free(rg_plan *plan) {
    if (!plan)
        return;
    for (size_t i = 0; i < plan->n_cells; i++)
        release(&plan->cells[i]);
    json_decref(plan->request);
    json_decref(plan->gate);
    rg_arena_free(plan->arena);
    free(plan);
}

static const char *name_at(size_t i, void *user) {
    const rg_plan *plan = user;
    return i < plan->n_cells ? plan->cells[i].name : NULL;
}

static rg_status no_such_cell(rg_plan *plan, const char *pattern, rg_err *err) {
    char advice[512];
    const char *near = rg_text_nearest(pattern, name_at, plan);
    snprintf(advice, sizeof advice, "%s '%s'; --plan-only shows all %zu cells",
             near ? "did you mean" : "the first cell is", near ? near : plan->cells[0].name,
             plan->n_cells);
    return rg_fail(err, RG_USAGE, advice, "no cell matches '%s'", pattern);
}

static bool matches_any(const rg_cell *cell, const char *const *patterns, size_t n) {
    bool any = false;
    for (size_t k = 0; k < n; k++)
        any |= *patterns[k] && rg_cell_matches(cell->name, cell->key, patterns[k]);
    return any;
}

rg_status rg_plan_only_any(rg_plan *plan, const char *const *patterns, size_t n, rg_err *err) {
    size_t kept = 0;
    for (size_t k = 0; k < n; k++) {
        bool any = false;
        for (size_t i = 0; i < plan->n_cells; i++)
            any |= matches_any(&plan->cells[i], &patterns[k], 1);
        if (!any)
            return no_such_cell(plan, patterns[k], err);
    }
    for (size_t i = 0; i < plan->n_cells; i++) {
        if (matches_any(&plan->cells[i], patterns, n))
            plan->cells[kept++] = plan->cells[i];
        else
            release(&plan->cells[i]);
    }
    plan->n_cells = kept;
    return finish(plan, err);
}

rg_status rg_plan_only(rg_plan *plan, const char *pattern, rg_err *err) {
    return rg_plan_only_any(plan, &pattern, 1, err);
}

rg_status rg_plan_set_rounds(rg_plan *plan, uint32_t rounds, rg_err *err) {
    for (size_t i = 0; i < plan->n_cells; i++)
        plan->cells[i].tier.rounds = rounds;
    return finish(plan, err);
}
