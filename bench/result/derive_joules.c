/* derive_joules.c: joules of a cell over its rounds. The systematic part of the uncertainty is the
 * same in every round and does not shrink; the random part comes from how rounds differ. */
#include <math.h>
#include <stdlib.h>

#include "bench/core/json.h"
#include "bench/result/derive_priv.h"
#include "bench/result/repeats.h"

/* Judged again on the cell: repeats shrink what is random in them. */
static const uint32_t judged_later = RG_REFUSE_UNCERTAINTY | RG_REFUSE_LOW_SIGNAL;

/* Which half of a round's energy is meant. */
typedef const rg_energy_value *(*half_of)(const rg_energy_sum *sum);
static const rg_energy_value *the_total(const rg_energy_sum *sum) {
    return &sum->total;
}
static const rg_energy_value *the_above(const rg_energy_sum *sum) {
    return &sum->above;
}

static uint32_t refusals_of(const rg_round_view *view, half_of half) {
    const rg_energy_sum *sum = &view->energy.headline;
    return half == the_total ? sum->refusals
                             : rg_above_refusals(sum->refusals, sum->above_refusals);
}

/* What the energy is divided by: inferences, or seconds for a mean power. */
typedef double (*share_of)(const rg_round_view *view);
static double by_inferences(const rg_round_view *view) {
    return view->inferences;
}
static double by_seconds(const rg_round_view *view) {
    return view->energy.window_s;
}

/* A cell's half: the sum over the rounds that can be used. */
typedef struct cell_half {
    rg_joules sum;
    double shares, window_s;
    size_t used, measured, asked; /* rounds: summed, with readings, meant to have some */
    uint32_t refusals;
} cell_half;

static bool usable_round(const rg_round_view *view, half_of half) {
    return view->has_energy && !(refusals_of(view, half) & ~judged_later);
}

/* Standard error of the total that follows from how rounds differ a share. */
static double between_rounds_uj(const rg_round_view *views, size_t n, half_of half, share_of share,
                                const cell_half *cell) {
    double mean = cell->sum.uj / cell->shares, square = 0;
    for (size_t r = 0; r < n; r++) {
        if (!usable_round(&views[r], half))
            continue;
        double away = half(&views[r].energy.headline)->uj - mean * share(&views[r]);
        square += away * away;
    }
    double used = (double)cell->used; /* variance of a sum of residuals */
    return sqrt(square * used / (used - 1));
}

static void add_rounds(const rg_round_view *views, size_t n, half_of half, share_of share,
                       cell_half *cell) {
    uint32_t all = 0;
    double random = 0;
    for (size_t r = 0; r < n; r++) {
        const rg_energy_value *value = half(&views[r].energy.headline);
        bool none = !views[r].has_energy && views[r].power_refusal;
        cell->measured += views[r].has_energy;
        cell->asked += views[r].has_energy || none;
        all |= views[r].has_energy ? refusals_of(&views[r], half) : none ? RG_REFUSE_NO_SENSOR : 0;
        if (!usable_round(&views[r], half))
            continue;
        cell->used++;
        cell->sum.uj += value->uj;
        cell->sum.u_systematic += value->systematic_uj;
        cell->sum.flatness = value->flatness; /* the same sensors in every round */
        random = hypot(random, value->random_uj);
        cell->sum.dof = value->random_dof;
        cell->shares += share(&views[r]);
        cell->window_s += views[r].energy.window_s;
    }
    cell->sum.u_random = random;
    if (!cell->used || 2 * cell->used < cell->asked)
        cell->refusals = all;
}

static cell_half cell_half_of(const rg_round_view *views, size_t n, half_of half, share_of share) {
    cell_half cell = {0};
    add_rounds(views, n, half, share, &cell);
    if (cell.refusals || !cell.used)
        return cell;
    if (cell.used > 1 && cell.shares > 0) {
        cell.sum.u_random =
            fmax(cell.sum.u_random, between_rounds_uj(views, n, half, share, &cell));
        cell.sum.dof = (double)cell.used - 1;
    }
    double u = hypot(cell.sum.u_systematic, cell.sum.u_random);
    double k = rg_joules_factor(&cell.sum);
    for (size_t r = 0; r < n; r++) /* unknown limits cannot be averaged away */
        cell.refusals |= views[r].has_energy && half(&views[r].energy.headline)->unbounded
                             ? RG_REFUSE_UNCERTAINTY
                             : 0;
    if (fmax(k, 2) * u > 0.1 * fabs(cell.sum.uj))
        cell.refusals |= RG_REFUSE_UNCERTAINTY;
    if (half == the_above && cell.sum.uj < 3 * u)
        cell.refusals |= RG_REFUSE_LOW_SIGNAL;
    return cell;
}

/* The same rails stand behind every round, else there is no one scope. */
static bool one_scope(const rg_round_view *views, size_t n) {
    const rg_energy *first = NULL;
    for (size_t r = 0; r < n; r++) {
        if (!views[r].has_energy)
            continue;
        if (first && views[r].energy.scope != first->scope)
            return false;
        first = first ? first : &views[r].energy;
    }
    return true;
}

static const char *first_power_refusal(const rg_round_view *views, size_t n) {
    const char *asked = NULL;
    for (size_t r = 0; r < n; r++) {
        if (views[r].power_refusal)
            return views[r].power_refusal;
        asked = views[r].has_power ? "not-available" : asked;
    }
    return asked ? asked : "not-measured";
}

static rg_figure scaled(const rg_figure *figure, double factor) {
    rg_figure ret = *figure;
    ret.value *= factor;
    ret.low *= factor;
    ret.high *= factor;
    return ret;
}

