/* test_threads.c: the pool of threads: every part done once, in order at barriers, any number of
 * times, and a clean end. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bench/run/cores.h"
#include "bench/run/threads.h"

enum { STAGES = 20, PARTS = 60 };

/* Each stage adds its neighbours of the stage before: wrong as soon as one thread runs ahead. */
typedef struct wave {
    rg_threads *pool;
    uint64_t value[STAGES + 1][PARTS];
} wave;

static void run_wave(void *user, uint32_t thread) {
    wave *w = user;
    uint32_t n = rg_threads_count(w->pool);
    for (int s = 0; s < STAGES; s++) {
        for (uint32_t p = PARTS * thread / n; p < PARTS * (thread + 1) / n; p++)
            w->value[s + 1][p] = 3 * w->value[s][p] + w->value[s][(p + 1) % PARTS] +
                                 w->value[s][(p + PARTS - 1) % PARTS];
        rg_threads_barrier(w->pool);
    }
}

static void fill_wave(wave *w) {
    memset(w->value, 0, sizeof w->value);
    for (uint32_t p = 0; p < PARTS; p++)
        w->value[0][p] = p * p + 1;
}

static void check_threads(uint32_t threads, int repeats) {
    static wave alone, together;
    fill_wave(&alone);
    cr_assert_eq(rg_threads_new(1, NULL, 0, &alone.pool, NULL), RG_OK);
    rg_threads_run(alone.pool, run_wave, &alone);
    rg_threads_free(alone.pool);
    cr_assert_eq(rg_threads_new(threads, NULL, 0, &together.pool, NULL), RG_OK);
    cr_assert_eq(rg_threads_count(together.pool), threads);
    for (int i = 0; i < repeats; i++) {
        fill_wave(&together);
        rg_threads_run(together.pool, run_wave, &together);
        cr_assert_eq(memcmp(alone.value, together.value, sizeof alone.value), 0,
                     "%u threads, repeat %d", threads, i);
    }
    rg_threads_free(together.pool);
}

Test(threads, give_the_same_result_for_any_number) {
    check_threads(1, 2);
    check_threads(2, 200);
    check_threads(3, 20);
    check_threads(5, 20);
}

/* Between gathering and release thread 0 adds up what all have written. */
typedef struct halves {
    rg_threads *pool;
    uint32_t part[PARTS], sum, seen[PARTS];
} halves;

static void run_halves(void *user, uint32_t thread) {
    halves *h = user;
    for (int s = 0; s < STAGES; s++) {
        h->part[thread] += thread + 1;
        rg_threads_gather(h->pool);
        if (thread == 0) {
            h->sum = 0;
            for (uint32_t t = 0; t < rg_threads_count(h->pool); t++)
                h->sum += h->part[t];
        }
        rg_threads_release(h->pool);
        h->seen[thread] += h->sum;
    }
}

Test(threads, leave_one_alone_between_gathering_and_release) {
    for (uint32_t threads = 1; threads < 5; threads++) {
        static halves h;
        memset(&h, 0, sizeof h);
        cr_assert_eq(rg_threads_new(threads, NULL, 0, &h.pool, NULL), RG_OK);
        rg_threads_run(h.pool, run_halves, &h);
        /* 1 + 2 + ... + STAGES times the sum of all numbers */
        uint32_t want = STAGES * (STAGES + 1) / 2 * (threads * (threads + 1) / 2);
        for (uint32_t t = 0; t < threads; t++)
            cr_assert_eq(h.seen[t], want, "thread %u of %u", t, threads);
        rg_threads_free(h.pool);
    }
}

Test(threads, wake_up_after_sleeping) {
    rg_threads *pool;
    static wave w;
    cr_assert_eq(rg_threads_new(2, NULL, 0, &pool, NULL), RG_OK);
    w.pool = pool;
    for (int i = 0; i < 5; i++) {
        usleep(5000);
        fill_wave(&w);
        rg_threads_run(pool, run_wave, &w);
        cr_assert_neq(w.value[STAGES][0], 0);
    }
    rg_threads_free(pool);
}

static void count_calls(void *user, uint32_t thread) {
    ((unsigned *)user)[thread]++;
}

Test(threads, start_and_stop_many_times) {
    for (uint32_t i = 0; i < 200; i++) {
        rg_threads *pool;
        unsigned calls[5] = {0};
        uint32_t n = 1 + i % 5;
        cr_assert_eq(rg_threads_new(n, NULL, i, &pool, NULL), RG_OK);
        for (uint32_t k = 0; k < i % 3; k++)
            rg_threads_run(pool, count_calls, calls);
        for (uint32_t t = 0; t < n; t++)
            cr_assert_eq(calls[t], i % 3);
        rg_threads_free(pool);
    }
    rg_threads_free(NULL);
}

