/* control.c: a change less what a control workload drifted by. */
#include "bench/result/control.h"

#include <math.h>
#include <stdlib.h>

static bool usable(double value) {
    return isfinite(value) && value > 0;
}

/* The control's value in a round; NAN where it has none. */
static double partner(const rg_control_rounds *control, int64_t round) {
    for (size_t i = 0; i < control->n; i++) {
        if (control->round[i] == round)
            return control->value[i];
    }
    return NAN;
}

size_t rg_control_ratios(const rg_control_session *session, double *ret) {
    size_t n = 0;
    for (size_t i = 0; i < session->cell.n; i++) {
        double value = session->cell.value[i];
        double control = partner(&session->control, session->cell.round[i]);
        if (usable(value) && usable(control))
            ret[n++] = log(value) - log(control);
    }
    return n;
}

/* A mean of logarithms with the variance of that mean. */
typedef struct estimate {
    double mean, variance; /* of the mean */
    double weight;         /* variance^2 / df: what Welch-Satterthwaite divides by */
    size_t n;
} estimate;

static estimate estimate_of(const double *values, size_t n) {
    double variance = rg_variance(values, n) / (double)n;
    return (estimate){rg_mean(values, n), variance, variance * variance / (double)(n - 1), n};
}

static estimate minus(estimate a, estimate b) {
    return (estimate){a.mean - b.mean, a.variance + b.variance, a.weight + b.weight,
                      a.n < b.n ? a.n : b.n};
}

static estimate log_estimate(const rg_control_rounds *rounds, double *scratch) {
    for (size_t i = 0; i < rounds->n; i++)
        scratch[i] = log(rounds->value[i]);
    return estimate_of(scratch, rounds->n);
}

static rg_status check_rounds(const rg_control_rounds *rounds, const char *whose, const char *when,
                              rg_err *err) {
    if (rounds->n < 2)
        return rg_fail(err, RG_INVALID, "measure cell and control together, at least 2 rounds each",
                       "%s has %zu rounds %s", whose, rounds->n, when);
    for (size_t i = 0; i < rounds->n; i++) {
        if (!usable(rounds->value[i]))
            return rg_fail(err, RG_INVALID, NULL, "%s has a value %s that is not above zero", whose,
                           when);
    }
    return RG_OK;
}

static rg_status check_session(const rg_control_session *session, const char *when, rg_err *err) {
    rg_status status = check_rounds(&session->cell, "the cell", when, err);
    return status == RG_OK ? check_rounds(&session->control, "the control", when, err) : status;
}

/* ln(cell / control) of one session; `*by_round` is cleared when partners are lacking. */
static estimate session_estimate(const rg_control_session *session, double *scratch,
                                 bool *by_round) {
    size_t n = rg_control_ratios(session, scratch);
    if (n >= 2)
        return estimate_of(scratch, n);
    *by_round = false;
    return minus(log_estimate(&session->cell, scratch), log_estimate(&session->control, scratch));
}

rg_status rg_control_compare(const rg_control_session *then, const rg_control_session *now,
                             double shift, rg_control_test *ret_test, rg_err *err) {
    rg_status status = check_session(then, "then", err);
    if (status == RG_OK)
        status = check_session(now, "now", err);
    if (status != RG_OK)
        return status;
    size_t most = then->cell.n + then->control.n + now->cell.n + now->control.n;
    double *scratch = malloc(most * sizeof *scratch);
    if (!scratch)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory for %zu rounds", most);
    rg_control_test ret = {.by_round = true};
    estimate a = session_estimate(then, scratch, &ret.by_round);
    estimate b = session_estimate(now, scratch, &ret.by_round);
    estimate d = minus(b, a);
    ret.test = rg_t_from(d.mean, sqrt(d.variance),
                         d.weight > 0 ? d.variance * d.variance / d.weight : 0, shift);
    ret.drift = expm1(log_estimate(&now->control, scratch).mean -
                      log_estimate(&then->control, scratch).mean);
    ret.n_then = a.n;
    ret.n_now = b.n;
    free(scratch);
    *ret_test = ret;
    return RG_OK;
}
