/* run.c: `railgauge run`: a scenario becomes a plan, the plan is run round by round into a bundle,
 * and a table is printed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/cmd/args.h"
#include "bench/cmd/run_bundle.h"
#include "bench/cmd/run_outcomes.h"
#include "bench/cmd/run_progress.h"
#include "bench/cmd/run_request.h"
#include "bench/core/json.h"
#include "bench/core/text.h"
#include "bench/result/report.h"
#include "bench/run/ceilings.h"
#include "bench/run/host.h"

typedef struct options {
    const char *set, *out, *resume, *only, *tier, *isa, *power_pipe;
    bool plan_only, json, quiet, per_op;
    rg_program_options programs;
    rg_limit_options limits;
} options;

static const rg_field table[] = {
    {"set", RG_FIELD_TEXT, offsetof(options, set), "", 0, 0, NULL, "",
     "KEY=VALUE: one of the scenario's own options; may be repeated"},
    {"out", RG_FIELD_TEXT, offsetof(options, out), "runs", 0, 0, NULL, "",
     "folder in which the run's bundle is made"},
    {"plan_only", RG_FIELD_BOOL, offsetof(options, plan_only), "false", 0, 0, NULL, "",
     "print the cells that would run, and stop"},
    {"resume", RG_FIELD_TEXT, offsetof(options, resume), "", 0, 0, NULL, "",
     "BUNDLE: run the rounds that an interrupted run left out; no scenario is needed"},
    {"only", RG_FIELD_TEXT, offsetof(options, only), "", 0, 0, NULL, "",
     "cells by name, glob of the name, or start of the key"},
    {"tier", RG_FIELD_TEXT, offsetof(options, tier), "", 0, 0, NULL, "",
     "how much to measure, instead of what the scenario says: quick, standard, procurement"},
    {"per_op", RG_FIELD_BOOL, offsetof(options, per_op), "false", 0, 0, NULL, "",
     "time each operator too, after the measurement, where the runtime tells it"},
    {"isa", RG_FIELD_TEXT, offsetof(options, isa), "", 0, 0, NULL, "",
     "instruction sets that kernels may use, such as avx2 or scalar; before RAILGAUGE_ISA"},
    RG_POWER_PIPE_ROW(options, power_pipe),
    RG_PROGRAM_ROWS(options, programs),
    RG_LIMIT_ROWS(options, limits),
    {"json", RG_FIELD_BOOL, offsetof(options, json), "false", 0, 0, NULL, "",
     "one JSON document on stdout instead of the table"},
    {"quiet", RG_FIELD_BOOL, offsetof(options, quiet), "false", 0, 0, NULL, "",
     "no progress on stderr"},
    {0},
};

static int run(const rg_globals *globals, int argc, char **argv);

const rg_verb rg_verb_run = {
    .name = "run",
    .summary = "runs a scenario and keeps what it measured in a bundle",
    .usage = "railgauge run SCENARIO.lua [--set KEY=VALUE]... [options]",
    .help =
        "Each round of each cell runs in a process of its own; a crash or a hang costs that\n"
        "round. Ctrl-C keeps every finished round, --resume goes on from there.\n"
        "exit codes: 0 all cells ok; 3 some cells failed or were refused; 5 no cell could run\n"
        "because its device is absent or denied; 64 the scenario or an option is wrong; 74 the\n"
        "bundle cannot be written; 130 interrupted. `railgauge run SCENARIO.lua --help` adds\n"
        "the scenario's own options.\n",
    .run = run,
};

/* --- one run --------------------------------------------------------------------------------- */

typedef struct job {
    const rg_globals *globals;
    const options *opt;
    rg_root *root;
    rg_request request;
    rg_plan *plan;
    rg_bundle *bundle;
    rg_outcome *outcomes;
    rg_teller teller;
} job;

/* Peaks belong to runs on this machine's own cores. */
static bool uses_cores(const rg_plan *plan) {
    for (size_t i = 0; i < plan->n_cells; i++) {
        if (!strcmp(plan->cells[i].target, "cpu") || !strcmp(plan->cells[i].target, "neon"))
            return true;
    }
    return false;
}

static json_t *facts_of_host(const job *j) {
    json_t *host = rg_host_facts(j->root);
    json_t *peaks = uses_cores(j->plan) ? rg_ceilings_facts(j->root, host) : NULL;
    if (peaks)
        json_object_set_new(host, "peaks", peaks);
    return host;
}

