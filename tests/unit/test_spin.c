/* test_spin.c: the core's clock by counting its cycles. */
#include <criterion/criterion.h>

#include "bench/core/json.h"
#include "bench/run/spin.h"

static json_t *state_with(double mhz, double spread) {
    json_t *state = json_object();
    rg_spin_note(&(rg_spin){mhz, spread}, state);
    return state;
}

static bool moved(double a, double spread_a, double b, double spread_b) {
    json_t *before = state_with(a, spread_a), *after = state_with(b, spread_b);
    bool answer = rg_spin_moved(before, after);
    json_decref(before);
    json_decref(after);
    return answer;
}

Test(spin, a_core_has_a_clock_that_a_processor_can_have) {
    rg_spin spin = rg_spin_measure();
    cr_assert(spin.mhz > 50 && spin.mhz < 8000, "%g MHz", spin.mhz); /* emulators are slow */
    cr_assert_geq(spin.spread, 0);
}

Test(spin, two_measurements_of_a_core_agree) {
    double best = 1;
    for (int i = 0; i < 10 && best > 0.05; i++) { /* other work on the machine may hit some */
        rg_spin a = rg_spin_measure_on(0), b = rg_spin_measure_on(0);
        double off = b.mhz / a.mhz - 1;
        best = off < 0 ? -off < best ? -off : best : off < best ? off : best;
    }
    cr_assert_leq(best, 0.05, "off by %g", best);
}

Test(spin, a_clock_has_moved_when_it_did_so_by_more_than_noise) {
    cr_assert_not(moved(2000, 0, 1950, 0), "2.5 %%");
    cr_assert(moved(2000, 0, 1900, 0), "5 %%");
    cr_assert(moved(1900, 0, 2000, 0), "up counts too");
    cr_assert_not(moved(2000, 0.04, 1900, 0.03), "within both spreads");
    cr_assert_not(moved(0, 0, 1900, 0), "nothing is known of the start");
}
