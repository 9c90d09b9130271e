/* staircase.c: finds the sums at which a channel's value changes and tries float formulas there. */
#include "kernels/x86/staircase.h"

#include <immintrin.h>
#include <math.h>

enum { POINTS = 512 + 16, NUDGES = 17, SCALES = 5 };

/* Sums on both sides of every step, and the values there. */
typedef struct steps {
    int32_t sum[POINTS], value[POINTS];
    int n;
} steps;

static void add_point(steps *s, int64_t sum, int32_t value) {
    s->sum[s->n] = (int32_t)sum;
    s->value[s->n++] = value;
}

/* The least sum in (least, most] whose scaled value is `value` or more; most + 1: there is none. */
static int64_t step_to(rg_factor factor, double real, int64_t value, int64_t least, int64_t most) {
    double guess = ceil(((double)value - 0.5) / real);
    int64_t at = guess < (double)least ? least : guess > (double)most ? most : (int64_t)guess;
    while (at > least && rg_factor_apply(factor, (int32_t)at) >= value)
        at--;
    while (at <= most && rg_factor_apply(factor, (int32_t)at) < value)
        at++;
    return at;
}

static void find_steps(rg_factor factor, double real, int32_t zero, int32_t low, int32_t high,
                       int64_t least, int64_t most, steps *ret) {
    ret->n = 0;
    add_point(ret, least, rg_requantize((int32_t)least, factor, zero, low, high));
    for (int32_t value = ret->value[0] + 1; value <= high; value++) {
        int64_t at = step_to(factor, real, value - zero, least, most);
        if (at > most)
            break;
        add_point(ret, at - 1, rg_requantize((int32_t)at - 1, factor, zero, low, high));
        add_point(ret, at, rg_requantize((int32_t)at, factor, zero, low, high));
    }
    add_point(ret, most, rg_requantize((int32_t)most, factor, zero, low, high));
    while (ret->n % 8)
        add_point(ret, most, ret->value[ret->n - 1]);
}

/* Tries one formula with the kernels' own instructions at all points of one sign of `moved`, or of
 * both. Points of the other sign count as equal. */
static bool fits(const steps *s, const rg_stair *stair, int32_t low, int32_t high, int sign) {
    const __m256 scale = _mm256_set1_ps(stair->scale), above = _mm256_set1_ps(stair->above),
                 below = _mm256_set1_ps(stair->below);
    for (int i = 0; i < s->n; i += 8) {
        __m256i sum = _mm256_loadu_si256((const __m256i *)(s->sum + i));
        __m256i moved = _mm256_add_epi32(sum, _mm256_set1_epi32(stair->move));
        __m256 real = _mm256_cvtepi32_ps(moved);
        __m256i value =
            _mm256_cvtps_epi32(_mm256_fmadd_ps(real, scale, _mm256_blendv_ps(above, below, real)));
        value = _mm256_min_epi32(_mm256_max_epi32(value, _mm256_set1_epi32(low)),
                                 _mm256_set1_epi32(high));
        __m256i differ =
            _mm256_xor_si256(value, _mm256_loadu_si256((const __m256i *)(s->value + i)));
        __m256i minus = _mm256_srai_epi32(moved, 31);
        if (sign > 0)
            differ = _mm256_andnot_si256(minus, differ);
        else if (sign < 0)
            differ = _mm256_and_si256(minus, differ);
        if (!_mm256_testz_si256(differ, differ))
            return false;
    }
    return true;
}

/* Tries offsets around `center`: `above` for sums from 0 on, `below` for negative ones, or, with
 * sign 0, one for both. */
static bool settle(const steps *s, rg_stair *stair, double center, double unit, int32_t low,
                   int32_t high, int sign) {
    for (int i = 0; i < NUDGES; i++) {
        float offset = (float)(center + unit * (i & 1 ? (i + 1) / 2 : -(i / 2)));
        if (sign >= 0)
            stair->above = offset;
        if (sign <= 0)
            stair->below = offset;
        if (fits(s, stair, low, high, sign))
            return true;
    }
    return false;
}

/* Where all steps are on the positive side, sums are moved so that values lie around 0, where
 * floats are finest, and one offset serves both signs. */
static bool settle_all(const steps *s, rg_stair *stair, double half, int32_t zero, int32_t low,
                       int32_t high) {
    double moved_zero = zero - stair->move * (double)stair->scale;
    if (low >= zero)
        return settle(s, stair, moved_zero + half, 0x1p-20, low, high, 0);
    return settle(s, stair, zero + half, 0x1p-18, low, high, 1) &&
           settle(s, stair, zero - half, 0x1p-18, low, high, -1);
}

static bool in_range(rg_factor factor, double real, int64_t least, int64_t most) {
    const double limit = 1073741824.0; /* sums, scaled and shifted sums stay far from overflow */
    double size = fmax(fabs((double)least), fabs((double)most));
    double left = factor.shift > 0 ? ldexp(1, factor.shift) : 1;
    return factor.multiplier > 0 && size * left < limit && size * real < limit;
}

bool rg_stair_prove(rg_factor factor, int32_t zero, int32_t low, int32_t high, int64_t least,
                    int64_t most, rg_stair *ret) {
    double real = ldexp(factor.multiplier, factor.shift - 31);
    double half = factor.shift < 0 ? ldexp(0.5, factor.shift) : 0;
    steps s;
    if (!in_range(factor, real, least, most))
        return false;
    find_steps(factor, real, zero, low, high, least, most, &s);
    double move = low >= zero ? rint(zero / real) : 0;
    *ret = (rg_stair){0};
    if (fabs(move) < 536870912.0)
        ret->move = (int32_t)move;
    for (int ulp = 0; ulp < SCALES; ulp++) {
        ret->scale = (float)real;
        for (int i = 0; i < (ulp + 1) / 2; i++)
            ret->scale = nextafterf(ret->scale, ulp & 1 ? HUGE_VALF : 0);
        if (settle_all(&s, ret, half, zero, low, high))
            return true;
    }
    return false;
}