/* Its uncertainty is mostly systematic, so rounds do not shrink it. */
static rg_figure mean_idle(const rg_round_view *views, size_t n) {
    double sum = 0, u = 0;
    uint64_t count = 0;
    uint32_t refusals = 0;
    for (size_t r = 0; r < n; r++) {
        const rg_energy_sum *headline = &views[r].energy.headline;
        if (!views[r].has_energy)
            continue;
        refusals |= headline->refusals;
        if (!isfinite(headline->idle_mw))
            continue;
        sum += headline->idle_mw;
        u += headline->idle_u_mw;
        count++;
    }
    double number = count ? (double)count : NAN;
    rg_figure figure = rg_idle_figure(sum / number, u / number, refusals);
    figure.n = count;
    return figure;
}

static json_t *half_to_json(const cell_half *cell) {
    json_t *object = json_object();
    bool there = cell->used && cell->shares > 0;
    double scale = there ? 1 / cell->shares : NAN;
    double k = rg_joules_factor(&cell->sum);
    double u = hypot(cell->sum.u_systematic, cell->sum.u_random);
    rg_json_set_real(object, "uj", cell->sum.uj * scale);
    rg_json_set_real(object, "u_uj", k * u * scale);
    rg_json_set_real(object, "k", there ? k : NAN);
    rg_json_set_real(object, "systematic_uj", cell->sum.u_systematic * scale);
    rg_json_set_real(object, "random_uj", cell->sum.u_random * scale);
    json_object_set_new(object, "rounds", json_integer((json_int_t)cell->used));
    json_object_set_new(object, "refusals", rg_refusals_to_json(cell->refusals));
    return object;
}

/* How many rounds would do, from the spread of these. */
static json_t *repeats_of(const rg_round_view *views, size_t n, const cell_half *total) {
    double *each = calloc(n + 1, sizeof *each);
    size_t k = 0;
    for (size_t r = 0; each && r < n; r++) {
        if (usable_round(&views[r], the_total) && views[r].inferences > 0)
            each[k++] = views[r].energy.headline.total.uj / views[r].inferences;
    }
    double share = total->sum.uj != 0 ? total->sum.u_systematic / fabs(total->sum.uj) : 0;
    json_t *plan = each ? rg_repeats_plan(each, k, share) : NULL;
    free(each);
    return plan;
}

static json_t *energy_detail(const rg_round_view *views, size_t n, const cell_half *total,
                             const cell_half *above) {
    json_t *detail = json_object(), *rounds = json_array();
    rg_scope scope = RG_SCOPE_UNKNOWN;
    for (size_t r = 0; r < n; r++) {
        if (!views[r].has_energy)
            continue;
        scope = views[r].energy.scope;
        json_t *one = rg_energy_to_json(&views[r].energy, views[r].round->rails);
        json_t *cost = json_object_get(json_object_get(views[r].facts, "power"), "cost");
        if (cost) /* what metering itself cost */
            json_object_set(one, "meter", cost);
        json_array_append_new(rounds, one);
    }
    json_object_set_new(detail, "scope", json_string(rg_scope_word(scope)));
    rg_json_set_real(detail, "window_s", total->window_s);
    rg_json_set_real(detail, "inferences", total->shares);
    json_object_set_new(detail, "total", half_to_json(total));
    json_object_set_new(detail, "above_idle", half_to_json(above));
    json_object_set_new(detail, "rounds", rounds);
    json_t *repeats = repeats_of(views, n, total);
    if (repeats)
        json_object_set_new(detail, "repeats", repeats);
    return detail;
}

static rg_figure mean_power(const rg_round_view *views, size_t n, uint32_t scope) {
    cell_half power = cell_half_of(views, n, the_total, by_seconds);
    rg_figure figure = rg_joules_figure(&power.sum, power.shares, power.refusals | scope);
    figure = scaled(&figure, 1e-3);
    figure.n = power.used;
    return figure;
}

static void cell_figures(const rg_round_view *views, size_t n, const cell_half *total,
                         const cell_half *above, rg_figure *figures) {
    const char *na;
    double tera = rg_view_tera_ops(&views[0], &na);
    rg_figure *sum = &figures[RG_FIG_energy_total_uj];
    rg_figure *over = &figures[RG_FIG_energy_above_idle_uj];
    *sum = rg_joules_figure(&total->sum, total->shares, total->refusals);
    *over = rg_joules_figure(&above->sum, above->shares, above->refusals);
    sum->n = total->used;
    over->n = above->used;
    figures[RG_FIG_power_idle_mw] = mean_idle(views, n);
    figures[RG_FIG_tops_per_watt] = rg_joules_efficiency(sum, tera, na);
    figures[RG_FIG_tops_per_watt_above_idle] = rg_joules_efficiency(over, tera, na);
    figures[RG_FIG_power_mean_mw] = mean_power(views, n, total->refusals & RG_REFUSE_SCOPE);
}

json_t *rg_views_combine_energy(const rg_round_view *views, size_t n, rg_figure *figures) {
    cell_half total = cell_half_of(views, n, the_total, by_inferences),
              above = cell_half_of(views, n, the_above, by_inferences);
    if (!total.measured) {
        rg_figures_refuse_energy(figures, first_power_refusal(views, n));
        return json_object();
    }
    if (!one_scope(views, n)) {
        total.refusals |= RG_REFUSE_SCOPE;
        above.refusals |= RG_REFUSE_SCOPE;
    }
    cell_figures(views, n, &total, &above, figures);
    return energy_detail(views, n, &total, &above);
}
