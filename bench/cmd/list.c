/* list.c: `railgauge list`: what is built in and what is here. Each list is one row of a table that
 * makes a JSON array; the text form prints the same rows. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/cmd/args.h"
#include "bench/cmd/columns.h"
#include "bench/cmd/list_delegates.h"
#include "bench/cmd/list_devices.h"
#include "bench/cmd/list_kernels.h"
#include "bench/cmd/list_rails.h"
#include "bench/cmd/list_state.h"
#include "bench/cmd/list_suite.h"
#include "bench/core/codes.h"
#include "bench/core/data.h"
#include "bench/core/json.h"
#include "bench/core/text.h"
#include "bench/iface/registry.h"
#include "bench/result/record.h"

#define KINDS                                                                                      \
    "targets devices delegates rails state ops kernels cases models scenarios reports fields codes"

typedef struct options {
    bool json, suite;
    const char *power_pipe;
    rg_program_options programs;
} options;

static const rg_field table[] = {
    {"json", RG_FIELD_BOOL, offsetof(options, json), "false", 0, 0, NULL, "",
     "one JSON document on stdout"},
    {"suite", RG_FIELD_BOOL, offsetof(options, suite), "false", 0, 0, NULL, "",
     "of models and ops: the suite, with operations and sizes"},
    RG_POWER_PIPE_ROW(options, power_pipe),
    RG_PROGRAM_ROWS(options, programs),
    {0},
};

static void add(json_t *rows, json_t *row) {
    json_array_append_new(rows, row);
}

static rg_status list_ops(rg_root *root, json_t *rows, rg_err *err) {
    (void)root, (void)err;
    for (size_t i = 0; rg_ops[i]; i++)
        add(rows, json_pack("{s:s, s:s, s:s}", "name", rg_ops[i]->name, "kind", rg_ops[i]->kind,
                            "summary", rg_ops[i]->summary));
    return RG_OK;
}

static rg_status list_fields(rg_root *root, json_t *rows, rg_err *err) {
    static const char *const better[] = {"", "lower", "higher"};
    (void)root, (void)err;
    for (int i = 0; i < RG_FIG_COUNT; i++) {
        const rg_figure_row *f = &rg_figure_rows[i];
        add(rows, json_pack("{s:s, s:s, s:s, s:s, s:s}", "name", f->key, "kind", f->unit, "better",
                            better[f->better], "group", f->group, "summary", f->help));
    }
    return RG_OK;
}

static rg_status list_codes(rg_root *root, json_t *rows, rg_err *err) {
    static const char *const kinds[] = {"flag", "refusal", "n/a"};
    (void)root, (void)err;
    for (size_t i = 0; i < rg_n_codes; i++) {
        const rg_code *c = &rg_codes[i];
        add(rows, json_pack("{s:s, s:s, s:s, s:s, s:s}", "name", c->id, "kind", kinds[c->kind],
                            "summary", c->seen, "why", c->why, "try", c->advice));
    }
#define X(name, word, exit, text)                                                                  \
    add(rows, json_pack("{s:s, s:s, s:s}", "name", word, "kind", "status", "summary", text));
    RG_STATUS_LIST(X)
#undef X
#define X(label, number, text)                                                                     \
    add(rows, json_pack("{s:s, s:s, s:s}", "name", #number, "kind", "exit code", "summary", text));
    RG_EXIT_LIST(X)
#undef X
    return RG_OK;
}

static void add_scripts(json_t *rows, const rg_script_row *scripts, const char *kind) {
    for (; scripts->name; scripts++)
        add(rows, json_pack("{s:s, s:s, s:s}", "name", scripts->name, "kind", kind, "summary",
                            scripts->file));
}

static rg_status list_reports(rg_root *root, json_t *rows, rg_err *err) {
    (void)root, (void)err;
    add_scripts(rows, rg_report_templates, "template");
    add_scripts(rows, rg_report_formats, "format");
    return RG_OK;
}

/* The first comment line of a scenario says what question it answers. */
static void add_scenario(const char *relative, void *user) {
    rg_arena *arena = rg_arena_new(0);
    const char *text;
    size_t bytes;
    if (arena && rg_data_read(arena, relative, &text, &bytes, NULL) == RG_OK) {
        text += strspn(text, "- \t");
        char line[256];
        snprintf(line, sizeof line, "%.*s", (int)strcspn(text, "\n"), text);
        add(user,
            json_pack("{s:s, s:s, s:s}", "name", relative, "kind", "scenario", "summary", line));
    }
    rg_arena_free(arena);
}

static rg_status list_scenarios(rg_root *root, json_t *rows, rg_err *err) {
    (void)root, (void)err;
    rg_data_list("scenarios", ".lua", add_scenario, rows);
    return RG_OK;
}

/* `suite`: what --suite shows instead; NULL: nothing. */
typedef struct list {
    const char *name;
    rg_status (*make)(rg_root *, json_t *rows, rg_err *);
    rg_status (*suite)(rg_root *, json_t *rows, rg_err *);
} list;

