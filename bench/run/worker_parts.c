/* worker_parts.c: rows of a round beside those of its window, by name: the same requests without a
 * disturbance, each of several models. They stand behind the steady rows of samples.bin, and the
 * facts say how many belong to which part. */
#include <string.h>

#include "bench/core/json.h"
#include "bench/run/worker_priv.h"

void rg_worker_parts_plan(rg_worker *worker, const char *const *names, size_t n, rg_rows *steady) {
    size_t share = steady->cap / (n + 1);
    steady->cap -= n * share;
    for (size_t i = 0; i < n; i++)
        worker->parts[i] = (rg_worker_part){names[i],
                                            {.rows = steady->rows + steady->cap + i * share,
                                             .scratch = steady->scratch,
                                             .cap = share,
                                             .rng = rg_rng_seeded(worker->job.seed + 1000 + i)}};
    worker->n_parts = n;
}

size_t rg_worker_parts_close(rg_worker *worker, rg_sample *to) {
    size_t total = 0;
    json_t *list = worker->n_parts ? json_array() : NULL;
    for (size_t i = 0; i < worker->n_parts; i++) {
        rg_worker_part *part = &worker->parts[i];
        rg_rows_sort(part->rows.rows, part->rows.n);
        memmove(to + total, part->rows.rows, part->rows.n * sizeof *to);
        total += part->rows.n;
        json_array_append_new(list, json_pack("{s:s, s:I, s:I}", "name", part->name, "rows",
                                              (json_int_t)part->rows.n, "taken",
                                              (json_int_t)part->rows.taken));
    }
    if (list)
        json_object_set_new(worker->facts, "parts", list);
    return total;
}
