/* step_claim.c: the fitted sensor beside the claimed one, in words and as JSON. */
#include <math.h>
#include <stdio.h>

#include "bench/core/json.h"
#include "bench/core/text.h"
#include "bench/result/step_priv.h"

static void differ(rg_step_fit *fit, const char *name, double found_s, double claimed_s) {
    char found[32], claimed[32];
    rg_text_duration(found_s * 1e9, found, sizeof found);
    if (claimed_s > 0)
        rg_text_duration(claimed_s * 1e9, claimed, sizeof claimed);
    else
        snprintf(claimed, sizeof claimed, "none");
    fit->code = "sensor-differs";
    snprintf(fit->what, sizeof fit->what, "its %s is %s, it claims %s", name, found, claimed);
}

/* A fifth is the conversion clock's tolerance twice over (an INA3221's may be off by 10 %). */
static bool is_far(double found_s, double claimed_s, double slack_s) {
    return fabs(found_s - claimed_s) > fmax(0.2 * claimed_s, slack_s);
}

void rg_step_compare(const rg_rail *rail, double read_s, rg_step_fit *fit) {
    if (!fit->moved) {
        fit->code = "stale";
        snprintf(fit->what, sizeof fit->what, "its readings did not follow the load");
        return;
    }
    double slack = 2 * read_s;
    double average_s = fit->lag_s > 0 ? fit->lag_s : fit->window_s;
    double claimed_s = rail->kind == RG_POWER_RECURSIVE ? rail->lag_s : 0;
    if (is_far(average_s, claimed_s, slack + 2 * fmax(rail->refresh_s, 0)))
        differ(fit, fit->window_s > 0 ? "averaging" : "lag", average_s, claimed_s);
    else if (isfinite(fit->refresh_s) && rail->refresh_s > 0 && !fit->refresh_is_bound &&
             is_far(fit->refresh_s, rail->refresh_s, slack))
        differ(fit, "refresh", fit->refresh_s, rail->refresh_s);
}

json_t *rg_step_to_json(const rg_step_fit *fit, const rg_rail *rail) {
    json_t *found = json_pack("{s:s, s:b}", "kind", rg_power_kind_word(fit->kind),
                              "refresh_is_bound", fit->refresh_is_bound);
    json_t *claimed = json_pack("{s:s}", "kind", rg_power_kind_word(rail->kind));
    rg_json_set_real(found, "refresh_s", fit->refresh_s);
    rg_json_set_real(found, "lag_s", fit->lag_s);
    rg_json_set_real(found, "window_s", fit->window_s);
    rg_json_set_real(found, "delay_s", fit->delay_s);
    rg_json_set_real(found, "delay_limit_s", fit->delay_limit_s);
    rg_json_set_real(found, "misfit", fit->misfit);
    rg_json_set_real(claimed, "refresh_s", rail->refresh_s);
    rg_json_set_real(claimed, "lag_s", rail->lag_s);
    json_t *all = json_pack("{s:s, s:s?, s:s?}", "id", rail->id, "code", fit->code, "what",
                            fit->code ? fit->what : NULL);
    rg_json_set_real(all, "idle_mw", fit->idle_mw);
    rg_json_set_real(all, "load_mw", fit->load_mw);
    rg_json_set_real(all, "noise_mw", fit->noise_mw);
    json_object_set_new(all, "readings", json_integer((json_int_t)fit->n));
    json_object_set_new(all, "fitted", found);
    json_object_set_new(all, "claimed", claimed);
    return all;
}
