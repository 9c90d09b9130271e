/* power_check.c: `railgauge power check`: idle, load, idle; what each rail is, seen from that step,
 * beside what its sensor claims. What was found is kept for later runs. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/cmd/power.h"
#include "bench/cmd/power_load.h"
#include "bench/core/clock.h"
#include "bench/core/json.h"
#include "bench/core/text.h"
#include "bench/result/step.h"
#include "bench/run/fitted.h"

enum { BEAT_NS = 50000000 };

typedef struct check {
    const rg_power_call *call;
    bool is_live; /* of this machine: only then is anything kept */
    bool named;   /* rails were named: each of them is meant to follow the load */
    rg_load *load;
    rg_meter *meter;
    rg_step_ask step;
    size_t n_rails;
    rg_step_fit fits[RG_MAX_RAILS];
    char kept[512];
} check;

static rg_status open_meter(check *c, const char *cores, rg_err *err) {
    const char *selectors[RG_MAX_ARGS + 1] = {0};
    rg_root *root = NULL;
    rg_rail_list *rails = calloc(1, sizeof *rails);
    c->named = rg_power_selectors(c->call, selectors) > 0;
    rg_status status = rails ? rg_root_open(c->call->globals->root, &root, err)
                             : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    if (status == RG_OK) {
        c->is_live = rg_root_is_live(root);
        status = rg_rails_claimed(root, selectors, rails, err);
    }
    if (status == RG_OK)
        status = rg_meter_open(root, rails, cores, &c->meter, err);
    rg_root_close(root);
    free(rails);
    return status;
}

/* False when somebody pressed Ctrl-C. */
static bool pass_time(const check *c) {
    int64_t end_ns = rg_clock_real_ns() + c->call->options->seconds * 1000000000;
    while (rg_clock_real_ns() < end_ns && !rg_power_stopped())
        nanosleep(&(struct timespec){0, BEAT_NS}, NULL);
    return !rg_power_stopped();
}

static rg_status make_step(check *c, rg_err *err) {
    rg_meter_hurry(c->meter);
    rg_status status = rg_meter_start(c->meter, err);
    if (status != RG_OK)
        return status;
    c->step.start_ns = rg_clock_real_ns();
    bool on = pass_time(c);
    c->step.on_ns = rg_clock_real_ns();
    status = on ? rg_load_start(c->load, err) : RG_OK;
    on = on && status == RG_OK && pass_time(c);
    c->step.off_ns = rg_clock_real_ns();
    rg_load_stop(c->load);
    on = on && pass_time(c);
    c->step.end_ns = rg_clock_real_ns();
    rg_meter_stop(c->meter);
    return on || status != RG_OK ? status : rg_fail(err, RG_INTERRUPTED, NULL, "interrupted");
}

static rg_status fit_rails(check *c, rg_err *err) {
    c->step.rails = rg_meter_rails(c->meter, &c->n_rails);
    c->step.rows = rg_meter_rows(c->meter, &c->step.n_rows);
    rg_status status = RG_OK;
    for (uint32_t i = 0; i < c->n_rails && status == RG_OK; i++)
        status = rg_step_measure(&c->step, i, &c->fits[i], err);
    return status;
}

/* A load of the cores does not reach every part of a board: only rails that were named, and those
 * that stand for everything around the cores, must follow. */
static bool must_follow(const check *c, size_t i) {
    const rg_rail *rail = &c->step.rails[i];
    bool around = rail->scope == RG_SCOPE_CPU || rail->scope >= RG_SCOPE_MODULE;
    return c->named || (rail->role == RG_ROLE_TOTAL && around);
}

static bool is_failure(const check *c, size_t i) {
    const rg_step_fit *fit = &c->fits[i];
    return fit->code && (fit->moved || must_follow(c, i));
}

static rg_status keep_fits(check *c, rg_err *err) {
    rg_rail *rails = calloc(c->n_rails + 1, sizeof *rails);
    rg_fitted *fits = calloc(c->n_rails + 1, sizeof *fits);
    rg_status status = rails && fits ? RG_OK : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    size_t n = 0;
    for (size_t i = 0; status == RG_OK && i < c->n_rails; i++) {
        const rg_step_fit *fit = &c->fits[i];
        if (!fit->moved && !must_follow(c, i))
            continue;
        rails[n] = c->step.rails[i];
        double window = fit->window_s / 5; /* five lags are waited for: the whole window */
        fits[n++] = (rg_fitted){.failed = !fit->moved,
                                .kind = fit->moved ? fit->kind : c->step.rails[i].kind,
                                .refresh_s = fit->refresh_is_bound ? NAN : fit->refresh_s,
                                .lag_s = fmax(fit->lag_s, window),
                                .delay_s = fit->delay_s};
    }
    if (status == RG_OK && n)
        status = rg_fitted_keep(rails, fits, n, c->kept, sizeof c->kept, err);
    free(fits);
    free(rails);
    return status;
}

