/* plan_gate.c: `railgauge plan-gate`: before a gate is set up: the smallest change that so much
 * time can see, cell by cell, from the spread of a session measured before, or of a short one now.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bench/cmd/args.h"
#include "bench/cmd/gate_budget.h"
#include "bench/cmd/gate_session.h"
#include "bench/cmd/gate_sides.h"
#include "bench/run/turns.h"

typedef struct options {
    const char *last, *tier, *out;
    const char *repeated; /* read one by one from the arguments */
    int64_t budget_ns;
    bool strict, json, quiet;
} options;

#define AT(member) offsetof(options, member)
static const rg_field table[] = {
    {"budget", RG_FIELD_DURATION, AT(budget_ns), "10m", 1e9, 1e15, NULL, "",
     "time that one gate may take"},
    {"last", RG_FIELD_TEXT, AT(last), "", 0, 0, NULL, "",
     "folder of a session that `gate --scenario` measured (holds A and B), instead of a pilot"},
    {"set", RG_FIELD_TEXT, AT(repeated), "", 0, 0, NULL, "",
     "KEY=VALUE: an option of the scenario; may be repeated"},
    {"only", RG_FIELD_TEXT, AT(repeated), "", 0, 0, NULL, "",
     "these cells: name, glob of it, or start of the key; may be repeated"},
    {"tier", RG_FIELD_TEXT, AT(tier), "", 0, 0, NULL, "", "instead of what the scenario says"},
    {"out", RG_FIELD_TEXT, AT(out), "runs", 0, 0, NULL, "", "folder for the pilot's bundles"},
    {"strict", RG_FIELD_BOOL, AT(strict), "false", 0, 0, NULL, "",
     "for a strict gate: 0.5 % and 2 %, up to 96 rounds"},
    {"json", RG_FIELD_BOOL, AT(json), "false", 0, 0, NULL, "", "one JSON document on stdout"},
    {"quiet", RG_FIELD_BOOL, AT(quiet), "false", 0, 0, NULL, "", "no progress on stderr"},
    {0},
};

static int run(const rg_globals *globals, int argc, char **argv);

const rg_verb rg_verb_plan_gate = {
    .name = "plan-gate",
    .summary = "the smallest change that a gate of so much time can see, cell by cell",
    .usage = "railgauge plan-gate SCENARIO.lua [--budget 10m] [--last SESSION] [--strict]",
    .help = "Without --last a pilot is measured: this program against itself, six rounds a side.\n"
            "The spread of six rounds is itself uncertain by a third; a session with more rounds\n"
            "tells more.\n",
    .run = run,
};

typedef struct job {
    const rg_globals *globals;
    const options *opt;
    const rg_args *args;
    const rg_looks *looks;
} job;

static rg_status print(const job *j, const rg_gate *gate, double round_s, rg_err *err) {
    rg_budget budget = {0};
    rg_text text = {0};
    rg_status status = rg_budget_make(gate, j->looks, 1e-9 * (double)j->opt->budget_ns,
                                      2 * round_s * (double)gate->n_cells, &budget, err);
    if (status == RG_OK && j->opt->json) {
        json_t *document = rg_budget_to_json(&budget);
        status = rg_print_json(document, err);
        json_decref(document);
    } else if (status == RG_OK) {
        rg_budget_to_text(&budget, &text);
        fwrite(text.data ? text.data : "", 1, text.bytes, stdout);
        status = text.failed ? rg_fail(err, RG_NO_MEMORY, NULL, "out of memory") : RG_OK;
    }
    rg_text_free(&text);
    rg_budget_free(&budget);
    return status;
}

static rg_status plan_from(const job *j, const rg_gate_side *a, const rg_gate_side *b,
                           const rg_bundle *timed, rg_err *err) {
    rg_gate_options limits = rg_gate_options_default();
    rg_gate *gate = NULL;
    double round_s = timed ? rg_budget_round_s(timed) : NAN;
    limits.strict = j->opt->strict;
    if (!(round_s > 0))
        return rg_fail(err, RG_INVALID, "measure a pilot: leave out --last",
                       "the session does not tell how long its rounds took");
    rg_status status = rg_gate_judge(a, b, &limits, &gate, err);
    if (status == RG_OK)
        status = print(j, gate, round_s, err);
    rg_gate_free(gate);
    return status;
}

static rg_status from_last(const job *j, rg_err *err) {
    rg_gate_loaded a = {0}, b = {0};
    rg_text path = {0};
    rg_text_printf(&path, "%s/A", j->opt->last);
    rg_status status = path.failed ? rg_fail(err, RG_NO_MEMORY, NULL, "out of memory")
                                   : rg_gate_load("", path.data, &a, err);
    if (status == RG_OK) {
        path.data[path.bytes - 1] = 'B';
        status = rg_gate_load("", path.data, &b, err);
    }
    if (status == RG_OK)
        status = plan_from(j, &a.side, &b.side, b.bundle, err);
    rg_gate_unload(&a);
    rg_gate_unload(&b);
    rg_text_free(&path);
    return status;
}

static rg_status from_pilot(const job *j, rg_err *err) {
    const rg_looks pilot = rg_looks_once(6);
    const rg_gate_options limits = rg_gate_options_default();
    rg_arm a = {0}, b = {0};
    rg_duel duel = {.args = j->args,
                    .scenario = j->args->words[0],
                    .tier = j->opt->tier,
                    .out = j->opt->out,
                    .looks = &pilot,
                    .slice_ns = RG_TURNS_SLICE_NS,
                    .quiet = j->opt->quiet};
    rg_status status = rg_duel_begin(&duel, j->globals, "", "", &a, &b, err);
    if (status == RG_OK)
        status = rg_session_play(&duel, &limits, &a, &b, err);
    if (status == RG_OK) {
        rg_gate_side sides[] = {rg_gate_side_of(a.bundle), rg_gate_side_of(b.bundle)};
        status = plan_from(j, &sides[0], &sides[1], b.bundle, err);
    }
    rg_duel_end(&duel, &a, &b);
    return status;
}

static int run(const rg_globals *globals, int argc, char **argv) {
    options opt;
    rg_args args;
    int code = RG_EXIT_OK;
    rg_err err = RG_ERR_INIT;
    if (!rg_args_begin(&rg_verb_plan_gate, table, &opt, 1, 1, argc, argv, &args, &code))
        return code;
    const job j = {globals, &opt, &args, opt.strict ? &rg_looks_strict : &rg_looks_standard};
    rg_status status = *opt.last ? from_last(&j, &err) : from_pilot(&j, &err);
    return status == RG_OK ? RG_EXIT_OK : rg_report_error("plan-gate", &err);
}
