/* energy_sum.c: rails added up by their roles, one sum a scope, and the record's JSON. A total
 * stands for its scope; else all components together do. Parents and children are never summed, and
 * a rail of unknown role never counts. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/json.h"
#include "bench/result/energy.h"
#include "bench/result/energy_priv.h"

static void add_value(rg_energy_value *sum, const rg_energy_value *part) {
    sum->uj += part->uj;
    sum->unbounded |= part->unbounded;
    for (int i = 0; i < RG_TERM_COUNT; i++) {
        bool shared = i == RG_TERM_GAIN || i == RG_TERM_OFFSET;
        sum->terms_uj[i] = shared ? sum->terms_uj[i] + part->terms_uj[i]
                                  : hypot(sum->terms_uj[i], part->terms_uj[i]);
    }
    /* rails of one chip or shunt batch may err to the same side: linear is safe */
    sum->systematic_uj += part->systematic_uj;
    double old = pow(sum->random_uj, 4) / sum->random_dof;
    double more = part->random_uj > 0 ? pow(part->random_uj, 4) / part->random_dof : 0;
    sum->random_uj = hypot(sum->random_uj, part->random_uj);
    sum->random_dof = old + more > 0 ? pow(sum->random_uj, 4) / (old + more) : INFINITY;
}

static void add_rail(rg_energy_sum *sum, const rg_rail_energy *rail) {
    add_value(&sum->total, &rail->total);
    add_value(&sum->above, &rail->above);
    sum->mean_mw += rail->mean_mw;
    sum->idle_mw += rail->idle_mw;
    sum->idle_u_mw += rail->idle_u_mw;
    sum->refusals |= rail->refusals;
    sum->above_refusals |= rail->above_refusals;
    sum->n = !sum->n_rails || rail->n < sum->n ? rail->n : sum->n;
    sum->n_rails++;
}

/* Uncertainty and signal are judged on the sum: a small child rail may be coarse. */
static void close_sum(rg_energy_sum *sum) {
    rg_energy_close_budget(&sum->total);
    rg_energy_close_budget(&sum->above);
    if (sum->n_rails < 2)
        return;
    const uint32_t judged = RG_REFUSE_UNCERTAINTY | RG_REFUSE_LOW_SIGNAL;
    const rg_energy_value *above = &sum->above;
    sum->refusals &= ~judged;
    sum->above_refusals &= ~judged;
    if (sum->total.unbounded || sum->total.expanded_uj > 0.1 * fabs(sum->total.uj))
        sum->refusals |= RG_REFUSE_UNCERTAINTY;
    if (above->unbounded || above->expanded_uj > 0.1 * fabs(above->uj))
        sum->above_refusals |= RG_REFUSE_UNCERTAINTY;
    if (above->uj < 3 * hypot(above->systematic_uj, above->random_uj))
        sum->above_refusals |= RG_REFUSE_LOW_SIGNAL;
}

/* Two totals of one scope are two energy sources of the same joules. */
static bool differ(const rg_rail_energy *a, const rg_rail_energy *b) {
    return fabs(a->total.uj - b->total.uj) > hypot(a->total.expanded_uj, b->total.expanded_uj);
}

static bool sum_totals(const rg_energy_ask *ask, const rg_energy *energy, rg_energy_sum *sum) {
    const rg_rail_energy *first = NULL;
    for (size_t i = 0; i < ask->n_rails; i++) {
        const rg_rail *rail = &ask->rails[i];
        if (rail->scope != sum->scope || rail->role != RG_ROLE_TOTAL || rail->status != RG_OK)
            continue;
        if (!first)
            add_rail(sum, first = &energy->rails[i]);
        else if (differ(first, &energy->rails[i]))
            sum->refusals |= RG_REFUSE_DISAGREE;
    }
    return first != NULL;
}

static bool is_component(const rg_rail *rail, rg_scope scope) {
    return rail->scope == scope && rail->role == RG_ROLE_COMPONENT;
}

/* Fed by another component of the same scope: its power is in that one already. */
static bool is_child(const rg_energy_ask *ask, const rg_rail *rail, rg_scope scope) {
    for (size_t i = 0; i < ask->n_rails && rail->parent[0]; i++) {
        if (is_component(&ask->rails[i], scope) && !strcmp(ask->rails[i].id, rail->parent))
            return true;
    }
    return false;
}

static bool sum_components(const rg_energy_ask *ask, const rg_energy *energy, rg_energy_sum *sum) {
    bool complete = true;
    for (size_t i = 0; i < ask->n_rails; i++) {
        const rg_rail *rail = &ask->rails[i];
        if (!is_component(rail, sum->scope) || is_child(ask, rail, sum->scope))
            continue;
        complete = complete && rail->status == RG_OK;
        if (rail->status == RG_OK)
            add_rail(sum, &energy->rails[i]);
    }
    return complete && sum->n_rails;
}

