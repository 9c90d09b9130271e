/* pipe_talk.c: requests and answers (pipe_talk.h); pipe_words.c reads the words. */
#include "targets/pipe_talk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench/core/clock.h"
#include "targets/pipe_words.h"

#define ADVICE "docs/pipe-protocol.md tells what a program answers"

enum { OUT_ALIGN = 4096, STOP_MS = 1000, ECHOES = 101, ECHO_NS = 200000000 };

/* A program that hangs has failed. */
static rg_status settle(rg_status status, rg_err *err) {
    if (status == RG_TIMEOUT && err)
        err->status = RG_FAILED;
    return status == RG_TIMEOUT ? RG_FAILED : status;
}

static rg_status rubbish(const rg_talk *talk, const char *line, const char *request, rg_err *err) {
    return rg_fail(err, RG_FAILED, ADVICE, "%s answers '%.120s' to '%.60s'", talk->process.name,
                   line, request);
}

/* Reads the lines of an answer up to `ok` or `error`. */
static rg_status hear(rg_talk *talk, const char *request, int64_t deadline_ns, rg_err *err) {
    char line[RG_PROCESS_LINE], copy[160];
    rg_status status = RG_OK;
    for (int n = 0; status == RG_OK && n < RG_TALK_MAX_LINES; n++) {
        status = rg_process_line(&talk->process, line, deadline_ns, err);
        if (status != RG_OK)
            break;
        snprintf(copy, sizeof copy, "%.150s", line);
        rg_err said = RG_ERR_INIT;
        switch (rg_talk_take_line(talk, line, &said)) {
        case RG_TALK_OK:
            return RG_OK;
        case RG_TALK_ERROR:
            return rg_fail(err, said.status, said.advice, "%s", said.what);
        case RG_TALK_RUBBISH:
            return rubbish(talk, copy, request, err);
        case RG_TALK_MORE:
            break;
        }
    }
    return status == RG_OK ? rubbish(talk, "more than 256 lines", request, err)
                           : settle(status, err);
}

/* Sends a line. */
static rg_status tell(rg_talk *talk, const char *request, int64_t deadline_ns, rg_err *err) {
    char newline[] = "\n";
    struct iovec parts[] = {{(void *)(uintptr_t)request, strlen(request)}, {newline, 1}};
    return settle(rg_process_send(&talk->process, parts, 2, deadline_ns, err), err);
}

static rg_status ask(rg_talk *talk, const char *request, int64_t limit_ns, rg_err *err) {
    int64_t deadline_ns = rg_clock_real_ns() + limit_ns;
    rg_status status = tell(talk, request, deadline_ns, err);
    return status == RG_OK ? hear(talk, request, deadline_ns, err) : status;
}

/* --- start ------------------------------------------------------------------------------------ */

/* The first line says who speaks: anything else is a program of another kind. */
static rg_status greet(rg_talk *talk, rg_err *err) {
    char line[RG_PROCESS_LINE], hello[32], first[32];
    snprintf(hello, sizeof hello, "hello %d", RG_TALK_VERSION);
    snprintf(first, sizeof first, "railgauge-pipe %d", RG_TALK_VERSION);
    int64_t deadline_ns = rg_clock_real_ns() + talk->limits.start_ns;
    rg_status status = tell(talk, hello, deadline_ns, err);
    if (status == RG_OK)
        status = settle(rg_process_line(&talk->process, line, deadline_ns, err), err);
    if (status != RG_OK)
        return status;
    line[strcspn(line, "\r")] = '\0';
    if (!strcmp(line, first))
        return hear(talk, hello, deadline_ns, err);
    if (strncmp(line, "railgauge-pipe ", 15) != 0)
        return rubbish(talk, line, hello, err);
    return rg_fail(err, RG_UNSUPPORTED, "take a program for this version of the protocol",
                   "%s speaks version '%.20s' of the pipe protocol, not %d", talk->process.name,
                   line + 15, RG_TALK_VERSION);
}

