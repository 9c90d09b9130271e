/* graph_equal.h: whether two graphs say the same, down to every constant and attribute; where they
 * do not, `why` says what differs. For tests of readers and writers. */
#ifndef RG_TESTS_GRAPH_EQUAL_H
#define RG_TESTS_GRAPH_EQUAL_H

#include <stdio.h>
#include <string.h>

#include "bench/core/graph.h"

typedef struct why {
    char text[256];
} why;

#define DIFFER(...) return snprintf(ret->text, sizeof ret->text, __VA_ARGS__), false

static inline bool same_bytes(const void *a, const void *b, size_t n) {
    return n == 0 || (a && b && !memcmp(a, b, n));
}

static inline bool tensors_equal(const rg_tensor *a, const rg_tensor *b, uint32_t i, why *ret) {
    if (strcmp(a->name, b->name))
        DIFFER("tensor %u: name %s, %s", i, a->name, b->name);
    if (a->dtype != b->dtype || !rg_shape_equal(&a->shape, &b->shape) || a->bytes != b->bytes)
        DIFFER("tensor %u: type or shape", i);
    if (!a->data != !b->data || a->variable != b->variable || !a->initial != !b->initial)
        DIFFER("tensor %u: constant or variable", i);
    if (a->data && !same_bytes(a->data, b->data, a->bytes))
        DIFFER("tensor %u: data", i);
    if (a->quant.n != b->quant.n || a->quant.axis != b->quant.axis ||
        !same_bytes(a->quant.scale, b->quant.scale, a->quant.n * sizeof(float)) ||
        !same_bytes(a->quant.zero_point, b->quant.zero_point, a->quant.n * sizeof(int32_t)))
        DIFFER("tensor %u: quantization", i);
    return true;
}

static inline bool attrs_equal(const rg_attr *a, const rg_attr *b) {
    if (strcmp(a->key, b->key) || a->type != b->type)
        return false;
    if (a->type == RG_ATTR_WORD)
        return !strcmp(a->word, b->word);
    return a->type == RG_ATTR_INT ? a->i == b->i : !memcmp(&a->r, &b->r, sizeof a->r);
}

static inline bool nodes_equal(const rg_node *a, const rg_node *b, uint32_t i, why *ret) {
    if (strcmp(a->kind, b->kind) || a->known != b->known || strcmp(a->name, b->name))
        DIFFER("node %u: %s, %s", i, a->kind, b->kind);
    if (a->n_in != b->n_in || !same_bytes(a->in, b->in, a->n_in * sizeof *a->in) ||
        a->n_out != b->n_out || !same_bytes(a->out, b->out, a->n_out * sizeof *a->out))
        DIFFER("node %u: tensors", i);
    if (a->n_attrs != b->n_attrs)
        DIFFER("node %u: %u, %u attributes", i, a->n_attrs, b->n_attrs);
    for (uint32_t k = 0; k < a->n_attrs; k++) {
        if (!attrs_equal(&a->attrs[k], &b->attrs[k]))
            DIFFER("node %u (%s): %s", i, a->kind, a->attrs[k].key);
    }
    return true;
}

static inline bool graphs_equal(const rg_graph *a, const rg_graph *b, why *ret) {
    if (a->n_tensors != b->n_tensors || a->n_nodes != b->n_nodes || a->n_in != b->n_in ||
        a->n_out != b->n_out || strcmp(a->description, b->description))
        DIFFER("counts or description");
    if (!same_bytes(a->in, b->in, a->n_in * sizeof *a->in) ||
        !same_bytes(a->out, b->out, a->n_out * sizeof *a->out))
        DIFFER("inputs or outputs");
    for (uint32_t i = 0; i < a->n_tensors; i++) {
        if (!tensors_equal(&a->tensors[i], &b->tensors[i], i, ret))
            return false;
    }
    for (uint32_t i = 0; i < a->n_nodes; i++) {
        if (!nodes_equal(&a->nodes[i], &b->nodes[i], i, ret))
            return false;
    }
    return true;
}

#undef DIFFER
#endif
