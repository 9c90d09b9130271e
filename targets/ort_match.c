/* ort_match.c: which node is which: from what the runtime tells to the file's nodes, from those to
 * the source graph's. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/iface/exec.h"
#include "targets/ort_file.h"

/* A name and what has it; of equal names the heaviest comes first. */
typedef struct rg_ort_name {
    const char *text;
    uint32_t number;
    uint64_t weight;
} rg_ort_name;

static int by_text(const void *a, const void *b) {
    const rg_ort_name *x = a, *y = b;
    int order = strcmp(x->text, y->text);
    if (order || x->weight == y->weight)
        return order ? order : (x->number > y->number) - (x->number < y->number);
    return x->weight < y->weight ? 1 : -1;
}

/* The first that has this name; -1 none. */
static int32_t number_of(const rg_ort_name *names, size_t n, const char *text, size_t length) {
    size_t low = 0, high = n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strncmp(names[middle].text, text, length);
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    /* names that only begin so stand behind the one that is no longer */
    return low < n && !strncmp(names[low].text, text, length) && !names[low].text[length]
               ? (int32_t)names[low].number
               : -1;
}

/* --- the file's nodes, and the source graph's --------------------------------------------------
 */

/* Names of what makes values: of the source graph's nodes as read from an .onnx, of its tensors as
 * our writer names them ("t12" and more behind a slash, or the tensor's own; "n3/..." within node
 * 3). */
typedef struct makers {
    const rg_graph *graph;
    bool written;     /* our writer made the file from another format */
    int32_t *made_by; /* by tensor: the node that makes it, -1 none */
    rg_ort_name *names;
    size_t n;
} makers;

/* A node of the file may have become several: the one that multiplies stands for them. */
static bool find_makers(rg_arena *arena, const rg_graph *graph, makers *ret) {
    rg_work *works = rg_arena_array(arena, graph->n_nodes + 1, sizeof *works);
    makers m = {.graph = graph, .written = strcmp(graph->format ? graph->format : "", "onnx") != 0};
    m.made_by = rg_arena_array(arena, graph->n_tensors + 1, sizeof *m.made_by);
    size_t room = (size_t)graph->n_tensors + graph->n_nodes + 1;
    m.names = rg_arena_array(arena, room, sizeof *m.names);
    if (!m.made_by || !m.names || !works)
        return false;
    rg_graph_node_works(graph, works, NULL); /* unknown ones weigh nothing */
    for (uint32_t i = 0; i < graph->n_tensors; i++)
        m.made_by[i] = -1;
    for (uint32_t i = 0; i < graph->n_nodes; i++) {
        const rg_node *node = &graph->nodes[i];
        for (uint32_t k = 0; k < node->n_out; k++) {
            if (node->out[k] >= 0)
                m.made_by[node->out[k]] = (int32_t)i;
        }
        if (!m.written && node->name)
            m.names[m.n++] = (rg_ort_name){node->name, i, works[i].macs};
    }
    for (uint32_t i = 0; m.written && i < graph->n_tensors; i++) {
        if (m.made_by[i] >= 0)
            m.names[m.n++] = (rg_ort_name){graph->tensors[i].name, (uint32_t)m.made_by[i], 0};
    }
    qsort(m.names, m.n, sizeof *m.names, by_text);
    *ret = m;
    return true;
}

/* The source node that makes a value of the file. */
static int32_t maker_of(const makers *m, const char *value) {
    size_t n = m->written ? strcspn(value, "/") : strlen(value);
    unsigned number;
    if (m->written && sscanf(value, "t%9u", &number) == 1 && number < m->graph->n_tensors)
        return m->made_by[number];
    if (m->written && sscanf(value, "n%9u/", &number) == 1 && number < m->graph->n_nodes)
        return (int32_t)number;
    return n ? number_of(m->names, m->n, value, n) : -1;
}

/* Which nodes make a value and which read it. */
typedef struct ends {
    rg_ort_name *made, *read; /* sorted by the value's name */
    size_t n_made, n_read;
} ends;

static bool find_ends(rg_arena *arena, const rg_ort_file *file, ends *ret) {
    size_t n_in = 0, n_out = 0;
    for (uint32_t i = 0; i < file->n_nodes; i++) {
        n_in += file->nodes[i].n_in;
        n_out += file->nodes[i].n_out;
    }
    *ret = (ends){rg_arena_array(arena, n_out + 1, sizeof(rg_ort_name)),
                  rg_arena_array(arena, n_in + 1, sizeof(rg_ort_name)), 0, 0};
    if (!ret->made || !ret->read)
        return false;
    for (uint32_t i = 0; i < file->n_nodes; i++) {
        const rg_ort_node *node = &file->nodes[i];
        for (uint32_t k = 0; k < node->n_in; k++)
            ret->read[ret->n_read++] = (rg_ort_name){node->in[k], i, 0};
        for (uint32_t k = 0; k < node->n_out; k++)
            ret->made[ret->n_made++] = (rg_ort_name){node->out[k], i, 0};
    }
    qsort(ret->made, ret->n_made, sizeof *ret->made, by_text);
    qsort(ret->read, ret->n_read, sizeof *ret->read, by_text);
    return true;
}

/* What reads a node's output first, and what makes its input. */
static int32_t reader_of(const ends *e, const rg_ort_node *node) {
    const char *value = node->n_out ? node->out[0] : "";
    return *value ? number_of(e->read, e->n_read, value, strlen(value)) : -1;
}