rg_status rg_talk_start(char *const *argv, const rg_talk_limits *limits, rg_talk *talk,
                        rg_err *err) {
    *talk = (rg_talk){.process = RG_NO_PROCESS,
                      .limits = *limits,
                      .memory = RG_MEMORY_UNKNOWN,
                      .placement = {.macs_on_target = -1, .crossings = -1},
                      .share_fd = -1,
                      .last_ns = -1};
    talk->own_ns = malloc(RG_TALK_KEPT * sizeof *talk->own_ns);
    if (!talk->own_ns)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    rg_status status = rg_process_start(argv, &talk->process, err);
    return status == RG_OK ? greet(talk, err) : status;
}

rg_status rg_talk_set(rg_talk *talk, const char *key, const char *value, rg_err *err) {
    char request[320];
    if (!(talk->can & RG_TALK_SET))
        return rg_fail(err, RG_UNSUPPORTED, "leave it out, or give it to the program as a word",
                       "%s takes no '%s'", talk->process.name, key);
    snprintf(request, sizeof request, "set %s %s", key, value);
    return ask(talk, request, talk->limits.start_ns, err);
}

/* --- load ------------------------------------------------------------------------------------- */

/* Outputs begin on a page of their own. */
static rg_status make_block(rg_talk *talk, bool share, rg_err *err) {
    talk->out_at = (talk->in_bytes + OUT_ALIGN - 1) / OUT_ALIGN * OUT_ALIGN;
    talk->block_bytes = talk->out_at + talk->out_bytes + 1;
    if (share)
        talk->share_fd = memfd_create("railgauge-tensors", MFD_CLOEXEC);
    if (share && (talk->share_fd < 0 || ftruncate(talk->share_fd, (off_t)talk->block_bytes)))
        return rg_fail(err, RG_NO_MEMORY, "share = false", "no memory to share with the program");
    int flags = share ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS;
    void *at = mmap(NULL, talk->block_bytes, PROT_READ | PROT_WRITE, flags | MAP_POPULATE,
                    talk->share_fd, 0);
    if (at == MAP_FAILED)
        return rg_fail(err, RG_NO_MEMORY, NULL, "no memory for %zu bytes of tensors",
                       talk->block_bytes);
    talk->block = at;
    return RG_OK;
}

static rg_status offer_share(rg_talk *talk, rg_err *err) {
    char request[96];
    snprintf(request, sizeof request, "share %zu %zu /proc/%d/fd/%d", talk->out_at,
             talk->block_bytes, (int)getpid(), talk->share_fd);
    return ask(talk, request, talk->limits.load_ns, err);
}

rg_status rg_talk_load(rg_talk *talk, const char *path, bool share, rg_err *err) {
    char request[RG_PROCESS_LINE];
    if (strlen(path) > sizeof request - 16 || strchr(path, '\n'))
        return rg_fail(err, RG_UNSUPPORTED, "give it a shorter name", "the path of the model");
    share = share && talk->can & RG_TALK_SHARE;
    snprintf(request, sizeof request, "load %s", path);
    rg_status status = ask(talk, request, talk->limits.load_ns, err);
    if (status == RG_OK && (!talk->n_in || !talk->n_out))
        status = rg_fail(err, RG_FAILED, ADVICE, "%s describes no %s after 'load'",
                         talk->process.name, talk->n_in ? "output" : "input");
    if (status == RG_OK)
        status = make_block(talk, share, err);
    if (status == RG_OK && share)
        status = offer_share(talk, err);
    if (status == RG_OK && talk->can & RG_TALK_PLACEMENT)
        status = ask(talk, "placement", talk->limits.load_ns, err);
    snprintf(talk->header, sizeof talk->header, "infer %zu\n", share ? 0 : talk->in_bytes);
    return status;
}

/* --- inference -------------------------------------------------------------------------------- */

static void keep_own_time(rg_talk *talk, int64_t ns) {
    talk->last_ns = ns;
    talk->n_done++;
    if (ns < 0)
        return;
    talk->own_ns[talk->n_stamped++ % RG_TALK_KEPT] = ns;
    talk->own_sum_ns += (double)ns;
}

