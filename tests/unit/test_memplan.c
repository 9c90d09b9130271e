/* test_memplan.c: the static memory plan on random and on typical lifetimes. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/rng.h"
#include "bench/run/memplan.h"

enum { MAX = 80 };

static size_t rounded(size_t bytes) {
    return (bytes + RG_MEMPLAN_ALIGN - 1) / RG_MEMPLAN_ALIGN * RG_MEMPLAN_ALIGN;
}

static bool live_together(const rg_memplan_item *a, const rg_memplan_item *b) {
    return a->first <= b->last && b->first <= a->last;
}

/* The promises of a plan, checked pair by pair, and the bound, summed step by step. */
static void check_plan(const rg_memplan_item *items, size_t n, rg_memplan_size size) {
    size_t bound = 0;
    for (uint32_t step = 0; step <= MAX; step++) {
        size_t sum = 0;
        for (size_t i = 0; i < n; i++)
            sum += step >= items[i].first && step <= items[i].last ? rounded(items[i].bytes) : 0;
        bound = sum > bound ? sum : bound;
    }
    cr_assert_eq(size.bound_bytes, bound, "bound %zu, summed %zu", size.bound_bytes, bound);
    cr_assert_leq(size.bound_bytes, size.bytes);
    for (size_t i = 0; i < n; i++) {
        cr_assert_eq(items[i].offset % RG_MEMPLAN_ALIGN, 0);
        cr_assert_leq(items[i].offset + items[i].bytes, size.bytes);
        for (size_t j = 0; j < i; j++) {
            bool apart = items[i].offset + items[i].bytes <= items[j].offset ||
                         items[j].offset + items[j].bytes <= items[i].offset;
            cr_assert(apart || !live_together(&items[i], &items[j]), "items %zu and %zu share", i,
                      j);
        }
    }
}

Test(memplan, never_lets_two_living_tensors_share_bytes) {
    rg_rng rng = rg_rng_seeded(1);
    for (int trial = 0; trial < 400; trial++) {
        rg_memplan_item items[MAX];
        size_t n = 1 + rg_rng_below(&rng, MAX);
        for (size_t i = 0; i < n; i++) {
            uint32_t first = rg_rng_below(&rng, MAX), length = rg_rng_below(&rng, 8);
            items[i] =
                (rg_memplan_item){.bytes = rg_rng_below(&rng, 10) ? rg_rng_below(&rng, 5000) : 0,
                                  .first = first,
                                  .last = first + length < MAX ? first + length : MAX - 1};
        }
        rg_memplan_size size;
        cr_assert_eq(rg_memplan_solve(items, n, &size, NULL), RG_OK);
        check_plan(items, n, size);
    }
}

/* A chain in which each tensor is read by the next node, with skips over three nodes: the shape of
 * MobileNet v2 and of ResNet. */
static size_t make_net(rg_rng *rng, rg_memplan_item *items) {
    size_t n = 0;
    size_t bytes = 96 * 96 * 16;
    for (uint32_t step = 0; step + 4 < MAX && n + 2 < MAX; step += 3) {
        bool skips = rg_rng_below(rng, 2);
        size_t wide = bytes * (2 + rg_rng_below(rng, 5));
        items[n++] = (rg_memplan_item){bytes, step, step + (skips ? 3 : 1), 0};
        items[n++] = (rg_memplan_item){wide, step + 1, step + 2, 0};
        items[n++] = (rg_memplan_item){wide / (1 + rg_rng_below(rng, 4)), step + 2, step + 3, 0};
        bytes = rg_rng_below(rng, 3) == 0 && bytes > 2048 ? bytes / 2 : bytes;
    }
    return n;
}

Test(memplan, stays_near_the_bound_on_usual_networks) {
    rg_rng rng = rg_rng_seeded(2);
    for (int trial = 0; trial < 200; trial++) {
        rg_memplan_item items[MAX];
        size_t n = make_net(&rng, items);
        rg_memplan_size size;
        cr_assert_eq(rg_memplan_solve(items, n, &size, NULL), RG_OK);
        check_plan(items, n, size);
        cr_assert_leq((double)size.bytes, 1.3 * (double)size.bound_bytes, "%zu of %zu", size.bytes,
                      size.bound_bytes);
    }
}

