/* verify.c: `railgauge verify`: every kernel of every level that this CPU has against the scalar
 * reference. One line a kernel on stdout; what is wrong, in full, on stderr. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/cmd/args.h"
#include "bench/cmd/columns.h"
#include "bench/cmd/kernel_words.h"
#include "bench/core/clock.h"
#include "bench/core/json.h"
#include "bench/iface/registry.h"
#include "bench/run/verify.h"

typedef struct options {
    const char *target, *isa, *kernel, *named;
    int64_t seed, cases, limit_macs, limit_ns;
    bool json, loose;
} options;

#define ROW(key, member, type, preset, min, max, unit, help)                                       \
    { key, type, offsetof(options, member), preset, min, max, NULL, unit, help }
static const rg_field table[] = {
    ROW("target", target, RG_FIELD_TEXT, "cpu", 0, 0, "", "cpu, or neon: kernels of aarch64 only"),
    ROW("isa", isa, RG_FIELD_TEXT, "", 0, 0, "",
        "levels, such as avx2 or scalar,neon; else all that this CPU has"),
    ROW("kernel", kernel, RG_FIELD_TEXT, "", 0, 0, "", "only this kernel; `reference`: only those"),
    ROW("seed", seed, RG_FIELD_INT, "-1", -1, 9e15, "", "of the first case; -1: from the clock"),
    ROW("cases", cases, RG_FIELD_INT, "-1", -1, 1e9, "",
        "random cases an operator; -1: 100 and the bench cases"),
    ROW("case", named, RG_FIELD_TEXT, "", 0, 0, "", "only the bench case of this name"),
    ROW("limit_macs", limit_macs, RG_FIELD_INT, "150000000", 0, 1e15, "MAC",
        "bench cases beyond are left to `railgauge bench`"),
    ROW("limit", limit_ns, RG_FIELD_DURATION, "60s", 0, 0, "",
        "a kernel without an end after this counts as hung"),
    ROW("loose", loose, RG_FIELD_BOOL, "false", 0, 0, "",
        "no buffer ends at a page that faults: for emulators that read what masked loads leave out"),
    ROW("json", json, RG_FIELD_BOOL, "false", 0, 0, "", "one JSON document on stdout"),
    {0},
};
#undef ROW

enum { OP, KERNEL, LEVEL, CASES, SUITED, TRIALS, VERDICT, N_COLUMNS };
static const rg_column columns[N_COLUMNS] = {
    [OP] = {"operator", -8, 5, false},      [KERNEL] = {"kernel", -6, 0, false},
    [LEVEL] = {"level", -5, 3, false},      [CASES] = {"cases", 6, 2, false},
    [SUITED] = {"suited", 6, 1, false},     [TRIALS] = {"trials", 7, 4, false},
    [VERDICT] = {"verdict", -13, 0, false},
};

typedef struct job {
    const options *opt;
    const rg_args *args;
    uint64_t mask, seed; /* mask: features that may be used */
    rg_column column[N_COLUMNS];
    json_t *rows; /* with --json */
    uint32_t wrong, proven, hidden, away;
    int64_t started_ns;
} job;

/* --- what to prove ---------------------------------------------------------------------------- */

static bool kernel_wanted(const job *j, const rg_kernel *kernel) {
    const char *only = j->opt->kernel;
    bool arm = !strcmp(rg_isa_find(kernel->isa)->architecture, "aarch64");
    return (!*only || !strcmp(only, kernel->name)) && (arm || strcmp(j->opt->target, "neon") != 0);
}

static bool reference_wanted(const job *j) {
    return (!*j->opt->kernel || !strcmp(j->opt->kernel, "reference")) &&
           strcmp(j->opt->target, "neon") != 0;
}

static rg_status check_names(const job *j, rg_err *err) {
    rg_status status = RG_OK;
    for (size_t i = 0; status == RG_OK && i < j->args->n_words; i++)
        status = rg_op_word_check(j->args->words[i], err);
    if (status == RG_OK && *j->opt->kernel && strcmp(j->opt->kernel, "reference") != 0)
        status = rg_kernel_word_check(j->opt->kernel, err);
    return status;
}

