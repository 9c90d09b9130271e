/* small_graph.h: builds graphs in memory for tests, tensor by tensor and node by node. */
#ifndef RG_TESTS_SMALL_GRAPH_H
#define RG_TESTS_SMALL_GRAPH_H

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/graph.h"

enum { SMALL_MAX = 64 };

/* Under construction: small_begin, small_tensor..., small_node..., small_end. */
typedef struct small_graph {
    rg_graph *graph;
    rg_tensor tensors[SMALL_MAX];
    rg_node nodes[SMALL_MAX];
} small_graph;

static inline small_graph small_begin(const char *name) {
    small_graph s;
    memset(&s, 0, sizeof s);
    s.graph = rg_graph_new(0);
    cr_assert_not_null(s.graph);
    s.graph->name = name;
    s.graph->format = "test";
    return s;
}

/* Adds a tensor of rank 4 (or less where trailing dimensions are 0); returns its number. */
static inline int32_t small_tensor(small_graph *s, const char *name, rg_dtype dtype,
                                   const int32_t dim[4]) {
    rg_tensor *t = &s->tensors[s->graph->n_tensors];
    *t = (rg_tensor){.name = name, .dtype = dtype};
    while (t->shape.rank < 4 && dim[t->shape.rank] > 0) {
        t->shape.dim[t->shape.rank] = dim[t->shape.rank];
        t->shape.rank++;
    }
    cr_assert_eq(rg_tensor_bytes(&t->shape, dtype, &t->bytes, NULL), RG_OK);
    return (int32_t)s->graph->n_tensors++;
}

/* Gives a tensor one scale and zero point. */
static inline void small_quant(small_graph *s, int32_t tensor, float scale, int32_t zero) {
    float *scales = rg_arena_copy(s->graph->arena, &scale, sizeof scale);
    int32_t *zeros = rg_arena_copy(s->graph->arena, &zero, sizeof zero);
    s->tensors[tensor].quant = (rg_quant){1, scales, zeros, 0};
}

/* Makes a tensor constant, filled from a seed. */
static inline void small_constant(small_graph *s, int32_t tensor, uint64_t seed) {
    rg_rng rng = rg_rng_seeded(seed);
    void *data = rg_arena_alloc(s->graph->arena, s->tensors[tensor].bytes);
    rg_tensor_fill(&s->tensors[tensor], &rng, data);
    s->tensors[tensor].data = data;
}

static inline const int32_t *small_list(small_graph *s, const int32_t *list, uint32_t n) {
    return rg_arena_copy(s->graph->arena, list, n * sizeof *list);
}

/* Adds a node with up to three inputs (-2: no more) and one output. */
static inline rg_node *small_node(small_graph *s, const char *kind, int32_t a, int32_t b, int32_t c,
                                  int32_t out) {
    const int32_t in[3] = {a, b, c};
    rg_node *node = &s->nodes[s->graph->n_nodes++];
    uint32_t n = c != -2 ? 3 : b != -2 ? 2 : 1;
    *node = (rg_node){.kind = kind,
                      .name = s->tensors[out].name,
                      .known = true,
                      .n_in = n,
                      .n_out = 1,
                      .in = small_list(s, in, n),
                      .out = small_list(s, &out, 1)};
    return node;
}

/* Gives a node its attributes; `attrs` must outlive the graph. */
static inline void small_attrs(rg_node *node, const rg_attr *attrs, uint32_t n) {
    node->attrs = attrs;
    node->n_attrs = n;
}

/* Closes the graph and checks it. */
static inline rg_graph *small_end(small_graph *s, const int32_t *in, uint32_t n_in,
                                  const int32_t *out, uint32_t n_out) {
    rg_graph *g = s->graph;
    g->tensors = rg_arena_copy(g->arena, s->tensors, g->n_tensors * sizeof *g->tensors);
    g->nodes = rg_arena_copy(g->arena, s->nodes, (g->n_nodes + 1) * sizeof *g->nodes);
    g->in = small_list(s, in, n_in);
    g->out = small_list(s, out, n_out);
    g->n_in = n_in;
    g->n_out = n_out;
    rg_err err = RG_ERR_INIT;
    cr_assert_eq(rg_graph_check(g, &err), RG_OK, "%s", err.what);
    return g;
}

#endif