Test(memplan, needs_two_tensors_for_a_plain_chain) {
    rg_memplan_item items[10];
    for (uint32_t i = 0; i < 10; i++)
        items[i] = (rg_memplan_item){1000, i, i + 1, 0};
    rg_memplan_size size;
    cr_assert_eq(rg_memplan_solve(items, 10, &size, NULL), RG_OK);
    cr_assert_eq(size.bytes, 2 * rounded(1000));
    cr_assert_eq(size.bound_bytes, 2 * rounded(1000));
}

Test(memplan, is_the_same_for_the_same_items) {
    rg_rng rng = rg_rng_seeded(3);
    rg_memplan_item a[MAX], b[MAX];
    size_t n = make_net(&rng, a);
    memcpy(b, a, sizeof a);
    rg_memplan_size first, second;
    cr_assert_eq(rg_memplan_solve(a, n, &first, NULL), RG_OK);
    cr_assert_eq(rg_memplan_solve(b, n, &second, NULL), RG_OK);
    cr_assert_eq(first.bytes, second.bytes);
    for (size_t i = 0; i < n; i++)
        cr_assert_eq(a[i].offset, b[i].offset);
}

Test(memplan, takes_no_items) {
    rg_memplan_size size = {1, 1};
    cr_assert_eq(rg_memplan_solve(NULL, 0, &size, NULL), RG_OK);
    cr_assert_eq(size.bytes, 0);
}

Test(memplan, refuses_sizes_beyond_any_memory_and_ends_before_beginnings) {
    rg_memplan_item items[6];
    for (int i = 0; i < 6; i++)
        items[i] = (rg_memplan_item){SIZE_MAX / 4, 0, 1, 0};
    rg_memplan_size size;
    cr_assert_eq(rg_memplan_solve(items, 6, &size, NULL), RG_NO_MEMORY);
    items[0] = (rg_memplan_item){10, 2, 1, 0};
    cr_assert_eq(rg_memplan_solve(items, 1, &size, NULL), RG_INVALID);
}

/* Thousands of nodes one behind the other: what is planned must not grow with their square. */
Test(memplan, plans_a_hundred_thousand_tensors_of_a_chain_at_once, .timeout = 20) {
    enum { CHAIN = 100000 };
    rg_memplan_item *items = calloc(CHAIN, sizeof *items);
    rg_memplan_size size;
    for (uint32_t i = 0; i < CHAIN; i++)
        items[i] = (rg_memplan_item){1000 + i % 7, i, i + 1, 0};
    cr_assert_eq(rg_memplan_solve(items, CHAIN, &size, NULL), RG_OK);
    cr_assert_eq(size.bytes, 2 * rounded(1000));
    for (uint32_t i = 1; i < CHAIN; i++)
        cr_assert_neq(items[i].offset, items[i - 1].offset);
    free(items);
}

Test(memplan, gives_thousands_of_tensors_that_all_live_together_bytes_of_their_own, .timeout = 20) {
    enum { ALL = 8000 };
    rg_memplan_item *items = calloc(ALL, sizeof *items);
    bool *taken = calloc(ALL, sizeof *taken);
    rg_memplan_size size;
    for (uint32_t i = 0; i < ALL; i++)
        items[i] = (rg_memplan_item){64, 0, 9, 0};
    cr_assert_eq(rg_memplan_solve(items, ALL, &size, NULL), RG_OK);
    cr_assert_eq(size.bytes, size.bound_bytes);
    for (uint32_t i = 0; i < ALL; i++) {
        cr_assert_lt(items[i].offset / 64, ALL);
        cr_assert_not(taken[items[i].offset / 64]);
        taken[items[i].offset / 64] = true;
    }
    free(items);
    free(taken);
}
