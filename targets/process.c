/* process.c: starts, feeds, hears and ends a child process (process.h). */
#include "targets/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/core/clock.h"

enum { STEP_NS = 2000000, LINGER_MS = 200 };

/* --- start ------------------------------------------------------------------------------------ */

/* Between fork and exec. What went wrong goes through `tell`, which a good exec closes. */
static _Noreturn void become(char *const *argv, int in, int out, int tell, pid_t parent) {
    sigset_t none;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
    signal(SIGPIPE, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (dup2(in, 0) >= 0 && dup2(out, 1) >= 0)
        execvp(argv[0], argv);
    int why = errno;
    _exit(write(tell, &why, sizeof why) == (ssize_t)sizeof why ? 127 : 126);
}

static rg_status refuse(const char *name, int why, rg_err *err) {
    if (why == ENOENT || why == ENOTDIR)
        return rg_fail(err, RG_ABSENT, "install it, or give its whole path",
                       "there is no program '%s'", name);
    if (why == EACCES || why == EPERM)
        return rg_fail(err, RG_DENIED, "chmod +x, or put its interpreter before it",
                       "'%s' may not be run: %s", name, strerror(why));
    return rg_fail(err, RG_FAILED, NULL, "cannot start '%s': %s", name, strerror(why));
}

/* A word from the child comes only when exec failed. */
static rg_status await_exec(pid_t pid, const char *name, int told, rg_err *err) {
    int why = 0;
    ssize_t n;
    while ((n = read(told, &why, sizeof why)) < 0 && errno == EINTR)
        ;
    if (n == 0)
        return RG_OK;
    waitpid(pid, NULL, 0);
    return refuse(name, n == (ssize_t)sizeof why ? why : EIO, err);
}

static void close_all(const int *fds, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (fds[i] >= 0)
            close(fds[i]);
    }
}

rg_status rg_process_start(char *const *argv, rg_process *ret_process, rg_err *err) {
    int fds[6] = {-1, -1, -1, -1, -1, -1}; /* to it, from it, word of exec: read end, write end */
    rg_process process = {.in = -1, .out = -1, .name = argv[0]};
    process.buffer = malloc(RG_PROCESS_BUFFER);
    rg_status status = RG_OK;
    if (!process.buffer || pipe2(fds, O_CLOEXEC) || pipe2(fds + 2, O_CLOEXEC) ||
        pipe2(fds + 4, O_CLOEXEC))
        status = rg_fail(err, RG_FAILED, "raise the limit of open files (ulimit -n) or free memory",
                         "cannot prepare '%s': %s", argv[0], strerror(errno));
    pid_t parent = getpid();
    if (status == RG_OK && (process.pid = fork()) == 0)
        become(argv, fds[0], fds[3], fds[5], parent);
    if (status == RG_OK && process.pid < 0)
        status = rg_fail(err, RG_FAILED, "close other programs", "cannot start a process: %s",
                         strerror(errno));
    if (status == RG_OK) {
        close(fds[5]);
        fds[5] = -1;
        status = await_exec(process.pid, argv[0], fds[4], err);
    }
    if (status == RG_OK) {
        process.in = fds[1];
        process.out = fds[2];
        fds[1] = fds[2] = -1;
        fcntl(process.in, F_SETFL, O_NONBLOCK);
        fcntl(process.out, F_SETFL, O_NONBLOCK);
        signal(SIGPIPE, SIG_IGN);
        *ret_process = process;
    } else {
        free(process.buffer);
    }
    close_all(fds, 6);
    return status;
}

/* --- end -------------------------------------------------------------------------------------- */

static void say_end(int how, char *ret, size_t cap) {
    if (WIFSIGNALED(how))
        snprintf(ret, cap, "crashed: %s", strsignal(WTERMSIG(how)));
    else
        snprintf(ret, cap, "ended with code %d", WEXITSTATUS(how));
}

/* Waits until it has ended, `ms` at most. */
static bool has_ended(pid_t pid, int ms, int *ret_how) {
    int64_t end_ns = rg_clock_real_ns() + (int64_t)ms * 1000000;
    for (;;) {
        pid_t got = waitpid(pid, ret_how, WNOHANG);
        if (got == pid || (got < 0 && errno != EINTR))
            return true;
        if (rg_clock_real_ns() >= end_ns)
            return false;
        nanosleep(&(struct timespec){0, STEP_NS}, NULL);
    }
}

int rg_process_stop(rg_process *process, int grace_ms, char *ret_how, size_t cap) {
    int how = 0, code = -1;
    char words[96] = "";
    const int ends[] = {process->in, process->out};
    if (process->in >= 0)
        close_all(ends, 1);
    if (process->pid > 0 && has_ended(process->pid, grace_ms, &how)) {
        say_end(how, words, sizeof words);
        code = WIFEXITED(how) ? WEXITSTATUS(how) : -1;
    } else if (process->pid > 0) {
        kill(process->pid, SIGKILL);
        waitpid(process->pid, &how, 0);
    }
    close_all(ends + 1, 1);
    free(process->buffer);
    *process = (rg_process)RG_NO_PROCESS;
    if (ret_how && cap)
        snprintf(ret_how, cap, "%s", words);
    return code;
}

