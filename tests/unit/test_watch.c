/* test_watch.c: what is read of clocks, heat, protections and power modes, and what a watch over a
 * round makes of it. */
#include "tests/unit/state_of.h"

#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "bench/core/clock.h"
#include "bench/core/json.h"
#include "bench/core/root.h"
#include "bench/run/host.h"
#include "bench/run/nvpmodel.h"
#include "bench/run/watch.h"

#define CPU "/sys/devices/system/cpu"
#define POLICY CPU "/cpufreq/policy0"
#define ALERT "/sys/class/thermal/cooling_device1"

static json_int_t number_at(const json_t *state, const char *group, const char *key) {
    return rg_json_get_int(json_object_get(state, group), key, -99);
}

static void put_clocks(const char *tree, const char *now, const char *least, const char *most) {
    tree_put(tree, POLICY "/scaling_cur_freq", now);
    tree_put(tree, POLICY "/scaling_min_freq", least);
    tree_put(tree, POLICY "/scaling_max_freq", most);
    tree_put(tree, POLICY "/scaling_governor", "schedutil\n");
}

Test(watch, clocks_and_their_limits_are_read_and_a_lock_is_seen) {
    char *tree = tree_new();
    put_clocks(tree, "1510400\n", "115200\n", "1510400\n");
    tree_put(tree, "/sys/class/devfreq/17000000.gpu/cur_freq", "306000000\n");
    tree_put(tree, "/sys/class/devfreq/17000000.gpu/min_freq", "624750000\n");
    tree_put(tree, "/sys/class/devfreq/17000000.gpu/max_freq", "624750000\n");
    tree_put(tree, "/sys/kernel/debug/bpmp/debug/clk/emc/rate", "2133000000\n");
    json_t *state = state_of(tree);
    const json_t *cpufreq = json_object_get(state, "cpufreq");
    const json_t *devfreq = json_object_get(state, "devfreq");
    cr_assert_eq(number_at(cpufreq, "policy0", "min_khz"), 115200);
    cr_assert_eq(number_at(devfreq, "17000000.gpu", "cur_hz"), 306000000);
    cr_assert_eq(number_at(devfreq, "emc", "cur_hz"), 2133000000);
    cr_assert(json_is_false(json_object_get(state, "clocks_locked")));
    json_decref(state);
    put_clocks(tree, "1510400\n", "1510400\n", "1510400\n");
    state = state_of(tree);
    cr_assert(json_is_true(json_object_get(state, "clocks_locked")));
    json_decref(state);
    tree_remove(tree);
}

Test(watch, protections_of_a_jetson_and_a_thor_are_counters_and_alarms) {
    char *tree = tree_new();
    tree_put(tree, "/sys/class/hwmon/hwmon0/name", "soctherm_oc\n");
    tree_put(tree, "/sys/class/hwmon/hwmon0/oc3_event_cnt", "27390\n");
    tree_put(tree, "/sys/class/hwmon/hwmon1/name", "ina3221\n");
    tree_put(tree, "/sys/class/hwmon/hwmon1/curr1_crit_alarm", "1\n");
    tree_put(tree, "/sys/class/hwmon/hwmon2/name", "pwmfan\n");
    tree_put(tree, "/sys/class/hwmon/hwmon2/pwm1", "88\n");
    tree_put(tree, "/sys/class/hwmon/hwmon2/pwm1_enable", "2\n");
    tree_put(tree, "/sys/class/hwmon/hwmon2/fan1_input", "1870\n");
    tree_put(tree, ALERT "/type", "gpu-throttle-alert\n");
    tree_put(tree, ALERT "/cur_state", "0\n");
    json_t *state = state_of(tree);
    cr_assert_eq(number_at(state, "throttle", "oc3_event_cnt"), 27390);
    cr_assert_eq(number_at(state, "alarms", "hwmon1:ina3221:curr1_crit_alarm"), 1);
    cr_assert_eq(number_at(state, "alarms", "cooling_device1:gpu-throttle-alert"), 0);
    cr_assert_eq(number_at(state, "fan", "hwmon2:pwmfan:pwm1"), 88);
    cr_assert_eq(number_at(state, "fan", "hwmon2:pwmfan:fan1_input"), 1870);
    cr_assert_eq(json_object_size(json_object_get(state, "fan")), 2, "pwm1_enable is no fan");
    json_decref(state);
    tree_remove(tree);
}

