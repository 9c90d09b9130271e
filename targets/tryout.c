/* tryout.c: a child process, a pipe for its answer, a file in memory for its words (tryout.h). */
#include "targets/tryout.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/core/clock.h"

static void become(rg_status (*work)(void *, rg_err *), void *user, int answer, int words) {
    rg_err err = RG_ERR_INIT;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_DUMPABLE, 0);
    dup2(words, 1); /* what it prints is no data of ours */
    dup2(words, 2);
    err.status = work(user, &err);
    fflush(NULL);
    _exit(write(answer, &err, sizeof err) == (ssize_t)sizeof err ? 0 : 1);
}

/* The answer, in one piece as it was written; false when there is none, or none in time. */
static bool receive(int answer, int64_t end_ns, rg_err *ret_err, bool *ret_late) {
    for (;;) {
        int64_t left_ms = (end_ns - rg_clock_real_ns()) / 1000000;
        struct pollfd waiting = {.fd = answer, .events = POLLIN};
        int ready = left_ms > 0 ? poll(&waiting, 1, (int)left_ms) : 0;
        if (ready < 0 && errno == EINTR)
            continue;
        *ret_late = ready == 0;
        return ready > 0 && read(answer, ret_err, sizeof *ret_err) == (ssize_t)sizeof *ret_err;
    }
}

/* Passes its words on and keeps their end. */
static void take_words(int words, char *ret, size_t cap) {
    char piece[1024];
    ssize_t n;
    off_t bytes = lseek(words, 0, SEEK_END), room = (off_t)cap - 1;
    for (off_t at = 0; (n = pread(words, piece, sizeof piece, at)) > 0; at += n)
        fwrite(piece, 1, (size_t)n, stderr);
    fflush(stderr);
    n = pread(words, ret, (size_t)room, bytes > room ? bytes - room : 0);
    ret[n > 0 ? n : 0] = '\0';
}

static rg_status tell_end(int how, bool late, int limit_s, rg_tryout *trial, rg_err *err) {
    if (late)
        return rg_fail(err, RG_TIMEOUT, NULL, "it did not answer within %d s", limit_s);
    if (WIFSIGNALED(how)) {
        trial->signal = WTERMSIG(how);
        return rg_fail(err, RG_FAILED, NULL, "it crashed: %s", strsignal(trial->signal));
    }
    return rg_fail(err, RG_FAILED, NULL, "it ended the process with %d", WEXITSTATUS(how));
}

static rg_status await(pid_t pid, int answer, int limit_s, rg_tryout *trial, rg_err *err) {
    int how = 0;
    bool late = false;
    int64_t end_ns = rg_clock_real_ns() + (int64_t)limit_s * 1000000000;
    bool whole = receive(answer, end_ns, &trial->said, &late);
    if (!whole && late)
        kill(pid, SIGKILL);
    while (waitpid(pid, &how, 0) < 0 && errno == EINTR)
        ;
    return whole ? RG_OK : tell_end(how, late, limit_s, trial, err);
}

rg_status rg_tryout_run(rg_status (*work)(void *, rg_err *), void *user, int limit_s,
                        rg_tryout *ret_trial, rg_err *err) {
    int ends[2] = {-1, -1}, words = memfd_create("trial", MFD_CLOEXEC);
    rg_tryout trial = {.said = RG_ERR_INIT};
    fflush(NULL);
    pid_t pid = words >= 0 && pipe(ends) == 0 ? fork() : -1;
    if (pid == 0) {
        close(ends[0]);
        become(work, user, ends[1], words);
    }
    int why = errno;
    rg_status status;
    if (ends[1] >= 0)
        close(ends[1]);
    if (pid > 0) {
        status = await(pid, ends[0], limit_s, &trial, err);
        take_words(words, trial.words, sizeof trial.words);
        *ret_trial = trial;
    } else {
        status = rg_fail(err, RG_FAILED, NULL, "cannot start a trial: %s", strerror(why));
    }
    if (ends[0] >= 0)
        close(ends[0]);
    if (words >= 0)
        close(words);
    return status;
}
