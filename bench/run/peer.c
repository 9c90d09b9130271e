/* peer.c: one question to another program, with a time limit. */
#include "bench/run/peer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/core/clock.h"
#include "bench/run/job.h"

enum { LIMIT_MS = 10000 };

static pid_t start(const char *program, int output) {
    pid_t pid = fork();
    if (pid)
        return pid;
    int nothing = open("/dev/null", O_RDWR);
    dup2(nothing, 0);
    dup2(output, 1);
    dup2(nothing, 2);
    execl(program, "railgauge", "worker", "--protocol", (char *)NULL);
    _exit(127);
}

/* Reads to the end or to the limit of time or room; the bytes. */
static size_t read_answer(int fd, char *ret, size_t cap) {
    int64_t end_ns = rg_clock_real_ns() + LIMIT_MS * INT64_C(1000000);
    size_t n = 0;
    while (n + 1 < cap) {
        int64_t left_ms = (end_ns - rg_clock_real_ns()) / 1000000;
        struct pollfd one = {.fd = fd, .events = POLLIN};
        if (left_ms <= 0 || poll(&one, 1, (int)left_ms) == 0)
            break;
        ssize_t got = read(fd, ret + n, cap - 1 - n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        n += (size_t)got;
    }
    ret[n] = '\0';
    return n;
}

static bool ask(const char *program, char *ret, size_t cap) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC))
        return false;
    pid_t pid = start(program, ends[1]);
    close(ends[1]);
    bool answered = pid > 0 && read_answer(ends[0], ret, cap) > 0;
    close(ends[0]);
    if (pid > 0) {
        kill(pid, SIGKILL); /* has ended, or never will */
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    return answered;
}

rg_status rg_peer_ask(const char *program, rg_peer *ret_peer, rg_err *err) {
    char own[160], answer[512] = "";
    rg_peer peer = {.version = ""};
    rg_job_protocol(own, sizeof own);
    if (access(program, X_OK))
        return rg_fail(err, RG_USAGE, "name a railgauge program, or a bundle's folder",
                       "%s cannot be run: %s", program, strerror(errno));
    ask(program, answer, sizeof answer);
    size_t line = strcspn(answer, "\n");
    if (strncmp(answer, own, line) || line != strlen(own))
        return rg_fail(err, RG_USAGE,
                       "measure with each program's own `run` and gate the two bundles",
                       "the workers of %s cannot be driven by this build: they say '%.*s'", program,
                       (int)line, answer);
    const char *version = answer + line + (answer[line] == '\n');
    snprintf(peer.version, sizeof peer.version, "%.*s", (int)strcspn(version, "\n"), version);
    rg_status status = rg_hash_file(program, peer.sha256, err);
    if (status == RG_OK)
        *ret_peer = peer;
    return status;
}