static rg_status check_target(const job *j, rg_err *err) {
    bool neon = !strcmp(j->opt->target, "neon");
    if (!neon && strcmp(j->opt->target, "cpu") != 0)
        return rg_fail(err, RG_USAGE, "one of: cpu neon", "kernels of '%s' are not proven here",
                       j->opt->target);
    if (neon && !(rg_isa_present() & RG_ISA_NEON))
        return rg_fail(err, RG_ABSENT, "run it on an aarch64 machine or under qemu-aarch64",
                       "this CPU has no NEON");
    return RG_OK;
}

/* --- telling ---------------------------------------------------------------------------------- */

static const char *name_of(const rg_verify_row *row) {
    return row->kernel ? row->kernel->name : "reference";
}

static void tell_fault(const rg_op *op, const char *name, const rg_verify_fault *fault) {
    fprintf(stderr, "%s: %s: %s\n", name, rg_status_word(fault->status), fault->what);
    if (!*fault->case_text)
        return;
    fprintf(stderr, "  case: %s\n", fault->case_text);
    if (*fault->conditions)
        fprintf(stderr, "  with: %s; %s\n", fault->conditions, fault->how);
    fprintf(stderr, "  again: railgauge verify %s --kernel %s --seed %llu", op->name, name,
            (unsigned long long)fault->seed);
    if (*fault->case_name)
        fprintf(stderr, " --case %s\n", fault->case_name);
    else
        fprintf(stderr, " --cases 1\n");
}

static json_t *fault_json(const rg_verify_fault *fault) {
    if (fault->status == RG_OK)
        return json_null();
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:I}", "status", rg_status_word(fault->status),
                     "what", fault->what, "case", fault->case_text, "bench_case", fault->case_name,
                     "conditions", fault->conditions, "pieces", fault->how, "seed",
                     (json_int_t)fault->seed);
}

static void add_json(job *j, const rg_op *op, const char *name, const char *isa,
                     const char *verdict, const rg_verify_row *row) {
    json_array_append_new(j->rows,
                          json_pack("{s:s, s:s, s:s, s:s, s:i, s:i, s:I, s:o}", "op", op->name,
                                    "kernel", name, "isa", isa, "verdict", verdict, "tried",
                                    (int)row->tried, "suited", (int)row->suited, "trials",
                                    (json_int_t)row->trials, "fault", fault_json(&row->fault)));
}

/* One line of the table; a row without cases tried shows none. */
static void print_row(const job *j, const rg_op *op, const char *name, const char *isa,
                      const char *verdict, const rg_verify_row *row) {
    char kernel[96], number[3][24] = {{0}};
    bool bare = j->column[OP].hidden && strncmp(name, op->name, strlen(op->name)) != 0;
    snprintf(kernel, sizeof kernel, "%s%s%s", bare ? op->name : "", bare ? " " : "", name);
    if (row->tried) {
        snprintf(number[0], sizeof number[0], "%u", row->tried);
        snprintf(number[1], sizeof number[1], "%u", row->suited);
        snprintf(number[2], sizeof number[2], "%llu", (unsigned long long)row->trials);
    }
    rg_columns_row(
        j->column, N_COLUMNS,
        (const char *[]){op->name, kernel, isa, number[0], number[1], number[2], verdict});
}

static void tell(job *j, const rg_op *op, const char *name, const char *isa, const char *verdict,
                 const rg_verify_row *row) {
    if (j->rows)
        add_json(j, op, name, isa, verdict, row);
    else
        print_row(j, op, name, isa, verdict, row);
}

static void tell_row(job *j, const rg_op *op, const rg_verify_row *row) {
    bool sound = row->fault.status == RG_OK;
    const char *verdict = !sound ? rg_status_word(row->fault.status) : row->trials ? "ok" : "idle";
    j->wrong += !sound;
    j->proven += sound && row->trials;
    tell(j, op, name_of(row), row->kernel ? row->kernel->isa : "scalar", verdict, row);
    if (!sound)
        tell_fault(op, name_of(row), &row->fault);
}

