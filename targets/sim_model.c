/* sim_model.c: the option table and the arithmetic of simulated durations. */
#include "targets/sim_model.h"

#include <stddef.h>
#include <stdio.h>

static const char *const modes[] = {"steady", "bimodal", "hot", "stalled", "bursty", NULL};
static const char *const fails[] = {"none", "crash", "hang", "garbage", "wrong", "print", NULL};

#define AT(member) offsetof(rg_sim_options, member)

const rg_field rg_sim_fields[] = {
    {"latency", RG_FIELD_DURATION, AT(latency_ns), "1ms", 1, 3.6e12, NULL, "ns",
     "time of one inference"},
    {"load", RG_FIELD_DURATION, AT(load_ns), "20ms", 0, 3.6e12, NULL, "ns",
     "time to load the model; half of it when loaded before"},
    {"jitter", RG_FIELD_REAL, AT(jitter), "0.02", 0, 1, NULL, "",
     "relative standard deviation from one inference to the next"},
    {"round_sd", RG_FIELD_REAL, AT(round_sd), "0.01", 0, 1, NULL, "",
     "relative standard deviation from one process to the next"},
    {"tail_share", RG_FIELD_REAL, AT(tail_share), "0.02", 0, 1, NULL, "",
     "share of slow inferences"},
    {"tail_factor", RG_FIELD_REAL, AT(tail_factor), "1.5", 1, 1000, NULL, "",
     "how many times as long slow ones take"},
    {"mode", RG_FIELD_CHOICE, AT(mode), "steady", 0, 0, modes, "", "behaviour over time"},
    {"throttle_after", RG_FIELD_DURATION, AT(throttle_after_ns), "0s", 0, 1e15, NULL, "ns",
     "time since loading from which heat slows it down; 0s: never"},
    {"throttle_factor", RG_FIELD_REAL, AT(throttle_factor), "1.5", 1, 1000, NULL, "",
     "how many times as long inferences take from then on; power falls alike"},
    {"slow", RG_FIELD_REAL, AT(slow), "1", 0.001, 1000, NULL, "",
     "factor on all inference times: plants a regression"},
    {"first_factor", RG_FIELD_REAL, AT(first_factor), "3", 1, 1e6, NULL, "",
     "how many times as long the first inference takes"},
    {"warmup", RG_FIELD_INT, AT(warmup), "20", 0, 1e9, NULL, "",
     "inferences until the device is warm; the coldest takes half as long again"},
    {"power_mw", RG_FIELD_REAL, AT(power_mw), "5000", 0, 1e9, NULL, "mW",
     "power drawn while all servers are busy"},
    {"idle_mw", RG_FIELD_REAL, AT(idle_mw), "2000", 0, 1e9, NULL, "mW", "power drawn when idle"},
    {"power_drift", RG_FIELD_REAL, AT(power_drift), "0", -1, 1, NULL, "",
     "share by which busy power changes each simulated second since loading"},
    {"idle_drift", RG_FIELD_REAL, AT(idle_drift), "0", -1, 1, NULL, "",
     "share by which idle power changes each simulated second since loading"},
    {"servers", RG_FIELD_INT, AT(servers), "2", 1, 64, NULL, "",
     "engines that work in parallel (sim-async only)"},
    {"seed", RG_FIELD_INT, AT(seed), "1", 0, 0, NULL, "", "start of the random numbers"},
    {"round", RG_FIELD_INT, AT(round), "0", 0, 0, NULL, "",
     "number of the round, filled in by the worker so that rounds differ"},
    {"fail", RG_FIELD_CHOICE, AT(fail), "none", 0, 0, fails, "", "what goes wrong"},
    {"fail_at", RG_FIELD_INT, AT(fail_at), "0", 0, 0, NULL, "",
     "inference since loading at which it goes wrong"},
    {"fail_round", RG_FIELD_INT, AT(fail_round), "-1", 0, 0, NULL, "",
     "the only round in which it goes wrong; -1: all"},
    {0},
};

