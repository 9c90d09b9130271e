/* inspect_compiled.c: files of a vendor's compiler, as `railgauge inspect` tells them: the
 * executables inside, what the host keeps, and with the original what the device took. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "bench/cmd/columns.h"
#include "bench/cmd/inspect.h"
#include "bench/core/json.h"

enum { TITLE = 13 };

/* --- matching --------------------------------------------------------------------------------- */

rg_status rg_inspect_match(const rg_model *model, rg_inspect_pair *ret_pair, rg_err *err) {
    const rg_graph *source = ret_pair->model->graph;
    rg_offload counts;
    ret_pair->taken = rg_arena_array(ret_pair->look->arena, source->n_nodes + 1, sizeof(bool));
    if (!ret_pair->taken)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory for %u nodes", source->n_nodes);
    rg_status status = rg_offload_count(model->graph, &counts, err);
    if (status == RG_OK && !counts.opaque)
        return rg_fail(err, RG_USAGE, "--original goes with a compiled file",
                       "%s holds no executable of a device", model->path);
    if (status == RG_OK)
        status = rg_offload_match(source, model->graph, ret_pair->taken, &ret_pair->counts, err);
    for (uint32_t i = 0; status == RG_OK && i < source->n_nodes; i++)
        ret_pair->macs_taken += ret_pair->taken[i] ? ret_pair->look->nodes[i].work.macs : 0;
    return status;
}

/* --- in words --------------------------------------------------------------------------------- */

static const char *attr_bytes(const rg_node *node, const char *key, char *ret, size_t cap) {
    const rg_attr *attr = rg_node_attr(node, key);
    return rg_inspect_bytes(attr ? (uint64_t)attr->i : 0, ret, cap);
}

static void print_line(rg_text *line) {
    printf("%-12s ", "");
    rg_columns_wrap(line->data ? line->data : "", TITLE, rg_columns_room());
    rg_text_free(line);
}

/* What was sent once, what goes with every inference, and how much of it there is. */
static void print_transfers(const rg_node *node) {
    char a[32], b[32], c[32];
    rg_text line = {0};
    rg_text_printf(&line,
                   "parameters: %s stay on the chip, %s are sent with each inference; "
                   "instructions %s",
                   attr_bytes(node, "cached_bytes", a, sizeof a),
                   attr_bytes(node, "streamed_bytes", b, sizeof b),
                   attr_bytes(node, "instruction_bytes", c, sizeof c));
    print_line(&line);
    rg_text_printf(&line, "an inference sends %s of inputs and fetches %s of outputs",
                   attr_bytes(node, "input_bytes", a, sizeof a),
                   attr_bytes(node, "output_bytes", b, sizeof b));
    if (rg_node_attr(node, "cycles"))
        rg_text_printf(&line, "; the compiler estimates %" PRId64 " cycles",
                       rg_node_attr(node, "cycles")->i);
    print_line(&line);
}

static void add_word(rg_text *line, const rg_node *node, const char *key, const char *words) {
    const rg_attr *attr = rg_node_attr(node, key);
    if (attr && attr->type == RG_ATTR_WORD)
        rg_text_printf(line, "%s%s", words, attr->word);
    else if (attr)
        rg_text_printf(line, "%s%" PRId64, words, attr->i);
}

static void print_executable(const rg_graph *graph, uint32_t i, bool first) {
    const rg_node *node = &graph->nodes[i];
    char size[32];
    rg_text line = {0};
    if (!rg_node_attr(node, "executable"))
        return;
    printf("%-12s node %u holds an executable (%s) of %s\n", first ? "compiled" : "", i,
           rg_node_attr(node, "executable")->word,
           attr_bytes(node, "executable_bytes", size, sizeof size));
    add_word(&line, node, "package_problem", "which cannot be read: ");
    add_word(&line, node, "chip", "for the chip ");
    add_word(&line, node, "min_runtime", ", runtime version ");
    add_word(&line, node, "compiler", " or newer, by compiler ");
    add_word(&line, node, "caching_token", "; caching token ");
    if (line.data)
        print_line(&line);
    if (rg_node_attr(node, "cached_bytes"))
        print_transfers(node);
}

void rg_inspect_print_compiled(const rg_inspect_view *view) {
    const rg_graph *graph = view->model->graph;
    rg_offload counts;
    char a[32], b[32], c[32], d[32], e[32];
    if (rg_offload_count(graph, &counts, NULL) != RG_OK || !counts.opaque)
        return;
    for (uint32_t i = 0, shown = 0; i < graph->n_nodes; i++) {
        if (rg_offload_is_opaque(&graph->nodes[i]))
            print_executable(graph, i, shown++ == 0);
    }
    printf("%-12s %u of %u nodes stay on the CPU, with %s MACs\n", "", counts.left, graph->n_nodes,
           rg_inspect_count(view->look->work.macs, a, sizeof a));
    printf("%-12s %s on the device, %s; %s (%s) pass\n", "",
           rg_inspect_plural(counts.opaque, "part", b, sizeof b),
           rg_inspect_plural(counts.crossings, "crossing", c, sizeof c),
           rg_inspect_plural(counts.passed, "tensor", d, sizeof d),
           rg_inspect_bytes(counts.passed_bytes, e, sizeof e));
}

/* --- the pair --------------------------------------------------------------------------------- */

/* What became of the nodes of one kind. */
typedef struct fate {
    uint32_t nodes, taken;
    uint64_t macs, macs_taken;
} fate;