static rg_energy_sum sum_scope(const rg_energy_ask *ask, const rg_energy *energy, rg_scope scope) {
    rg_energy_sum sum = {.scope = scope};
    sum.total.random_dof = sum.above.random_dof = INFINITY;
    sum.formed = sum_totals(ask, energy, &sum) || sum_components(ask, energy, &sum);
    if (sum.formed)
        close_sum(&sum);
    return sum;
}

static rg_energy_sum refused(uint32_t refusals) {
    rg_energy_sum sum = {.mean_mw = NAN, .idle_mw = NAN, .idle_u_mw = NAN, .refusals = refusals};
    sum.total.uj = sum.above.uj = NAN;
    return sum;
}

static void pick_headline(const rg_energy_ask *ask, rg_energy *energy) {
    static const rg_scope order[] = {RG_SCOPE_MODULE,      RG_SCOPE_BOARD_IN, RG_SCOPE_WALL,
                                     RG_SCOPE_ACCELERATOR, RG_SCOPE_GPU,      RG_SCOPE_CPU};
    energy->scope = ask->prefer;
    for (size_t i = 0; i < 6 && !energy->sums[energy->scope].formed; i++)
        energy->scope = order[i];
    if (energy->sums[energy->scope].formed) {
        energy->headline = energy->sums[energy->scope];
        return;
    }
    energy->scope = RG_SCOPE_UNKNOWN;
    size_t readable = 0;
    for (size_t i = 0; i < ask->n_rails; i++)
        readable += ask->rails[i].status == RG_OK;
    energy->headline = refused(readable ? RG_REFUSE_SCOPE : RG_REFUSE_NO_SENSOR);
}

rg_status rg_energy_measure(const rg_energy_ask *ask, rg_energy *ret_energy, rg_err *err) {
    if (ask->window.end_ns <= ask->window.start_ns)
        return rg_fail(err, RG_INVALID, NULL, "energy asked for an empty window");
    rg_energy energy = {.inferences = ask->inferences, .n_rails = ask->n_rails};
    energy.window_s = (double)(ask->window.end_ns - ask->window.start_ns) * 1e-9;
    energy.rails = calloc(ask->n_rails + 1, sizeof *energy.rails);
    if (!energy.rails)
        return rg_fail(err, RG_NO_MEMORY, NULL, "no memory for %zu rails", ask->n_rails);
    for (size_t i = 0; i < ask->n_rails; i++) {
        rg_status status = rg_energy_measure_rail(ask, (uint32_t)i, &energy.rails[i], err);
        if (status != RG_OK) {
            rg_energy_free(&energy);
            return status;
        }
    }
    energy.sums[RG_SCOPE_UNKNOWN] = refused(RG_REFUSE_SCOPE);
    for (int scope = RG_SCOPE_UNKNOWN + 1; scope < RG_SCOPE_COUNT; scope++)
        energy.sums[scope] = sum_scope(ask, &energy, (rg_scope)scope);
    pick_headline(ask, &energy);
    *ret_energy = energy;
    return RG_OK;
}

void rg_energy_free(rg_energy *energy) {
    if (!energy)
        return;
    free(energy->rails);
    *energy = (rg_energy){0};
}

/* --- JSON ------------------------------------------------------------------------------------ */

static const char *const codes[] = {
#define X(name, code) code,
    RG_REFUSAL_LIST(X)
#undef X
};

const char *rg_refusal_first(uint32_t refusals) {
    return refusals ? codes[__builtin_ctz(refusals)] : NULL;
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

static json_t *rail_to_json(const rg_rail_energy *energy, const rg_rail *rail) {
    json_t *object = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:s}", "id", rail->id, "sensor",
        rail->sensor, "scope", rg_scope_word(rail->scope), "role", rg_role_word(rail->role), "kind",
        rg_power_kind_word(rail->kind), "n", (json_int_t)energy->n, "n_settled",
        (json_int_t)energy->n_settled, "n_lost", (json_int_t)energy->n_lost, "n_bad",
        (json_int_t)energy->n_bad, "estimator", energy->by_trapezoid ? "trapezoid" : "mean");
    if (!object)
        return json_object();
    rg_json_set_real(object, "period_s", energy->period_s);
    rg_json_set_real(object, "mean_mw", energy->mean_mw);
    rg_json_set_real(object, "idle_before_mw", energy->idle_before_mw);
    rg_json_set_real(object, "idle_after_mw", energy->idle_after_mw);
    rg_json_set_real(object, "trapezoid_uj", energy->trapezoid_uj);
    rg_json_set_real(object, "mean_uj", energy->mean_uj);
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
