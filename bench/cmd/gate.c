/* gate.c: `railgauge gate`: the same cells of two bundles, judged (result/gate.h holds the rule).
 * With a scenario both bundles are measured here first, turn by turn (gate_session.h). */
#include <stdio.h>
#include <string.h>

#include "bench/cmd/args.h"
#include "bench/cmd/gate_baselines.h"
#include "bench/cmd/gate_exit.h"
#include "bench/cmd/gate_print.h"
#include "bench/cmd/gate_session.h"
#include "bench/cmd/gate_sides.h"
#include "bench/cmd/stores.h"
#include "bench/core/fs.h"

typedef struct options {
    const char *baseline, *candidate, *store, *control, *a, *b, *scenario, *tier, *out;
    const char *from, *expect;
    const char *repeated; /* options that are read one by one from the arguments */
    rg_gate_print print;
    int inconclusive;
    int64_t slice_ns;
    bool strict, bisect, reproduce, dry_run, quiet;
} options;

#define AT(member) offsetof(options, member)
#define TEXT(key, member, help)                                                                    \
    { key, RG_FIELD_TEXT, AT(member), "", 0, 0, NULL, "", help }
#define FLAG(key, member, help)                                                                    \
    { key, RG_FIELD_BOOL, AT(member), "false", 0, 0, NULL, "", help }
static const rg_field table[] = {
    TEXT("baseline", baseline,
         "bundle to compare with, or a baseline of the store; may be repeated"),
    RG_STORE_ROW(options, store),
    TEXT("candidate", candidate, "bundle to judge"),
    TEXT("control", control,
         "cell whose workload never changes: its drift between stored runs is taken out"),
    TEXT("a", a, "as --baseline; with --scenario a build of this program (not given: this one)"),
    TEXT("b", b, "as --candidate; with --scenario a build"),
    TEXT("scenario", scenario, "measure both builds here, turn by turn, with this scenario"),
    TEXT("set", repeated, "KEY=VALUE: an option of the scenario, for both; may be repeated"),
    TEXT("a_set", repeated, "KEY=VALUE: for A alone, such as model=old.tflite"),
    TEXT("b_set", repeated, "KEY=VALUE: for B alone"),
    TEXT("only", repeated, "these cells: name, glob of it, or start of the key; may be repeated"),
    TEXT("tier", tier, "how much a round measures, instead of what the scenario says"),
    {"slice", RG_FIELD_DURATION, AT(slice_ns), "5ms", 0, 60e9, NULL, "",
     "how long one build measures before the other has its turn; 0: whole rounds"},
    {"out", RG_FIELD_TEXT, AT(out), "runs", 0, 0, NULL, "", "folder for the session's bundles"},
    FLAG("strict", strict, "limits of 0.5 % and 2 %, looks after 12, 24, 48 and 96 rounds"),
    TEXT("tolerance", repeated,
         "METRIC=1%: a change that never fails; may be repeated; METRIC can be 'all'"),
    TEXT("target", repeated, "METRIC=5%: a change that must be seen; may be repeated"),
    TEXT("metric", repeated, "judge this metric only; may be repeated"),
    TEXT("expect", expect, "file of cells that must be there, and of skips (docs/result.md)"),
    RG_GATE_EXIT_ROWS(options, repeated, inconclusive),
    FLAG("bisect", bisect, "codes for `git bisect run`: 0 good, 1 bad, 125 cannot tell"),
    FLAG("reproduce", reproduce, "print the command that measures the failing cells again"),
    FLAG("dry_run", dry_run, "with --scenario: say what would be measured, and stop"),
    FLAG("quiet", quiet, "no progress on stderr"),
    RG_GATE_PRINT_ROWS(options, print),
    TEXT("from", from, "judge nothing: make the form from this result.json, which --result wrote"),
    {0},
};

static int run(const rg_globals *globals, int argc, char **argv);

const rg_verb rg_verb_gate = {
    .name = "gate",
    .summary = "judge a run against a baseline, cell by cell: pass, regressed, inconclusive ...",
    .usage =
        "railgauge gate --baseline BUNDLE|NAME --candidate BUNDLE [--store FILE] [--format F]\n"
        "       railgauge gate --a BUILD --b BUILD --scenario S.lua [--strict] [--dry-run]",
    .help = "With --scenario the two builds (or one build with --a-set and --b-set) are measured\n"
            "in turns, each round a fresh process, A B B A, until every cell is decided: after 6,\n"
            "12, 24 or 48 rounds a side. Both bundles are kept below --out.\n"
            "A cell that the candidate lacks fails the gate. Exit codes: 0 pass, 1 regressed,\n"
            "2 inconclusive, 3 missing or error, 4 not comparable or invalid; where several\n"
            "hold, 3 before 1 before 4 before 2. Limits come from --tolerance and --target, else\n"
            "from the scenario's gate block, else they are 1 % and 5 %. Every form is made from\n"
            "one result.json: --result keeps it, --write adds forms, --from makes them later.\n",
    .run = run,
};

