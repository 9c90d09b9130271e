/* report.c: `railgauge report`: one or more bundles as text, Markdown, CSV, JSON or HTML. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "bench/cmd/args.h"
#include "bench/core/fs.h"
#include "bench/result/report.h"

typedef struct options {
    const char *format, *template_name, *output, *keep_charts;
    int64_t width;
    int color;
} options;

static const char *const when[] = {"auto", "always", "never", NULL};

static const rg_field table[] = {
    {"format", RG_FIELD_TEXT, offsetof(options, format), "", 0, 0, NULL, "",
     "text, markdown, csv, json, html, gbench and others (railgauge list reports); else "
     "by the name given with -o, else text"},
    {"template", RG_FIELD_TEXT, offsetof(options, template_name), "summary", 0, 0, NULL, "",
     "what the report holds; see railgauge list reports"},
    {"output", RG_FIELD_TEXT, offsetof(options, output), "", 0, 0, NULL, "",
     "file to write (also -o FILE); else stdout"},
    {"width", RG_FIELD_INT, offsetof(options, width), "0", 0, 1000, NULL, "columns",
     "of text; 0: as wide as the terminal, else 100"},
    {"color", RG_FIELD_CHOICE, offsetof(options, color), "auto", 0, 0, when, "",
     "auto: on a terminal unless NO_COLOR is set"},
    {"keep_charts", RG_FIELD_TEXT, offsetof(options, keep_charts), "", 0, 0, NULL, "",
     "folder where the charts' data and gnuplot scripts stay"},
    {0},
};

/* The locale's character set, from the variables in the order of the C library. */
static bool speaks_utf8(void) {
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *value = getenv(names[i]);
        if (value && *value)
            return strcasestr(value, "utf-8") || strcasestr(value, "utf8");
    }
    return false;
}

static bool set(const char *name) {
    const char *value = getenv(name);
    return value && *value;
}

static uint32_t columns(const options *opt, bool to_terminal) {
    return opt->width ? (uint32_t)opt->width
                      : rg_terminal_columns(to_terminal ? STDOUT_FILENO : -1, 100);
}

static const char *or_null(const char *text) {
    return text && *text ? text : NULL;
}

static rg_report_options how(const options *opt) {
    bool terminal = !*opt->output && isatty(STDOUT_FILENO);
    const char *term = getenv("TERM");
    bool plain = set("NO_COLOR") || (term && !strcmp(term, "dumb"));
    return (rg_report_options){
        .template_name = opt->template_name,
        .format = or_null(opt->format),
        .output = or_null(opt->output),
        .width = columns(opt, terminal),
        .utf8 = speaks_utf8(),
        .color = opt->color == 1 || (opt->color == 0 && terminal && !plain),
        .keep_charts = or_null(opt->keep_charts),
    };
}

static rg_status deliver(const options *opt, const rg_text *report, rg_err *err) {
    if (*opt->output)
        return rg_fs_write_atomic(opt->output, report->data, report->bytes, err);
    if (fwrite(report->data, 1, report->bytes, stdout) != report->bytes || fflush(stdout) != 0)
        return rg_fail(err, RG_IO, "check where stdout leads", "cannot write the report");
    return RG_OK;
}

static void say(const rg_text *words) {
    for (char *line = words->data, *end; line && *line; line = end) {
        end = line + strcspn(line, "\n");
        fprintf(stderr, "railgauge report: %.*s\n", (int)(end - line), line);
        end += *end == '\n';
    }
}

static int run(const rg_globals *globals, int argc, char **argv);

const rg_verb rg_verb_report = {
    .name = "report",
    .summary = "bundles as text, Markdown, CSV, JSON or one HTML page",
    .usage = "railgauge report BUNDLE [more] [--format F] [-o FILE]",
    .help = "Unfinished and damaged bundles are reported with what they hold, under a banner.\n"
            "Several bundles stand side by side by cell; `railgauge gate` judges them.\n"
            "Charts of the HTML page are drawn by gnuplot; without it the report comes all the "
            "same.",
    .run = run,
};

static int run(const rg_globals *globals, int argc, char **argv) {
    (void)globals;
    options opt;
    rg_args args;
    int code;
    rg_err err = RG_ERR_INIT;
    if (!rg_args_begin(&rg_verb_report, table, &opt, 1, RG_REPORT_MAX_BUNDLES, argc, argv, &args,
                       &code))
        return code;
    rg_report_options chosen = how(&opt);
    rg_text report = {0}, words = {0};
    rg_status status = rg_report_render(args.words, args.n_words, &chosen, &report, &words, &err);
    say(&words);
    if (status == RG_OK)
        status = deliver(&opt, &report, &err);
    rg_text_free(&report);
    rg_text_free(&words);
    return status == RG_OK ? RG_EXIT_OK : rg_report_error("report", &err);
}
