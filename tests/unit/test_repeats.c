/* test_repeats.c: how many windows an energy needs, against the table of the method. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "bench/core/json.h"
#include "bench/result/repeats.h"

Test(repeats, the_methods_table_comes_out) {
    static const double cvs[] = {0.005, 0.01, 0.02, 0.03, 0.05, 0.1};
    static const double shares[] = {0.005, 0.01, 0.02, 0.05};
    static const uint32_t wanted[6][4] = {{7, 5, 5, 5},     {18, 7, 5, 5},    {64, 18, 7, 5},
                                          {141, 38, 12, 5}, {386, 99, 27, 7}, {1541, 386, 99, 18}};
    for (int c = 0; c < 6; c++) {
        for (int s = 0; s < 4; s++) {
            int n = (int)rg_repeats_needed(cvs[c], shares[s]), want = (int)wanted[c][s];
            int slack = want > 300; /* the table rounds t there */
            cr_expect(abs(n - want) <= slack, "cv %g, +-%g: %d", cvs[c], shares[s], n);
        }
    }
    cr_assert_eq(rg_repeats_needed(1, 1e-4), 0, "no sensible number");
}

Test(repeats, what_the_sensor_does_not_know_no_repeat_tells) {
    const double uj[] = {1000, 1010, 990, 1005, 995};
    json_t *plan = rg_repeats_plan(uj, 5, 0.006);
    const json_t *windows = json_object_get(plan, "windows");
    cr_assert_eq(rg_json_get_int(plan, "pilot", 0), 5);
    cr_assert_float_eq(rg_json_get_real(plan, "cv", 0), 0.00790569, 1e-7);
    cr_assert_float_eq(rg_json_get_real(plan, "floor", 0), 0.012, 1e-12);
    cr_assert(json_is_null(json_object_get(windows, "1%")), "1.2 %% are systematic");
    cr_assert_eq(rg_json_get_int(windows, "2%", 0), 5);
    json_decref(plan);
    cr_assert_null(rg_repeats_plan(uj, 1, 0.006), "one window has no spread");
}
