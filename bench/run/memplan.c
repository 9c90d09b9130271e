/* memplan.c: greedy placement of tensors with known lifetimes. */
#include "bench/run/memplan.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* An item on its way: `index` leads back to the caller's array and breaks ties. */
typedef struct piece {
    size_t bytes, offset;
    uint32_t first, last;
    size_t index, rank; /* rank: place in the order of first use */
} piece;

/* Who lives when: a full binary tree over the pieces in the order of first use. Each of its `2 *
 * leaves` nodes (1 is the root, its children 2 and 3) holds one more than the last step at which a
 * placed piece below it lives; 0: none is placed. */
typedef struct tree {
    const piece **leaf; /* by rank */
    uint64_t *end;
    size_t n, leaves;
} tree;

static int by_size(const void *a, const void *b) {
    const piece *x = a, *y = b;
    if (x->bytes != y->bytes)
        return x->bytes > y->bytes ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

static int by_first_use(const void *a, const void *b) {
    const piece *x = a, *y = b;
    if (x->first != y->first)
        return x->first < y->first ? -1 : 1;
    return by_size(a, b);
}

static void tree_add(tree *t, const piece *p) {
    uint64_t end = (uint64_t)p->last + 1;
    for (size_t node = t->leaves + p->rank; node && t->end[node] < end; node /= 2)
        t->end[node] = end;
}

/* Appends the placed pieces below `node`, whose ranks begin at `first` and are `n`, that live
 * together with `p`. */
static void tree_meet(const tree *t, size_t node, size_t first, size_t n, const piece *p,
                      const piece **ret, size_t *ret_n) {
    if (t->end[node] <= p->first || first >= t->n || t->leaf[first]->first > p->last)
        return;
    if (n == 1) {
        ret[(*ret_n)++] = t->leaf[first];
        return;
    }
    tree_meet(t, 2 * node, first, n / 2, p, ret, ret_n);
    tree_meet(t, 2 * node + 1, first + n / 2, n / 2, p, ret, ret_n);
}

static int by_offset(const void *a, const void *b) {
    const piece *x = *(const piece *const *)a, *y = *(const piece *const *)b;
    return x->offset < y->offset ? -1 : x->offset > y->offset;
}

/* Offset of the smallest gap that takes `p` between the n pieces that live with it, in order of
 * their offsets. */
static size_t best_offset(const piece *const *near, size_t n, const piece *p) {
    size_t end = 0, best = 0, best_gap = SIZE_MAX;
    for (size_t i = 0; i < n; i++) {
        const piece *q = near[i];
        if (q->offset >= end && q->offset - end >= p->bytes && q->offset - end < best_gap) {
            best = end;
            best_gap = q->offset - end;
        }
        if (q->offset + q->bytes > end)
            end = q->offset + q->bytes;
    }
    return best_gap == SIZE_MAX ? end : best;
}

/* Places all pieces in their present order; returns the height of the plan. Time grows with the
 * number of pairs that live together; once MOST_PAIRS are looked at, pieces go on top of all. */
static size_t place(piece *pieces, size_t n, tree *t, const piece **near) {
    enum { MOST_PAIRS = 20000000 };
    size_t height = 0, pairs = 0;
    memset(t->end, 0, 2 * t->leaves * sizeof *t->end);
    for (size_t i = 0; i < n; i++)
        t->leaf[pieces[i].rank] = &pieces[i];
    for (size_t i = 0; i < n; i++) {
        piece *p = &pieces[i];
        size_t n_near = 0;
        if (!p->bytes)
            continue;
        if (pairs < MOST_PAIRS)
            tree_meet(t, 1, 0, t->leaves, p, near, &n_near);
        qsort(near, n_near, sizeof *near, by_offset);
        p->offset = pairs < MOST_PAIRS ? best_offset(near, n_near, p) : height;
        pairs += n_near;
        tree_add(t, p);
        if (p->offset + p->bytes > height)
            height = p->offset + p->bytes;
    }
    return height;
}

/* What begins or ends at a step, for the bound. */
typedef struct edge {
    uint64_t step;
    bool begins;
    size_t bytes;
} edge;

static int by_step(const void *a, const void *b) {
    const edge *x = a, *y = b;
    if (x->step != y->step)
        return x->step < y->step ? -1 : 1;
    return (int)x->begins - (int)y->begins; /* what ends before a step makes room first */
}

static size_t bound_of(const piece *pieces, size_t n, edge *edges) {
    for (size_t i = 0; i < n; i++) {
        edges[2 * i] = (edge){pieces[i].first, true, pieces[i].bytes};
        edges[2 * i + 1] = (edge){(uint64_t)pieces[i].last + 1, false, pieces[i].bytes};
    }
    qsort(edges, 2 * n, sizeof *edges, by_step);
    size_t alive = 0, most = 0;
    for (size_t i = 0; i < 2 * n; i++) {
        alive = edges[i].begins ? alive + edges[i].bytes : alive - edges[i].bytes;
        most = alive > most ? alive : most;
    }
    return most;
}

/* Rounds sizes up; false when all of them one after the other would not fit an address. */
static bool take_items(const rg_memplan_item *items, size_t n, piece *pieces) {
    size_t total = 0;
    for (size_t i = 0; i < n; i++) {
        size_t bytes = items[i].bytes;
        if (bytes > SIZE_MAX / 4 || total > SIZE_MAX / 4)
            return false;
        bytes = (bytes + RG_MEMPLAN_ALIGN - 1) / RG_MEMPLAN_ALIGN * RG_MEMPLAN_ALIGN;
        total += bytes;
        pieces[i] = (piece){bytes, 0, items[i].first, items[i].last, i, 0};
    }
    return true;
}

static void give_offsets(const piece *pieces, size_t n, rg_memplan_item *items) {
    for (size_t i = 0; i < n; i++)
        items[pieces[i].index].offset = pieces[i].offset;
}

static rg_status solve(rg_memplan_item *items, size_t n, piece *pieces, tree *t, const piece **near,
                       edge *edges, rg_memplan_size *ret_size, rg_err *err) {
    for (size_t i = 0; i < n; i++) {
        if (items[i].first > items[i].last)
            return rg_fail(err, RG_INVALID, NULL, "item %zu of a memory plan ends before it begins",
                           i);
    }
    if (!take_items(items, n, pieces))
        return rg_fail(err, RG_NO_MEMORY, "give a smaller model",
                       "the tensors together exceed any memory");
    rg_memplan_size size = {.bound_bytes = bound_of(pieces, n, edges)};
    qsort(pieces, n, sizeof *pieces, by_first_use);
    for (size_t i = 0; i < n; i++)
        pieces[i].rank = i;
    qsort(pieces, n, sizeof *pieces, by_size);
    size.bytes = place(pieces, n, t, near);
    give_offsets(pieces, n, items);
    if (size.bytes > size.bound_bytes) {
        qsort(pieces, n, sizeof *pieces, by_first_use);
        size_t other = place(pieces, n, t, near);
        if (other < size.bytes) {
            size.bytes = other;
            give_offsets(pieces, n, items);
        }
    }
    *ret_size = size;
    return RG_OK;
}

rg_status rg_memplan_solve(rg_memplan_item *items, size_t n, rg_memplan_size *ret_size,
                           rg_err *err) {
    if (n == 0) {
        *ret_size = (rg_memplan_size){0};
        return RG_OK;
    }
    tree t = {.n = n, .leaves = 1};
    while (t.leaves < n)
        t.leaves *= 2;
    piece *pieces = calloc(n, sizeof *pieces);
    const piece **near = calloc(n, sizeof *near);
    edge *edges = calloc(2 * n, sizeof *edges);
    t.leaf = calloc(n, sizeof *t.leaf);
    t.end = calloc(2 * t.leaves, sizeof *t.end);
    rg_status status;
    if (pieces && near && edges && t.leaf && t.end)
        status = solve(items, n, pieces, &t, near, edges, ret_size, err);
    else
        status = rg_fail(err, RG_NO_MEMORY, NULL, "out of memory planning %zu tensors", n);
    free(pieces);
    free(near);
    free(edges);
    free(t.leaf);
    free(t.end);
    return status;
}