/* What a gate needs, read from the arguments. */
typedef struct job {
    const rg_globals *globals;
    const options *opt;
    const rg_args *args;
    rg_gate_options limits;
    rg_result_facts facts;
    json_t *expected;
    int code;
} job;

static rg_status read_repeated(job *j, rg_err *err) {
    j->limits = rg_gate_options_default();
    j->limits.strict = j->opt->strict;
    j->limits.control = *j->opt->control ? j->opt->control : NULL;
    rg_status status = rg_gate_exit_code(j->args, RG_EXIT_OK, &j->code, err);
    for (size_t i = 0; status == RG_OK && i < j->args->n_given; i++) {
        const char *key = j->args->given[i].key, *value = j->args->given[i].value;
        if (!strcmp(key, "tolerance"))
            status = rg_gate_set_limit(&j->limits, false, value, err);
        else if (!strcmp(key, "target"))
            status = rg_gate_set_limit(&j->limits, true, value, err);
        else if (!strcmp(key, "metric"))
            status = rg_gate_want(&j->limits, value, err);
    }
    if (status == RG_OK && *j->opt->expect)
        status = rg_gate_read_expected(j->opt->expect, &j->expected, err);
    j->limits.expected = j->expected;
    return status;
}

static rg_status print_command(const rg_gate *gate, rg_err *err) {
    rg_text text = {0};
    rg_gate_reproduce(gate, false, &text);
    bool failed = text.failed;
    if (text.bytes && !failed)
        printf("%s\n", text.data);
    rg_text_free(&text);
    return failed ? rg_fail(err, RG_NO_MEMORY, NULL, "out of memory for the command") : RG_OK;
}

static rg_status judge(job *j, const rg_gate_side *baseline, const rg_gate_side *candidate,
                       rg_err *err) {
    rg_gate *gate = NULL;
    rg_status status = rg_gate_judge(baseline, candidate, &j->limits, &gate, err);
    if (status != RG_OK)
        return status;
    status = rg_gate_exit_code(j->args, (int)gate->exit, &j->code, err);
    j->facts.exit_mapped = j->code;
    if (status == RG_OK && j->opt->reproduce)
        status = print_command(gate, err);
    else if (status == RG_OK)
        status = rg_gate_print_all(&j->opt->print, j->args, rg_gate_to_json(gate, &j->facts),
                                   "the result", err);
    rg_gate_free(gate);
    return status;
}

/* --- stored bundles -------------------------------------------------------------------------- */

static rg_status gate_bundles(job *j, const char *a, const char *b, rg_err *err) {
    rg_gate_loaded baseline = {0}, candidate = {0};
    if (!*a || !*b)
        return rg_fail(err, RG_USAGE, "railgauge gate --baseline runs/A --candidate runs/B",
                       "two bundles are needed");
    rg_status status = rg_gate_load(j->opt->store, a, &baseline, err);
    if (status == RG_OK)
        status = rg_gate_load(j->opt->store, b, &candidate, err);
    if (status == RG_OK)
        status = judge(j, &baseline.side, &candidate.side, err);
    rg_gate_unload(&baseline);
    rg_gate_unload(&candidate);
    return status;
}

/* One baseline of several: the first writes the files that are named, the others beside them. */
static rg_status gate_against(const job *all, rg_arena *arena, const char *const *names, size_t i,
                              int *code, rg_err *err) {
    options opt = *all->opt;
    rg_args args = *all->args;
    job one = *all;
    if (i > 0 && !rg_gate_args_beside(arena, all->args, names[i], &args))
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    if (i > 0)
        opt.print.output = rg_gate_beside(arena, opt.print.output, names[i]);
    one.opt = &opt;
    one.args = &args;
    rg_status status = gate_bundles(&one, names[i], *opt.b ? opt.b : opt.candidate, err);
    *code = i ? rg_gate_severer(*code, one.code) : one.code;
    return status;
}

static rg_status gate_each(job *j, const char *const *names, size_t n, rg_err *err) {
    const char *form = rg_emit_names[j->opt->print.format];
    bool words = !strcmp(form, "text") || !strcmp(form, "markdown");
    if (!words && !*j->opt->print.output)
        return rg_fail(err, RG_USAGE, "add -o FILE, or --write FORMAT=FILE",
                       "%zu baselines give %zu documents: %s cannot hold both on one screen", n, n,
                       form);
    rg_arena *arena = rg_arena_new(0);
    rg_status status = arena ? RG_OK : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    for (size_t i = 0; status == RG_OK && i < n; i++) {
        if (i && !*j->opt->print.output)
            putchar('\n');
        status = gate_against(j, arena, names, i, &j->code, err);
    }
    rg_arena_free(arena);
    return status;
}

/* --- builds, measured here ------------------------------------------------------------------- */

