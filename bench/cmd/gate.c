/* gate.c: `railgauge gate`: the same cells of two bundles, judged; result/gate.h holds the rule. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/cmd/args.h"
#include "bench/cmd/gate_sides.h"
#include "bench/cmd/stores.h"
#include "bench/core/fs.h"
#include "bench/core/json.h"
#include "bench/result/gate.h"
#include "bench/result/junit.h"

typedef struct options {
    const char *baseline, *candidate, *store, *output, *junit, *tolerance, *target, *metric, *exit;
    int format;
    int64_t width;
    bool all;
} options;

enum { FORMAT_TEXT, FORMAT_JSON, FORMAT_MARKDOWN, FORMAT_JUNIT };
static const char *const formats[] = {"text", "json", "markdown", "junit", NULL};

#define AT(member) offsetof(options, member)
static const rg_field table[] = {
    {"baseline", RG_FIELD_TEXT, AT(baseline), "", 0, 0, NULL, "",
     "bundle to compare with, or a baseline of the store"},
    RG_STORE_ROW(options, store),
    {"candidate", RG_FIELD_TEXT, AT(candidate), "", 0, 0, NULL, "", "bundle to judge"},
    {"format", RG_FIELD_CHOICE, AT(format), "text", 0, 0, formats, "", "form of the answer"},
    {"output", RG_FIELD_TEXT, AT(output), "", 0, 0, NULL, "", "write it to this file (-o)"},
    {"junit", RG_FIELD_TEXT, AT(junit), "", 0, 0, NULL, "", "write JUnit XML to this file as well"},
    {"tolerance", RG_FIELD_TEXT, AT(tolerance), "", 0, 0, NULL, "",
     "METRIC=1%: a change that never fails; may be repeated; METRIC can be 'all'"},
    {"target", RG_FIELD_TEXT, AT(target), "", 0, 0, NULL, "",
     "METRIC=5%: a change that must be seen; may be repeated"},
    {"metric", RG_FIELD_TEXT, AT(metric), "", 0, 0, NULL, "",
     "judge this metric only; may be repeated"},
    {"exit", RG_FIELD_TEXT, AT(exit), "", 0, 0, NULL, "",
     "CODE=CODE: another exit code in place of one; may be repeated"},
    {"width", RG_FIELD_INT, AT(width), "0", 0, 1000, NULL, "",
     "columns of the text; 0: as the terminal has"},
    {"all", RG_FIELD_BOOL, AT(all), "false", 0, 0, NULL, "", "show passing rows too"},
    {0},
};

/* Exit codes by what they become. */
typedef struct exit_map {
    int from[16], to[16];
    size_t n;
} exit_map;

static rg_status add_mapping(exit_map *map, const char *text, rg_err *err) {
    int from, to, used = 0;
    if (sscanf(text, "%d=%d%n", &from, &to, &used) != 2 || text[used] || from < 0 || from > 255 ||
        to < 0 || to > 255)
        return rg_fail(err, RG_USAGE, "write --exit 2=0", "'%s' maps no exit code", text);
    if (map->n == sizeof map->from / sizeof map->from[0])
        return rg_fail(err, RG_USAGE, NULL, "too many --exit");
    map->from[map->n] = from;
    map->to[map->n++] = to;
    return RG_OK;
}

static int mapped(const exit_map *map, int code) {
    for (size_t i = map->n; i-- > 0;) {
        if (map->from[i] == code)
            return map->to[i];
    }
    return code;
}

static rg_status read_repeated(const rg_args *args, rg_gate_options *gate, exit_map *map,
                               rg_err *err) {
    rg_status status = RG_OK;
    for (size_t i = 0; status == RG_OK && i < args->n_given; i++) {
        const char *key = args->given[i].key, *value = args->given[i].value;
        if (!strcmp(key, "tolerance"))
            status = rg_gate_set_limit(gate, false, value, err);
        else if (!strcmp(key, "target"))
            status = rg_gate_set_limit(gate, true, value, err);
        else if (!strcmp(key, "metric"))
            status = rg_gate_want(gate, value, err);
        else if (!strcmp(key, "exit"))
            status = add_mapping(map, value, err);
    }
    return status;
}

