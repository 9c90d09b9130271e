/* derive_told.c: figures that a tool told because it alone measured: imported results and vendors'
 * tools that run a whole round by themselves. Samples go before what is told of them. */
#include <math.h>
#include <string.h>

#include "bench/core/json.h"
#include "bench/result/derive_priv.h"

/* The value told for figure `i`, NAN without. */
static double told_value(const rg_round_view *view, int i) {
    return rg_json_get_real(json_object_get(view->facts, "told"), rg_figure_rows[i].key, NAN);
}

static bool is_open(const rg_figure *figure) {
    return !figure->set || figure->na;
}

/* Latencies are of the samples where there are any: two ways to count never meet in one record. */
static bool is_of_samples(const rg_round_view *view, int i) {
    return view->n && !strncmp(rg_figure_rows[i].key, "latency_", 8);
}

/* Only "nobody measured it" becomes "not told"; other reasons stay. */
static void say_not_told(rg_figure *figure) {
    if (figure->set && figure->na && !strcmp(figure->na, "not-measured"))
        *figure = rg_figure_na("not-told");
}

static rg_figure told_figure(double value, uint64_t n) {
    rg_figure figure = rg_figure_value(value);
    figure.no_interval = "not-told";
    figure.n = n;
    return figure;
}

void rg_view_fill_told(rg_round_view *view) {
    if (!json_object_get(view->facts, "told"))
        return;
    uint64_t n = (uint64_t)rg_json_get_int(view->facts, "told_n", 0);
    for (int i = 0; i < RG_FIG_COUNT; i++) {
        double value = told_value(view, i);
        if (isfinite(value) && is_open(&view->figures[i]) && !is_of_samples(view, i))
            view->figures[i] = told_figure(value, n);
        else
            say_not_told(&view->figures[i]);
    }
}

/* The mean over rounds; of what each round tells there is no interval. */
static void combine_one(const rg_round_view *views, size_t n, int i, rg_figure *figure) {
    double sum = 0;
    uint64_t behind = 0;
    for (size_t r = 0; r < n; r++) {
        sum += told_value(&views[r], i);
        behind += (uint64_t)rg_json_get_int(views[r].facts, "told_n", 0);
    }
    if (isfinite(sum) && is_open(figure) && !is_of_samples(&views[0], i))
        *figure = told_figure(sum / (double)n, behind);
    else
        say_not_told(figure);
}

void rg_views_combine_told(const rg_round_view *views, size_t n, rg_figure *figures) {
    size_t tell = 0;
    for (size_t r = 0; r < n; r++)
        tell += json_object_get(views[r].facts, "told") != NULL;
    for (int i = 0; n && tell == n && i < RG_FIG_COUNT; i++)
        combine_one(views, n, i, &figures[i]);
}
