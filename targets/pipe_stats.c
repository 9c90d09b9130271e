/* pipe_stats.c: the program's own times (pipe_stats.h). Quantiles are of the last RG_TALK_KEPT of
 * each program. */
#include "targets/pipe_stats.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int by_size(const void *a, const void *b) {
    const int64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* All kept times in one sorted list; 0 when there are none or no memory. */
static size_t gather(const rg_talk *talks, unsigned n, int64_t **ret_list) {
    size_t total = 0;
    int64_t *list = malloc((size_t)n * RG_TALK_KEPT * sizeof *list);
    for (unsigned s = 0; list && s < n; s++) {
        size_t kept = talks[s].n_stamped < RG_TALK_KEPT ? talks[s].n_stamped : RG_TALK_KEPT;
        memcpy(list + total, talks[s].own_ns, kept * sizeof *list);
        total += kept;
    }
    if (total)
        qsort(list, total, sizeof *list, by_size);
    *ret_list = list;
    return total;
}

void rg_pipe_own_times(rg_talk *talks, unsigned n, char *ret, size_t cap) {
    uint64_t done = 0, stamped = 0;
    double sum_ns = 0;
    int64_t *list = NULL;
    size_t kept = gather(talks, n, &list);
    for (unsigned s = 0; s < n; s++) {
        done += talks[s].n_done;
        stamped += talks[s].n_stamped;
        sum_ns += talks[s].own_sum_ns;
        talks[s].n_done = talks[s].n_stamped = 0;
        talks[s].own_sum_ns = 0;
    }
    *ret = '\0';
    if (kept)
        snprintf(ret, cap,
                 "own_requests=%llu\nown_timed=%llu\nown_mean_ns=%.0f\nown_p50_ns=%lld\n"
                 "own_p95_ns=%lld\n",
                 (unsigned long long)done, (unsigned long long)stamped, sum_ns / (double)stamped,
                 (long long)list[(kept - 1) / 2],
                 (long long)list[(size_t)(0.95 * (double)(kept - 1))]);
    else if (done)
        snprintf(ret, cap, "own_requests=%llu\nown_timed=0\n", (unsigned long long)done);
    free(list);
}
