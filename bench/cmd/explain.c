/* explain.c: `railgauge explain A B`: what differs between two results, in order of its likely
 * effect, and what to try (result/explain.h). */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "bench/cmd/args.h"
#include "bench/cmd/gate_sides.h"
#include "bench/cmd/stores.h"
#include "bench/core/json.h"
#include "bench/result/explain.h"
#include "bench/result/gate_words.h"

typedef struct options {
    const char *cell, *store;
    int goal;
    bool json, all;
} options;

#define AT(member) offsetof(options, member)
static const rg_field table[] = {
    {"for", RG_FIELD_CHOICE, AT(goal), "latency", 0, 0, rg_explain_goals, "",
     "what the order is by: the effect on latency or on energy"},
    {"cell", RG_FIELD_TEXT, AT(cell), "", 0, 0, NULL, "",
     "this cell only: its name, or the start of its key"},
    {"all", RG_FIELD_BOOL, AT(all), "false", 0, 0, NULL, "", "unlikely differences too"},
    {"json", RG_FIELD_BOOL, AT(json), "false", 0, 0, NULL, "", "one JSON document"},
    RG_STORE_ROW(options, store),
    {0},
};

enum { LIKELY = 15 }; /* score below which a difference is told by --all only */

/* A side: a bundle, a name of the store, or a file that holds one record. */
typedef struct source {
    rg_gate_loaded loaded;
    json_t *record, *records, *nothing;
    rg_gate_side side;
} source;

static bool is_file(const char *path) {
    struct stat facts;
    return stat(path, &facts) == 0 && S_ISREG(facts.st_mode);
}

static rg_status load_record(const char *path, source *ret, rg_err *err) {
    rg_status status = rg_json_read(path, &ret->record, err);
    if (status != RG_OK)
        return status;
    if (!json_is_object(json_object_get(ret->record, "figures")))
        return rg_fail(err, RG_BAD_DATA, "give a bundle, or one line of its records.jsonl",
                       "%s holds no record", path);
    ret->records = json_pack("[O]", ret->record);
    ret->nothing = json_object();
    ret->side = (rg_gate_side){path, ret->nothing, NULL, ret->records, true};
    return ret->records && ret->nothing ? RG_OK : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
}

static rg_status load(const options *opt, const char *word, source *ret, rg_err *err) {
    *ret = (source){0};
    if (is_file(word))
        return load_record(word, ret, err);
    rg_status status = rg_gate_load(opt->store, word, &ret->loaded, err);
    ret->side = ret->loaded.side;
    return status;
}

static void unload(source *from) {
    rg_gate_unload(&from->loaded);
    json_decref(from->record);
    json_decref(from->records);
    json_decref(from->nothing);
}

/* --- JSON ---------------------------------------------------------------------------------------
 */

static json_t *difference_to_json(const rg_difference *d, rg_explain_goal goal) {
    return json_pack("{s:s, s:s, s:o, s:o, s:s, s:s, s:b, s:f, s:I, s:s, s:s}", "field", d->path,
                     "label", d->label, "a", rg_json_clean(d->a), "b", rg_json_clean(d->b),
                     "weight", rg_weight_word(d->weight), "effect", rg_effect_word(goal, d->effect),
                     "fits", d->fits, "score", d->score, "cells", (json_int_t)d->cells, "cell",
                     d->cell, "advice", d->advice);
}

static json_t *observed_to_json(const rg_explanation *found) {
    if (found->metric == RG_FIG_COUNT)
        return json_null();
    json_t *observed =
        json_pack("{s:s, s:s, s:s}", "cell", found->cell, "metric",
                  rg_figure_rows[found->metric].key, "unit", rg_figure_rows[found->metric].unit);
    rg_json_set_real(observed, "a", found->a);
    rg_json_set_real(observed, "b", found->b);
    rg_json_set_real(observed, "change", found->change);
    return observed;
}

static json_t *to_json(const rg_explanation *found, const options *opt, const source *a,
                       const source *b) {
    rg_explain_goal goal = (rg_explain_goal)opt->goal;
    json_t *list = json_array();
    for (size_t i = 0; i < found->n; i++)
        json_array_append_new(list, difference_to_json(&found->list[i], goal));
    return json_pack("{s:s, s:i, s:o, s:o, s:s, s:I, s:o, s:o}", "kind", "railgauge-explain",
                     "schema", 1, "a", rg_json_clean(a->side.name), "b",
                     rg_json_clean(b->side.name), "for", rg_explain_goals[goal], "cells",
                     (json_int_t)found->n_cells, "observed", observed_to_json(found), "differences",
                     list);
}

/* --- text ---------------------------------------------------------------------------------------
 */

