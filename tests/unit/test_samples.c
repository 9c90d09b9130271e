/* test_samples.c: samples.bin and power.jsonl bring back what was written, and nothing damaged. */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/rng.h"
#include "bench/iface/powerlog.h"
#include "bench/result/samples.h"

static void round_trip(const rg_sample *rows, size_t n, const char *what) {
    unsigned char *data;
    size_t bytes, back_n;
    rg_sample *back;
    rg_err err = RG_ERR_INIT;
    rg_arena *arena = rg_arena_new(0);
    cr_assert_eq(rg_samples_encode(rows, n, &data, &bytes, &err), RG_OK);
    cr_assert_eq(rg_samples_decode(data, bytes, arena, &back, &back_n, &err), RG_OK, "%s: %s", what,
                 err.what);
    cr_assert_eq(back_n, n, "%s", what);
    for (size_t i = 0; i < n; i++)
        cr_assert(back[i].start_ns == rows[i].start_ns && back[i].end_ns == rows[i].end_ns,
                  "%s: row %zu", what, i);
    free(data);
    rg_arena_free(arena);
}

Test(samples, bytes_are_those_of_the_description) {
    const rg_sample rows[] = {{1000, 1130}, {2000, 1999}};
    const unsigned char want[] = {
        'R',  'G',  'S', 'A', 'M', 'P', 'L', 'E', 1, 0, 0, 0, 0, 0, 0, 0, 0xe8,
        3,    0,    0,   0,   0,   0,   0,   2,   0, 0, 0, 0, 0, 0, 0, 0, /* start: 1000 - epoch */
        0x84, 0x02,                                                       /* 130 folds to 260 */
        0xd0, 0x0f,                                                       /* 1000 folds to 2000 */
        0x01,                                                             /* -1 folds to 1 */
    };
    unsigned char *data;
    size_t bytes;
    cr_assert_eq(rg_samples_encode(rows, 2, &data, &bytes, NULL), RG_OK);
    cr_assert_eq(bytes, sizeof want + RG_SAMPLES_TRAILER_BYTES);
    cr_assert_arr_eq(data, want, sizeof want);
    free(data);
}

Test(samples, extreme_stamps_come_back_exactly) {
    const int64_t edge[] = {INT64_MIN, INT64_MIN + 1, -1,       0, 1, 63, 64, 127,
                            128,       INT64_MAX - 1, INT64_MAX};
    enum { N = sizeof edge / sizeof edge[0] };
    rg_sample rows[N * N];
    for (size_t i = 0; i < N * N; i++)
        rows[i] = (rg_sample){edge[i / N], edge[i % N]};
    round_trip(rows, N * N, "edges");
    round_trip(rows, 0, "no row");
    for (size_t i = 0; i < N * N; i++)
        round_trip(&rows[i], 1, "one row");
}

Test(samples, random_rows_of_every_size_come_back) {
    rg_rng rng = rg_rng_seeded(7);
    rg_sample rows[200];
    for (int trial = 0; trial < 300; trial++) {
        size_t n = rg_rng_below(&rng, 200);
        for (size_t i = 0; i < n; i++) {
            rows[i].start_ns = (int64_t)(rg_rng_next(&rng) >> rg_rng_below(&rng, 64));
            rows[i].end_ns = -(int64_t)(rg_rng_next(&rng) >> rg_rng_below(&rng, 64));
        }
        round_trip(rows, n, "random");
    }
}

Test(samples, a_million_rows_take_few_bytes) {
    enum { N = 1000000 };
    rg_sample *rows = malloc(N * sizeof *rows);
    rg_rng rng = rg_rng_seeded(8);
    int64_t now = 1234567890123;
    for (int i = 0; i < N; i++) {
        rows[i].start_ns = now;
        rows[i].end_ns = now += 100000 + rg_rng_below(&rng, 20000);
        now += 60;
    }
    unsigned char *data;
    size_t bytes;
    cr_assert_eq(rg_samples_encode(rows, N, &data, &bytes, NULL), RG_OK);
    cr_assert_lt(bytes, (size_t)7 * N);
    free(data);
    round_trip(rows, N, "a million");
    free(rows);
}

Test(samples, every_flipped_bit_and_every_truncation_is_refused) {
    const rg_sample rows[] = {{1000, 1130}, {2000, 2900}, {3000000000, 3000000990}};
    unsigned char *data;
    size_t bytes, n;
    rg_sample *back;
    rg_arena *arena = rg_arena_new(0);
    cr_assert_eq(rg_samples_encode(rows, 3, &data, &bytes, NULL), RG_OK);
    for (size_t bit = 0; bit < 8 * bytes; bit++) {
        data[bit / 8] ^= (unsigned char)(1u << bit % 8);
        cr_assert_eq(rg_samples_decode(data, bytes, arena, &back, &n, NULL), RG_BAD_DATA, "bit %zu",
                     bit);
        data[bit / 8] ^= (unsigned char)(1u << bit % 8);
    }
    for (size_t cut = 0; cut < bytes; cut++)
        cr_assert_eq(rg_samples_decode(data, cut, arena, &back, &n, NULL), RG_BAD_DATA);
    free(data);
    rg_arena_free(arena);
}

