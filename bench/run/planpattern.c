/* planpattern.c: load patterns by a table: their keys, what they need, and how they are written. */
#include "bench/run/planpattern.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "bench/core/json.h"
#include "bench/core/text.h"
#include "bench/run/arrivals.h"
#include "bench/run/schema.h"
#include "bench/run/search.h"
#include "bench/run/soak.h"

/* Keys beside `kind`; a needed one first, "" none. */
static const struct form {
    const char *needs, *what; /* and what it is, for the message */
    const char *takes[8];
    const char *example;
} forms[RG_PATTERN_COUNT] = {
    [RG_PATTERN_SINGLE_STREAM] = {"", "", {NULL}, "{\"single_stream\"}"},
    [RG_PATTERN_IN_FLIGHT] = {"n", "the requests in flight", {NULL}, "{\"in_flight\", n = 4}"},
    [RG_PATTERN_IDLE] = {"duration", "how long", {NULL}, "{\"idle\", duration = \"5s\"}"},
    [RG_PATTERN_PACED] = {"hz",
                          "arrivals a second",
                          {"n", "queue", "deadline", NULL},
                          "{\"paced\", hz = 30}"},
    [RG_PATTERN_POISSON] = {"hz",
                            "mean arrivals a second",
                            {"n", "queue", "deadline", NULL},
                            "{\"poisson\", hz = 30}"},
    [RG_PATTERN_STREAMS] = {"fps",
                            "frames a second of each stream",
                            {"n", "queue", "deadline", "drops", "most", "search", NULL},
                            "{\"streams\", fps = 30, deadline = \"33ms\"}"},
    [RG_PATTERN_SWEEP] = {"", "", {"most", NULL}, "{\"sweep\", most = 16}"},
    [RG_PATTERN_COLD] = {"", "", {NULL}, "{\"cold\"}"},
    [RG_PATTERN_SOAK] = {"duration",
                         "the time after which it ends, steady or not",
                         {"step", "n", "hz", "queue", "deadline", NULL},
                         "{\"soak\", duration = \"10m\"}"},
};

/* --- parsing ---------------------------------------------------------------------------------- */

static bool takes(const struct form *form, const char *key) {
    if (!strcmp(key, "kind") || !strcmp(key, form->needs))
        return true;
    for (size_t i = 0; form->takes[i]; i++) {
        if (!strcmp(key, form->takes[i]))
            return true;
    }
    return false;
}

static rg_status check_keys(const json_t *table, rg_pattern_kind kind, rg_err *err) {
    const struct form *form = &forms[kind];
    const char *key, *word = rg_pattern_word(kind);
    char advice[128];
    json_t *value;
    snprintf(advice, sizeof advice, "write pattern = %s", form->example);
    if (*form->needs && !json_object_get(table, form->needs))
        return rg_fail(err, RG_USAGE, advice, "%s needs %s, %s", word, form->needs, form->what);
    json_object_foreach((json_t *)table, key, value) {
        if (!takes(form, key))
            return rg_fail(err, RG_USAGE, advice, "%s takes no '%s'", word, key);
    }
    return RG_OK;
}

/* Numbers that the schema's ranges let through, because 0 stands for "not given" there. */
static rg_status check_values(const json_t *table, const rg_pattern_spec *spec, rg_err *err) {
    static const struct {
        const char *key, *advice;
        size_t at;
    } positive[] = {
        {"n", "at least one request in flight", offsetof(rg_pattern_spec, n)},
        {"duration", "such as duration = \"5s\"", offsetof(rg_pattern_spec, duration_ns)},
        {"step", "such as step = \"10s\"", offsetof(rg_pattern_spec, step_ns)},
        {"deadline", "such as deadline = \"33ms\"", offsetof(rg_pattern_spec, deadline_ns)}};
    for (size_t i = 0; i < sizeof positive / sizeof positive[0]; i++) {
        const int64_t *value = (const int64_t *)((const char *)spec + positive[i].at);
        if (json_object_get(table, positive[i].key) && *value < 1)
            return rg_fail(err, RG_USAGE, positive[i].advice, "%s of a pattern must be above 0",
                           positive[i].key);
    }
    if (json_object_get(table, "hz") && !(spec->hz > 0))
        return rg_fail(err, RG_USAGE, "such as hz = 30", "hz of a pattern must be above 0");
    if (json_object_get(table, "fps") && !(spec->fps > 0))
        return rg_fail(err, RG_USAGE, "such as fps = 30", "fps of a pattern must be above 0");
    return RG_OK;
}

/* Short soaks have short segments, so that the test of the slope has some to look at. */
static int64_t step_of(const rg_pattern_spec *spec) {
    int64_t longest = spec->duration_ns / 12 > 0 ? spec->duration_ns / 12 : 1;
    return spec->step_ns < longest ? spec->step_ns : longest;
}

