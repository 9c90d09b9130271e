/* onnx_reader.c: .onnx files: decoded within bounds, names resolved, nodes turned into ours
 * (onnx_node.c), and what nobody uses left out. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "bench/core/magic.h"
#include "bench/core/remark.h"
#include "models/onnx_read.h"
#include "models/onnx_wire.h"

static const char damaged_advice[] =
    "the file is damaged or its exporter erred: copy it again, or export it again";

/* What to try where the failure itself says nothing. */
static const char *advice_for(rg_status status) {
    if (status == RG_UNSUPPORTED)
        return "export it as one file of plain tensors; docs/onnx.md tells what is read";
    return status == RG_NO_MEMORY ? "give a smaller model" : damaged_advice;
}

/* --- decoding --- */

/* What the decoder may still allocate. */
typedef struct budget {
    size_t left_bytes;
    bool spent; /* something was asked for that was not there */
} budget;

enum { HEADER = 16 };

static void *budget_alloc(void *data, size_t bytes) {
    budget *b = data;
    bool fits = bytes <= b->left_bytes && bytes <= SIZE_MAX - HEADER;
    char *memory = fits ? malloc(bytes + HEADER) : NULL;
    b->spent |= !memory;
    if (!memory)
        return NULL;
    b->left_bytes -= bytes;
    memcpy(memory, &bytes, sizeof bytes);
    return memory + HEADER;
}

static void budget_free(void *data, void *memory) {
    budget *b = data;
    size_t bytes;
    if (!memory)
        return;
    memcpy(&bytes, (char *)memory - HEADER, sizeof bytes);
    b->left_bytes += bytes;
    free((char *)memory - HEADER);
}

/* --- names --- */

/* Values by name: an open table of numbers plus one. */
typedef struct names {
    uint32_t *slots, mask;
    uint64_t point; /* secret: see hash_of */
} names;

enum { PRIME = INT32_MAX };

/* A number that the author of a file cannot foresee; numbers of values do not depend on it. */
static uint64_t secret_point(void) {
    uint64_t bits = 0;
    if (getrandom(&bits, sizeof bits, GRND_NONBLOCK) != (ssize_t)sizeof bits)
        bits = (uint64_t)time(NULL) * 2654435761u ^ (uint64_t)(uintptr_t)&bits;
    return 256 + bits % (PRIME - 256);
}

/* The name as a polynomial at a secret point, modulo a prime: no file can hold names that all fall
 * together, for two names of length n agree at n points at most. */
static uint32_t hash_of(const names *table, const char *name) {
    uint64_t sum = 0;
    for (; *name; name++)
        sum = (sum * table->point + (unsigned char)*name) % PRIME;
    return (uint32_t)(sum * 0x9e3779b97f4a7c15u >> 32);
}

/* A text fit for messages and reports: printable, at most 255 bytes; others become '?'. */
static const char *printable(rg_onnx *r, const char *text) {
    char *copy = rg_arena_printf(r->graph->arena, "%.255s", text);
    if (!copy)
        return rg_onnx_no_memory(r), "";
    for (char *c = copy; *c; c++)
        *c = (unsigned char)*c < ' ' || (unsigned char)*c > '~' ? '?' : *c;
    return copy;
}

/* What a file says: names point into the decoded message; values' own names are printable. */
typedef struct reading {
    rg_onnx r;
    const Rg__Onnx__Graph *graph;
    names names;
    const char **keys; /* by value: the name as it stands in the file */
    uint32_t n_named;
} reading;