Test(watch, cooling_by_taking_speed_away_is_an_alarm_and_a_fan_is_none) {
    static const char *const types[] = {"thermal-cpufreq-0", "Processor", "cpu-balanced",
                                        "thermal-devfreq-0", "pwm-fan",   "intel_powerclamp"};
    char *tree = tree_new(), path[128], key[128];
    for (int i = 0; i < 6; i++) {
        snprintf(path, sizeof path, "/sys/class/thermal/cooling_device%d/type", i);
        tree_put(tree, path, types[i]);
        snprintf(path, sizeof path, "/sys/class/thermal/cooling_device%d/cur_state", i);
        tree_put(tree, path, "2");
    }
    json_t *state = state_of(tree);
    for (int i = 0; i < 6; i++) {
        snprintf(key, sizeof key, "cooling_device%d:%s", i, types[i]);
        cr_assert_eq(number_at(state, i < 4 ? "alarms" : "cooling", key), 2, "%s", key);
    }
    json_decref(state);
    tree_remove(tree);
}

Test(watch, a_raspberry_pi_tells_now_and_ever_apart) {
    char *tree = tree_new();
    tree_put(tree, "/sys/devices/platform/soc/soc:firmware/get_throttled", "50004\n");
    json_t *state = state_of(tree);
    cr_assert_eq(number_at(state, "alarms", "firmware.throttled"), 1);
    cr_assert_eq(number_at(state, "alarms", "firmware.under-voltage"), 0);
    cr_assert_eq(number_at(state, "throttle", "firmware.under-voltage"), 1);
    cr_assert_eq(number_at(state, "throttle", "firmware.throttled"), 1);
    cr_assert_eq(number_at(state, "throttle", "firmware.frequency-capped"), 0);
    json_decref(state);
    tree_remove(tree);
}

Test(watch, a_raspberry_pi_without_the_file_is_asked_by_its_program_on_a_scratch_tree_only) {
    char *tree = tree_new(), program[128];
    tree_put(tree, "/usr/bin/vcgencmd", "#!/bin/sh\necho throttled=0x80008\n");
    snprintf(program, sizeof program, "%s/usr/bin/vcgencmd", tree);
    cr_assert_eq(chmod(program, 0755), 0);
    json_t *state = state_of(tree);
    cr_assert_eq(json_object_size(json_object_get(state, "throttle")), 0,
                 "a recorded tree's programs are never started");
    json_decref(state);
    tree_put(tree, "/.railgauge-scratch", "");
    state = state_of(tree);
    cr_assert_eq(number_at(state, "alarms", "firmware.soft-temperature-limit"), 1);
    cr_assert_eq(number_at(state, "throttle", "firmware.soft-temperature-limit"), 1);
    cr_assert_eq(number_at(state, "throttle", "firmware.under-voltage"), 0);
    json_decref(state);
    tree_remove(tree);
}

Test(watch, the_power_mode_has_the_name_that_the_table_gives_it) {
    char *tree = tree_new();
    tree_put(tree, "/etc/nvpmodel.conf",
             "# < POWER_MODEL ID=9 NAME=OLD >\n< POWER_MODEL ID=0 NAME=15W >\nCPU_ONLINE CORE_0 1\n"
             "TPC_POWER_GATING TPC_PG_MASK 0\n< POWER_MODEL ID=3 NAME=7W >\n"
             "TPC_POWER_GATING TPC_PG_MASK 248\n< PM_CONFIG DEFAULT=0 >\n");
    json_t *state = state_of(tree);
    cr_assert_str_eq(rg_json_get_text(state, "power_mode", ""), "15W", "the start's mode");
    json_decref(state);
    tree_put(tree, "/var/lib/nvpmodel/status", "pmode:0003");
    state = state_of(tree);
    cr_assert_str_eq(rg_json_get_text(state, "power_mode", ""), "7W");
    cr_assert_eq(rg_json_get_int(state, "power_mode_id", -1), 3);
    json_decref(state);
    rg_root *root = open_tree(tree);
    rg_power_modes modes;
    cr_assert_eq(rg_power_modes_read(root, &modes, NULL), RG_OK);
    cr_assert_eq(modes.n, 2);
    cr_assert_str_neq(modes.items[0].gates, modes.items[1].gates);
    cr_assert_eq(rg_power_mode_find(&modes, "3"), &modes.items[1]);
    cr_assert_null(rg_power_mode_find(&modes, "9"));
    rg_root_close(root);
    tree_remove(tree);
}

