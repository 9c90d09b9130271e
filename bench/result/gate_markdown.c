/* gate_markdown.c: the gate as Markdown, for a comment in a review. */
#include <ctype.h>
#include <string.h>

#include "bench/result/gate_priv.h"
#include "bench/result/gate_words.h"

enum { MARKDOWN_ROWS = 50 };

/* Text inside a table's cell: pipes, line ends and markup lose their meaning. */
static void add_cell(rg_text *out, const char *text) {
    rg_text_add(out, " ");
    for (; *text; text++) {
        if (strchr("|\\`*_<>[]", *text))
            rg_text_add(out, "\\");
        if (iscntrl((unsigned char)*text))
            rg_text_add(out, " ");
        else
            rg_text_add_bytes(out, text, 1);
    }
    rg_text_add(out, " |");
}

static void add_markdown_row(const rg_gate_test *test, rg_text *out) {
    rg_gate_texts t = rg_gate_texts_of(test);
    const char *cells[] = {rg_verdict_word(test->verdict),
                           test->cell,
                           rg_gate_metric_label(test),
                           test->metric == RG_FIG_COUNT ? "" : t.baseline,
                           test->metric == RG_FIG_COUNT ? "" : t.candidate,
                           t.change,
                           t.interval,
                           t.limit,
                           test->note};
    rg_text_add(out, "|");
    for (size_t i = 0; i < sizeof cells / sizeof cells[0]; i++)
        add_cell(out, cells[i]);
    rg_text_add(out, "\n");
}

void rg_gate_to_markdown(const rg_gate *gate, int exit, rg_text *ret_text) {
    rg_text_printf(ret_text, "### railgauge gate: %s\n\n", rg_gate_title(gate));
    rg_gate_counts(gate, ret_text);
    rg_text_printf(ret_text, "; %zu cells; exit %d\n\n", gate->n_cells, exit);
    rg_text_add(ret_text, "- ");
    rg_gate_trust(gate, ret_text);
    rg_text_add(ret_text, "\n");
    for (size_t i = 0; i < gate->n_notes; i++)
        rg_text_printf(ret_text, "- %s\n", gate->notes[i]);
    rg_text_add(ret_text, "\n| verdict | cell | metric | baseline | candidate | change | 95 % "
                          "interval | tolerance/target | note |\n"
                          "|---|---|---|---:|---:|---:|---:|---:|---|\n");
    size_t shown = 0;
    for (; shown < gate->n && shown < MARKDOWN_ROWS; shown++)
        add_markdown_row(&gate->tests[shown], ret_text);
    if (shown < gate->n)
        rg_text_printf(ret_text, "\n%zu more rows, none worse than these.\n", gate->n - shown);
    rg_text_add(ret_text, "\n    ");
    rg_gate_repeat(gate, ret_text);
    rg_text_add(ret_text, "\n");
}
