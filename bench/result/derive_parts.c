/* derive_parts.c: named parts of a round (rows behind the steady ones): the same window without a
 * disturbance. Their quantiles over rounds, as for the window itself. derive_record.c writes them.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/json.h"
#include "bench/result/derive_priv.h"

size_t rg_view_part_rows(const json_t *facts) {
    size_t total = 0, i;
    json_t *part;
    json_array_foreach(json_object_get(facts, "parts"), i, part) {
        int64_t rows = rg_json_get_int(part, "rows", 0);
        total += rows > 0 ? (size_t)rows : 0;
    }
    return total;
}

bool rg_view_part_at(const rg_round_view *view, size_t place, rg_view_part *ret_part) {
    const json_t *list = json_object_get(view->facts, "parts"), *part;
    size_t at = view->n_rows, rows = 0;
    for (size_t i = 0; i <= place; i++) {
        part = json_array_get(list, i);
        if (!part)
            return false;
        at += rows;
        rows = (size_t)fmax(0, rg_json_get_real(part, "rows", 0));
    }
    size_t first = view->steady ? (size_t)(view->steady - view->round->samples) : 0;
    if (!view->steady || first + at + rows > view->round->n_samples)
        return false;
    *ret_part = (rg_view_part){rg_json_get_text(part, "name", ""), view->steady + at, rows};
    return true;
}

/* Latencies of a part, dropped requests left out; NULL when memory ran out. The caller frees. */
static double *latencies_of(const rg_round_view *view, const rg_view_part *part, size_t *ret_n) {
    double *ns = malloc((part->n + 1) * sizeof *ns);
    size_t n = 0;
    for (size_t i = 0; ns && i < part->n; i++) {
        if (!rg_view_is_drop(view, &part->rows[i]))
            ns[n++] = (double)(part->rows[i].end_ns - part->rows[i].start_ns) / view->block;
    }
    *ret_n = ns ? n : 0;
    return ns;
}

void rg_view_fill_parts(rg_round_view *view) {
    rg_view_part part;
    if (!rg_view_part_at(view, 0, &part) || strcmp(part.name, "alone"))
        return;
    size_t n, least = rg_quantile_min_n(0.95);
    double *ns = latencies_of(view, &part, &n);
    if (n)
        rg_sort_reals(ns, n);
    view->figures[RG_FIG_interfere_p95] =
        n < least || view->n < least ? rg_figure_na("n<72")
                                     : rg_figure_value(rg_quantile(view->sorted_ns, view->n, 0.95) /
                                                       rg_quantile(ns, n, 0.95));
    free(ns);
}

/* --- over rounds ------------------------------------------------------------------------------ */

static json_t *quantile_json(const rg_pool *pool, const rg_draws *draws, double p,
                             const char *few) {
    size_t n;
    rg_pool_sorted(pool, &n);
    if (n < rg_quantile_min_n(p)) {
        rg_figure none = rg_figure_na(few);
        return rg_figure_to_json(&none);
    }
    rg_interval interval = rg_interval_quantile(pool, draws, p);
    rg_figure figure = rg_figure_value(interval.value);
    figure.low = interval.low;
    figure.high = interval.high;
    figure.no_interval = interval.no_interval;
    figure.n = n;
    return rg_figure_to_json(&figure);
}

static json_t *figures_of(const double *const *values, const size_t *sizes, size_t rounds,
                          const rg_draws *draws, size_t *ret_n) {
    rg_pool *pool = NULL;
    json_t *figures = json_object();
    *ret_n = 0;
    for (size_t r = 0; r < rounds; r++)
        *ret_n += sizes[r];
    if (*ret_n && rg_pool_new(values, sizes, rounds, &pool, NULL) == RG_OK) {
        const double *sorted = rg_pool_sorted(pool, ret_n);
        rg_figure most = rg_figure_value(sorted[*ret_n - 1]);
        json_object_set_new(figures, "latency_p50_ns", quantile_json(pool, draws, 0.5, "n<6"));
        json_object_set_new(figures, "latency_p95_ns", quantile_json(pool, draws, 0.95, "n<72"));
        json_object_set_new(figures, "latency_max_ns", rg_figure_to_json(&most));
    }
    rg_pool_free(pool);
    return figures;
}

/* The part at `place` over all rounds; a round that lacks it, or calls it otherwise, is left out.
 */
static json_t *part_to_json(const rg_round_view *views, size_t n, size_t place, const char *name,
                            const rg_draws *draws) {
    double **values = calloc(n + 1, sizeof *values);
    size_t *sizes = calloc(n + 1, sizeof *sizes), total = 0;
    json_t *figures = NULL;
    for (size_t r = 0; values && sizes && r < n; r++) {
        rg_view_part part;
        if (rg_view_part_at(&views[r], place, &part) && !strcmp(part.name, name))
            values[r] = latencies_of(&views[r], &part, &sizes[r]);
    }
    if (values && sizes)
        figures = figures_of((const double *const *)values, sizes, n, draws, &total);
    for (size_t r = 0; values && r < n; r++)
        free(values[r]);
    free(values);
    free(sizes);
    return json_pack("{s:s, s:I, s:o}", "name", name, "n", (json_int_t)total, "figures",
                     figures ? figures : json_object());
}

json_t *rg_views_parts(const rg_round_view *views, size_t n, const rg_draws *draws) {
    json_t *list = NULL;
    rg_view_part part;
    for (size_t place = 0; n && rg_view_part_at(&views[0], place, &part); place++) {
        list = list ? list : json_array();
        json_array_append_new(list, part_to_json(views, n, place, part.name, draws));
    }
    return list;
}
