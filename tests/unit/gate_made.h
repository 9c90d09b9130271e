/* gate_made.h: bundles made up in memory for the tests of the gate: records whose latencies are
 * drawn from a seed. */
#ifndef RG_TESTS_UNIT_GATE_MADE_H
#define RG_TESTS_UNIT_GATE_MADE_H

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/json.h"
#include "bench/core/rng.h"
#include "bench/result/gate.h"

enum { MAX_CELLS = 40, MAX_ROUNDS = 16 };

/* How the figures of a side are drawn: median latency 1 ms, rounds scattered by `launch`. */
typedef struct maker {
    rg_rng rng;
    size_t cells, rounds;
    double launch; /* sd of a round's logarithm */
    double slower; /* factor on latency, of the first `n_slower` cells */
    size_t n_slower;
} maker;

static inline void add_figure(json_t *record, const char *key, const double *values, size_t n) {
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, json_real(values[i]));
    json_object_set_new(json_object_get(record, "per_round"), key, list);
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += values[i];
    json_object_set_new(json_object_get(record, "figures"), key,
                        json_pack("{s:f}", "value", sum / (double)n));
}

static inline void add_exact(json_t *record, const char *key, double value) {
    json_object_set_new(json_object_get(record, "figures"), key,
                        json_pack("{s:f}", "value", value));
}

static inline json_t *new_record(size_t cell, size_t rounds) {
    char name[32], key[RG_HASH_HEX];
    snprintf(name, sizeof name, "net-%02zu/cpu", cell);
    rg_hash_bytes(name, strlen(name), key);
    json_t *record =
        json_pack("{s:i, s:s, s:s, s:s, s:s, s:s, s:[], s:{}, s:{s:[]}, s:i}", "schema", 1, "cell",
                  key, "name", name, "target", "cpu", "status", "ok", "provenance", "simulated",
                  "flags", "figures", "per_round", "round", "rounds", (int)rounds);
    for (size_t r = 0; r < rounds; r++)
        json_array_append_new(json_object_get(json_object_get(record, "per_round"), "round"),
                              json_integer((json_int_t)r));
    return record;
}

static inline json_t *make_record(maker *m, size_t cell) {
    static const char *const keys[] = {"latency_p50_ns", "latency_p95_ns", "latency_mean_ns"};
    json_t *record = new_record(cell, m->rounds);
    double factor = cell < m->n_slower ? m->slower : 1, values[3][MAX_ROUNDS];
    double through[MAX_ROUNDS], rss[MAX_ROUNDS];
    for (size_t r = 0; r < m->rounds; r++) {
        double launch = m->launch * rg_rng_normal12(&m->rng);
        for (int k = 0; k < 3; k++)
            values[k][r] = 1e6 * factor * exp(launch + 0.3 * m->launch * rg_rng_normal12(&m->rng));
        through[r] = 1e9 / values[2][r];
        rss[r] = 50e6 + 200e3 * rg_rng_unit(&m->rng);
    }
    for (int k = 0; k < 3; k++)
        add_figure(record, keys[k], values[k], m->rounds);
    add_figure(record, "throughput_per_s", through, m->rounds);
    add_figure(record, "rss_peak_bytes", rss, m->rounds);
    add_exact(record, "arena_bytes", 65536);
    add_exact(record, "macs", 1e6);
    add_exact(record, "agreement_differing", 0);
    return record;
}

/* A side that owns its JSON. */
typedef struct owned {
    json_t *facts, *cells, *records;
    rg_gate_side side;
} owned;

static inline owned make_side(const char *name, maker *m) {
    owned o = {.facts = json_pack("{s:i, s:s, s:{s:s}, s:{}}", "schema", 1, "created",
                                  "2026-01-01T00:00:00Z", "scenario", "name", "made", "gate"),
               .cells = json_array(),
               .records = json_array()};
    for (size_t i = 0; i < m->cells; i++) {
        json_t *record = make_record(m, i);
        json_array_append_new(o.cells, json_pack("{s:O, s:O, s:{s:s}}", "key",
                                                 json_object_get(record, "cell"), "name",
                                                 json_object_get(record, "name"), "admission",
                                                 "status", "ok"));
        json_array_append_new(o.records, record);
    }
    o.side = (rg_gate_side){name, o.facts, o.cells, o.records, true};
    return o;
}

static inline void drop(owned *o) {
    json_decref(o->facts);
    json_decref(o->cells);
    json_decref(o->records);
}

static inline rg_gate *judged(const owned *a, const owned *b, const rg_gate_options *options) {
    rg_gate_options preset = rg_gate_options_default();
    rg_gate *gate = NULL;
    rg_err err = RG_ERR_INIT;
    cr_assert_eq(rg_gate_judge(&a->side, &b->side, options ? options : &preset, &gate, &err), RG_OK,
                 "%s", err.what);
    return gate;
}

static inline const rg_gate_test *find(const rg_gate *gate, const char *cell, int metric) {
    for (size_t i = 0; i < gate->n; i++) {
        if (!strcmp(gate->tests[i].cell, cell) && gate->tests[i].metric == metric)
            return &gate->tests[i];
    }
    return NULL;
}

/* Two sides of `cells` cells, six rounds each, 1 % apart between rounds. */
static inline maker usual(uint64_t seed, size_t cells) {
    return (maker){rg_rng_seeded(seed), cells, 6, 0.01, 1, 0};
}

/* Two sides of one cell without a change between them. */
static inline void make_pair(owned *a, owned *b, uint64_t seed) {
    maker m = usual(seed, 1);
    *a = make_side("A", &m);
    *b = make_side("B", &m);
}

/* Gives a made-up record another status, device, provenance ... */
static inline void set_text(json_t *record, const char *key, const char *text) {
    json_object_set_new(record, key, json_string(text));
}

#endif
