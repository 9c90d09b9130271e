/* inspect_text.c: what `railgauge inspect` prints for people: head and sums; the tables are in
 * inspect_tables.c. Lines are broken for the terminal. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "bench/cmd/columns.h"
#include "bench/cmd/inspect.h"
#include "bench/core/remark.h"
#include "bench/core/text.h"

enum { TITLE = 13 }; /* columns of what stands before a line */

void rg_inspect_clean(const char *text, char *ret, size_t cap) {
    json_t *probe = json_string(text);
    size_t i = 0;
    for (; text[i] && i + 1 < cap; i++) {
        unsigned char c = (unsigned char)text[i];
        ret[i] = c < 0x20 || c == 0x7f || (c >= 0x80 && !probe) ? '?' : text[i];
    }
    while (i > 0 && i + 1 == cap && ((unsigned char)ret[i - 1] & 0x80))
        i--; /* the cut may fall inside a character */
    ret[i] = '\0';
    json_decref(probe);
}

const char *rg_inspect_count(uint64_t n, char *ret, size_t cap) {
    if (n < 10000)
        snprintf(ret, cap, "%" PRIu64, n);
    else
        rg_text_si((double)n, "", ret, cap);
    size_t used = strlen(ret);
    while (used && ret[used - 1] == ' ')
        ret[--used] = '\0';
    return ret;
}

const char *rg_inspect_plural(uint64_t n, const char *word, char *ret, size_t cap) {
    snprintf(ret, cap, "%" PRIu64 " %s%s", n, word, n == 1 ? "" : "s");
    return ret;
}

const char *rg_inspect_bytes(uint64_t n, char *ret, size_t cap) {
    rg_text_bytes((double)n, ret, cap);
    return ret;
}

/* "scale 0.5 zero point -128", "32 scales along dimension 3"; "" for none. */
static void add_quant(const rg_quant *quant, rg_text *line) {
    if (quant->n == 1)
        rg_text_printf(line, "  scale %.9g zero point %d", (double)quant->scale[0],
                       (int)quant->zero_point[0]);
    else if (quant->n)
        rg_text_printf(line, "  %u scales along dimension %u", quant->n, quant->axis);
}

/* What the reader had to assume, or found contradicted. */
static void add_remark(const rg_remark *remark, rg_text *line) {
    char shape[96];
    if (!remark)
        return;
    rg_shape_text(&remark->declared, shape, sizeof shape);
    if (remark->is_output)
        rg_text_printf(line, "; the file declares %s", shape);
    for (uint32_t i = 0; !remark->is_output && i < RG_MAX_RANK; i++) {
        if (remark->open_dims >> i & 1)
            rg_text_printf(line, "; dimension %u is left open, 1 is assumed", i);
    }
}

/* Line `i` of the inputs or outputs. */
static void print_end(const rg_graph *graph, bool is_output, uint32_t i) {
    const rg_tensor *tensor = &graph->tensors[is_output ? graph->out[i] : graph->in[i]];
    char name[80], shape[96];
    rg_text line = {0};
    rg_inspect_clean(tensor->name, name, sizeof name);
    rg_shape_text(&tensor->shape, shape, sizeof shape);
    rg_text_printf(&line, "%u  %s  %s %s", i, name, rg_dtype_word(tensor->dtype), shape);
    add_quant(&tensor->quant, &line);
    add_remark(rg_remark_of(graph, is_output, i), &line);
    printf("%-12s ", i ? "" : is_output ? "outputs" : "inputs");
    rg_columns_wrap(line.data ? line.data : "", TITLE + 3, rg_columns_room());
    rg_text_free(&line);
}

static void print_head(const rg_inspect_view *view) {
    const rg_graph *graph = view->model->graph;
    char text[256], size[32];
    rg_inspect_clean(view->model->path, text, sizeof text);
    printf("%-12s %s\n", "file", text);
    printf("%-12s %s: %s\n", "format", view->model->reader->name, view->model->reader->summary);
    rg_inspect_clean(graph->description, text, sizeof text);
    if (text[0]) {
        printf("%-12s ", "description");
        rg_columns_wrap(text, TITLE, rg_columns_room());
    }
    printf("%-12s %s\n", "size", rg_inspect_bytes(view->model->bytes, size, sizeof size));
    printf("%-12s %s\n", "sha256", view->model->sha256);
    for (uint32_t i = 0; i < graph->n_in; i++)
        print_end(graph, false, i);
    for (uint32_t i = 0; i < graph->n_out; i++)
        print_end(graph, true, i);
}

/* Without MACs, yet with nodes that are refused, nobody knows how many there are. */
static void print_work(const rg_inspection *look) {
    char a[32], b[32];
    bool counted = look->work.macs || !look->refused;
    printf("%-12s %s MACs, %s other operations\n", "work",
           counted ? rg_inspect_count(look->work.macs, a, sizeof a) : "n/a",
           rg_inspect_count(look->work.other_ops, b, sizeof b));
    if (look->refused)
        printf("%-12s without the %s that %s not known here\n", "",
               rg_inspect_plural(look->refused, "node", a, sizeof a),
               look->refused == 1 ? "is" : "are");
}

static void print_sums(const rg_inspect_view *view) {
    const rg_inspection *look = view->look;
    char a[32], b[32], c[32];
    print_work(look);
    printf("%-12s %s in %s of constants\n", "parameters",
           rg_inspect_count(look->parameters, a, sizeof a),
           rg_inspect_bytes(look->weights_bytes, b, sizeof b));
    printf("%-12s peak %s planned, %s the least possible", "activations",
           rg_inspect_bytes(look->plan_bytes, a, sizeof a),
           rg_inspect_bytes(look->bound_bytes, b, sizeof b));
    if (look->variables_bytes)
        printf("; state %s", rg_inspect_bytes(look->variables_bytes, c, sizeof c));
    putchar('\n');
    rg_inspect_print_compiled(view);
    for (uint32_t i = 0; i < view->tail.n; i++)
        printf("%-12s %s (%s)\n", i ? "" : "with it", view->tail.names[i],
               rg_inspect_bytes(view->tail.bytes[i], a, sizeof a));
}

void rg_inspect_print(const rg_inspect_view *view) {
    print_head(view);
    print_sums(view);
    rg_inspect_print_pair(view);
    rg_inspect_print_tables(view);
}
