/* compile_child.c: a vendor's program with its outputs in a log, a time limit and its whole process
 * group ended with it: see compile.h. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/core/clock.h"
#include "bench/run/compile.h"

enum { STEP_MS = 20, GRACE_MS = 1000, TAIL_BYTES = 4096, CANNOT_START = 127 };

static void nap(void) {
    const struct timespec step = {0, STEP_MS * 1000000L};
    nanosleep(&step, NULL);
}

/* In the child. Only calls that are safe behind a fork. */
static void become(char *const *argv, const char *cwd, int log) {
    int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (chdir(cwd) == 0 && dup2(nothing, 0) >= 0 && dup2(log, 1) >= 0 && dup2(log, 2) >= 0)
        execv(argv[0], argv);
    _exit(CANNOT_START);
}

static void note_command(int log, char *const *argv) {
    rg_text line = {0};
    rg_text_add(&line, "$");
    for (size_t i = 0; argv[i]; i++)
        rg_text_printf(&line, " %s", argv[i]);
    rg_text_add(&line, "\n");
    if (line.data && write(log, line.data, line.bytes) < 0)
        line.failed = true; /* the program's own lines will tell that the log cannot be written */
    rg_text_free(&line);
}

/* Ends the group: asked first, then not. */
static void end_group(pid_t pid, int *how) {
    kill(-pid, SIGTERM);
    for (int ms = 0; ms < GRACE_MS && waitpid(pid, how, WNOHANG) == 0; ms += STEP_MS)
        nap();
    kill(-pid, SIGKILL);
    waitpid(pid, how, 0);
}

/* RG_OK when it ended by itself; `how` is as waitpid has it. */
static rg_status wait_for(pid_t pid, int limit_s, const volatile sig_atomic_t *stop, int *how) {
    int64_t end_ns = rg_clock_real_ns() + limit_s * INT64_C(1000000000);
    for (;;) {
        pid_t got = waitpid(pid, how, WNOHANG);
        if (got == pid || (got < 0 && errno != EINTR))
            break;
        bool stopped = stop && *stop;
        if (stopped || rg_clock_real_ns() > end_ns) {
            end_group(pid, how);
            return stopped ? RG_INTERRUPTED : RG_TIMEOUT;
        }
        nap();
    }
    kill(-pid, SIGKILL); /* what it may have left behind */
    return RG_OK;
}

/* The last line of a text that holds a letter. */
static void find_last(char *tail, char *ret, size_t cap) {
    char *rest = tail, *line;
    while ((line = strsep(&rest, "\n"))) {
        if (line[0] != '$' && line[strcspn(line, "abcdefghijklmnopqrstuvwxyz")])
            snprintf(ret, cap, "%s", line);
    }
    for (char *at = ret; *at; at++)
        *at = (unsigned char)*at < 0x20 || (unsigned char)*at > 0x7e ? ' ' : *at;
}

static void read_last(int log, off_t from, char *ret, size_t cap) {
    char tail[TAIL_BYTES + 1];
    off_t end = lseek(log, 0, SEEK_END);
    off_t start = end - from > TAIL_BYTES ? end - TAIL_BYTES : from;
    ssize_t n = pread(log, tail, TAIL_BYTES, start);
    tail[n > 0 ? n : 0] = '\0';
    ret[0] = '\0';
    find_last(tail, ret, cap);
}

static rg_status judge(const char *program, int how, rg_logged *ret, rg_err *err) {
    const char *words = ret->last[0] ? ret->last : "it said nothing";
    if (WIFSIGNALED(how))
        return rg_fail(err, RG_FAILED, "see its log; another version of the compiler may do",
                       "%s crashed (%s): %s", program, strsignal(WTERMSIG(how)), words);
    ret->code = WEXITSTATUS(how);
    if (ret->code == 0)
        return RG_OK;
    return rg_fail(err, RG_FAILED, "see its log", "%s ended with code %d: %s", program, ret->code,
                   words);
}

rg_status rg_logged_run(char *const *argv, const char *cwd, const char *log, int limit_s,
                        const volatile sig_atomic_t *stop, rg_logged *ret, rg_err *err) {
    int how = 0, fd = open(log, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    *ret = (rg_logged){.code = -1};
    if (fd < 0)
        return rg_fail(err, RG_IO, "check the permissions of the folder", "cannot write %s: %s",
                       log, strerror(errno));
    note_command(fd, argv);
    off_t from = lseek(fd, 0, SEEK_END);
    int64_t start_ns = rg_clock_real_ns();
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0)
        become(argv, cwd, fd);
    rg_status status =
        pid > 0 ? wait_for(pid, limit_s, stop, &how)
                : rg_fail(err, RG_FAILED, NULL, "cannot start %s: %s", argv[0], strerror(errno));
    ret->seconds = (double)(rg_clock_real_ns() - start_ns) * 1e-9;
    read_last(fd, from, ret->last, sizeof ret->last);
    close(fd);
    if (status == RG_TIMEOUT)
        return rg_fail(err, RG_TIMEOUT, "allow more with --limit 30m", "%s took longer than %d s",
                       argv[0], limit_s);
    if (status == RG_INTERRUPTED)
        return rg_fail(err, RG_INTERRUPTED, NULL, "stopped while %s ran", argv[0]);
    return status == RG_OK ? judge(argv[0], how, ret, err) : status;
}
