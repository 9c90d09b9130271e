/* test_scenarios.c: the shipped scenarios evaluate, plan, and tell their question. */
#include "bench/core/data.h"
#include "bench/iface/registry.h"
#include "tests/unit/script_made.h"

/* Evaluates a shipped scenario and builds its plan, which the caller frees. */
static rg_plan *plan_shipped(const char *name, const char *const *sets, size_t n_sets) {
    rg_script_args args = {.path = name, .sets = sets, .n_sets = n_sets};
    rg_script script = {0};
    rg_err err = RG_ERR_INIT;
    rg_plan *plan = NULL;
    cr_assert_eq(rg_script_evaluate(&args, &script, &err), RG_OK, "%s: %s", name, err.what);
    cr_assert_eq(rg_plan_build(script.request, &plan, &err), RG_OK, "%s: %s", name, err.what);
    rg_script_clear(&script);
    return plan;
}

Test(scenarios, those_for_any_model_take_a_file, WITH) {
    static const char *const names[] = {"scenarios/model.lua", "throughput", "idle.lua"};
    char set[160];
    snprintf(set, sizeof set, "model=%s/net.tflite", folder);
    const char *const sets[] = {set, "name=mine"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        rg_plan *plan = plan_shipped(names[i], sets, 2);
        cr_assert_geq(plan->n_cells, 1);
        cr_assert_str_eq(plan->cells[0].workload, "mine");
        rg_plan_free(plan);
    }
}

Test(scenarios, a_planted_change_of_the_simulated_device_stays_in_the_same_cells) {
    const char *const slow[] = {"slow=1.1"}, *const slower[] = {"latency=2ms"};
    rg_plan *base = plan_shipped("scenarios/sim.lua", NULL, 0);
    rg_plan *arm = plan_shipped("scenarios/sim.lua", slow, 1);
    rg_plan *other = plan_shipped("scenarios/sim.lua", slower, 1);
    cr_assert_eq(base->n_cells, 2);
    cr_assert(base->power);
    cr_assert_str_eq(base->hash, arm->hash);
    cr_assert_str_neq(base->hash, other->hash);
    cr_assert_float_eq(rg_json_get_real(arm->cells[0].options, "slow", 0), 1.1, 1e-12);
    cr_assert_null(json_object_get(json_object_get(arm->cells[0].requested, "options"), "slow"));
    cr_assert_str_eq(base->cells[0].source, "empty:64");
    rg_plan_free(base);
    rg_plan_free(arm);
    rg_plan_free(other);
}

Test(scenarios, those_of_load_patterns_plan_what_they_say, WITH) {
    static const struct {
        const char *scenario, *set, *name;
        size_t cells;
    } rows[] = {
        {"paced", "hz=15,30", "mine/sim/threads=1/paced=15", 2},
        {"streams", "fps=25", "mine/sim/threads=1/streams=25", 1},
        {"soak", "duration=1m", "mine/sim/threads=0/soak=60s/step=5s", 1},
        {"cold-start", "rounds=4", "mine/sim/threads=1/cold", 1},
        {"interfere", "beside=mem,io", "mine/sim/threads=1/interfere=mem", 2},
        {"batch-sweep", "most=4", "mine/sim/batch=1/threads=1", 3},
    };
    char set[160];
    snprintf(set, sizeof set, "model=%s/net.tflite", folder);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *const sets[] = {set, "name=mine", "target=sim", rows[i].set};
        rg_plan *plan = plan_shipped(rows[i].scenario, sets, 4);
        cr_assert_eq(plan->n_cells, rows[i].cells, "%s", rows[i].scenario);
        cr_assert_str_eq(plan->cells[0].name, rows[i].name);
        rg_plan_free(plan);
    }
}

Test(scenarios, those_of_the_suite_plan) {
    if (!rg_suite_models[0].name)
        cr_skip_test("no suite model in this build");
    rg_plan *plan = plan_shipped("first-light", NULL, 0);
    cr_assert_eq(plan->n_cells, 9);
    cr_assert_str_eq(plan->cells[8].target, "edgetpu");
    rg_plan_free(plan);
    const char *const sets[] = {"threads=4", "suite=mobile", "tier=standard"};
    plan = plan_shipped("latency", sets, 3);
    cr_assert_eq(plan->n_cells, 12);
    cr_assert_eq(plan->rounds, 6);
    rg_plan_free(plan);
    const char *const ops[] = {"network=yolov5n"};
    plan = plan_shipped("ops", ops, 1);
    cr_assert_geq(plan->n_cells, 20);
    cr_assert_str_eq(plan->cells[0].workload, "yolov5n-conv0");
    rg_plan_free(plan);
}

static void check_help(const char *relative, void *user) {
    rg_script_args args = {.path = relative, .help = true};
    rg_script script = {0};
    rg_err err = RG_ERR_INIT;
    rg_status status = rg_script_evaluate(&args, &script, &err);
    cr_assert_eq(status, RG_OK, "%s: %s", relative, err.what);
    const char *text = rg_json_get_text(json_array_get(script.files, 0), "text", "");
    cr_assert_eq(strncmp(text, "-- ", 3), 0, "%s begins with its question", relative);
    cr_assert_not_null(strstr(text, "railgauge run "), "%s says how to run it", relative);
    cr_assert_gt(json_array_size(script.options), 0, "%s has options", relative);
    rg_script_clear(&script);
    ++*(size_t *)user;
}

Test(scenarios, each_tells_its_question_and_its_options) {
    size_t n = 0;
    rg_data_list("scenarios", ".lua", check_help, &n);
    cr_assert_geq(n, 6);
}