static json_t *facts_of_run(const job *j, const rg_args *args) {
    json_t *set = json_array();
    for (size_t i = 0; i < args->n_given; i++) {
        if (!strcmp(args->given[i].key, "set"))
            json_array_append_new(set, json_string(args->given[i].value));
    }
    json_t *arguments =
        json_pack("{s:s, s:o, s:s, s:s}", "scenario", args->n_words ? args->words[0] : "", "set",
                  set, "only", j->opt->only, "tier", j->opt->tier);
    return json_pack("{s:o, s:o, s:b}", "host", facts_of_host(j), "arguments", arguments,
                     "interleaved", j->plan->n_cells > 1);
}

static rg_status make_bundle(job *j, const rg_args *args, rg_err *err) {
    if (*j->opt->resume)
        return rg_bundle_resume(j->opt->resume, j->plan, NULL, &j->bundle, err);
    json_t *facts = facts_of_run(j, args);
    rg_bundle_spec spec = {.out = j->opt->out,
                           .plan = j->plan,
                           .scenario = j->request.text,
                           .files = j->request.files,
                           .n_files = j->request.n_files,
                           .facts = facts};
    rg_status status = rg_bundle_create(&spec, &j->bundle, err);
    json_decref(facts);
    return status;
}

static void on_progress(void *user, const rg_progress *progress) {
    rg_teller_tell(user, progress);
}

/* The sink's user is the bundle, the teller's is the teller: one wrapper holds both. */
typedef struct both {
    rg_sink bundle;
    rg_teller *teller;
} both;

static rg_status to_cells(void *user, const json_t *lines, rg_err *err) {
    both *b = user;
    return b->bundle.cells(b->bundle.user, lines, err);
}

static rg_status to_round(void *user, const rg_round *round, rg_err *err) {
    both *b = user;
    return b->bundle.round(b->bundle.user, round, err);
}

static bool to_has_round(void *user, uint32_t order, rg_status *ret_status) {
    both *b = user;
    return b->bundle.has_round(b->bundle.user, order, ret_status);
}

static bool to_precise(void *user, uint32_t cell, double share) {
    both *b = user;
    return b->bundle.precise(b->bundle.user, cell, share);
}

static void to_progress(void *user, const rg_progress *progress) {
    on_progress(((both *)user)->teller, progress);
}

static rg_status run_plan(job *j, rg_err *err) {
    both b = {rg_bundle_sink(j->bundle), &j->teller};
    rg_sink sink = {.user = &b,
                    .cells = to_cells,
                    .cells_known = b.bundle.cells_known,
                    .round = to_round,
                    .has_round = to_has_round,
                    .precise = to_precise,
                    .progress = to_progress};
    rg_run_spec spec = {j->globals->program, j->root, &sink};
    rg_status status = rg_run_plan(j->plan, &spec, j->outcomes, err);
    rg_teller_end(&j->teller);
    return status;
}

/* --- afterwards ------------------------------------------------------------------------------ */

static void print_json(const job *j, rg_status status, int code) {
    json_t *document =
        json_pack("{s:s, s:s, s:s, s:s, s:i, s:O?}", "bundle", rg_bundle_dir(j->bundle), "name",
                  j->plan->name, "plan", j->plan->hash, "status",
                  rg_status_word(status == RG_OK ? RG_OK : status), "exit", code, "records",
                  (json_t *)rg_bundle_records(j->bundle));
    char *text = document ? rg_json_text(document, 2) : NULL;
    if (text)
        printf("%s\n", text);
    free(text);
    json_decref(document);
}

static rg_status print_table(const job *j, rg_err *err) {
    const char *dirs[] = {rg_bundle_dir(j->bundle)};
    rg_report_options how = {.template_name = "brief",
                             .format = "text",
                             .width = rg_terminal_columns(STDOUT_FILENO, 100)};
    rg_text report = {0}, words = {0};
    rg_status status = rg_report_render(dirs, 1, &how, &report, &words, err);
    if (status == RG_OK)
        fwrite(report.data, 1, report.bytes, stdout);
    rg_text_free(&report);
    rg_text_free(&words);
    return status;
}