/* The value with this name, made when it is new; RG_ONNX_NONE for "" or without memory. */
static int32_t value_named(reading *d, const char *name) {
    if (!name || !name[0] || d->r.status != RG_OK)
        return RG_ONNX_NONE;
    uint32_t at = hash_of(&d->names, name) & d->names.mask;
    for (; d->names.slots[at]; at = (at + 1) & d->names.mask) {
        if (!strcmp(d->keys[d->names.slots[at] - 1], name))
            return (int32_t)(d->names.slots[at] - 1);
    }
    if (d->r.n_values >= d->n_named)
        return rg_onnx_fail(&d->r, RG_BAD_DATA, "more names than there can be"), RG_ONNX_NONE;
    d->keys[d->r.n_values] = name;
    d->names.slots[at] = d->r.n_values + 1;
    rg_onnx_value *v = &d->r.values[d->r.n_values];
    v->name = printable(&d->r, name);
    v->dtype = RG_DTYPE_VARIANT;
    v->user = RG_ONNX_NONE;
    return (int32_t)d->r.n_values++;
}

/* Room for every name that the file can hold, and for values without a name. */
static rg_status make_room(reading *d) {
    const Rg__Onnx__Graph *g = d->graph;
    rg_onnx *r = &d->r;
    uint64_t named = g->n_initializer + g->n_input + g->n_output + g->n_value_info, free_ones = 16;
    for (size_t i = 0; i < g->n_node; i++) {
        named += g->node[i]->n_input + g->node[i]->n_output;
        free_ones += g->node[i]->n_input + 1;
    }
    uint64_t slots = 16;
    while (slots < 2 * named)
        slots *= 2;
    if (named + free_ones > INT32_MAX / 4)
        return rg_onnx_fail(r, RG_NO_MEMORY, "it has too many names");
    d->n_named = (uint32_t)named;
    d->names.mask = (uint32_t)slots - 1;
    d->names.point = secret_point();
    r->cap_values = (uint32_t)(named + free_ones);
    d->names.slots = rg_arena_array(r->graph->arena, slots, sizeof *d->names.slots);
    d->keys = rg_arena_array(r->graph->arena, named + 1, sizeof *d->keys);
    r->values = rg_arena_array(r->graph->arena, r->cap_values, sizeof *r->values);
    r->nodes = rg_arena_array(r->graph->arena, g->n_node + 1, sizeof *r->nodes);
    return d->names.slots && d->keys && r->values && r->nodes ? RG_OK : rg_onnx_no_memory(r);
}

/* --- the graph --- */

/* What a file says of a dimension; -1 where it leaves it open, also by a number of its own. */
static int64_t told_dim(const Rg__Onnx__Dim *dim) {
    return dim->has_value ? dim->value : -1;
}

/* The declared type and shape; sizes that are not told count as one. */
static void declare(reading *d, const Rg__Onnx__Value *proto) {
    int32_t number = value_named(d, proto->name);
    const Rg__Onnx__TensorType *type = proto->type ? proto->type->tensor_type : NULL;
    bool known;
    if (number < 0 || !type)
        return;
    rg_onnx_value *v = &d->r.values[number];
    if (v->there) /* an initializer, which knows better */
        return;
    v->dtype = rg_onnx_dtype(type->elem_type, &known);
    if (!type->shape || type->shape->n_dim > RG_MAX_RANK) {
        v->dtype = RG_DTYPE_VARIANT;
        return;
    }
    v->shape.rank = (uint32_t)type->shape->n_dim;
    for (uint32_t i = 0; i < v->shape.rank; i++) {
        int64_t dim = told_dim(type->shape->dim[i]);
        if (dim < -1 || dim > INT32_MAX)
            rg_onnx_fail(&d->r, RG_BAD_DATA, "%s is declared with the dimension %lld", v->name,
                         (long long)dim);
        v->shape.dim[i] = dim < 0 ? 1 : (int32_t)dim;
    }
}

/* Notes which dimensions of input i of the graph were left open. */
static void note_open_dims(rg_onnx *r, const Rg__Onnx__Value *proto, uint32_t i) {
    const Rg__Onnx__Shape *shape = proto->type->tensor_type->shape;
    rg_remark remark = {.index = i};
    for (uint32_t k = 0; k < shape->n_dim; k++)
        remark.open_dims |= told_dim(shape->dim[k]) < 0 ? 1u << k : 0;
    if (remark.open_dims && !rg_remark_add(r->graph, remark))
        rg_onnx_no_memory(r);
}

