/* exponent.c: see exponent.h. exp(-x) is a quartic near zero times stored powers; the reciprocal
 * comes from three Newton steps; the logarithm from a quotient of two polynomials around
 * sqrt(sqrt(1/2)).
 */
#include "kernels/ref/exponent.h"

#include <math.h>

/* exp(a) for a in [-1/4, 0), 0 integer bits: Taylor to the fourth order about -1/8. */
static int32_t exp_near_zero(int32_t a) {
    const int32_t exp_eighth = 1895147668; /* exp(-1/8) * 2^31 */
    const int32_t third = 715827883;       /* 2^31 / 3 */
    int32_t x = a + (1 << 28);
    int32_t x2 = rg_high_mul(x, x), x3 = rg_high_mul(x2, x), x4 = rg_high_mul(x2, x2);
    int32_t tail = rg_high_mul(rg_shift_away(x4, 2) + x3, third); /* x^4/12 + x^3/3 */
    int32_t rest = rg_shift_away(tail + x2, 1);                   /* x^4/24 + x^3/6 + x^2/2 */
    return exp_eighth + rg_high_mul(exp_eighth, x + rest);
}

/* exp(a) for a <= 0 with RG_DIFF_BITS integer bits; the result has none. The quarters of -a select
 * factors exp(-2^k), k = -2 to 4. */
int32_t rg_exp_negative(int32_t a) {
    static const int32_t powers[] = {1672461947, 1302514674, 790015084, 290630308,
                                     39332535,   720401,     242};
    const int fraction = 31 - RG_DIFF_BITS;
    if (a == 0)
        return INT32_MAX;
    const int32_t quarter = 1 << (fraction - 2);
    int32_t near = (a & (quarter - 1)) - quarter, remainder = near - a;
    int32_t result = exp_near_zero(rg_shift_up(near, RG_DIFF_BITS));
    for (int k = 0; k < 7; k++) {
        if (remainder & (1 << (fraction - 2 + k)))
            result = rg_high_mul(result, powers[k]);
    }
    return result;
}

/* 1 / (1 + x) for x in [0, 1), no integer bits: Newton on d = (1 + x) / 2 from 48/17 - 32/17 d; the
 * iterate has 2 integer bits. */
int32_t rg_reciprocal_of_one_plus(int32_t x) {
    const int32_t c48_17 = 1515870810, c32_17 = -1010580540, one = 1 << 29;
    int32_t half = (int32_t)(((int64_t)x + INT32_MAX + 1) / 2);
    int32_t guess = c48_17 + rg_high_mul(half, c32_17);
    for (int i = 0; i < 3; i++) {
        int32_t error = one - rg_high_mul(half, guess);
        guess += rg_shift_up(rg_high_mul(guess, error), 2);
    }
    return rg_shift_up(guess, 1);
}

/* (a + b) / 2, halves away from zero. */
static int32_t half_sum(int32_t a, int32_t b) {
    int64_t sum = (int64_t)a + b;
    return (int32_t)((sum + (sum >= 0 ? 1 : -1)) / 2);
}

static int32_t saturate(int64_t v) {
    return (int32_t)rg_clamp(v, INT32_MIN, INT32_MAX);
}

/* x = r * 2^n with r near sqrt(sqrt(1/2)): of two candidates for r, with and without a factor of
 * sqrt(1/2), the smaller one. n comes with 6 integer bits, so that n * log(2) cannot saturate. */
int32_t rg_log_of_sum(int32_t x) {
    enum { ACCUM_BITS = RG_DIFF_BITS + 1 };
    const int32_t log_2 = 1488522236, fourth_root = 1805811301, root = 1518500250;
    const int32_t quarter = 1 << (31 - ACCUM_BITS - 2);
    const int32_t alpha_n = 117049297, alpha_d = 127690142, alpha_i = 1057819769;
    const int32_t alpha_f = 638450708;
    int room_a = __builtin_clz((uint32_t)x);
    int32_t r_a = rg_shift_up(rg_high_mul(rg_shift_up(x, room_a - 1), root), 1);
    int32_t n_a = saturate((int64_t)rg_shift_up(RG_SUM_BITS - room_a, 31 - ACCUM_BITS) + quarter);
    int room_b = __builtin_clz((uint32_t)rg_high_mul(x, root)) - 1;
    int32_t r_b = rg_shift_up(x, room_b);
    int32_t n_b = saturate((int64_t)rg_shift_up(RG_SUM_BITS - room_b, 31 - ACCUM_BITS) - quarter);
    int32_t r = r_a < r_b ? r_a : r_b, n = n_a > n_b ? n_a : n_b;
    int32_t p = half_sum(r, fourth_root), q = 2 * (r - fourth_root), square = rg_high_mul(q, q);
    int32_t top = rg_high_mul(q, r) + rg_high_mul(rg_high_mul(q, square), alpha_n);
    int32_t below = rg_high_mul(p, alpha_i + q + rg_high_mul(alpha_d, square));
    int32_t reciprocal = rg_reciprocal_of_one_plus(below + rg_high_mul(alpha_f, q));
    int32_t fraction = rg_high_mul(rg_shift_away(top, ACCUM_BITS), reciprocal);
    return rg_shift_up(rg_high_mul(n, log_2) + fraction, 1);
}

rg_status rg_diff_factor(double beta, float scale, const char *what, rg_factor *ret,
                         int32_t *ret_reach, rg_err *err) {
    double one = 1 << (31 - RG_DIFF_BITS), real = beta * (double)scale * one;
    if (!(real > 1))
        return rg_fail(err, RG_UNSUPPORTED, NULL, "%s: beta * scale is %g, too small", what,
                       real / one);
    rg_status status =
        rg_factor_from(real < INT32_MAX ? real : INT32_MAX, "beta and input", ret, err);
    if (status != RG_OK)
        return status;
    *ret_reach =
        (int32_t)floor(((1 << RG_DIFF_BITS) - 1) * one / (double)(INT64_C(1) << ret->shift));
    return RG_OK;
}
