/* test_power.c: sensors on recorded machines, the simulated and the replayed sensor, the meter, the
 * board table. */
#include "tests/unit/tree.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/core/clock.h"
#include "bench/core/root.h"
#include "bench/iface/powerlog.h"
#include "bench/iface/registry.h"
#include "bench/run/meter.h"

static rg_rail_list rails; /* too big for the stack */

/* An Orin Nano as JetPack 6 shows it: one INA3221 at 1-0040, 5 mOhm shunts, 512 samples averaged.
 */
static void put_orin_nano(const char *tree) {
    static const char *const files[][2] = {
        {"name", "ina3221"},
        {"samples", "512"},
        {"update_interval", "430"},
        {"in1_label", "VDD_IN"},
        {"in1_input", "5080"},
        {"curr1_input", "1208"},
        {"in1_enable", "1"},
        {"shunt1_resistor", "5000"},
        {"in2_label", "VDD_CPU_GPU_CV"},
        {"in2_input", "5072"},
        {"curr2_input", "-16"},
        {"in2_enable", "1"},
        {"shunt2_resistor", "5000"},
        {"in3_label", "NC"},
        {"in3_input", "0"},
        {"curr3_input", "0"},
        {"in3_enable", "1"},
        {"in7_label", "sum of shunt voltages"},
    };
    char path[256], link[256];
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        snprintf(path, sizeof path, "/sys/devices/i2c-1/1-0040/hwmon/hwmon3/%s", files[i][0]);
        tree_put(tree, path, files[i][1]);
    }
    tree_put(tree, "/sys/class/hwmon/README", "");
    snprintf(link, sizeof link, "%s/sys/class/hwmon/hwmon3", tree);
    cr_assert_eq(symlink("../../devices/i2c-1/1-0040/hwmon/hwmon3", link), 0);
    snprintf(link, sizeof link, "%s/sys/devices/i2c-1/1-0040/hwmon/hwmon3/device", tree);
    cr_assert_eq(symlink("../../../1-0040", link), 0);
}

static void put_bytes(const char *tree, const char *path, const char *bytes, size_t n) {
    char full[256];
    tree_put(tree, path, "");
    snprintf(full, sizeof full, "%s%s", tree, path);
    FILE *file = fopen(full, "w");
    fwrite(bytes, 1, n, file);
    fclose(file);
}

Test(hwmon, an_orin_nano_shows_two_rails_and_no_unwired_channel) {
    char *tree = tree_new();
    put_orin_nano(tree);
    rg_root *root = open_tree(tree);
    cr_assert_eq(rg_sensor_find("hwmon")->probe(root, "", &rails, NULL), RG_OK);
    cr_assert_eq(rails.n, 2, "NC and the sum channel are no rails");
    cr_assert_str_eq(rails.items[0].id, "hwmon:ina3221@1-0040:VDD_IN");
    cr_assert_eq(rails.items[0].kind, RG_POWER_RECURSIVE);
    cr_assert_float_eq(rails.items[0].lag_s, 0.430, 1e-9, "update_interval is the time constant");
    cr_assert_float_eq(rails.items[0].refresh_s, 0.430 / 512, 1e-9);
    /* 40 uV / 5 mOhm = 8 mA a step, at 5.08 V: 40.64 mW; offset 80 uV: twice that */
    cr_assert_float_eq(rails.items[0].limits.lsb_mw, 40.64, 0.01);
    cr_assert_float_eq(rails.items[0].limits.offset_mw, 81.28, 0.01);
    cr_assert_eq(rails.items[0].role, RG_ROLE_UNKNOWN, "without a board table nothing is summed");
    rg_root_close(root);
    tree_remove(tree);
}