/* The same FNV-1a as the format, so that damage behind a right checksum is tried as well. */
static void seal(unsigned char *data, size_t bytes) {
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < bytes - 8; i++)
        hash = (hash ^ data[i]) * 0x100000001b3u;
    for (int i = 0; i < 8; i++)
        data[bytes - 8 + (size_t)i] = (unsigned char)(hash >> 8 * i);
}

Test(samples, a_huge_count_behind_a_right_checksum_allocates_nothing) {
    unsigned char data[48] = "RGSAMPLE\1";
    size_t n;
    rg_sample *back;
    rg_err err = RG_ERR_INIT;
    rg_arena *arena = rg_arena_new(1 << 16);
    for (int i = 24; i < 32; i++)
        data[i] = 0x7f;
    seal(data, sizeof data);
    cr_assert_eq(rg_samples_decode(data, sizeof data, arena, &back, &n, &err), RG_BAD_DATA);
    cr_assert(strstr(err.what, "cannot fit"), "%s", err.what);
    rg_arena_free(arena);
}

Test(samples, numbers_longer_than_need_be_are_refused) {
    unsigned char data[32 + 3 + 8] = "RGSAMPLE\1";
    size_t n;
    rg_sample *back;
    rg_arena *arena = rg_arena_new(0);
    data[24] = 1;
    data[33] = 0x80; /* 0 in two bytes */
    seal(data, sizeof data);
    cr_assert_eq(rg_samples_decode(data, sizeof data, arena, &back, &n, NULL), RG_BAD_DATA);
    rg_arena_free(arena);
}

static const rg_rail rail = {.id = "hwmon:x:VDD",
                             .label = "VDD",
                             .sensor = "hwmon",
                             .transport = "/sys/x",
                             .parent = "p",
                             .scope = RG_SCOPE_MODULE,
                             .role = RG_ROLE_COMPONENT,
                             .kind = RG_POWER_COUNTER,
                             .refresh_s = 0.28,
                             .lag_s = 1e-3,
                             .limits = {0.01, -1, 0.1, 61.0 / 3, 0, UINT64_MAX},
                             .status = RG_DENIED,
                             .what = "no",
                             .advice = "be root",
                             .facts = "samples=4"};

Test(powerlog, rails_and_rows_come_back_exactly) {
    const rg_power_row rows[] = {
        {INT64_MIN, 0, 0, UINT32_MAX, 0.1, NAN, NAN, -1.0 / 3},
        {INT64_MAX, INT64_MAX, 1, 0, NAN, 1e300, 5e-324, INFINITY},
    };
    const rg_rail rails[] = {rail, {.id = "b", .status = RG_OK}};
    rg_text text = {0};
    rg_powerlog log;
    rg_err err = RG_ERR_INIT;
    rg_arena *arena = rg_arena_new(0);
    cr_assert_eq(rg_powerlog_encode(rails, 2, rows, 2, &text, &err), RG_OK);
    cr_assert_eq(rg_powerlog_decode(text.data, text.bytes, arena, &log, &err), RG_OK, "%s",
                 err.what);
    cr_assert_eq(log.n_rails, 2);
    cr_assert_eq(memcmp(&log.rails[0], &rail, sizeof rail), 0);
    cr_assert_eq(log.n_rows, 2);
    cr_assert(log.rows[0].t_ns == INT64_MIN && log.rows[0].flags == UINT32_MAX);
    cr_assert(log.rows[0].power_mw == 0.1 && log.rows[0].current_ma == -1.0 / 3);
    cr_assert(isnan(log.rows[0].energy_uj) && isnan(log.rows[1].power_mw));
    cr_assert(log.rows[1].half_ns == INT64_MAX && log.rows[1].rail == 1);
    cr_assert(log.rows[1].energy_uj == 1e300 && log.rows[1].voltage_mv == 5e-324);
    cr_assert(isnan(log.rows[1].current_ma), "infinity is no measurement");
    rg_text_free(&text);
    rg_arena_free(arena);
}

Test(powerlog, damage_is_refused_with_its_line) {
    static const char *const bad[] = {
        "",
        "{}\n",
        "{\"rails\":[{}],\"columns\":[]}\n",
        "{\"rails\":[{\"id\":\"a\"}]}\n[1,2,0,0,1,1,1,1]",
        "{\"rails\":[{\"id\":\"a\"}]}\n[1,2,1,0,1,1,1,1]\n",
        "{\"rails\":[{\"id\":\"a\"}]}\n[1,2,-1,0,1,1,1,1]\n",
        "{\"rails\":[{\"id\":\"a\"}]}\n[1,2,0,0,1,1,1]\n",
        "{\"rails\":[{\"id\":\"a\"}]}\n[1.5,2,0,0,1,1,1,1]\n",
        "{\"rails\":[{\"id\":\"\xff\"}]}\n",
        "{\"rails\":[{\"id\":\"a\"}]}\n[99999999999999999999,2,0,0,1,1,1,1]\n",
    };
    rg_powerlog log;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        rg_arena *arena = rg_arena_new(0);
        rg_err err = RG_ERR_INIT;
        cr_assert_eq(rg_powerlog_decode(bad[i], strlen(bad[i]), arena, &log, &err), RG_BAD_DATA,
                     "case %zu", i);
        cr_assert(*err.what, "case %zu", i);
        rg_arena_free(arena);
    }
}
