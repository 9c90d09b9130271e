/* threads.c: the pool. Helpers and caller meet at one barrier: before a body (that is the start
 * signal), wherever the body says, and after it. */
#include "bench/run/threads.h"

#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench/run/cores.h"

/* Looks at the barrier this often before sleeping: some 20 to 50 microseconds, about what a sleep
 * and a wake-up cost. */
enum { SPINS = 4000 };

struct rg_threads {
    /* barrier: `arrived` threads wait for `turn` to change; `asleep` of them need a wake-up */
    _Alignas(64) atomic_uint arrived;
    _Alignas(64) atomic_uint turn;
    atomic_uint asleep;

    _Alignas(64) atomic_uint threads; /* settled once rg_threads_new has returned */
    uint32_t spins;
    rg_threads_body body;
    void *user;
    bool stop;
    atomic_bool pinned;

    rg_cpus cpus;      /* by thread */
    uint64_t id;       /* unique in the process: tells pools at the same address apart */
    pthread_t *helper; /* threads - 1 of them */
    uint32_t n_helpers;
};

typedef struct helper_start {
    rg_threads *pool;
    uint32_t thread;
} helper_start;

/* The id of the pool that the calling thread is pinned for; 0: none. */
static _Thread_local uint64_t pinned_for;

static void relax(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ __volatile__("yield");
#endif
}

static void futex_wait(atomic_uint *word, unsigned seen) {
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, seen, NULL, NULL, 0);
}

static void futex_wake_all(atomic_uint *word) {
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT32_MAX, NULL, NULL, 0);
}

/* Sleeping is announced in `asleep` before `turn` is looked at again, and `turn` is moved before
 * `asleep` is looked at: with sequential consistency one of the two sees the other. */
static void wait_for_turn(rg_threads *pool, unsigned seen) {
    for (uint32_t i = 0; i < pool->spins; i++) {
        if (atomic_load_explicit(&pool->turn, memory_order_acquire) != seen)
            return;
        relax();
    }
    atomic_fetch_add(&pool->asleep, 1);
    while (atomic_load(&pool->turn) == seen)
        futex_wait(&pool->turn, seen);
    atomic_fetch_sub(&pool->asleep, 1);
}

void rg_threads_barrier(rg_threads *pool) {
    if (pool->threads == 1)
        return;
    unsigned seen = atomic_load_explicit(&pool->turn, memory_order_relaxed);
    unsigned arrived = atomic_fetch_add(&pool->arrived, 1) + 1;
    if (arrived < pool->threads) {
        wait_for_turn(pool, seen);
        return;
    }
    atomic_store_explicit(&pool->arrived, 0, memory_order_relaxed);
    atomic_fetch_add(&pool->turn, 1);
    if (atomic_load(&pool->asleep))
        futex_wake_all(&pool->turn);
}

static void pin(rg_threads *pool, uint32_t thread) {
    if (!pool->cpus.n || !rg_cpu_pin(pool->cpus.id[thread % pool->cpus.n]))
        atomic_store(&pool->pinned, false);
}

static void *help(void *user) {
    helper_start start = *(helper_start *)user;
    free(user);
    pin(start.pool, start.thread);
    rg_threads_barrier(start.pool); /* rg_threads_new waits here, so that `pinned` is settled */
    for (;;) {
        rg_threads_barrier(start.pool);
        if (start.pool->stop)
            return NULL;
        start.pool->body(start.pool->user, start.thread);
        rg_threads_barrier(start.pool);
    }
}

/* The chosen CPUs, one for each thread. */
static rg_status choose_cpus(uint32_t threads, const char *cores, uint32_t skip, rg_cpus *ret_cpus,
                             rg_err *err) {
    static const rg_cpus none;
    rg_cpus list, chosen = none;
    if (cores && *cores) {
        rg_status status = rg_cpus_parse(cores, &list, err);
        if (status != RG_OK)
            return status;
    } else {
        list = *rg_cpus_here();
    }
    for (uint32_t t = 0; list.n && t < threads && t < RG_MAX_CPUS; t++)
        chosen.id[chosen.n++] = list.id[(skip + t) % list.n];
    *ret_cpus = chosen;
    return RG_OK;
}

/* Spinning helps only while every thread has a CPU to itself. */
static uint32_t spins_for(const rg_cpus *cpus, uint32_t threads) {
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    if (online > 0 && threads > (uint32_t)online)
        return 0;
    for (uint32_t i = 0; i < cpus->n; i++) {
        for (uint32_t j = 0; j < i; j++) {
            if (cpus->id[i] == cpus->id[j])
                return 0;
        }
    }
    return SPINS;
}

