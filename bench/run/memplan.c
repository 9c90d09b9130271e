/* memplan.c: greedy placement of tensors with known lifetimes. */
#include "bench/run/memplan.h"

#include <stdbool.h>
#include <stdlib.h>

/* An item on its way: `index` leads back to the caller's array and breaks ties. */
typedef struct piece {
    size_t bytes, offset;
    uint32_t first, last;
    size_t index;
} piece;

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

static bool meet(const piece *a, const piece *b) {
    return a->first <= b->last && b->first <= a->last;
}

/* Offset of the smallest gap that takes `p` between the pieces that live with it. `placed` holds n
 * pieces in order of their offsets. */
static size_t best_offset(const piece *const *placed, size_t n, const piece *p) {
    size_t end = 0, best = 0, best_gap = SIZE_MAX;
    for (size_t i = 0; i < n; i++) {
        const piece *q = placed[i];
        if (!meet(p, q))
            continue;
        if (q->offset >= end && q->offset - end >= p->bytes && q->offset - end < best_gap) {
            best = end;
            best_gap = q->offset - end;
        }
        if (q->offset + q->bytes > end)
            end = q->offset + q->bytes;
    }
    return best_gap == SIZE_MAX ? end : best;
}

static void insert(const piece **placed, size_t n, const piece *p) {
    size_t at = n;
    while (at && placed[at - 1]->offset > p->offset) {
        placed[at] = placed[at - 1];
        at--;
    }
    placed[at] = p;
}

/* Places all pieces in their present order; returns the height of the plan. */
static size_t place(piece *pieces, size_t n, const piece **placed) {
    size_t height = 0, n_placed = 0;
    for (size_t i = 0; i < n; i++) {
        piece *p = &pieces[i];
        if (!p->bytes)
            continue;
        p->offset = best_offset(placed, n_placed, p);
        insert(placed, n_placed++, p);
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
        pieces[i] = (piece){bytes, 0, items[i].first, items[i].last, i};
    }
    return true;
}

static void give_offsets(const piece *pieces, size_t n, rg_memplan_item *items) {
    for (size_t i = 0; i < n; i++)
        items[pieces[i].index].offset = pieces[i].offset;
}

static rg_status solve(rg_memplan_item *items, size_t n, piece *pieces, const piece **placed,
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
    qsort(pieces, n, sizeof *pieces, by_size);
    size.bytes = place(pieces, n, placed);
    give_offsets(pieces, n, items);
    if (size.bytes > size.bound_bytes) {
        qsort(pieces, n, sizeof *pieces, by_first_use);
        size_t other = place(pieces, n, placed);
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
    piece *pieces = calloc(n, sizeof *pieces);
    const piece **placed = calloc(n, sizeof *placed);
    edge *edges = calloc(2 * n, sizeof *edges);
    rg_status status;
    if (pieces && placed && edges)
        status = solve(items, n, pieces, placed, edges, ret_size, err);
    else
        status = rg_fail(err, RG_NO_MEMORY, NULL, "out of memory planning %zu tensors", n);
    free(pieces);
    free(placed);
    free(edges);
    return status;
}