rg_status rg_planpattern_parse(const json_t *asked, rg_pattern *ret_pattern,
                               int64_t *ret_deadline_ns, rg_err *err) {
    rg_pattern_spec spec = {0};
    json_t *table = json_is_string(asked) ? json_pack("{s:O}", "kind", asked)
                    : asked               ? json_incref((json_t *)asked)
                                          : json_object();
    rg_status status = rg_schema_parse(&rg_schema_pattern, table, &spec, err);
    rg_pattern_kind kind = (rg_pattern_kind)spec.kind;
    if (status == RG_OK)
        status = check_keys(table, kind, err);
    if (status == RG_OK)
        status = check_values(table, &spec, err);
    json_decref(table);
    if (status != RG_OK)
        return status;
    *ret_pattern = (rg_pattern){.kind = kind,
                                .in_flight = spec.n ? (uint32_t)spec.n : 1,
                                .duration_ns = spec.duration_ns,
                                .step_ns = kind == RG_PATTERN_SOAK ? step_of(&spec) : 0,
                                .hz = kind == RG_PATTERN_STREAMS ? spec.fps : spec.hz,
                                .queue = spec.queue,
                                .drops = kind == RG_PATTERN_STREAMS ? spec.drops : 0,
                                .most = rg_pattern_searches(kind) ? (uint32_t)spec.most : 0,
                                .search = spec.search};
    *ret_deadline_ns = spec.deadline_ns;
    return RG_OK;
}

/* --- what follows from it --------------------------------------------------------------------- */

int64_t rg_planpattern_least_ns(const rg_cell *cell) {
    const rg_pattern *p = &cell->pattern;
    if (p->kind == RG_PATTERN_IDLE)
        return p->duration_ns;
    if (p->kind == RG_PATTERN_COLD)
        return 0;
    if (p->kind == RG_PATTERN_SOAK)
        return (RG_SOAK_LAST + 1) * p->step_ns;
    if (!rg_pattern_is_open(p->kind) || p->kind == RG_PATTERN_STREAMS)
        return cell->tier.min_ns;
    uint64_t n = rg_arrivals_needed(p->hz, cell->tier.samples, cell->tier.min_ns);
    return rg_arrivals_span_ns(p->hz, n);
}

/* A search asks some ten times; the fewest streams take longest to come. */
static int64_t needed_ns(const rg_cell *cell) {
    enum { PROBES = 10, SLOW_PROBES = 3 };
    const rg_pattern *p = &cell->pattern;
    if (p->kind == RG_PATTERN_SOAK)
        return p->duration_ns;
    if (!rg_pattern_searches(p->kind))
        return rg_planpattern_least_ns(cell);
    if (cell->tier.min_ns > INT64_MAX / 64)
        return INT64_MAX;
    uint64_t frames = cell->tier.samples > 30 * PROBES ? cell->tier.samples : 30 * PROBES;
    int64_t one = p->hz > 0 ? rg_arrivals_span_ns(p->hz, frames) : 0;
    return one > INT64_MAX / 64 ? INT64_MAX : PROBES * cell->tier.min_ns + SLOW_PROBES * one;
}

/* A cap that no named tier has was written by hand. */
static bool is_own_cap(int64_t cap_ns) {
    for (const rg_tier *tier = rg_tiers; tier->name; tier++) {
        if (tier->cap_ns == cap_ns)
            return false;
    }
    return true;
}

/* How long the arrivals take is known beforehand: nobody need raise a named tier's cap by hand. */
static rg_status fit_cap(rg_cell *cell, rg_err *err) {
    int64_t least = needed_ns(cell);
    char needs[32], cap[32];
    rg_pattern_kind kind = cell->pattern.kind;
    if (!rg_pattern_is_open(kind) && !rg_pattern_searches(kind) && kind != RG_PATTERN_SOAK)
        return RG_OK;
    if (least > INT64_MAX / 8 || (is_own_cap(cell->tier.cap_ns) && least > cell->tier.cap_ns)) {
        rg_text_duration((double)least, needs, sizeof needs);
        rg_text_duration((double)cell->tier.cap_ns, cap, sizeof cap);
        return rg_fail(err, RG_USAGE, "raise the tier's cap, or lower its samples and min_time",
                       "a round of this pattern takes %s, and its cap is %s", needs, cap);
    }
    if (cell->tier.cap_ns < 2 * least)
        cell->tier.cap_ns += 2 * least;
    return RG_OK;
}

/* The window is measured without and with it: searches and long runs would be two of a kind. */
static bool suits_disturbance(rg_pattern_kind kind) {
    return kind == RG_PATTERN_SINGLE_STREAM || kind == RG_PATTERN_IN_FLIGHT ||
           kind == RG_PATTERN_PACED || kind == RG_PATTERN_POISSON;
}

