/* tool.c: starts a program, listens to it, and never waits for ever. */
#include "bench/run/tool.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/core/clock.h"

extern char **environ;

rg_status rg_tool_find(rg_root *root, const char *path, char *ret, size_t cap) {
    if (!rg_root_is_writable(root) || !rg_root_exists(root, path))
        return RG_ABSENT;
    int n = snprintf(ret, cap, "%s%s", rg_root_is_live(root) ? "" : rg_root_path(root), path);
    return n > 0 && (size_t)n < cap ? RG_OK : RG_ABSENT;
}

static rg_status start(char *const *argv, int out, pid_t *ret_pid, rg_err *err) {
    posix_spawn_file_actions_t actions;
    if (posix_spawn_file_actions_init(&actions))
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    int bad = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    bad |= posix_spawn_file_actions_adddup2(&actions, out, 1);
    bad |= posix_spawn_file_actions_adddup2(&actions, out, 2);
    if (!bad)
        bad = posix_spawn(ret_pid, argv[0], &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    return bad ? rg_fail(err, RG_FAILED, NULL, "cannot start %s: %s", argv[0], strerror(bad))
               : RG_OK;
}

/* What it says until it ends, or until it has taken too long. */
static void listen_to(int fd, pid_t pid, int limit_s, char *words, size_t cap) {
    int64_t end_ns = rg_clock_real_ns() + limit_s * INT64_C(1000000000);
    struct pollfd end = {.fd = fd, .events = POLLIN};
    size_t used = 0;
    ssize_t n = 1;
    while (n != 0 && rg_clock_real_ns() < end_ns) {
        char rest[256];
        if (poll(&end, 1, 200) <= 0)
            continue;
        size_t room = cap - 1 - used;
        n = read(fd, room ? words + used : rest, room ? room : sizeof rest);
        used += room && n > 0 ? (size_t)n : 0;
        if (n < 0 && errno != EINTR)
            break;
    }
    words[used] = '\0';
    if (n != 0)
        kill(pid, SIGKILL);
}

rg_status rg_tool_run(char *const *argv, int limit_s, char *ret_words, size_t cap, rg_err *err) {
    int ends[2], how = 0;
    pid_t pid;
    ret_words[0] = '\0';
    if (pipe2(ends, O_CLOEXEC) < 0)
        return rg_fail(err, RG_FAILED, NULL, "no pipe to %s: %s", argv[0], strerror(errno));
    rg_status status = start(argv, ends[1], &pid, err);
    close(ends[1]);
    if (status == RG_OK) {
        listen_to(ends[0], pid, limit_s, ret_words, cap);
        while (waitpid(pid, &how, 0) < 0 && errno == EINTR)
            ;
        if (!WIFEXITED(how) || WEXITSTATUS(how))
            status = rg_fail(err, RG_FAILED, "run it by hand to see why", "%s failed", argv[0]);
    }
    close(ends[0]);
    return status;
}
