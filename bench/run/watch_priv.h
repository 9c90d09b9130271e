/* watch_priv.h: the rows between the thread of watch.c and the sums of watchsum.c. */
#ifndef RG_RUN_WATCH_PRIV_H
#define RG_RUN_WATCH_PRIV_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Numbers of one moment, by column; columns beyond n and NAN: not known then. */
typedef struct rg_watch_row {
    int64_t t_ns;
    double *values;
    size_t n;
} rg_watch_row;

typedef struct rg_watch_table {
    char **keys; /* "cpufreq/policy0/cur_khz" */
    size_t n_columns, hint;
    rg_watch_row *rows;
    size_t n_rows;
    double period_s;
    bool shares_core;
    char policies[512]; /* " policy0 policy4 ": of the workload's cores; "" unknown */
} rg_watch_table;

json_t *rg_watch_table_sum(const rg_watch_table *table, int64_t start_ns, int64_t end_ns);
void rg_watch_table_free(rg_watch_table *table);

#endif