/* It reads or writes no more: what became of it. */
static rg_status tell_end(rg_process *process, rg_err *err) {
    char name[256], how[96];
    snprintf(name, sizeof name, "%s", process->name);
    rg_process_stop(process, LINGER_MS, how, sizeof how);
    return rg_fail(err, RG_FAILED, "its last words are in the round's output.txt; run it by hand",
                   "%s %s", name, *how ? how : "closed its output and went on");
}

/* --- bytes ------------------------------------------------------------------------------------ */

/* Until one end is ready. RG_TIMEOUT after the deadline. */
static rg_status await(const rg_process *process, int fd, short events, int64_t deadline_ns,
                       rg_err *err) {
    for (;;) {
        int64_t left_ns = deadline_ns - rg_clock_real_ns();
        struct pollfd end = {.fd = fd, .events = events};
        int ready =
            left_ns > 0
                ? poll(&end, 1,
                       left_ns > INT64_C(60000000000) ? 60000 : (int)(left_ns / 1000000 + 1))
                : 0;
        if (ready > 0)
            return RG_OK;
        if (left_ns <= 0)
            return rg_fail(err, RG_TIMEOUT, "raise the limit, or look why it hangs",
                           "%s did not %s in time", process->name,
                           events & POLLIN ? "answer" : "read");
    }
}

/* Takes `done` bytes off the parts; returns the first that has bytes left. */
static int skip_parts(struct iovec *parts, int at, int n, size_t done) {
    while (at < n && done >= parts[at].iov_len)
        done -= parts[at++].iov_len;
    if (at < n) {
        parts[at].iov_base = (char *)parts[at].iov_base + done;
        parts[at].iov_len -= done;
    }
    return at;
}

rg_status rg_process_send(rg_process *process, struct iovec *parts, int n, int64_t deadline_ns,
                          rg_err *err) {
    int at = skip_parts(parts, 0, n, 0);
    while (at < n) {
        if (process->in < 0)
            return rg_fail(err, RG_FAILED, NULL, "the program has ended");
        ssize_t sent = writev(process->in, parts + at, n - at);
        if (sent >= 0)
            at = skip_parts(parts, at, n, (size_t)sent);
        else if (errno == EAGAIN || errno == EINTR) {
            rg_status status = await(process, process->in, POLLOUT, deadline_ns, err);
            if (status != RG_OK)
                return status;
        } else
            return tell_end(process, err);
    }
    return RG_OK;
}

rg_status rg_process_hear(rg_process *process, void *to, size_t cap, int64_t deadline_ns,
                          size_t *ret_n, rg_err *err) {
    for (;;) {
        ssize_t n = read(process->out, to, cap);
        if (n >= 0) {
            *ret_n = (size_t)n;
            return RG_OK;
        }
        if (errno != EAGAIN && errno != EINTR)
            return rg_fail(err, RG_IO, NULL, "cannot hear %s: %s", process->name, strerror(errno));
        rg_status status = await(process, process->out, POLLIN, deadline_ns, err);
        if (status != RG_OK)
            return status;
    }
}

/* Some bytes to `to`, at least one. */
static rg_status receive(rg_process *process, void *to, size_t cap, int64_t deadline_ns,
                         size_t *ret_n, rg_err *err) {
    if (process->out < 0)
        return rg_fail(err, RG_FAILED, NULL, "the program has ended");
    rg_status status = rg_process_hear(process, to, cap, deadline_ns, ret_n, err);
    return status == RG_IO || (status == RG_OK && !*ret_n) ? tell_end(process, err) : status;
}

rg_status rg_process_line(rg_process *process, char ret_line[RG_PROCESS_LINE], int64_t deadline_ns,
                          rg_err *err) {
    for (;;) {
        if (process->out < 0)
            return rg_fail(err, RG_FAILED, NULL, "the program has ended");
        char *at = process->buffer + process->start;
        char *end = process->bytes ? memchr(at, '\n', process->bytes) : NULL;
        size_t length = end ? (size_t)(end - at) : process->bytes;
        if (length >= RG_PROCESS_LINE || (process->bytes && memchr(at, '\0', length)))
            return rg_fail(err, RG_FAILED, "docs/pipe-protocol.md tells what a line may hold",
                           "%s writes no lines of text", process->name);
        if (end) {
            memcpy(ret_line, at, length);
            ret_line[length] = '\0';
            process->start += length + 1;
            process->bytes -= length + 1;
            return RG_OK;
        }
        if (process->bytes)
            memmove(process->buffer, at, process->bytes);
        process->start = 0;
        size_t n = 0;
        rg_status status = receive(process, process->buffer + process->bytes,
                                   RG_PROCESS_BUFFER - process->bytes, deadline_ns, &n, err);
        if (status != RG_OK)
            return status;
        process->bytes += n;
    }
}

rg_status rg_process_take(rg_process *process, void *to, size_t bytes, int64_t deadline_ns,
                          rg_err *err) {
    size_t n = bytes < process->bytes ? bytes : process->bytes;
    char *at = to;
    if (n)
        memcpy(at, process->buffer + process->start, n);
    process->start += n;
    process->bytes -= n;
    for (at += n, bytes -= n; bytes; at += n, bytes -= n) {
        rg_status status = receive(process, at, bytes, deadline_ns, &n, err);
        if (status != RG_OK)
            return status;
    }
    return RG_OK;
}
