/* bootstrap.c: intervals over rounds by resampling whole rounds (stats.h states the algorithm so
 * that it can be repeated elsewhere). A resample is only a count for each round; quantiles of it
 * are found in the pooled, sorted samples through a table of per-round counts at every 256th place.
 */
#include <math.h>
#include <stdlib.h>

#include "bench/core/hash.h"
#include "bench/core/rng.h"
#include "bench/result/stats.h"

struct rg_draws {
    size_t rounds;
    uint32_t times[]; /* RG_BOOT_DRAWS rows of `rounds` */
};

typedef struct sample_of {
    double value;
    uint32_t round;
} sample_of;

enum { STRIDE = 256 };

struct rg_pool {
    size_t n, rounds, n_blocks;
    double *sorted;
    uint32_t *round; /* of each sorted value */
    uint64_t *sizes; /* samples of each round */
    uint64_t
        *before; /* n_blocks rows of `rounds`: samples of a round before place block * STRIDE */
};

static rg_status out_of_memory(rg_err *err) {
    return rg_fail(err, RG_NO_MEMORY, "use fewer samples a round", "no memory for statistics");
}

rg_status rg_draws_new(const char *seed_text, size_t rounds, rg_draws **ret_draws, rg_err *err) {
    rg_draws *draws = calloc(1, sizeof *draws + RG_BOOT_DRAWS * rounds * sizeof draws->times[0]);
    if (!draws)
        return out_of_memory(err);
    draws->rounds = rounds;
    rg_rng rng = rg_rng_seeded(rg_hash_seed(seed_text));
    for (size_t b = 0; b < RG_BOOT_DRAWS; b++) {
        for (size_t i = 0; i < rounds; i++)
            draws->times[b * rounds + rg_rng_below(&rng, (uint32_t)rounds)]++;
    }
    *ret_draws = draws;
    return RG_OK;
}

void rg_draws_free(rg_draws *draws) {
    free(draws);
}

static int by_value(const void *a, const void *b) {
    const sample_of *x = a, *y = b;
    if (x->value != y->value)
        return x->value < y->value ? -1 : 1;
    return (x->round > y->round) - (x->round < y->round);
}

static void fill_table(rg_pool *pool, const sample_of *all) {
    uint64_t *count = pool->sizes; /* ends as the sizes */
    for (size_t i = 0; i < pool->n; i++) {
        if (i % STRIDE == 0) {
            for (size_t r = 0; r < pool->rounds; r++)
                pool->before[i / STRIDE * pool->rounds + r] = count[r];
        }
        pool->sorted[i] = all[i].value;
        pool->round[i] = all[i].round;
        count[all[i].round]++;
    }
}

static rg_pool *pool_alloc(size_t n, size_t rounds) {
    rg_pool *pool = calloc(1, sizeof *pool);
    if (!pool)
        return NULL;
    *pool = (rg_pool){.n = n, .rounds = rounds, .n_blocks = (n + STRIDE - 1) / STRIDE};
    pool->sorted = calloc(n, sizeof *pool->sorted);
    pool->round = calloc(n, sizeof *pool->round);
    pool->sizes = calloc(rounds, sizeof *pool->sizes);
    pool->before = calloc(pool->n_blocks * rounds, sizeof *pool->before);
    if (pool->sorted && pool->round && pool->sizes && pool->before)
        return pool;
    rg_pool_free(pool);
    return NULL;
}

rg_status rg_pool_new(const double *const *values, const size_t *n, size_t rounds,
                      rg_pool **ret_pool, rg_err *err) {
    size_t total = 0, at = 0;
    for (size_t r = 0; r < rounds; r++)
        total += n[r];
    if (!total)
        return rg_fail(err, RG_INVALID, NULL, "no samples to pool");
    sample_of *all = malloc(total * sizeof *all);
    rg_pool *pool = pool_alloc(total, rounds);
    if (!all || !pool) {
        free(all);
        rg_pool_free(pool);
        return out_of_memory(err);
    }
    for (size_t r = 0; r < rounds; r++) {
        for (size_t i = 0; i < n[r]; i++)
            all[at++] = (sample_of){values[r][i], (uint32_t)r};
    }
    qsort(all, total, sizeof *all, by_value);
    fill_table(pool, all);
    free(all);
    *ret_pool = pool;
    return RG_OK;
}

void rg_pool_free(rg_pool *pool) {
    if (!pool)
        return;
    free(pool->sorted);
    free(pool->round);
    free(pool->sizes);
    free(pool->before);
    free(pool);
}

const double *rg_pool_sorted(const rg_pool *pool, size_t *ret_n) {
    *ret_n = pool->n;
    return pool->sorted;
}

static uint64_t weighted(const uint64_t *counts, const uint32_t *times, size_t rounds) {
    uint64_t sum = 0;
    for (size_t r = 0; r < rounds; r++)
        sum += counts[r] * times[r];
    return sum;
}

