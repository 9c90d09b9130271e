/* gnuplot.c: runs gnuplot on scripts that reports/lib/charts.lua wrote. */
#include "bench/result/gnuplot.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/core/arena.h"
#include "bench/core/clock.h"
#include "bench/core/fs.h"

#define LIMIT_NS ((int64_t)30000000000)
#define PICTURE_LIMIT ((size_t)16 << 20)

extern char **environ;

struct rg_gnuplot {
    rg_arena *arena;
    char *dir;
    char *program; /* full path, NULL when there is none */
    bool temporary;
};

static rg_status make_dir(rg_gnuplot *gnuplot, const char *keep, rg_err *err) {
    if (keep) {
        char *dir = realpath(keep, NULL);
        rg_status status = dir ? RG_OK : rg_fs_mkdirs(keep, err);
        if (!dir)
            dir = status == RG_OK ? realpath(keep, NULL) : NULL;
        gnuplot->dir = rg_arena_strdup(gnuplot->arena, dir);
        free(dir);
        if (status == RG_OK && !gnuplot->dir)
            status = rg_fail(err, RG_IO, "name a folder that can be made", "cannot use %s: %s",
                             keep, strerror(errno));
        return status;
    }
    const char *base = getenv("TMPDIR");
    gnuplot->dir = rg_arena_printf(gnuplot->arena, "%s/railgauge-charts-XXXXXX",
                                   base && *base ? base : "/tmp");
    if (!gnuplot->dir || !mkdtemp(gnuplot->dir))
        return rg_fail(err, RG_IO, "set TMPDIR to a folder that can be written",
                       "cannot make a temporary folder: %s", strerror(errno));
    gnuplot->temporary = true;
    return RG_OK;
}

rg_status rg_gnuplot_open(const char *keep, rg_gnuplot **ret_gnuplot, rg_err *err) {
    rg_gnuplot *gnuplot = calloc(1, sizeof *gnuplot);
    if (!gnuplot || !(gnuplot->arena = rg_arena_new(0))) {
        rg_gnuplot_close(gnuplot);
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    }
    rg_status status = make_dir(gnuplot, keep, err);
    if (status != RG_OK) {
        rg_gnuplot_close(gnuplot);
        return status;
    }
    gnuplot->program = rg_fs_program(gnuplot->arena, "gnuplot");
    *ret_gnuplot = gnuplot;
    return RG_OK;
}

void rg_gnuplot_close(rg_gnuplot *gnuplot) {
    if (!gnuplot)
        return;
    if (gnuplot->temporary)
        rg_fs_remove_tree(gnuplot->dir, NULL);
    rg_arena_free(gnuplot->arena);
    free(gnuplot);
}

static char *file_path(rg_gnuplot *gnuplot, const char *name, const char *extension) {
    return rg_arena_printf(gnuplot->arena, "%s/%s.%s", gnuplot->dir, name, extension);
}

static rg_status write_file(rg_gnuplot *gnuplot, const char *name, const char *extension,
                            const char *text, rg_err *err) {
    char *path = file_path(gnuplot, name, extension);
    FILE *file = path ? fopen(path, "we") : NULL;
    if (!file)
        return rg_fail(err, RG_IO, "check space and permissions", "cannot write a chart's file: %s",
                       strerror(errno));
    bool fine = fputs(text, file) >= 0;
    if (fclose(file) != 0 || !fine)
        return rg_fail(err, RG_IO, "free some space", "cannot write %s: %s", path, strerror(errno));
    return RG_OK;
}

/* Sets the child's folder, its standard streams and its own process group. */
static int prepare(posix_spawn_file_actions_t *actions, posix_spawnattr_t *attributes,
                   const char *dir) {
    int bad = posix_spawn_file_actions_addchdir_np(actions, dir);
    bad |= posix_spawn_file_actions_addopen(actions, 0, "/dev/null", O_RDONLY, 0);
    bad |= posix_spawn_file_actions_addopen(actions, 1, "gnuplot.log", O_WRONLY | O_CREAT | O_TRUNC,
                                            0600);
    bad |= posix_spawn_file_actions_adddup2(actions, 1, 2);
    bad |= posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETPGROUP);
    return bad | posix_spawnattr_setpgroup(attributes, 0);
}

