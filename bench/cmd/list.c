/* list.c: `railgauge list`: what is built in and what is here. */
#include <stdio.h>
#include <string.h>

#include "bench/cmd/args.h"
#include "bench/core/codes.h"
#include "bench/core/json.h"
#include "bench/iface/registry.h"
#include "bench/result/record.h"

typedef struct options {
    bool json;
} options;

static const rg_field table[] = {
    {"json", RG_FIELD_BOOL, offsetof(options, json), "false", 0, 0, NULL, "",
     "one JSON document on stdout"},
    {0},
};

static json_t *row(const char *name, const char *summary) {
    return json_pack("{s:s, s:s}", "name", name, "summary", summary);
}

static json_t *list_ops(void) {
    json_t *rows = json_array();
    for (size_t i = 0; rg_ops[i]; i++)
        json_array_append_new(rows, row(rg_ops[i]->name, rg_ops[i]->summary));
    return rows;
}

static json_t *list_fields(void) {
    static const char *const better[] = {"", "lower", "higher"};
    json_t *rows = json_array();
    for (int i = 0; i < RG_FIG_COUNT; i++) {
        const rg_figure_row *f = &rg_figure_rows[i];
        json_array_append_new(rows,
                              json_pack("{s:s, s:s, s:s, s:s}", "name", f->key, "unit", f->unit,
                                        "better", better[f->better], "summary", f->help));
    }
    return rows;
}

static json_t *list_codes(void) {
    static const char *const kinds[] = {"flag", "refusal", "n/a"};
    json_t *rows = json_array();
    for (size_t i = 0; i < rg_n_codes; i++) {
        const rg_code *c = &rg_codes[i];
        json_array_append_new(rows, json_pack("{s:s, s:s, s:s, s:s, s:s}", "name", c->id, "kind",
                                              kinds[c->kind], "summary", c->seen, "why", c->why,
                                              "try", c->advice));
    }
#define X(name, word, exit, text)                                                                  \
    json_array_append_new(                                                                         \
        rows, json_pack("{s:s, s:s, s:s}", "name", word, "kind", "status", "summary", text));
    RG_STATUS_LIST(X)
#undef X
#define X(label, number, text)                                                                     \
    json_array_append_new(rows, json_pack("{s:s, s:s, s:s}", "name", #number, "kind", "exit code", \
                                          "summary", text));
    RG_EXIT_LIST(X)
#undef X
    return rows;
}

static const struct {
    const char *name;
    json_t *(*make)(void);
} lists[] = {{"ops", list_ops}, {"fields", list_fields}, {"codes", list_codes}};

static void print_rows(const json_t *rows) {
    size_t i;
    json_t *item;
    json_array_foreach(rows, i, item) {
        const char *kind = rg_json_get_text(item, "kind", NULL);
        printf("%-26s %-10s %s\n", rg_json_get_text(item, "name", ""), kind ? kind : "",
               rg_json_get_text(item, "summary", ""));
    }
}

static int run(const rg_globals *globals, int argc, char **argv);

const rg_verb rg_verb_list = {
    .name = "list",
    .summary = "what is built in and what is here: ops, fields, codes ...",
    .usage = "railgauge list WHAT [--json]",
    .help = "",
    .run = run,
};

static int run(const rg_globals *globals, int argc, char **argv) {
    (void)globals;
    options opt;
    rg_args args;
    rg_err err = RG_ERR_INIT;
    if (rg_args_parse(table, &opt, 1, 1, argc, argv, &args, &err) != RG_OK)
        return rg_report_error("list", &err);
    if (args.help) {
        rg_args_help(&rg_verb_list, table);
        return RG_EXIT_OK;
    }
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        if (strcmp(lists[i].name, args.words[0]))
            continue;
        json_t *rows = lists[i].make();
        char *text = opt.json ? rg_json_text(rows, 2) : NULL;
        if (text)
            printf("%s\n", text);
        else
            print_rows(rows);
        free(text);
        json_decref(rows);
        return RG_EXIT_OK;
    }
    rg_fail(&err, RG_USAGE, "one of: ops fields codes", "there is no list of '%s'", args.words[0]);
    return rg_report_error("list", &err);
}
