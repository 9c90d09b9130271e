/* tflite_variable.c: resource variables of a .tflite file. The file speaks of them by handles that
 * VAR_HANDLE makes from a name; in the graph each is a variable tensor of its own, which reading
 * and assigning nodes name directly. First values stand in the subgraph that CALL_ONCE runs. */
#include <string.h>

#include "models/tflite_read.h"
#include "models/tflite_schema.h"

typedef rg_tflite_reading reading;

enum { MOST_VARIABLES = 1024, NONE = -1 };

/* A variable by its names. `tensor` is its place among the graph's tensors once it has a type. */
typedef struct variable {
    const char *container, *name;
    int32_t tensor;
} variable;

typedef struct variables {
    variable items[MOST_VARIABLES];
    uint32_t n;
    uint32_t n_tensors; /* of the graph, variables included */
} variables;

static bool is_kind(const rg_node *node, const char *kind) {
    return node->known && !strcmp(node->kind, kind);
}

static void make_foreign(rg_node *node) {
    static const char *const names[][2] = {{"call_once", "CALL_ONCE"},
                                           {"var_handle", "VAR_HANDLE"},
                                           {"read_variable", "READ_VARIABLE"},
                                           {"assign_variable", "ASSIGN_VARIABLE"}};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (!strcmp(node->kind, names[i][0]))
            node->kind = names[i][1];
    }
    node->known = false;
}

static const char *word_of(const rg_node *node, const char *key) {
    const rg_attr *attr = rg_node_attr(node, key);
    return attr && attr->word ? attr->word : "";
}

static int32_t find_variable(const variables *all, const rg_node *handle) {
    const char *container = word_of(handle, "container"), *name = word_of(handle, "shared_name");
    for (uint32_t i = 0; i < all->n; i++) {
        if (!strcmp(all->items[i].name, name) && !strcmp(all->items[i].container, container))
            return (int32_t)i;
    }
    return NONE;
}

static rg_status add_variable(reading *r, variables *all, const rg_node *handle) {
    if (find_variable(all, handle) != NONE)
        return RG_OK;
    if (all->n == MOST_VARIABLES)
        return rg_fail(r->err, RG_UNSUPPORTED, "give a model with fewer variables",
                       "it has more than %d resource variables", MOST_VARIABLES);
    all->items[all->n++] =
        (variable){word_of(handle, "container"), word_of(handle, "shared_name"), NONE};
    return RG_OK;
}

static bool is_tensor(const rg_graph *graph, int32_t t) {
    return t >= 0 && (uint32_t)t < graph->n_tensors;
}

/* Notes in `of_handle` (by tensor) which variable each handle of the graph stands for. */
static rg_status find_handles(reading *r, const rg_graph *graph, variables *all, bool add,
                              int32_t *of_handle) {
    rg_status status = RG_OK;
    for (uint32_t t = 0; t < graph->n_tensors; t++)
        of_handle[t] = NONE;
    for (uint32_t n = 0; status == RG_OK && n < graph->n_nodes; n++) {
        const rg_node *node = &graph->nodes[n];
        if (!is_kind(node, "var_handle") || node->n_out != 1 || !is_tensor(graph, node->out[0]))
            continue;
        if (add)
            status = add_variable(r, all, node);
        of_handle[node->out[0]] = find_variable(all, node);
    }
    return status;
}

/* The tensor whose value a node moves from or to a variable; NONE when the node is malformed. */
static int32_t moved_tensor(const rg_graph *graph, const rg_node *node) {
    bool reads = is_kind(node, "read_variable");
    if (!reads && !is_kind(node, "assign_variable"))
        return NONE;
    bool whole = reads ? node->n_in == 1 && node->n_out == 1 : node->n_in == 2 && node->n_out == 0;
    int32_t t = !whole ? NONE : reads ? node->out[0] : node->in[1];
    return whole && is_tensor(graph, node->in[0]) && is_tensor(graph, t) ? t : NONE;
}

static bool same_form(const rg_tensor *a, const rg_tensor *b) {
    return a->dtype == b->dtype && rg_shape_equal(&a->shape, &b->shape);
}

/* The variable's own tensor, made after the first value that is moved from or to it. */
static rg_tensor *tensor_of(rg_graph *graph, variables *all, variable *v, const rg_tensor *like) {
    if (v->tensor == NONE) {
        rg_tensor *made = &graph->tensors[all->n_tensors];
        *made = *like;
        made->name = v->name;
        made->data = NULL;
        made->variable = true;
        v->tensor = (int32_t)all->n_tensors++;
    }
    return &graph->tensors[v->tensor];
}

/* Lets a reading or assigning node name the variable instead of its handle. */
static rg_status link_node(reading *r, variables *all, const int32_t *of_handle, rg_node *node) {
    rg_graph *graph = r->graph;
    int32_t value = moved_tensor(graph, node);
    int32_t which = value == NONE ? NONE : of_handle[node->in[0]];
    if (which == NONE || rg_dtype_bits(graph->tensors[value].dtype) == 0) {
        make_foreign(node);
        return RG_OK;
    }
    variable *v = &all->items[which];
    if (!same_form(tensor_of(graph, all, v, &graph->tensors[value]), &graph->tensors[value])) {
        make_foreign(node);
        return RG_OK;
    }
    int32_t *in = rg_arena_array(graph->arena, node->n_in, sizeof *in);
    if (!in)
        return rg_tflite_no_memory(r);
    in[0] = v->tensor;
    if (node->n_in > 1)
        in[1] = node->in[1];
    node->in = in;
    return RG_OK;
}

