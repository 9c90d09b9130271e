/* schema.c: the rows of scenario, tier, measure, cell, pattern and option, and their parser. */
#include "bench/run/schema.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "bench/run/disturb.h"
#include "bench/run/search.h"
#include "bench/run/skips.h"

const char *const rg_pattern_words[] = {"single_stream", "in_flight", "idle", "paced", "poisson",
                                        "streams",       "sweep",     "cold", "soak",  NULL};
const char *const rg_input_words[] = {"random", "zero", "real", NULL};
const char *const rg_option_types[] = {"int",      "real", "bool",  "text",   "choice",
                                       "duration", "file", "model", "models", NULL};

#define AT(type, member) offsetof(rg_##type##_spec, member)

static const rg_field scenario_fields[] = {
    {"name", RG_FIELD_TEXT, AT(scenario, name), "", .help = "short name of the scenario"},
    {"summary", RG_FIELD_TEXT, AT(scenario, summary), "", .help = "what question it answers"},
    {"seed", RG_FIELD_INT, AT(scenario, seed), "1", 0, 9007199254740991.0,
     .help = "seed of inputs and of seeded weights"},
    {"options", RG_FIELD_TABLE, .help = "options by name, each a table as rg.option takes it"},
    {"tier", RG_FIELD_TABLE, .help = "how much to measure: a tier's name or a table"},
    {"measure", RG_FIELD_TABLE, .help = "what to measure besides time"},
    {"gate", RG_FIELD_TABLE, .help = "tolerances by metric"},
    {"skip", RG_FIELD_TABLE, .help = "list of cells that the gate is not to judge for a while"},
    {"cells", RG_FIELD_TABLE,
     .help = "list of cells, or a function of the options that returns it"},
    {0},
};

static const rg_field skip_fields[] = {
    {"cell", RG_FIELD_TEXT, AT(skip, cell), NULL, .help = "name, glob of it, or start of the key"},
    {"reason", RG_FIELD_TEXT, AT(skip, reason), NULL, .help = "why; it is told with the verdict"},
    {"expires", RG_FIELD_TEXT, AT(skip, expires), NULL,
     .help = "the last day it holds, 2027-01-31"},
    {0},
};

static const rg_field tier_fields[] = {
    {"name", RG_FIELD_TEXT, AT(tier, name), "quick",
     .help = "quick, standard, procurement or smoke; the others change its numbers"},
    {"rounds", RG_FIELD_INT, AT(tier, rounds), NULL, 1, 10000, .help = "fresh processes a cell"},
    {"samples", RG_FIELD_INT, AT(tier, samples), NULL, 1, 10000000,
     .help = "steady samples a round, at least"},
    {"min_time", RG_FIELD_DURATION, AT(tier, min_time_ns), NULL, .help = "steady time a round"},
    {"cap", RG_FIELD_DURATION, AT(tier, cap_ns), NULL, 1e6, 1e15,
     .help = "time a round may take in all"},
    {"precision", RG_FIELD_REAL, AT(tier, precision), NULL, 0, 1,
     .help = "stop when the p95 interval is within this share; 0 never"},
    {0},
};

static const rg_field measure_fields[] = {
    {"power", RG_FIELD_BOOL, AT(measure, power), "false", .help = "sample the power rails"},
    {"per_op", RG_FIELD_BOOL, AT(measure, per_op), "false",
     .help = "after the measurement, time each operator where the runtime tells it"},
    {"rails", RG_FIELD_TABLE, .help = "list of rail ids or sensors; empty: all usable"},
    {"counters", RG_FIELD_TABLE, .help = "list of hardware events by libpfm4's names"},
    {"accept", RG_FIELD_TABLE,
     .help = "refusals of energy that become flags: throttle, idle-drift, disagree, not-steady"},
    {"idle", RG_FIELD_DURATION, AT(measure, idle_ns), "500ms",
     .help = "idle time before and after the steady window, when power is sampled"},
    {0},
};

