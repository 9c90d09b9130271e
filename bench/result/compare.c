/* compare.c: which cells and metrics of several bundles meet, and what may not be compared. The
 * arithmetic is in compare_effect.c, the forms in compare_print.c. */
#include "bench/result/compare.h"

#include <math.h>
#include <string.h>

#include "bench/core/json.h"
#include "bench/result/compare_priv.h"
#include "bench/result/gate_priv.h"

enum { MAX_ROUNDS = 4096 };

static const int default_metrics[] = {
    RG_FIG_latency_p50_ns,  RG_FIG_latency_p95_ns, RG_FIG_latency_mean_ns, RG_FIG_throughput_per_s,
    RG_FIG_energy_total_uj, RG_FIG_tops_per_watt,  RG_FIG_rss_peak_bytes,  RG_FIG_arena_bytes,
    RG_FIG_load_cold_ns,    RG_FIG_first_ns,       RG_FIG_instructions,
};

static const char *const letters[] = {"A", "B", "C", "D", "E", "F", "G", "H", "I",
                                      "J", "K", "L", "M", "N", "O", "P", "Q", "R",
                                      "S", "T", "U", "V", "W", "X", "Y", "Z"};

/* A comparison at work. */
typedef struct comparing {
    rg_comparison *out;
    rg_arena *arena;
    const bool *wanted;
    size_t cap, met;
} comparing;

static bool is_wanted(const comparing *work, int metric) {
    bool any = false;
    for (int i = 0; work->wanted && i < RG_FIG_COUNT; i++)
        any |= work->wanted[i];
    if (any)
        return work->wanted[metric];
    for (size_t i = 0; i < sizeof default_metrics / sizeof default_metrics[0]; i++) {
        if (default_metrics[i] == metric)
            return true;
    }
    return false;
}

static rg_figure figure_of(const json_t *record, int metric) {
    return rg_figure_from_json(
        json_object_get(json_object_get(record, "figures"), rg_figure_rows[metric].key));
}

static bool is_energy(int metric) {
    return !strcmp(rg_figure_rows[metric].group, "energy");
}

static const char *scope_of(const json_t *record) {
    return rg_json_get_text(json_object_get(record, "energy"), "scope", "");
}

/* --- one change ------------------------------------------------------------------------------- */

/* Values of the rounds, and in *ret_numbers their numbers; positive ones only, else none. */
static size_t series_of(const json_t *record, int metric, double *ret_values,
                        json_int_t *ret_numbers) {
    const json_t *per_round = json_object_get(record, "per_round");
    const json_t *list = json_object_get(per_round, rg_figure_rows[metric].key);
    size_t i, n = 0;
    json_t *value;
    json_array_foreach(list, i, value) {
        if (!json_is_number(value) || n == MAX_ROUNDS)
            continue;
        if (!(json_number_value(value) > 0))
            return 0;
        ret_numbers[n] = json_integer_value(json_array_get(json_object_get(per_round, "round"), i));
        ret_values[n++] = json_number_value(value);
    }
    return n;
}

/* Rounds with a partner of the same number move to the front of both; how many. */
static size_t pair_up(double *a, json_int_t *at_a, size_t n_a, double *b, const json_int_t *at_b,
                      size_t n_b) {
    double kept_a[MAX_ROUNDS], kept_b[MAX_ROUNDS];
    size_t n = 0;
    for (size_t i = 0; i < n_b; i++) {
        for (size_t k = 0; k < n_a; k++) {
            if (at_a[k] != at_b[i])
                continue;
            kept_a[n] = a[k];
            kept_b[n++] = b[i];
            at_a[k] = -1;
            break;
        }
    }
    memcpy(a, kept_a, n * sizeof *a);
    memcpy(b, kept_b, n * sizeof *b);
    return n;
}

/* By the rounds' values; false when there are none on a side, or only values that have no
 * logarithm. */
static bool by_rounds(const json_t *was, const json_t *now, int metric, bool paired,
                      rg_compared *row, rg_effect *ret, rg_status *ret_status, rg_err *err) {
    double a[MAX_ROUNDS], b[MAX_ROUNDS];
    json_int_t at_a[MAX_ROUNDS], at_b[MAX_ROUNDS];
    size_t n_a = series_of(was, metric, a, at_a), n_b = series_of(now, metric, b, at_b);
    if (paired)
        n_a = n_b = pair_up(a, at_a, n_a, b, at_b, n_b);
    if (!n_a || !n_b)
        return false;
    row->rounds = n_b;
    *ret_status = rg_effect_of(row->cell, a, n_a, b, n_b, paired, ret, err);
    return true;
}

static rg_status add_change(const json_t *was, const json_t *now, int metric, bool paired,
                            rg_compared *row, rg_err *err) {
    rg_figure a = figure_of(was, metric), b = figure_of(now, metric);
    rg_status status = RG_OK;
    rg_effect effect;
    bool published = isfinite(a.low) && isfinite(b.low) && !is_energy(metric);
    if ((!paired && published) || !by_rounds(was, now, metric, paired, row, &effect, &status, err))
        effect = rg_effect_published(&a, (size_t)rg_json_get_int(was, "rounds", 0), &b,
                                     (size_t)rg_json_get_int(now, "rounds", 0));
    row->change = effect.change;
    row->change_low = effect.low;
    row->change_high = effect.high;
    row->method = effect.method;
    return status;
}

/* --- rows ------------------------------------------------------------------------------------- */

