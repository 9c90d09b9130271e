/* sandchild.c: the evaluation of scripts in a child process, which the wall clock can end. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/core/clock.h"
#include "bench/core/json.h"
#include "bench/core/text.h"
#include "bench/run/sandbox.h"

#define DEFAULT_WALL_NS INT64_C(10000000000)
enum { MAX_REPLY_BYTES = 256 << 20 };

/* --- in the child --------------------------------------------------------------------------------
 */

static json_t *reply_of(const rg_sandbox *box, json_t *value, rg_status status, const rg_err *err) {
    json_t *reply = json_pack("{s:s, s:s, s:s}", "status", rg_status_word(status), "what",
                              err->what, "advice", err->advice);
    if (!reply) /* the message itself is no text */
        reply = json_pack("{s:s, s:s, s:s}", "status", rg_status_word(status), "what",
                          "the script failed with a message that is not UTF-8 text", "advice", "");
    if (value)
        json_object_set(reply, "value", value);
    if (!box)
        return reply;
    json_object_set(reply, "files", (json_t *)rg_sandbox_files(box));
    json_t *printed = json_string(rg_sandbox_printed(box));
    json_object_set_new(reply, "printed", printed ? printed : json_string("(not UTF-8)\n"));
    return reply;
}

static void send_all(int fd, const char *text, size_t bytes) {
    while (bytes) {
        ssize_t n = write(fd, text, bytes);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return;
        text += n;
        bytes -= (size_t)n;
    }
}

static _Noreturn void be_child(const rg_sandbox_options *options, rg_lua_job job, void *user,
                               int fd) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    signal(SIGPIPE, SIG_DFL);
    rg_sandbox *box = NULL;
    json_t *value = NULL;
    rg_err err = RG_ERR_INIT;
    rg_status status = rg_sandbox_new(options, &box, &err);
    if (status == RG_OK)
        status = job(box, user, &value, &err);
    json_t *reply = reply_of(box, value, status, &err);
    char *text = reply ? rg_json_text(reply, 0) : NULL;
    if (text)
        send_all(fd, text, strlen(text));
    _exit(text ? 0 : 1);
}

/* --- in the parent -------------------------------------------------------------------------------
 */

/* Reads until the child closes its end. RG_TIMEOUT when the deadline passes first. */
static rg_status receive(int fd, int64_t deadline_ns, rg_text *reply) {
    char piece[16384];
    for (;;) {
        int64_t left_ns = deadline_ns - rg_clock_real_ns();
        if (left_ns <= 0)
            return RG_TIMEOUT;
        struct pollfd waiting = {.fd = fd, .events = POLLIN};
        int ready = poll(&waiting, 1, (int)(left_ns / 1000000) + 1);
        if (ready < 0 && errno != EINTR)
            return RG_IO;
        if (ready <= 0)
            continue;
        ssize_t n = read(fd, piece, sizeof piece);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return RG_IO;
        if (n == 0)
            return reply->failed ? RG_NO_MEMORY : RG_OK;
        rg_text_add_bytes(reply, piece, (size_t)n);
        if (reply->bytes > MAX_REPLY_BYTES)
            return RG_NO_MEMORY;
    }
}

/* What to say when no whole reply came. */
static rg_status no_reply(rg_status status, int exit_status, int64_t wall_ns, rg_err *err) {
    char limit[32];
    rg_text_duration((double)wall_ns, limit, sizeof limit);
    if (status == RG_TIMEOUT)
        return rg_fail(err, RG_USAGE,
                       "look for string patterns with several `.-`, `.*` or `%b` over long text, "
                       "and for loops over very many items",
                       "the script did not end within %s and was stopped", limit);
    if (status == RG_NO_MEMORY)
        return rg_fail(err, RG_USAGE, "return less", "the script's result is too large");
    int number = WIFSIGNALED(exit_status) ? WTERMSIG(exit_status) : 0;
    if (number == SIGINT || number == SIGTERM)
        return rg_fail(err, RG_INTERRUPTED, NULL, "stopped while the script ran");
    return rg_fail(err, RG_FAILED, "keep the script and report this",
                   "the script's process ended without an answer (%s %d)",
                   number ? "signal" : "exit", number ? number : WEXITSTATUS(exit_status));
}

/* Takes status and words out of the child's reply. */
static rg_status open_reply(json_t *reply, rg_err *err) {
    rg_status status = RG_FAILED;
    rg_status_from_word(rg_json_get_text(reply, "status", ""), &status);
    if (status != RG_OK)
        rg_fail(err, status, rg_json_get_text(reply, "advice", ""), "%s",
                rg_json_get_text(reply, "what", ""));
    return status;
}

static rg_status collect(pid_t child, int fd, int64_t wall_ns, json_t **ret_reply, rg_err *err) {
    rg_text text = {0};
    rg_status status = receive(fd, rg_clock_real_ns() + wall_ns, &text);
    close(fd);
    if (status != RG_OK)
        kill(child, SIGKILL);
    int exit_status = 0;
    while (waitpid(child, &exit_status, 0) < 0 && errno == EINTR)
        continue;
    json_t *reply = NULL;
    if (status != RG_OK || exit_status != 0 || !text.data)
        status = no_reply(status, exit_status, wall_ns, err);
    else
        status = rg_json_parse(text.data, text.bytes, "script's answer", &reply, err);
    if (reply) {
        status = open_reply(reply, err);
        *ret_reply = reply;
    }
    rg_text_free(&text);
    return status;
}

rg_status rg_lua_in_child(const rg_sandbox_options *options, rg_lua_job job, void *user,
                          json_t **ret_reply, rg_err *err) {
    *ret_reply = NULL;
    int ends[2];
    if (pipe(ends) < 0)
        return rg_fail(err, RG_IO, "close some files", "cannot make a pipe: %s", strerror(errno));
    pid_t child = fork();
    if (child < 0) {
        int code = errno;
        close(ends[0]);
        close(ends[1]);
        return rg_fail(err, RG_IO, "end some processes", "cannot start a process: %s",
                       strerror(code));
    }
    if (child == 0) {
        close(ends[0]);
        be_child(options, job, user, ends[1]);
    }
    close(ends[1]);
    return collect(child, ends[0], options->wall_ns ? options->wall_ns : DEFAULT_WALL_NS, ret_reply,
                   err);
}
