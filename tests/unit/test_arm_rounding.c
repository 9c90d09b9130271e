/* test_arm_rounding.c: the rounding that the Arm kernels use, modelled in plain C and held against
 * fixed.h: SQRDMULH, one less below zero, SRSHL. Runs on every machine. */
#include <criterion/criterion.h>
#include <stdint.h>

#include "bench/core/rng.h"
#include "kernels/ref/fixed.h"

/* SQRDMULH of 32-bit lanes: 2ab + 2^31, the high half, saturated. */
static int32_t sqrdmulh(int32_t a, int32_t b) {
    __int128 wide = ((__int128)a * b * 2 + (INT64_C(1) << 31)) >> 32;
    return wide > INT32_MAX ? INT32_MAX : (int32_t)wide;
}

/* SRSHL by a negative amount: a shift to the right whose ties go up, in unbounded precision. */
static int32_t srshl(int32_t x, int32_t by) {
    return by == 0 ? x : (int32_t)(((int64_t)x + (INT64_C(1) << (-by - 1))) >> -by);
}

/* What tile.inc and depthwise.inc compute. `general` asks the sign of the shift, the short form
 * takes every factor to shift right. */
static int32_t as_kernels_do(int32_t sum, rg_factor f, bool general) {
    int32_t left = f.shift > 0 ? f.shift : 0, right = f.shift < 0 ? f.shift : 0;
    int32_t x = sqrdmulh((int32_t)((uint32_t)sum << left), f.multiplier);
    int32_t less = (general ? x & right : x) >> 31;
    return srshl((int32_t)((uint32_t)x + (uint32_t)less), right);
}

static void same(int32_t sum, rg_factor f) {
    int32_t truth = rg_factor_apply(f, sum);
    cr_assert_eq(as_kernels_do(sum, f, true), truth, "%d * %d, shift %d: %d, not %d", sum,
                 f.multiplier, f.shift, as_kernels_do(sum, f, true), truth);
    if (f.shift < 0)
        cr_assert_eq(as_kernels_do(sum, f, false), truth, "short: %d * %d, shift %d", sum,
                     f.multiplier, f.shift);
}

static const int32_t multipliers[] = {1 << 30, (1 << 30) + 1, 1518500250, INT32_MAX - 1, INT32_MAX};
enum { N_MULTIPLIERS = sizeof multipliers / sizeof multipliers[0] };

Test(arm_rounding, equals_the_truth_at_the_ends_of_int32_for_every_shift) {
    static const int32_t ends[] = {INT32_MIN, INT32_MIN + 1, -2, -1, 0, 1, 2, INT32_MAX};
    for (int32_t shift = -31; shift <= 31; shift++) {
        for (size_t m = 0; m < N_MULTIPLIERS; m++) {
            for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
                same(ends[i], (rg_factor){multipliers[m], shift});
        }
    }
}

/* With a multiplier of 2^30 the first step halves: sums whose half lies on or next to a tie of the
 * second. */
Test(arm_rounding, equals_the_truth_around_every_kind_of_tie) {
    for (int32_t e = 1; e <= 31; e++) {
        for (int64_t k = -9; k <= 9; k += 2) {
            for (int64_t near = -3; near <= 3; near++) {
                int64_t sum = k * (INT64_C(1) << e) + near;
                if (sum >= INT32_MIN && sum <= INT32_MAX)
                    same((int32_t)sum, (rg_factor){1 << 30, -e});
            }
        }
    }
}

Test(arm_rounding, equals_the_truth_on_random_sums_and_factors) {
    rg_rng rng = rg_rng_seeded(7);
    for (int i = 0; i < 3000000; i++) {
        uint64_t z = rg_rng_next(&rng);
        rg_factor f = {(int32_t)(z >> 34 | UINT64_C(1) << 30), (int32_t)(z % 63) - 31};
        same((int32_t)(rg_rng_next(&rng) >> 32) >> (z >> 8 & 31), f);
    }
}