static const char *na_of(comparing *work, const rg_figure *figure) {
    const char *note =
        rg_arena_printf(work->arena, "n/a (%s)", figure->na ? figure->na : "not-measured");
    return note ? note : "n/a";
}

static rg_compared blank(const json_t *record, const char *key, int metric, size_t side) {
    static const char *const better[] = {"none", "lower", "higher"};
    const rg_figure_row *row = &rg_figure_rows[metric];
    return (rg_compared){.cell = key,
                         .name = rg_json_get_text(record, "name", key),
                         .metric = row->key,
                         .label = row->label,
                         .unit = row->unit,
                         .better = better[row->better],
                         .provenance = rg_json_get_text(record, "provenance", ""),
                         .bundle = letters[side],
                         .value = NAN,
                         .low = NAN,
                         .high = NAN,
                         .rounds = (size_t)rg_json_get_int(record, "rounds", 0),
                         .change = NAN,
                         .change_low = NAN,
                         .change_high = NAN,
                         .method = "",
                         .note = ""};
}

/* Why two ok cells are not compared in this metric; "" when they are. */
static const char *refusal(comparing *work, const rg_gate_view *a, const rg_gate_view *b,
                           size_t side, int metric) {
    const char *note = "";
    rg_gate pair = {
        .arena = work->arena, .baseline = work->out->sides[0], .candidate = work->out->sides[side]};
    rg_verdict verdict = rg_gate_cell_verdict(&pair, a, b, &note);
    if (verdict == RG_VERDICT_NOT_COMPARABLE)
        return note;
    if (is_energy(metric) && strcmp(scope_of(a->record), scope_of(b->record)))
        return rg_gate_note(&pair, "the scope of power was '%s', now '%s': never compared",
                            scope_of(a->record), scope_of(b->record));
    return "";
}

static rg_status add_row(comparing *work, const char *key, const rg_gate_view *views, size_t side,
                         int metric, rg_err *err) {
    const json_t *record = views[side].record;
    rg_compared *row = &work->out->rows[work->out->n++];
    rg_figure figure = figure_of(record, metric), first = figure_of(views[0].record, metric);
    *row = blank(record, key, metric, side);
    if (!figure.set || figure.na) {
        row->note = na_of(work, &figure);
        return RG_OK;
    }
    row->value = figure.value;
    row->low = figure.low;
    row->high = figure.high;
    row->n = (size_t)figure.n;
    if (!side || !first.set || first.na)
        return RG_OK;
    row->note = refusal(work, &views[0], &views[side], side, metric);
    if (*row->note)
        return RG_OK;
    bool paired = rg_gate_paired(&work->out->sides[0], &work->out->sides[side]);
    return add_change(views[0].record, record, metric, paired, row, err);
}

/* How many bundles have a value. */
static size_t sides_with(const comparing *work, const rg_gate_view *views, int metric) {
    size_t n = 0;
    for (size_t s = 0; s < work->out->n_sides; s++) {
        rg_figure figure = figure_of(views[s].record, metric);
        n += figure.set && !figure.na;
    }
    return n;
}

static rg_status add_cell(comparing *work, const char *key, rg_err *err) {
    rg_gate_view views[RG_COMPARE_MAX];
    rg_status status = RG_OK;
    size_t here = 0;
    for (size_t s = 0; s < work->out->n_sides; s++) {
        views[s] = rg_gate_view_of(&work->out->sides[s], key);
        here += views[s].record != NULL;
    }
    work->met += here > 1;
    for (int metric = 0; here > 1 && metric < RG_FIG_COUNT; metric++) {
        if (!is_wanted(work, metric) || !sides_with(work, views, metric))
            continue;
        for (size_t s = 0; status == RG_OK && s < work->out->n_sides; s++) {
            if (views[s].record && work->out->n < work->cap)
                status = add_row(work, key, views, s, metric, err);
        }
    }
    return status;
}

static rg_status add_cells(comparing *work, rg_err *err) {
    json_t *seen = json_object(), *record;
    rg_status status = RG_OK;
    size_t i;
    for (size_t s = 0; seen && s < work->out->n_sides; s++) {
        json_array_foreach(work->out->sides[s].records, i, record) {
            const char *key = rg_gate_key_of(record);
            if (status != RG_OK || !*key || json_object_get(seen, key))
                continue;
            json_object_set_new(seen, key, json_true());
            status = add_cell(work, key, err);
        }
    }
    json_decref(seen);
    return status;
}

rg_status rg_compare(const rg_gate_side *sides, size_t n_sides, const bool *wanted, rg_arena *arena,
                     rg_comparison *ret, rg_err *err) {
    rg_comparison out = {.sides = sides, .n_sides = n_sides};
    comparing work = {.out = &out, .arena = arena, .wanted = wanted};
    for (size_t s = 0; s < n_sides; s++)
        work.cap += json_array_size(sides[s].records) * RG_FIG_COUNT;
    out.rows = rg_arena_array(arena, work.cap + 1, sizeof *out.rows);
    if (!out.rows)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory for %zu rows", work.cap);
    rg_status status = add_cells(&work, err);
    if (status == RG_OK && !work.met)
        status = rg_fail(err, RG_INVALID,
                         "compare runs of one scenario; `railgauge explain` tells what differs",
                         "no cell is in two of the %zu bundles", n_sides);
    if (status == RG_OK)
        *ret = out;
    return status;
}