Test(hwmon, reads_volts_times_amps_and_keeps_the_sign) {
    char *tree = tree_new();
    put_orin_nano(tree);
    rg_root *root = open_tree(tree);
    const rg_sensor *hwmon = rg_sensor_find("hwmon");
    cr_assert_eq(hwmon->probe(root, "", &rails, NULL), RG_OK);
    rg_gauge *gauge;
    rg_power_row rows[8];
    size_t n;
    cr_assert_eq(hwmon->open(root, rails.items, rails.n, &gauge, NULL), RG_OK);
    cr_assert_eq(hwmon->drain(gauge, rows, 8, &n), RG_OK);
    cr_assert_eq(n, 2);
    cr_assert_float_eq(rows[0].power_mw, 5080 * 1.208, 1e-6);
    cr_assert_float_eq(rows[1].power_mw, 5072 * -0.016, 1e-6, "negative current is data");
    cr_assert_eq(rows[1].rail, 1);
    cr_assert_eq(rows[0].flags, 0);
    tree_put(tree, "/sys/devices/i2c-1/1-0040/hwmon/hwmon3/curr1_input", "gone\n");
    cr_assert_eq(hwmon->drain(gauge, rows, 8, &n), RG_OK);
    cr_assert(rows[0].flags & RG_ROW_BAD, "text that is no number is a bad reading, not zero");
    hwmon->close(gauge);
    rg_root_close(root);
    tree_remove(tree);
}

Test(hwmon, any_chip_with_power_or_energy_files_is_a_rail) {
    char *tree = tree_new();
    tree_put(tree, "/sys/class/hwmon/hwmon0/name", "power_meter");
    tree_put(tree, "/sys/class/hwmon/hwmon0/power1_average", "213000000");
    tree_put(tree, "/sys/class/hwmon/hwmon0/power1_average_interval", "1000");
    tree_put(tree, "/sys/class/hwmon/hwmon1/name", "somechip");
    tree_put(tree, "/sys/class/hwmon/hwmon1/energy2_input", "123456789");
    tree_put(tree, "/sys/class/hwmon/hwmon2/name", "coretemp");
    tree_put(tree, "/sys/class/hwmon/hwmon2/temp1_input", "40000");
    rg_root *root = open_tree(tree);
    const rg_sensor *hwmon = rg_sensor_find("hwmon");
    cr_assert_eq(hwmon->probe(root, "", &rails, NULL), RG_OK);
    cr_assert_eq(rails.n, 2, "a chip that only knows temperatures is no rail");
    cr_assert_float_eq(rails.items[0].refresh_s, 1.0, 1e-9);
    cr_assert_eq(rails.items[1].kind, RG_POWER_COUNTER);
    rg_gauge *gauge;
    rg_power_row rows[4];
    size_t n;
    cr_assert_eq(hwmon->open(root, rails.items, rails.n, &gauge, NULL), RG_OK);
    hwmon->drain(gauge, rows, 4, &n);
    cr_assert_float_eq(rows[0].power_mw, 213000, 1e-6);
    cr_assert_float_eq(rows[1].energy_uj, 123456789, 1e-6);
    hwmon->close(gauge);
    rg_root_close(root);
    tree_remove(tree);
}

Test(rails, the_board_table_gives_roles_and_parents) {
    char *tree = tree_new();
    put_orin_nano(tree);
    static const char words[] = "nvidia,p3768-0000+p3767-0005\0nvidia,p3767-0005\0nvidia,tegra234";
    put_bytes(tree, "/proc/device-tree/compatible", words, sizeof words);
    rg_root *root = open_tree(tree);
    rg_err err = RG_ERR_INIT;
    cr_assert_eq(rg_rails_find(root, NULL, false, &rails, &err), RG_OK, "%s", err.what);
    cr_assert_eq(rails.items[0].role, RG_ROLE_TOTAL);
    cr_assert_eq(rails.items[0].scope, RG_SCOPE_MODULE);
    cr_assert_eq(rails.items[1].role, RG_ROLE_EXCLUDED, "a child must not be added to its parent");
    cr_assert_str_eq(rails.items[1].parent, rails.items[0].id);
    rg_root_close(root);
    tree_remove(tree);
}

