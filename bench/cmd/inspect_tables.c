/* inspect_tables.c: the tables of `railgauge inspect`: operators, what is refused, nodes, targets.
 * Columns are as wide as what stands in them; a terminal without room loses the least important. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "bench/cmd/columns.h"
#include "bench/cmd/inspect.h"
#include "bench/core/text.h"

enum { CELL = 96, MOST = 8 };

/* A table whose rows are made by a function: once to see how wide they are, once to print them. */
typedef struct table {
    rg_column columns[MOST];
    size_t n;
    void (*make)(const rg_inspection *look, uint32_t row, char cells[MOST][CELL]);
} table;

static void print_table(const rg_inspection *look, table *t, uint32_t n_rows) {
    char cells[MOST][CELL];
    const char *row[MOST];
    for (uint32_t i = 0; i < n_rows; i++) {
        t->make(look, i, cells);
        for (size_t c = 0; c < t->n; c++)
            rg_column_hold(&t->columns[c], strlen(cells[c]));
    }
    rg_columns_fit(t->columns, t->n, rg_columns_room());
    putchar('\n');
    rg_columns_head(t->columns, t->n);
    for (uint32_t i = 0; i < n_rows; i++) {
        t->make(look, i, cells);
        for (size_t c = 0; c < t->n; c++)
            row[c] = cells[c];
        rg_columns_row(t->columns, t->n, row);
    }
}

/* --- operators -------------------------------------------------------------------------------- */

static void kind_cells(const rg_inspection *look, uint32_t row, char cells[MOST][CELL]) {
    const rg_inspect_kind *kind = &look->kinds[row];
    bool known = kind->refused == 0;
    rg_inspect_clean(kind->kind, cells[0], 64);
    snprintf(cells[1], CELL, "%u", kind->nodes);
    snprintf(cells[2], CELL, "n/a");
    if (known || kind->macs)
        rg_inspect_count(kind->macs, cells[2], CELL);
    rg_inspect_count(kind->parameters, cells[3], CELL);
    rg_text_bytes((double)kind->weights_bytes, cells[4], CELL);
    snprintf(cells[5], CELL, "%s", known ? "" : "not computed here");
}

/* Constants that nodes of several kinds read stand in each kind's row, but once in the sum. */
static void print_shared(const rg_inspection *look) {
    uint64_t parameters = 0;
    for (uint32_t i = 0; i < look->n_kinds; i++)
        parameters += look->kinds[i].parameters;
    if (parameters > look->parameters)
        rg_columns_printf("Constants that several nodes read count with each of them here, once in "
                          "the sum above.");
}

static void print_kinds(const rg_inspection *look) {
    table t = {{{"operator", -12, 0, false},
                {"nodes", 6, 1, false},
                {"MACs", 9, 2, false},
                {"params", 9, 3, false},
                {"constants", 10, 5, false},
                {"", -1, 4, false}},
               6,
               kind_cells};
    print_table(look, &t, look->n_kinds);
    print_shared(look);
}

/* --- refusals --------------------------------------------------------------------------------- */

/* What a foreign operator tells of itself; executables stand above the tables. */
static void add_attrs(const rg_node *node, rg_text *line) {
    bool told = node->known || rg_offload_is_opaque(node);
    for (uint32_t i = rg_node_attr(node, "of") ? 1 : 0; !told && i < node->n_attrs; i++) {
        const rg_attr *attr = &node->attrs[i];
        if (attr->type == RG_ATTR_INT)
            rg_text_printf(line, ", %s %" PRId64, attr->key, attr->i);
        else if (attr->type == RG_ATTR_REAL)
            rg_text_printf(line, ", %s %.9g", attr->key, attr->r);
        else
            rg_text_printf(line, ", %s %s", attr->key, attr->word);
    }
}

static void print_refusal(const rg_inspection *look, const rg_inspect_kind *kind) {
    char name[64], words[400], nodes[32];
    rg_text line = {0};
    rg_inspect_clean(kind->kind, name, sizeof name);
    rg_inspect_clean(look->nodes[kind->first_refused].what, words, sizeof words);
    rg_text_printf(&line, "%s: %s, first node %u: %s", name,
                   rg_inspect_plural(kind->refused, "node", nodes, sizeof nodes),
                   kind->first_refused, words);
    add_attrs(&look->graph->nodes[kind->first_refused], &line);
    printf("  ");
    rg_columns_wrap(line.data ? line.data : "", 4, rg_columns_room());
    rg_text_free(&line);
}

static void print_refusals(const rg_inspection *look) {
    if (look->refused)
        printf("\nnot computed here\n");
    for (uint32_t i = 0; i < look->n_kinds; i++) {
        if (look->kinds[i].refused)
            print_refusal(look, &look->kinds[i]);
    }
}