/* A kernel that this CPU, or --isa, does not let run. */
static void tell_away(job *j, const rg_op *op, const rg_kernel *kernel) {
    bool here = rg_isa_runs(rg_isa_find(kernel->isa), rg_isa_present());
    *(here ? &j->hidden : &j->away) += 1;
    tell(j, op, kernel->name, kernel->isa, here ? "not asked for" : "not here",
         &(rg_verify_row){.kernel = kernel});
}

static void tell_set(job *j, const rg_op *op, const rg_verify *proof) {
    if (proof->set_fault.status == RG_OK)
        return;
    rg_verify_row row = {.tried = proof->drawn, .suited = proof->drawn - proof->refused};
    row.fault = proof->set_fault;
    j->wrong++;
    tell(j, op, "case set", "any", rg_status_word(row.fault.status), &row);
    tell_fault(op, "reference", &row.fault);
}

/* --- proving ---------------------------------------------------------------------------------- */

/* Kernels of the operator into `ret`; those that cannot run are told at once. */
static size_t pick_kernels(job *j, const rg_op *op, const rg_kernel **ret, size_t cap) {
    size_t n = 0;
    for (size_t i = 0; rg_kernels[i]; i++) {
        const rg_kernel *kernel = rg_kernels[i];
        if (strcmp(kernel->op, op->name) != 0 || !kernel_wanted(j, kernel))
            continue;
        if (!rg_isa_runs(rg_isa_find(kernel->isa), j->mask))
            tell_away(j, op, kernel);
        else if (n < cap)
            ret[n++] = kernel;
    }
    return n;
}

/* A kernel without cases cannot be proven: that is as bad as a wrong one, and told. */
static void tell_unproven(job *j, const rg_op *op, const rg_kernel *kernel) {
    j->wrong++;
    tell(j, op, kernel->name, kernel->isa, "unproven", &(rg_verify_row){.kernel = kernel});
    fprintf(stderr, "%s: there are no made-up cases of %s: kernels/cases/ needs a set\n",
            kernel->name, op->kind);
}

static rg_status prove_op(job *j, const rg_op *op, rg_err *err) {
    enum { MOST_KERNELS = 64 };
    const rg_kernel *kernels[MOST_KERNELS];
    const options *opt = j->opt;
    rg_verify_spec spec = {.op = op,
                           .set = rg_case_set_for(op),
                           .kernels = kernels,
                           .reference = reference_wanted(j),
                           .seed = j->seed,
                           .cases = opt->cases < 0 ? 100 : (uint32_t)opt->cases,
                           .bench_cases = opt->cases < 0,
                           .named = *opt->named ? opt->named : NULL,
                           .limit_macs = (uint64_t)opt->limit_macs,
                           .loose = opt->loose,
                           .limit_ns = opt->limit_ns};
    spec.n_kernels = pick_kernels(j, op, kernels, MOST_KERNELS);
    for (size_t i = 0; !spec.set && i < spec.n_kernels; i++)
        tell_unproven(j, op, kernels[i]);
    if (!spec.set || (!spec.n_kernels && !spec.reference))
        return RG_OK;
    rg_verify *proof;
    rg_status status = rg_verify_run(&spec, &proof, err);
    if (status != RG_OK)
        return status;
    for (size_t i = 0; i < proof->n_rows; i++)
        tell_row(j, op, &proof->rows[i]);
    tell_set(j, op, proof);
    free(proof);
    fflush(stdout);
    return RG_OK;
}

/* Columns as wide as the names that are asked for. */
static void begin_table(job *j) {
    memcpy(j->column, columns, sizeof columns);
    for (size_t i = 0; rg_ops[i]; i++) {
        if (!rg_op_asked_for(rg_ops[i], j->args))
            continue;
        rg_column_hold(&j->column[OP], strlen(rg_ops[i]->name));
        rg_column_hold(&j->column[KERNEL], strlen(rg_ops[i]->name) + strlen(" reference"));
    }
    for (size_t i = 0; rg_kernels[i]; i++) {
        if (!kernel_wanted(j, rg_kernels[i]) ||
            !rg_op_asked_for(rg_op_find(rg_kernels[i]->op), j->args))
            continue;
        rg_column_hold(&j->column[KERNEL], strlen(rg_kernels[i]->name));
        rg_column_hold(&j->column[LEVEL], strlen(rg_kernels[i]->isa));
    }
    rg_columns_fit(j->column, N_COLUMNS, rg_columns_room());
    rg_columns_head(j->column, N_COLUMNS);
}

