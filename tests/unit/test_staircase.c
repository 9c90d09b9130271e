/* Exact requantization by floats: what rg_stair_prove accepts must equal the reference at every sum
 * of the range, and common factors must be accepted. On x86-64 with AVX2 only. */
#include "kernels/x86/staircase.h"

#include <criterion/criterion.h>
#include <math.h>

#include "bench/core/isa.h"
#include "bench/core/rng.h"

static int32_t climb(const rg_stair *s, int32_t sum, int32_t low, int32_t high) {
    int32_t moved = sum + s->move;
    float value = fmaf((float)moved, s->scale, moved < 0 ? s->below : s->above);
    return (int32_t)rg_clamp(lrintf(value), low, high);
}

static void all_equal(rg_factor factor, int32_t zero, int32_t low, const rg_stair *stair,
                      int32_t size) {
    for (int32_t sum = -size; sum <= size; sum++) {
        int32_t want = rg_requantize(sum, factor, zero, low, 127);
        cr_assert_eq(climb(stair, sum, low, 127), want, "sum %d times %d * 2^%d", sum,
                     factor.multiplier, factor.shift - 31);
    }
}

Test(staircase, what_is_proven_equals_the_reference_at_every_sum) {
    if (!(rg_isa_present() & RG_ISA_AVX2))
        cr_skip_test("this CPU has no AVX2");
    rg_rng rng = rg_rng_seeded(7);
    int proven = 0;
    for (int i = 0; i < 200; i++) {
        double real = ldexp(0.5 + (double)(rg_rng_next(&rng) >> 44) * 0x1p-21,
                            -(int)(rg_rng_next(&rng) % 12));
        int32_t zero = (int32_t)(rg_rng_next(&rng) % 256) - 128, size = 40000;
        int32_t low = i % 2 ? zero : -128;
        rg_factor factor;
        rg_stair stair;
        cr_assert_eq(rg_factor_from(real, "", &factor, NULL), RG_OK);
        if (rg_stair_prove(factor, zero, low, 127, -size, size, &stair)) {
            all_equal(factor, zero, low, &stair, size);
            proven++;
        }
    }
    cr_assert_gt(proven, 180, "%d of 200 factors were proven", proven);
}

Test(staircase, powers_of_two_where_every_step_is_a_tie_are_proven) {
    if (!(rg_isa_present() & RG_ISA_AVX2))
        cr_skip_test("this CPU has no AVX2");
    for (int e = 0; e < 10; e++) {
        rg_factor factor = {1 << 30, -e};
        rg_stair stair;
        cr_assert(rg_stair_prove(factor, 3, -128, 127, -70000, 70000, &stair), "2^-%d", e + 1);
        all_equal(factor, 3, -128, &stair, 70000);
    }
}

Test(staircase, sums_beyond_float_and_int32_take_the_integer_path) {
    rg_factor factor = {1 << 30, 0};
    rg_stair stair;
    cr_assert_not(rg_stair_prove(factor, 0, -128, 127, INT32_MIN, INT32_MAX, &stair));
    cr_assert_not(rg_stair_prove((rg_factor){0, 0}, 0, -128, 127, -9, 9, &stair));
}
