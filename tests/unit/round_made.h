/* round_made.h: rounds made for tests of the derivation: 200 steady inferences near 1 ms. */
#ifndef RG_TESTS_ROUND_MADE_H
#define RG_TESTS_ROUND_MADE_H

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/json.h"
#include "bench/core/rng.h"
#include "bench/result/derive.h"

#define near(a, b, tolerance) (fabs((a) - (b)) <= (tolerance))

enum { ROWS = 210, WARMUP = 10 };

typedef struct made {
    rg_sample rows[ROWS];
    rg_rail rail;
    rg_power_row *power;
    rg_round round;
} made;

/* Rounds of 200 steady rows near 1 ms, back to back; 1e6 MACs an inference. */
static inline made *make_round(uint32_t number, double scale) {
    made *m = calloc(1, sizeof *m);
    rg_rng rng = rg_rng_seeded(100 + number);
    int64_t t = 5000000000;
    for (int i = 0; i < ROWS; i++) {
        int64_t ns = (int64_t)((i < WARMUP ? 3e6 : 1e6 + 2e4 * rg_rng_unit(&rng)) * scale);
        m->rows[i] = (rg_sample){t, t + ns};
        t += ns + 100;
    }
    m->round = (rg_round){.number = number,
                          .order = 2 * number,
                          .status = RG_OK,
                          .samples = m->rows,
                          .n_samples = ROWS};
    m->round.facts = json_pack(
        "{s:s, s:s, s:i, s:i, s:i, s:{s:I, s:I, s:i}, s:{s:i, s:i}, s:{s:i, s:i, s:i, s:i, s:i},"
        " s:{s:i}, s:{s:i, s:i}, s:[s], s:{s:i, s:f}}",
        "status", "ok", "provenance", "measured", "block", 1, "batch", 1, "warmup", WARMUP,
        "window", "start_ns", (json_int_t)m->rows[WARMUP].start_ns, "end_ns",
        (json_int_t)m->rows[ROWS - 1].end_ns, "inferences", ROWS - WARMUP, "work", "macs", 1000000,
        "other_ops", 10, "memory", "rss_peak_bytes", 5000000 + (int)number, "rss_before_bytes",
        1000, "rss_loaded_bytes", 3000, "arena_bytes", 77, "weights_bytes", 88, "phases",
        "first_ns", 4000000, "io", "input_bytes", 1000, "output_bytes", 10, "flags",
        "meter-shares-core", "truth", "differing", (int)number, "cosine", 1.0);
    cr_assert_not_null(m->round.facts);
    return m;
}

static inline void free_round(made *m) {
    json_decref(m->round.facts);
    free(m->power);
    free(m);
}

static inline json_t *cell_line(void) {
    return json_pack("{s:s, s:s, s:s, s:s, s:i}", "key", "0123abcd", "name", "net/cpu", "workload",
                     "net", "target", "cpu", "threads", 1);
}

/* `source`: of the cell; NULL: its line has none. */
static inline json_t *derive_from(const char *source, made **m, size_t n) {
    rg_round rounds[16];
    for (size_t i = 0; i < n; i++)
        rounds[n - 1 - i] = m[i]->round; /* any order is taken */
    json_t *cell = cell_line(), *record = NULL;
    rg_err err = RG_ERR_INIT;
    if (source)
        json_object_set_new(cell, "source", json_string(source));
    cr_assert_eq(rg_derive_cell(cell, rounds, n, &record, &err), RG_OK, "%s", err.what);
    cr_assert_eq(rg_record_check(record, &err), RG_OK, "%s", err.what);
    json_decref(cell);
    return record;
}

static inline json_t *derive(made **m, size_t n) {
    return derive_from(NULL, m, n);
}

static inline rg_figure figure_of(const json_t *record, const char *key) {
    return rg_figure_from_json(json_object_get(json_object_get(record, "figures"), key));
}

static inline bool flagged(const json_t *record, const char *code) {
    size_t i;
    json_t *flag;
    json_array_foreach(json_object_get(record, "flags"), i, flag) {
        if (!strcmp(json_string_value(flag), code))
            return true;
    }
    return false;
}

#endif
