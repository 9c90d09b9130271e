/* process.h: a child process of a target that reads and writes bytes: a program behind the pipe
 * protocol, or a vendor's tool. No call waits for ever; how it ended is told in words. Its stderr
 * is the caller's, so that the supervisor keeps it with the round. */
#ifndef RG_TARGETS_PROCESS_H
#define RG_TARGETS_PROCESS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "bench/core/err.h"

enum { RG_PROCESS_LINE = 4096, RG_PROCESS_BUFFER = 65536 };

typedef struct rg_process {
    pid_t pid;        /* 0: none */
    int in, out;      /* what it reads, what it writes; non-blocking; -1: none */
    const char *name; /* argv[0], for messages; the caller's */
    char *buffer;     /* what it wrote and nobody took: from `start`, `bytes` of it */
    size_t start, bytes;
} rg_process;

#define RG_NO_PROCESS                                                                              \
    { 0, -1, -1, "", NULL, 0, 0 }

/* Starts argv[0], found along PATH where it has no slash. It ends with the calling thread at the
 * latest. RG_ABSENT when there is no such program, RG_DENIED when it may not be run, RG_FAILED. */
rg_status rg_process_start(char *const *argv, rg_process *ret_process, rg_err *err);

/* Writes all parts. RG_TIMEOUT when `deadline_ns` (rg_clock_real_ns) passes first, RG_FAILED with
 * the way it ended when it reads no more. The parts' array is used up. */
rg_status rg_process_send(rg_process *process, struct iovec *parts, int n, int64_t deadline_ns,
                          rg_err *err);

/* The next line without its newline, in `ret_line`. RG_FAILED for one longer than
 * RG_PROCESS_LINE or with a NUL in it, and when it ended first; RG_TIMEOUT. */
rg_status rg_process_line(rg_process *process, char ret_line[RG_PROCESS_LINE], int64_t deadline_ns,
                          rg_err *err);

/* Exactly `bytes` of what it writes. The same errors. */
rg_status rg_process_take(rg_process *process, void *to, size_t bytes, int64_t deadline_ns,
                          rg_err *err);

/* Some bytes, `cap` at most, as soon as there are any; none at its end. RG_TIMEOUT, RG_IO. */
rg_status rg_process_hear(rg_process *process, void *to, size_t cap, int64_t deadline_ns,
                          size_t *ret_n, rg_err *err);

/* Closes what it reads, gives it `grace_ms` to end by itself, then kills it. `ret_how` (may be
 * NULL) tells how it had ended by itself, "ended with code 3" or "crashed: Segmentation fault"; ""
 * when it had to be killed. Returns its exit code, -1 without one. Accepts RG_NO_PROCESS. */
int rg_process_stop(rg_process *process, int grace_ms, char *ret_how, size_t cap);

#endif
