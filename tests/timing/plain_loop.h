/* plain_loop.h: the loop that anybody would write around a runtime to time it: two stamps a call,
 * kept in an array, sorted at the end. What railgauge reports is compared with it. */
#ifndef RG_TESTS_PLAIN_LOOP_H
#define RG_TESTS_PLAIN_LOOP_H

#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { PLAIN_MOST = 1 << 20 };

static inline int64_t plain_now_ns(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static inline int plain_order(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

/* On one CPU; what threads the runtime makes later stay there, too. */
static inline void plain_pin(int cpu) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((size_t)cpu, &set);
    if (cpu >= 0 && sched_setaffinity(0, sizeof set, &set) != 0)
        perror("plain loop: cannot pin");
}

/* Fills an input with something that is neither constant nor special. */
static inline void plain_fill(unsigned char *data, size_t bytes) {
    uint32_t state = 12345;
    for (size_t i = 0; i < bytes; i++) {
        state = state * 1664525 + 1013904223;
        data[i] = (unsigned char)(state >> 25); /* small floats, positive bytes */
    }
}

/* Half a second unmeasured, then `seconds`; prints one line of JSON. CPU time is the process's, of
 * all its threads. */
static inline int plain_measure(int (*run)(void *user), void *user, double seconds) {
    int64_t *ns = malloc(sizeof *ns * PLAIN_MOST);
    size_t n = 0;
    if (!ns)
        return 1;
    for (int64_t end = plain_now_ns(CLOCK_MONOTONIC) + 500000000;
         plain_now_ns(CLOCK_MONOTONIC) < end;) {
        if (run(user))
            return 1;
    }
    int64_t cpu = plain_now_ns(CLOCK_PROCESS_CPUTIME_ID);
    int64_t end = plain_now_ns(CLOCK_MONOTONIC) + (int64_t)(seconds * 1e9);
    for (int64_t before = 0; n < PLAIN_MOST && before < end; n++) {
        before = plain_now_ns(CLOCK_MONOTONIC);
        if (run(user))
            return 1;
        ns[n] = plain_now_ns(CLOCK_MONOTONIC) - before;
    }
    cpu = plain_now_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    qsort(ns, n, sizeof *ns, plain_order);
    printf("{\"n\": %zu, \"p50_ns\": %lld, \"p95_ns\": %lld, \"cpu_ns\": %.0f}\n", n,
           (long long)ns[n / 2], (long long)ns[n * 95 / 100], (double)cpu / (double)n);
    free(ns);
    return 0;
}

#endif