static rg_status start(const rg_gnuplot *gnuplot, char *script, pid_t *ret_pid, rg_err *err) {
    char *argv[] = {"gnuplot", "--default-settings", script, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    if (posix_spawn_file_actions_init(&actions) != 0)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    if (posix_spawnattr_init(&attributes) != 0) {
        posix_spawn_file_actions_destroy(&actions);
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    }
    int bad = prepare(&actions, &attributes, gnuplot->dir);
    if (!bad)
        bad = posix_spawn(ret_pid, gnuplot->program, &actions, &attributes, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return bad ? rg_fail(err, RG_FAILED, "try to start gnuplot by hand", "cannot start %s: %s",
                         gnuplot->program, strerror(bad))
               : RG_OK;
}

/* Waits for the end, at most LIMIT_NS; the wait status, or -1 when it had to be killed. */
static int wait_for(pid_t pid) {
    int64_t deadline = rg_clock_real_ns() + LIMIT_NS;
    struct timespec nap = {0, 2000000};
    int state = 0;
    for (;;) {
        pid_t got = waitpid(pid, &state, WNOHANG);
        if (got == pid)
            return state;
        if (got < 0 && errno != EINTR)
            return -1;
        if (rg_clock_real_ns() > deadline)
            break;
        nanosleep(&nap, NULL);
    }
    kill(-pid, SIGKILL);
    while (waitpid(pid, &state, 0) < 0 && errno == EINTR)
        ;
    return -1;
}

/* The last line of gnuplot's own words. */
static void last_words(rg_gnuplot *gnuplot, char *ret, size_t cap) {
    char *text = NULL, *path = file_path(gnuplot, "gnuplot", "log");
    size_t bytes = 0;
    snprintf(ret, cap, "it said nothing");
    if (!path || rg_fs_read(gnuplot->arena, path, 1 << 20, &text, &bytes, NULL) != RG_OK)
        return;
    while (bytes && (text[bytes - 1] == '\n' || text[bytes - 1] == ' '))
        text[--bytes] = '\0';
    const char *line = strrchr(text, '\n');
    if (bytes)
        snprintf(ret, cap, "%s", line ? line + 1 : text);
}

static rg_status run_script(rg_gnuplot *gnuplot, const char *name, rg_err *err) {
    char *script = rg_arena_printf(gnuplot->arena, "%s.gp", name);
    pid_t pid;
    rg_status status =
        script ? start(gnuplot, script, &pid, err) : rg_fail(err, RG_NO_MEMORY, NULL, "no memory");
    if (status != RG_OK)
        return status;
    int state = wait_for(pid);
    if (state == -1)
        return rg_fail(err, RG_TIMEOUT, "keep the files with --keep-charts DIR and try by hand",
                       "gnuplot did not finish chart %s within 30 s", name);
    if (WIFEXITED(state) && WEXITSTATUS(state) == 0)
        return RG_OK;
    char words[256];
    last_words(gnuplot, words, sizeof words);
    return rg_fail(err, RG_FAILED, "keep the files with --keep-charts DIR and try by hand",
                   "gnuplot could not draw chart %s: %s", name, words);
}

rg_status rg_gnuplot_draw(rg_gnuplot *gnuplot, const char *name, const char *script,
                          const char *data, rg_text *ret_svg, rg_err *err) {
    return rg_gnuplot_draw_as(gnuplot, name, "svg", script, data, ret_svg, err);
}

rg_status rg_gnuplot_draw_as(rg_gnuplot *gnuplot, const char *name, const char *extension,
                             const char *script, const char *data, rg_text *ret_picture,
                             rg_err *err) {
    rg_status status = write_file(gnuplot, name, "dat", data, err);
    if (status == RG_OK)
        status = write_file(gnuplot, name, "gp", script, err);
    if (status != RG_OK)
        return status;
    if (!gnuplot->program)
        return rg_fail(err, RG_ABSENT, "apt-get install gnuplot-nox", "gnuplot was not found");
    status = run_script(gnuplot, name, err);
    char *picture = NULL, *path = file_path(gnuplot, name, extension);
    size_t bytes;
    if (status == RG_OK)
        status = rg_fs_read(gnuplot->arena, path ? path : "", PICTURE_LIMIT, &picture, &bytes, err);
    if (status == RG_OK)
        rg_text_add_bytes(ret_picture, picture, bytes);
    if (status == RG_OK && ret_picture->failed)
        status = rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    return status;
}
