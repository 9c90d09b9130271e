/* import.c: `railgauge import`: bundles into a store (import_bundles.c), and, by the name of their
 * format, what others measured, worked out again from their raw data. One row a format. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/cmd/args.h"
#include "bench/cmd/import_bundles.h"
#include "bench/cmd/import_foreign.h"
#include "bench/cmd/stores.h"
#include "bench/core/fs.h"
#include "bench/core/json.h"
#include "bench/core/text.h"
#include "bench/iface/powerlog.h"
#include "bench/result/eembc.h"

typedef struct options {
    const char *output, *store, *who, *out, *model;
    bool json;
} options;

static const rg_field table[] = {
    {"output", RG_FIELD_TEXT, offsetof(options, output), "", 0, 0, NULL, "",
     "writes the readings as a power trace, also -o; see `railgauge power replay`"},
    {"json", RG_FIELD_BOOL, offsetof(options, json), "false", 0, 0, NULL, "",
     "one JSON document on stdout"},
    RG_STORE_ROW(options, store),
    {"out", RG_FIELD_TEXT, offsetof(options, out), "runs", 0, 0, NULL, "",
     "folder in which the bundle of another tool's results is made"},
    {"model", RG_FIELD_TEXT, offsetof(options, model), "", 0, 0, NULL, "",
     "the workload's name, where another tool does not tell it"},
    {"who", RG_FIELD_TEXT, offsetof(options, who), "", 0, 0, NULL, "",
     "for the store's log; not given: user@host"},
    {0},
};

static void print_json(const rg_eembc *session, const char *invalid) {
    json_t *all = rg_eembc_to_json(session);
    json_object_set_new(all, "invalid", invalid ? json_string(invalid) : json_null());
    char *text = rg_json_text(all, 2);
    puts(text ? text : "{}");
    free(text);
    json_decref(all);
}

static void say_energy(double uj, char *ret, size_t cap) {
    if (isfinite(uj))
        rg_text_si(uj * 1e-6, "J", ret, cap);
    else
        snprintf(ret, cap, "n/a");
}

static void print_text(const rg_eembc *session, bool valid) {
    char a[32], b[32];
    printf("EEMBC energy session of %s, imported: %zu samples at %g Hz, %zu edges\n",
           *session->model ? session->model : "an unknown model", session->n_samples,
           session->rate_hz, session->n_edges);
    printf("%6s  %9s  %9s  %11s  %11s\n", "window", "from", "length", "energy", "published");
    for (size_t i = 0; i < session->n_windows; i++) {
        const rg_eembc_window *w = &session->windows[i];
        say_energy(w->energy_uj, a, sizeof a);
        say_energy(w->published_uj, b, sizeof b);
        printf("%6u  %7.3f s  %7.3f s  %11s  %11s\n", w->number, w->start_s, w->end_s - w->start_s,
               a, b);
    }
    say_energy(valid ? session->median_uj : NAN, a, sizeof a);
    say_energy(session->published_median_uj, b, sizeof b);
    printf("median of an inference: %s%s; published: %s\n", a, valid ? "" : " (invalid)", b);
    if (session->short_windows)
        puts("note: windows are shorter than the 10 s that the rules ask for");
}

/* Samples as readings of one counter-less rail: mean power of each sample, stamped at its middle.
 */
static rg_status write_trace(const rg_eembc *session, const char *path, rg_err *err) {
    const rg_rail rail = {.id = "eembc:monitor",
                          .label = "monitor",
                          .sensor = "imported",
                          .scope = RG_SCOPE_BOARD_IN,
                          .role = RG_ROLE_TOTAL,
                          .kind = RG_POWER_BLOCK,
                          .refresh_s = 1 / session->rate_hz,
                          .limits = {.gain = 0.02, .offset_mw = 0, .lsb_mw = 0},
                          .facts = "imported; gain as STM32 LPM01A states"};
    rg_text text = {0};
    rg_status status = rg_powerlog_add_head(&rail, 1, &text, err);
    for (size_t i = 0; status == RG_OK && i < session->n_samples; i++) {
        double middle_s = ((double)i + 0.5) / session->rate_hz;
        const rg_power_row row = {.t_ns = (int64_t)llround(middle_s * 1e9),
                                  .power_mw =
                                      (double)session->samples_uj[i] * session->rate_hz / 1e3,
                                  .energy_uj = NAN,
                                  .voltage_mv = NAN,
                                  .current_ma = NAN};
        rg_powerlog_add_row(&row, &text);
    }
    if (status == RG_OK && text.failed)
        status = rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    if (status == RG_OK)
        status = rg_fs_write_atomic(path, text.data, text.bytes, err);
    rg_text_free(&text);
    return status;
}

