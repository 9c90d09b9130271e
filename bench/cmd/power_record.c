/* power_record.c: `railgauge power record -o TRACE -- COMMAND`: reads the rails while any command
 * runs, and says what it took. The trace is complete on disk before anything is worked out from it.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/cmd/power.h"
#include "bench/core/clock.h"

enum { BEAT_MS = 100 };

typedef struct recording {
    const rg_power_call *call;
    rg_meter *meter;
    rg_trace *trace;
    rg_stretch spans[RG_SPAN_COUNT];
    int exit_code; /* of the command */
} recording;

static void nap_ms(int ms) {
    nanosleep(&(struct timespec){ms / 1000, (long)(ms % 1000) * 1000000}, NULL);
}

/* Idle power, as long as asked or until somebody presses Ctrl-C. */
static rg_status measure_idle(recording *r, rg_stretch *span, rg_err *err) {
    int64_t end_ns = rg_clock_real_ns() + r->call->options->idle_ns;
    rg_status status = RG_OK;
    span->start_ns = rg_clock_real_ns();
    while (status == RG_OK && rg_clock_real_ns() < end_ns && !rg_power_stopped()) {
        nap_ms(BEAT_MS);
        status = rg_trace_pump(r->trace, r->meter, err);
    }
    span->end_ns = rg_clock_real_ns();
    return status;
}

static rg_status start_command(const rg_power_call *call, pid_t *ret_pid, rg_err *err) {
    char *words[RG_MAX_ARGS + 1] = {0};
    for (size_t i = 0; i < call->n_words; i++)
        words[i] = (char *)call->words[i];
    fflush(NULL);
    *ret_pid = fork();
    if (*ret_pid == 0) {
        signal(SIGINT, SIG_DFL);
        signal(SIGTERM, SIG_DFL);
        execvp(words[0], words);
        fprintf(stderr, "railgauge power: cannot run %s: %s\n", words[0], strerror(errno));
        _exit(127);
    }
    return *ret_pid < 0
               ? rg_fail(err, RG_IO, NULL, "cannot start %s: %s", words[0], strerror(errno))
               : RG_OK;
}

/* Returns at once when the process ends, else after one beat. Kernels before 5.3 have no such file
 * descriptor; there the beat is a millisecond. */
static void await_end(int fd) {
    struct pollfd waiting = {.fd = fd, .events = POLLIN};
    if (fd >= 0)
        poll(&waiting, 1, BEAT_MS);
    else
        nap_ms(1);
}

/* A SIGTERM to us is for the command; Ctrl-C reaches it by itself. */
static rg_status follow_command(recording *r, pid_t pid, rg_err *err) {
    int fd = (int)syscall(SYS_pidfd_open, pid, 0), how = 0;
    bool told = false;
    rg_status status = RG_OK;
    while (waitpid(pid, &how, WNOHANG) == 0) {
        rg_status one = rg_trace_pump(r->trace, r->meter, status == RG_OK ? err : NULL);
        status = status == RG_OK ? one : status;
        if ((rg_power_stopped() || status != RG_OK) && !told) {
            kill(pid, SIGTERM);
            told = true;
        }
        await_end(fd);
    }
    if (fd >= 0)
        close(fd);
    r->exit_code = WIFSIGNALED(how) ? 128 + WTERMSIG(how) : WEXITSTATUS(how);
    return status;
}

/* A counter's energy is known where it ticks: the window begins and ends there. */
static rg_status measure_command(recording *r, rg_err *err) {
    rg_stretch *window = &r->spans[RG_SPAN_WINDOW];
    pid_t pid;
    int64_t tick_ns = rg_meter_await_tick(r->meter);
    window->start_ns = tick_ns ? tick_ns : rg_clock_real_ns();
    rg_status status = start_command(r->call, &pid, err);
    if (status == RG_OK)
        status = follow_command(r, pid, err);
    window->end_ns = rg_clock_real_ns();
    tick_ns = tick_ns ? rg_meter_await_tick(r->meter) : 0;
    window->end_ns = tick_ns > window->end_ns ? tick_ns : window->end_ns;
    return status;
}