static rg_status read_initializers(reading *d) {
    rg_onnx *r = &d->r;
    for (size_t i = 0; i < d->graph->n_initializer && r->status == RG_OK; i++) {
        const Rg__Onnx__Tensor *proto = d->graph->initializer[i];
        int32_t number = value_named(d, proto->name);
        if (number < 0)
            return rg_onnx_fail(r, RG_BAD_DATA, "initializer %zu has no name", i);
        rg_onnx_value *v = &r->values[number];
        if (v->there)
            return rg_onnx_fail(r, RG_BAD_DATA, "two initializers are called %s", v->name);
        char what[300];
        snprintf(what, sizeof what, "initializer %s", v->name);
        r->naming = v->name;
        int32_t tensor = rg_onnx_load(r, proto, what);
        if (tensor < 0 || r->status != RG_OK)
            return r->status;
        const rg_tensor *t = rg_onnx_at(r, tensor);
        rg_onnx_order order = rg_onnx_plain(t->shape.rank);
        rg_onnx_define(r, v, t->dtype, tensor, &order);
    }
    return r->status;
}

/* Inputs that have an initializer are constants; the others are the graph's. */
static rg_status read_inputs(reading *d, int32_t *list) {
    rg_onnx *r = &d->r;
    for (size_t i = 0; i < d->graph->n_input && r->status == RG_OK; i++) {
        declare(d, d->graph->input[i]);
        int32_t number = value_named(d, d->graph->input[i]->name);
        if (number < 0)
            return rg_onnx_fail(r, RG_BAD_DATA, "input %zu has no name", i);
        rg_onnx_value *v = &r->values[number];
        if (v->there && rg_onnx_constant(r, v))
            continue;
        if (v->there)
            return rg_onnx_fail(r, RG_BAD_DATA, "two inputs are called %s", v->name);
        if (v->dtype == RG_DTYPE_VARIANT)
            return rg_onnx_fail(r, RG_UNSUPPORTED, "input %s is no tensor of a known type and rank",
                                v->name);
        rg_onnx_order order = rg_onnx_plain(v->shape.rank);
        r->naming = v->name;
        int32_t tensor = rg_onnx_tensor(r, v->dtype, &v->shape, NULL, NULL);
        rg_onnx_define(r, v, v->dtype, tensor, &order);
        note_open_dims(r, d->graph->input[i], r->graph->n_in);
        list[r->graph->n_in++] = tensor;
    }
    return r->status;
}

static int32_t *value_list(reading *d, char **list, size_t n) {
    int32_t *numbers = rg_arena_array(d->r.graph->arena, n + 1, sizeof *numbers);
    for (size_t i = 0; numbers && i < n; i++)
        numbers[i] = value_named(d, list[i]);
    if (!numbers)
        rg_onnx_no_memory(&d->r);
    return numbers;
}

static rg_status read_node(reading *d, uint32_t index) {
    const Rg__Onnx__Node *proto = d->graph->node[index];
    rg_onnx *r = &d->r;
    rg_onnx_node *node = &r->nodes[index];
    const char *domain = proto->domain ? proto->domain : "";
    node->proto = proto;
    node->type = printable(r, proto->op_type ? proto->op_type : "");
    node->microsoft = !strcmp(domain, "com.microsoft");
    if (domain[0] && !node->microsoft && strcmp(domain, "ai.onnx"))
        node->type = rg_arena_printf(r->graph->arena, "%s::%s", printable(r, domain), node->type);
    node->n_in = (uint32_t)proto->n_input;
    node->n_out = (uint32_t)proto->n_output;
    node->in = value_list(d, proto->input, proto->n_input);
    node->out = value_list(d, proto->output, proto->n_output);
    if (!node->type || r->status != RG_OK)
        return rg_onnx_no_memory(r);
    if (!node->type[0])
        return rg_onnx_fail(r, RG_BAD_DATA, "node %u has no type", index);
    for (uint32_t i = 0; i < node->n_in; i++) {
        if (node->in[i] >= 0) {
            r->values[node->in[i]].uses++;
            r->values[node->in[i]].user = (int32_t)index;
        }
    }
    return RG_OK;
}

