/* bench.c: `railgauge bench`: bench cases of operators timed, each kernel proven on the very case
 * first (verify.h), interleaved with the others (kerneltime.h) and set beside what the machine can
 * do at most (ceilings.h). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/cmd/args.h"
#include "bench/cmd/bench_rows.h"
#include "bench/cmd/kernel_words.h"
#include "bench/core/json.h"
#include "bench/iface/registry.h"
#include "bench/run/cores.h"
#include "bench/run/verify.h"

enum { MOST_LANES = 64, MOST_COUNTS = 8 };

typedef struct options {
    const char *isa, *kernel, *threads;
    int64_t rounds, min_time_ns, seed;
    bool json, wide, peak, chosen;
} options;

#define ROW(key, member, type, preset, min, max, unit, help)                                       \
    { key, type, offsetof(options, member), preset, min, max, NULL, unit, help }
static const rg_field table[] = {
    ROW("peak", peak, RG_FIELD_BOOL, "false", 0, 0, "", "only what this machine can do at most"),
    ROW("isa", isa, RG_FIELD_TEXT, "", 0, 0, "", "levels that may be used, such as avx2 or scalar"),
    ROW("kernel", kernel, RG_FIELD_TEXT, "", 0, 0, "", "only this kernel, beside the reference"),
    ROW("chosen", chosen, RG_FIELD_BOOL, "false", 0, 0, "",
        "of each case only the kernel that would be used"),
    ROW("threads", threads, RG_FIELD_TEXT, "1", 0, 0, "", "thread counts, such as 1,2"),
    ROW("rounds", rounds, RG_FIELD_INT, "15", 1, 1000, "", "clean bursts of each kernel"),
    ROW("min_time", min_time_ns, RG_FIELD_DURATION, "2ms", 0, 0, "", "length of a burst"),
    ROW("seed", seed, RG_FIELD_INT, "1", 0, 9e15, "", "of inputs and weights"),
    ROW("wide", wide, RG_FIELD_BOOL, "false", 0, 0, "", "packing, scratch and bursts as columns"),
    ROW("json", json, RG_FIELD_BOOL, "false", 0, 0, "", "one JSON document on stdout"),
    {0},
};
#undef ROW

typedef struct job {
    const options *opt;
    const rg_args *args;
    uint64_t mask;
    uint32_t counts[MOST_COUNTS];
    size_t n_counts;
    rg_ceilings *ceilings;
    json_t *rows;
    uint32_t cases, wrong, disturbed;
    bool waits_known;
} job;

/* --- which cases ------------------------------------------------------------------------------ */

static bool names_case(const rg_args *args, const char *name) {
    for (size_t i = 0; i < args->n_words; i++) {
        if (!strcmp(args->words[i], name))
            return true;
    }
    return args->n_words == 0;
}

static bool case_exists(const char *name) {
    for (size_t i = 0; rg_ops[i]; i++) {
        const rg_case_set *set = rg_case_set_for(rg_ops[i]);
        rg_case c = {0};
        for (size_t k = 0; set && set->bench && set->bench(rg_ops[i], k, &c); k++) {
            if (!strcmp(c.name, name))
                return true;
            c = (rg_case){0};
        }
    }
    return false;
}

static rg_status check_words(const job *j, rg_err *err) {
    for (size_t i = 0; i < j->args->n_words; i++) {
        if (!case_exists(j->args->words[i]) && rg_op_word_check(j->args->words[i], err) != RG_OK)
            return err->status;
    }
    return *j->opt->kernel ? rg_kernel_word_check(j->opt->kernel, err) : RG_OK;
}

/* --- lanes ------------------------------------------------------------------------------------ */

static bool kernel_wanted(const job *j, const rg_kernel *kernel, const rg_made_case *made) {
    if (strcmp(kernel->op, made->op->name) != 0 ||
        !rg_isa_runs(rg_isa_find(kernel->isa), j->mask) ||
        (kernel->suits && !kernel->suits(made->call)))
        return false;
    if (*j->opt->kernel)
        return !strcmp(j->opt->kernel, kernel->name);
    return !j->opt->chosen || kernel == rg_kernel_for(made->call, j->mask);
}

static size_t pick_kernels(const job *j, const rg_made_case *made, const rg_kernel **ret) {
    size_t n = 0;
    for (size_t i = 0; rg_kernels[i] && n < (MOST_LANES - 1) / j->n_counts; i++) {
        if (kernel_wanted(j, rg_kernels[i], made))
            ret[n++] = rg_kernels[i];
    }
    return n;
}

/* The reference on one thread, then every kernel on every thread count. */
static size_t lay_lanes(const job *j, const rg_kernel *const *kernels, size_t n,
                        rg_kernel_lane *lanes) {
    size_t made = 0;
    lanes[made++] = (rg_kernel_lane){.threads = 1};
    for (size_t k = 0; k < n; k++) {
        for (size_t t = 0; t < j->n_counts; t++)
            lanes[made++] = (rg_kernel_lane){.kernel = kernels[k], .threads = j->counts[t]};
    }
    return made;
}

