/* child.c: listening to a worker until it ends, one way or another. */
#include "bench/run/child.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/core/clock.h"
#include "bench/core/json.h"
#include "bench/core/text.h"
#include "bench/run/child_priv.h"

enum { LOOK_MS = 100 };

typedef struct listening {
    const rg_child_spec *spec;
    rg_child *child;
    rg_running running;
    rg_lines lines;
    json_t *final;
    bool ended, hung, stopped, garbage;
    int how; /* of waitpid */
} listening;

/* --- what it says ---------------------------------------------------------------------------- */

static void hear_garbage(listening *l) {
    l->garbage = true;
    kill(-l->running.pid, SIGKILL);
}

static void hear_line(listening *l, const char *line) {
    json_t *message = NULL;
    if (rg_json_parse(line, strlen(line), "worker", &message, NULL) != RG_OK) {
        hear_garbage(l);
        return;
    }
    const char *type = rg_json_get_text(message, "type", "");
    if (!strcmp(type, "final")) {
        json_decref(l->final);
        l->final = json_incref(message);
    } else if (!strcmp(type, "phase")) {
        snprintf(l->child->phase, sizeof l->child->phase, "%s",
                 rg_json_get_text(message, "phase", ""));
        json_decref(l->child->phases);
        l->child->phases = json_incref(json_object_get(message, "phases"));
    } else {
        hear_garbage(l);
    }
    json_decref(message);
}

static void hear_socket(listening *l) {
    for (;;) {
        rg_status status = rg_lines_fill(&l->lines, l->running.socket);
        for (char *line; !l->garbage && l->lines.bytes && (line = rg_lines_next(&l->lines));)
            hear_line(l, line);
        if (status == RG_OK && !l->garbage)
            continue;
        if (status == RG_NO_MEMORY)
            hear_garbage(l);
        if (status != RG_AGAIN) {
            close(l->running.socket);
            l->running.socket = -1;
        }
        return;
    }
}

/* Keeps the last bytes: the buffer holds twice as many and is halved when full. */
static void hear_output(listening *l) {
    rg_child *child = l->child;
    for (;;) {
        if (child->output_bytes == 2 * RG_CHILD_OUTPUT_BYTES) {
            memmove(child->output, child->output + RG_CHILD_OUTPUT_BYTES, RG_CHILD_OUTPUT_BYTES);
            child->output_bytes = RG_CHILD_OUTPUT_BYTES;
            child->output_cut = true;
        }
        ssize_t n = read(l->running.output, child->output + child->output_bytes,
                         2 * RG_CHILD_OUTPUT_BYTES - child->output_bytes);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (n <= 0) {
            close(l->running.output);
            l->running.output = -1;
            return;
        }
        child->output_bytes += (size_t)n;
    }
}

static void hear(listening *l, int wait_ms) {
    struct pollfd ends[] = {{.fd = l->running.socket, .events = POLLIN},
                            {.fd = l->running.output, .events = POLLIN}};
    if (l->running.socket < 0 && l->running.output < 0)
        wait_ms = wait_ms > 2 ? 2 : wait_ms; /* nothing to wake us: it is about to be reaped */
    if (poll(ends, 2, wait_ms) <= 0)
        return;
    if (ends[0].revents)
        hear_socket(l);
    if (ends[1].revents)
        hear_output(l);
}

/* --- until it ends --------------------------------------------------------------------------- */

static void reap(listening *l, int flags) {
    if (waitpid(l->running.pid, &l->how, flags) == l->running.pid)
        l->ended = true;
}

static void listen_until_end(listening *l) {
    int64_t deadline = rg_clock_real_ns() + l->spec->limit_ns;
    while (!l->ended) {
        hear(l, LOOK_MS);
        if (l->spec->news)
            l->spec->news(l->spec->user, l->child->phase, l->running.shared->progress);
        l->stopped = l->spec->stop && *l->spec->stop;
        l->hung = rg_clock_real_ns() > deadline;
        if (l->stopped || l->hung || l->garbage)
            kill(-l->running.pid, SIGKILL);
        reap(l, l->stopped || l->hung || l->garbage ? 0 : WNOHANG);
    }
    kill(-l->running.pid, SIGKILL); /* helpers that it may have left behind */
    hear(l, 0);
}

/* --- what it means --------------------------------------------------------------------------- */