Test(rails, a_wrong_selector_names_the_nearest_rail) {
    char *tree = tree_new();
    put_orin_nano(tree);
    rg_root *root = open_tree(tree);
    static const char *const wrong[] = {"hwmon:ina3221@1-0040:VDD_ON", NULL};
    static const char *const label[] = {"VDD_IN", NULL};
    rg_err err = RG_ERR_INIT;
    cr_assert_eq(rg_rails_find(root, wrong, false, &rails, &err), RG_USAGE);
    cr_assert_not_null(strstr(err.advice, "VDD_IN"), "%s", err.advice);
    cr_assert_eq(rg_rails_find(root, label, false, &rails, &err), RG_OK);
    cr_assert_eq(rails.n, 1);
    rg_root_close(root);
    tree_remove(tree);
}

Test(rails, a_machine_without_rails_says_so) {
    char *tree = tree_new();
    rg_root *root = open_tree(tree);
    rg_err err = RG_ERR_INIT;
    cr_assert_eq(rg_rails_find(root, NULL, false, &rails, &err), RG_ABSENT);
    cr_assert_not_null(strstr(err.what, "no rail"));
    rg_root_close(root);
    tree_remove(tree);
}

Test(sim, shows_the_mean_power_of_each_refresh_of_virtual_time) {
    rg_clock_virtual_on(0);
    rg_root *root = open_tree("/");
    rg_err err = RG_ERR_INIT;
    cr_assert_eq(rg_rails_find(root, NULL, true, &rails, &err), RG_OK);
    rg_meter *meter;
    cr_assert_eq(rg_meter_open(root, &rails, "", &meter, &err), RG_OK, "%s", err.what);
    cr_assert_eq(rg_meter_start(meter, &err), RG_OK);
    rg_clock_advance(15000000, 2000); /* 15 ms at 2 W, 5 ms at 6 W, 10 ms at 1 W */
    rg_clock_advance(5000000, 6000);
    rg_clock_advance(10000000, 1000);
    rg_meter_poll(meter);
    rg_meter_stop(meter);
    size_t n;
    const rg_power_row *rows = rg_meter_rows(meter, &n);
    cr_assert_eq(n, 3);
    cr_assert_float_eq(rows[0].power_mw, 2000, 1e-9);
    cr_assert_float_eq(rows[1].power_mw, 4000, 1e-9, "half at 2 W, half at 6 W");
    cr_assert_float_eq(rows[2].power_mw, 1000, 1e-9);
    cr_assert_eq(rows[2].t_ns, 30000000, "stamped at the end of its refresh");
    rg_meter_close(meter);
    rg_root_close(root);
    rg_clock_virtual_off();
}

Test(meter, samples_a_recorded_board_from_its_own_thread) {
    char *tree = tree_new();
    put_orin_nano(tree);
    tree_put(tree, "/sys/devices/i2c-1/1-0040/hwmon/hwmon3/samples", "1");
    tree_put(tree, "/sys/devices/i2c-1/1-0040/hwmon/hwmon3/update_interval", "5");
    rg_root *root = open_tree(tree);
    rg_err err = RG_ERR_INIT;
    cr_assert_eq(rg_rails_find(root, NULL, false, &rails, &err), RG_OK);
    rg_meter *meter;
    cr_assert_eq(rg_meter_open(root, &rails, "0", &meter, &err), RG_OK, "%s", err.what);
    cr_assert_eq(rg_meter_start(meter, &err), RG_OK);
    int64_t start_ns = rg_clock_now_ns();
    rg_clock_sleep_until(start_ns + 200000000);
    rg_meter_stop(meter);
    size_t n, n_rails, of_first = 0;
    const rg_power_row *rows = rg_meter_rows(meter, &n);
    rg_meter_rails(meter, &n_rails);
    cr_assert_eq(n_rails, 2);
    for (size_t i = 0; i < n; i++) {
        of_first += rows[i].rail == 0;
        cr_assert_geq(rows[i].t_ns, start_ns - 50000000);
        cr_assert_geq(rows[i].half_ns, 0);
    }
    cr_assert_gt(of_first, 5, "%zu readings of the first rail in 200 ms", of_first);
    cr_assert_eq(of_first * 2, n, "both rails are read together");
    json_t *cost = rg_meter_cost(meter);
    cr_assert_gt(json_number_value(json_object_get(cost, "read_cost_ns")), 0);
    json_decref(cost);
    rg_meter_close(meter);
    rg_root_close(root);
    tree_remove(tree);
}