static const rg_field cell_fields[] = {
    {"model", RG_FIELD_TEXT, AT(cell, model), "", .help = "suite model"},
    {"file", RG_FIELD_TEXT, AT(cell, file), "", .help = "model file"},
    {"op", RG_FIELD_TABLE, .help = "operator case: kind and parameters"},
    {"empty", RG_FIELD_INT, AT(cell, empty), "0", 0, 1e9,
     .help = "bytes that a model without operators hands through"},
    {"workload", RG_FIELD_TEXT, AT(cell, workload), "",
     .help = "logical name of the workload, instead of the model's or file's own"},
    {"target", RG_FIELD_TEXT, AT(cell, target), "cpu", .help = "kind of backend"},
    {"device", RG_FIELD_TEXT, AT(cell, device), "", .help = "one unit of it; empty: any"},
    {"variant", RG_FIELD_TEXT, AT(cell, variant), "", .help = "kernel set or delegate"},
    {"precision", RG_FIELD_TEXT, AT(cell, precision), "", .help = "int8, float32 ..."},
    {"batch", RG_FIELD_INT, AT(cell, batch), "1", 1, 65536, .help = "samples a request"},
    {"threads", RG_FIELD_INT, AT(cell, threads), "0", 0, 1024,
     .help = "threads; 0: the target's default"},
    {"cores", RG_FIELD_TEXT, AT(cell, cores), "", .help = "cores to pin to, such as \"0,2-3\""},
    {"power_mode", RG_FIELD_TEXT, AT(cell, power_mode), "",
     .help = "Jetson's power mode, set for its rounds and put back; empty: as found"},
    {"governor", RG_FIELD_TEXT, AT(cell, governor), "",
     .help = "cpufreq governor, set for its rounds and put back; empty: as found"},
    {"artefact", RG_FIELD_TEXT, AT(cell, artefact), "",
     .help = "file that the target loads in place of the model: compiled for it, not in the key"},
    {"require_full_offload", RG_FIELD_BOOL, AT(cell, require_full_offload), "false",
     .help = "refuse the cell when an operator stays on the host; not in the key"},
    {"options", RG_FIELD_TABLE, .help = "the target's own options"},
    {"arm", RG_FIELD_TABLE,
     .help = "more options of the target that tell two arms of a comparison apart: not in the key"},
    {"pattern", RG_FIELD_TABLE, .help = "load pattern: a word or a table"},
    {"deadline", RG_FIELD_DURATION, AT(cell, deadline_ns), "0s",
     .help = "a request that takes longer has missed it; misses are counted"},
    {"interfere", RG_FIELD_CHOICE, AT(cell, interfere), "none", .choices = rg_disturb_words,
     .help = "a stated disturbance beside it"},
    {"tier", RG_FIELD_TABLE, .help = "instead of the scenario's tier"},
    {"inputs", RG_FIELD_CHOICE, AT(cell, inputs), "random", .choices = rg_input_words,
     .help = "what the inputs hold"},
    {"input_files", RG_FIELD_TEXT, AT(cell, input_files), "",
     .help = "inputs real: a .npy or raw file, or a folder of them or with labels.tsv"},
    {0},
};

