/* selftest.c: `railgauge selftest WHAT`: the program's own instruments put to the proof. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bench/cmd/args.h"
#include "bench/result/overhead.h"
#include "bench/result/proof.h"

typedef struct options {
    bool quick, json;
    int64_t seed, threads;
} options;

static const rg_field table[] = {
    {"quick", RG_FIELD_BOOL, offsetof(options, quick), "false", 0, 0, NULL, "",
     "a twentieth of the draws, with as much more room for chance"},
    {"seed", RG_FIELD_INT, offsetof(options, seed), "20261121", 0, 9e15, NULL, "",
     "where the random numbers start"},
    {"threads", RG_FIELD_INT, offsetof(options, threads), "0", 0, 64, NULL, "",
     "threads to compute with; 0: one for each CPU"},
    {"json", RG_FIELD_BOOL, offsetof(options, json), "false", 0, 0, NULL, "",
     "one JSON document on stdout instead of the table"},
    {0},
};

static int run(const rg_globals *globals, int argc, char **argv);

const rg_verb rg_verb_selftest = {
    .name = "selftest",
    .summary = "the gate's own false-alarm rate and power; what the harness itself costs",
    .usage = "railgauge selftest gate [--quick] [--seed N] [--json]\n"
             "       railgauge selftest overhead [--json]",
    .help = "gate: plays comparisons on nine profiles of made-up noise through the code that\n"
            "`railgauge gate` judges with, and holds the outcome against fixed limits: false\n"
            "alarms, changes seen, rounds needed, intervals that hold the truth. Less than five\n"
            "minutes on two cores; --quick about twenty seconds.\n"
            "overhead: what a timed iteration, a meter at 1 kHz and a worker process cost here.\n"
            "A cost breaks its limit where its whole interval (96 %) lies beyond it.\n"
            "exit codes: 0 every limit is met; 1 one is not.\n",
    .run = run,
};

static void tell(void *user, double share) {
    int *last = user, percent = (int)(100 * share);
    if (percent == *last)
        return;
    *last = percent;
    fprintf(stderr, "\r%3d %%%s", percent, percent == 100 ? "\r     \r" : "");
}

/* Takes the document; without one the text is printed. Both are freed. */
static rg_status print(json_t *document, rg_text text, rg_err *err) {
    rg_status status = RG_OK;
    if (document)
        status = rg_print_json(document, err);
    else if (text.failed)
        status = rg_fail(err, RG_NO_MEMORY, NULL, "out of memory for the table");
    else
        fwrite(text.data, 1, text.bytes, stdout);
    json_decref(document);
    rg_text_free(&text);
    return status;
}

static int test_gate(const rg_globals *globals, const options *opt) {
    (void)globals;
    int last = -1;
    rg_err err = RG_ERR_INIT;
    rg_proof proof;
    rg_proof_spec spec = {.seed = (uint64_t)opt->seed,
                          .quick = opt->quick,
                          .threads = (unsigned)opt->threads,
                          .news = isatty(STDERR_FILENO) ? tell : NULL,
                          .user = &last};
    rg_status status = rg_proof_run(&spec, &proof, &err);
    rg_text text = {0};
    if (status == RG_OK && !opt->json)
        rg_proof_to_text(&proof, &text);
    if (status == RG_OK)
        status = print(opt->json ? rg_proof_to_json(&proof) : NULL, text, &err);
    if (status != RG_OK)
        return rg_report_error("selftest", &err);
    return proof.broken ? RG_EXIT_REGRESSED : RG_EXIT_OK;
}

static int test_overhead(const rg_globals *globals, const options *opt) {
    rg_err err = RG_ERR_INIT;
    rg_overhead overhead;
    rg_overhead_row rows[RG_OVERHEAD_ROWS];
    rg_text text = {0};
    rg_status status = rg_overhead_measure(globals->program, &overhead, &err);
    if (status == RG_OK && !opt->json)
        rg_overhead_to_text(&overhead, &text);
    if (status == RG_OK)
        status = print(opt->json ? rg_overhead_to_json(&overhead) : NULL, text, &err);
    if (status != RG_OK)
        return rg_report_error("selftest", &err);
    bool good = rg_overhead_judge(&overhead, rows) == 0 && overhead.clock_monotonic;
    return good ? RG_EXIT_OK : RG_EXIT_REGRESSED;
}

/* Each instrument that can be tested. */
static const struct {
    const char *name;
    int (*test)(const rg_globals *globals, const options *opt);
} tests[] = {{"gate", test_gate}, {"overhead", test_overhead}};

static int run(const rg_globals *globals, int argc, char **argv) {
    options opt;
    rg_args args;
    int code = RG_EXIT_OK;
    rg_err err = RG_ERR_INIT;
    if (!rg_args_begin(&rg_verb_selftest, table, &opt, 0, 1, argc, argv, &args, &code))
        return code;
    for (size_t i = 0; args.n_words && i < sizeof tests / sizeof tests[0]; i++) {
        if (!strcmp(args.words[0], tests[i].name))
            return tests[i].test(globals, &opt);
    }
    rg_fail(&err, RG_USAGE, "railgauge selftest gate, railgauge selftest overhead", "%s%s%s",
            args.n_words ? "there is no self-test '" : "nothing to test is named",
            args.n_words ? args.words[0] : "", args.n_words ? "'" : "");
    return rg_report_error("selftest", &err);
}