static int32_t writer_of(const ends *e, const rg_ort_node *node) {
    const char *value = node->n_in ? node->in[0] : "";
    return *value ? number_of(e->made, e->n_made, value, strlen(value)) : -1;
}

/* Behind a node to one with a source, a few steps at most: quantize and dequantize stand in pairs.
 */
static int32_t served(const rg_ort_file *file, const ends *e, uint32_t index, bool forwards) {
    int32_t at = (int32_t)index;
    for (int steps = 0; steps < 4 && at >= 0; steps++) {
        if (file->nodes[at].source >= 0)
            return file->nodes[at].source;
        at = forwards ? reader_of(e, &file->nodes[at]) : writer_of(e, &file->nodes[at]);
    }
    return -1;
}

/* A node without a source node of its own goes with what it serves: the one behind it when it
 * dequantizes, else the one before it. */
static void join_the_rest(rg_ort_file *file, const ends *e, int32_t *found) {
    for (uint32_t i = 0; i < file->n_nodes; i++) {
        bool forwards = !strcmp(file->nodes[i].type, "DequantizeLinear");
        found[i] = served(file, e, i, forwards);
        if (found[i] < 0)
            found[i] = served(file, e, i, !forwards);
    }
    for (uint32_t i = 0; i < file->n_nodes; i++)
        file->nodes[i].source = found[i];
}

/* What the runtime's names are looked up in. */
static bool index_names(rg_arena *arena, rg_ort_file *file, const ends *e) {
    file->by_name = rg_arena_array(arena, file->n_nodes + 1, sizeof *file->by_name);
    if (!file->by_name)
        return false;
    for (uint32_t i = 0; i < file->n_nodes; i++)
        file->by_name[i] = (rg_ort_name){file->nodes[i].name, i, 0};
    qsort(file->by_name, file->n_nodes, sizeof *file->by_name, by_text);
    file->by_value = e->made;
    file->n_values = e->n_made;
    return true;
}

rg_status rg_ort_file_join(rg_arena *arena, rg_ort_file *file, const rg_graph *graph, rg_err *err) {
    makers m;
    ends e;
    int32_t *found = rg_arena_array(arena, file->n_nodes + 1, sizeof *found);
    if (!found || !find_makers(arena, graph, &m) || !find_ends(arena, file, &e) ||
        !index_names(arena, file, &e))
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory matching nodes");
    for (uint32_t i = 0; i < file->n_nodes; i++) {
        rg_ort_node *node = &file->nodes[i];
        for (uint32_t k = 0; k < node->n_out && node->source < 0; k++)
            node->source = maker_of(&m, node->out[k]);
    }
    join_the_rest(file, &e, found);
    return RG_OK;
}

/* --- the runtime's nodes ---------------------------------------------------------------------- */

/* Whether what the runtime adds to a name may begin here: "conv_1" is no longer form of "conv". */
static bool ends_at(const char *tail) {
    static const char *const tails[] = {"/", "_token_", "_nchwc", "_quant", "_dq", "_fused", "_q"};
    if (!*tail)
        return true;
    for (size_t i = 0; i < sizeof tails / sizeof tails[0]; i++) {
        if (!strncmp(tail, tails[i], strlen(tails[i])))
            return true;
    }
    return false;
}

/* "QLinearConv" and "NhwcMaxPool" compute what "Conv" and "MaxPool" said. */
static bool computes(const char *runtime_type, const char *type) {
    size_t whole = strlen(runtime_type), n = strlen(type);
    return n && whole >= n && !strcmp(runtime_type + whole - n, type);
}

/* A layer that was joined to its activation has the activation's name: back to the layer. */
static int32_t layer_of(const rg_ort_file *file, int32_t found, const char *type) {
    int32_t at = found;
    for (int steps = 0; steps < 3 && at >= 0; steps++) {
        const rg_ort_node *node = &file->nodes[at];
        if (computes(type, node->type))
            return at;
        at = node->n_in
                 ? number_of(file->by_value, file->n_values, node->in[0], strlen(node->in[0]))
                 : -1;
    }
    return found;
}

/* By the longest beginning of the name that a node or a value of the file has. */
static int32_t by_beginning(const rg_ort_file *file, const char *name) {
    for (size_t n = strlen(name); n > 0; n--) {
        if (!ends_at(name + n))
            continue;
        int32_t found = number_of(file->by_name, file->n_nodes, name, n);
        if (found < 0)
            found = number_of(file->by_value, file->n_values, name, n);
        if (found >= 0)
            return found;
    }
    return -1;
}

int32_t rg_ort_file_find(const rg_ort_file *file, const char *name, const char *type,
                         int32_t index) {
    static const char fused[] = "fused ";
    size_t n = strlen(name);
    int32_t found = n ? number_of(file->by_name, file->n_nodes, name, n) : -1;
    if (found >= 0)
        return found;
    if (index >= 0 && (uint32_t)index < file->n_nodes && !*file->nodes[index].name &&
        !strcmp(file->nodes[index].type, type))
        return index;
    found = by_beginning(file, name);
    if (found < 0 && !strncmp(name, fused, strlen(fused)))
        found = by_beginning(file, name + strlen(fused));
    return found < 0 ? -1 : layer_of(file, found, type);
}

int32_t rg_ort_file_take(const rg_ort_file *file, const char *type, bool *taken) {
    for (uint32_t i = 0; i < file->n_nodes; i++) {
        if (!taken[i] && !*file->nodes[i].name && !strcmp(file->nodes[i].type, type)) {
            taken[i] = true;
            return (int32_t)i;
        }
    }
    return -1;
}
