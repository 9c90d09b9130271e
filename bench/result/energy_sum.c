/* energy_sum.c: rails added up by their roles, one sum a scope,. A total
 * stands for its scope; else all components together do. Parents and children are never summed, and
 * a rail of unknown role never counts. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

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
    double flat = pow(sum->flatness, 0.25) * sum->systematic_uj +
                  pow(part->flatness, 0.25) * part->systematic_uj;
    sum->systematic_uj += part->systematic_uj;
    sum->flatness = sum->systematic_uj > 0 ? pow(flat / sum->systematic_uj, 4) : 0;
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
    if (rg_energy_is_vague(&sum->total))
        sum->refusals |= RG_REFUSE_UNCERTAINTY;
    if (rg_energy_is_vague(above))
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