static fate fate_of(const rg_inspect_pair *pair, const char *kind) {
    const rg_graph *graph = pair->model->graph;
    fate sum = {0};
    for (uint32_t i = 0; i < graph->n_nodes; i++) {
        if (strcmp(graph->nodes[i].kind, kind))
            continue;
        uint64_t macs = pair->look->nodes[i].work.macs;
        sum.nodes++;
        sum.macs += macs;
        sum.taken += pair->taken[i];
        sum.macs_taken += pair->taken[i] ? macs : 0;
    }
    return sum;
}

enum { PAIR_COLUMNS = 5, CELL = 64 };

static void pair_cells(const rg_inspect_pair *pair, uint32_t row, char cells[][CELL]) {
    const rg_inspect_kind *kind = &pair->look->kinds[row];
    fate f = fate_of(pair, kind->kind);
    rg_inspect_clean(kind->kind, cells[0], CELL);
    snprintf(cells[1], CELL, "%u", f.taken);
    snprintf(cells[2], CELL, "%u", f.nodes - f.taken);
    rg_inspect_count(f.macs_taken, cells[3], CELL);
    rg_inspect_count(f.macs - f.macs_taken, cells[4], CELL);
}

static void print_pair_table(const rg_inspect_pair *pair) {
    rg_column columns[PAIR_COLUMNS] = {{"operator", -12, 0, false},
                                       {"on device", 9, 1, false},
                                       {"on CPU", 7, 2, false},
                                       {"device MACs", 11, 3, false},
                                       {"CPU MACs", 9, 4, false}};
    char cells[PAIR_COLUMNS][CELL];
    const char *row[PAIR_COLUMNS];
    for (uint32_t i = 0; i < pair->look->n_kinds; i++) {
        pair_cells(pair, i, cells);
        rg_column_hold(&columns[0], strlen(cells[0]));
    }
    rg_columns_fit(columns, PAIR_COLUMNS, rg_columns_room());
    putchar('\n');
    rg_columns_head(columns, PAIR_COLUMNS);
    for (uint32_t i = 0; i < pair->look->n_kinds; i++) {
        pair_cells(pair, i, cells);
        for (size_t c = 0; c < PAIR_COLUMNS; c++)
            row[c] = cells[c];
        rg_columns_row(columns, PAIR_COLUMNS, row);
    }
}

void rg_inspect_print_pair(const rg_inspect_view *view) {
    const rg_inspect_pair *pair = view->pair;
    char name[256], a[32], b[32];
    if (!pair)
        return;
    rg_inspect_clean(pair->model->path, name, sizeof name);
    printf("%-12s %s\n", "made from", name);
    printf("%-12s %u of %u nodes run on the device\n", "", pair->counts.taken, pair->counts.nodes);
    if (pair->look->work.macs)
        printf("%-12s %s of %s MACs run on the device (%.1f %%)\n", "",
               rg_inspect_count(pair->macs_taken, a, sizeof a),
               rg_inspect_count(pair->look->work.macs, b, sizeof b),
               100.0 * (double)pair->macs_taken / (double)pair->look->work.macs);
    if (pair->look->refused)
        printf("%-12s without the MACs of %s that %s not known here\n", "",
               rg_inspect_plural(pair->look->refused, "node", a, sizeof a),
               pair->look->refused == 1 ? "is" : "are");
    if (pair->counts.added)
        printf("%-12s %s that the original does not have\n", "",
               rg_inspect_plural(pair->counts.added, "node", a, sizeof a));
    print_pair_table(pair);
}

/* --- as JSON ---------------------------------------------------------------------------------- */

static void set_count(json_t *one, const char *key, uint64_t n) {
    json_object_set_new(one, key, json_integer((json_int_t)n));
}

static json_t *numbers_of_taken(const rg_inspect_pair *pair) {
    json_t *all = json_array();
    for (uint32_t i = 0; i < pair->model->graph->n_nodes; i++) {
        if (pair->taken[i])
            json_array_append_new(all, json_integer(i));
    }
    return all;
}

static json_t *pair_json(const rg_inspect_pair *pair) {
    json_t *one = json_object();
    json_object_set_new(one, "file", rg_json_clean(pair->model->path));
    json_object_set_new(one, "sha256", json_string(pair->model->sha256));
    set_count(one, "nodes", pair->counts.nodes);
    set_count(one, "nodes_on_device", pair->counts.taken);
    set_count(one, "macs", pair->look->work.macs);
    set_count(one, "macs_on_device", pair->macs_taken);
    set_count(one, "nodes_added", pair->counts.added);
    json_object_set_new(one, "on_device", numbers_of_taken(pair));
    return one;
}

json_t *rg_inspect_compiled_json(const rg_inspect_view *view) {
    rg_offload counts;
    if (rg_offload_count(view->model->graph, &counts, NULL) != RG_OK || !counts.opaque)
        return json_null();
    json_t *one = json_object();
    set_count(one, "parts", counts.opaque);
    set_count(one, "nodes_on_cpu", counts.left);
    set_count(one, "macs_on_cpu", view->look->work.macs);
    set_count(one, "crossings", counts.crossings);
    set_count(one, "tensors_passed", counts.passed);
    set_count(one, "bytes_passed", counts.passed_bytes);
    json_object_set_new(one, "original", view->pair ? pair_json(view->pair) : json_null());
    return one;
}
