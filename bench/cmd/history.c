/* history.c: `railgauge history`: how a cell's metric went over the runs of a store, and where its
 * level changed. Without a cell: which cells there are. */
#include "bench/cmd/history.h"

#include <stdio.h>
#include <unistd.h>

#include "bench/cmd/args.h"
#include "bench/cmd/stores.h"
#include "bench/core/json.h"

typedef struct options {
    const char *store, *metric, *control, *chart, *who;
    int64_t last, width;
    bool json, csv, keep;
} options;

#define ROW(key, type, preset, max, help)                                                          \
    { #key, type, offsetof(options, key), preset, 0, max, NULL, "", help }
static const rg_field table[] = {
    RG_STORE_ROW(options, store),
    ROW(metric, RG_FIELD_TEXT, "latency_p95_ns", 0, "what to follow; see `railgauge list fields`"),
    ROW(control, RG_FIELD_TEXT, "", 0,
        "a cell of the same runs whose workload never changes: what moves both is taken out"),
    ROW(last, RG_FIELD_INT, "500", 1e9, "only the newest runs; 0: all"),
    ROW(chart, RG_FIELD_TEXT, "", 0, "draws a picture by gnuplot: FILE.svg or FILE.png"),
    ROW(keep, RG_FIELD_BOOL, "false", 0,
        "notes new changes in the store, so that they are new once"),
    ROW(who, RG_FIELD_TEXT, "", 0, "for --keep; not given: user@host"),
    ROW(json, RG_FIELD_BOOL, "false", 0, "one JSON document on stdout"),
    ROW(csv, RG_FIELD_BOOL, "false", 0, "CSV on stdout, one row a run"),
    ROW(width, RG_FIELD_INT, "0", 1000, "columns of the text; 0: as the terminal has"),
    {0},
};
#undef ROW

static rg_status list_cells(const options *opt, rg_store *store, rg_err *err) {
    rg_arena *arena = rg_arena_new(0);
    rg_store_cell *cells = NULL;
    size_t n = 0;
    rg_status status = arena ? rg_store_cells(store, arena, &cells, &n, err)
                             : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    json_t *list = opt->json ? json_array() : NULL;
    char word[RG_STORE_WORD];
    for (size_t i = 0; status == RG_OK && i < n; i++) {
        if (opt->json)
            json_array_append_new(list, json_pack("{s:s, s:o, s:s, s:s}", "cell", cells[i].key,
                                                  "name", rg_json_clean(cells[i].name), "workload",
                                                  cells[i].workload, "target", cells[i].target));
        else
            printf("%.12s  %s\n", cells[i].key, rg_store_clean(cells[i].name, word));
    }
    if (status == RG_OK && opt->json)
        status = rg_print_json(list, err);
    json_decref(list);
    rg_arena_free(arena);
    return status;
}

static rg_status print_text(const options *opt, const rg_history *history, rg_err *err) {
    rg_text text = {0};
    if (opt->csv)
        rg_history_to_csv(history, &text);
    else
        rg_history_to_text(history,
                           opt->width ? (size_t)opt->width : rg_terminal_columns(STDOUT_FILENO, 80),
                           &text);
    rg_status status =
        text.failed ? rg_fail(err, RG_NO_MEMORY, NULL, "out of memory for the answer") : RG_OK;
    if (status == RG_OK)
        fwrite(text.data, 1, text.bytes, stdout);
    rg_text_free(&text);
    return status;
}

static rg_status print(const options *opt, const rg_history *history, rg_err *err) {
    if (!opt->json)
        return print_text(opt, history, err);
    json_t *all = rg_history_to_json(history);
    rg_status status = rg_print_json(all, err);
    json_decref(all);
    return status;
}

static rg_status show(const options *opt, const char *cell, rg_store *store, rg_err *err) {
    const rg_history_ask ask = {cell, opt->metric, opt->control, (size_t)opt->last};
    rg_history *history = NULL;
    rg_status status = rg_history_read(store, &ask, &history, err);
    if (status == RG_OK && opt->keep)
        status = rg_history_keep(store, history, *opt->who ? opt->who : rg_store_who(), err);
    if (status == RG_OK && *opt->chart)
        status = rg_history_chart(history, opt->chart, err);
    if (status == RG_OK)
        status = print(opt, history, err);
    rg_history_free(history);
    return status;
}

static int run(const rg_globals *globals, int argc, char **argv);

const rg_verb rg_verb_history = {
    .name = "history",
    .summary = "a cell's metric over the runs of a store, with changes of its level",
    .usage = "railgauge history [CELL] --store FILE [--metric M] [--json|--csv] [--chart FILE.svg]",
    .help =
        "CELL: a cell's name, or 6 digits or more of its key; without it the cells are listed.\n"
        "Changes are found by rank sums over all splits, with limits from permutations and\n"
        "allowance for autocorrelation: an advice, never a verdict (docs/store.md).\n",
    .run = run,
};

static int run(const rg_globals *globals, int argc, char **argv) {
    options opt;
    rg_args args;
    rg_err err = RG_ERR_INIT;
    rg_store *store = NULL;
    int code;
    (void)globals;
    if (!rg_args_begin(&rg_verb_history, table, &opt, 0, 1, argc, argv, &args, &code))
        return code;
    rg_status status =
        rg_store_open_named(opt.store, opt.keep ? RG_STORE_WRITE : RG_STORE_READ, &store, &err);
    if (status == RG_OK)
        status =
            args.n_words ? show(&opt, args.words[0], store, &err) : list_cells(&opt, store, &err);
    rg_store_close(store);
    return status == RG_OK ? RG_EXIT_OK : rg_report_error("history", &err);
}
