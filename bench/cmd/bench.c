/* bench.c: `railgauge bench`: its options, the machine's peaks, and what is said at the end. The
 * cases are chosen by bench_words.c and timed by bench_case.c. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/cmd/args.h"
#include "bench/cmd/bench_job.h"
#include "bench/cmd/kernel_words.h"
#include "bench/core/json.h"
#include "bench/core/text.h"
#include "bench/iface/registry.h"
#include "bench/run/cores.h"
#include "bench/run/verify.h"

#define ROW(key, member, type, preset, min, max, unit, help)                                       \
    { key, type, offsetof(rg_bench_options, member), preset, min, max, NULL, unit, help }
static const rg_field table[] = {
    ROW("peak", peak, RG_FIELD_BOOL, "false", 0, 0, "", "only what this machine can do at most"),
    ROW("suite", suite, RG_FIELD_BOOL, "false", 0, 0, "",
        "layers of real networks (list ops --suite); words may be networks or layers"),
    ROW("precision", precision, RG_FIELD_TEXT, "int8", 0, 0, "",
        "of --suite: int8, int4 or float32"),
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

/* --- the machine ------------------------------------------------------------------------------ */

static rg_status measure_ceilings(rg_bench_job *j, rg_err *err) {
    rg_ceilings_ask ask = {.mask = j->mask, .threads = j->counts, .n_threads = j->n_counts};
    if (!j->opt->peak) {
        ask.repeats = 9;
        ask.brief = true;
    }
    return rg_ceilings_measure(&ask, &j->ceilings, err);
}

/* More threads than CPUs would time the scheduler: left out, aloud. */
static bool has_cpus_for(uint32_t threads) {
    uint32_t cpus = rg_cpus_here()->n;
    if (!cpus || threads <= cpus)
        return true;
    fprintf(stderr, "railgauge bench: %u threads are left out: this process may use %u CPU%s\n",
            threads, cpus, cpus == 1 ? "" : "s");
    return false;
}

static rg_status read_counts(rg_bench_job *j, rg_err *err) {
    const char *text = j->opt->threads;
    size_t read = 0;
    while (*text) {
        char *end;
        unsigned long n = strtoul(text, &end, 10);
        if (end == text || n < 1 || n > 256 || (*end && *end != ',') || read++ == RG_BENCH_COUNTS)
            return rg_fail(err, RG_USAGE, "such as 1,2: at most eight counts up to 256",
                           "'%s' is no list of thread counts", j->opt->threads);
        if (has_cpus_for((uint32_t)n))
            j->counts[j->n_counts++] = (uint32_t)n;
        text = *end ? end + 1 : end;
    }
    return j->n_counts ? RG_OK
                       : rg_fail(err, RG_USAGE, "such as --threads 1,2",
                                 "'%s' leaves no thread count to time", j->opt->threads);
}

/* `--peak` shows one thread and all where nothing else was asked for. */
static void peak_counts(rg_bench_job *j) {
    bool asked = false;
    for (size_t i = 0; i < j->args->n_given; i++)
        asked |= !strcmp(j->args->given[i].key, "threads");
    uint32_t all = rg_cpus_here()->n;
    if (j->opt->peak && !asked && all > 1)
        j->counts[j->n_counts++] = all;
}

static void print_document(const rg_bench_job *j) {
    json_t *document = json_pack("{s:o, s:o, s:I, s:i}", "levels", rg_levels_json(j->mask),
                                 "ceilings", rg_ceilings_json(j->ceilings), "seed",
                                 (json_int_t)j->opt->seed, "discarded_bursts", (int)j->disturbed);
    if (j->rows)
        json_object_set(document, "rows", j->rows);
    char *text = rg_json_text(document, 2);
    printf("%s\n", text ? text : "{}");
    free(text);
    json_decref(document);
}

static void print_summary(const rg_bench_job *j) {
    char levels[256];
    rg_levels_text(j->mask, levels, sizeof levels);
    rg_columns_printf("%u cases; * is what would be used; %s", j->cases, levels);
    if (!j->waits_known)
        fprintf(stderr, "the system does not tell how long threads wait for a core: every burst "
                        "was counted\n");
    else if (j->disturbed)
        fprintf(stderr,
                "%u bursts were discarded because a thread waited for a core; rows with ! "
                "had no other\n",
                j->disturbed);
}

/* Figures that other programs disturbed at every repeat are told of: they are lower bounds. */
static void print_peaks(const rg_bench_job *j) {
    char levels[256];
    size_t disturbed = 0;
    rg_bench_print_ceilings(j->ceilings);
    rg_levels_text(j->mask, levels, sizeof levels);
    rg_columns_printf("%zu peaks; %s", j->ceilings->n, levels);
    for (size_t i = 0; i < j->ceilings->n; i++)
        disturbed += !j->ceilings->item[i].clean;
    if (disturbed)
        fprintf(
            stderr,
            "%zu of them were disturbed at every repeat (`clean` 0): threads waited for a core, "
            "so they may be too low\n",
            disturbed);
}

/* Words and kernels that exist but do not meet. */
static rg_status nothing_timed(const rg_bench_job *j, rg_err *err) {
    if (*j->opt->kernel)
        return rg_fail(err, RG_USAGE, "see `railgauge list cases` for which kernel takes what",
                       "%s takes none of these cases under this mask", j->opt->kernel);
    return rg_fail(err, RG_USAGE, "see `railgauge list cases`",
                   "there are no bench cases of what was asked for");
}

static rg_status bench_all(rg_bench_job *j, rg_err *err) {
    rg_status status = RG_OK;
    for (size_t i = 0; status == RG_OK && rg_ops[i]; i++)
        status = rg_bench_op(j, rg_ops[i], err);
    if (status == RG_OK && !j->cases)
        status = nothing_timed(j, err);
    if (status == RG_OK && j->opt->json)
        print_document(j);
    else if (status == RG_OK)
        print_summary(j);
    return status;
}

static rg_status prepare(rg_bench_job *j, rg_err *err) {
    rg_status status = rg_bench_check_words(j, err);
    j->mask = rg_isa_allowed();
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
             "[--threads 1,2] | --suite [NETWORK or LAYER ...] | --peak",
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
    rg_bench_options opt;
    rg_args args;
    int code;
    rg_err err = RG_ERR_INIT;
    rg_bench_job j = {.opt = &opt, .args = &args};
    if (!rg_args_begin(&rg_verb_bench, table, &opt, 0, RG_MAX_ARGS, argc, argv, &args, &code))
        return code;
    rg_status status = prepare(&j, &err);
    if (status == RG_OK)
        status = measure_ceilings(&j, &err);
    if (status == RG_OK && opt.json && !opt.peak)
        j.rows = json_array();
    if (status == RG_OK && opt.peak && opt.json)
        print_document(&j);
    else if (status == RG_OK && opt.peak)
        print_peaks(&j);
    else if (status == RG_OK)
        status = bench_all(&j, &err);
    json_decref(j.rows);
    free(j.ceilings);
    if (status != RG_OK)
        return rg_report_error("bench", &err);
    return j.wrong ? RG_EXIT_REGRESSED : RG_EXIT_OK;
}