/* done BYTES [NS] */
static rg_status take_done(rg_talk *talk, char *line, size_t wanted, int64_t *ret_ns, rg_err *err) {
    uint64_t bytes, ns;
    char copy[160], *rest = line;
    snprintf(copy, sizeof copy, "%.150s", line);
    line[strcspn(line, "\r")] = '\0';
    const char *word = strsep(&rest, " "), *count = strsep(&rest, " ");
    *ret_ns = -1;
    if (!strcmp(word, "error")) {
        rg_err said = RG_ERR_INIT;
        snprintf(line, RG_PROCESS_LINE, "%s", copy);
        rg_talk_take_line(talk, line, &said);
        return rg_fail(err, said.status, said.advice, "%s", said.what);
    }
    if (strcmp(word, "done") != 0 || !rg_talk_number(count, RG_TALK_MAX_BYTES, &bytes) ||
        (rest && !rg_talk_number(rest, INT64_MAX, &ns)))
        return rubbish(talk, copy, "infer", err);
    if (bytes != wanted)
        return rg_fail(err, RG_FAILED, ADVICE,
                       "%s answers with %llu bytes of outputs, and described %zu",
                       talk->process.name, (unsigned long long)bytes, wanted);
    if (rest)
        *ret_ns = (int64_t)ns;
    return RG_OK;
}

static rg_status transfer(rg_talk *talk, const char *header, int64_t *ret_ns, rg_err *err) {
    char line[RG_PROCESS_LINE];
    bool shared = talk->share_fd >= 0;
    size_t out_bytes = shared ? 0 : talk->out_bytes;
    int64_t deadline_ns = rg_clock_real_ns() + talk->limits.infer_ns;
    struct iovec parts[] = {{(void *)(uintptr_t)header, strlen(header)},
                            {talk->block, shared ? 0 : talk->in_bytes}};
    rg_status status = rg_process_send(&talk->process, parts, 2, deadline_ns, err);
    if (status == RG_OK)
        status = rg_process_line(&talk->process, line, deadline_ns, err);
    if (status == RG_OK)
        status = take_done(talk, line, out_bytes, ret_ns, err);
    if (status == RG_OK)
        status = rg_process_take(&talk->process, talk->block + talk->out_at, out_bytes, deadline_ns,
                                 err);
    return settle(status, err);
}

rg_status rg_talk_infer(rg_talk *talk, rg_err *err) {
    int64_t own_ns;
    rg_status status = transfer(talk, talk->header, &own_ns, err);
    if (status == RG_OK)
        keep_own_time(talk, own_ns);
    return status;
}

static int by_size(const void *a, const void *b) {
    const int64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

rg_status rg_talk_overhead(rg_talk *talk, int64_t *ret_ns, rg_err *err) {
    char header[48];
    int64_t took_ns[ECHOES], own_ns, end_ns = rg_clock_real_ns() + ECHO_NS;
    rg_status status = RG_OK;
    size_t n = 0;
    *ret_ns = -1;
    if (!(talk->can & RG_TALK_ECHO))
        return RG_OK;
    snprintf(header, sizeof header, "echo %zu\n", talk->share_fd >= 0 ? 0 : talk->in_bytes);
    while (status == RG_OK && n < ECHOES && (n < 3 || rg_clock_real_ns() < end_ns)) {
        int64_t start_ns = rg_clock_real_ns();
        status = transfer(talk, header, &own_ns, err);
        took_ns[n++] = rg_clock_real_ns() - start_ns;
    }
    qsort(took_ns, n, sizeof *took_ns, by_size);
    if (status == RG_OK)
        *ret_ns = took_ns[n / 2];
    return status;
}

rg_status rg_talk_reset(rg_talk *talk, rg_err *err) {
    if (!(talk->can & RG_TALK_RESET))
        return rg_fail(err, RG_UNSUPPORTED, NULL, "%s offers no reset", talk->process.name);
    return ask(talk, "reset", talk->limits.infer_ns, err);
}

void rg_talk_stop(rg_talk *talk) {
    if (!talk->own_ns)
        return; /* never started */
    char bye[] = "close\n";
    struct iovec part = {bye, sizeof bye - 1};
    if (talk->process.in >= 0)
        rg_process_send(&talk->process, &part, 1, rg_clock_real_ns() + (int64_t)STOP_MS * 1000000,
                        NULL);
    rg_process_stop(&talk->process, STOP_MS, NULL, 0);
    if (talk->block)
        munmap(talk->block, talk->block_bytes);
    if (talk->share_fd >= 0)
        close(talk->share_fd);
    free(talk->own_ns);
    *talk = (rg_talk){.process = RG_NO_PROCESS, .share_fd = -1};
}