/* Rails that average need readings beyond the window's end. */
static void await_last_readings(const recording *r) {
    size_t n;
    const rg_rail *rails = rg_meter_rails(r->meter, &n);
    double longest_s = 0.01;
    for (size_t i = 0; i < n; i++) {
        double own_s = 2 * rails[i].refresh_s + 6 * rails[i].lag_s;
        longest_s = own_s > longest_s ? own_s : longest_s;
    }
    nap_ms(longest_s < 10 ? (int)(longest_s * 1e3) + 1 : 10000);
}

static rg_status write_spans(recording *r, rg_err *err) {
    rg_status status = rg_trace_pump(r->trace, r->meter, err);
    for (int i = 0; i < RG_SPAN_COUNT && status == RG_OK; i++) {
        if (r->spans[i].end_ns > r->spans[i].start_ns)
            status = rg_trace_span(r->trace, (enum rg_powerlog_span)i, r->spans[i], err);
    }
    return status;
}

/* Why readings are missing: the figures tell only that they are. */
static void say_troubles(const rg_meter *meter) {
    size_t n;
    const rg_rail *rails = rg_meter_rails(meter, &n);
    for (size_t i = 0; i < n; i++) {
        bool said = i > 0 && !strcmp(rails[i].what, rails[i - 1].what);
        if (*rails[i].what && !said)
            fprintf(stderr, "railgauge power record: rail %s: %s\n", rails[i].id, rails[i].what);
    }
}

static rg_status measure(recording *r, rg_err *err) {
    bool idle = r->call->options->idle_ns > 0;
    rg_status status = rg_meter_start(r->meter, err);
    if (status == RG_OK && idle)
        status = measure_idle(r, &r->spans[RG_SPAN_IDLE_BEFORE], err);
    if (status == RG_OK)
        status = measure_command(r, err);
    if (status == RG_OK && idle && !rg_power_stopped())
        status = measure_idle(r, &r->spans[RG_SPAN_IDLE_AFTER], err);
    else
        await_last_readings(r);
    rg_meter_stop(r->meter);
    say_troubles(r->meter);
    return status == RG_OK ? write_spans(r, err) : status;
}

/* From the file, as `power replay` would: what cannot be repeated is not said. */
static rg_status say_energy(const rg_power_call *call, rg_err *err) {
    rg_arena *arena = rg_arena_new(0);
    rg_powerlog log;
    rg_energy energy = {0};
    bool cut;
    if (!arena)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    rg_status status = rg_trace_read(call->options->output, arena, &log, &cut, err);
    if (status == RG_OK)
        status = rg_power_analyse(&log, (rg_scope)call->options->scope, &energy, err);
    if (status == RG_OK)
        rg_power_show(&energy, &log, stderr);
    rg_energy_free(&energy);
    rg_arena_free(arena);
    return status;
}

int rg_power_record(const rg_power_call *call) {
    recording r = {.call = call};
    rg_err err = RG_ERR_INIT;
    rg_status status = *call->options->output
                           ? rg_power_meter(call, &r.meter, &err)
                           : rg_fail(&err, RG_USAGE, "-o trace.jsonl", "no file for the trace");
    rg_power_catch();
    if (status == RG_OK)
        status = rg_trace_create(call->options->output, r.meter, &r.trace, &err);
    if (status == RG_OK)
        status = measure(&r, &err);
    rg_status closed = rg_trace_close(r.trace, status == RG_OK ? &err : NULL);
    rg_meter_close(r.meter);
    status = status == RG_OK ? closed : status;
    if (status == RG_OK)
        status = say_energy(call, &err);
    return status == RG_OK ? r.exit_code : rg_report_error("power record", &err);
}
