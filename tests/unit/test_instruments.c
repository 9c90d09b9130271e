/* test_instruments.c: what is told of an instrument, answers in SCPI, words of a PPK2, a meter's
 * own clock, and the holes of a source that is silent. tests/cli/instruments.py has the whole
 * sensors. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "bench/core/clock.h"
#include "power/instrument.h"
#include "power/rows.h"
#include "power/scpi_dialect.h"
#include "power/scpi_link.h"

Test(instrument, words_behind_its_address_tell_what_it_is_connected_to) {
    rg_instrument told;
    rg_err err = RG_ERR_INIT;
    const char *words = "10.0.0.5:5025,scope=wall,rail=jack,gain=0.001,offset_mw=20,channel=2";
    cr_assert_eq(rg_instrument_parse(words, &told, &err), RG_OK, "%s", err.what);
    cr_assert_str_eq(told.address, "10.0.0.5:5025");
    cr_assert_eq(told.channel, 2);
    cr_assert_eq(told.rail.role, RG_ROLE_TOTAL, "a scope without a role is its total");
    rg_rail rail = {.label = "own", .refresh_s = 0.25, .limits = {.gain = 0.01, .lsb_mw = 3}};
    rg_instrument_tell(&told, &rail);
    cr_assert_str_eq(rail.label, "jack");
    cr_assert_eq(rail.scope, RG_SCOPE_WALL);
    cr_assert_float_eq(rail.limits.gain, 0.001, 0, "what is told stands above what is known");
    cr_assert_float_eq(rail.limits.lsb_mw, 3, 0, "what is not told stays");
    cr_assert_float_eq(rail.refresh_s, 0.25, 0);
}

Test(instrument, without_a_scope_nothing_is_assumed) {
    rg_instrument told;
    cr_assert_eq(rg_instrument_parse("/dev/ttyACM0,volts=5", &told, NULL), RG_OK);
    cr_assert_eq(told.rail.role, RG_ROLE_UNKNOWN);
    cr_assert_float_eq(told.volts, 5, 0);
    cr_assert_lt(told.rail.limits.gain, 0);
}

Test(instrument, what_cannot_be_told_is_named) {
    static const char *const wrong[] = {
        "x,scope=moon", "x,colour=red", "x,volts=0", "x,volts=nan", "x,channel=0", "x,channel=1x",
        "x,rail=1st",   "x,gain=2",     "x,scope",   "x,",          "x,role=chief"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        rg_instrument told;
        rg_err err = RG_ERR_INIT;
        cr_assert_eq(rg_instrument_parse(wrong[i], &told, &err), RG_USAGE, "%s", wrong[i]);
        cr_assert_not_null(strstr(err.what, wrong[i] + 2), "%s: %s", wrong[i], err.what);
    }
}

/* --- SCPI ------------------------------------------------------------------------------------- */