static const list lists[] = {
    {"targets", rg_list_targets},
    {"devices", rg_list_devices},
    {"delegates", rg_list_delegates},
    {"rails", rg_list_rails},
    {"state", rg_list_state},
    {"ops", list_ops, rg_list_suite_ops},
    {"kernels", rg_list_kernels},
    {"cases", rg_list_cases},
    {"models", rg_list_models, rg_list_suite_models},
    {"scenarios", list_scenarios},
    {"reports", list_reports},
    {"fields", list_fields},
    {"codes", list_codes},
};
enum { N_LISTS = sizeof lists / sizeof lists[0] };

/* A summary behind name and kind, or on lines of its own where little room is left behind them. */
static void print_summary(const char *text, unsigned at, unsigned room) {
    enum { LITTLE = 32, INDENT = 6 };
    bool below = at + LITTLE > room && at + rg_text_columns(text) > room;
    if (below)
        printf("\n%*s", INDENT, "");
    rg_columns_wrap(text, below ? INDENT : at, room);
}

/* Reason, advice and facts under a name. */
static void print_more(const json_t *row, unsigned at, unsigned room) {
    rg_text facts = {0};
    rg_list_facts(row, &facts);
    if (facts.data && *facts.data) {
        printf("%*s", (int)at, "");
        rg_columns_wrap(facts.data, at, room);
    }
    rg_text_free(&facts);
    const char *why = rg_json_get_text(row, "why", ""), *advice = rg_json_get_text(row, "try", "");
    if (*why) {
        printf("%*s", (int)at, "");
        rg_columns_wrap(why, at, room);
    }
    if (*advice) {
        printf("%*stry: ", (int)at, "");
        rg_columns_wrap(advice, at + 5, room);
    }
}

/* Name and kind as wide as the longest, so that the columns stand; on a terminal without room for
 * both, kind and summary stand below the name. */
static void print_rows(const json_t *rows) {
    size_t i, wide[2] = {4, 4};
    unsigned room = rg_columns_room();
    json_t *row;
    json_array_foreach(rows, i, row) {
        size_t name = rg_text_columns(rg_json_get_text(row, "name", ""));
        size_t kind = rg_text_columns(rg_json_get_text(row, "kind", ""));
        wide[0] = name > wide[0] ? name : wide[0];
        wide[1] = kind > wide[1] ? kind : wide[1];
    }
    bool stacked = wide[0] + wide[1] + 2 > room;
    unsigned at = stacked ? 4 : (unsigned)wide[0] + 2;
    json_array_foreach(rows, i, row) {
        const char *name = rg_json_get_text(row, "name", "");
        printf("%s%*s%-*s  ", name, stacked ? 0 : (int)(at - rg_text_columns(name)),
               stacked ? "\n    " : "", (int)wide[1], rg_json_get_text(row, "kind", ""));
        print_summary(rg_json_get_text(row, "summary", ""), at + (unsigned)wide[1] + 2, room);
        print_more(row, at, room);
    }
}

static void print_list(const char *name, const json_t *rows, const options *opt) {
    if (opt->json) {
        char *text = rg_json_text(rows, 2);
        printf("%s\n", text ? text : "[]");
        free(text);
    } else if (json_array_size(rows) == 0) {
        fprintf(stderr, "railgauge list: no %s here\n", name);
    } else if (opt->suite) {
        rg_list_suite_print(rows);
    } else if (!strcmp(name, "rails")) {
        rg_list_rails_print(rows);
    } else {
        print_rows(rows);
    }
}

static int run(const rg_globals *globals, int argc, char **argv);

const rg_verb rg_verb_list = {
    .name = "list",
    .summary = "what is built in and what is here",
    .usage = "railgauge list WHAT [--suite] [--json]",
    .help =
        "WHAT: " KINDS "\n\n"
        "With `railgauge --root DIR list ...` a recorded machine is listed instead of this one.\n",
    .run = run,
};

static int make_list(const list *which, const rg_globals *globals, const options *opt,
                     rg_err *err) {
    rg_root *root;
    if (opt->suite && !which->suite) {
        rg_fail(err, RG_USAGE, "railgauge list models --suite", "there is no suite of %s",
                which->name);
        return rg_report_error("list", err);
    }
    if (rg_root_open(globals->root, &root, err) != RG_OK)
        return rg_report_error("list", err);
    json_t *rows = json_array();
    rg_status status = (opt->suite ? which->suite : which->make)(root, rows, err);
    rg_root_close(root);
    if (status == RG_OK)
        print_list(which->name, rows, opt);
    json_decref(rows);
    return status == RG_OK ? RG_EXIT_OK : rg_report_error("list", err);
}

static int run(const rg_globals *globals, int argc, char **argv) {
    options opt;
    rg_args args;
    int code;
    rg_err err = RG_ERR_INIT;
    if (!rg_args_begin(&rg_verb_list, table, &opt, 1, 1, argc, argv, &args, &code))
        return code;
    for (size_t i = 0; i < N_LISTS; i++) {
        if (!strcmp(lists[i].name, args.words[0]))
            return make_list(&lists[i], globals, &opt, &err);
    }
    rg_fail(&err, RG_USAGE, "one of: " KINDS, "there is no list of '%s'", args.words[0]);
    return rg_report_error("list", &err);
}