/* --- nodes ------------------------------------------------------------------------------------ */

static void node_cells(const rg_inspection *look, uint32_t row, char cells[MOST][CELL]) {
    const rg_node *node = &look->graph->nodes[row];
    const rg_inspect_node *found = &look->nodes[row];
    const rg_tensor *in = rg_node_in(look->graph, node, 0);
    const rg_tensor *out = rg_node_out(look->graph, node, 0);
    snprintf(cells[0], CELL, "%" PRIu32, row);
    rg_inspect_clean(node->kind, cells[1], 64);
    snprintf(cells[2], CELL, "-");
    snprintf(cells[3], CELL, "-");
    if (in)
        rg_shape_text(&in->shape, cells[2], CELL);
    if (out)
        rg_shape_text(&out->shape, cells[3], CELL);
    snprintf(cells[4], CELL, "n/a");
    if (found->status == RG_OK)
        rg_inspect_count(found->work.macs, cells[4], CELL);
    snprintf(cells[5], CELL, "%s", found->quantization);
    snprintf(cells[6], CELL, "%s", found->status == RG_OK ? "" : "not computed here");
}

static void print_nodes(const rg_inspection *look) {
    table t = {{{"node", 4, 0, false},
                {"operator", -12, 0, false},
                {"input", -8, 4, false},
                {"output", -8, 1, false},
                {"MACs", 9, 2, false},
                {"quantization", -12, 3, false},
                {"", -1, 5, false}},
               7,
               node_cells};
    print_table(look, &t, look->graph->n_nodes);
}

/* --- targets ---------------------------------------------------------------------------------- */

static double share(uint64_t part, uint64_t whole) {
    return whole ? 100.0 * (double)part / (double)whole : 0;
}

/* Simulated targets run on this machine's CPU, whatever they are told to be. */
static const char *taken_text(const rg_inspect_target *t) {
    if (t->status != RG_OK)
        return rg_status_word(t->status);
    return t->simulated ? "yes, simulated" : "yes";
}

static void target_cells(const rg_inspection *look, uint32_t row, char cells[MOST][CELL]) {
    const rg_inspect_target *t = &look->targets[row];
    snprintf(cells[0], CELL, "%s", t->name);
    snprintf(cells[1], CELL, "%s", taken_text(t));
    snprintf(cells[2], CELL, "n/a");
    snprintf(cells[3], CELL, "n/a");
    if (t->device[0])
        snprintf(cells[2], CELL, "%.1f %%", share(t->nodes, look->graph->n_nodes));
    if (t->device[0] && look->work.macs)
        snprintf(cells[3], CELL, "%.1f %%", share(t->macs, look->work.macs));
}

/* What follows "NAME: "; NULL where the text does not begin with it. */
static const char *after_name(const char *text, const char *name) {
    size_t n = strlen(name);
    return !strncmp(text, name, n) && !strncmp(text + n, ": ", 2) ? text + n + 2 : NULL;
}

/* Why a target does not take the whole; those that say the same are named together. */
static void print_reason(const rg_inspection *look, uint32_t first) {
    const char *what = look->targets[first].why.what;
    rg_text line = {0};
    for (uint32_t i = 0; i < look->n_targets; i++) {
        const rg_inspect_target *t = &look->targets[i];
        if (t->status == RG_OK || strcmp(t->why.what, what))
            continue;
        if (i < first)
            return rg_text_free(&line);
        rg_text_printf(&line, "%s%s", i == first ? "" : ", ", t->name);
    }
    const char *own = after_name(what, look->targets[first].name);
    rg_text_printf(&line, ": %s", own ? own : what);
    printf("  ");
    rg_columns_wrap(line.data ? line.data : "", 4, rg_columns_room());
    rg_text_free(&line);
}

static void print_targets(const rg_inspection *look) {
    table t = {{{"target", -12, 0, false},
                {"takes it", -12, 1, false},
                {"nodes", 8, 2, false},
                {"MACs", 8, 3, false}},
               4,
               target_cells};
    print_table(look, &t, look->n_targets);
    for (uint32_t i = 0; i < look->n_targets; i++) {
        if (look->targets[i].status != RG_OK)
            print_reason(look, i);
    }
    if (look->refused)
        rg_columns_printf("MACs of nodes that are not known here are in no share.");
}

void rg_inspect_print_tables(const rg_inspect_view *view) {
    print_kinds(view->look);
    print_refusals(view->look);
    if (view->nodes)
        print_nodes(view->look);
    print_targets(view->look);
}