static const rg_field pattern_fields[] = {
    {"kind", RG_FIELD_CHOICE, AT(pattern, kind), "single_stream", .choices = rg_pattern_words,
     .help = "the pattern's word; in Lua the first item"},
    {"n", RG_FIELD_INT, AT(pattern, n), "0", 0, 1024,
     .help = "requests in flight: of in_flight; of open loops at most so many, 1 if left out"},
    {"duration", RG_FIELD_DURATION, AT(pattern, duration_ns), "0s",
     .help = "idle: how long; soak: at most"},
    {"step", RG_FIELD_DURATION, AT(pattern, step_ns), "10s",
     .help = "soak: time between two looks at heat and slope; a twelfth of duration at most"},
    {"hz", RG_FIELD_REAL, AT(pattern, hz), "0", 0, 1e6,
     .help = "paced, poisson: arrivals a second; soak: paced so, back to back if left out"},
    {"queue", RG_FIELD_INT, AT(pattern, queue), "-1", -1, 1e6,
     .help = "open loops: requests that may wait, more are dropped; any number if left out"},
    {"deadline", RG_FIELD_DURATION, AT(pattern, deadline_ns), "0s",
     .help = "as the cell's deadline; paced, streams: one period if left out"},
    {"fps", RG_FIELD_REAL, AT(pattern, fps), "0", 0, 1e6,
     .help = "streams: frames a second of each"},
    {"drops", RG_FIELD_REAL, AT(pattern, drops), "0.01", 0, 1,
     .help = "streams: share of frames that may be late or dropped"},
    {"most", RG_FIELD_INT, AT(pattern, most), "64", 1, 1024,
     .help = "streams, sweep: no more are tried"},
    {"search", RG_FIELD_CHOICE, AT(pattern, search), "bisect", .choices = rg_search_words,
     .help = "streams: how the largest number is looked for"},
    {0},
};

static const rg_field option_fields[] = {
    {"type", RG_FIELD_TEXT, AT(option, type), "", .help = "type; by default that of `default`"},
    {"help", RG_FIELD_TEXT, AT(option, help), "", .help = "one line for --help"},
    {"default", RG_FIELD_TABLE, .help = "value without --set; without it --set is needed"},
    {"choices", RG_FIELD_TABLE, .help = "list of words that are allowed"},
    {"min", RG_FIELD_REAL, AT(option, min), "0", .help = "smallest number allowed"},
    {"max", RG_FIELD_REAL, AT(option, max), "0", .help = "largest number allowed"},
    {0},
};

/* As models/suite/lib/net.lua builds operator cases; checked there. */
static const rg_field op_fields[] = {
    {"kind", RG_FIELD_TABLE, .help = "the operator; rg.op's first argument"},
    {"input", RG_FIELD_TABLE, .help = "shape of the input, such as {1, 56, 56, 64}"},
    {"filters", RG_FIELD_TABLE, .help = "conv2d: output channels"},
    {"kernel", RG_FIELD_TABLE,
     .help = "height and width of the window, one number or a list of two"},
    {"stride", RG_FIELD_TABLE, .help = "steps of the window, one number or a list of two"},
    {"padding", RG_FIELD_TABLE, .help = "same or valid"},
    {"act", RG_FIELD_TABLE, .help = "fused activation: none, relu, relu6"},
    {"groups", RG_FIELD_TABLE, .help = "conv2d: groups of channels"},
    {"multiplier", RG_FIELD_TABLE, .help = "depthwise_conv2d: outputs a channel"},
    {"units", RG_FIELD_TABLE, .help = "fully_connected, gather: outputs"},
    {"second", RG_FIELD_TABLE,
     .help = "shape of the other input of add, sub, mul, concat, "
             "batch_matmul; without it the input itself"},
    {"turned", RG_FIELD_TABLE,
     .help = "batch_matmul: matrices of the other input stand transposed"},
    {"kept", RG_FIELD_TABLE, .help = "mean: dimensions stay as 1"},
    {"axis", RG_FIELD_TABLE, .help = "concat: dimension from 0; else the last"},
    {"border", RG_FIELD_TABLE, .help = "pad: pixels at top, bottom, left, right"},
    {"order", RG_FIELD_TABLE, .help = "transpose: dimensions from 0"},
    {"begin", RG_FIELD_TABLE, .help = "slice: first element by dimension"},
    {"size", RG_FIELD_TABLE, .help = "slice, reshape: shape of the output"},
    {"times", RG_FIELD_TABLE, .help = "resize_nearest: factor"},
    {"words", RG_FIELD_TABLE, .help = "gather: rows of the table"},
    {0},
};