rg_status rg_sim_options_read(const rg_settings *settings, rg_sim_options *ret_options,
                              rg_err *err) {
    rg_sim_options options = {0};
    rg_status status = rg_field_presets(rg_sim_fields, &options, true, err);
    for (uint32_t i = 0; status == RG_OK && i < settings->n_options; i++)
        status = rg_field_set_attr(rg_sim_fields, &options, &settings->options[i], err);
    if (status == RG_OK)
        *ret_options = options;
    return status;
}

void rg_sim_options_text(const rg_sim_options *options, char *ret, size_t cap) {
    size_t used = 0;
    for (const rg_field *field = rg_sim_fields; field->key && used < cap; field++) {
        char value[64];
        rg_field_text(field, options, value, sizeof value);
        int n = snprintf(ret + used, cap - used, "%s=%s\n", field->key, value);
        used += n > 0 ? (size_t)n : 0;
    }
}

/* 1 with the given spread, never below a fifth. */
static double about_one(rg_rng *rng, double sd) {
    double factor = 1 + sd * rg_rng_normal12(rng);
    return factor < 0.2 ? 0.2 : factor;
}

rg_sim_model rg_sim_model_new(const rg_sim_options *options, int64_t now_ns) {
    rg_sim_model model = {.options = *options, .born_ns = now_ns};
    rg_rng mixer = rg_rng_seeded((uint64_t)options->seed);
    model.rng = rg_rng_seeded(rg_rng_next(&mixer) + (uint64_t)options->round);
    model.rng = rg_rng_seeded(rg_rng_next(&model.rng));
    model.round_factor = about_one(&model.rng, options->round_sd);
    return model;
}

static double mode_factor(rg_sim_model *model, double age_s) {
    switch ((rg_sim_mode)model->options.mode) {
    case RG_SIM_BIMODAL:
        return rg_rng_unit(&model->rng) < 0.3 ? 1.4 : 1;
    case RG_SIM_HOT:
        return 1 + 0.5 * age_s / (age_s + 10);
    case RG_SIM_STALLED:
        return model->count % 50 == 49 ? 20 : 1;
    case RG_SIM_BURSTY:
        return model->count / 32 % 2 ? 2 : 1;
    case RG_SIM_STEADY:
        break;
    }
    return 1;
}

/* A level that changes by a share of itself each second, never below nothing. */
static double drifted(double level, double share, double age_s) {
    double now = level * (1 + share * age_s);
    return now > 0 ? now : 0;
}

static double age_at(const rg_sim_model *model, int64_t now_ns) {
    return (double)(now_ns - model->born_ns) * 1e-9;
}

static bool is_throttled(const rg_sim_model *model, int64_t now_ns) {
    int64_t after = model->options.throttle_after_ns;
    return after > 0 && now_ns - model->born_ns >= after;
}

double rg_sim_model_busy_mw(const rg_sim_model *model, int64_t now_ns) {
    const rg_sim_options *o = &model->options;
    double mw = drifted(o->power_mw, o->power_drift, age_at(model, now_ns));
    return is_throttled(model, now_ns) ? mw / o->throttle_factor : mw;
}

double rg_sim_model_idle_mw(const rg_sim_model *model, int64_t now_ns) {
    const rg_sim_options *o = &model->options;
    return drifted(o->idle_mw, o->idle_drift, age_at(model, now_ns));
}

static double start_factor(const rg_sim_model *model) {
    const rg_sim_options *o = &model->options;
    if (model->count == 0)
        return o->first_factor;
    if (model->count >= (uint64_t)o->warmup)
        return 1;
    return 1 + 0.5 * (double)((uint64_t)o->warmup - model->count) / (double)o->warmup;
}

int64_t rg_sim_model_next_ns(rg_sim_model *model, int64_t now_ns) {
    const rg_sim_options *o = &model->options;
    double ns = (double)o->latency_ns * o->slow * model->round_factor;
    ns *= about_one(&model->rng, o->jitter);
    ns *= rg_rng_unit(&model->rng) < o->tail_share ? o->tail_factor : 1;
    ns *= mode_factor(model, age_at(model, now_ns));
    ns *= start_factor(model);
    ns *= is_throttled(model, now_ns) ? o->throttle_factor : 1;
    model->count++;
    return ns < 1 ? 1 : (int64_t)ns;
}
