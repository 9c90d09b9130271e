/* test_power_drivers.c: what the kernel's own drivers of power monitors do that their documents do
 * not tell, as seen in tests/vm/drivers.py: two meanings of update_interval, powers without a sign,
 * shunts that are not shown. */
#include "tests/unit/tree.h"

#include "bench/core/root.h"
#include "bench/iface/registry.h"
#include "power/ina.h"

static rg_rail_list rails; /* too big for the stack */

#define CHIP "/sys/class/hwmon/hwmon0/"

static void put_ina3221(const char *tree, const char *samples, const char *interval_ms) {
    tree_put(tree, CHIP "name", "ina3221");
    tree_put(tree, CHIP "samples", samples);
    tree_put(tree, CHIP "update_interval", interval_ms);
    tree_put(tree, CHIP "in1_input", "5000");
    tree_put(tree, CHIP "curr1_input", "1000");
    tree_put(tree, CHIP "in2_enable", "1");
    tree_put(tree, CHIP "in3_enable", "1");
}

static void expect_timing(const char *samples, const char *interval_ms, double refresh_s,
                          double lag_s) {
    char *tree = tree_new();
    put_ina3221(tree, samples, interval_ms);
    rg_root *root;
    cr_assert_eq(rg_root_open(tree, &root, NULL), RG_OK);
    rails.n = 0;
    cr_assert_eq(rg_sensor_find("hwmon")->probe(root, "", &rails, NULL), RG_OK);
    cr_expect_float_eq(rails.items[0].refresh_s, refresh_s, 1e-9, "%s %s: %g", samples, interval_ms,
                       rails.items[0].refresh_s);
    cr_expect_float_eq(rails.items[0].lag_s, lag_s, 1e-9, "%s %s: %g", samples, interval_ms,
                       rails.items[0].lag_s);
    rg_root_close(root);
    tree_remove(tree);
}

Test(hwmon, lag_of_an_ina3221_is_found_whether_its_interval_counts_the_samples_or_not) {
    expect_timing("1", "7", 0.007, 0);
    expect_timing("512", "430", 0.430 / 512, 0.430); /* older kernels */
    expect_timing("512", "1", 0.001, 0.512);         /* newer ones, the same setting */
    expect_timing("64", "7", 0.007, 0.448);
    expect_timing("64", "422", 0.422 / 64, 0.422);
    expect_timing("1024", "49", 0.049, 50.176);
}

Test(ina, a_cycle_of_an_ina3221_is_one_of_eight_times_its_channels) {
    cr_assert(rg_ina3221_cycle(7, 3) && rg_ina3221_cycle(4, 2) && rg_ina3221_cycle(16, 1));
    cr_assert(!rg_ina3221_cycle(26, 3) && !rg_ina3221_cycle(430, 3) && !rg_ina3221_cycle(50, 3));
}

/* One reading of the only rail of a sensor. */
static rg_power_row read_one(const char *sensor, const char *tree) {
    rg_root *root;
    rg_gauge *gauge;
    rg_power_row row;
    size_t n;
    cr_assert_eq(rg_root_open(tree, &root, NULL), RG_OK);
    rails.n = 0;
    cr_assert_eq(rg_sensor_find(sensor)->probe(root, "", &rails, NULL), RG_OK);
    cr_assert_eq(rg_sensor_find(sensor)->open(root, rails.items, 1, &gauge, NULL), RG_OK);
    rg_sensor_find(sensor)->drain(gauge, &row, 1, &n);
    rg_sensor_find(sensor)->close(gauge);
    rg_root_close(root);
    return row;
}

Test(hwmon, power_without_a_sign_gets_that_of_its_current) {
    char *tree = tree_new();
    tree_put(tree, CHIP "name", "ina238");
    tree_put(tree, CHIP "in1_input", "5000");
    tree_put(tree, CHIP "power1_input", "2500000");
    cr_assert_float_eq(read_one("hwmon", tree).power_mw, 2500, 1e-9, "no current to go by");
    tree_put(tree, CHIP "curr1_input", "-500");
    cr_assert_float_eq(read_one("hwmon", tree).power_mw, -2500, 1e-9);
    tree_put(tree, CHIP "curr1_input", "500");
    cr_assert_float_eq(read_one("hwmon", tree).power_mw, 2500, 1e-9);
    tree_remove(tree);
}

Test(hwmon, an_ina238_that_does_not_tell_its_shunt_has_the_one_its_driver_assumes) {
    char *tree = tree_new();
    tree_put(tree, CHIP "name", "ina238");
    tree_put(tree, CHIP "in1_input", "5000");
    tree_put(tree, CHIP "power1_input", "2500000");
    read_one("hwmon", tree);
    cr_assert_float_eq(rails.items[0].limits.offset_mw, 5e-6 / 0.010 * 5000, 1e-9);
    tree_put(tree, CHIP "shunt_resistor", "2000");
    read_one("hwmon", tree);
    cr_assert_float_eq(rails.items[0].limits.offset_mw, 5e-6 / 0.002 * 5000, 1e-9);
    tree_remove(tree);
}

Test(iio, power_without_a_sign_gets_that_of_its_current) {
    char *tree = tree_new();
    static const char *const files[][2] = {
        {"name", "ina226"},          {"in_power2_raw", "198"},      {"in_power2_scale", "6.25"},
        {"in_voltage1_raw", "3960"}, {"in_voltage1_scale", "1.25"}, {"in_current3_raw", "-1000"}};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        char path[128];
        snprintf(path, sizeof path, "/sys/bus/iio/devices/iio:device0/%s", files[i][0]);
        tree_put(tree, path, files[i][1]);
    }
    cr_assert_float_eq(read_one("iio", tree).power_mw, -198 * 6.25, 1e-9);
    tree_remove(tree);
}
