/* foreign.c: the process around a vendor's library, and its pipe (foreign.h). Over the pipe go
 * messages of one size, each written at once: an answer or error, a rail, or a row. */
#include "power/foreign.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "bench/core/clock.h"
#include "power/child.h"
#include "power/rows.h"

enum { ANSWER_MS = 10000, STOP_MS = 300, OUT = 3, MOST_FILES = 1024 };

typedef enum kind { SAYS_END, SAYS_RAIL, SAYS_ROW } kind;

typedef struct message {
    kind kind;
    union {
        rg_err end; /* list: after the last rail; serve: why it cannot go on */
        rg_rail rail;
        rg_power_row row;
    } is;
} message;

/* --- in the process --------------------------------------------------------------------------- */

typedef struct task {
    const rg_foreign *foreign;
    const char *options;  /* of list; NULL: serve */
    const rg_rail *rails; /* of serve */
    size_t n;
} task;

/* Bytes of a kind of message: rows are many and small. */
static size_t bytes_of(kind what) {
    const size_t sizes[] = {sizeof(rg_err), sizeof(rg_rail), sizeof(rg_power_row)};
    return offsetof(message, is) + sizes[what];
}

static bool tell(const message *m) {
    const char *at = (const char *)m;
    for (size_t left = bytes_of(m->kind); left;) {
        ssize_t n = write(OUT, at, left);
        if (n <= 0 && errno != EINTR)
            return false;
        at += n > 0 ? n : 0;
        left -= n > 0 ? (size_t)n : 0;
    }
    return true;
}

bool rg_foreign_tell(const rg_power_row *rows, size_t n) {
    for (size_t i = 0; i < n; i++) {
        message m = {.kind = SAYS_ROW, .is.row = rows[i]};
        if (!tell(&m))
            return false;
    }
    return true;
}

static rg_status list_rails(const task *t, void *library, rg_err *err) {
    rg_rail_list *rails = calloc(1, sizeof *rails);
    if (!rails)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    rg_status status = t->foreign->list(library, t->options, rails, err);
    for (size_t i = 0; i < rails->n; i++) {
        message m = {.kind = SAYS_RAIL, .is.rail = rails->items[i]};
        tell(&m);
    }
    free(rails);
    return status;
}

/* What the library prints goes nowhere; it has none of our files, and ends with us, however we end.
 */
static void be_alone(int out) {
    int null = open("/dev/null", O_WRONLY);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGTERM, SIG_DFL);
    signal(SIGINT, SIG_IGN);
    if (null < 0 || dup2(out, OUT) < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0)
        _exit(1);
    for (int fd = OUT + 1; fd < MOST_FILES; fd++)
        close(fd);
}

static void become(const void *user, int out) {
    const task *t = user;
    message end = {.kind = SAYS_END, .is.end = RG_ERR_INIT};
    be_alone(out);
    void *library = dlopen(t->foreign->library, RTLD_NOW | RTLD_LOCAL);
    if (!library)
        end.is.end.status = rg_fail(&end.is.end, RG_ABSENT, t->foreign->advice, "%s", dlerror());
    else if (t->options)
        end.is.end.status = list_rails(t, library, &end.is.end);
    else
        end.is.end.status = t->foreign->serve(library, t->rails, t->n, &end.is.end);
    tell(&end);
    _exit(0);
}

/* --- in the program --------------------------------------------------------------------------- */

struct rg_gauge {
    rg_sensor_child child;
    size_t n_rails;
    const char *library;
    rg_silence silence;
    char trouble[192];
    char bytes[sizeof(message)]; /* of a message that has not come whole */
    size_t used;
};

typedef enum got { GOT_MESSAGE, GOT_NOTHING, GOT_END } got;

/* One message, if it has come whole. */
static got next_message(rg_gauge *gauge, message *ret) {
    for (;;) {
        size_t need = offsetof(message, is);
        if (gauge->used >= need) {
            kind what;
            memcpy(&what, gauge->bytes, sizeof what);
            if (what > SAYS_ROW)
                return GOT_END; /* the library wrote into our pipe */
            need = bytes_of(what);
        }
        if (gauge->used > offsetof(message, is) && gauge->used == need) {
            memcpy(ret, gauge->bytes, need);
            gauge->used = 0;
            return GOT_MESSAGE;
        }
        ssize_t n = gauge->child.fd < 0
                        ? 0
                        : read(gauge->child.fd, gauge->bytes + gauge->used, need - gauge->used);
        if (n <= 0)
            return n == 0 || (errno != EAGAIN && errno != EINTR) ? GOT_END : GOT_NOTHING;
        gauge->used += (size_t)n;
    }
}

/* Waits for a message until end_ns. */
static got await_message(rg_gauge *gauge, int64_t end_ns, message *ret) {
    for (;;) {
        got what = next_message(gauge, ret);
        struct pollfd waiting = {.fd = gauge->child.fd, .events = POLLIN};
        int left_ms = (int)((end_ns - rg_clock_real_ns()) / 1000000);
        if (what != GOT_NOTHING || left_ms <= 0)
            return what;
        poll(&waiting, 1, left_ms);
    }
}

