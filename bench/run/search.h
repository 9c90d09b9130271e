/* search.h: named strategies that look for the largest load that holds. Pure: what holds is asked
 * of a probe. Used by worker_search.c. */
#ifndef RG_RUN_SEARCH_H
#define RG_RUN_SEARCH_H

#include <stdbool.h>
#include <stdint.h>

#include "bench/core/err.h"
#include "bench/run/round.h"

typedef enum rg_search_kind {
    RG_SEARCH_BISECT, /* from a guess in doubling steps until it holds and fails, then halving */
    RG_SEARCH_CLIMB,  /* 1, 2, 3 ... until the first that fails */
    RG_SEARCH_COUNT,
} rg_search_kind;

/* Words of the kinds, in their order; NULL-ended. */
extern const char *const rg_search_words[];

/* Does the load hold at n? Anything but RG_OK ends the search. */
typedef rg_status (*rg_search_probe)(void *user, uint32_t n, bool *ret_holds, rg_err *err);

/* The largest n from 1 to `most` that holds, as far as holding at n means holding below it; 0: not
 * even one does. `guess` is where BISECT begins. */
rg_status rg_search_run(rg_search_kind kind, uint32_t guess, uint32_t most, rg_search_probe probe,
                        void *user, uint32_t *ret_best, rg_err *err);

/* By how much latency grows over a window of open arrivals: twice the mean of its last quarter less
 * that of its second (by intended time), in ns; dropped ones left out. A queue that grows by little
 * breaks no deadline within a short window, but will. 0 for fewer than 8 rows. */
double rg_search_growth_ns(const rg_sample *rows, size_t n, double *ret_last_ns);

/* Would latency be beyond the deadline within ten such windows? */
bool rg_search_outgrows(double last_ns, double growth_ns, int64_t deadline_ns);

#endif
