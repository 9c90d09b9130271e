/* setting.c: what a machine is set to, kept as rows of file and value, and the guardian that puts
 * it back. The guardian is a child that waits for the end of a pipe: it comes when we close it,
 * and by itself when we are killed. settingcheck.c tells beforehand what can be set. */
#include "bench/run/setting.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/run/nvpmodel.h"

#define POLICIES "/sys/devices/system/cpu/cpufreq"

enum { MAX_ROWS = 2048, LOOK_MS = 500 };

/* A file and what it held when the machine was found. */
typedef struct kept {
    char path[160], value[48];
} kept;

struct rg_setter {
    rg_root *root;
    kept *rows;
    size_t n;
    int mode; /* power mode as found; -1: there is none */
    int pipe; /* to the guardian; its end is the sign to restore */
    pid_t guardian;
    bool mode_changed, governor_changed;
};

/* --- what is found ---------------------------------------------------------------------------- */

static void keep(rg_setter *setter, const char *dir, const char *item, const char *file) {
    if (setter->n == MAX_ROWS)
        return;
    kept *row = &setter->rows[setter->n];
    int n = snprintf(row->path, sizeof row->path, "%s/%s/%s", dir, item, file);
    if (n > 0 && (size_t)n < sizeof row->path &&
        rg_root_read(setter->root, row->path, row->value, sizeof row->value, NULL) == RG_OK)
        setter->n++;
}

/* The upper limit stands twice: a lower limit cannot be raised above it, nor it be lowered below
 * the lower one. */
static bool keep_policy(const char *name, void *user) {
    static const char *const files[] = {"scaling_governor", "scaling_max_freq", "scaling_min_freq",
                                        "scaling_max_freq"};
    for (size_t i = 0; i < 4 && !strncmp(name, "policy", 6); i++)
        keep(user, POLICIES, name, files[i]);
    return true;
}

/* nvpmodel moves the limits of these too. */
static bool keep_devfreq(const char *name, void *user) {
    static const char *const files[] = {"max_freq", "min_freq", "max_freq"};
    for (size_t i = 0; i < 3; i++)
        keep(user, "/sys/class/devfreq", name, files[i]);
    return true;
}

static rg_status find(rg_setter *setter, rg_err *err) {
    rg_power_modes *modes = malloc(sizeof *modes);
    setter->rows = calloc(MAX_ROWS, sizeof *setter->rows);
    if (!modes || !setter->rows) {
        free(modes);
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    }
    setter->mode = rg_power_modes_read(setter->root, modes, NULL) == RG_OK ? modes->now : -1;
    free(modes);
    rg_root_list(setter->root, POLICIES, keep_policy, setter);
    rg_root_list(setter->root, "/sys/class/devfreq", keep_devfreq, setter);
    return RG_OK;
}

/* --- setting ---------------------------------------------------------------------------------- */

static bool holds(rg_root *root, const char *path, const char *value) {
    char now[64];
    return rg_root_read(root, path, now, sizeof now, NULL) == RG_OK && !strcmp(now, value);
}

static rg_status write_setting(rg_root *root, const char *path, const char *value, rg_err *err) {
    if (holds(root, path, value))
        return RG_OK;
    rg_status status = rg_root_write(root, path, value, err);
    if (status == RG_OK && !holds(root, path, value))
        status = rg_fail(err, RG_FAILED, "see what else sets it (a power daemon?)",
                         "%s does not take '%s'", path, value);
    return status;
}

/* Files that hold something else than was found are written; one that has gone (a core that a mode
 * switches off) cannot be. All are tried, the first failure is told. */
static rg_status restore_rows(const rg_setter *setter, bool governors, rg_err *err) {
    rg_status status = RG_OK;
    for (size_t i = 0; i < setter->n; i++) {
        const kept *row = &setter->rows[i];
        bool governor = strstr(row->path, "governor") != NULL;
        if ((governor && !governors) || !rg_root_exists(setter->root, row->path))
            continue;
        rg_err own = RG_ERR_INIT;
        rg_status one = write_setting(setter->root, row->path, row->value, &own);
        bool repeated = i + 1 < setter->n && strstr(row->path, "max_freq") &&
                        strstr(setter->rows[i + 1].path, "min_freq");
        if (one != RG_OK && status == RG_OK && !repeated) {
            status = one;
            if (err)
                *err = own;
        }
    }
    return status;
}

static rg_status restore_mode(const rg_setter *setter, rg_err *err) {
    if (!setter->mode_changed || setter->mode < 0)
        return RG_OK;
    rg_status status = rg_power_mode_set(setter->root, setter->mode, err);
    rg_status rows = restore_rows(setter, true, status == RG_OK ? err : NULL);
    return status == RG_OK ? rows : status;
}

static rg_status restore(const rg_setter *setter, rg_err *err) {
    rg_status status = restore_mode(setter, err);
    if (status == RG_OK && setter->governor_changed)
        status = restore_rows(setter, true, err);
    return status;
}

/* --- the guardian ----------------------------------------------------------------------------- */

static void hide_from_terminal(void) {
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE};
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    setsid();
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        sigaction(signals[i], &ignore, NULL);
}