Test(watch, a_delta_is_told_even_when_nothing_happened) {
    char *tree = tree_new();
    tree_put(tree, CPU "/cpu0/thermal_throttle/package_throttle_count", "5\n");
    tree_put(tree, CPU "/cpu0/thermal_throttle/package_throttle_total_time_ms", "120\n");
    json_t *before = state_of(tree);
    json_t *delta = rg_host_delta(before, before);
    cr_assert_eq(rg_json_get_int(delta, "cpu0.package_throttle_count", -1), 0);
    cr_assert_eq(rg_json_get_int(delta, "cpu0.package_throttle_total_time_ms", -1), 0);
    json_decref(delta);
    json_decref(before);
    tree_remove(tree);
}

Test(watch, changed_limits_governors_and_modes_are_a_changed_state) {
    static const struct {
        const char *file, *was, *is;
    } changes[] = {{POLICY "/scaling_max_freq", "1500000", "1200000"},
                   {POLICY "/scaling_governor", "schedutil", "powersave"},
                   {"/sys/class/devfreq/gpu/max_freq", "600000000", "300000000"},
                   {"/var/lib/nvpmodel/status", "pmode:0000", "pmode:0001"}};
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        char *tree = tree_new();
        put_clocks(tree, "1200000", "100000", "1500000");
        tree_put(tree, "/etc/nvpmodel.conf",
                 "< POWER_MODEL ID=0 NAME=A >\n< POWER_MODEL ID=1 NAME=B >\n");
        tree_put(tree, changes[i].file, changes[i].was);
        json_t *before = state_of(tree), *flags = json_array();
        tree_put(tree, changes[i].file, changes[i].is);
        json_t *after = state_of(tree);
        rg_host_flags(before, before, before, flags);
        cr_assert_eq(json_array_size(flags), 0);
        rg_host_flags(before, before, after, flags);
        cr_assert(rg_json_has_text(flags, "state-changed"), "%s", changes[i].file);
        cr_assert_eq(json_array_size(flags), 1, "%s", changes[i].file);
        json_decref(before);
        json_decref(after);
        json_decref(flags);
        tree_remove(tree);
    }
}

static void sleep_ms(long ms) {
    struct timespec t = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&t, NULL);
}

/* Watches for a second, with a change in the middle. */
static json_t *watch_over(const char *tree, const char *file, const char *text, json_t *flags) {
    rg_root *root = open_tree(tree);
    int64_t start_ns = rg_clock_real_ns();
    rg_watch *watch = rg_watch_start(root, "");
    cr_assert_not_null(watch);
    sleep_ms(400);
    tree_put(tree, file, text);
    sleep_ms(600);
    rg_watch_stop(watch);
    json_t *summary = rg_watch_summary(watch, start_ns, rg_clock_real_ns());
    rg_watch_flags(summary, flags);
    rg_watch_close(watch);
    rg_root_close(root);
    return summary;
}

Test(watch, a_clock_is_summed_up_over_the_window) {
    char *tree = tree_new();
    put_clocks(tree, "1500000", "100000", "1500000");
    json_t *flags = json_array();
    json_t *summary = watch_over(tree, POLICY "/scaling_cur_freq", "600000", flags);
    const json_t *clock = json_object_get(json_object_get(summary, "cpufreq"), "policy0/cur_khz");
    cr_assert_geq(rg_json_get_int(summary, "samples", 0), 2);
    cr_assert(json_is_true(json_object_get(summary, "in_window")));
    cr_assert_eq(rg_json_get_real(clock, "min", 0), 600000);
    cr_assert_eq(rg_json_get_real(clock, "max", 0), 1500000);
    cr_assert_null(json_object_get(summary, "locked_slow_share"), "no clock is locked");
    cr_assert_eq(json_array_size(flags), 0, "a free clock may move");
    json_decref(summary);
    json_decref(flags);
    tree_remove(tree);
}

