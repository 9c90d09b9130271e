/* energy.h: from readings of rails to joules with their uncertainty, or the reason why not. Pure:
 * works the same on a live meter's rows, on a replayed trace and on synthetic ones. derive.c calls
 * it once a round with the round's own windows. Method: energy notes, section 4 (two estimators,
 * lag of averaging sensors, budget of standard uncertainties, refusal codes). Powers are in mW,
 * energies in uJ, so 1 mW for 1 s is 1000 uJ. */
#ifndef RG_RESULT_ENERGY_H
#define RG_RESULT_ENERGY_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/core/err.h"
#include "bench/iface/sensor.h"

/* A stretch of the time line; end <= start: there is none. */
typedef struct rg_span {
    int64_t start_ns, end_ns;
} rg_span;

/* Refusals in the order in which the first is printed: name, code of core/codes.h. */
#define RG_REFUSAL_LIST(X)                                                                         \
    X(NO_SENSOR, "no-sensor")                                                                      \
    X(SCOPE, "scope")                                                                              \
    X(RANGE, "range")                                                                              \
    X(STALE, "stale")                                                                              \
    X(SHORT_WINDOW, "short-window")                                                                \
    X(GAP, "gap")                                                                                  \
    X(THROTTLE, "throttle")                                                                        \
    X(STATE, "state")                                                                              \
    X(NOT_STEADY, "not-steady")                                                                    \
    X(IDLE_DRIFT, "idle-drift")                                                                    \
    X(LOW_SIGNAL, "low-signal")                                                                    \
    X(UNCERTAINTY, "uncertainty")                                                                  \
    X(DISAGREE, "disagree")                                                                        \
    X(OPS_UNKNOWN, "ops-unknown")

enum rg_refusal_place {
#define X(name, code) RG_REFUSAL_PLACE_##name,
    RG_REFUSAL_LIST(X)
#undef X
        RG_REFUSAL_COUNT
};

/* Sets of refusals, one bit each. */
enum rg_refusal {
#define X(name, code) RG_REFUSE_##name = 1 << RG_REFUSAL_PLACE_##name,
    RG_REFUSAL_LIST(X)
#undef X
};

/* Those that a scenario may accept while exploring (measure.accept): the figure then stands, with
 * the code as a flag of its record, which no gate passes. The others always stand in the figure's
 * place.
 */
enum {
    RG_REFUSE_OVERRIDABLE =
        RG_REFUSE_THROTTLE | RG_REFUSE_IDLE_DRIFT | RG_REFUSE_DISAGREE | RG_REFUSE_NOT_STEADY
};

/* Code of the first refusal of a set, NULL for the empty set; and all of them as a JSON array. */
const char *rg_refusal_first(uint32_t refusals);
uint32_t rg_refusal_of(const char *code); /* its bit, 0 for other words */
json_t *rg_refusals_to_json(uint32_t refusals);

/* Terms of the budget: name, key in the record. */
#define RG_ENERGY_TERM_LIST(X)                                                                     \
    X(GAIN, "gain")                                                                                \
    X(OFFSET, "offset")                                                                            \
    X(QUANTISATION, "quantisation")                                                                \
    X(SAMPLING, "sampling")                                                                        \
    X(EDGE, "edge")                                                                                \
    X(CLOCK, "clock")                                                                              \
    X(IDLE, "idle")

enum rg_energy_term {
#define X(name, key) RG_TERM_##name,
    RG_ENERGY_TERM_LIST(X)
#undef X
        RG_TERM_COUNT
};

/* An energy with its budget. Terms are standard uncertainties in uJ. */
typedef struct rg_energy_value {
    double uj; /* NAN: could not be formed */
    double terms_uj[RG_TERM_COUNT];
    double systematic_uj, random_uj; /* standard; repeats shrink only the random part */
    double random_dof;               /* degrees of freedom of the random part */
    double flatness;                 /* of the systematic part: 1 one rectangle, 0 bell-shaped */
    double k;                        /* rg_coverage_factor */
    double expanded_uj;              /* U = k sqrt(systematic^2 + random^2) */
    bool unbounded;                  /* limits of error are not known: U is a part only */
} rg_energy_value;

/* How the energy was formed: mean power after the sensor's lag times the window (steady loops);
 * trapezoid with interpolated edges, or the counter's difference; or all that exceeds idle, tail of
 * an averaging sensor included, plus idle (bursts with quiet idle on both sides). */
typedef enum rg_estimator {
    RG_ESTIMATOR_MEAN,
    RG_ESTIMATOR_TRAPEZOID,
    RG_ESTIMATOR_TAIL
} rg_estimator;

/* One rail over the window. */
typedef struct rg_rail_energy {
    uint32_t rail;
    size_t n;         /* fresh readings inside the window */
    size_t n_settled; /* of those, after the sensor's lag */
    size_t n_lost;    /* readings that should have come and did not */
    size_t n_bad;     /* rows inside the window marked bad or not ready */
    double period_s;  /* median distance of fresh readings */
    double mean_mw;   /* over the settled readings */
    double mean_uj;   /* the three estimates, NAN where one cannot be formed */
    double trapezoid_uj;
    double tail_uj;
    rg_estimator estimator;                        /* which of them is `total` */
    double idle_before_mw, idle_after_mw, idle_mw; /* NAN where not measured; idle_mw: baseline */
    double idle_u_mw; /* standard uncertainty of idle_mw, NAN where limits are unknown */
    rg_energy_value total, above;
    uint32_t refusals, above_refusals; /* of the total; of the part above idle only */
} rg_rail_energy;

