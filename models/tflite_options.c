/* tflite_options.c: a node's attributes as the options table of its operator, by the rows of
 * tflite_schema.c. What cannot be said in the file is refused by name, never dropped. */
#include <math.h>
#include <string.h>

#include "models/tflite_write.h"

typedef rg_tflite_option option;

static const char advice[] = "see docs or `railgauge list ops` for the attributes of operators";

static int word_number(const option *row, const char *word) {
    for (int i = 0; word && row->words[i]; i++) {
        if (!strcmp(row->words[i], word))
            return i;
    }
    return -1;
}

static bool is_derived(const option *row) {
    return row->store == RG_TFLITE_SHAPE || row->store == RG_TFLITE_SQUEEZED;
}

/* The attribute as a number; attributes from Lua may be reals where integers are meant. */
static double number_of(const rg_attr *attr) {
    return attr->type == RG_ATTR_REAL ? attr->r : (double)attr->i;
}

static bool in_range(const option *row, double value) {
    switch (row->store) {
    case RG_TFLITE_F32:
        return isfinite(value) && isfinite((float)value);
    case RG_TFLITE_BOOL:
        return value == 0 || value == 1;
    case RG_TFLITE_I8:
        return value == floor(value) && value >= 0 && value <= 127;
    default:
        return value == floor(value) && value >= INT32_MIN && value <= INT32_MAX;
    }
}

static bool fits(const option *row, const rg_attr *attr) {
    if (row->store == RG_TFLITE_WORD)
        return attr->type == RG_ATTR_WORD && word_number(row, attr->word) >= 0;
    if (row->store == RG_TFLITE_TEXT)
        return attr->type == RG_ATTR_WORD && attr->word;
    return attr->type != RG_ATTR_WORD && in_range(row, number_of(attr));
}

static const option *row_of(const rg_tflite_op *op, const char *key) {
    for (const option *row = op->options; row && row->key; row++) {
        if (!strcmp(row->key, key) && !is_derived(row))
            return row;
    }
    return NULL;
}

/* Place of an inner tensor's attribute, -1 when the key is none. */
static int intermediate_number(const char *key) {
    for (int i = 0; i < TFLITE_MAX_INTERMEDIATES; i++) {
        if (!strcmp(rg_tflite_intermediate_keys[i], key))
            return i;
    }
    return -1;
}

static rg_status check_attr(const rg_node *node, const rg_tflite_op *op, const rg_attr *attr,
                            uint32_t index, rg_err *err) {
    const option *row = row_of(op, attr->key);
    if (row && fits(row, attr))
        return RG_OK;
    if (row)
        return rg_fail(err, RG_UNSUPPORTED, advice,
                       "node %u (%s): .tflite cannot express this value of %s", index, node->kind,
                       attr->key);
    if (intermediate_number(attr->key) >= 0 && attr->type == RG_ATTR_INT)
        return RG_OK;
    return rg_fail(err, RG_UNSUPPORTED, advice, "node %u (%s): .tflite has no option %s for it",
                   index, node->kind, attr->key);
}

rg_status rg_tflite_check_node(const rg_graph *graph, uint32_t index, rg_err *err) {
    const rg_node *node = &graph->nodes[index];
    const rg_tflite_op *op = node->known ? rg_tflite_op_of_kind(node->kind, node->n_in) : NULL;
    if (!op)
        return rg_fail(err, RG_UNSUPPORTED, "remove the node, or export to another format",
                       "node %u (%s) cannot be written to .tflite", index, node->kind);
    for (uint32_t i = 0; i < node->n_attrs; i++) {
        rg_status status = check_attr(node, op, &node->attrs[i], index, err);
        if (status != RG_OK)
            return status;
    }
    for (const option *row = op->options; row && row->key; row++) {
        if (row->needed && !rg_node_attr(node, row->key))
            return rg_fail(err, RG_UNSUPPORTED, advice, "node %u (%s) lacks the attribute %s",
                           index, node->kind, row->key);
    }
    return RG_OK;
}

static double value_of(const option *row, const rg_node *node) {
    const rg_attr *attr = rg_node_attr(node, row->key);
    if (!attr)
        return row->absent;
    return row->store == RG_TFLITE_WORD ? word_number(row, attr->word) : number_of(attr);
}

/* A scalar field; false when it is the schema's default and stays out. */
static bool scalar_field(const option *row, const rg_node *node, rg_fbw_field *ret) {
    double value = value_of(row, node);
    ret->slot = row->slot;
    ret->size = row->store == RG_TFLITE_I32 || row->store == RG_TFLITE_F32 ? 4 : 1;
    if (row->store == RG_TFLITE_F32) {
        float narrow = (float)value;
        uint32_t bits;
        memcpy(&bits, &narrow, sizeof bits);
        ret->bits = bits;
    } else {
        ret->bits = (uint64_t)(int64_t)value;
    }
    return value != row->preset || signbit(value);
}

/* The dimensions of input 0 that output 0 lacks, matched from the left. */
static size_t squeezed_dims(const rg_graph *graph, const rg_node *node, int32_t *ret) {
    const rg_tensor *in = rg_node_in(graph, node, 0), *out = rg_node_out(graph, node, 0);
    size_t n = 0;
    for (uint32_t i = 0, o = 0; in && out && i < in->shape.rank; i++) {
        if (o < out->shape.rank && in->shape.dim[i] == out->shape.dim[o])
            o++;
        else
            ret[n++] = (int32_t)i;
    }
    return n;
}

/* Vectors that the graph implies. */
static size_t write_derived(rg_fbw *w, const rg_graph *graph, const rg_node *node,
                            const option *row) {
    int32_t dims[RG_MAX_RANK];
    const rg_tensor *out = rg_node_out(graph, node, 0);
    size_t n;
    if (row->store == RG_TFLITE_SQUEEZED) {
        n = squeezed_dims(graph, node, dims);
    } else {
        n = out ? out->shape.rank : 0;
        if (n)
            memcpy(dims, out->shape.dim, n * sizeof dims[0]);
    }
    return rg_fbw_vector(w, dims, n, sizeof dims[0], 4);
}

static bool has_child(const option *row, const rg_node *node) {
    return row->store == RG_TFLITE_TEXT || row->store == RG_TFLITE_SQUEEZED ||
           (row->store == RG_TFLITE_SHAPE && node->n_in < 2);
}

size_t rg_tflite_write_options(rg_fbw *w, const rg_graph *graph, const rg_node *node,
                               const rg_tflite_op *op) {
    rg_fbw_field fields[RG_FBW_MAX_FIELDS] = {0};
    const option *child_rows[RG_FBW_MAX_FIELDS] = {0};
    size_t n = 0;
    for (const option *row = op->options; row && row->key; row++) {
        if (has_child(row, node)) {
            child_rows[n] = row;
            fields[n++].slot = row->slot;
        } else if (!is_derived(row) && row->store != RG_TFLITE_TEXT &&
                   scalar_field(row, node, &fields[n])) {
            n++;
        } else {
            fields[n] = (rg_fbw_field){0};
        }
    }
    size_t table = rg_fbw_table(w, fields, n);
    for (size_t i = 0; i < n; i++) {
        const option *row = child_rows[i];
        if (!row)
            continue;
        size_t child = row->store == RG_TFLITE_TEXT
                           ? rg_fbw_string(w, rg_node_attr(node, row->key)->word)
                           : write_derived(w, graph, node, row);
        rg_fbw_link(w, fields[i].at, child);
    }
    return table;
}