Test(scpi, a_family_is_known_by_its_maker_and_model) {
    static const char *const known[][2] = {
        {"YOKOGAWA,WT310E,C2,F1.03", "yokogawa-wt300"},
        {"Yokogawa, WT333E,1,2", "yokogawa-wt300"},
        {"YOKOGAWA,DL850,1,2", "generic"},
        {"Agilent Technologies,N6705B,MY1,E.01", "keysight-n6700"},
        {"Keysight Technologies,E36312A,MY,1", "keysight-e36000"},
        {"Keysight Technologies,34465A,MY,A.03", "keysight-34400"},
        {"HEWLETT-PACKARD,34401A,0,11-5-2", "keysight-34400"},
        {"Rohde&Schwarz,HMC8015,1,1.4", "rs-hmc8015"},
        {"ROHDE&SCHWARZ,NGM202,1,3", "rs-supply"},
        {"ACME", "generic"},
        {"", "generic"},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        cr_assert_str_eq(rg_scpi_dialect_for(known[i][0])->name, known[i][1], "%s", known[i][0]);
    cr_assert_null(rg_scpi_dialect_called("klingon"));
}

static rg_power_row row_of(const char *answer, const char *columns, double volts) {
    rg_power_row row = rg_row_empty(0);
    size_t column = 0;
    rg_scpi_take_answer(answer, columns, &column, &row);
    rg_scpi_finish(&row, volts);
    return row;
}

Test(scpi, volts_amperes_and_watts_are_taken_in_the_order_of_the_dialect) {
    rg_power_row row = row_of("5.0E+00, 0.5000E+00,2.4E+00", "VIP", 0);
    cr_assert_float_eq(row.voltage_mv, 5000, 1e-9);
    cr_assert_float_eq(row.current_ma, 500, 1e-9);
    cr_assert_float_eq(row.power_mw, 2400, 1e-9, "the meter's own watts, not volts x amperes");
    cr_assert_float_eq(row_of("5,-0.5", "VI", 0).power_mw, -2500, 1e-9, "a current has a sign");
    cr_assert_float_eq(row_of("0.5", "I", 12).power_mw, 6000, 1e-9, "at the declared voltage");
    cr_assert_eq(row.flags, 0);
}

Test(scpi, two_answers_fill_the_columns_one_after_the_other) {
    rg_power_row row = rg_row_empty(0);
    size_t column = 0;
    rg_scpi_take_answer("5", "VI", &column, &row);
    rg_scpi_take_answer("0.5;0.7", "VI", &column, &row);
    rg_scpi_finish(&row, 0);
    cr_assert_float_eq(row.power_mw, 2500, 1e-9);
}

Test(scpi, over_range_is_clipped_and_tells_no_power) {
    static const char *const over[] = {"9.91E37,1", "5,9.9E+37", "NAN,1",   "5,INF",
                                       "5,-9.9E37", "OVLD,1",    "5,---OL", "5,OVER"};
    for (size_t i = 0; i < sizeof over / sizeof over[0]; i++) {
        rg_power_row row = row_of(over[i], "VI", 0);
        cr_assert_eq(row.flags, RG_ROW_CLIPPED, "%s: %u", over[i], row.flags);
        cr_assert(isnan(row.power_mw), "%s", over[i]);
    }
}

Test(scpi, what_is_no_answer_is_bad) {
    static const char *const wrong[] = {
        "", "5", "hello", "5,", "5,abc", ",5", "-113,\"Undefined\""};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        cr_assert(row_of(wrong[i], "VI", 0).flags & RG_ROW_BAD, "%s", wrong[i]);
    cr_assert(row_of("0.5", "I", 0).flags & RG_ROW_BAD, "without a voltage there is no power");
}

Test(scpi, an_address_is_a_host_with_or_without_a_port) {
    static const char *const wrong[] = {
        "",     ":5025", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536", "127.0.0.1:5x",
        "[::1", "[::1]x"};
    rg_scpi_link link;
    cr_assert_eq(rg_scpi_link_find("127.0.0.1", &link, NULL), RG_OK);
    cr_assert_eq(rg_scpi_link_find("127.0.0.1:7", &link, NULL), RG_OK);
    cr_assert_eq(rg_scpi_link_find("[::1]:7", &link, NULL), RG_OK);
    cr_assert_eq(link.to.ss_family, AF_INET6);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        cr_assert_eq(rg_scpi_link_find(wrong[i], &link, NULL), RG_USAGE, "%s", wrong[i]);
}

/* --- clocks and silence ----------------------------------------------------------------------- */

Test(meter_clock, what_waited_in_a_queue_does_not_move_the_meters_time) {
    rg_meter_clock clock = rg_meter_clock_begin();
    const int64_t lies_ns = 5000000000; /* our time of the meter's zero */
    int64_t worst_ns = 0;
    for (int i = 0; i < 3000; i++) {
        int64_t delay_ns = 1000000 + (i * 7919 % 100) * 300000;
        int64_t t_ns = rg_meter_clock_ns(&clock, i * 0.01, lies_ns + i * 10000000LL + delay_ns);
        int64_t off_ns = t_ns - (lies_ns + i * 10000000LL);
        if (i > 100 && off_ns > worst_ns)
            worst_ns = off_ns;
    }
    cr_assert_leq(worst_ns, 1000000 + 1000, "the least delay, 1 ms, is all that is left");
}

Test(meter_clock, a_clock_that_drifts_is_followed) {
    rg_meter_clock clock = rg_meter_clock_begin();
    int64_t t_ns = 0;
    double truth_s = 0;
    for (int i = 0; i < 60000; i++) { /* ten minutes, the meter 100 ppm slow */
        truth_s = i * 0.01;
        t_ns = rg_meter_clock_ns(&clock, truth_s * (1 - 1e-4), (int64_t)(truth_s * 1e9));
    }
    cr_assert_lt(fabs((double)t_ns * 1e-9 - truth_s), 0.005, "60 ms off without");
}

Test(silence, a_source_that_speaks_has_no_holes_and_a_silent_one_a_hole_a_rail) {
    const rg_rail rails[2] = {{.refresh_s = 0.01}, {.refresh_s = 0.2}};
    rg_silence silence = rg_silence_begin(rails, 2);
    rg_power_row rows[4];
    cr_assert_eq(silence.limit_ns, 2000000000, "ten refreshes of the slowest");
    cr_assert_eq(rg_silence_rows(&silence, 2, rows, 0, 4), 0);
    cr_assert_eq(rg_silence_rows(&silence, 2, rows, 3, 4), 3);
    silence.last_ns -= 3000000000;
    cr_assert_eq(rg_silence_rows(&silence, 2, rows, 0, 4), 2);
    cr_assert_eq(rows[1].rail, 1);
    cr_assert_eq(rows[1].flags, RG_ROW_BAD);
    cr_assert(isnan(rows[1].power_mw));
    cr_assert_eq(rg_silence_rows(&silence, 2, rows, 0, 4), 0, "and the next after the same time");
}