/* A bench case is named for one of the operators asked for; the others need not have it. */
static rg_status prove_all(job *j, rg_err *err) {
    rg_status status = RG_OK, found = *j->opt->named ? RG_USAGE : RG_OK;
    for (size_t i = 0; status == RG_OK && rg_ops[i]; i++) {
        if (!rg_op_asked_for(rg_ops[i], j->args))
            continue;
        status = prove_op(j, rg_ops[i], err);
        if (status == RG_OK && j->proven + j->wrong)
            found = RG_OK;
        if (*j->opt->named && status == RG_USAGE)
            status = RG_OK;
    }
    return status == RG_OK ? found : status;
}

static void finish(const job *j) {
    double seconds = (double)(rg_clock_real_ns() - j->started_ns) * 1e-9;
    if (j->rows) {
        json_t *document = json_pack(
            "{s:I, s:b, s:i, s:i, s:i, s:o, s:O}", "seed", (json_int_t)j->seed, "ok", j->wrong == 0,
            "proven", (int)j->proven, "wrong", (int)j->wrong, "not_here",
            (int)(j->away + j->hidden), "levels", rg_levels_json(j->mask), "rows", j->rows);
        char *text = rg_json_text(document, 2);
        printf("%s\n", text ? text : "{}");
        free(text);
        json_decref(document);
        return;
    }
    char levels[256];
    rg_levels_text(j->mask, levels, sizeof levels);
    char hidden[32] = "";
    if (j->hidden)
        snprintf(hidden, sizeof hidden, ", %u not asked for", j->hidden);
    rg_columns_printf("%u proven, %u wrong, %u not here%s; %s; seed %llu; %.1f s", j->proven,
                      j->wrong, j->away, hidden, levels, (unsigned long long)j->seed, seconds);
}

static int run(const rg_globals *globals, int argc, char **argv);

const rg_verb rg_verb_verify = {
    .name = "verify",
    .summary = "hold every kernel against the scalar reference",
    .usage = "railgauge verify [OP or KIND ...] [--isa LEVELS] [--kernel NAME] [--seed N] "
             "[--cases N]",
    .help =
        "Each kernel of each level that this CPU has computes random and extreme cases between\n"
        "pages that fault, in pieces and in any order, and must give the bytes of the scalar\n"
        "reference. The reference itself is proven the same way. `idle`: no case suited.\n\n"
        "Case i of an operator is drawn from seed + i, so that `--seed S --cases 1` makes one\n"
        "case again; `--case NAME` takes one bench case. RAILGAUGE_ISA hides levels as --isa\n"
        "does. Exit code 1 when a kernel is wrong.\n",
    .run = run,
};

static rg_status prepare(job *j, rg_err *err) {
    rg_status status = check_names(j, err);
    if (status == RG_OK)
        status = check_target(j, err);
    j->mask = rg_isa_allowed();
    j->seed = j->opt->seed < 0 ? (uint64_t)rg_clock_wall_ns() / 1000000 % 1000000000
                               : (uint64_t)j->opt->seed;
    return status;
}

static int run(const rg_globals *globals, int argc, char **argv) {
    (void)globals;
    options opt;
    rg_args args;
    int code;
    rg_err err = RG_ERR_INIT;
    job j = {.opt = &opt, .args = &args, .started_ns = rg_clock_real_ns()};
    if (!rg_args_begin(&rg_verb_verify, table, &opt, 0, RG_MAX_ARGS, argc, argv, &args, &code))
        return code;
    rg_status status = prepare(&j, &err);
    if (status == RG_OK && opt.json)
        j.rows = json_array();
    if (status == RG_OK && !opt.json)
        begin_table(&j);
    if (status == RG_OK)
        status = prove_all(&j, &err);
    if (status == RG_OK)
        finish(&j);
    json_decref(j.rows);
    if (status != RG_OK)
        return rg_report_error("verify", &err);
    return j.wrong ? RG_EXIT_REGRESSED : RG_EXIT_OK;
}