/* Every value has one maker: an input, an initializer or a node. */
static rg_status check_makers(reading *d) {
    rg_onnx *r = &d->r;
    bool *made = rg_arena_alloc(r->graph->arena, r->n_values + 1);
    if (!made)
        return rg_onnx_no_memory(r);
    for (uint32_t i = 0; i < r->n_values; i++)
        made[i] = r->values[i].there;
    for (uint32_t i = 0; i < r->n_nodes; i++) {
        for (uint32_t k = 0; k < r->nodes[i].n_out; k++) {
            int32_t out = r->nodes[i].out[k];
            if (out < 0)
                continue;
            if (made[out])
                return rg_onnx_fail(r, RG_BAD_DATA, "node %u (%s) makes %s, which is there already",
                                    i, r->nodes[i].type, r->values[out].name);
            made[out] = true;
        }
    }
    return RG_OK;
}

static rg_status read_outputs(reading *d, int32_t *numbers) {
    rg_onnx *r = &d->r;
    for (size_t i = 0; i < d->graph->n_output; i++) {
        declare(d, d->graph->output[i]);
        numbers[i] = value_named(d, d->graph->output[i]->name);
        if (numbers[i] < 0)
            return rg_onnx_fail(r, RG_BAD_DATA, "output %zu has no name", i);
        r->values[numbers[i]].is_output = true;
    }
    return r->status;
}

/* Notes a declared shape of output i that the graph contradicts. */
static void note_declared(rg_onnx *r, const Rg__Onnx__Value *proto, const rg_shape *is,
                          uint32_t i) {
    const Rg__Onnx__TensorType *type = proto->type ? proto->type->tensor_type : NULL;
    const Rg__Onnx__Shape *says = type ? type->shape : NULL;
    rg_remark remark = {.is_output = true, .index = i};
    if (!says || says->n_dim > RG_MAX_RANK)
        return;
    remark.declared.rank = (uint32_t)says->n_dim;
    bool differs = remark.declared.rank != is->rank;
    for (uint32_t k = 0; k < remark.declared.rank; k++) {
        int64_t dim = told_dim(says->dim[k]);
        remark.declared.dim[k] = dim < 0 ? 1 : (int32_t)dim;
        differs |= dim >= 0 && k < is->rank && dim != is->dim[k];
    }
    if (differs && !rg_remark_add(r->graph, remark))
        rg_onnx_no_memory(r);
}

/* Outputs as the file has them: their own type, dimensions in order 0 1 2 ... */
static rg_status finish_outputs(reading *d, const int32_t *numbers, int32_t *list) {
    rg_onnx *r = &d->r;
    for (size_t i = 0; i < d->graph->n_output && r->status == RG_OK; i++) {
        rg_onnx_value *v = &r->values[numbers[i]];
        if (!v->there)
            return rg_onnx_fail(r, RG_BAD_DATA, "output %s is never computed", v->name);
        r->naming = v->name;
        list[i] = rg_onnx_get(r, v, NULL, v->unknown ? RG_DTYPE_ANY : v->dtype);
        if (r->status != RG_OK)
            return r->status;
        rg_onnx_at(r, list[i])->name = v->name;
        if (!v->unknown)
            note_declared(r, d->graph->output[i], &v->shape, (uint32_t)i);
    }
    r->graph->n_out = (uint32_t)d->graph->n_output;
    return r->status;
}

/* --- leaving out what nobody uses --- */

static bool mark_used(const rg_graph *g, const int32_t *list, uint32_t n, bool *used) {
    for (uint32_t i = 0; i < n; i++) {
        if (list[i] >= 0)
            used[list[i]] = true;
    }
    return g != NULL;
}

