/* pattern_threads.h: several requests in flight on a synchronous target: a thread for each slot.
 * Part of pattern.c's work; nobody else calls it. */
#ifndef RG_RUN_PATTERN_THREADS_H
#define RG_RUN_PATTERN_THREADS_H

#include "bench/run/pattern.h"

/* As rg_loop_run, for IN_FLIGHT on a synchronous target in real time. All threads start together;
 * each takes its share of the rows and stops by itself, so that they share nothing while timed. */
rg_status rg_loop_run_threads(const rg_loop *loop, const rg_goal *goal, rg_rows *rows,
                              rg_ran *ret_ran, rg_err *err);

/* The words for a target's failure inside a loop. */
rg_status rg_loop_failed(const rg_loop *loop, rg_status status, uint64_t rows, rg_err *err);

#endif
