/* gate_limits.c: tolerance and target of each metric, from the command line, the scenario or the
 * preset, and which metrics are wanted. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/json.h"
#include "bench/result/gate_priv.h"

/* Tolerance and target of what the scenario and the command line do not speak of. Load and first
 * inference happen once a round, on cold caches; counted instructions hardly scatter. */
static const struct preset {
    int metric;
    rg_gate_limit usual, strict;
} presets[] = {
    {RG_FIG_first_ns, {0.05, 0.25}, {0.05, 0.25}},
    {RG_FIG_load_cold_ns, {0.10, 0.50}, {0.10, 0.50}},
    {RG_FIG_instructions, {0.002, 0.01}, {0.001, 0.005}},
    {RG_FIG_deadline_miss_share, {0.001, 0.005}, {0.0005, 0.002}}, /* points, not ratios */
    {RG_FIG_COUNT, {0.01, 0.05}, {0.005, 0.02}},                   /* all others */
};

static rg_gate_limit preset_of(int metric, bool strict) {
    const struct preset *row = presets;
    while (row->metric != metric && row->metric != RG_FIG_COUNT)
        row++;
    return strict ? row->strict : row->usual;
}

rg_gate_options rg_gate_options_default(void) {
    rg_gate_options options = {0};
    for (int i = 0; i < RG_FIG_COUNT; i++)
        options.limits[i] = (rg_gate_limit){NAN, NAN};
    return options;
}

static const char *key_at(size_t i, void *user) {
    (void)user;
    return i < RG_FIG_COUNT ? rg_figure_rows[i].key : NULL;
}

/* "latency_p95_ns" or, without its unit, "latency_p95". */
static rg_status find_metric(const char *name, int *ret_metric, rg_err *err) {
    size_t n = strlen(name);
    int exact = rg_figure_find(name);
    for (int i = 0; exact < 0 && i < RG_FIG_COUNT; i++) {
        const char *key = rg_figure_rows[i].key, *unit = strrchr(key, '_');
        if (unit && (size_t)(unit - key) == n && !strncmp(key, name, n))
            exact = i;
    }
    if (exact >= 0) {
        *ret_metric = exact;
        return RG_OK;
    }
    char advice[128];
    const char *near = rg_text_nearest(name, key_at, NULL);
    snprintf(advice, sizeof advice, near ? "did you mean %s?" : "see `railgauge list fields`%s",
             near ? near : "");
    return rg_fail(err, RG_USAGE, advice, "there is no metric '%s'", name);
}

/* "2%", "2 %" or "0.02"; shares from 0 to 10. */
static bool parse_share(const char *text, double *ret_share) {
    char *end;
    double value = strtod(text, &end);
    if (end == text)
        return false;
    while (*end == ' ')
        end++;
    if (*end == '%') {
        value /= 100;
        end++;
    }
    *ret_share = value;
    return !*end && value >= 0 && value <= 10;
}

rg_status rg_gate_set_limit(rg_gate_options *options, bool target, const char *text, rg_err *err) {
    char name[64];
    const char *equals = strchr(text, '=');
    size_t n = equals ? (size_t)(equals - text) : 0;
    double share;
    if (!equals || n == 0 || n >= sizeof name || !parse_share(equals + 1, &share))
        return rg_fail(err, RG_USAGE, "write METRIC=1% or METRIC=0.01",
                       "'%s' is no limit for a metric", text);
    memcpy(name, text, n);
    name[n] = '\0';
    int metric = 0, last = RG_FIG_COUNT - 1;
    if (strcmp(name, "all")) {
        rg_status status = find_metric(name, &metric, err);
        if (status != RG_OK)
            return status;
        last = metric;
    }
    for (int i = metric; i <= last; i++)
        *(target ? &options->limits[i].target : &options->limits[i].tolerance) = share;
    return RG_OK;
}

rg_status rg_gate_want(rg_gate_options *options, const char *metric, rg_err *err) {
    int found;
    rg_status status = find_metric(metric, &found, err);
    if (status == RG_OK)
        options->wanted[found] = true;
    return status;
}

static double share_of(const json_t *value, double preset_share) {
    double share;
    if (json_is_number(value))
        return json_number_value(value);
    if (json_is_string(value) && parse_share(json_string_value(value), &share))
        return share;
    return preset_share;
}

/* The command line's word, else the scenario's gate block ({metric = {tolerance =, target =}} or
 * {metric = tolerance}), else the presets. A target is never below its tolerance. */
rg_gate_limit rg_gate_limit_of(const rg_gate *gate, const rg_gate_options *options, int metric) {
    const json_t *block = json_object_get(gate->candidate.facts, "gate");
    const json_t *row = json_object_get(block, rg_figure_rows[metric].key);
    bool strict = options->strict || gate->looks == &rg_looks_strict;
    rg_gate_limit limit = preset_of(metric, strict);
    limit.tolerance =
        share_of(json_is_object(row) ? json_object_get(row, "tolerance") : row, limit.tolerance);
    limit.target = share_of(json_object_get(row, "target"), limit.target);
    if (!isnan(options->limits[metric].tolerance))
        limit.tolerance = options->limits[metric].tolerance;
    if (!isnan(options->limits[metric].target))
        limit.target = options->limits[metric].target;
    limit.target = fmax(limit.target, limit.tolerance);
    return limit;
}