static bool node_used(const rg_node *node, const bool *used) {
    if (!node->known)
        return true;
    for (uint32_t i = 0; i < node->n_out; i++) {
        if (used[node->out[i]])
            return true;
    }
    return false;
}

static void renumber(int32_t *list, uint32_t n, const int32_t *number) {
    for (uint32_t i = 0; i < n; i++)
        list[i] = list[i] < 0 ? list[i] : number[list[i]];
}

static rg_status leave_out_unused(rg_onnx *r, int32_t *in, int32_t *out) {
    rg_graph *g = r->graph;
    bool *used = rg_arena_alloc(g->arena, g->n_tensors + 1);
    int32_t *number = rg_arena_array(g->arena, g->n_tensors + 1, sizeof *number);
    uint32_t n = 0, kept = 0;
    if (!used || !number)
        return rg_onnx_no_memory(r);
    mark_used(g, in, g->n_in, used);
    mark_used(g, out, g->n_out, used);
    for (uint32_t i = g->n_nodes; i-- > 0;) {
        if (!node_used(&g->nodes[i], used))
            continue;
        mark_used(g, g->nodes[i].in, g->nodes[i].n_in, used);
        mark_used(g, g->nodes[i].out, g->nodes[i].n_out, used);
    }
    for (uint32_t i = 0; i < g->n_nodes; i++) {
        if (node_used(&g->nodes[i], used))
            g->nodes[kept++] = g->nodes[i];
    }
    g->n_nodes = kept;
    for (uint32_t i = 0; i < g->n_tensors; i++) {
        number[i] = used[i] ? (int32_t)n : RG_ONNX_NONE;
        if (used[i])
            g->tensors[n++] = g->tensors[i];
    }
    g->n_tensors = n;
    renumber(in, g->n_in, number);
    renumber(out, g->n_out, number);
    for (uint32_t i = 0; i < g->n_nodes; i++) {
        renumber((int32_t *)(uintptr_t)g->nodes[i].in, g->nodes[i].n_in, number);
        renumber((int32_t *)(uintptr_t)g->nodes[i].out, g->nodes[i].n_out, number);
    }
    return RG_OK;
}

/* --- the file --- */

/* The version of the default operator set. */
static rg_status read_opset(reading *d, const Rg__Onnx__Model *model) {
    for (size_t i = 0; i < model->n_opset_import; i++) {
        const char *domain = model->opset_import[i]->domain;
        if (!domain || !domain[0] || !strcmp(domain, "ai.onnx"))
            d->r.opset = model->opset_import[i]->version;
    }
    if (d->r.opset < 1)
        return rg_onnx_fail(&d->r, RG_BAD_DATA, "it imports no version of the ONNX operators");
    return RG_OK;
}

static rg_status build(reading *d, const Rg__Onnx__Model *model) {
    rg_onnx *r = &d->r;
    const rg_shape scalar = {0};
    rg_arena *arena = r->graph->arena;
    d->graph = model->graph;
    if (!d->graph)
        return rg_onnx_fail(r, RG_BAD_DATA, "it holds no graph");
    if (d->graph->n_node == 0)
        return rg_onnx_fail(r, RG_BAD_DATA, "its graph has no nodes");
    int32_t *in = rg_arena_array(arena, d->graph->n_input + 1, sizeof *in);
    int32_t *out = rg_arena_array(arena, d->graph->n_output + 1, sizeof *out);
    int32_t *results = rg_arena_array(arena, d->graph->n_output + 1, sizeof *results);
    if (!in || !out || !results)
        return rg_onnx_no_memory(r);
    if (read_opset(d, model) != RG_OK || make_room(d) != RG_OK)
        return r->status;
    rg_onnx_tensor(r, RG_DTYPE_FLOAT32, &scalar, NULL, NULL); /* stands in after a failure */
    r->n_nodes = (uint32_t)d->graph->n_node;
    for (size_t i = 0; i < d->graph->n_value_info; i++)
        declare(d, d->graph->value_info[i]);
    read_initializers(d);
    if (r->status == RG_OK)
        read_inputs(d, in);
    for (uint32_t i = 0; r->status == RG_OK && i < r->n_nodes; i++)
        read_node(d, i);
    if (r->status != RG_OK || check_makers(d) != RG_OK || read_outputs(d, results) != RG_OK)
        return r->status;
    if (rg_onnx_lower_all(r) != RG_OK || finish_outputs(d, results, out) != RG_OK)
        return r->status;
    r->graph->in = in;
    r->graph->out = out;
    return leave_out_unused(r, in, out);
}

