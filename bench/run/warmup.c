/* warmup.c: MSER-5 and the warm-up around it. */
#include "bench/run/warmup.h"

#include <math.h>

#include "bench/core/clock.h"

static double batch_mean(const double *values, size_t i, size_t batch) {
    double sum = 0;
    for (size_t j = 0; j < batch; j++)
        sum += values[i * batch + j];
    return sum / (double)batch;
}

/* From the end backwards, so that mean and sum of squares of each tail grow by one term (Welford).
 */
size_t rg_mser(const double *values, size_t n, size_t batch, bool *ret_at_bound) {
    size_t m = batch ? n / batch : 0, bound = m / 2, best = 0;
    double mean = 0, squares = 0, least = INFINITY;
    *ret_at_bound = false;
    if (m < 2)
        return 0;
    for (size_t d = m; d-- > 0;) {
        double y = batch_mean(values, d, batch), count = (double)(m - d), step = y - mean;
        mean += step / count;
        squares += step * (y - mean);
        double error = squares / (count * count);
        if (d <= bound && error <= least) {
            least = error;
            best = d;
        }
    }
    *ret_at_bound = best == bound;
    return best * batch;
}

/* Is the pilot, the last n rows, settled? */
static bool settled(const rg_rows *rows, size_t n, double *ret_row_ns) {
    double numbers[RG_WARMUP_PILOT_ROWS];
    const rg_sample *pilot = rows->rows + rows->n - n;
    for (size_t i = 0; i < n; i++)
        numbers[i] = (double)(pilot[i].end_ns - pilot[i].start_ns);
    size_t batch = n >= 4 * RG_WARMUP_BATCH ? RG_WARMUP_BATCH : 1;
    bool at_bound;
    rg_mser(numbers, n, batch, &at_bound);
    *ret_row_ns = rg_rows_median_ns(pilot, n, numbers);
    return !at_bound && n >= RG_WARMUP_PILOT_MIN_ROWS;
}

static rg_status part(const rg_loop *loop, uint64_t n_rows, int64_t min_ns, int64_t deadline_ns,
                      rg_rows *rows, rg_warm *warm, rg_err *err) {
    rg_goal goal = {n_rows, min_ns, deadline_ns};
    rg_ran ran;
    rg_status status = rg_loop_run(loop, &goal, rows, &ran, err);
    if (status != RG_OK)
        return status;
    warm->end_ns = ran.end_ns;
    warm->inferences += ran.inferences;
    return RG_OK;
}

/* A pilot of as many rows as a third of the budget holds, within its bounds. */
static uint64_t pilot_rows(const rg_rows *rows, int64_t budget_ns) {
    const rg_sample *last = &rows->rows[rows->n - 1];
    int64_t row_ns = last->end_ns - last->start_ns, fit = budget_ns / 3 / (row_ns > 0 ? row_ns : 1);
    if (fit >= RG_WARMUP_PILOT_ROWS)
        return RG_WARMUP_PILOT_ROWS;
    return fit > RG_WARMUP_PILOT_MIN_ROWS ? (uint64_t)fit : RG_WARMUP_PILOT_MIN_ROWS;
}

rg_status rg_warmup_run(const rg_loop *loop, int64_t budget_ns, rg_rows *rows, rg_warm *ret_warm,
                        rg_err *err) {
    rg_warm warm = {.start_ns = rg_clock_now_ns()};
    int64_t deadline = warm.start_ns + budget_ns;
    rg_rows discarded = *rows;
    discarded.cap =
        rows->cap - (RG_WARMUP_EXTENSIONS + 1) * (RG_WARMUP_PILOT_ROWS + RG_LOOP_MAX_IN_FLIGHT);
    rg_status status = part(loop, RG_WARMUP_ROWS, RG_WARMUP_NS, deadline, &discarded, &warm, err);
    discarded.cap = rows->cap;
    *rows = discarded;
    uint64_t pilot = status == RG_OK ? pilot_rows(rows, budget_ns) : 0;
    for (int i = 0; status == RG_OK && !warm.steady && i <= RG_WARMUP_EXTENSIONS; i++) {
        size_t before = rows->n;
        if (i && rg_clock_now_ns() >= deadline)
            break;
        status = part(loop, pilot, 0, INT64_MAX, rows, &warm, err);
        size_t n = rows->n - before;
        if (status == RG_OK)
            warm.steady = settled(rows, n < pilot ? n : pilot, &warm.row_ns);
    }
    if (status == RG_OK)
        *ret_warm = warm;
    return status;
}