rg_status rg_planpattern_settle(rg_cell *cell, int64_t pattern_deadline_ns, rg_err *err) {
    if (cell->interfere != RG_DISTURB_NONE && !suits_disturbance(cell->pattern.kind))
        return rg_fail(err, RG_USAGE, "use it with single_stream, in_flight, paced or poisson",
                       "interfere does not go with %s", rg_pattern_word(cell->pattern.kind));
    if (pattern_deadline_ns && cell->deadline_ns && cell->deadline_ns != pattern_deadline_ns)
        return rg_fail(err, RG_USAGE, "give it once",
                       "the cell and its pattern have different deadlines");
    if (pattern_deadline_ns)
        cell->deadline_ns = pattern_deadline_ns;
    bool periodic =
        cell->pattern.kind == RG_PATTERN_PACED || cell->pattern.kind == RG_PATTERN_STREAMS;
    if (!cell->deadline_ns && periodic)
        cell->deadline_ns = (int64_t)(1e9 / cell->pattern.hz);
    return fit_cap(cell, err);
}

/* --- forms of it ------------------------------------------------------------------------------ */

json_t *rg_pattern_to_json(const rg_pattern *pattern) {
    json_t *object = json_pack("{s:s}", "kind", rg_pattern_word(pattern->kind));
    bool open = pattern->hz > 0;
    if (pattern->kind == RG_PATTERN_IN_FLIGHT || pattern->in_flight > 1)
        json_object_set_new(object, "n", json_integer(pattern->in_flight));
    if (pattern->step_ns)
        json_object_set_new(object, "step_ns", json_integer(pattern->step_ns));
    if (pattern->duration_ns)
        json_object_set_new(object, "duration_ns", json_integer(pattern->duration_ns));
    if (open)
        json_object_set_new(object, "hz", json_real(pattern->hz));
    if (open && pattern->queue >= 0)
        json_object_set_new(object, "queue", json_integer(pattern->queue));
    if (rg_pattern_searches(pattern->kind))
        json_object_set_new(object, "most", json_integer(pattern->most));
    if (pattern->kind == RG_PATTERN_STREAMS) {
        json_object_set_new(object, "drops", json_real(pattern->drops));
        json_object_set_new(object, "search", json_string(rg_search_words[pattern->search]));
    }
    return object;
}

static int search_of(const json_t *object) {
    const char *word = rg_json_get_text(object, "search", "");
    for (int kind = 0; kind < RG_SEARCH_COUNT; kind++) {
        if (!strcmp(word, rg_search_words[kind]))
            return kind;
    }
    return RG_SEARCH_BISECT;
}

bool rg_pattern_from_json(const json_t *object, rg_pattern *ret_pattern) {
    const char *word = rg_json_get_text(object, "kind", "");
    for (int kind = 0; kind < RG_PATTERN_COUNT; kind++) {
        if (strcmp(word, rg_pattern_words[kind]))
            continue;
        *ret_pattern = (rg_pattern){.kind = (rg_pattern_kind)kind,
                                    .in_flight = (uint32_t)rg_json_get_int(object, "n", 1),
                                    .duration_ns = rg_json_get_int(object, "duration_ns", 0),
                                    .step_ns = rg_json_get_int(object, "step_ns", 0),
                                    .hz = rg_json_get_real(object, "hz", 0),
                                    .queue = rg_json_get_int(object, "queue", -1),
                                    .drops = rg_json_get_real(object, "drops", 0),
                                    .most = (uint32_t)rg_json_get_int(object, "most", 0),
                                    .search = search_of(object)};
        return (!rg_pattern_is_open(ret_pattern->kind) || ret_pattern->hz > 0) &&
               (!rg_pattern_searches(ret_pattern->kind) || ret_pattern->most > 0) &&
               (ret_pattern->kind != RG_PATTERN_SOAK || ret_pattern->step_ns > 0);
    }
    return false;
}

void rg_pattern_text(const rg_pattern *pattern, char *ret, size_t cap) {
    char duration[32];
    const char *word = rg_pattern_word(pattern->kind);
    rg_text_duration((double)pattern->duration_ns, duration, sizeof duration);
    if (pattern->kind == RG_PATTERN_IN_FLIGHT)
        snprintf(ret, cap, "%s %u", word, pattern->in_flight);
    else if (pattern->duration_ns)
        snprintf(ret, cap, "%s %s", word, duration);
    else if (rg_pattern_is_open(pattern->kind))
        snprintf(ret, cap, "%s %.6g Hz", word, pattern->hz);
    else if (pattern->kind == RG_PATTERN_SWEEP)
        snprintf(ret, cap, "%s to %u", word, pattern->most);
    else
        snprintf(ret, cap, "%s", word);
}