const rg_schema rg_schema_scenario = {"scenario", scenario_fields};
const rg_schema rg_schema_skip = {"skip", skip_fields};
const rg_schema rg_schema_tier = {"tier", tier_fields};
const rg_schema rg_schema_measure = {"measure", measure_fields};
const rg_schema rg_schema_cell = {"cell", cell_fields};
const rg_schema rg_schema_pattern = {"pattern", pattern_fields};
const rg_schema rg_schema_option = {"option", option_fields};
const rg_schema rg_schema_op = {"operator case", op_fields};

rg_status rg_schema_check_key(const rg_schema *schema, const char *key, rg_err *err) {
    if (rg_field_find(schema->fields, key))
        return RG_OK;
    char advice[512];
    const char *near = rg_field_nearest(schema->fields, key);
    size_t used = near ? (size_t)snprintf(advice, sizeof advice, "did you mean '%s'?", near)
                       : (size_t)snprintf(advice, sizeof advice, "known ones:");
    for (const rg_field *f = near ? NULL : schema->fields; f && f->key && used < 400; f++)
        used += (size_t)snprintf(advice + used, sizeof advice - used, " %s", f->key);
    return rg_fail(err, RG_USAGE, advice, "%s %s has no key '%s'",
                   strchr("aeio", schema->name[0]) ? "an" : "a", schema->name, key);
}

/* A number without unit is no duration: 5 could mean anything. */
static rg_status parse_number(const rg_field *field, const json_t *value, void *record,
                              rg_err *err) {
    if (field->type == RG_FIELD_DURATION && json_number_value(value) != 0)
        return rg_fail(err, RG_USAGE, "write it with its unit, such as \"500ms\" or \"2s\"",
                       "'%s' is a number without a unit", field->key);
    if (field->type == RG_FIELD_TEXT || field->type == RG_FIELD_CHOICE)
        return rg_fail(err, RG_USAGE, "put it in quotes", "'%s' must be text", field->key);
    bool whole = json_is_integer(value);
    rg_attr attr = {.key = field->key,
                    .type = whole ? RG_ATTR_INT : RG_ATTR_REAL,
                    .i = whole ? json_integer_value(value) : 0,
                    .r = whole ? 0 : json_real_value(value)};
    rg_field one[2] = {*field, {0}};
    return rg_field_set_attr(one, record, &attr, err);
}

static rg_status parse_member(const rg_field *field, const json_t *value, void *record,
                              rg_err *err) {
    bool composed = json_is_array(value) || json_is_object(value);
    if (field->type == RG_FIELD_TABLE || (field->type == RG_FIELD_JSON && composed))
        return RG_OK; /* the target gets it as text: worker_prepare.c */
    rg_field one[2] = {*field, {0}};
    if (json_is_string(value))
        return rg_field_set(one, record, field->key, json_string_value(value), err);
    if (json_is_boolean(value) && field->type == RG_FIELD_BOOL)
        return rg_field_set(one, record, field->key, json_is_true(value) ? "true" : "false", err);
    if (json_is_number(value))
        return parse_number(field, value, record, err);
    return rg_fail(err, RG_USAGE, field->help, "'%s' has a value of the wrong kind", field->key);
}

rg_status rg_schema_parse(const rg_schema *schema, const json_t *object, void *record,
                          rg_err *err) {
    const char *key;
    json_t *value;
    rg_status status = rg_field_presets(schema->fields, record, false, err);
    if (json_is_array(object) && json_array_size(object) == 0)
        return status; /* Lua's empty table */
    if (status == RG_OK && !json_is_object(object))
        return rg_fail(err, RG_USAGE, "write it as { key = value, ... }", "a %s must be a table",
                       schema->name);
    json_object_foreach((json_t *)object, key, value) {
        if (status == RG_OK)
            status = rg_schema_check_key(schema, key, err);
        if (status == RG_OK)
            status = parse_member(rg_field_find(schema->fields, key), value, record, err);
    }
    return status;
}
