/* rows.h: the place that stamped requests go to: preallocated rows, and beyond their number a
 * uniform random subset (Vitter's algorithm R, seeded), so that nothing is allocated in the timed
 * loop and a long run is still described by all of its length. Filled by pattern.c. */
#ifndef RG_RUN_ROWS_H
#define RG_RUN_ROWS_H

#include <stddef.h>
#include <stdint.h>

#include "bench/core/rng.h"
#include "bench/run/round.h"

enum {
    RG_ROWS_CAP = 1 << 20, /* rows stored in a round, warm-up included: 16 MiB */
    RG_ROWS_BLOCK = 4096,  /* rows that are taken between two looks at the store */
};

typedef struct rg_rows {
    rg_sample *rows;    /* cap of them, the caller's */
    rg_sample *scratch; /* RG_ROWS_BLOCK of them, the caller's, used once the rows are full */
    size_t cap, n;
    uint64_t taken; /* in all, stored or not */
    rg_rng rng;
} rg_rows;

/* Where the next rows are to be written, and how many at most (never 0): straight into the store
 * while there is room, else into the scratch. */
rg_sample *rg_rows_next(rg_rows *rows, size_t wanted, size_t *ret_room);

/* Takes the first n rows that were written where rg_rows_next said. */
void rg_rows_took(rg_rows *rows, const rg_sample *at, size_t n);

/* Puts rows in order of completion, as readers expect them; needed after a reservoir or after
 * several threads. */
void rg_rows_sort(rg_sample *rows, size_t n);

/* The median duration (end - start) of rows in ns, 0 of none. Uses `scratch` of n numbers. */
double rg_rows_median_ns(const rg_sample *rows, size_t n, double *scratch);

#endif
