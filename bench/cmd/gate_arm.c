/* gate_arm.c: from a build and overrides to a plan and a bundle. */
#include "bench/cmd/gate_arm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/cmd/run_bundle.h"
#include "bench/core/json.h"
#include "bench/run/host.h"

/* The arguments as `railgauge run` would get them for this arm: the values meant for it come last,
 * so that they win. */
static void arm_args(const rg_duel *duel, const char *name, rg_args *ret) {
    const char *own = *name == 'A' ? "a_set" : "b_set";
    *ret = (rg_args){.words = {duel->scenario}, .n_words = 1};
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < duel->args->n_given; i++) {
            if (strcmp(duel->args->given[i].key, pass ? own : "set"))
                continue;
            ret->given[ret->n_given].key = "set";
            ret->given[ret->n_given++].value = duel->args->given[i].value;
        }
    }
}

static rg_status keep_only(const rg_duel *duel, rg_plan *plan, rg_err *err) {
    const char *patterns[RG_MAX_ARGS];
    size_t n = 0;
    for (size_t i = 0; i < duel->args->n_given; i++) {
        if (!strcmp(duel->args->given[i].key, "only"))
            patterns[n++] = duel->args->given[i].value;
    }
    return n ? rg_plan_only_any(plan, patterns, n, err) : RG_OK;
}

rg_status rg_arm_plan(const rg_duel *duel, const char *name, const char *program, rg_arm *ret_arm,
                      rg_err *err) {
    rg_args args;
    const rg_looks *looks = duel->looks;
    *ret_arm = (rg_arm){.name = name, .program = program};
    arm_args(duel, name, &args);
    rg_status status = rg_peer_ask(program, &ret_arm->peer, err);
    if (status == RG_OK)
        status = rg_request_from_file(&args, duel->root, &ret_arm->request, err);
    if (status == RG_OK && *duel->tier)
        json_object_set_new(ret_arm->request.document, "tier", json_string(duel->tier));
    if (status == RG_OK)
        status = rg_plan_build(ret_arm->request.document, &ret_arm->plan, err);
    if (status == RG_OK)
        status = rg_plan_set_rounds(ret_arm->plan, (uint32_t)looks->at[looks->n - 1], err);
    return status;
}

static const char *keep(rg_arm *arm, const char *text) {
    return rg_arena_strdup(arm->plan->arena, text);
}

rg_status rg_arm_align(const rg_arm *a, rg_arm *b, rg_err *err) {
    if (a->plan->n_cells != b->plan->n_cells)
        return rg_fail(err, RG_USAGE, "--a-set and --b-set may change values, not the cells",
                       "A has %zu cells, B %zu", a->plan->n_cells, b->plan->n_cells);
    for (size_t i = 0; i < a->plan->n_cells; i++) {
        rg_cell *cell = &b->plan->cells[i];
        memcpy(cell->key, a->plan->cells[i].key, sizeof cell->key);
        cell->name = keep(b, a->plan->cells[i].name);
        if (!cell->name)
            return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    }
    return rg_plan_set_rounds(b->plan, b->plan->rounds, err); /* its hash is over keys */
}

static json_t *pairing_facts(const rg_duel *duel, const rg_arm *arm) {
    return json_pack("{s:s, s:s, s:s, s:I, s:{s:s, s:s, s:s}, s:O}", "session", duel->session,
                     "arm", arm->name, "looks", duel->looks->name, "slice_ns",
                     (json_int_t)duel->slice_ns, "program", "path", arm->program, "version",
                     arm->peer.version, "sha256", arm->peer.sha256, "command", duel->command);
}

static rg_status create_bundle(const rg_duel *duel, rg_arm *arm, rg_err *err) {
    char *dir =
        rg_arena_printf(arm->request.arena, "%s/gate-%s/%s", duel->out, duel->session, arm->name);
    json_t *facts = json_pack("{s:o, s:o, s:b}", "host", rg_host_facts(duel->root), "pairing",
                              pairing_facts(duel, arm), "interleaved", 1);
    rg_bundle_spec spec = {.dir = dir,
                           .plan = arm->plan,
                           .scenario = arm->request.text,
                           .files = arm->request.files,
                           .n_files = arm->request.n_files,
                           .facts = facts};
    rg_status status = dir && facts ? rg_bundle_create(&spec, &arm->bundle, err)
                                    : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    json_decref(facts);
    return status;
}

rg_status rg_arm_open(const rg_duel *duel, rg_arm *arm, const rg_sink *sink, rg_err *err) {
    rg_status status = keep_only(duel, arm->plan, err);
    if (status != RG_OK)
        return status;
    arm->outcomes = calloc(arm->plan->n_cells, sizeof *arm->outcomes);
    if (!arm->outcomes)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    status = create_bundle(duel, arm, err);
    if (status != RG_OK)
        return status;
    arm->sink = rg_bundle_sink(arm->bundle);
    snprintf(arm->layout, sizeof arm->layout, "%s %s", duel->session, arm->name);
    arm->spec = (rg_run_spec){.program = arm->program,
                              .root = duel->root,
                              .sink = sink,
                              .layout = arm->layout,
                              .slice_ns = duel->slice_ns};
    return rg_runner_open(arm->plan, &arm->spec, arm->outcomes, &arm->runner, err);
}

void rg_arm_stop(rg_arm *arm) {
    rg_runner_close(arm->runner);
    arm->runner = NULL;
}

void rg_arm_close(rg_arm *arm) {
    rg_arm_stop(arm);
    rg_bundle_close(arm->bundle);
    free(arm->outcomes);
    rg_plan_free(arm->plan);
    rg_request_free(&arm->request);
    *arm = (rg_arm){0};
}
