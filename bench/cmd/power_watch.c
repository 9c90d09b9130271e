/* power_watch.c: `railgauge power watch`: what the rails show right now, a table that stays in
 * place on a terminal and JSON lines elsewhere. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench/cmd/power.h"
#include "bench/core/clock.h"
#include "bench/core/json.h"
#include "bench/core/text.h"

enum { TAKE = 4096 };

/* One rail over one interval. */
typedef struct shown {
    double sum_mw, least_mw, most_mw;
    size_t n, n_bad;
    double last_uj; /* of a counter, NAN before its first reading */
    int64_t last_ns;
} shown;

typedef struct watch {
    rg_meter *meter;
    const rg_rail *rails;
    size_t n_rails;
    shown *shown;
    rg_power_row *rows;
    int64_t start_ns;
    bool table, drawn;
} watch;

static void take_power(shown *s, double mw) {
    s->sum_mw += mw;
    s->least_mw = s->n ? fmin(s->least_mw, mw) : mw;
    s->most_mw = s->n ? fmax(s->most_mw, mw) : mw;
    s->n++;
}

/* A counter shows the power between two of its steps, which may be rarer than its readings; one
 * that wrapped shows none. */
static void take_counter(shown *s, const rg_power_row *row) {
    if (row->energy_uj == s->last_uj)
        return;
    double joules = (row->energy_uj - s->last_uj) * 1e-6;
    double seconds = (double)(row->t_ns - s->last_ns) * 1e-9;
    if (joules > 0 && seconds > 0)
        take_power(s, joules / seconds * 1e3);
    s->last_uj = row->energy_uj;
    s->last_ns = row->t_ns;
}

static void take_rows(watch *w) {
    size_t n;
    do {
        n = rg_meter_take(w->meter, w->rows, TAKE);
        for (size_t i = 0; i < n; i++) {
            const rg_power_row *row = &w->rows[i];
            shown *s = &w->shown[row->rail];
            if (row->flags & (RG_ROW_BAD | RG_ROW_NOT_READY))
                s->n_bad++;
            else if (w->rails[row->rail].kind == RG_POWER_COUNTER)
                take_counter(s, row);
            else
                take_power(s, row->power_mw);
        }
    } while (n == TAKE);
}

static void print_line(const watch *w, size_t i, double t_s) {
    const shown *s = &w->shown[i];
    json_t *line =
        json_pack("{s:s, s:s, s:I, s:I}", "rail", w->rails[i].id, "label", w->rails[i].label, "n",
                  (json_int_t)s->n, "n_bad", (json_int_t)s->n_bad);
    rg_json_set_real(line, "t_s", t_s);
    rg_json_set_real(line, "power_mw", s->n ? s->sum_mw / (double)s->n : NAN);
    rg_json_set_real(line, "least_mw", s->n ? s->least_mw : NAN);
    rg_json_set_real(line, "most_mw", s->n ? s->most_mw : NAN);
    char *text = rg_json_text(line, 0);
    puts(text ? text : "{}");
    free(text);
    json_decref(line);
}

static void say(double mw, bool known, char *ret, size_t cap) {
    if (known)
        rg_text_si(mw * 1e-3, "W", ret, cap);
    else
        snprintf(ret, cap, "n/a");
}

static void print_row(const watch *w, size_t i) {
    const shown *s = &w->shown[i];
    const rg_rail *rail = &w->rails[i];
    char mean[32], least[32], most[32];
    say(s->n ? s->sum_mw / (double)s->n : 0, s->n, mean, sizeof mean);
    say(s->least_mw, s->n, least, sizeof least);
    say(s->most_mw, s->n, most, sizeof most);
    printf("%-18.18s %-10s %-9s %10s %10s %10s %6zu\n", rail->label, rg_scope_word(rail->scope),
           rg_role_word(rail->role), mean, least, most, s->n);
}

static void print_table(watch *w) {
    if (w->drawn)
        printf("\033[%zuA\033[J", w->n_rails + 1);
    printf("%-18s %-10s %-9s %10s %10s %10s %6s\n", "rail", "scope", "role", "mean", "least",
           "most", "n");
    for (size_t i = 0; i < w->n_rails; i++)
        print_row(w, i);
    w->drawn = true;
}

/* Everything shown is of the interval that has just ended. */
static bool show_interval(watch *w) {
    take_rows(w);
    double t_s = (double)(rg_clock_real_ns() - w->start_ns) * 1e-9;
    if (w->table)
        print_table(w);
    for (size_t i = 0; i < w->n_rails; i++) {
        shown *s = &w->shown[i];
        if (!w->table)
            print_line(w, i, t_s);
        *s = (shown){.last_uj = s->last_uj, .last_ns = s->last_ns};
    }
    return fflush(stdout) == 0 && !ferror(stdout);
}

static rg_status begin(watch *w, const rg_power_call *call, rg_err *err) {
    rg_status status = rg_power_meter(call, &w->meter, err);
    if (status != RG_OK)
        return status;
    w->rails = rg_meter_rails(w->meter, &w->n_rails);
    w->shown = calloc(w->n_rails, sizeof *w->shown);
    w->rows = calloc(TAKE, sizeof *w->rows);
    if (!w->shown || !w->rows)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    for (size_t i = 0; i < w->n_rails; i++)
        w->shown[i].last_uj = NAN;
    w->table = isatty(STDOUT_FILENO) && !call->options->json;
    w->start_ns = rg_clock_real_ns();
    return rg_meter_start(w->meter, err);
}

static rg_status go_on(watch *w, const rg_power_options *options, rg_err *err) {
    int64_t next_ns = rg_clock_real_ns();
    for (int64_t i = 0; (options->count == 0 || i < options->count) && !rg_power_stopped(); i++) {
        next_ns += options->interval_ns;
        struct timespec until = {next_ns / 1000000000, next_ns % 1000000000};
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
        if (!show_interval(w))
            return rg_fail(err, RG_IO, NULL, "cannot write to the standard output");
    }
    return RG_OK;
}

int rg_power_watch(const rg_power_call *call) {
    watch w = {0};
    rg_err err = RG_ERR_INIT;
    rg_power_catch();
    rg_status status = begin(&w, call, &err);
    if (status == RG_OK)
        status = go_on(&w, call->options, &err);
    rg_meter_close(w.meter);
    free(w.shown);
    free(w.rows);
    return status == RG_OK ? RG_EXIT_OK : rg_report_error("power watch", &err);
}
