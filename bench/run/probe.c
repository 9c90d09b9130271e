/* probe.c: probing in a child where the library is not ours. */
#include "bench/run/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/core/clock.h"
#include "bench/core/text.h"
#include "bench/iface/registry.h"

/* What the child sends back over the pipe, as one block. */
typedef struct answer {
    rg_status status;
    rg_err err;
    rg_device_list devices;
} answer;

/* What a vendor's library prints while it looks around is nobody's business. */
void rg_probe_hush(void) {
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (nothing < 0)
        return;
    dup2(nothing, STDOUT_FILENO);
    dup2(nothing, STDERR_FILENO);
    close(nothing);
}

static void child(const rg_target *target, rg_root *root, const rg_settings *settings, int fd) {
    answer *said = calloc(1, sizeof *said);
    rg_probe_hush();
    if (!said)
        _exit(1);
    said->devices.settings = settings;
    said->status = target->probe(root, &said->devices, &said->err);
    const char *at = (const char *)said;
    for (size_t left = sizeof *said; left;) {
        ssize_t n = write(fd, at, left);
        if (n <= 0)
            _exit(1);
        at += n;
        left -= (size_t)n;
    }
    _exit(0);
}

/* Reads the whole block before the deadline; false when the child ended or stalled first. */
static bool receive(int fd, void *block, size_t bytes, int64_t deadline_ns, bool *ret_late) {
    char *at = block;
    *ret_late = false;
    while (bytes) {
        int64_t left_ns = deadline_ns - rg_clock_real_ns();
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        int ready = left_ns > 0 ? poll(&wait, 1, (int)(left_ns / 1000000 + 1)) : 0;
        if (ready < 0 && errno == EINTR)
            continue;
        if (ready <= 0) {
            *ret_late = true;
            return false;
        }
        ssize_t n = read(fd, at, bytes);
        if (n <= 0)
            return false;
        at += n;
        bytes -= (size_t)n;
    }
    return true;
}

static rg_status tell_end(const rg_target *target, int how, bool late, rg_err *err) {
    if (late)
        return rg_fail(err, RG_FAILED, "restart the device or its driver",
                       "probing %s hung and was stopped after %d s", target->name,
                       RG_PROBE_LIMIT_S);
    if (WIFSIGNALED(how))
        return rg_fail(err, RG_FAILED, "reinstall the vendor's library", "probing %s crashed: %s",
                       target->name, strsignal(WTERMSIG(how)));
    return rg_fail(err, RG_FAILED, NULL, "probing %s ended with code %d", target->name,
                   WEXITSTATUS(how));
}

static rg_status probe_in_child(const rg_target *target, rg_root *root, rg_device_list *ret_devices,
                                rg_err *err) {
    int ends[2];
    answer *said = calloc(1, sizeof *said);
    if (!said || pipe(ends) < 0) {
        free(said);
        return rg_fail(err, RG_FAILED, NULL, "cannot start a probe: %s", strerror(errno));
    }
    pid_t pid = fork();
    if (pid == 0) {
        close(ends[0]);
        child(target, root, ret_devices->settings, ends[1]);
    }
    close(ends[1]);
    bool late = false;
    bool whole =
        pid > 0 && receive(ends[0], said, sizeof *said,
                           rg_clock_real_ns() + (int64_t)RG_PROBE_LIMIT_S * 1000000000, &late);
    close(ends[0]);
    int how = 0;
    if (pid > 0) {
        if (!whole)
            kill(pid, late ? SIGKILL : 0);
        waitpid(pid, &how, 0);
    }
    rg_status status = whole ? said->status : tell_end(target, how, late, err);
    if (whole && err)
        *err = said->err;
    if (whole)
        *ret_devices = said->devices;
    free(said);
    return status;
}

rg_status rg_probe_target(const rg_target *target, rg_root *root, rg_device_list *ret_devices,
                          rg_err *err) {
    if (target->caps & RG_TARGET_FOREIGN)
        return probe_in_child(target, root, ret_devices, err);
    return target->probe(root, ret_devices, err);
}

static const char *target_at(size_t i, void *user) {
    (void)user;
    return rg_targets[i] ? rg_targets[i]->name : NULL;
}

rg_status rg_probe_find_target(const char *name, const rg_target **ret, rg_err *err) {
    *ret = rg_target_find(name);
    if (*ret)
        return RG_OK;
    char advice[160] = "see `railgauge list targets`";
    const char *near = rg_text_nearest(name, target_at, NULL);
    if (near)
        snprintf(advice, sizeof advice, "did you mean '%s'?", near);
    return rg_fail(err, RG_USAGE, advice, "there is no target '%s'", name);
}

static const char *device_at(size_t i, void *user) {
    const rg_device_list *devices = user;
    return i < devices->n ? devices->items[i].id : NULL;
}

rg_status rg_probe_pick(const rg_target *target, const rg_device_list *devices, const char *id,
                        rg_device *ret_device, rg_err *err) {
    const rg_device *found = NULL;
    for (size_t i = 0; i < devices->n && !found; i++) {
        const rg_device *d = &devices->items[i];
        if (*id ? !strcmp(d->id, id) : d->status == RG_OK)
            found = d;
    }
    if (!found && !*id && devices->n)
        found = &devices->items[0]; /* none present: tell why the first is not */
    if (!found) {
        char advice[160] = "see `railgauge list devices`";
        const char *near = rg_text_nearest(id, device_at, (void *)devices);
        if (near)
            snprintf(advice, sizeof advice, "did you mean '%s'?", near);
        return rg_fail(err, RG_USAGE, advice, "target %s has no device '%s'", target->name, id);
    }
    if (found->status != RG_OK)
        return rg_fail(err, found->status, found->advice, "%s: %s", target->name, found->what);
    *ret_device = *found;
    return RG_OK;
}

json_t *rg_device_facts_json(const rg_device *device) {
    json_t *facts = json_object();
    const char *at = device->facts;
    for (; *at; at += strcspn(at, "\n"), at += *at == '\n') {
        size_t key = strcspn(at, "=\n"), line = strcspn(at, "\n");
        json_t *value = key < line ? json_stringn(at + key + 1, line - key - 1) : NULL;
        if (value)
            json_object_setn_new(facts, at, key, value);
    }
    return facts;
}