/* What is invalid is shown all the same, so that a reader sees why; its median is not. */
static rg_status import_eembc(const char *path, const options *opt, rg_err *err) {
    rg_eembc session;
    rg_arena *arena = rg_arena_new(0);
    if (!arena)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    rg_status status = rg_eembc_read(path, arena, &session, err), written = RG_OK;
    bool readable = status == RG_OK || status == RG_INVALID;
    if (readable && opt->json)
        print_json(&session, status == RG_OK ? NULL : err->what);
    else if (readable)
        print_text(&session, status == RG_OK);
    if (readable && *opt->output)
        written = write_trace(&session, opt->output, status == RG_OK ? err : NULL);
    rg_arena_free(arena);
    return status == RG_OK ? written : status;
}

/* The verdicts of a gate into the store. */
static rg_status import_result(const char *path, const options *opt, rg_err *err) {
    rg_store *store = NULL;
    rg_store_judged judged;
    rg_status status = rg_store_open_named(opt->store, RG_STORE_CREATE, &store, err);
    if (status == RG_OK)
        status =
            rg_store_put_result(store, path, *opt->who ? opt->who : rg_store_who(), &judged, err);
    rg_store_close(store);
    if (status == RG_OK)
        printf("%-8s  %.12s  %s\n", judged.known ? "known" : "imported", judged.result, path);
    return status;
}

typedef struct format {
    const char *name;
    rg_status (*import)(const char *path, const options *opt, rg_err *err);
} format;
static const format formats[] = {{"eembc", import_eembc}, {"result", import_result}};

static const format *format_named(const char *word) {
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        if (!strcmp(formats[i].name, word))
            return &formats[i];
    }
    return NULL;
}

/* A first word that names a format is one; a folder of that name is written ./eembc. */
static rg_status import_words(const rg_args *args, const options *opt, rg_err *err) {
    const format *known = format_named(args->words[0]);
    bool bundles = !strcmp(args->words[0], "bundle");
    const rg_foreign_format *tool = rg_foreign_find(args->words[0]);
    if (tool && args->n_words < 2)
        return rg_fail(err, RG_USAGE, tool->summary, "which files of %s are meant?", tool->name);
    if (tool)
        return rg_import_foreign(tool, args->words + 1, args->n_words - 1, opt->out, opt->model,
                                 opt->json, err);
    if (known && args->n_words != 2)
        return rg_fail(err, RG_USAGE, "see `railgauge import --help`", "one %s at a time",
                       known->name);
    if (known)
        return known->import(args->words[1], opt, err);
    if (bundles && args->n_words < 2)
        return rg_fail(err, RG_USAGE, "railgauge import runs/ --store lab.db",
                       "which bundles are meant?");
    return rg_import_bundles(args->words + bundles, args->n_words - bundles, opt->store, opt->who,
                             opt->json, err);
}

static int run(const rg_globals *globals, int argc, char **argv);

const rg_verb rg_verb_import = {
    .name = "import",
    .summary = "bundles into a store; what others measured, worked out again",
    .usage =
        "railgauge import DIR... --store FILE\n"
        "       railgauge import result RESULT.json --store FILE\n"
        "       railgauge import eembc DIR\n"
        "       railgauge import trtexec|hailortcli|benchmark_model|ort_perf|llama-bench|mlperf "
        "FILE... --out DIR",
    .help =
        "DIR: a finished bundle, or a folder of them. Each goes in whole or not at all, checked\n"
        "against its manifest; one that the store has already changes nothing. The store is\n"
        "made when it is not there (docs/store.md).\n"
        "eembc: an energy session of an MLPerf Tiny submission (trace1-energy.bin,\n"
        "trace1-timestamps.json, log.txt, results.txt). A session whose edges or energies\n"
        "cannot be right ends with exit code 4 and the reason.\n"
        "trtexec and the others: what such a tool wrote, as a bundle of its own: marked as\n"
        "imported, never ranked, with n/a for what the tool does not tell (docs/targets.md).\n",
    .run = run,
};

static int run(const rg_globals *globals, int argc, char **argv) {
    options opt;
    rg_args args;
    rg_err err = RG_ERR_INIT;
    int code;
    (void)globals;
    if (!rg_args_begin(&rg_verb_import, table, &opt, 1, RG_MAX_ARGS, argc, argv, &args, &code))
        return code;
    rg_status status = import_words(&args, &opt, &err);
    if (status == RG_OK && (fflush(stdout) || ferror(stdout)))
        status = rg_fail(&err, RG_IO, NULL, "cannot write to the standard output");
    return status == RG_OK ? RG_EXIT_OK : rg_report_error("import", &err);
}
