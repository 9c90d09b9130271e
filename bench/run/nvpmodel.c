/* nvpmodel.c: sets a power mode by the board's own program. It is never told yes: where it asks to
 * restart the machine, it reads the end of its input and the mode is refused. */
#include "bench/run/nvpmodel.h"

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

enum { LIMIT_S = 30, WORDS_BYTES = 2048 };

extern char **environ;

static rg_status start(const char *program, int id, int out, pid_t *ret_pid, rg_err *err) {
    char number[16];
    snprintf(number, sizeof number, "%d", id);
    char *const argv[] = {(char *)program, "-m", number, NULL};
    posix_spawn_file_actions_t actions;
    if (posix_spawn_file_actions_init(&actions))
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    int bad = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    bad |= posix_spawn_file_actions_adddup2(&actions, out, 1);
    bad |= posix_spawn_file_actions_adddup2(&actions, out, 2);
    if (!bad)
        bad = posix_spawn(ret_pid, program, &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    return bad ? rg_fail(err, RG_FAILED, NULL, "cannot start %s: %s", program, strerror(bad))
               : RG_OK;
}

/* What it says until it ends, or until it has taken too long. */
static void listen_to(int fd, pid_t pid, char words[WORDS_BYTES]) {
    int64_t end_ns = rg_clock_real_ns() + LIMIT_S * INT64_C(1000000000);
    struct pollfd end = {.fd = fd, .events = POLLIN};
    size_t used = 0;
    ssize_t n = 1;
    while (n != 0 && rg_clock_real_ns() < end_ns) {
        char rest[256];
        if (poll(&end, 1, 200) <= 0)
            continue;
        size_t room = WORDS_BYTES - 1 - used;
        n = read(fd, room ? words + used : rest, room ? room : sizeof rest);
        used += room && n > 0 ? (size_t)n : 0;
        if (n < 0 && errno != EINTR)
            break;
    }
    words[used] = '\0';
    if (n != 0)
        kill(pid, SIGKILL);
}

static void last_line(char *words) {
    size_t n = strlen(words);
    while (n && (words[n - 1] == '\n' || words[n - 1] == ' '))
        words[--n] = '\0';
    char *line = strrchr(words, '\n');
    if (line)
        memmove(words, line + 1, strlen(line + 1) + 1);
}

static bool asks_for_restart(const char *words) {
    return strstr(words, "eboot") || strstr(words, "REBOOT");
}

static bool is_mode(rg_root *root, int id) {
    rg_power_modes modes;
    return rg_power_modes_read(root, &modes, NULL) == RG_OK && modes.now == id;
}

static rg_status judge(rg_root *root, int id, int how, char *words, rg_err *err) {
    if (asks_for_restart(words))
        return rg_fail(err, RG_UNSUPPORTED,
                       "set it by hand, restart, and measure there without power_mode",
                       "nvpmodel -m %d asks for a restart", id);
    last_line(words);
    if (!WIFEXITED(how) || WEXITSTATUS(how))
        return rg_fail(err, RG_FAILED, "run it by hand to see why", "nvpmodel -m %d failed: %s", id,
                       words);
    if (!is_mode(root, id))
        return rg_fail(err, RG_FAILED, "run it by hand to see why",
                       "nvpmodel -m %d ran, but the mode is another", id);
    return RG_OK;
}

rg_status rg_power_mode_set(rg_root *root, int id, rg_err *err) {
    char program[4096], words[WORDS_BYTES] = "";
    int ends[2], how = 0;
    pid_t pid;
    snprintf(program, sizeof program, "%s%s", rg_root_is_live(root) ? "" : rg_root_path(root),
             RG_NVPMODEL);
    if (!rg_root_is_writable(root))
        return rg_fail(err, RG_UNSUPPORTED, NULL,
                       "the state of a recorded machine is never changed");
    if (is_mode(root, id))
        return RG_OK;
    if (pipe2(ends, O_CLOEXEC) < 0)
        return rg_fail(err, RG_FAILED, NULL, "no pipe to nvpmodel: %s", strerror(errno));
    rg_status status = start(program, id, ends[1], &pid, err);
    close(ends[1]);
    if (status == RG_OK) {
        listen_to(ends[0], pid, words);
        while (waitpid(pid, &how, 0) < 0 && errno == EINTR)
            ;
        status = judge(root, id, how, words, err);
    }
    close(ends[0]);
    return status;
}