/* Only the pipe stays open: nobody shall wait for a file that we hold. */
static int keep_only(int fd) {
    int nothing = open("/dev/null", O_RDWR);
    for (int i = 0; i < 3 && nothing >= 0; i++)
        dup2(nothing, i);
    int own = dup2(fd, 3);
    for (int i = 4; i < 1024; i++)
        close(i);
    return own;
}

/* True once the other end is closed; notes what has been changed meanwhile. */
static bool is_over(int fd, pid_t parent, rg_setter *setter) {
    struct pollfd end = {.fd = fd, .events = POLLIN};
    char what;
    if (poll(&end, 1, LOOK_MS) > 0) {
        ssize_t n = read(fd, &what, 1);
        setter->mode_changed |= n == 1 && what == 'm';
        setter->governor_changed |= n == 1 && what == 'g';
        return n == 0 || (n < 0 && errno != EINTR);
    }
    return getppid() != parent; /* someone else may hold the other end */
}

static void guard(rg_setter *setter, int fd, pid_t parent) {
    char path[4096];
    hide_from_terminal();
    snprintf(path, sizeof path, "%s", rg_root_path(setter->root));
    fd = keep_only(fd);
    if (fd < 0 || rg_root_open(path, &setter->root, NULL) != RG_OK)
        _exit(1);
    while (!is_over(fd, parent, setter))
        ;
    _exit(restore(setter, NULL) == RG_OK ? 0 : 1);
}

static rg_status start_guardian(rg_setter *setter, rg_err *err) {
    int ends[2];
    pid_t parent = getpid();
    if (pipe2(ends, O_CLOEXEC) < 0)
        return rg_fail(err, RG_FAILED, "close other programs", "no pipe to a guardian: %s",
                       strerror(errno));
    setter->guardian = fork();
    if (setter->guardian == 0) {
        close(ends[1]);
        guard(setter, ends[0], parent);
    }
    close(ends[0]);
    setter->pipe = ends[1];
    if (setter->guardian < 0)
        return rg_fail(err, RG_FAILED, "close other programs", "cannot start a guardian: %s",
                       strerror(errno));
    return RG_OK;
}

/* The guardian must know before anything is changed. */
static rg_status announce(rg_setter *setter, char what, bool *changed, rg_err *err) {
    ssize_t n;
    if (*changed)
        return RG_OK;
    do
        n = write(setter->pipe, &what, 1);
    while (n < 0 && errno == EINTR);
    if (n != 1)
        return rg_fail(err, RG_FAILED, "run again",
                       "the guardian that would put settings back is "
                       "gone: nothing is changed without it");
    *changed = true;
    return RG_OK;
}

/* --- public ----------------------------------------------------------------------------------- */

rg_status rg_setter_open(rg_root *root, rg_setter **ret_setter, rg_err *err) {
    rg_setter *setter = calloc(1, sizeof *setter);
    if (!setter)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    setter->root = root;
    setter->pipe = -1;
    rg_status status = find(setter, err);
    if (status == RG_OK)
        status = start_guardian(setter, err);
    if (status == RG_OK)
        *ret_setter = setter;
    else
        rg_setter_close(setter, NULL);
    return status;
}

static rg_status apply_mode(rg_setter *setter, const char *word, rg_err *err) {
    if (!*word)
        return restore_mode(setter, err);
    rg_power_modes *modes = malloc(sizeof *modes);
    if (!modes)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    rg_status status = rg_power_modes_read(setter->root, modes, err);
    const rg_power_mode *mode = status == RG_OK ? rg_power_mode_find(modes, word) : NULL;
    bool now = mode && mode->id == modes->now;
    if (status == RG_OK && !mode)
        status = rg_fail(err, RG_UNSUPPORTED, NULL, "there is no power mode '%s' here", word);
    if (status == RG_OK && !now)
        status = announce(setter, 'm', &setter->mode_changed, err);
    if (status == RG_OK && !now)
        status = rg_power_mode_set(setter->root, mode->id, err);
    free(modes);
    return status;
}

static rg_status apply_governor(rg_setter *setter, const char *word, rg_err *err) {
    rg_status status = RG_OK;
    if (*word)
        status = announce(setter, 'g', &setter->governor_changed, err);
    for (size_t i = 0; status == RG_OK && i < setter->n; i++) {
        const kept *row = &setter->rows[i];
        if (strstr(row->path, "scaling_governor") && rg_root_exists(setter->root, row->path) &&
            (*word || setter->governor_changed))
            status = write_setting(setter->root, row->path, *word ? word : row->value, err);
    }
    return status;
}

rg_status rg_setter_apply(rg_setter *setter, const rg_setting *setting, rg_err *err) {
    rg_status status = apply_mode(setter, setting->power_mode, err);
    return status == RG_OK ? apply_governor(setter, setting->governor, err) : status;
}

rg_status rg_setter_close(rg_setter *setter, rg_err *err) {
    rg_status status = RG_OK;
    int how = 0;
    if (!setter)
        return RG_OK;
    if (setter->pipe >= 0)
        close(setter->pipe);
    if (setter->guardian > 0) {
        while (waitpid(setter->guardian, &how, 0) < 0 && errno == EINTR)
            ;
        if (!WIFEXITED(how) || WEXITSTATUS(how)) /* once more here, to say what is wrong */
            status = restore(setter, err);
    }
    free(setter->rows);
    free(setter);
    return status;
}
