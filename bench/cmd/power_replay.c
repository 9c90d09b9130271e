/* power_replay.c: `railgauge power replay TRACE`: joules, watts, uncertainty and refusals of any
 * stretch of a recorded trace. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/cmd/power.h"
#include "bench/core/json.h"

/* "12.5,22.5" or with two more numbers; returns how many, 0 for anything else. */
static size_t read_numbers(const char *word, double ret[4]) {
    size_t n = 0;
    for (; n < 4; n++) {
        char *end;
        ret[n] = strtod(word, &end);
        if (end == word || !isfinite(ret[n]) || fabs(ret[n]) > 1e9)
            return 0;
        if (*end == '\0')
            return n + 1;
        if (*end != ',')
            return 0;
        word = end + 1;
    }
    return 0;
}

static rg_stretch stretch_of(double from_s, double to_s, int64_t zero_ns) {
    return (rg_stretch){zero_ns + (int64_t)(from_s * 1e9), zero_ns + (int64_t)(to_s * 1e9)};
}

static rg_status take_spans(const rg_power_options *options, int64_t zero_ns, rg_powerlog *log,
                            rg_err *err) {
    double at[4];
    size_t n = *options->window ? read_numbers(options->window, at) : 0;
    if (*options->window && (n != 2 || !(at[1] > at[0])))
        return rg_fail(err, RG_USAGE, "--window 12.5,22.5", "'%s' is no window", options->window);
    if (n)
        log->spans[RG_SPAN_WINDOW] = stretch_of(at[0], at[1], zero_ns);
    n = *options->idle ? read_numbers(options->idle, at) : 0;
    if (*options->idle && ((n != 2 && n != 4) || !(at[1] > at[0]) || (n == 4 && !(at[3] > at[2]))))
        return rg_fail(err, RG_USAGE, "--idle 0,10 or --idle 0,10,30,40", "'%s' is no idle time",
                       options->idle);
    if (n)
        log->spans[RG_SPAN_IDLE_BEFORE] = stretch_of(at[0], at[1], zero_ns);
    if (n == 4)
        log->spans[RG_SPAN_IDLE_AFTER] = stretch_of(at[2], at[3], zero_ns);
    return RG_OK;
}

/* A window that nobody named is all of it. */
static rg_status choose_spans(const rg_power_options *options, rg_powerlog *log, rg_err *err) {
    int64_t first_ns = INT64_MAX, last_ns = INT64_MIN;
    for (size_t i = 0; i < log->n_rows; i++) {
        first_ns = log->rows[i].t_ns < first_ns ? log->rows[i].t_ns : first_ns;
        last_ns = log->rows[i].t_ns > last_ns ? log->rows[i].t_ns : last_ns;
    }
    if (first_ns >= last_ns)
        return rg_fail(err, RG_BAD_DATA, "record a longer trace", "the trace has no readings");
    rg_stretch *window = &log->spans[RG_SPAN_WINDOW];
    if (window->end_ns <= window->start_ns)
        *window = (rg_stretch){first_ns, last_ns};
    return take_spans(options, first_ns, log, err);
}

static void print_json(const rg_energy *energy, const rg_powerlog *log) {
    json_t *all = rg_energy_to_json(energy, log->rails);
    char *text = rg_json_text(all, 2);
    puts(text ? text : "{}");
    free(text);
    json_decref(all);
}

int rg_power_replay(const rg_power_call *call) {
    rg_arena *arena = rg_arena_new(0);
    rg_powerlog log;
    rg_energy energy = {0};
    rg_err err = RG_ERR_INIT;
    bool cut = false;
    rg_status status = arena ? rg_trace_read(call->words[0], arena, &log, &cut, &err)
                             : rg_fail(&err, RG_NO_MEMORY, NULL, "out of memory");
    if (status == RG_OK)
        status = choose_spans(call->options, &log, &err);
    if (status == RG_OK)
        status = rg_power_analyse(&log, (rg_scope)call->options->scope, &energy, &err);
    if (status == RG_OK && cut)
        fprintf(stderr, "railgauge power replay: %s ends within a line: its recorder was killed\n",
                call->words[0]);
    if (status == RG_OK && call->options->json)
        print_json(&energy, &log);
    else if (status == RG_OK)
        rg_power_show(&energy, &log, stdout);
    rg_energy_free(&energy);
    rg_arena_free(arena);
    return status == RG_OK ? RG_EXIT_OK : rg_report_error("power replay", &err);
}
