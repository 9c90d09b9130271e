/* energy_json.c: an energy with its budget and refusals as the record's JSON. */
#include <math.h>
#include <string.h>

#include "bench/core/json.h"
#include "bench/result/energy.h"

static const char *const codes[] = {
#define X(name, code) code,
    RG_REFUSAL_LIST(X)
#undef X
};

const char *rg_refusal_first(uint32_t refusals) {
    return refusals ? codes[__builtin_ctz(refusals)] : NULL;
}

uint32_t rg_refusal_of(const char *code) {
    for (unsigned i = 0; i < RG_REFUSAL_COUNT; i++) {
        if (!strcmp(codes[i], code))
            return 1u << i;
    }
    return 0;
}

json_t *rg_refusals_to_json(uint32_t refusals) {
    json_t *list = json_array();
    for (unsigned i = 0; i < RG_REFUSAL_COUNT; i++) {
        if (refusals & 1u << i)
            json_array_append_new(list, json_string(codes[i]));
    }
    return list;
}

static const char *const term_keys[] = {
#define X(name, key) key "_uj",
    RG_ENERGY_TERM_LIST(X)
#undef X
};

static json_t *value_to_json(const rg_energy_value *value, uint32_t refusals) {
    json_t *object = json_object(), *terms = json_object();
    rg_json_set_real(object, "uj", value->uj);
    if (isfinite(value->uj)) {
        rg_json_set_real(object, "u_uj", value->expanded_uj);
        rg_json_set_real(object, "k", value->k);
        rg_json_set_real(object, "systematic_uj", value->systematic_uj);
        rg_json_set_real(object, "flatness", value->flatness);
        rg_json_set_real(object, "random_uj", value->random_uj);
        for (int i = 0; i < RG_TERM_COUNT; i++)
            rg_json_set_real(terms, term_keys[i], value->terms_uj[i]);
        json_object_set(object, "terms", terms);
    }
    json_decref(terms);
    json_object_set_new(object, "refusals", rg_refusals_to_json(refusals));
    return object;
}

static json_t *sum_to_json(const rg_energy_sum *sum) {
    json_t *object = json_object();
    json_object_set_new(object, "scope", json_string(rg_scope_word(sum->scope)));
    json_object_set_new(object, "rails_summed", json_integer((json_int_t)sum->n_rails));
    json_object_set_new(object, "n", json_integer((json_int_t)sum->n));
    rg_json_set_real(object, "mean_mw", sum->mean_mw);
    rg_json_set_real(object, "idle_mw", sum->idle_mw);
    rg_json_set_real(object, "idle_u_mw", 2 * sum->idle_u_mw);
    json_object_set_new(object, "total", value_to_json(&sum->total, sum->refusals));
    json_object_set_new(
        object, "above_idle",
        value_to_json(&sum->above, rg_above_refusals(sum->refusals, sum->above_refusals)));
    return object;
}

static const char *estimator_word(const rg_rail_energy *energy, const rg_rail *rail) {
    static const char *const words[] = {"mean", "trapezoid", "tail"};
    bool difference = rail->kind == RG_POWER_COUNTER && energy->estimator == RG_ESTIMATOR_TRAPEZOID;
    return difference ? "difference" : words[energy->estimator];
}

static json_t *rail_to_json(const rg_rail_energy *energy, const rg_rail *rail) {
    json_t *object = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:s}", "id", rail->id, "sensor",
        rail->sensor, "scope", rg_scope_word(rail->scope), "role", rg_role_word(rail->role), "kind",
        rg_power_kind_word(rail->kind), "n", (json_int_t)energy->n, "n_settled",
        (json_int_t)energy->n_settled, "n_lost", (json_int_t)energy->n_lost, "n_bad",
        (json_int_t)energy->n_bad, "estimator", estimator_word(energy, rail));
    if (!object)
        return json_object();
    rg_json_set_real(object, "period_s", energy->period_s);
    rg_json_set_real(object, "mean_mw", energy->mean_mw);
    rg_json_set_real(object, "idle_before_mw", energy->idle_before_mw);
    rg_json_set_real(object, "idle_after_mw", energy->idle_after_mw);
    rg_json_set_real(object, "trapezoid_uj", energy->trapezoid_uj);
    rg_json_set_real(object, "mean_uj", energy->mean_uj);
    rg_json_set_real(object, "tail_uj", energy->tail_uj);
    json_object_set_new(object, "total", value_to_json(&energy->total, energy->refusals));
    json_object_set_new(
        object, "above_idle",
        value_to_json(&energy->above, rg_above_refusals(energy->refusals, energy->above_refusals)));
    return object;
}

json_t *rg_energy_to_json(const rg_energy *energy, const rg_rail *rails) {
    json_t *object = sum_to_json(&energy->headline), *list = json_array(), *scopes = json_array();
    rg_json_set_real(object, "window_s", energy->window_s);
    rg_json_set_real(object, "inferences", energy->inferences);
    for (int i = RG_SCOPE_UNKNOWN + 1; i < RG_SCOPE_COUNT; i++) {
        if (energy->sums[i].formed && i != (int)energy->scope)
            json_array_append_new(scopes, sum_to_json(&energy->sums[i]));
    }
    for (size_t i = 0; i < energy->n_rails; i++)
        json_array_append_new(list, rail_to_json(&energy->rails[i], &rails[i]));
    json_object_set_new(object, "other_scopes", scopes);
    json_object_set_new(object, "rails", list);
    return object;
}
