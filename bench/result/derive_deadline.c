/* derive_deadline.c: requests that missed the cell's deadline (dropped ones did), counted from the
 * raw stamps (nothing is subtracted from them), in a round and over rounds. derive_round.c and
 * derive_cell.c call it.
 */
#include <stdlib.h>

#include "bench/core/json.h"
#include "bench/result/derive_priv.h"

/* Rows of one request each, and rows of K in which even all together were in time. False when a row
 * of several was late: how many of its requests were cannot be told. */
static bool count_late(const rg_round_view *view, int64_t deadline_ns, size_t *ret_late) {
    size_t late = 0;
    for (size_t i = 0; i < view->n_rows; i++)
        late += rg_view_is_drop(view, &view->steady[i]) ||
                view->steady[i].end_ns - view->steady[i].start_ns > deadline_ns;
    *ret_late = late;
    return view->block <= 1 || late == 0;
}

static rg_figure of_requests(double value, double requests) {
    rg_figure figure = rg_figure_value(value);
    figure.n = (uint64_t)requests;
    return figure;
}

void rg_view_fill_deadline(rg_round_view *view) {
    int64_t deadline_ns = rg_json_get_int(view->facts, "deadline_ns", 0);
    rg_figure *misses = &view->figures[RG_FIG_deadline_misses];
    rg_figure *share = &view->figures[RG_FIG_deadline_miss_share];
    size_t late;
    if (deadline_ns <= 0)
        return; /* the figures stay unset: nobody asked */
    *misses = *share = rg_figure_na(view->n_rows ? "block-means" : "not-measured");
    if (!view->n_rows || !count_late(view, deadline_ns, &late))
        return;
    double requests = (double)view->n_rows * view->block;
    *misses = of_requests((double)late, requests);
    *share = of_requests((double)late / requests, requests);
}

void rg_share_figures(const double *hits, const double *of, size_t n, const rg_draws *draws,
                      rg_figure *ret_count, rg_figure *ret_share) {
    rg_interval interval = rg_interval_share(hits, of, n, draws);
    double count = 0, requests = 0;
    for (size_t r = 0; r < n; r++) {
        count += hits[r];
        requests += of[r];
    }
    *ret_count = of_requests(count, requests);
    *ret_share = of_requests(interval.value, requests);
    ret_share->low = interval.low;
    ret_share->high = interval.high;
    ret_share->no_interval = interval.no_interval;
}

/* A round without the figure leaves the cell without it: the others might be the lucky ones. */
void rg_views_combine_deadline(const rg_round_view *views, size_t n, const rg_draws *draws,
                               rg_figure *figures) {
    double *late = calloc(2 * n + 1, sizeof *late);
    const rg_figure *without = NULL;
    bool asked = false;
    for (size_t r = 0; late && r < n; r++) {
        const rg_figure *misses = &views[r].figures[RG_FIG_deadline_misses];
        asked |= misses->set;
        without = !misses->set || misses->na ? misses : without;
        late[r] = misses->value;
        late[n + r] = (double)misses->n;
    }
    rg_figure none = rg_figure_na(without && without->na ? without->na : "not-measured");
    figures[RG_FIG_deadline_misses] = figures[RG_FIG_deadline_miss_share] =
        asked ? none : (rg_figure){0};
    if (asked && !without)
        rg_share_figures(late, late + n, n, draws, &figures[RG_FIG_deadline_misses],
                         &figures[RG_FIG_deadline_miss_share]);
    free(late);
}