static size_t columns_of(const options *opt) {
    return opt->width ? (size_t)opt->width
                      : rg_terminal_columns(*opt->output ? -1 : STDOUT_FILENO, 80);
}

static void print_json(const rg_gate *gate, int code, rg_text *text) {
    json_t *object = rg_gate_to_json(gate);
    json_object_set_new(object, "exit_mapped", json_integer(code));
    char *dump = object ? rg_json_text(object, 2) : NULL;
    if (dump)
        rg_text_printf(text, "%s\n", dump);
    else
        text->failed = true;
    free(dump);
    json_decref(object);
}

static rg_status deliver(const char *path, const rg_text *text, rg_err *err) {
    if (text->failed)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory for the answer");
    if (*path && strcmp(path, "-"))
        return rg_fs_write_atomic(path, text->data, text->bytes, err);
    if (fwrite(text->data, 1, text->bytes, stdout) != text->bytes || fflush(stdout) != 0)
        return rg_fail(err, RG_IO, "check where stdout leads", "cannot write the answer");
    return RG_OK;
}

static rg_status print(const options *opt, const rg_gate *gate, int code, rg_err *err) {
    rg_text text = {0}, junit = {0};
    rg_status status = RG_OK;
    if (opt->format == FORMAT_TEXT)
        rg_gate_to_text(gate, columns_of(opt), opt->all, code, &text);
    else if (opt->format == FORMAT_JSON)
        print_json(gate, code, &text);
    else if (opt->format == FORMAT_MARKDOWN)
        rg_gate_to_markdown(gate, code, &text);
    else
        rg_gate_to_junit(gate, &text);
    if (*opt->junit) {
        rg_gate_to_junit(gate, &junit);
        status = deliver(opt->junit, &junit, err);
    }
    if (status == RG_OK)
        status = deliver(opt->output, &text, err);
    rg_text_free(&text);
    rg_text_free(&junit);
    return status;
}

static int run(const rg_globals *globals, int argc, char **argv);

const rg_verb rg_verb_gate = {
    .name = "gate",
    .summary = "judge a run against a baseline, cell by cell: pass, regressed, inconclusive ...",
    .usage = "railgauge gate --baseline BUNDLE|NAME --candidate BUNDLE [--store FILE] [--format F]",
    .help = "A cell that the candidate lacks fails the gate. Exit codes: 0 pass, 1 regressed,\n"
            "2 inconclusive, 3 missing or error, 4 not comparable or invalid; where several\n"
            "hold, 3 before 1 before 4 before 2. Limits come from --tolerance and --target, else\n"
            "from the scenario's gate block, else they are 1 % and 5 %.\n",
    .run = run,
};

static rg_status gate_bundles(const options *opt, const rg_args *args, int *ret_code, rg_err *err) {
    rg_gate_options how = rg_gate_options_default();
    exit_map map = {0};
    rg_gate_loaded baseline = {0}, candidate = {0};
    rg_gate *gate = NULL;
    rg_status status = read_repeated(args, &how, &map, err);
    if (status == RG_OK && (!*opt->baseline || !*opt->candidate))
        status = rg_fail(err, RG_USAGE, "railgauge gate --baseline runs/A --candidate runs/B",
                         "two bundles are needed");
    if (status == RG_OK)
        status = rg_gate_load(opt->store, opt->baseline, &baseline, err);
    if (status == RG_OK)
        status = rg_gate_load(opt->store, opt->candidate, &candidate, err);
    if (status == RG_OK)
        status = rg_gate_judge(&baseline.side, &candidate.side, &how, &gate, err);
    if (status == RG_OK) {
        *ret_code = mapped(&map, (int)gate->exit);
        status = print(opt, gate, *ret_code, err);
    }
    rg_gate_free(gate);
    rg_gate_unload(&baseline);
    rg_gate_unload(&candidate);
    return status;
}

static int run(const rg_globals *globals, int argc, char **argv) {
    (void)globals;
    options opt;
    rg_args args;
    int code = RG_EXIT_OK;
    rg_err err = RG_ERR_INIT;
    if (!rg_args_begin(&rg_verb_gate, table, &opt, 0, 0, argc, argv, &args, &code))
        return code;
    if (gate_bundles(&opt, &args, &code, &err) != RG_OK)
        return rg_report_error("gate", &err);
    return code;
}
