/* import.c: `railgauge import FORMAT PATH`: what others measured, worked out again from their raw
 * data. One row a format. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/cmd/args.h"
#include "bench/core/fs.h"
#include "bench/core/json.h"
#include "bench/core/text.h"
#include "bench/iface/powerlog.h"
#include "bench/result/eembc.h"

typedef struct options {
    const char *output;
    bool json;
} options;

static const rg_field table[] = {
    {"output", RG_FIELD_TEXT, offsetof(options, output), "", 0, 0, NULL, "",
     "writes the readings as a power trace, also -o; see `railgauge power replay`"},
    {"json", RG_FIELD_BOOL, offsetof(options, json), "false", 0, 0, NULL, "",
     "one JSON document on stdout"},
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

typedef struct format {
    const char *name;
    rg_status (*import)(const char *path, const options *opt, rg_err *err);
} format;
static const format formats[] = {{"eembc", import_eembc}};

static rg_status import_named(const rg_args *args, const options *opt, rg_err *err) {
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        if (!strcmp(formats[i].name, args->words[0]))
            return formats[i].import(args->words[1], opt, err);
    }
    return rg_fail(err, RG_USAGE, "railgauge import eembc DIR", "no format '%s' is imported",
                   args->words[0]);
}

static int run(const rg_globals *globals, int argc, char **argv);

const rg_verb rg_verb_import = {
    .name = "import",
    .summary = "what others measured, worked out again from their raw data",
    .usage = "railgauge import eembc DIR",
    .help = "eembc: an energy session of an MLPerf Tiny submission (trace1-energy.bin,\n"
            "trace1-timestamps.json, log.txt, results.txt). A session whose edges or energies\n"
            "cannot be right ends with exit code 4 and the reason.\n",
    .run = run,
};

static int run(const rg_globals *globals, int argc, char **argv) {
    options opt;
    rg_args args;
    rg_err err = RG_ERR_INIT;
    int code;
    (void)globals;
    if (!rg_args_begin(&rg_verb_import, table, &opt, 2, 2, argc, argv, &args, &code))
        return code;
    rg_status status = import_named(&args, &opt, &err);
    if (status == RG_OK && (fflush(stdout) || ferror(stdout)))
        status = rg_fail(&err, RG_IO, NULL, "cannot write to the standard output");
    return status == RG_OK ? RG_EXIT_OK : rg_report_error("import", &err);
}