static rg_status read_model(reading *d, const Rg__Onnx__Model *model, const char *name,
                            size_t bytes) {
    rg_graph *g = d->r.graph;
    g->format = "onnx";
    g->file_bytes = bytes;
    g->name = rg_arena_strdup(g->arena, name ? name : "");
    g->description = model->producer_name ? printable(&d->r, model->producer_name) : "";
    if (!g->name)
        return rg_onnx_no_memory(&d->r);
    rg_status status = build(d, model);
    return status == RG_OK ? rg_graph_check(g, d->r.err) : status;
}

static rg_status check_head(const void *data, size_t bytes, const rg_model_limits *limits,
                            rg_err *err) {
    const rg_magic *magic = rg_magic_of(data, bytes);
    if (bytes > limits->file_bytes)
        return rg_fail(err, RG_NO_MEMORY, "give a smaller model",
                       "it has %zu bytes, more than the limit of %zu", bytes, limits->file_bytes);
    if (!rg_onnx_sniff(data, bytes))
        return rg_fail(err, RG_BAD_DATA, magic ? magic->advice : "give an .onnx model",
                       "this is %s", magic ? magic->what : "no ONNX model");
    return RG_OK;
}

static rg_status decode(const void *data, size_t bytes, const rg_model_limits *limits, reading *d,
                        const char *name) {
    rg_onnx_counts counts;
    budget b = {limits->graph_bytes, false};
    ProtobufCAllocator allocator = {budget_alloc, budget_free, &b};
    rg_status status = rg_onnx_scan(data, bytes, limits, &counts, d->r.err);
    if (status != RG_OK)
        return status;
    Rg__Onnx__Model *model = rg__onnx__model__unpack(&allocator, bytes, data);
    if (!model && b.spent)
        return rg_fail(d->r.err, RG_NO_MEMORY, "give a smaller model",
                       "decoding it needs more than the limit of %zu bytes", limits->graph_bytes);
    if (!model)
        return rg_fail(d->r.err, RG_BAD_DATA, damaged_advice, "it cannot be decoded");
    status = read_model(d, model, name, bytes);
    rg__onnx__model__free_unpacked(model, &allocator);
    return status;
}

static rg_status read_onnx(const void *data, size_t bytes, const char *name,
                           const rg_model_limits *limits, rg_graph **ret_graph, rg_err *err) {
    rg_err own = RG_ERR_INIT;
    if (!err)
        err = &own;
    if (!limits)
        limits = &rg_model_limits_default;
    reading d = {.r = {.limits = limits, .err = err, .naming = ""}};
    rg_status status = check_head(data, bytes, limits, err);
    if (status == RG_OK && !(d.r.graph = rg_graph_new(limits->graph_bytes)))
        status = rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    if (status == RG_OK)
        status = decode(data, bytes, limits, &d, name);
    if (status == RG_OK) {
        *ret_graph = d.r.graph;
        return RG_OK;
    }
    rg_graph_free(d.r.graph);
    if (!err->advice[0])
        snprintf(err->advice, sizeof err->advice, "%s", advice_for(status));
    if (name && name[0])
        rg_err_prefix(err, "%s", name);
    return status;
}

const rg_reader rg_reader_onnx = {
    .name = "onnx",
    .summary = "ONNX models: float, QDQ and QOperator",
    .extension = ".onnx",
    .sniff = rg_onnx_sniff,
    .read = read_onnx,
};