/* The last block before which at most `rank` drawn samples lie. */
static size_t find_block(const rg_pool *pool, const uint32_t *times, uint64_t rank) {
    size_t low = 0, high = pool->n_blocks;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (weighted(pool->before + middle * pool->rounds, times, pool->rounds) <= rank)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* Values of ranks `rank` and `rank` + 1 (zero-based) of the drawn samples; the last one twice at
 * the end. */
static void ranked(const rg_pool *pool, const uint32_t *times, uint64_t rank, double *ret_two) {
    size_t block = find_block(pool, times, rank);
    uint64_t passed = weighted(pool->before + block * pool->rounds, times, pool->rounds);
    int found = 0;
    for (size_t i = block * STRIDE; i < pool->n && found < 2; i++) {
        passed += times[pool->round[i]];
        while (found < 2 && passed > rank + (uint64_t)found)
            ret_two[found++] = pool->sorted[i];
    }
    if (found == 1)
        ret_two[1] = ret_two[0];
}

/* Type-7 quantile of one resample; NAN when only empty rounds were drawn. */
static double resampled_quantile(const rg_pool *pool, const uint32_t *times, double p) {
    uint64_t n = weighted(pool->sizes, times, pool->rounds);
    if (!n)
        return NAN;
    double h = (double)(n - 1) * p, two[2] = {NAN, NAN};
    uint64_t k = (uint64_t)floor(h);
    ranked(pool, times, k, two);
    return two[0] + (h - (double)k) * (two[1] - two[0]);
}

static double resampled_ratio(const double *num, const double *den, const uint32_t *times,
                              size_t rounds) {
    double above = 0, below = 0;
    for (size_t r = 0; r < rounds; r++) {
        above += times[r] * num[r];
        below += times[r] * den[r];
    }
    return above / below;
}

/* Step 5's degrees of freedom: what the variance of the rounds' shares beyond the quantile is
 * worth, by Satterthwaite from their kurtosis. A quantile that few rounds decide knows less than R
 * - 1. */
static double freedom_of(const rg_pool *pool, double value) {
    double r = (double)pool->rounds, mean = 0, m2 = 0, m4 = 0;
    double *share = calloc(pool->rounds, sizeof *share);
    for (size_t i = pool->n; share && i-- > 0 && pool->sorted[i] > value;)
        share[pool->round[i]] += 1 / (double)pool->sizes[pool->round[i]];
    for (size_t k = 0; share && k < pool->rounds; k++)
        mean += share[k] / r;
    for (size_t k = 0; share && k < pool->rounds; k++) {
        double d = share[k] - mean;
        m2 += d * d / r;
        m4 += d * d * d * d / r;
    }
    free(share);
    if (!(m2 > 1e-18))
        return r - 1;
    double df = floor(2 * r / (m4 / (m2 * m2) - (r - 3) / (r - 1)));
    return fmax(1, fmin(df, r - 1));
}

/* Steps 4 and 5: from the logarithms of the resampled figures to the interval. */
static rg_interval close_interval(double value, const double *logs, size_t rounds, double df) {
    rg_interval ret = {value, NAN, NAN, NAN, NULL};
    double variance = rg_variance(logs, RG_BOOT_DRAWS), r = (double)rounds;
    if (!(value > 0) || !isfinite(variance)) {
        ret.no_interval = "not-available";
        return ret;
    }
    ret.se_log = sqrt(variance) * sqrt(r / (r - 1));
    double half = rg_t_quantile(0.975, df) * ret.se_log;
    ret.low = exp(log(value) - half);
    ret.high = exp(log(value) + half);
    if (half == 0) /* exp(log(x)) may miss x by its last digit */
        ret.low = ret.high = value;
    return ret;
}

rg_interval rg_interval_quantile(const rg_pool *pool, const rg_draws *draws, double p) {
    double value = rg_quantile(pool->sorted, pool->n, p);
    if (!draws || draws->rounds != pool->rounds || pool->rounds < 2)
        return (rg_interval){value, NAN, NAN, NAN, "rounds<2"};
    double logs[RG_BOOT_DRAWS];
    for (size_t b = 0; b < RG_BOOT_DRAWS; b++)
        logs[b] = log(resampled_quantile(pool, draws->times + b * pool->rounds, p));
    return close_interval(value, logs, pool->rounds, freedom_of(pool, value));
}

rg_interval rg_interval_ratio(const double *num, const double *den, size_t rounds,
                              const rg_draws *draws) {
    double above = 0, below = 0;
    for (size_t r = 0; r < rounds; r++) {
        above += num[r];
        below += den[r];
    }
    double value = above / below;
    if (!draws || draws->rounds != rounds || rounds < 2)
        return (rg_interval){value, NAN, NAN, NAN, "rounds<2"};
    double logs[RG_BOOT_DRAWS];
    for (size_t b = 0; b < RG_BOOT_DRAWS; b++)
        logs[b] = log(resampled_ratio(num, den, draws->times + b * rounds, rounds));
    return close_interval(value, logs, rounds, (double)rounds - 1);
}

rg_interval rg_interval_mean(const double *values, size_t rounds, const rg_draws *draws) {
    double mean = rg_mean(values, rounds), means[RG_BOOT_DRAWS];
    if (!draws || draws->rounds != rounds || rounds < 2)
        return (rg_interval){mean, NAN, NAN, NAN, "rounds<2"};
    for (size_t b = 0; b < RG_BOOT_DRAWS; b++) {
        const uint32_t *times = draws->times + b * rounds;
        means[b] = 0;
        for (size_t r = 0; r < rounds; r++)
            means[b] += times[r] * values[r] / (double)rounds;
    }
    double se = sqrt(rg_variance(means, RG_BOOT_DRAWS) * (double)rounds / ((double)rounds - 1));
    double t = rg_t_quantile(0.975, (double)rounds - 1);
    return (rg_interval){mean, mean - t * se, mean + t * se, se, NULL};
}
