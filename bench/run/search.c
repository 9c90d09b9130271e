/* search.c: the strategies. */
#include "bench/run/search.h"

#include <stddef.h>

const char *const rg_search_words[] = {"bisect", "climb", NULL};

static rg_status climb(uint32_t most, rg_search_probe probe, void *user, uint32_t *ret_best,
                       rg_err *err) {
    bool holds = true;
    uint32_t n = 0;
    rg_status status = RG_OK;
    while (status == RG_OK && holds && n < most) {
        status = probe(user, n + 1, &holds, err);
        n += status == RG_OK && holds;
    }
    *ret_best = n;
    return status;
}

/* Where to look next: towards the side that is still open, in doubling steps, else in the middle.
 */
static uint32_t next_of(uint32_t low, uint32_t high, uint32_t most, uint32_t last, uint32_t step) {
    if (high > most && low)
        return most - last > step ? last + step : most;
    if (!low && high <= most)
        return last > step + 1 ? last - step : 1;
    return low + (high - low) / 2;
}

/* `low` holds (0 for nothing asked), `high` does not (most + 1 for nothing found). */
static rg_status bisect(uint32_t guess, uint32_t most, rg_search_probe probe, void *user,
                        uint32_t *ret_best, rg_err *err) {
    uint32_t low = 0, high = most + 1, step = 1;
    uint32_t n = guess < 1 ? 1 : guess > most ? most : guess;
    while (low + 1 < high) {
        bool holds;
        rg_status status = probe(user, n, &holds, err);
        if (status != RG_OK)
            return status;
        if (holds)
            low = n;
        else
            high = n;
        n = next_of(low, high, most, n, step);
        step *= step < most ? 2 : 1;
    }
    *ret_best = low;
    return RG_OK;
}

rg_status rg_search_run(rg_search_kind kind, uint32_t guess, uint32_t most, rg_search_probe probe,
                        void *user, uint32_t *ret_best, rg_err *err) {
    if (kind == RG_SEARCH_CLIMB)
        return climb(most, probe, user, ret_best, err);
    return bisect(guess, most, probe, user, ret_best, err);
}

/* Mean latency of the rows that were intended within [from, to). */
static double mean_between(const rg_sample *rows, size_t n, int64_t from, int64_t to) {
    double sum = 0, count = 0;
    for (size_t i = 0; i < n; i++) {
        if (rows[i].start_ns < from || rows[i].start_ns >= to || rows[i].end_ns < rows[i].start_ns)
            continue;
        sum += (double)(rows[i].end_ns - rows[i].start_ns);
        count++;
    }
    return count > 0 ? sum / count : 0;
}

double rg_search_growth_ns(const rg_sample *rows, size_t n, double *ret_last_ns) {
    int64_t first = INT64_MAX, last = INT64_MIN;
    *ret_last_ns = 0;
    for (size_t i = 0; i < n; i++) {
        first = rows[i].start_ns < first ? rows[i].start_ns : first;
        last = rows[i].start_ns > last ? rows[i].start_ns : last;
    }
    if (n < 8)
        return 0;
    int64_t quarter = (last - first) / 4;
    *ret_last_ns = mean_between(rows, n, first + 3 * quarter, last + 1);
    return 2 * (*ret_last_ns - mean_between(rows, n, first + quarter, first + 2 * quarter));
}

bool rg_search_outgrows(double last_ns, double growth_ns, int64_t deadline_ns) {
    enum { WINDOWS = 10 };
    return growth_ns > 0 && last_ns + WINDOWS * growth_ns > (double)deadline_ns;
}
