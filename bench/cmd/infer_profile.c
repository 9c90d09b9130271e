/* infer_profile.c: a line a node. */
#include "bench/cmd/infer_profile.h"

#include <stdio.h>

void rg_profile_print(const rg_profile *p) {
    int64_t whole = rg_profile_whole_ns(p), sum = 0;
    printf("%5s  %-20s %-16s %10s %6s %7s  %s\n", "node", "operator", "output", "us", "%", "GOPS",
           "computed by");
    for (uint32_t n = 0; n < p->graph->n_nodes; n++) {
        rg_profile_row r = rg_profile_row_of(p, n);
        char gops[16] = "-";
        if (r.gops > 0)
            snprintf(gops, sizeof gops, "%.1f", r.gops);
        sum += r.ns > 0 ? r.ns : 0;
        printf("%5u  %-20s %-16s %10.2f %6.1f %7s  %s\n", n, r.kind, r.shape, (double)r.ns / 1e3,
               whole > 0 ? 100.0 * (double)r.ns / (double)whole : 0, gops, r.how);
    }
    printf("%5s  %-20s %-16s %10.2f %6.1f  median of %zu runs; nodes together %.2f us\n", "", "all",
           "", (double)whole / 1e3, 100.0, p->runs, (double)sum / 1e3);
}
