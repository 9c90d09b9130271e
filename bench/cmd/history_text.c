/* history_text.c: a series for people and for programs: text with a chart of characters, CSV, JSON.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bench/cmd/history.h"
#include "bench/cmd/stores.h"
#include "bench/core/json.h"
#include "bench/result/gate_words.h"

static void value_text(const rg_history *h, double value, char *ret, size_t cap) {
    rg_figure_text(rg_figure_rows[h->metric].unit, value, ret, cap);
}

static const char *direction(const rg_history *h) {
    static const char *const words[] = {"no direction", "lower is better", "higher is better"};
    return words[rg_figure_rows[h->metric].better];
}

static void add_head(const rg_history *h, rg_text *out) {
    const rg_figure_row *row = &rg_figure_rows[h->metric];
    char word[RG_STORE_WORD];
    rg_text_printf(out, "cell     %s  %.12s\n", rg_store_clean(h->cell.name, word), h->cell.key);
    rg_text_printf(out, "metric   %s, %s: %s\n", row->key, direction(h), row->help);
    if (h->control_cell.id)
        rg_text_printf(out, "control  %s: what moves both is taken out\n",
                       rg_store_clean(h->control_cell.name, word));
    rg_text_printf(out, "runs     %zu", h->n);
    if (h->left_out)
        rg_text_printf(out, ", %zu left out (no value above zero)", h->left_out);
    rg_text_add(out, "; each point is the median of a run's rounds\n\n");
}

/* Smallest and largest value, a little apart. */
static void range(const rg_history *h, double *low, double *high) {
    *low = INFINITY;
    *high = -INFINITY;
    for (size_t i = 0; i < h->n; i++) {
        *low = fmin(*low, h->points[i].value);
        *high = fmax(*high, h->points[i].value);
    }
    if (*high - *low < 1e-9 * *high) {
        *low *= 0.99;
        *high *= 1.01;
    }
}

static size_t place(double value, double low, double high, size_t width) {
    double share = (value - low) / (high - low);
    return (size_t)lround(share * (double)(width - 1));
}

static void add_point(const rg_history *h, size_t i, double low, double high, size_t width,
                      rg_text *out) {
    const rg_history_point *point = &h->points[i];
    char line[256], value[32], created[RG_STORE_WORD];
    memset(line, ' ', width);
    line[width] = '\0';
    line[place(point->level, low, high, width)] = '|';
    line[place(point->value, low, high, width)] = 'o';
    value_text(h, point->value, value, sizeof value);
    for (size_t end = width; end && line[end - 1] == ' ';)
        line[--end] = '\0';
    rg_text_printf(out, "%.10s %.12s %10s  %s\n", rg_store_clean(point->run.created, created),
                   point->run.bundle, value, line);
}

static void add_change(const rg_history *h, const rg_history_change *c, bool brief, rg_text *out) {
    const rg_history_point *point = &h->points[c->change.at];
    char before[32], after[32], run[RG_STORE_WORD], created[RG_STORE_WORD];
    value_text(h, c->change.before, before, sizeof before);
    value_text(h, c->change.after, after, sizeof after);
    const char *word = rg_figure_rows[h->metric].better == RG_BETTER_NONE ? ""
                       : c->worse                                         ? " worse"
                                                                          : " better";
    if (brief) {
        rg_text_printf(out, "-- change  %+.1f %%%s\n", 100 * c->change.step, word);
        return;
    }
    rg_text_printf(out, "%+.1f %%%s: %s to %s, from run %s (%s) on; p = %.3f%s%s\n",
                   100 * c->change.step, word, before, after, rg_store_clean(point->run.run, run),
                   rg_store_clean(point->run.created, created), c->change.p,
                   *c->first_seen ? "; first told " : "", c->first_seen);
}

static const rg_history_change *change_at(const rg_history *h, size_t i) {
    for (size_t c = 0; c < h->n_changes; c++) {
        if (h->changes[c].change.at == i)
            return &h->changes[c];
    }
    return NULL;
}

static void add_changes(const rg_history *h, rg_text *out) {
    if (h->n < 2 * h->how.least) {
        rg_text_printf(out, "\nchanges  not looked for: that takes %zu runs\n", 2 * h->how.least);
        return;
    }
    if (!h->n_changes)
        rg_text_printf(out, "\nchanges  none of %g %% or more\n", 100 * h->how.step);
    for (size_t c = 0; c < h->n_changes; c++) {
        rg_text_add(out, c ? "         " : "\nchanges  ");
        add_change(h, &h->changes[c], false, out);
    }
    if (h->n_changes)
        rg_text_add(out, "         an advice, no verdict: look at what changed there, then gate\n");
}