Test(watch, a_locked_clock_that_falls_an_alarm_and_a_counter_are_throttling) {
    static const char *const files[][2] = {{POLICY "/scaling_cur_freq", "1400000"},
                                           {ALERT "/cur_state", "1"},
                                           {CPU "/cpu0/thermal_throttle/core_throttle_count", "4"}};
    for (size_t i = 0; i < 3; i++) {
        char *tree = tree_new();
        put_clocks(tree, "1500000", "1500000", "1500000");
        tree_put(tree, ALERT "/type", "cpu-throttle-alert");
        tree_put(tree, ALERT "/cur_state", "0");
        tree_put(tree, CPU "/cpu0/thermal_throttle/core_throttle_count", "3");
        json_t *flags = json_array(), *quiet = json_array();
        json_decref(watch_over(tree, ALERT "/cur_state", "0", quiet));
        cr_assert_eq(json_array_size(quiet), 0, "nothing happened");
        json_decref(watch_over(tree, files[i][0], files[i][1], flags));
        cr_assert(rg_json_has_text(flags, "throttled"), "%s", files[i][0]);
        json_decref(flags);
        json_decref(quiet);
        tree_remove(tree);
    }
}

/* The share of readings in which a locked clock was low, while core 1 sleeps at a low clock. */
static double slow_share_of(const char *tree, const char *cores) {
    rg_root *root = open_tree(tree);
    rg_watch *watch = rg_watch_start(root, cores);
    rg_watch_stop(watch);
    json_t *summary = rg_watch_summary(watch, 0, INT64_MAX);
    double share = rg_json_get_real(summary, "locked_slow_share", -1);
    json_decref(summary);
    rg_watch_close(watch);
    rg_root_close(root);
    return share;
}

Test(watch, locked_clocks_of_cores_that_the_workload_does_not_use_do_not_count) {
    char *tree = tree_new(), link[128];
    put_clocks(tree, "1500000", "1500000", "1500000");
    tree_put(tree, CPU "/cpufreq/policy1/scaling_cur_freq", "800000");
    tree_put(tree, CPU "/cpufreq/policy1/scaling_min_freq", "1500000");
    tree_put(tree, CPU "/cpufreq/policy1/scaling_max_freq", "1500000");
    for (int i = 0; i < 2; i++) {
        char target[32], name[64];
        snprintf(name, sizeof name, CPU "/cpu%d/online", i);
        tree_put(tree, name, "1");
        snprintf(link, sizeof link, "%s" CPU "/cpu%d/cpufreq", tree, i);
        snprintf(target, sizeof target, "../cpufreq/policy%d", i);
        cr_assert_eq(symlink(target, link), 0);
    }
    cr_assert_eq(slow_share_of(tree, "0"), 0);
    cr_assert_eq(slow_share_of(tree, "1"), 1);
    cr_assert_eq(slow_share_of(tree, ""), 1, "all count where nobody knows");
    tree_remove(tree);
}

Test(watch, a_limit_that_moves_and_comes_back_is_a_changed_state) {
    char *tree = tree_new();
    put_clocks(tree, "1500000", "100000", "1500000");
    json_t *flags = json_array();
    json_decref(watch_over(tree, POLICY "/scaling_max_freq", "1200000", flags));
    cr_assert(rg_json_has_text(flags, "state-changed"));
    json_decref(flags);
    tree_remove(tree);
}

Test(watch, without_a_reading_in_the_window_the_whole_watch_is_told_and_said_so) {
    char *tree = tree_new();
    tree_put(tree, "/sys/class/thermal/thermal_zone0/temp", "41000");
    rg_root *root = open_tree(tree);
    rg_watch *watch = rg_watch_start(root, "0");
    rg_watch_stop(watch);
    json_t *summary = rg_watch_summary(watch, 1, 2);
    cr_assert(json_is_false(json_object_get(summary, "in_window")));
    cr_assert_gt(rg_json_get_int(summary, "samples", 0), 0);
    json_decref(summary);
    rg_watch_close(watch);
    rg_watch_close(NULL);
    cr_assert_null(rg_watch_summary(NULL, 1, 2));
    rg_root_close(root);
    tree_remove(tree);
}