/* --- words -------------------------------------------------------------------------------------
 */

static const char *say_seconds(double seconds, char ret[32]) {
    if (!isfinite(seconds))
        return "n/a";
    if (seconds == 0)
        return "none";
    rg_text_duration(fabs(seconds) * 1e9, ret, 32);
    return ret;
}

static void say_line(const char *who, rg_power_kind kind, bool bound, double refresh_s,
                     double average_s, const char *delay) {
    char refresh[32], average[32];
    printf("  %-9s %-18s %s%-*s %-11s %s\n", who, rg_power_kind_word(kind), bound ? "<= " : "",
           bound ? 10 : 13, say_seconds(refresh_s, refresh), say_seconds(average_s, average),
           delay);
}

static void say_rail(const check *c, size_t i) {
    const rg_step_fit *fit = &c->fits[i];
    const rg_rail *rail = &c->step.rails[i];
    char idle[32], load[32], delay[32], limit[32], both[80];
    rg_text_si(fit->idle_mw * 1e-3, "W", idle, sizeof idle);
    rg_text_si(fit->load_mw * 1e-3, "W", load, sizeof load);
    const char *words = !fit->code         ? "as it claims"
                        : is_failure(c, i) ? fit->code
                                           : "this load does not reach it";
    printf("%s: %s idle, %s under load: %s\n", rail->label, idle, load, words);
    if (!fit->moved)
        return;
    snprintf(both, sizeof both, "%s%s +- %s", fit->delay_s < 0 ? "-" : "",
             say_seconds(fit->delay_s, delay), say_seconds(fit->delay_limit_s, limit));
    printf("            %-18s %-13s %-11s %s\n", "kind", "refresh", "averaging", "delay");
    say_line("found", fit->kind, fit->refresh_is_bound, fit->refresh_s,
             fmax(fit->lag_s, fit->window_s), both);
    say_line("claimed", rail->kind, false, rail->refresh_s, rail->lag_s, "");
    if (fit->code)
        printf("  %s: %s\n", fit->code, fit->what);
}

static void say_all(const check *c) {
    for (size_t i = 0; i < c->n_rails; i++)
        say_rail(c, i);
    if (c->kept[0])
        printf("\nLater runs take what was found from %s\n", c->kept);
}

static rg_status print_json(const check *c, rg_err *err) {
    json_t *list = json_array();
    for (size_t i = 0; i < c->n_rails; i++) {
        json_t *one = rg_step_to_json(&c->fits[i], &c->step.rails[i]);
        json_object_set_new(one, "failed", json_boolean(is_failure(c, i)));
        json_array_append_new(list, one);
    }
    json_t *all = json_pack("{s:o, s:s?}", "rails", list, "kept", c->kept[0] ? c->kept : NULL);
    rg_status status = rg_print_json(all, err);
    json_decref(all);
    return status;
}

static int exit_code(const check *c) {
    for (size_t i = 0; i < c->n_rails; i++) {
        if (is_failure(c, i))
            return RG_EXIT_INVALID;
    }
    return RG_EXIT_OK;
}

int rg_power_check(const rg_power_call *call) {
    check *c = calloc(1, sizeof *c);
    char cores[256];
    rg_err err = RG_ERR_INIT;
    rg_power_catch();
    rg_status status = c ? rg_load_new(call->options->load, &c->load, cores, sizeof cores, &err)
                         : rg_fail(&err, RG_NO_MEMORY, NULL, "out of memory");
    if (c)
        c->call = call;
    if (status == RG_OK)
        status = open_meter(c, cores, &err);
    if (status == RG_OK)
        status = make_step(c, &err);
    if (status == RG_OK)
        status = fit_rails(c, &err);
    if (status == RG_OK && c->is_live)
        status = keep_fits(c, &err);
    if (status == RG_OK && call->options->json)
        status = print_json(c, &err);
    else if (status == RG_OK)
        say_all(c);
    int code = status == RG_OK ? exit_code(c) : rg_report_error("power check", &err);
    if (c) {
        rg_meter_close(c->meter);
        rg_load_free(c->load);
    }
    free(c);
    return code;
}