static void *rename_to_and_fro(void *user) {
    const atomic_bool *stop = user;
    char name[2][64];
    for (int i = 0; i < 2; i++)
        snprintf(name[i], sizeof name[i], "/tmp/railgauge-renamed-%d-%d", (int)getpid(), i);
    mkdir(name[0], 0700);
    for (int i = 0; !atomic_load(stop); i ^= 1)
        rename(name[i], name[!i]);
    rmdir(name[0]);
    rmdir(name[1]);
    return NULL;
}

/* A rename anywhere makes the kernel give up a path with ".." below a root: it is opened again. */
Test(rails, are_found_while_others_rename_folders) {
    char *tree = tree_new();
    put_orin_nano(tree);
    rg_root *root = open_tree(tree);
    atomic_bool stop = false;
    pthread_t thread;
    cr_assert_eq(pthread_create(&thread, NULL, rename_to_and_fro, &stop), 0);
    for (int i = 0; i < 300; i++) {
        rg_err err = RG_ERR_INIT;
        cr_assert_eq(rg_rails_find(root, NULL, false, &rails, &err), RG_OK, "%s", err.what);
        cr_assert_eq(rails.items[0].status, RG_OK, "%s", rails.items[0].what);
    }
    atomic_store(&stop, true);
    pthread_join(thread, NULL);
    rg_root_close(root);
    tree_remove(tree);
}

/* A slow chip elsewhere is read at its own pace, and delays nobody. */
Test(meter, reads_each_bus_by_a_thread_of_its_own) {
    char *tree = tree_new(), link[256];
    put_orin_nano(tree);
    tree_put(tree, "/sys/devices/i2c-1/1-0040/hwmon/hwmon3/samples", "1");
    tree_put(tree, "/sys/devices/i2c-1/1-0040/hwmon/hwmon3/update_interval", "5");
    static const char *const files[][2] = {{"name", "ina226"},         {"in1_input", "12000"},
                                           {"curr1_input", "500"},     {"power1_input", "6000000"},
                                           {"update_interval", "100"}, {"shunt_resistor", "5000"}};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        snprintf(link, sizeof link, "/sys/devices/i2c-2/2-0041/hwmon/hwmon4/%s", files[i][0]);
        tree_put(tree, link, files[i][1]);
    }
    snprintf(link, sizeof link, "%s/sys/class/hwmon/hwmon4", tree);
    cr_assert_eq(symlink("../../devices/i2c-2/2-0041/hwmon/hwmon4", link), 0);
    snprintf(link, sizeof link, "%s/sys/devices/i2c-2/2-0041/hwmon/hwmon4/device", tree);
    cr_assert_eq(symlink("../../../2-0041", link), 0);
    rg_root *root = open_tree(tree);
    rg_meter *meter;
    cr_assert_eq(rg_rails_find(root, NULL, false, &rails, NULL), RG_OK);
    cr_assert_eq(rg_meter_open(root, &rails, "0", &meter, NULL), RG_OK);
    cr_assert_eq(rg_meter_start(meter, NULL), RG_OK);
    rg_clock_sleep_until(rg_clock_now_ns() + 500000000);
    rg_meter_stop(meter);
    size_t n, n_rails, of[3] = {0, 0, 0};
    const rg_power_row *rows = rg_meter_rows(meter, &n);
    const rg_rail *opened = rg_meter_rails(meter, &n_rails);
    cr_assert_eq(n_rails, 3);
    cr_assert_str_eq(opened[0].bus, "i2c-1");
    cr_assert_str_eq(opened[2].bus, "i2c-2");
    for (size_t i = 0; i < n; i++)
        of[rows[i].rail]++;
    cr_assert_eq(of[0], of[1]);
    cr_assert(of[2] >= 2 && of[0] > 2 * of[2], "%zu of the fast bus, %zu of the slow", of[0],
              of[2]);
    rg_meter_close(meter);
    rg_root_close(root);
    tree_remove(tree);
}

