/* gate_markdown.c: the gate as Markdown, for a comment in a review. */
#include <ctype.h>
#include <string.h>

#include "bench/result/emit.h"
#include "bench/result/gate_words.h"

enum { MARKDOWN_ROWS = 50, MOST_BYTES = 1000 };

/* Text inside a table's cell: pipes, line ends and markup lose their meaning. A step summary holds
 * 1 MiB at most, so what one text may take is bounded. */
static void add_plain(rg_text *out, const char *text) {
    size_t left = MOST_BYTES;
    for (; *text && (left || ((unsigned char)*text & 0xC0) == 0x80); text++) {
        left -= left > 0;
        if (strchr("|\\`*_<>[]", *text))
            rg_text_add(out, "\\");
        if (iscntrl((unsigned char)*text))
            rg_text_add(out, " ");
        else
            rg_text_add_bytes(out, text, 1);
    }
    if (*text)
        rg_text_add(out, "...");
}

static void add_cell(rg_text *out, const char *text) {
    rg_text_add(out, " ");
    add_plain(out, text);
    rg_text_add(out, " |");
}

static void add_row(const rg_result_row *row, rg_text *out) {
    rg_result_texts t = rg_result_texts_of(row);
    const char *cells[] = {row->verdict, row->name,   rg_result_label(row),
                           t.baseline,   t.candidate, t.change,
                           t.interval,   t.limit,     row->note};
    rg_text_add(out, "|");
    for (size_t i = 0; i < sizeof cells / sizeof cells[0]; i++)
        add_cell(out, cells[i]);
    rg_text_add(out, "\n");
}

/* One item of a list, its markup harmless. */
static void add_item(rg_text *out, const char *name, const char *text) {
    rg_text_printf(out, "- %s", name);
    add_plain(out, text);
    rg_text_add(out, "\n");
}

static void add_head(const rg_result *result, rg_text *out) {
    rg_text_printf(out, "### railgauge gate: %s\n\n", rg_result_title(result));
    rg_result_counts(result, out);
    rg_text_printf(out, "; %zu cells; exit %d\n\n", result->n_cells, result->exit_mapped);
    add_item(out, "", result->trust);
    for (size_t i = 0; i < result->n_notes; i++)
        add_item(out, "", result->notes[i]);
    for (size_t i = 0; i < result->n_causes; i++)
        add_item(out, "check first: ", result->causes[i].what);
}

/* A command as a block of code: nothing in it is markup, and it holds no line end. */
static void add_command(rg_text *out, const char *name, const char *command) {
    char safe[4096];
    rg_gate_clean(command, safe, sizeof safe);
    rg_text_printf(out, "\n%s\n\n    %s\n", name, safe);
}

void rg_emit_markdown(const rg_result *result, const rg_emit_how *how, rg_text *ret_text) {
    (void)how;
    add_head(result, ret_text);
    rg_text_add(ret_text, "\n| verdict | cell | metric | baseline | candidate | change | 95 % "
                          "interval | tolerance/target | note |\n"
                          "|---|---|---|---:|---:|---:|---:|---:|---|\n");
    size_t shown = 0;
    for (; shown < result->n && shown < MARKDOWN_ROWS; shown++)
        add_row(&result->rows[shown], ret_text);
    if (shown < result->n)
        rg_text_printf(ret_text, "\n%zu more rows, none worse than these.\n", result->n - shown);
    add_command(ret_text, "Again:", result->repeat);
    if (*result->rerun)
        add_command(ret_text, "The worst cell alone:", result->rerun);
}