void rg_history_to_text(const rg_history *h, size_t columns, rg_text *ret) {
    enum { LEFT = 36, NARROWEST = 20, WIDEST = 120 };
    size_t width = columns > LEFT + NARROWEST ? columns - LEFT : NARROWEST;
    double low, high;
    width = width > WIDEST ? WIDEST : width;
    add_head(h, ret);
    range(h, &low, &high);
    for (size_t i = 0; i < h->n; i++) {
        const rg_history_change *change = change_at(h, i);
        if (change)
            add_change(h, change, true, ret);
        add_point(h, i, low, high, width, ret);
    }
    add_changes(h, ret);
}

/* --- for programs ------------------------------------------------------------------------------
 */

static void add_number(double value, rg_text *out) {
    if (isfinite(value))
        rg_text_printf(out, "%.17g", value);
}

void rg_history_to_csv(const rg_history *h, rg_text *ret) {
    rg_text_add(ret, "created,run,bundle,metric,unit,value,low,high,n,median,control,series,level,"
                     "change\r\n");
    for (size_t i = 0; i < h->n; i++) {
        const rg_history_point *p = &h->points[i];
        const rg_history_change *change = change_at(h, i);
        const double numbers[] = {p->run.median, p->control, p->value, p->level,
                                  change ? change->change.step : NAN};
        rg_text_printf(ret, "%s,", p->run.created);
        rg_text_add_csv(ret, p->run.run);
        rg_text_printf(ret, ",%s,%s,%s,", p->run.bundle, rg_figure_rows[h->metric].key,
                       rg_figure_rows[h->metric].unit);
        add_number(p->run.value, ret);
        rg_text_add(ret, ",");
        add_number(p->run.low, ret);
        rg_text_add(ret, ",");
        add_number(p->run.high, ret);
        rg_text_printf(ret, ",%lld", (long long)p->run.n);
        for (size_t k = 0; k < sizeof numbers / sizeof numbers[0]; k++) {
            rg_text_add(ret, ",");
            add_number(numbers[k], ret);
        }
        rg_text_add(ret, "\r\n");
    }
}

static json_t *point_to_json(const rg_history_point *p) {
    json_t *run = rg_json_clean(p->run.run);
    json_t *row = json_pack("{s:s, s:o, s:s, s:I}", "created", p->run.created, "run", run, "bundle",
                            p->run.bundle, "n", (json_int_t)p->run.n);
    rg_json_set_real(row, "value", p->run.value);
    rg_json_set_real(row, "low", p->run.low);
    rg_json_set_real(row, "high", p->run.high);
    rg_json_set_real(row, "median", p->run.median);
    rg_json_set_real(row, "control", p->control);
    rg_json_set_real(row, "series", p->value);
    rg_json_set_real(row, "level", p->level);
    return row;
}

static json_t *change_to_json(const rg_history *h, const rg_history_change *c) {
    const rg_history_point *p = &h->points[c->change.at];
    json_t *run = rg_json_clean(p->run.run);
    return json_pack("{s:I, s:s, s:o, s:s, s:f, s:f, s:f, s:f, s:f, s:b, s:s}", "at",
                     (json_int_t)c->change.at, "created", p->run.created, "run", run, "bundle",
                     p->run.bundle, "before", c->change.before, "after", c->change.after, "step",
                     c->change.step, "p", c->change.p, "rho", c->change.rho, "worse", c->worse,
                     "first_seen", c->first_seen);
}

json_t *rg_history_to_json(const rg_history *h) {
    const rg_figure_row *row = &rg_figure_rows[h->metric];
    json_t *points = json_array(), *changes = json_array(), *name = rg_json_clean(h->cell.name);
    for (size_t i = 0; i < h->n; i++)
        json_array_append_new(points, point_to_json(&h->points[i]));
    for (size_t i = 0; i < h->n_changes; i++)
        json_array_append_new(changes, change_to_json(h, &h->changes[i]));
    return json_pack("{s:i, s:s, s:o, s:s, s:s, s:s, s:s, s:I, s:{s:I, s:f, s:f, s:I}, s:o, s:o}",
                     "schema", 1, "cell", h->cell.key, "name", name, "control",
                     h->control_cell.id ? h->control_cell.key : "", "metric", row->key, "unit",
                     row->unit, "direction", direction(h), "left_out", (json_int_t)h->left_out,
                     "method", "least", (json_int_t)h->how.least, "alpha", h->how.alpha, "step",
                     h->how.step, "permutations", (json_int_t)h->how.permutations, "points", points,
                     "changes", changes);
}