/* Tells whether the caller could be pinned, and lets it go again: which thread will run the pool
 * is not known yet. */
static void try_caller(rg_threads *pool) {
    pin(pool, 0);
    rg_cpu_unpin();
    pinned_for = 0;
}

/* Those already started wait at the barrier for threads that will never come: count those in. */
static void release_helpers(rg_threads *pool) {
    for (uint32_t i = pool->n_helpers + 1; i < pool->threads; i++)
        atomic_fetch_add(&pool->arrived, 1);
    rg_threads_barrier(pool);
    pool->threads = pool->n_helpers + 1;
}

static rg_status start_helpers(rg_threads *pool, rg_err *err) {
    rg_status status = RG_OK;
    while (status == RG_OK && pool->n_helpers + 1 < pool->threads) {
        helper_start *start = malloc(sizeof *start);
        if (start)
            *start = (helper_start){pool, pool->n_helpers + 1};
        if (start && pthread_create(&pool->helper[pool->n_helpers], NULL, help, start) == 0) {
            pool->n_helpers++;
            continue;
        }
        free(start);
        status = rg_fail(err, RG_FAILED, "ask for fewer threads", "cannot start thread %u of %u",
                         pool->n_helpers + 2, pool->threads);
    }
    if (status == RG_OK)
        rg_threads_barrier(pool);
    else
        release_helpers(pool);
    return status;
}

rg_status rg_threads_new(uint32_t threads, const char *cores, uint32_t skip, rg_threads **ret_pool,
                         rg_err *err) {
    static atomic_ullong made;
    threads = threads ? threads : 1;
    if (threads > RG_MAX_THREADS)
        return rg_fail(err, RG_USAGE, "as many threads as there are cores are enough",
                       "%u threads are more than %d", threads, RG_MAX_THREADS);
    size_t bytes = (sizeof(rg_threads) + 63) / 64 * 64;
    rg_threads *pool = aligned_alloc(64, bytes);
    if (!pool)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory for threads");
    memset(pool, 0, bytes);
    pool->threads = threads;
    atomic_store(&pool->pinned, true);
    pool->id = atomic_fetch_add(&made, 1) + 1;
    pool->helper = calloc(threads, sizeof *pool->helper);
    rg_status status = pool->helper ? choose_cpus(threads, cores, skip, &pool->cpus, err)
                                    : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory for threads");
    if (status == RG_OK) {
        pool->spins = spins_for(&pool->cpus, threads);
        try_caller(pool);
        status = start_helpers(pool, err);
    }
    if (status != RG_OK) {
        rg_threads_free(pool);
        return status;
    }
    *ret_pool = pool;
    return RG_OK;
}

void rg_threads_free(rg_threads *pool) {
    if (!pool)
        return;
    if (pool->n_helpers) {
        pool->stop = true;
        rg_threads_barrier(pool);
    }
    for (uint32_t i = 0; i < pool->n_helpers; i++)
        pthread_join(pool->helper[i], NULL);
    if (pinned_for == pool->id) {
        rg_cpu_unpin();
        pinned_for = 0;
    }
    free(pool->helper);
    free(pool);
}

uint32_t rg_threads_count(const rg_threads *pool) {
    return pool->threads;
}

static void pin_caller(rg_threads *pool) {
    if (pinned_for == pool->id)
        return;
    pin(pool, 0);
    pinned_for = pool->id;
}

void rg_threads_run_alone(rg_threads *pool, rg_threads_body body, void *user) {
    pin_caller(pool);
    body(user, 0);
}

void rg_threads_run(rg_threads *pool, rg_threads_body body, void *user) {
    pin_caller(pool);
    pool->body = body;
    pool->user = user;
    rg_threads_barrier(pool);
    body(user, 0);
    rg_threads_barrier(pool);
}

bool rg_threads_is_pinned(const rg_threads *pool) {
    return atomic_load(&pool->pinned);
}

rg_status rg_threads_cores(uint32_t threads, const char *cores, uint32_t skip, char *ret,
                           size_t cap, rg_err *err) {
    rg_cpus cpus;
    rg_status status = choose_cpus(threads ? threads : 1, cores, skip, &cpus, err);
    if (status == RG_OK)
        rg_cpus_text(&cpus, ret, cap);
    return status;
}
