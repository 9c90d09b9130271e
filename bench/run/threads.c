/* threads.c: the pool. Thread 0 is whoever runs it. Helpers tell it that they have arrived, each on
 * a cache line of its own, and it lets them all go on by one word: so two threads meet for the
 * price of one line going to and fro. Whoever waits spins a moment and then sleeps on the word. */
#include "bench/run/threads.h"

#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench/run/cores.h"

/* Looks at a word this often before sleeping: some 20 to 50 microseconds, about what a sleep and a
 * wake-up cost. */
enum { SPINS = 4000 };

/* A word that counts up, and whether somebody sleeps on it. */
typedef struct count {
    _Alignas(64) atomic_uint value;
    atomic_uint asleep;
} count;

/* One thread's side: how often it has arrived, and how often it has been let go on. */
typedef struct place {
    count arrived;
    uint32_t gone;
} place;

struct rg_threads {
    count go;                         /* how often thread 0 has let the others go on */
    place *places;                    /* by thread; the first counts thread 0's gatherings */
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

/* Number of the calling thread in its pool: helpers belong to one pool only, all others are thread
 * 0 of any. */
static _Thread_local uint32_t own_number;

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

static bool reached(unsigned value, unsigned wanted) {
    return (int)(value - wanted) >= 0;
}

/* Waits until a count has reached `wanted`. Sleeping is announced in `asleep` before the value is
 * looked at again, and the value is moved before `asleep` is looked at: with sequential consistency
 * one of the two sees the other. */
static void wait_for(const rg_threads *pool, count *c, unsigned wanted) {
    for (uint32_t i = 0; i < pool->spins; i++) {
        if (reached(atomic_load_explicit(&c->value, memory_order_acquire), wanted))
            return;
        relax();
    }
    atomic_fetch_add(&c->asleep, 1);
    for (unsigned seen = atomic_load(&c->value); !reached(seen, wanted);
         seen = atomic_load(&c->value))
        futex_wait(&c->value, seen);
    atomic_fetch_sub(&c->asleep, 1);
}

/* Only one thread moves a count. */
static void move_on(count *c) {
    atomic_store(&c->value, atomic_load_explicit(&c->value, memory_order_relaxed) + 1);
    if (atomic_load(&c->asleep))
        futex_wake_all(&c->value);
}

void rg_threads_gather(rg_threads *pool) {
    uint32_t threads = pool->threads;
    if (threads == 1)
        return;
    if (own_number) {
        move_on(&pool->places[own_number].arrived);
        return;
    }
    unsigned wanted = ++pool->places[0].gone;
    for (uint32_t t = 1; t < threads; t++)
        wait_for(pool, &pool->places[t].arrived, wanted);
}

void rg_threads_release(rg_threads *pool) {
    if (pool->threads == 1)
        return;
    if (own_number)
        wait_for(pool, &pool->go, ++pool->places[own_number].gone);
    else
        move_on(&pool->go);
}

void rg_threads_barrier(rg_threads *pool) {
    rg_threads_gather(pool);
    rg_threads_release(pool);
}

static void pin(rg_threads *pool, uint32_t thread) {
    if (!pool->cpus.n || !rg_cpu_pin(pool->cpus.id[thread % pool->cpus.n]))
        atomic_store(&pool->pinned, false);
}

static void *help(void *user) {
    helper_start start = *(helper_start *)user;
    free(user);
    own_number = start.thread;
    pin(start.pool, start.thread);
    for (;;) {
        rg_threads_gather(start.pool); /* the first time: so that `pinned` is settled */
        rg_threads_release(start.pool);
        if (start.pool->stop)
            return NULL;
        start.pool->body(start.pool->user, start.thread);
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
    if (status != RG_OK)
        pool->threads = pool->n_helpers + 1; /* those that wait to be let go on and end */
    rg_threads_gather(pool);
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
    pool->places = aligned_alloc(64, threads * sizeof *pool->places);
    if (pool->places)
        memset(pool->places, 0, threads * sizeof *pool->places);
    rg_status status = pool->helper && pool->places
                           ? choose_cpus(threads, cores, skip, &pool->cpus, err)
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
        rg_threads_release(pool);
    }
    for (uint32_t i = 0; i < pool->n_helpers; i++)
        pthread_join(pool->helper[i], NULL);
    if (pinned_for == pool->id) {
        rg_cpu_unpin();
        pinned_for = 0;
    }
    free(pool->helper);
    free(pool->places);
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
    rg_threads_release(pool);
    body(user, 0);
    rg_threads_gather(pool);
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
