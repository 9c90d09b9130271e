/* test_host.c: facts and state of recorded machines; root handle; counters. */
#include "tests/unit/state_of.h"

#include <math.h>
#include <unistd.h>

#include "bench/core/json.h"
#include "bench/core/root.h"
#include "bench/run/counters.h"
#include "bench/run/host.h"
#include "bench/run/instructions.h"

Test(root, symlinks_that_lead_out_of_a_recorded_tree_stay_inside_it) {
    char *tree = tree_new(), link[128];
    tree_put(tree, "/etc/os-release", "PRETTY_NAME=\"Inside\"\n");
    snprintf(link, sizeof link, "%s/way-out", tree);
    cr_assert_eq(symlink("/etc/os-release", link), 0);
    rg_root *root = open_tree(tree);
    char text[64];
    cr_assert_eq(rg_root_read(root, "/way-out", text, sizeof text, NULL), RG_OK);
    cr_assert_str_eq(text, "PRETTY_NAME=\"Inside\"");
    cr_assert_neq(rg_root_read(root, "/../../../../etc/passwd", text, sizeof text, NULL), RG_OK);
    rg_root_close(root);
    tree_remove(tree);
}

Test(root, a_missing_file_is_absent_and_text_is_no_number) {
    char *tree = tree_new();
    tree_put(tree, "/sys/a", "12 mW\n");
    tree_put(tree, "/sys/b", "-7\n");
    rg_root *root = open_tree(tree);
    int64_t value;
    cr_assert_eq(rg_root_read_int(root, "/sys/none", &value, NULL), RG_ABSENT);
    cr_assert_eq(rg_root_read_int(root, "/sys/a", &value, NULL), RG_BAD_DATA);
    cr_assert_eq(rg_root_read_int(root, "/sys/b", &value, NULL), RG_OK);
    cr_assert_eq(value, -7);
    rg_root_close(root);
    tree_remove(tree);
}

Test(host, facts_of_a_recorded_board_name_it_and_its_instruction_set) {
    char *tree = tree_new();
    tree_put(tree, "/proc/device-tree/model", "NVIDIA Jetson Orin Nano Developer Kit");
    tree_put(tree, "/proc/cpuinfo",
             "processor\t: 0\nFeatures\t: fp asimd asimddp i8mm\n"
             "processor\t: 1\nFeatures\t: fp asimd asimddp i8mm\n");
    tree_put(tree, "/proc/meminfo", "MemTotal:        7802880 kB\n");
    tree_put(tree, "/proc/sys/kernel/osrelease", "5.15.148-tegra\n");
    rg_root *root = open_tree(tree);
    json_t *facts = rg_host_facts(root);
    cr_assert_str_eq(rg_json_get_text(facts, "board", ""), "NVIDIA Jetson Orin Nano Developer Kit");
    cr_assert_eq(rg_json_get_int(facts, "threads", 0), 2);
    cr_assert_eq(rg_json_get_int(facts, "memory_bytes", 0), 7802880LL * 1024);
    cr_assert_eq(json_array_size(json_object_get(facts, "cpu_flags")), 3, "fp is of no interest");
    cr_assert_str_eq(rg_json_get_text(facts, "kernel", ""), "5.15.148-tegra");
    json_decref(facts);
    rg_root_close(root);
    tree_remove(tree);
}

Test(host, throttling_heat_and_clock_changes_set_their_flags_once) {
    char *tree = tree_new();
    tree_put(tree, "/sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq", "1500000");
    tree_put(tree, "/sys/devices/system/cpu/cpu0/thermal_throttle/core_throttle_count", "7");
    tree_put(tree, "/sys/class/thermal/thermal_zone0/temp", "45000");
    tree_put(tree, "/sys/class/thermal/thermal_zone0/type", "cpu-thermal");
    json_t *start = state_of(tree), *quiet = json_array(), *flags = json_array();
    rg_host_flags(start, start, start, quiet);
    cr_assert_eq(json_array_size(quiet), 0, "nothing happened, nothing is said");
    tree_put(tree, "/sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq", "600000");
    tree_put(tree, "/sys/devices/system/cpu/cpu0/thermal_throttle/core_throttle_count", "9");
    tree_put(tree, "/sys/class/thermal/thermal_zone0/temp", "48500");
    json_t *later = state_of(tree);
    rg_host_flags(start, start, later, flags);
    rg_host_flags(start, later, later, flags);
    cr_assert(rg_json_has_text(flags, "throttled"));
    cr_assert(rg_json_has_text(flags, "hot"));
    cr_assert(rg_json_has_text(flags, "clock-changed"));
    cr_assert_eq(json_array_size(flags), 3, "each flag once");
    json_decref(start);
    json_decref(later);
    json_decref(quiet);
    json_decref(flags);
    tree_remove(tree);
}

Test(host, foreign_load_is_what_remains_of_busy_ticks) {
    char *tree = tree_new();
    tree_put(tree, "/proc/stat", "cpu  100 0 0 900 0 0 0 0 0 0\n");
    json_t *before = state_of(tree);
    tree_put(tree, "/proc/stat", "cpu  160 0 0 940 0 0 0 0 0 0\n");
    json_t *after = state_of(tree);
    double own_s = 20.0 / (double)sysconf(_SC_CLK_TCK);
    cr_assert_float_eq(rg_host_foreign_load(before, after, own_s), 0.4, 1e-9);
    json_decref(before);
    json_decref(after);
    tree_remove(tree);
}

Test(instructions, are_read_from_the_words_of_cachegrind) {
    cr_expect_eq(rg_instructions_parse("==7== \n==7== I   refs:      47,022,748\n"), 47022748);
    cr_expect_eq(rg_instructions_parse("==7== I refs: 12\n==9== I   refs:  1,000\n"), 1012,
                 "all processes count");
    cr_expect_eq(rg_instructions_parse("==7== D   refs:  5 (3 rd + 2 wr)\n"), -1);
    cr_expect_eq(rg_instructions_parse("I refs of a library: 5"), -1);
    cr_expect_eq(rg_instructions_parse(""), -1);
}

Test(counters, a_refused_counter_says_why_and_takes_no_other_along) {
    static const char *const names[] = {"page_faults", "no_such_event_anywhere", NULL};
    json_t *refusals = json_object(), *totals = json_object();
    rg_counters *counters = rg_counters_open(names, refusals);
    const json_t *refused = json_object_get(refusals, "no_such_event_anywhere");
    cr_assert_not_null(refused);
    cr_assert_str_eq(rg_json_get_text(refused, "na", ""), "no-counters");
    if (!counters) { /* a sandbox without perf events: the refusal must say so */
        cr_assert_not_null(json_object_get(refusals, "page_faults"));
    } else {
        rg_counters_start(counters);
        volatile char *fresh = malloc(1 << 22);
        for (size_t i = 0; i < 1 << 22; i += 4096)
            fresh[i] = 1;
        rg_counters_stop(counters);
        rg_counters_read(counters, totals);
        cr_assert_gt(rg_json_get_int(totals, "page_faults", 0), 100);
        free((void *)fresh);
    }
    rg_counters_close(counters);
    json_decref(refusals);
    json_decref(totals);
}
