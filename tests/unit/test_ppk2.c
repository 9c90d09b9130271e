/* test_ppk2.c: the calibration and the words of a Nordic PPK2; tests/cli/instruments.py has the
 * whole sensor on a pseudo-terminal. */
#include <criterion/criterion.h>
#include <math.h>

#include "power/ppk2_stream.h"

static rg_ppk2_calibration calibration_of(const char *text, size_t *ret_taken) {
    rg_ppk2_calibration c;
    *ret_taken = rg_ppk2_calibration_take(text, &c);
    return c;
}

Test(ppk2, a_calibration_replaces_nominal_values_where_it_has_numbers) {
    size_t taken;
    rg_ppk2_calibration c =
        calibration_of("Calibrated: 0\nR0: 1003.35\nr4: 0.0564\nGS1: 0.5\nS2: -nan\n"
                       "UG3: 1.5\nI4: -0.001\nO0: 0\nR5: 9\nR: 9\nRS0: 9\nHW: 1\nEND",
                       &taken);
    cr_assert_eq(taken, 5);
    cr_assert_float_eq(c.r[0], 1003.35, 0);
    cr_assert_float_eq(c.r[1], 101.65, 0, "nominal");
    cr_assert_float_eq(c.r[4], 0.0564, 0);
    cr_assert_float_eq(c.gs[1], 0.5, 0);
    cr_assert_float_eq(c.s[2], 0, 0);
    cr_assert_float_eq(c.ug[3], 1.5, 0);
    cr_assert_float_eq(c.i[4], -0.001, 0);
    calibration_of("", &taken);
    cr_assert_eq(taken, 0);
}

Test(ppk2, a_word_becomes_amperes_by_its_ranges_calibration) {
    size_t taken;
    rg_ppk2_calibration c = calibration_of(
        "R2: 10\nO2: 40\nGS2: 2\nGI2: 0.9\nS2: 0.0001\nI2: 0.0002\nUG2: 1.1\n", &taken);
    double plain = (4 * 1000 - 40) * (1.8 / 163840) / 10;
    double amperes = 1.1 * (plain * (2 * plain + 0.9) + 0.0001 * 3 + 0.0002);
    cr_assert_float_eq(rg_ppk2_amperes(&c, 1000 | 2 << 14 | 7u << 18 | 0xffu << 24, 3), amperes,
                       1e-15);
    for (uint32_t range = 5; range < 8; range++)
        cr_assert(isnan(rg_ppk2_amperes(&c, 1000 | range << 14, 3)), "there are five ranges");
}

typedef struct made {
    rg_ppk2_stream stream;
    unsigned char bytes[4 * 2000];
    size_t n;
} made;

static void put_word(made *m, uint32_t adc, uint32_t range, uint32_t counter) {
    uint32_t word = adc | range << 14 | (counter & 0x3f) << 18;
    for (int i = 0; i < 4; i++)
        m->bytes[m->n++] = (unsigned char)(word >> 8 * i);
}

static made *new_made(void) {
    static made m;
    /* a clock that lies already, so that the time of hearing does not matter */
    m = (made){.stream = {.volts = 5, .clock = {-10, -10, INT64_MAX}}};
    rg_ppk2_calibration_take("", &m.stream.calibration);
    return &m;
}

/* Takes everything in pieces of `piece` bytes. */
static size_t take(made *m, size_t piece, rg_power_row *rows, size_t cap) {
    size_t n = 0, more;
    for (size_t at = 0; at < m->n; at += piece) {
        size_t bytes = m->n - at < piece ? m->n - at : piece;
        cr_assert_eq(rg_ppk2_stream_take(&m->stream, m->bytes + at, bytes, 1000000000, rows + n,
                                         cap - n, &more),
                     bytes);
        n += more;
    }
    return n;
}

Test(ppk2, a_row_is_the_mean_of_a_hundred_words_however_they_come) {
    for (size_t piece = 1; piece <= 64; piece += 3) {
        made *m = new_made();
        rg_power_row rows[20];
        for (uint32_t i = 0; i < 1050; i++)
            put_word(m, 1000 + i % 100, 3, i);
        cr_assert_eq(take(m, piece, rows, 20), 10);
        double mean_ma = 0;
        for (uint32_t i = 0; i < 100; i++)
            mean_ma += 10 * rg_ppk2_amperes(&m->stream.calibration, (1000 + i) | 3 << 14, 5);
        for (size_t i = 0; i < 10; i++) {
            cr_assert_eq(rows[i].flags, 0);
            cr_assert_float_eq(rows[i].current_ma, mean_ma, 1e-9);
            cr_assert_float_eq(rows[i].power_mw, 5 * rows[i].current_ma, 1e-9);
            if (i)
                cr_assert_eq(rows[i].t_ns - rows[i - 1].t_ns, 1000000);
        }
    }
}

Test(ppk2, words_that_are_missing_make_a_hole_and_take_their_time) {
    made *m = new_made();
    rg_power_row rows[20];
    for (uint32_t i = 0; i < 1000; i++) {
        if (i < 350 || i >= 350 + 40) /* over the counter's end: 350 is 30, 390 is 6 */
            put_word(m, 1000, 3, i);
    }
    size_t n = take(m, 4096, rows, 20);
    cr_assert_eq(n, 10);
    for (size_t i = 0; i < n; i++) {
        cr_assert_eq(rows[i].flags, i == 3 ? RG_ROW_BAD : 0, "row %zu", i);
        cr_assert(isnan(rows[i].power_mw) == (i == 3));
    }
    cr_assert_eq(rows[9].t_ns - rows[0].t_ns, 9000000, "the clock counts what was lost");
}

Test(ppk2, wrong_words_after_a_change_of_range_do_not_count) {
    made *m = new_made();
    rg_power_row rows[20];
    for (uint32_t i = 0; i < 1000; i++) {
        bool second = i / 100 % 2;
        put_word(m, i % 100 < 3 && i >= 100 ? 0 : second ? 400 : 4350, second ? 3 : 2, i);
    }
    cr_assert_eq(take(m, 4096, rows, 20), 10);
    double both[] = {rg_ppk2_amperes(&m->stream.calibration, 4350 | 2 << 14, 5) * 1e3,
                     rg_ppk2_amperes(&m->stream.calibration, 400 | 3 << 14, 5) * 1e3};
    for (size_t i = 1; i < 10; i++)
        cr_assert_float_eq(rows[i].current_ma, both[i % 2], 0.02 * both[0], "row %zu: %g of %g", i,
                           rows[i].current_ma, both[i % 2]);
}

Test(ppk2, a_converter_at_its_end_is_clipped) {
    made *m = new_made();
    rg_power_row rows[4];
    for (uint32_t i = 0; i < 200; i++)
        put_word(m, i == 150 ? 0x3fff : 1000, 4, i);
    cr_assert_eq(take(m, 4096, rows, 4), 2);
    cr_assert_eq(rows[0].flags, 0);
    cr_assert_eq(rows[1].flags, RG_ROW_CLIPPED);
}

Test(ppk2, bytes_wait_when_there_is_no_room_for_rows) {
    made *m = new_made();
    rg_power_row rows[2];
    size_t n;
    for (uint32_t i = 0; i < 500; i++)
        put_word(m, 1000, 4, i);
    cr_assert_eq(rg_ppk2_stream_take(&m->stream, m->bytes, m->n, 0, rows, 2, &n), 800);
    cr_assert_eq(n, 2);
}