static void *run_from_elsewhere(void *user) {
    wave *w = user;
    rg_threads_run(w->pool, run_wave, w);
    return NULL;
}

Test(threads, may_be_run_from_different_threads_in_turn) {
    static wave w;
    cr_assert_eq(rg_threads_new(2, NULL, 0, &w.pool, NULL), RG_OK);
    for (int i = 0; i < 20; i++) {
        pthread_t other;
        fill_wave(&w);
        cr_assert_eq(pthread_create(&other, NULL, run_from_elsewhere, &w), 0);
        pthread_join(other, NULL);
        uint64_t seen = w.value[STAGES][7];
        fill_wave(&w);
        rg_threads_run(w.pool, run_wave, &w);
        cr_assert_eq(seen, w.value[STAGES][7]);
    }
    rg_threads_free(w.pool);
}

/* The CPU on which the caller's part ran, when it may use only one; -1 otherwise. */
static void note_cpu(void *user, uint32_t thread) {
    cpu_set_t set;
    CPU_ZERO(&set);
    if (thread == 0 && sched_getaffinity(0, sizeof set, &set) == 0)
        *(int *)user = CPU_COUNT(&set) == 1 ? sched_getcpu() : -1;
}

Test(threads, stand_on_the_cores_asked_for_and_give_them_back) {
    const rg_cpus *here = rg_cpus_here();
    if (here->n == 0)
        cr_skip("hwloc tells no CPU here");
    cpu_set_t before, after;
    sched_getaffinity(0, sizeof before, &before);
    for (uint32_t i = 0; i < here->n && i < 4; i++) {
        char list[16];
        int seen = -1;
        rg_threads *pool;
        snprintf(list, sizeof list, "%u", here->id[i]);
        cr_assert_eq(rg_threads_new(1, list, 0, &pool, NULL), RG_OK);
        if (!rg_threads_is_pinned(pool)) {
            rg_threads_free(pool);
            cr_skip("this system refuses to pin threads");
        }
        rg_threads_run(pool, note_cpu, &seen);
        cr_assert_eq(seen, here->id[i], "ran on %d, asked for %u", seen, here->id[i]);
        rg_threads_free(pool);
    }
    sched_getaffinity(0, sizeof after, &after);
    cr_assert(CPU_EQUAL(&before, &after));
}

Test(threads, say_when_they_could_not_be_pinned) {
    rg_threads *pool;
    unsigned calls[2] = {0};
    cr_assert_eq(rg_threads_new(2, "1000-1001", 0, &pool, NULL), RG_OK);
    cr_assert_not(rg_threads_is_pinned(pool));
    rg_threads_run(pool, count_calls, calls);
    cr_assert_eq(calls[0] + calls[1], 2);
    rg_threads_free(pool);
}

Test(cores, reads_lists_as_the_kernel_writes_them) {
    rg_cpus cpus;
    char text[64];
    cr_assert_eq(rg_cpus_parse("0,2-4,1", &cpus, NULL), RG_OK);
    cr_assert_eq(cpus.n, 5);
    cr_assert_eq(cpus.id[4], 1);
    rg_cpus_text(&cpus, text, sizeof text);
    cr_assert_str_eq(text, "0,2-4,1");
}

Test(cores, refuses_what_is_no_list) {
    static const char *const bad[] = {"",     "a",  "1,",  ",1",   "3-1",
                                      "1--2", "-1", "1 2", "5000", "99999999999999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        rg_cpus cpus;
        rg_err err = RG_ERR_INIT;
        cr_assert_eq(rg_cpus_parse(bad[i], &cpus, &err), RG_USAGE, "'%s'", bad[i]);
        cr_assert(err.what[0]);
    }
}

Test(cores, takes_each_core_once_before_its_second_cpu) {
    const rg_cpus *here = rg_cpus_here();
    for (uint32_t i = 0; i < here->n; i++) {
        for (uint32_t j = 0; j < i; j++)
            cr_assert_neq(here->id[i], here->id[j]);
    }
    char text[64];
    cr_assert_eq(rg_threads_cores(3, "4-5", 1, text, sizeof text, NULL), RG_OK);
    cr_assert_str_eq(text, "5,4-5");
}
