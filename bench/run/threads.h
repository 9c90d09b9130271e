/* threads.h: a small pool that runs one body on several pinned cores at once. Made for many short
 * parallel stretches inside one inference: threads meet at barriers where they spin a moment before
 * they sleep. The executor is its only user. */
#ifndef RG_RUN_THREADS_H
#define RG_RUN_THREADS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/core/err.h"

enum { RG_MAX_THREADS = 256 };

typedef struct rg_threads rg_threads;

/* What each thread does; `thread` counts from 0, the caller of rg_threads_run. */
typedef void (*rg_threads_body)(void *user, uint32_t thread);

/* Starts threads - 1 helpers (1..RG_MAX_THREADS; 0 counts as 1). Thread t is pinned to CPU number
 * `skip` + t of a list, wrapping round: `cores` ("0,2-3"), or when NULL or "" all CPUs this process
 * may use, by hwloc, one of each core first. The caller is pinned when it first runs the pool.
 * Failing to pin is no error. RG_USAGE for a list that cannot be read, RG_FAILED when a thread
 * cannot be started. */
rg_status rg_threads_new(uint32_t threads, const char *cores, uint32_t skip, rg_threads **ret_pool,
                         rg_err *err);

/* Ends the helpers; lets the calling thread use all cores again if the pool had pinned it. Accepts
 * NULL. Call it from the thread that ran the pool last. */
void rg_threads_free(rg_threads *pool);

uint32_t rg_threads_count(const rg_threads *pool);

/* Runs body(user, t) on every thread, returns when all are done. Not reentrant; may be called from
 * different threads one after the other. */
void rg_threads_run(rg_threads *pool, rg_threads_body body, void *user);

/* Runs body(user, 0) on the calling thread alone, pinned as the pool says; the helpers rest. */
void rg_threads_run_alone(rg_threads *pool, rg_threads_body body, void *user);

/* Inside a body: waits until every thread of the pool is here. What was written before it by any
 * thread is visible after it to all. */
void rg_threads_barrier(rg_threads *pool);

/* The two halves of a barrier, each called by every thread: at gather thread 0 waits for the
 * others, who go on; at release they wait for thread 0, which goes on. Between them what thread 0
 * does is its own. A body begins as if released and ends by being gathered. */
void rg_threads_gather(rg_threads *pool);
void rg_threads_release(rg_threads *pool);

/* True when every thread could be pinned to its CPU. */
bool rg_threads_is_pinned(const rg_threads *pool);

/* The CPUs chosen for a pool with these arguments, by thread, as a list ("0-1"); "" where none can
 * be told. RG_USAGE for a bad list. */
rg_status rg_threads_cores(uint32_t threads, const char *cores, uint32_t skip, char *ret,
                           size_t cap, rg_err *err);

#endif