Test(replay, plays_a_trace_from_its_start_and_again_from_the_end) {
    rg_clock_virtual_on(5000000000);
    rg_rail rail = {.id = "bench:dut",
                    .label = "dut",
                    .scope = RG_SCOPE_BOARD_IN,
                    .role = RG_ROLE_TOTAL,
                    .kind = RG_POWER_INSTANT,
                    .refresh_s = 0.1};
    rg_power_row trace[3];
    for (int i = 0; i < 3; i++)
        trace[i] = (rg_power_row){.t_ns = 1000 + i * 100000000LL,
                                  .power_mw = 100 * (i + 1),
                                  .energy_uj = NAN,
                                  .voltage_mv = NAN,
                                  .current_ma = NAN};
    rg_text text = {0};
    cr_assert_eq(rg_powerlog_encode(&rail, 1, trace, 3, &text, NULL), RG_OK);
    char *tree = tree_new(), selector[128];
    tree_put(tree, "/trace.jsonl", text.data);
    rg_text_free(&text);
    snprintf(selector, sizeof selector, "replay:%s/trace.jsonl", tree);
    const char *const selectors[] = {selector, NULL};
    rg_root *root = open_tree("/");
    rg_err err = RG_ERR_INIT;
    cr_assert_eq(rg_rails_find(root, selectors, false, &rails, &err), RG_OK, "%s", err.what);
    cr_assert_eq(rails.n, 1);
    const rg_sensor *replay = rg_sensor_find("replay");
    rg_gauge *gauge;
    rg_power_row rows[16];
    size_t n;
    cr_assert_eq(replay->open(root, rails.items, 1, &gauge, &err), RG_OK, "%s", err.what);
    cr_assert_eq(replay->start(gauge), RG_OK);
    rg_clock_advance(450000000, 0);
    cr_assert_eq(replay->drain(gauge, rows, 16, &n), RG_OK);
    static const double want[] = {100, 200, 300, 100, 200};
    cr_assert_eq(n, 5);
    for (size_t i = 0; i < n; i++) {
        cr_assert_float_eq(rows[i].power_mw, want[i], 1e-9, "row %zu", i);
        cr_assert_eq(rows[i].t_ns, 5000000000 + (int64_t)i * 100000000, "row %zu", i);
    }
    replay->close(gauge);
    rg_root_close(root);
    tree_remove(tree);
    rg_clock_virtual_off();
}

Test(replay, a_damaged_trace_is_refused_with_its_name) {
    char *tree = tree_new(), selector[128];
    tree_put(tree, "/trace.jsonl", "this is no trace\n");
    snprintf(selector, sizeof selector, "replay:%s/trace.jsonl", tree);
    const char *const selectors[] = {selector, NULL};
    rg_root *root = open_tree("/");
    rg_err err = RG_ERR_INIT;
    cr_assert_eq(rg_rails_find(root, selectors, false, &rails, &err), RG_BAD_DATA);
    cr_assert_not_null(strstr(err.what, "replay:"), "%s", err.what);
    rg_root_close(root);
    tree_remove(tree);
}
