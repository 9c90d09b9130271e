/* looks.c: looks at rounds, valid under peeking; the rule is in the header. */
#include "bench/result/looks.h"

#include <math.h>
#include <string.h>

const rg_looks rg_looks_standard = {"standard", {6, 12, 24, 48}, 4};
const rg_looks rg_looks_strict = {"strict", {12, 24, 48, 96}, 4};

rg_looks rg_looks_once(size_t rounds) {
    return (rg_looks){"once", {rounds}, 1};
}

const rg_looks *rg_looks_named(const char *name) {
    static const rg_looks *const known[] = {&rg_looks_standard, &rg_looks_strict};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (!strcmp(known[i]->name, name))
            return known[i];
    }
    return NULL;
}

/* Rounding of logarithms and sums, not of measuring. */
static const double tiny = 1e-12;

/* The sign-flip p of differences moved by `shift`, in the direction of `sign`. */
static double flipped_p(const double *differences, size_t n, double sign, double shift) {
    double moved[RG_SIGNFLIP_MAX];
    for (size_t i = 0; i < n; i++)
        moved[i] = sign * differences[i] - shift;
    return rg_signflip_p(moved, n);
}

/* A t test's small p on few rounds is believed when the exact sign-flip says 5 % at most, the
 * strongest word that six rounds allow; else the latter stands. */
static double checked_p(double p, const double *differences, size_t n, double sign, double shift) {
    if (!differences || p > RG_LOOKS_LEVEL || n > RG_SIGNFLIP_MAX)
        return p;
    double exact = flipped_p(differences, n, sign, shift);
    return exact > RG_LOOKS_LEVEL && exact > p ? exact : p;
}

/* Without spread the change is what it is. */
static void judge_exactly(rg_looked *looked, double change, const rg_look_limits *limits) {
    looked->exact = true;
    looked->p_worse = change > limits->tolerance + tiny ? 0 : 1;
    looked->p_better = change < -limits->tolerance - tiny ? 0 : 1;
    looked->call = looked->p_worse == 0 ? RG_LOOK_FAIL : RG_LOOK_PASS;
}

/* One look, given both tests; `looks` is K. */
static void add_look(rg_looked *looked, const rg_ttest *worse, const rg_ttest *better, double looks,
                     const double *differences, size_t n, const rg_look_limits *limits) {
    looked->looks++;
    looked->rounds = n;
    looked->worse = *worse;
    if (!(worse->se > tiny)) {
        if (n > 1)
            judge_exactly(looked, worse->mean, limits);
        return;
    }
    looked->exact = false;
    double p = checked_p(worse->p_greater, differences, n, 1, limits->tolerance);
    double p_better = checked_p(better->p_less, differences, n, -1, limits->tolerance);
    looked->p_worse = fmin(looked->p_worse, looks * p);
    looked->p_better = fmin(looked->p_better, looks * p_better);
    double beyond = rg_t_upper((limits->target - worse->mean) / worse->se, worse->df);
    if (looked->call == RG_LOOK_OPEN && looks * beyond < RG_LOOKS_LEVEL)
        looked->call = RG_LOOK_PASS;
    if (limits->tests && looked->p_worse * (double)limits->tests <= RG_LOOKS_LEVEL)
        looked->call = RG_LOOK_FAIL;
}

static void look_at(rg_looked *looked, const rg_looks *looks, const double *differences, size_t n,
                    const rg_look_limits *limits) {
    rg_ttest worse = rg_t_paired(differences, n, limits->tolerance);
    rg_ttest better = rg_t_paired(differences, n, -limits->tolerance);
    add_look(looked, &worse, &better, (double)looks->n, differences, n, limits);
}

rg_looked rg_looks_take(const rg_looks *looks, const double *differences, size_t n,
                        const rg_look_limits *limits) {
    rg_looked looked = {.p_worse = 1, .p_better = 1};
    size_t most = looks->n ? looks->at[looks->n - 1] : 0;
    for (size_t k = 0; k < looks->n && looks->at[k] <= n; k++)
        look_at(&looked, looks, differences, looks->at[k], limits);
    if (n < most && n > looked.rounds && n > 1)
        look_at(&looked, looks, differences, n, limits);
    looked.last = n >= most || looked.exact;
    return looked;
}

rg_looked rg_looks_welch(const double *a, size_t n_a, const double *b, size_t n_b,
                         const rg_look_limits *limits) {
    rg_looked looked = {.p_worse = 1, .p_better = 1, .last = true};
    rg_ttest worse = rg_t_welch(a, n_a, b, n_b, limits->tolerance);
    rg_ttest better = rg_t_welch(a, n_a, b, n_b, -limits->tolerance);
    add_look(&looked, &worse, &better, 1, NULL, n_a < n_b ? n_a : n_b, limits);
    return looked;
}

bool rg_looks_settled(const rg_looked *tests, size_t n) {
    bool settled = true;
    for (size_t i = 0; i < n; i++) {
        if (tests[i].call == RG_LOOK_FAIL)
            return true;
        settled &= tests[i].call == RG_LOOK_PASS || tests[i].last;
    }
    return settled;
}

double rg_looks_smallest(const rg_looks *looks, double sd, const rg_look_limits *limits,
                         size_t rounds) {
    if (rounds < 2)
        return INFINITY;
    double tests = limits->tests ? (double)limits->tests : 1;
    double alpha = RG_LOOKS_LEVEL / (tests * (double)looks->n), r = (double)rounds;
    double t = rg_t_quantile(1 - alpha, r - 1);
    return limits->tolerance + (t + rg_normal_quantile(0.95)) * sd / sqrt(r);
}

size_t rg_looks_needed(const rg_looks *looks, double sd, const rg_look_limits *limits) {
    if (!(limits->target > limits->tolerance) || !(sd > 0))
        return 0;
    for (size_t r = 3; r <= 1000; r = r < 48 ? r + 1 : r * 5 / 4) {
        if (rg_looks_smallest(looks, sd, limits, r) <= limits->target)
            return r;
    }
    return 0;
}
