/* turns.h: two workers that take turns on the same cores, slice by slice, so that whatever slows
 * the machine for a while slows both arms of a gate alike (duet measurement: Bulej and others,
 * ICPE 2020; here on the same cores, one at a time). The supervisor owns the shared page; each
 * worker joins it by its path. Only one of the two ever runs: the first arrives at its steady
 * window and sleeps until the other has arrived there too; then slices alternate; who is done first
 * sleeps until the other's process has ended. Nobody waits for a process that is gone. */
#ifndef RG_RUN_TURNS_H
#define RG_RUN_TURNS_H

#include <stdbool.h>
#include <stdint.h>

#include "bench/core/err.h"

#define RG_TURNS_SLICE_NS INT64_C(5000000) /* what a slice lasts unless the user says otherwise */

typedef struct rg_turns rg_turns;

/* --- the supervisor -------------------------------------------------------------------------- */

/* RG_FAILED when the system gives no shared memory. Close with rg_turns_close, which accepts NULL.
 */
rg_status rg_turns_open(rg_turns **ret_turns, rg_err *err);
void rg_turns_close(rg_turns *turns);

/* Where workers find the page; valid while the supervisor lives and has it open. */
const char *rg_turns_path(const rg_turns *turns);

/* Begins a pair whose side `first` (0 or 1) gets the first slice. No worker may be joined. */
void rg_turns_begin(rg_turns *turns, int first);

/* Blocks until `side` has arrived at its window, or has left. */
void rg_turns_await(rg_turns *turns, int side);

/* The worker of `side` has ended, however it did (also when it never started). */
void rg_turns_leave(rg_turns *turns, int side);

/* --- a worker -------------------------------------------------------------------------------- */

/* RG_FAILED when the page is not there: the worker then measures by itself. */
rg_status rg_turns_join(const char *path, int side, rg_turns **ret_turns, rg_err *err);

/* Ready to measure: sleeps until it is this side's turn. Returns ns slept, as the next two do. */
int64_t rg_turns_arrive(rg_turns *turns);

/* After a slice: lets the other have its own; 0 at once when there is no other (any more). */
int64_t rg_turns_pass(rg_turns *turns);

/* After the last slice: sleeps until the other's process has ended, unless it is done already. */
int64_t rg_turns_finish(rg_turns *turns);

/* CPU time in ns that the other's process has used since this one joined, as far as it has told. */
int64_t rg_turns_other_cpu_ns(const rg_turns *turns);

#endif
