/* pairs.c: walking two operands that may stretch; see pairs.h. */
#include "kernels/each/pairs.h"

#include <string.h>

#include "kernels/ref/need.h"

enum { REPEAT_BYTES = 1024, SHORT_BYTES = 512 };

size_t rg_pairs_tiles(const rg_op_call *call) {
    return (rg_elements(call->out[0]) + RG_PAIRS_TILE - 1) / RG_PAIRS_TILE;
}

/* A short row of `repeated` goes with every row of the other operand. */
static bool repeats(const rg_spread *w, size_t size, const size_t *repeated, const size_t *other) {
    return w->rank == 2 && w->dim[1] * size <= SHORT_BYTES && repeated[0] == 0 &&
           repeated[1] == 1 && other[1] == 1 && other[0] == w->dim[1];
}

/* The short row written side by side as often as fits; returns the elements. */
static size_t lay_side_by_side(char *to, const char *row, size_t row_bytes, size_t size) {
    size_t times = REPEAT_BYTES / row_bytes;
    for (size_t i = 0; i < times; i++)
        memcpy(to + i * row_bytes, row, row_bytes);
    return times * row_bytes / size;
}

static void walk_repeated(const rg_spread *w, size_t size, const char *a, const char *b, char *out,
                          size_t at, size_t end, rg_pairs_run *run, const void *plan) {
    char side[REPEAT_BYTES];
    bool first = w->step_a[0] == 0; /* which operand is the row */
    size_t length = lay_side_by_side(side, first ? a : b, w->dim[1] * size, size);
    while (at < end) {
        size_t from = at % w->dim[1], n = length - from;
        n = n < end - at ? n : end - at;
        run(plan, first ? side + from * size : a + at * size, 1,
            first ? b + at * size : side + from * size, 1, out + at * size, n);
        at += n;
    }
}

void rg_pairs_walk(const rg_op_call *call, const rg_spread *walk, size_t size,
                   const void *const *in, void *out, size_t first_tile, size_t last_tile,
                   rg_pairs_run *run, const void *plan) {
    size_t n = rg_elements(call->out[0]), at = first_tile * RG_PAIRS_TILE, a, b;
    size_t end = last_tile * RG_PAIRS_TILE < n ? last_tile * RG_PAIRS_TILE : n;
    uint32_t last = walk->rank - 1;
    if (repeats(walk, size, walk->step_a, walk->step_b) ||
        repeats(walk, size, walk->step_b, walk->step_a)) {
        walk_repeated(walk, size, in[0], in[1], out, at, end, run, plan);
        return;
    }
    for (; at < end; at += n) {
        n = rg_spread_run(walk, at, end, &a, &b);
        run(plan, (const char *)in[0] + a * size, walk->step_a[last],
            (const char *)in[1] + b * size, walk->step_b[last], (char *)out + at * size, n);
    }
}

void rg_pairs_by_reference(const rg_op_call *call, const void *state, const void *const *in,
                           void *const *out, size_t first_tile, size_t last_tile) {
    enum { EACH = RG_PAIRS_TILE / RG_TILE_ELEMENTS };
    size_t all = rg_tiles_each(call), last = last_tile * EACH;
    call->op->run(call, state, in, out, first_tile * EACH, last < all ? last : all);
}