/* Why no message comes: it crashed, ended, or hangs. */
static rg_status tell_end(rg_gauge *gauge, const char *library, got what, rg_err *err) {
    char how[96];
    nanosleep(&(struct timespec){0, 20000000}, NULL); /* its end follows the pipe's */
    rg_sensor_child_stop(&gauge->child, 0, how, sizeof how);
    if (what == GOT_NOTHING)
        return rg_fail(err, RG_FAILED, "restart the device or its driver",
                       "%s gave no answer within %d s", library, ANSWER_MS / 1000);
    return rg_fail(err, RG_FAILED, "reinstall the vendor's library", "the process around %s %s",
                   library, *how ? how : "closed its pipe");
}

static rg_status begin(const task *t, rg_gauge *gauge, rg_err *err) {
    *gauge = (rg_gauge){.child = RG_NO_CHILD};
    return rg_sensor_child_start(become, t, &gauge->child, err);
}

rg_status rg_foreign_probe(const rg_foreign *foreign, const char *options, rg_rail_list *ret_rails,
                           rg_err *err) {
    const task t = {.foreign = foreign, .options = options};
    int64_t end_ns = rg_clock_real_ns() + (int64_t)ANSWER_MS * 1000000;
    rg_gauge gauge;
    message m;
    got what;
    rg_status status = begin(&t, &gauge, err);
    if (status != RG_OK)
        return status;
    while ((what = await_message(&gauge, end_ns, &m)) == GOT_MESSAGE && m.kind == SAYS_RAIL) {
        if (ret_rails->n < RG_MAX_RAILS)
            ret_rails->items[ret_rails->n++] = m.is.rail;
    }
    if (what != GOT_MESSAGE)
        return tell_end(&gauge, foreign->library, what, err);
    rg_sensor_child_stop(&gauge.child, STOP_MS, NULL, 0);
    if (m.is.end.status != RG_OK && err)
        *err = m.is.end;
    return m.is.end.status;
}

void rg_foreign_close(rg_gauge *gauge) {
    if (gauge)
        rg_sensor_child_stop(&gauge->child, STOP_MS, NULL, 0);
    free(gauge);
}

rg_status rg_foreign_open(const rg_foreign *foreign, const rg_rail *rails, size_t n,
                          rg_gauge **ret_gauge, rg_err *err) {
    const task t = {.foreign = foreign, .rails = rails, .n = n};
    int64_t end_ns = rg_clock_real_ns() + (int64_t)ANSWER_MS * 1000000;
    message m;
    rg_gauge *gauge = malloc(sizeof *gauge);
    if (!gauge)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    rg_status status = begin(&t, gauge, err);
    got what = status == RG_OK ? await_message(gauge, end_ns, &m) : GOT_END;
    if (status == RG_OK && what != GOT_MESSAGE)
        status = tell_end(gauge, foreign->library, what, err);
    else if (status == RG_OK && m.kind == SAYS_END) {
        status = m.is.end.status == RG_OK ? RG_FAILED : m.is.end.status;
        if (err)
            *err = m.is.end;
    }
    if (status != RG_OK) {
        rg_foreign_close(gauge);
        return status;
    }
    gauge->n_rails = n;
    gauge->library = foreign->library;
    gauge->silence = rg_silence_begin(rails, n);
    *ret_gauge = gauge;
    return RG_OK;
}

/* Why there are holes, once. */
static void note(rg_gauge *gauge, got what, const rg_err *said) {
    rg_err err = RG_ERR_INIT;
    if (*gauge->trouble)
        return;
    if (said)
        err = *said;
    else if (what == GOT_END)
        tell_end(gauge, gauge->library, what, &err);
    else
        rg_fail(&err, RG_FAILED, NULL,
                "%s gave no reading for a while: it hangs, or the device is gone", gauge->library);
    snprintf(gauge->trouble, sizeof gauge->trouble, "%.190s", err.what);
}

/* A library that has crashed or hangs gives holes. */
rg_status rg_foreign_drain(rg_gauge *gauge, rg_power_row *rows, size_t cap, size_t *ret_n) {
    size_t n = 0;
    message m;
    got what = GOT_MESSAGE;
    while (n < cap && (what = next_message(gauge, &m)) == GOT_MESSAGE) {
        if (m.kind == SAYS_ROW && m.is.row.rail < gauge->n_rails)
            rows[n++] = m.is.row;
        else if (m.kind == SAYS_END)
            note(gauge, what, &m.is.end);
    }
    *ret_n = rg_silence_rows(&gauge->silence, gauge->n_rails, rows, n, cap);
    if (what == GOT_END || (n == 0 && *ret_n))
        note(gauge, what, NULL);
    return RG_OK;
}

const char *rg_foreign_trouble(const rg_gauge *gauge) {
    return gauge->trouble;
}