/* What would be measured; the least time is that of the first look. */
static void print_plan(const rg_duel *duel, const rg_arm *a, const rg_arm *b) {
    const rg_looks *looks = duel->looks;
    double round_s = 0;
    char least[32], most[32];
    for (size_t i = 0; i < a->plan->n_cells; i++)
        round_s +=
            2e-9 * (double)(a->plan->cells[i].tier.min_ns + a->plan->cells[i].pattern.duration_ns);
    rg_text_duration(1e9 * round_s * (double)looks->at[0], least, sizeof least);
    rg_text_duration(1e9 * round_s * (double)looks->at[looks->n - 1], most, sizeof most);
    printf("A  %s  (%s)\nB  %s  (%s)\n", a->program, a->peer.version, b->program, b->peer.version);
    printf("%zu cells, %zu to %zu rounds a side, looks", a->plan->n_cells, looks->at[0],
           looks->at[looks->n - 1]);
    for (size_t k = 0; k < looks->n; k++)
        printf(" %zu", looks->at[k]);
    printf("\nsteady time alone: %s to %s\n\n", least, most);
    rg_plan_print(a->plan, stdout);
}

static rg_status play(job *j, const rg_duel *duel, rg_arm *a, rg_arm *b, rg_err *err) {
    rg_status status = rg_session_play(duel, &j->limits, a, b, err);
    if (a->bundle && b->bundle && !duel->quiet)
        fprintf(stderr, "bundles: %s %s\n", rg_bundle_dir(a->bundle), rg_bundle_dir(b->bundle));
    if (status != RG_OK)
        return status;
    rg_gate_side sides[] = {rg_gate_side_of(a->bundle), rg_gate_side_of(b->bundle)};
    return judge(j, &sides[0], &sides[1], err);
}

static rg_status gate_builds(job *j, const char *a_program, const char *b_program, rg_err *err) {
    const options *opt = j->opt;
    rg_arm a = {0}, b = {0};
    rg_duel duel = {.args = j->args,
                    .scenario = opt->scenario,
                    .tier = opt->tier,
                    .out = opt->out,
                    .looks = opt->strict ? &rg_looks_strict : &rg_looks_standard,
                    .slice_ns = opt->slice_ns,
                    .quiet = opt->quiet};
    rg_status status = rg_duel_begin(&duel, j->globals, a_program, b_program, &a, &b, err);
    if (status == RG_OK && opt->dry_run)
        print_plan(&duel, &a, &b);
    else if (status == RG_OK)
        status = play(j, &duel, &a, &b, err);
    rg_duel_end(&duel, &a, &b);
    return status;
}

/* --from: a result that was made before. */
static rg_status gate_again(job *j, rg_err *err) {
    json_t *document = NULL;
    rg_status status = rg_gate_print_read(j->opt->from, j->args, &document, &j->code, err);
    return status == RG_OK ? rg_gate_print_all(&j->opt->print, j->args, document, j->opt->from, err)
                           : status;
}

/* For `git bisect run`: 0 good, 1 bad, 125 cannot tell. A slip of the caller or a failing disk (64,
 * 65, 74) stops the bisection, since every commit would meet it. */
static int for_bisect(int code) {
    enum { SKIP = 125, STOP = 128 };
    if (code == RG_EXIT_OK || code == RG_EXIT_REGRESSED || code >= STOP)
        return code;
    return code >= RG_EXIT_USAGE ? STOP : SKIP;
}

static rg_status gate(job *j, rg_err *err) {
    const options *opt = j->opt;
    const char *a = *opt->a ? opt->a : opt->baseline, *b = *opt->b ? opt->b : opt->candidate;
    rg_status status = read_repeated(j, err);
    if (status != RG_OK)
        return status;
    if (*opt->from)
        return gate_again(j, err);
    const char *names[RG_MAX_ARGS];
    size_t n = rg_gate_baselines(j->args, names);
    if (!*opt->scenario)
        return n > 1 ? gate_each(j, names, n, err) : gate_bundles(j, a, b, err);
    if (rg_fs_is_dir(a) || rg_fs_is_dir(b))
        return rg_fail(err, RG_USAGE,
                       "leave out --scenario to compare stored bundles, or name builds",
                       "%s is a bundle: it cannot be measured again", rg_fs_is_dir(a) ? a : b);
    return gate_builds(j, a, b, err);
}

static int run(const rg_globals *globals, int argc, char **argv) {
    options opt;
    rg_args args;
    int code = RG_EXIT_OK;
    rg_err err = RG_ERR_INIT;
    if (!rg_args_begin(&rg_verb_gate, table, &opt, 0, 0, argc, argv, &args, &code))
        return code;
    job j = {.globals = globals, .opt = &opt, .args = &args, .facts = {argc, argv, 0}};
    if (gate(&j, &err) != RG_OK)
        j.code = rg_report_error("gate", &err);
    json_decref(j.expected);
    return opt.bisect ? for_bisect(j.code) : j.code;
}