/* A kernel that is not exact on this case is not timed. */
static rg_status prove(const job *j, const rg_made_case *made, const rg_kernel *const *kernels,
                       size_t n, rg_kernel_lane *lanes, size_t n_lanes, rg_err *err) {
    rg_verify_spec spec = {.op = made->op,
                           .set = rg_case_set_for(made->op),
                           .kernels = kernels,
                           .n_kernels = n,
                           .seed = (uint64_t)j->opt->seed,
                           .named = made->from.name};
    rg_verify *proof;
    rg_status status = n ? rg_verify_run(&spec, &proof, err) : RG_OK;
    if (status != RG_OK || !n)
        return status;
    for (size_t r = 0; r < proof->n_rows; r++) {
        const rg_verify_fault *fault = &proof->rows[r].fault;
        if (fault->status != RG_OK)
            fprintf(stderr, "%s on %s: %s: %s\n", kernels[r]->name, made->from.name,
                    rg_status_word(fault->status), fault->what);
        for (size_t i = 0; i < n_lanes; i++) {
            if (lanes[i].kernel == kernels[r] && fault->status != RG_OK) {
                lanes[i].status = fault->status;
                snprintf(lanes[i].what, sizeof lanes[i].what, "%s", fault->what);
            }
        }
    }
    free(proof);
    return RG_OK;
}

/* Lanes that passed come first; the others keep their place behind them. */
static size_t sound_first(rg_kernel_lane *lanes, size_t n) {
    size_t sound = 0;
    for (size_t i = 0; i < n; i++) {
        if (lanes[i].status != RG_OK)
            continue;
        rg_kernel_lane keep = lanes[i];
        memmove(&lanes[sound + 1], &lanes[sound], (i - sound) * sizeof *lanes);
        lanes[sound++] = keep;
    }
    return sound;
}

/* --- one case --------------------------------------------------------------------------------- */

static void tell(job *j, const rg_made_case *made, const rg_kernel_lane *lanes, size_t n) {
    const rg_kernel *chosen = rg_kernel_for(made->call, j->mask);
    for (size_t i = 0; i < n; i++) {
        rg_bench_row row = {made, &lanes[i], lanes[i].kernel == chosen, lanes[0].median_ns,
                            j->ceilings};
        j->wrong += lanes[i].status != RG_OK;
        j->disturbed += lanes[i].tried - lanes[i].clean;
        j->waits_known |= lanes[i].waits_known;
        if (j->rows)
            json_array_append_new(j->rows, rg_bench_json(&row));
        else
            rg_bench_print_row(&row, j->opt->wide);
    }
    fflush(stdout);
}

static rg_status bench_made(job *j, const rg_made_case *made, rg_err *err) {
    const rg_kernel *kernels[MOST_LANES];
    rg_kernel_lane lanes[MOST_LANES] = {{0}};
    rg_truth truth = {0};
    rg_kernel_timing timing = {made, &truth, (uint32_t)j->opt->rounds, j->opt->min_time_ns};
    size_t n_kernels = pick_kernels(j, made, kernels);
    if (!n_kernels && *j->opt->kernel)
        return RG_OK;
    size_t n = lay_lanes(j, kernels, n_kernels, lanes);
    rg_status status = prove(j, made, kernels, n_kernels, lanes, n, err);
    if (status == RG_OK)
        status = rg_truth_make(made, RG_FILL_RANDOM, (uint64_t)j->opt->seed, &truth, err);
    if (status == RG_OK)
        status = rg_kernels_time(&timing, lanes, sound_first(lanes, n), err);
    if (status == RG_OK) {
        tell(j, made, lanes, n);
        j->cases++;
    }
    rg_truth_free(&truth);
    return status;
}

static rg_status bench_op(job *j, const rg_op *op, rg_err *err) {
    const rg_case_set *set = rg_case_set_for(op);
    rg_status status = RG_OK;
    bool whole = rg_op_asked_for(op, j->args);
    for (size_t i = 0; status == RG_OK; i++) {
        rg_case c = {0};
        rg_made_case *made;
        if (!set || !set->bench || !set->bench(op, i, &c))
            break;
        if (!whole && !names_case(j->args, c.name))
            continue;
        status = rg_made_case_new(op, &c, (uint64_t)j->opt->seed, true, &made, err);
        if (status != RG_OK)
            break;
        status = bench_made(j, made, err);
        rg_made_case_free(made);
    }
    return status;
}

/* --- the machine ------------------------------------------------------------------------------ */

static rg_status measure_ceilings(job *j, rg_err *err) {
    rg_ceilings_ask ask = {.mask = j->mask, .threads = j->counts, .n_threads = j->n_counts};
    if (!j->opt->peak) {
        ask.repeats = 9;
        ask.brief = true;
    }
    return rg_ceilings_measure(&ask, &j->ceilings, err);
}