/* Records and report also of an interrupted run: what is finished is kept and can be read. */
static int conclude(job *j, rg_status ran, rg_err *err) {
    rg_err later = RG_ERR_INIT;
    rg_status status = RG_OK;
    bool cells = rg_bundle_cells(j->bundle) != NULL;
    if (cells && (ran == RG_OK || ran == RG_INTERRUPTED))
        status = rg_bundle_conclude(j->bundle, ran == RG_OK, &later);
    if (status != RG_OK)
        return rg_report_error("run", &later);
    int code = RG_EXIT_OK;
    if (ran == RG_OK)
        code = rg_outcomes_exit(j->outcomes, j->plan->n_cells);
    else
        code = rg_report_error("run", err);
    if (j->opt->json)
        print_json(j, ran, code);
    else if (cells && print_table(j, &later) != RG_OK)
        rg_report_error("run", &later);
    rg_outcomes_say(j->plan, j->outcomes);
    if (!j->opt->quiet)
        fprintf(stderr, "bundle: %s\n", rg_bundle_dir(j->bundle));
    return code;
}

static int run_into_bundle(job *j, const rg_args *args, rg_err *err) {
    j->outcomes = calloc(j->plan->n_cells, sizeof *j->outcomes);
    if (!j->outcomes) {
        rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
        return rg_report_error("run", err);
    }
    if (make_bundle(j, args, err) != RG_OK)
        return rg_report_error("run", err);
    rg_status ran = run_plan(j, err);
    return conclude(j, ran, err);
}

/* --- the verb -------------------------------------------------------------------------------- */

static int show_plan(const job *j) {
    if (!j->opt->json) {
        rg_plan_print(j->plan, stdout);
        return RG_EXIT_OK;
    }
    json_t *plan = rg_plan_to_json(j->plan);
    char *text = plan ? rg_json_text(plan, 2) : NULL;
    printf("%s\n", text ? text : "null");
    free(text);
    json_decref(plan);
    return RG_EXIT_OK;
}

/* What to run: a resumed bundle's own request, else the scenario's. A scenario named beside
 * --resume must be the one that the bundle was made with. */
static rg_status make_request(job *j, const rg_args *args, const char **only, rg_err *err) {
    if (!*j->opt->resume)
        return rg_request_from_file(args, j->root, &j->request, err);
    rg_status status = rg_request_from_bundle(j->opt->resume, &j->request, only, err);
    if (status == RG_ABSENT) /* a folder, not a device: code 5 is for devices */
        err->status = status = RG_IO;
    if (status == RG_OK && args->n_words)
        status = rg_request_same_scenario(args->words[0], j->opt->resume, err);
    return status;
}

static rg_status make_plan(job *j, const rg_args *args, rg_err *err) {
    const char *only = j->opt->only;
    rg_status status = make_request(j, args, &only, err);
    if (status == RG_OK && *j->opt->tier)
        json_object_set_new(j->request.document, "tier", json_string(j->opt->tier));
    if (status == RG_OK && j->opt->per_op)
        rg_request_measure(&j->request, "per_op");
    if (status == RG_OK)
        status = rg_plan_build(j->request.document, &j->plan, err);
    if (status == RG_OK)
        status = rg_request_check_models(j->plan, err);
    if (status == RG_OK && only && *only)
        status = rg_plan_only(j->plan, only, err);
    return status;
}

static int help(const rg_args *args, rg_root *root) {
    rg_err err = RG_ERR_INIT;
    rg_args_help(&rg_verb_run, table);
    if (!args->n_words)
        return RG_EXIT_OK;
    return rg_request_help(args, root, &err) == RG_OK ? RG_EXIT_OK : rg_report_error("run", &err);
}

/* What the options ask for, once they are known to be sound. */
static int do_run(job *j, const rg_args *args, rg_err *err) {
    if (rg_root_open(j->globals->root, &j->root, err) != RG_OK)
        return rg_report_error("run", err);
    if (args->help)
        return help(args, j->root);
    if (!args->n_words && !*j->opt->resume) {
        rg_fail(err, RG_USAGE, "railgauge run scenarios/first-light.lua", "no scenario is given");
        return rg_report_error("run", err);
    }
    if (make_plan(j, args, err) != RG_OK)
        return rg_report_error("run", err);
    return j->opt->plan_only ? show_plan(j) : run_into_bundle(j, args, err);
}

static int run(const rg_globals *globals, int argc, char **argv) {
    options opt;
    rg_args args;
    rg_err err = RG_ERR_INIT;
    if (rg_args_parse(table, &opt, 0, 1, argc, argv, &args, &err) != RG_OK ||
        rg_args_apply(table, &opt, &err) != RG_OK)
        return rg_report_error("run", &err);
    job j = {.globals = globals, .opt = &opt, .teller = rg_teller_new(opt.quiet)};
    int code = do_run(&j, &args, &err);
    rg_bundle_close(j.bundle);
    free(j.outcomes);
    rg_plan_free(j.plan);
    rg_request_free(&j.request);
    rg_root_close(j.root);
    return code;
}