/* Gives a variable its first value; false when the node does anything else. */
static bool take_initial(const reading *r, variables *all, const rg_graph *once,
                         const int32_t *of_handle, const rg_node *node) {
    if (is_kind(node, "var_handle"))
        return true;
    int32_t value = is_kind(node, "assign_variable") ? moved_tensor(once, node) : NONE;
    if (value == NONE || !once->tensors[value].data)
        return false;
    int32_t which = of_handle[node->in[0]];
    if (which == NONE || all->items[which].tensor == NONE)
        return true; /* nothing reads it */
    rg_tensor *tensor = &r->graph->tensors[all->items[which].tensor];
    if (!same_form(tensor, &once->tensors[value]))
        return false;
    tensor->initial = once->tensors[value].data;
    return true;
}

/* Reads the subgraph that runs once, into the same arena, and takes the values from it. */
static rg_status run_once(reading *r, variables *all, int64_t subgraph, bool *ret_done) {
    *ret_done = false;
    if (subgraph < 1 || subgraph >= r->subgraphs.n)
        return RG_OK;
    rg_graph once = {.arena = r->graph->arena, .name = "", .description = "", .format = "tflite"};
    reading inner = *r;
    inner.graph = &once;
    rg_fb_table table = rg_fb_entry(&inner.fb, r->subgraphs, (uint32_t)subgraph);
    rg_status status = rg_tflite_damage(&inner);
    if (status == RG_OK)
        status = rg_tflite_read_tensors(&inner, table);
    if (status == RG_OK)
        status = rg_tflite_read_nodes(&inner, table);
    int32_t *of_handle = rg_arena_array(once.arena, once.n_tensors + 1, sizeof *of_handle);
    if (status == RG_OK && !of_handle)
        status = rg_tflite_no_memory(r);
    if (status == RG_OK)
        status = find_handles(r, &once, all, false, of_handle);
    r->fb = inner.fb;
    r->copies = inner.copies;
    if (status != RG_OK)
        return status;
    *ret_done = true;
    for (uint32_t n = 0; n < once.n_nodes; n++)
        *ret_done = *ret_done && take_initial(r, all, &once, of_handle, &once.nodes[n]);
    return RG_OK;
}

/* Each CALL_ONCE gives its values, or stays foreign when it computes anything. */
static rg_status settle_once(reading *r, variables *all) {
    enum { MOST_CALLS = 16 };
    rg_status status = RG_OK;
    uint32_t calls = 0;
    for (uint32_t n = 0; status == RG_OK && n < r->graph->n_nodes; n++) {
        rg_node *node = &r->graph->nodes[n];
        if (!is_kind(node, "call_once"))
            continue;
        bool done = false;
        const rg_attr *attr = rg_node_attr(node, "init_subgraph_index");
        if (calls++ < MOST_CALLS && node->n_in == 0 && node->n_out == 0)
            status = run_once(r, all, attr ? attr->i : 0, &done);
        if (!done)
            make_foreign(node);
    }
    return status;
}

/* Room for as many tensors more as there are variables. */
static rg_status grow_tensors(reading *r, const variables *all) {
    rg_graph *graph = r->graph;
    rg_tensor *tensors =
        rg_arena_array(graph->arena, (size_t)graph->n_tensors + all->n + 1, sizeof *tensors);
    if (!tensors)
        return rg_tflite_no_memory(r);
    memcpy(tensors, graph->tensors, graph->n_tensors * sizeof *tensors);
    graph->tensors = tensors;
    return RG_OK;
}

static bool has_resources(const rg_graph *graph) {
    for (uint32_t n = 0; n < graph->n_nodes; n++) {
        const rg_node *node = &graph->nodes[n];
        if (is_kind(node, "call_once") || is_kind(node, "var_handle") ||
            is_kind(node, "read_variable") || is_kind(node, "assign_variable"))
            return true;
    }
    return false;
}

rg_status rg_tflite_settle_variables(rg_tflite_reading *r) {
    rg_graph *graph = r->graph;
    if (!has_resources(graph))
        return RG_OK;
    variables *all = rg_arena_array(graph->arena, 1, sizeof *all);
    int32_t *of_handle = rg_arena_array(graph->arena, graph->n_tensors + 1, sizeof *of_handle);
    if (!all || !of_handle)
        return rg_tflite_no_memory(r);
    all->n_tensors = graph->n_tensors;
    rg_status status = find_handles(r, graph, all, true, of_handle);
    if (status == RG_OK)
        status = grow_tensors(r, all);
    for (uint32_t n = 0; status == RG_OK && n < graph->n_nodes; n++) {
        rg_node *node = &graph->nodes[n];
        if (is_kind(node, "read_variable") || is_kind(node, "assign_variable"))
            status = link_node(r, all, of_handle, node);
    }
    graph->n_tensors = all->n_tensors;
    return status == RG_OK ? settle_once(r, all) : status;
}