/* All rails of one scope as their roles add up. */
typedef struct rg_energy_sum {
    rg_scope scope;
    bool formed;                        /* false: roles do not add up (unknown, incomplete) */
    size_t n_rails;                     /* summed */
    uint64_t n;                         /* readings of the rail with the fewest */
    double mean_mw, idle_mw, idle_u_mw; /* idle_u_mw: standard, rails taken as erring together */
    rg_energy_value total, above;
    uint32_t refusals, above_refusals;
} rg_energy_sum;

/* What is asked. Rows of different rails may be mixed; those of one rail are in order of time. */
typedef struct rg_energy_ask {
    const rg_rail *rails;
    size_t n_rails;
    const rg_power_row *rows;
    size_t n_rows;
    rg_span window, idle_before, idle_after;
    double inferences; /* inside the window, for the record */
    rg_scope prefer;   /* headline scope where measured; UNKNOWN: module, board, wall, part */
} rg_energy_ask;

enum { RG_SCOPE_COUNT = RG_SCOPE_WALL + 1 };

typedef struct rg_energy {
    double window_s, inferences;
    rg_rail_energy *rails; /* as many as asked */
    size_t n_rails;
    rg_energy_sum sums[RG_SCOPE_COUNT]; /* by scope */
    rg_scope scope;                     /* of the headline, UNKNOWN when there is none */
    rg_energy_sum headline;             /* copy of sums[scope], or refusals alone */
} rg_energy;

/* Everything against the part above idle: the total's refusals but its uncertainty (an offset that
 * is the same with and without load cancels) and its own. */
static inline uint32_t rg_above_refusals(uint32_t refusals, uint32_t above_refusals) {
    return (refusals & ~(uint32_t)RG_REFUSE_UNCERTAINTY) | above_refusals;
}

/* Refusals of the total that hold against idle power as well. */
enum {
    RG_REFUSE_IDLE_TOO = RG_REFUSE_NO_SENSOR | RG_REFUSE_SCOPE | RG_REFUSE_RANGE | RG_REFUSE_STALE
};

/* Energy of the window. RG_OK also when everything is refused (then the headline says so);
 * RG_NO_MEMORY, RG_INVALID for an empty window. Free with rg_energy_free. */
rg_status rg_energy_measure(const rg_energy_ask *ask, rg_energy *ret_energy, rg_err *err);
void rg_energy_free(rg_energy *energy); /* accepts NULL and {0} */

/* Everything as one object for the record: scope, total, above_idle, terms, refusals, rails. */
json_t *rg_energy_to_json(const rg_energy *energy, const rg_rail *rails);

/* k of a budget, for 95 of 100: 2 from 30 effective degrees of freedom on (Welch-Satterthwaite,
 * systematic part infinitely many), else Student's t at 97.5 %. Limits of error are rectangular:
 * the more one of them outweighs the rest, the nearer k comes to the rectangle's own 1.65 (GUM,
 * G.2). `flatness`: sum of fourth powers of the rectangular parts over that of the systematic part.
 */
double rg_coverage_factor(double systematic, double random, double random_dof, double flatness);

/* k and U of a budget whose parts stand. */
void rg_energy_close_budget(rg_energy_value *value);

/* U by a factor of 2 at least, as the refusal `uncertainty` and its 10 % mean it. */
bool rg_energy_is_vague(const rg_energy_value *value);

/* --- one rail, step by step (energy_series.c), open for tests -------------------------------- */

/* Cleaned readings of one rail, times in seconds from the window's start. Counters are unwrapped
 * and start at 0. */
typedef struct rg_series {
    size_t n, n_reads;
    double *t_s, *value;             /* mW, or uJ for counters */
    double *read_s;                  /* when something was read, repeats included: n_reads */
    bool counter, points;            /* kinds; else averages */
    double refresh_s, lag_s, half_s; /* half_s: mean half-width of the reads */
    double stale_s;                  /* a counter's tick is seen up to so much later */
    bool invalid;                    /* counter ran backwards or jumped */
} rg_series;

/* Rows of `rail` without bad and not-ready ones, without reads that took longer than half a
 * refresh (or a tenth of the lag), and with identical readings closer than one refresh taken once.
 */
rg_status rg_series_clean(const rg_energy_ask *ask, uint32_t rail, rg_series *ret, rg_err *err);
void rg_series_free(rg_series *series);

/* Energy from a to b (seconds): trapezoid with interpolated edges, or difference of the
 * interpolated counter. Outside the readings the nearest one is held. NAN without readings. */
double rg_series_energy_uj(const rg_series *series, double a_s, double b_s);

/* Mean power over the readings in [a, b] with its standard uncertainty: sd / sqrt(n_eff), where a
 * lag-1 autocorrelation within chance (2 / sqrt(n)) counts as none. */
typedef struct rg_series_mean {
    size_t n;
    double mean_mw, sd_mw, u_mw, dof; /* u_mw: of the mean; NAN when n < 2 */
} rg_series_mean;
rg_series_mean rg_series_mean_of(const rg_series *series, double a_s, double b_s);

/* As rg_series_energy_uj, but nothing outside [from, b] is looked at: both ends are held at the
 * nearest reading inside. NAN when there is none. */
double rg_series_held_uj(const rg_series *series, double a_s, double from_s, double b_s);

/* Standard uncertainty of the integral from a to b when the power itself moves, for sensors without
 * a lag: each reading against the line through its neighbours. The median of these is noise; what
 * single ones have more are steps of the load, each hidden anywhere between two readings. NAN for
 * fewer than four readings. */
double rg_series_roughness_uj(const rg_series *series, double a_s, double b_s);

#endif