static rg_status read_counts(job *j, rg_err *err) {
    const char *text = j->opt->threads;
    while (*text) {
        char *end;
        unsigned long n = strtoul(text, &end, 10);
        if (end == text || n < 1 || n > 256 || (*end && *end != ',') || j->n_counts == MOST_COUNTS)
            return rg_fail(err, RG_USAGE, "such as 1,2: at most eight counts up to 256",
                           "'%s' is no list of thread counts", j->opt->threads);
        j->counts[j->n_counts++] = (uint32_t)n;
        text = *end ? end + 1 : end;
    }
    return j->n_counts ? RG_OK : rg_fail(err, RG_USAGE, NULL, "no thread counts given");
}

/* `--peak` shows one thread and all where nothing else was asked for. */
static void peak_counts(job *j) {
    bool asked = false;
    for (size_t i = 0; i < j->args->n_given; i++)
        asked |= !strcmp(j->args->given[i].key, "threads");
    uint32_t all = rg_cpus_here()->n;
    if (j->opt->peak && !asked && all > 1)
        j->counts[j->n_counts++] = all;
}

static void print_document(const job *j) {
    json_t *document =
        json_pack("{s:o, s:o, s:i}", "levels", rg_levels_json(j->mask), "ceilings",
                  rg_ceilings_json(j->ceilings), "discarded_bursts", (int)j->disturbed);
    if (j->rows)
        json_object_set(document, "rows", j->rows);
    char *text = rg_json_text(document, 2);
    printf("%s\n", text ? text : "{}");
    free(text);
    json_decref(document);
}

static void print_summary(const job *j) {
    char levels[256];
    rg_levels_text(j->mask, levels, sizeof levels);
    printf("%u cases; * is what would be used; %s\n", j->cases, levels);
    if (!j->waits_known)
        fprintf(stderr, "the system does not tell how long threads wait for a core: every burst "
                        "was counted\n");
    else if (j->disturbed)
        fprintf(stderr,
                "%u bursts were discarded because a thread waited for a core; rows with ! "
                "had no other\n",
                j->disturbed);
}

static rg_status bench_all(job *j, rg_err *err) {
    rg_status status = RG_OK;
    if (!j->opt->json)
        rg_bench_print_head(j->opt->wide);
    for (size_t i = 0; status == RG_OK && rg_ops[i]; i++)
        status = bench_op(j, rg_ops[i], err);
    if (status == RG_OK && j->opt->json)
        print_document(j);
    else if (status == RG_OK)
        print_summary(j);
    return status;
}

static rg_status prepare(job *j, rg_err *err) {
    uint64_t mask = UINT64_MAX;
    rg_status status = check_words(j, err);
    if (status == RG_OK && *j->opt->isa)
        status = rg_isa_parse(j->opt->isa, &mask, err);
    j->mask = rg_isa_allowed() & mask;
    if (status == RG_OK)
        status = read_counts(j, err);
    if (status == RG_OK)
        peak_counts(j);
    return status;
}

static int run(const rg_globals *globals, int argc, char **argv);

const rg_verb rg_verb_bench = {
    .name = "bench",
    .summary = "time kernels, each proven first, beside this machine's measured peaks",
    .usage = "railgauge bench [OP, KIND or CASE ...] [--isa LEVELS] [--kernel NAME] "
             "[--threads 1,2] | --peak",
    .help =
        "Times are of one call; packing of weights is not part of them. `rate`: operations (2 a\n"
        "multiply-accumulate), or for operators without any the bytes of all tensors once.\n"
        "`peak%`: of the measured peak of the kernel's level. `bound`: the roofline, compute or\n"
        "the level of memory that the tensors fit into; `of it%`: bound over median.\n\n"
        "Kernels of one case take turns. Bursts in which a thread waited for a core, by the\n"
        "scheduler's account, are not counted. Exit code 1 when a kernel is wrong.\n",
    .run = run,
};

static int run(const rg_globals *globals, int argc, char **argv) {
    (void)globals;
    options opt;
    rg_args args;
    rg_err err = RG_ERR_INIT;
    job j = {.opt = &opt, .args = &args};
    if (rg_args_parse(table, &opt, 0, RG_MAX_ARGS, argc, argv, &args, &err) != RG_OK)
        return rg_report_error("bench", &err);
    if (args.help) {
        rg_args_help(&rg_verb_bench, table);
        return RG_EXIT_OK;
    }
    rg_status status = prepare(&j, &err);
    if (status == RG_OK)
        status = measure_ceilings(&j, &err);
    if (status == RG_OK && opt.json && !opt.peak)
        j.rows = json_array();
    if (status == RG_OK && opt.peak && opt.json)
        print_document(&j);
    else if (status == RG_OK && opt.peak)
        rg_bench_print_ceilings(j.ceilings);
    else if (status == RG_OK)
        status = bench_all(&j, &err);
    json_decref(j.rows);
    free(j.ceilings);
    if (status != RG_OK)
        return rg_report_error("bench", &err);
    return j.wrong ? RG_EXIT_REGRESSED : RG_EXIT_OK;
}
