/* reportrounds.c: what a report takes from the rounds themselves: latencies for the charts, and the
 * records of a bundle whose run did not get as far as writing them. */
#include <stdlib.h>
#include <string.h>

#include "bench/core/arena.h"
#include "bench/core/json.h"
#include "bench/result/derive.h"
#include "bench/result/report_priv.h"
/* --- samples -------------------------------------------------------------------------------- */

/* Latencies of one cell, growing round by round. */
typedef struct latencies {
    double *ns;
    size_t n, cap;
} latencies;

static bool add_latencies(latencies *all, const rg_round *round) {
    size_t warmup = (size_t)rg_json_get_int(round->facts, "warmup", 0);
    double block = rg_json_get_real(round->facts, "block", 1);
    if (warmup > round->n_samples)
        warmup = round->n_samples;
    size_t n = round->n_samples - warmup;
    if (all->n + n > all->cap) {
        size_t cap = all->n + n + all->cap;
        double *bigger = realloc(all->ns, cap * sizeof *bigger);
        if (!bigger)
            return false;
        all->ns = bigger;
        all->cap = cap;
    }
    for (size_t i = warmup; i < round->n_samples; i++) {
        const rg_sample *sample = &round->samples[i];
        all->ns[all->n++] = (double)(sample->end_ns - sample->start_ns) / (block >= 1 ? block : 1);
    }
    return true;
}

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* {"n", "values"}: at most RG_REPORT_MAX_POINTS order statistics, both ends included. */
static json_t *thinned(latencies *all) {
    json_t *values = json_array();
    size_t points = all->n < RG_REPORT_MAX_POINTS ? all->n : RG_REPORT_MAX_POINTS;
    qsort(all->ns, all->n, sizeof *all->ns, by_size);
    for (size_t i = 0; i < points; i++) {
        size_t at = points > 1 ? i * (all->n - 1) / (points - 1) : 0;
        json_array_append_new(values, json_real(all->ns[at]));
    }
    return json_pack("{s:I, s:o}", "n", (json_int_t)all->n, "values", values);
}

static void note_damage(json_t *damage, const rg_err *why) {
    json_t *line = json_string(why->what);
    size_t i;
    json_t *said;
    json_array_foreach(damage, i, said) {
        if (json_equal(said, line) || i >= 19) {
            json_decref(line);
            return;
        }
    }
    json_array_append_new(damage, line);
}

/* Reads one round into the latencies of its cell. A damaged round is said and left out. */
static rg_status read_round(const rg_bundle *bundle, uint32_t order, latencies *by_cell,
                            size_t n_cells, json_t *damage, rg_err *err) {
    rg_arena *arena = rg_arena_new(0);
    rg_round round = {0};
    rg_err why = RG_ERR_INIT;
    if (!arena)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    rg_status status = rg_bundle_read_round(bundle, order, arena, &round, &why);
    bool fine = status == RG_OK;
    if (!fine)
        note_damage(damage, &why);
    bool kept = true;
    if (fine && round.cell < n_cells && round.status == RG_OK)
        kept = add_latencies(&by_cell[round.cell], &round);
    if (fine)
        json_decref(round.facts);
    rg_arena_free(arena);
    return kept ? RG_OK : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory reading samples");
}

rg_status rg_report_samples(const rg_bundle *bundle, json_t *samples, json_t *damage, rg_err *err) {
    const json_t *cells = rg_bundle_cells(bundle);
    size_t n_cells = json_array_size(cells), n_rounds;
    const uint32_t *rounds = rg_bundle_rounds(bundle, &n_rounds);
    latencies *by_cell = calloc(n_cells ? n_cells : 1, sizeof *by_cell);
    rg_status status = by_cell ? RG_OK : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    for (size_t i = 0; status == RG_OK && i < n_rounds; i++)
        status = read_round(bundle, rounds[i], by_cell, n_cells, damage, err);
    for (size_t i = 0; by_cell && i < n_cells; i++) {
        const char *key = rg_json_get_text(json_array_get(cells, i), "key", NULL);
        if (status == RG_OK && key && by_cell[i].n)
            json_object_set_new(samples, key, thinned(&by_cell[i]));
        free(by_cell[i].ns);
    }
    free(by_cell);
    return status;
}

/* --- the machine's state -------------------------------------------------------------------- */

static void take_state(const rg_bundle *bundle, uint32_t order, const char *when, json_t *state) {
    json_t *facts = NULL;
    if (rg_bundle_read_facts(bundle, order, &facts, NULL) != RG_OK)
        return;
    json_t *seen = json_object_get(json_object_get(facts, "host"), when);
    if (seen)
        json_object_set(state, when, seen);
    json_decref(facts);
}