static rg_status tell_lost(const listening *l, rg_err *err) {
    char limit[32], took[32];
    const char *phase = l->child->phase[0] ? l->child->phase : "start";
    rg_text_duration((double)l->spec->limit_ns, limit, sizeof limit);
    rg_text_duration((double)l->child->elapsed_ns, took, sizeof took);
    if (l->garbage)
        return rg_fail(err, RG_FAILED,
                       "the target's library writes to descriptors that are not "
                       "its own: update it or report it to its maker",
                       "the worker's socket carried bytes that are no message (phase %s)", phase);
    if (l->hung)
        return rg_fail(err, RG_FAILED,
                       "raise the cap if the workload is genuinely that slow; else "
                       "reset the device",
                       "no end within %s: hung in phase %s and was killed", limit, phase);
    if (WIFSIGNALED(l->how))
        return rg_fail(err, RG_FAILED,
                       "see the last lines of its output; update or reinstall the "
                       "target's library",
                       "crashed with %s in phase %s after %s", strsignal(WTERMSIG(l->how)), phase,
                       took);
    return rg_fail(err, RG_FAILED, "see the last lines of its output",
                   "ended with code %d in phase %s without a result", WEXITSTATUS(l->how), phase);
}

/* End states of a cell only: an I/O error inside a worker is a failed round. */
static rg_status cell_status(const char *word) {
    rg_status status = RG_FAILED;
    if (!rg_status_from_word(word, &status))
        return RG_FAILED;
    return status <= RG_INTERRUPTED ? status : RG_FAILED;
}

static rg_status understand(listening *l, rg_err *err) {
    rg_child *child = l->child;
    if (l->stopped && !l->final)
        return rg_fail(err, RG_INTERRUPTED, "run again with --resume", "stopped by a signal");
    if (!l->final || l->garbage)
        return tell_lost(l, err);
    child->facts = json_incref(json_object_get(l->final, "facts"));
    rg_status status = cell_status(rg_json_get_text(l->final, "status", ""));
    if (status != RG_OK)
        return rg_fail(err, status, rg_json_get_text(l->final, "advice", ""), "%s",
                       rg_json_get_text(l->final, "what", ""));
    return rg_running_take(&l->running, child, err);
}

static void finish(listening *l) {
    rg_child *child = l->child;
    child->exit_code = WIFEXITED(l->how) ? WEXITSTATUS(l->how) : -1;
    child->exit_signal = WIFSIGNALED(l->how) ? WTERMSIG(l->how) : -1;
    child->status = understand(l, &child->err);
    if (child->output_bytes > RG_CHILD_OUTPUT_BYTES) {
        size_t cut = child->output_bytes - RG_CHILD_OUTPUT_BYTES;
        memmove(child->output, child->output + cut, RG_CHILD_OUTPUT_BYTES);
        child->output_bytes = RG_CHILD_OUTPUT_BYTES;
        child->output_cut = true;
    }
    child->output[child->output_bytes] = '\0';
}

static bool send_job(listening *l) {
    json_t *job = rg_job_to_json(l->spec->job);
    char *text = job ? rg_json_text(job, 0) : NULL;
    bool sent = text != NULL;
    /* the socket does not block: a job larger than its buffer goes out in parts */
    size_t left = text ? strlen(text) : 0;
    if (text)
        text[left++] = '\n';
    for (char *at = text; sent && left;) {
        ssize_t n = send(l->running.socket, at, left, MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN) {
            struct pollfd end = {.fd = l->running.socket, .events = POLLOUT};
            sent = poll(&end, 1, 10000) > 0;
            continue;
        }
        sent = n > 0;
        at += n > 0 ? n : 0;
        left -= n > 0 ? (size_t)n : 0;
    }
    free(text);
    json_decref(job);
    return sent;
}

void rg_child_run(const rg_child_spec *spec, rg_child *ret_child) {
    *ret_child = (rg_child){.exit_code = -1, .exit_signal = -1, .err = RG_ERR_INIT};
    listening l = {.spec = spec, .child = ret_child};
    int64_t start = rg_clock_real_ns();
    ret_child->started_wall_ns = rg_clock_wall_ns();
    ret_child->output = calloc(1, 2 * RG_CHILD_OUTPUT_BYTES + 1);
    if (!ret_child->output) {
        ret_child->status = rg_fail(&ret_child->err, RG_FAILED, NULL, "out of memory");
        return;
    }
    ret_child->status = rg_running_start(spec, &l.running, &ret_child->err);
    if (ret_child->status != RG_OK)
        return;
    ret_child->pid = l.running.pid;
    if (!send_job(&l))
        kill(-l.running.pid, SIGKILL);
    listen_until_end(&l);
    ret_child->elapsed_ns = rg_clock_real_ns() - start;
    finish(&l);
    json_decref(l.final);
    rg_lines_free(&l.lines);
    rg_running_close(&l.running);
}

void rg_child_free(rg_child *child) {
    json_decref(child->facts);
    json_decref(child->phases);
    free(child->output);
    free(child->rows);
    free(child->rails);
    free(child->power);
    *child = (rg_child){0};
}