static void add_observed(const rg_explanation *found, size_t columns, rg_text *out) {
    char was[32], now[32], change[24];
    rg_text line = {0};
    if (found->metric == RG_FIG_COUNT) {
        rg_text_printf(&line, "%s",
                       found->n_cells ? "no figure that both sides have"
                                      : "no cell is on both sides");
    } else {
        const rg_figure_row *row = &rg_figure_rows[found->metric];
        rg_figure_text(row->unit, found->a, was, sizeof was);
        rg_figure_text(row->unit, found->b, now, sizeof now);
        rg_change_text(found->change, change, sizeof change);
        rg_text_printf(&line, "%s %s: %s -> %s, %s; the largest change of %zu cell%s", found->cell,
                       row->label, was, now, change, found->n_cells,
                       found->n_cells == 1 ? "" : "s");
    }
    rg_text_add(out, "seen  ");
    rg_gate_wrap(out, line.data ? line.data : "", 6, 6, columns);
    rg_text_free(&line);
}

static void add_difference(const rg_difference *d, size_t number, size_t cells,
                           rg_explain_goal goal, size_t columns, rg_text *out) {
    rg_text line = {0};
    const char *effect = rg_effect_word(goal, d->effect);
    rg_text_printf(&line, "%s: %s -> %s", d->label, d->a, d->b);
    rg_text_printf(out, "%2zu  ", number);
    rg_gate_wrap(out, line.data ? line.data : "", 4, 6, columns);
    line.bytes = 0;
    rg_text_printf(&line, "%s effect%s%s%s", rg_weight_word(d->weight), *effect ? ", B " : "",
                   effect, d->fits ? ", as seen" : "");
    if (cells)
        rg_text_printf(&line, "; in %zu of %zu cells", d->cells, cells);
    rg_text_printf(&line, ". Try: %s", d->advice);
    rg_text_add(out, "      ");
    rg_gate_wrap(out, line.data ? line.data : "", 6, 6, columns);
    rg_text_free(&line);
}

static void to_text(const rg_explanation *found, const options *opt, const source *a,
                    const source *b, size_t columns, rg_text *out) {
    char clean[1024];
    size_t shown = 0;
    rg_gate_clean(a->side.name, clean, sizeof clean);
    rg_text_printf(out, "A     %s\n", clean);
    rg_gate_clean(b->side.name, clean, sizeof clean);
    rg_text_printf(out, "B     %s\n", clean);
    add_observed(found, columns, out);
    rg_text_printf(out, "\nWhat differs, the likeliest behind a change of %s first:\n\n",
                   rg_explain_goals[opt->goal]);
    for (size_t i = 0; i < found->n; i++) {
        if (opt->all || found->list[i].score >= LIKELY)
            add_difference(&found->list[i], ++shown, found->n_cells, (rg_explain_goal)opt->goal,
                           columns, out);
    }
    if (!shown)
        rg_text_add(out, "Nothing that is on record differs: what changed was not recorded, or is "
                         "noise.\n`railgauge compare` gives the intervals.\n");
    if (shown < found->n)
        rg_text_printf(out, "\n%zu unlikely ones: --all\n", found->n - shown);
}

/* --- the verb -----------------------------------------------------------------------------------
 */

static rg_status print(const rg_explanation *found, const options *opt, const source *a,
                       const source *b, rg_err *err) {
    if (opt->json) {
        json_t *document = to_json(found, opt, a, b);
        rg_status status = rg_print_json(document, err);
        json_decref(document);
        return status;
    }
    rg_text text = {0};
    to_text(found, opt, a, b, rg_terminal_columns(1, 100), &text);
    rg_status status = rg_print_text(&text, err);
    rg_text_free(&text);
    return status;
}

static rg_status explain(const options *opt, const rg_args *args, rg_err *err) {
    source a = {0}, b = {0};
    rg_explanation found;
    rg_arena *arena = rg_arena_new(0);
    rg_status status = arena ? load(opt, args->words[0], &a, err)
                             : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    if (status == RG_OK)
        status = load(opt, args->words[1], &b, err);
    if (status == RG_OK)
        status = rg_explain_sides(&a.side, &b.side, *opt->cell ? opt->cell : NULL,
                                  (rg_explain_goal)opt->goal, arena, &found, err);
    if (status == RG_OK)
        status = print(&found, opt, &a, &b, err);
    unload(&a);
    unload(&b);
    rg_arena_free(arena);
    return status;
}

static int run(const rg_globals *globals, int argc, char **argv);

const rg_verb rg_verb_explain = {
    .name = "explain",
    .summary = "which recorded facts differ between two results, and what to try",
    .usage = "railgauge explain A B [--cell NAME] [--for latency|energy] [--json]",
    .help = "A and B are bundles, runs or baselines of the store, or files with one record each.\n"
            "The order is by the likely effect of a difference; one that would have moved the\n"
            "figure the other way stands further down. Advice, not proof.\n",
    .run = run,
};

static int run(const rg_globals *globals, int argc, char **argv) {
    (void)globals;
    options opt;
    rg_args args;
    int code = RG_EXIT_OK;
    rg_err err = RG_ERR_INIT;
    if (!rg_args_begin(&rg_verb_explain, table, &opt, 2, 2, argc, argv, &args, &code))
        return code;
    return explain(&opt, &args, &err) == RG_OK ? RG_EXIT_OK : rg_report_error("explain", &err);
}