/* What counters of throttling rose by, over all rounds. */
static void add_rises(const json_t *host, json_t *state) {
    const char *key;
    json_t *value, *rises = json_object_get(state, "throttle_rise");
    json_object_foreach(json_object_get(host, "delta"), key, value) {
        json_int_t so_far = rg_json_get_int(rises, key, 0);
        json_object_set_new(rises, key, json_integer(so_far + json_integer_value(value)));
    }
}

/* The hottest that each zone was while a round ran. */
static void add_heat(const json_t *host, json_t *state) {
    const json_t *zones = json_object_get(json_object_get(host, "during"), "temperature_mc");
    const char *zone;
    json_t *value, *hottest = json_object_get(state, "hottest_mc");
    json_object_foreach((json_t *)zones, zone, value) {
        double now = rg_json_get_real(value, "max", 0),
               most = rg_json_get_real(hottest, zone, -1e9);
        rg_json_set_real(hottest, zone, now > most ? now : most);
    }
}

static void take_round(const rg_bundle *bundle, uint32_t order, json_t *state) {
    json_t *facts = NULL;
    if (rg_bundle_read_facts(bundle, order, &facts, NULL) != RG_OK)
        return;
    add_rises(json_object_get(facts, "host"), state);
    add_heat(json_object_get(facts, "host"), state);
    json_decref(facts);
}

static void drop_empty(json_t *state, const char *key) {
    if (json_object_size(json_object_get(state, key)) == 0)
        json_object_del(state, key);
}

json_t *rg_report_state(const rg_bundle *bundle) {
    json_t *state = json_pack("{s:{}, s:{}}", "throttle_rise", "hottest_mc");
    size_t n;
    const uint32_t *orders = rg_bundle_rounds(bundle, &n);
    if (n) {
        take_state(bundle, orders[0], "before", state);
        take_state(bundle, orders[n - 1], "after", state);
    }
    for (size_t i = 0; i < n; i++)
        take_round(bundle, orders[i], state);
    drop_empty(state, "throttle_rise");
    drop_empty(state, "hottest_mc");
    return state;
}

/* --- records -------------------------------------------------------------------------------- */

/* The rounds of one cell, read into the arena. Damaged ones are said and left out. */
static size_t rounds_of(const rg_bundle *bundle, const char *key, rg_arena *arena, rg_round *rounds,
                        json_t *damage) {
    size_t n = 0, n_orders;
    const uint32_t *orders = rg_bundle_rounds(bundle, &n_orders);
    for (size_t i = 0; i < n_orders; i++) {
        rg_err why = RG_ERR_INIT;
        json_t *facts = NULL;
        rg_status status = rg_bundle_read_facts(bundle, orders[i], &facts, &why);
        bool ours = status == RG_OK && !strcmp(rg_json_get_text(facts, "cell", ""), key);
        json_decref(facts);
        if (ours)
            status = rg_bundle_read_round(bundle, orders[i], arena, &rounds[n], &why);
        n += ours && status == RG_OK;
        if (status != RG_OK)
            note_damage(damage, &why);
    }
    return n;
}

static rg_status derive_one(const rg_bundle *bundle, const json_t *cell, json_t *records,
                            json_t *damage, rg_err *err) {
    size_t n_orders, n = 0;
    rg_bundle_rounds(bundle, &n_orders);
    rg_arena *arena = rg_arena_new(0);
    rg_round *rounds = calloc(n_orders ? n_orders : 1, sizeof *rounds);
    json_t *record = NULL;
    rg_status status =
        arena && rounds ? RG_OK : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory reading rounds");
    if (status == RG_OK)
        n = rounds_of(bundle, rg_json_get_text(cell, "key", ""), arena, rounds, damage);
    if (status == RG_OK && n)
        status = rg_derive_cell(cell, rounds, n, &record, err);
    if (record)
        json_array_append_new(records, record);
    for (size_t i = 0; i < n; i++)
        json_decref(rounds[i].facts);
    free(rounds);
    rg_arena_free(arena);
    return status;
}

static bool has_record(const json_t *records, const char *key) {
    size_t i;
    json_t *record;
    json_array_foreach(records, i, record) {
        const char *other = rg_json_get_text(record, "cell", rg_json_get_text(record, "key", ""));
        if (!strcmp(other, key))
            return true;
    }
    return false;
}

rg_status rg_report_derive(const rg_bundle *bundle, json_t *records, json_t *damage, rg_err *err) {
    rg_status status = RG_OK;
    size_t i;
    json_t *cell;
    json_array_foreach(rg_bundle_cells(bundle), i, cell) {
        if (status == RG_OK && !has_record(records, rg_json_get_text(cell, "key", "")))
            status = derive_one(bundle, cell, records, damage, err);
    }
    return status;
}
