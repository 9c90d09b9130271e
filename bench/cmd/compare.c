/* compare.c: `railgauge compare A B [C...]`: effect sizes with intervals (result/compare.h). */
#include <string.h>

#include "bench/cmd/args.h"
#include "bench/cmd/gate_sides.h"
#include "bench/cmd/stores.h"
#include "bench/core/fs.h"
#include "bench/core/json.h"
#include "bench/result/compare.h"

typedef struct options {
    const char *metric, *store, *output;
    int format;
    int64_t width;
} options;

enum { TEXT, JSON, CSV };
static const char *const formats[] = {"text", "json", "csv", NULL};

#define AT(member) offsetof(options, member)
static const rg_field table[] = {
    {"metric", RG_FIELD_TEXT, AT(metric), "", 0, 0, NULL, "",
     "compare this metric only; may be repeated; see `railgauge list fields`"},
    {"format", RG_FIELD_CHOICE, AT(format), "text", 0, 0, formats, "", "form of the answer"},
    {"output", RG_FIELD_TEXT, AT(output), "", 0, 0, NULL, "", "write it to this file (-o)"},
    {"width", RG_FIELD_INT, AT(width), "0", 0, 1000, NULL, "",
     "columns of the text; 0: as the terminal has"},
    RG_STORE_ROW(options, store),
    {0},
};

static void render(const options *opt, const rg_comparison *found, rg_text *out) {
    if (opt->format == CSV) {
        rg_comparison_to_csv(found, out);
    } else if (opt->format == JSON) {
        json_t *document = rg_comparison_to_json(found);
        rg_text_add_json(out, document);
        json_decref(document);
    } else {
        rg_comparison_to_text(
            found,
            opt->width ? (size_t)opt->width : rg_terminal_columns(*opt->output ? -1 : 1, 100), out);
    }
}

static rg_status print(const options *opt, const rg_comparison *found, rg_err *err) {
    rg_text text = {0};
    render(opt, found, &text);
    rg_status status = text.failed || !*opt->output
                           ? rg_print_text(&text, err)
                           : rg_fs_write_atomic(opt->output, text.data, text.bytes, err);
    rg_text_free(&text);
    return status;
}

static rg_status read_metrics(const rg_args *args, rg_gate_options *ret, rg_err *err) {
    rg_status status = RG_OK;
    *ret = rg_gate_options_default();
    for (size_t i = 0; status == RG_OK && i < args->n_given; i++) {
        if (!strcmp(args->given[i].key, "metric"))
            status = rg_gate_want(ret, args->given[i].value, err);
    }
    return status;
}

static rg_status compare(const options *opt, const rg_args *args, rg_err *err) {
    rg_gate_loaded loaded[RG_COMPARE_MAX] = {0};
    rg_gate_side sides[RG_COMPARE_MAX];
    rg_gate_options wanted;
    rg_comparison found;
    rg_arena *arena = rg_arena_new(0);
    rg_status status = arena ? read_metrics(args, &wanted, err)
                             : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    for (size_t i = 0; status == RG_OK && i < args->n_words; i++) {
        status = rg_gate_load(opt->store, args->words[i], &loaded[i], err);
        sides[i] = loaded[i].side;
    }
    if (status == RG_OK)
        status = rg_compare(sides, args->n_words, wanted.wanted, arena, &found, err);
    if (status == RG_OK)
        status = print(opt, &found, err);
    for (size_t i = 0; i < args->n_words; i++)
        rg_gate_unload(&loaded[i]);
    rg_arena_free(arena);
    return status;
}

static int run(const rg_globals *globals, int argc, char **argv);

const rg_verb rg_verb_compare = {
    .name = "compare",
    .summary = "how much bundles differ, with intervals and without verdicts",
    .usage = "railgauge compare A B [C...] [--metric M]... [--format text|json|csv] [-o FILE]",
    .help =
        "Changes are against A, with 95 % intervals over rounds: of pairs where the runs were\n"
        "interleaved, else of the two runs by themselves. Other devices, other scopes of power\n"
        "and simulated beside measured figures are not compared; the row says so.\n",
    .run = run,
};

static int run(const rg_globals *globals, int argc, char **argv) {
    (void)globals;
    options opt;
    rg_args args;
    int code = RG_EXIT_OK;
    rg_err err = RG_ERR_INIT;
    if (!rg_args_begin(&rg_verb_compare, table, &opt, 2, RG_COMPARE_MAX, argc, argv, &args, &code))
        return code;
    return compare(&opt, &args, &err) == RG_OK ? RG_EXIT_OK : rg_report_error("compare", &err);
}
