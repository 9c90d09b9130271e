/* rows.c: preallocated rows with a reservoir behind them. */
#include "bench/run/rows.h"

#include <stdlib.h>

rg_sample *rg_rows_next(rg_rows *rows, size_t wanted, size_t *ret_room) {
    size_t left = rows->cap - rows->n;
    if (left) {
        *ret_room = wanted < left ? wanted : left;
        return rows->rows + rows->n;
    }
    *ret_room = wanted < RG_ROWS_BLOCK ? wanted : RG_ROWS_BLOCK;
    return rows->scratch;
}

void rg_rows_took(rg_rows *rows, const rg_sample *at, size_t n) {
    if (at != rows->scratch) {
        rows->n += n;
        rows->taken += n;
        return;
    }
    for (size_t i = 0; i < n; i++) {
        uint64_t place = rg_rng_next(&rows->rng) % ++rows->taken;
        if (place < rows->cap)
            rows->rows[place] = at[i];
    }
}

static int by_end(const void *a, const void *b) {
    const rg_sample *x = a, *y = b;
    if (x->end_ns != y->end_ns)
        return x->end_ns < y->end_ns ? -1 : 1;
    return (x->start_ns > y->start_ns) - (x->start_ns < y->start_ns);
}

void rg_rows_sort(rg_sample *rows, size_t n) {
    if (n)
        qsort(rows, n, sizeof *rows, by_end);
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double rg_rows_median_ns(const rg_sample *rows, size_t n, double *scratch) {
    if (!n)
        return 0;
    for (size_t i = 0; i < n; i++)
        scratch[i] = (double)(rows[i].end_ns - rows[i].start_ns);
    qsort(scratch, n, sizeof *scratch, by_value);
    return (scratch[(n - 1) / 2] + scratch[n / 2]) / 2;
}
