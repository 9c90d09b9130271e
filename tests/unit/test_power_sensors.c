/* test_power_sensors.c: RAPL through powercap and perf, IIO monitors, the lines of an external
 * meter's program, traces with spans, and taking rows from a meter that goes on. */
#include "tests/unit/tree.h"

#include <math.h>
#include <time.h>
#include <unistd.h>

#include "bench/core/clock.h"
#include "bench/core/root.h"
#include "bench/iface/powerlog.h"
#include "bench/iface/registry.h"
#include "bench/result/energy.h"
#include "bench/run/boards.h"
#include "bench/run/meter.h"
#include "power/pipe_line.h"

static rg_rail_list rails; /* too big for the stack */

static const rg_rail *rail_called(const char *id) {
    for (size_t i = 0; i < rails.n; i++) {
        if (!strcmp(rails.items[i].id, id))
            return &rails.items[i];
    }
    cr_assert_fail("no rail %s", id);
    return NULL;
}

static void put_zone(const char *tree, const char *zone, const char *name, const char *uj) {
    char path[256];
    snprintf(path, sizeof path, "/sys/class/powercap/%s/name", zone);
    tree_put(tree, path, name);
    snprintf(path, sizeof path, "/sys/class/powercap/%s/energy_uj", zone);
    tree_put(tree, path, uj);
    snprintf(path, sizeof path, "/sys/class/powercap/%s/max_energy_range_uj", zone);
    tree_put(tree, path, "1000000");
}

Test(powercap, parts_of_a_package_are_not_summed_and_a_second_window_is_the_same_counter) {
    char *tree = tree_new();
    put_zone(tree, "intel-rapl:0", "package-0", "5");
    put_zone(tree, "intel-rapl:0:0", "core", "3");
    put_zone(tree, "intel-rapl:0:1", "dram", "2");
    put_zone(tree, "intel-rapl:1", "package-1", "7");
    put_zone(tree, "intel-rapl:2", "psys", "9");
    put_zone(tree, "intel-rapl-mmio:0", "package-0", "5");
    rg_root *root = open_tree(tree);
    cr_assert_eq(rg_sensor_find("powercap")->probe(root, "", &rails, NULL), RG_OK);
    cr_assert_eq(rails.n, 6);
    cr_assert_eq(rail_called("powercap:intel-rapl:0:package-0")->role, RG_ROLE_COMPONENT);
    cr_assert_eq(rail_called("powercap:intel-rapl:1:package-1")->role, RG_ROLE_COMPONENT);
    const rg_rail *core = rail_called("powercap:intel-rapl:0:0:core");
    cr_assert_eq(core->role, RG_ROLE_EXCLUDED);
    cr_assert_str_eq(core->parent, "powercap:intel-rapl:0:package-0");
    cr_assert_str_eq(rail_called("powercap:intel-rapl:0:1:dram")->parent, "",
                     "memory is not part of the package");
    cr_assert_eq(rail_called("powercap:intel-rapl:2:psys")->role, RG_ROLE_UNKNOWN);
    const rg_rail *again = rail_called("powercap:intel-rapl-mmio:0:package-0");
    cr_assert_eq(again->role, RG_ROLE_EXCLUDED);
    cr_assert_str_eq(again->parent, "powercap:intel-rapl:0:package-0");
    rg_root_close(root);
    tree_remove(tree);
}

Test(powercap, a_counter_that_comes_to_its_end_begins_anew_without_losing_energy) {
    char *tree = tree_new();
    put_zone(tree, "intel-rapl:0", "package-0", "999000");
    rg_root *root = open_tree(tree);
    rg_gauge *gauge;
    rg_power_row rows[3];
    size_t n;
    cr_assert_eq(rg_sensor_find("powercap")->probe(root, "", &rails, NULL), RG_OK);
    cr_assert_eq(rg_sensor_find("powercap")->open(root, rails.items, 1, &gauge, NULL), RG_OK);
    static const char *const readings[] = {"999000", "500", "2500"};
    for (size_t i = 0; i < 3; i++) {
        tree_put(tree, "/sys/class/powercap/intel-rapl:0/energy_uj", readings[i]);
        rg_sensor_find("powercap")->drain(gauge, &rows[i], 1, &n);
        cr_assert_eq(n, 1);
        rows[i].t_ns = (int64_t)i * 1000000000;
        rows[i].half_ns = 0; /* however slow this machine reads */
    }
    const rg_energy_ask ask = {
        .rails = rails.items, .n_rails = 1, .rows = rows, .n_rows = 3, .window = {0, 2000000000}};
    rg_series series;
    cr_assert_eq(rg_series_clean(&ask, 0, &series, NULL), RG_OK);
    /* 1000 to the end, one unit for the step over it, 500 and 2000 behind it */
    cr_assert_float_eq(rg_series_energy_uj(&series, 0, 2), 3500 + 61, 1e-6);
    rg_series_free(&series);
    rg_sensor_find("powercap")->close(gauge);
    rg_root_close(root);
    tree_remove(tree);
}

Test(perf, names_packages_by_their_number_and_opens_nothing_on_a_recorded_machine) {
    char *tree = tree_new();
    tree_put(tree, "/sys/bus/event_source/devices/power/type", "18");
    tree_put(tree, "/sys/bus/event_source/devices/power/cpumask", "0,24");
    tree_put(tree, "/sys/bus/event_source/devices/power/events/energy-pkg", "event=0x02");
    tree_put(tree, "/sys/bus/event_source/devices/power/events/energy-pkg.scale", "2.3e-10");
    tree_put(tree, "/sys/bus/event_source/devices/power/events/energy-pkg.unit", "Joules");
    tree_put(tree, "/sys/devices/system/cpu/cpu0/topology/physical_package_id", "0");
    tree_put(tree, "/sys/devices/system/cpu/cpu24/topology/physical_package_id", "1");
    rg_root *root = open_tree(tree);
    cr_assert_eq(rg_sensor_find("perf")->probe(root, "", &rails, NULL), RG_OK);
    cr_assert_eq(rails.n, 2);
    cr_assert_str_eq(rails.items[1].label, "package-1");
    cr_assert_str_eq(rails.items[1].transport, "18 2 24 2.3000000000000001e-10");
    cr_assert_eq(rails.items[1].status, RG_ABSENT);
    cr_assert_eq(rails.items[1].limits.counter_wrap_uj, 0, "the kernel counts in 64 bits");
    rg_root_close(root);
    tree_remove(tree);
}

Test(boards, of_two_ways_to_one_counter_the_first_that_can_be_read_counts) {
    rails.n = 3;
    rails.items[0] = (rg_rail){
        .id = "perf:p", .twin = "rapl:package-0", .role = RG_ROLE_COMPONENT, .status = RG_DENIED};
    rails.items[1] = (rg_rail){
        .id = "powercap:p", .twin = "rapl:package-0", .role = RG_ROLE_COMPONENT, .status = RG_OK};
    rails.items[2] = (rg_rail){
        .id = "other:p", .twin = "rapl:package-0", .role = RG_ROLE_COMPONENT, .status = RG_OK};
    rg_boards_exclude_twins(&rails);
    cr_assert_eq(rails.items[1].role, RG_ROLE_COMPONENT, "the first may not be read");
    cr_assert_eq(rails.items[2].role, RG_ROLE_EXCLUDED);
    cr_assert_str_eq(rails.items[2].parent, "powercap:p");
}

Test(iio, jetpack_4_rails_have_names_and_milliwatts) {
    char *tree = tree_new();
    static const char *const files[][2] = {
        {"name", "ina3221x"},          {"rail_name_0", "POM_5V_IN"}, {"in_power0_input", "2150"},
        {"in_voltage0_input", "5000"}, {"rail_name_1", "NC"},        {"in_power1_input", "0"},
    };
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        char path[256];
        snprintf(path, sizeof path, "/sys/bus/iio/devices/iio:device0/%s", files[i][0]);
        tree_put(tree, path, files[i][1]);
    }
    rg_root *root = open_tree(tree);
    rg_gauge *gauge;
    rg_power_row row;
    size_t n;
    cr_assert_eq(rg_sensor_find("iio")->probe(root, "", &rails, NULL), RG_OK);
    cr_assert_eq(rails.n, 1, "a channel that is not wired is no rail");
    cr_assert_str_eq(rails.items[0].label, "POM_5V_IN");
    cr_assert_lt(rails.items[0].limits.offset_mw, 0, "without its shunt no offset is known");
    cr_assert_eq(rg_sensor_find("iio")->open(root, rails.items, 1, &gauge, NULL), RG_OK);
    cr_assert_eq(rg_sensor_find("iio")->drain(gauge, &row, 1, &n), RG_OK);
    cr_assert_float_eq(row.power_mw, 2150, 1e-9);
    rg_sensor_find("iio")->close(gauge);
    rg_root_close(root);
    tree_remove(tree);
}

Test(iio, raw_numbers_of_the_mainline_driver_are_scaled) {
    char *tree = tree_new();
    static const char *const files[][2] = {
        {"name", "ina226"},
        {"in_power2_raw", "241"},
        {"in_power2_scale", "25"},
        {"in_voltage1_raw", "4000"},
        {"in_voltage1_scale", "1.25"},
        {"in_shunt_resistor", "0.01"},
        {"in_sampling_frequency", "100"},
    };
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        char path[256];
        snprintf(path, sizeof path, "/sys/bus/iio/devices/iio:device3/%s", files[i][0]);
        tree_put(tree, path, files[i][1]);
    }
    rg_root *root = open_tree(tree);
    rg_gauge *gauge;
    rg_power_row row;
    size_t n;
    cr_assert_eq(rg_sensor_find("iio")->probe(root, "", &rails, NULL), RG_OK);
    cr_assert_float_eq(rails.items[0].refresh_s, 0.01, 1e-12);
    cr_assert_float_eq(rails.items[0].limits.lsb_mw, 25, 1e-12);
    /* 10 uV over 10 mOhm is 1 mA, at 5 V: 5 mW */
    cr_assert_float_eq(rails.items[0].limits.offset_mw, 5, 1e-9);
    cr_assert_eq(rg_sensor_find("iio")->open(root, rails.items, 1, &gauge, NULL), RG_OK);
    cr_assert_eq(rg_sensor_find("iio")->drain(gauge, &row, 1, &n), RG_OK);
    cr_assert_float_eq(row.power_mw, 6025, 1e-9);
    rg_sensor_find("iio")->close(gauge);
    rg_root_close(root);
    tree_remove(tree);
}

/* --- an external meter's lines ---------------------------------------------------------------- */

Test(pipe, a_header_tells_what_the_rails_are) {
    rg_pipe_head head = {0};
    rg_err err = RG_ERR_INIT;
    cr_assert_eq(rg_pipe_take_head("# my meter, clock=monotonic", &head, &err), RG_OK, "%s",
                 err.what);
    cr_assert_eq(rg_pipe_take_head("#rail=jack scope=board-in role=total refresh_s=0.1 gain=0.01",
                                   &head, &err),
                 RG_OK);
    cr_assert_eq(rg_pipe_take_head("# rail=gpu scope=gpu offset_mw=2.5", &head, &err), RG_OK);
    cr_assert_eq(head.clock, RG_PIPE_MONOTONIC);
    cr_assert_eq(head.n_rails, 2);
    cr_assert_str_eq(head.rails[0].id, "pipe:jack");
    cr_assert_eq(head.rails[0].role, RG_ROLE_TOTAL);
    cr_assert_float_eq(head.rails[0].limits.gain, 0.01, 0);
    cr_assert_float_eq(head.rails[1].limits.offset_mw, 2.5, 0);
}

Test(pipe, what_a_header_may_not_say_is_named) {
    static const char *const wrong[] = {
        "# scope=moon",    "# colour=red",   "# gain=2",       "# gain=x",
        "# refresh_s=0",   "# kind=counter", "# rail=",        "# rail=1st",
        "# clock=sundial", "# lag_s=nan",    "# offset_mw=-1",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        rg_pipe_head head = {0};
        rg_err err = RG_ERR_INIT;
        cr_assert_eq(rg_pipe_take_head(wrong[i], &head, &err), RG_BAD_DATA, "%s", wrong[i]);
        cr_assert_not_null(strstr(err.what, wrong[i] + 2), "%s", err.what);
    }
}

Test(pipe, readings_are_watts_or_volts_and_amperes) {
    rg_pipe_head head = {0};
    rg_pipe_reading reading;
    cr_assert_eq(rg_pipe_take_reading("12.5 2.5", &head, &reading, NULL), RG_OK);
    cr_assert_float_eq(reading.time_s, 12.5, 0);
    cr_assert_float_eq(reading.row.power_mw, 2500, 1e-9);
    cr_assert(isnan(reading.row.voltage_mv));
    cr_assert_str_eq(head.rails[0].label, "power", "a rail that nobody named");
    cr_assert_eq(rg_pipe_take_reading("12.6 5.0 -0.5\r", &head, &reading, NULL), RG_OK);
    cr_assert_float_eq(reading.row.power_mw, -2500, 1e-9);
    cr_assert_float_eq(reading.row.current_ma, -500, 1e-9);
}

Test(pipe, a_reading_goes_to_the_rail_that_it_names) {
    rg_pipe_head head = {0};
    rg_pipe_reading reading;
    cr_assert_eq(rg_pipe_take_head("# rail=a", &head, NULL), RG_OK);
    cr_assert_eq(rg_pipe_take_head("# rail=b range_mw=1000", &head, NULL), RG_OK);
    cr_assert_eq(rg_pipe_take_reading("1 0.25 b", &head, &reading, NULL), RG_OK);
    cr_assert_eq(reading.row.rail, 1);
    cr_assert_eq(reading.row.flags, 0);
    cr_assert_eq(rg_pipe_take_reading("1 1.0 b", &head, &reading, NULL), RG_OK);
    cr_assert_eq(reading.row.flags, RG_ROW_CLIPPED, "at the end of its range");
    cr_assert_eq(rg_pipe_take_reading("1 0.25 c", &head, &reading, NULL), RG_BAD_DATA);
}

Test(pipe, what_is_no_reading_is_refused) {
    static const char *const wrong[] = {"", "1", "nan 2", "1 inf", "hello 1 2", "1,2", "1 0x"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        rg_pipe_head head = {0};
        rg_pipe_reading reading;
        cr_assert_eq(rg_pipe_take_reading(wrong[i], &head, &reading, NULL), RG_BAD_DATA, "%s",
                     wrong[i]);
    }
}

/* --- traces and meters ------------------------------------------------------------------------ */

Test(powerlog, spans_come_back_and_foreign_ones_are_left_alone) {
    const rg_rail rail = {.id = "x:y"};
    const rg_power_row row = {
        .t_ns = 5, .power_mw = 2, .energy_uj = NAN, .voltage_mv = NAN, .current_ma = NAN};
    rg_text text = {0};
    rg_arena *arena = rg_arena_new(0);
    rg_powerlog log;
    cr_assert_eq(rg_powerlog_add_head(&rail, 1, &text, NULL), RG_OK);
    rg_powerlog_add_row(&row, &text);
    rg_powerlog_add_span(RG_SPAN_IDLE_AFTER, (rg_stretch){-3, 1LL << 60}, &text);
    rg_text_add(&text, "{\"span\": \"lunch\", \"start_ns\": 1, \"end_ns\": 2}\n");
    rg_powerlog_add_row(&row, &text);
    rg_err err = RG_ERR_INIT;
    cr_assert_eq(rg_powerlog_decode(text.data, text.bytes, arena, &log, &err), RG_OK, "%s",
                 err.what);
    cr_assert_eq(log.n_rows, 2);
    cr_assert_eq(log.spans[RG_SPAN_IDLE_AFTER].start_ns, -3);
    cr_assert_eq(log.spans[RG_SPAN_IDLE_AFTER].end_ns, 1LL << 60);
    cr_assert_eq(log.spans[RG_SPAN_WINDOW].end_ns, 0);
    rg_text_free(&text);
    rg_text_add(&text, "{\"rails\": []}\n{\"span\": \"window\", \"start_ns\": 1.5}\n");
    cr_assert_eq(rg_powerlog_decode(text.data, text.bytes, arena, &log, &err), RG_BAD_DATA);
    rg_text_free(&text);
    rg_arena_free(arena);
}

Test(meter, rows_can_be_taken_away_while_it_goes_on) {
    char *tree = tree_new();
    put_zone(tree, "intel-rapl:0", "package-0", "5");
    rg_root *root = open_tree(tree);
    rg_meter *meter;
    static rg_power_row taken[4096];
    size_t n = 0, left;
    int64_t last_ns = 0;
    cr_assert_eq(rg_rails_find(root, NULL, false, &rails, NULL), RG_OK);
    cr_assert_eq(rg_meter_open(root, &rails, "", &meter, NULL), RG_OK);
    cr_assert_eq(rg_meter_start(meter, NULL), RG_OK);
    for (int i = 0; i < 500 && n < 20; i++) {
        nanosleep(&(struct timespec){0, 5000000}, NULL);
        n += rg_meter_take(meter, taken + n, 4096 - n);
    }
    rg_meter_stop(meter);
    n += rg_meter_take(meter, taken + n, 4096 - n);
    cr_assert_geq(n, 20);
    for (size_t i = 0; i < n; i++) {
        cr_assert_gt(taken[i].t_ns, last_ns, "in order of time, none twice");
        last_ns = taken[i].t_ns;
    }
    rg_meter_rows(meter, &left);
    cr_assert_eq(left, 0);
    rg_meter_close(meter);
    rg_root_close(root);
    tree_remove(tree);
}

static rg_energy_ask steady_ask(const rg_rail *rail, rg_power_row *rows, size_t n) {
    for (size_t i = 0; i < n; i++)
        rows[i] = (rg_power_row){.t_ns = (int64_t)i * 10000000, .power_mw = i < 100 ? 1000 : 3000};
    return (rg_energy_ask){
        .rails = rail, .n_rails = 1, .rows = rows, .n_rows = n, .window = {1000000000, 2000000000}};
}

Test(energy, idle_on_one_side_gives_a_baseline_and_says_that_its_drift_is_unknown) {
    const rg_rail rail = {.scope = RG_SCOPE_MODULE, .role = RG_ROLE_TOTAL, .refresh_s = 0.01};
    static rg_power_row rows[300];
    rg_energy_ask ask = steady_ask(&rail, rows, 300);
    rg_energy energy;
    ask.idle_before = (rg_span){0, 950000000};
    cr_assert_eq(rg_energy_measure(&ask, &energy, NULL), RG_OK);
    cr_assert_float_eq(energy.headline.total.uj, 3e6, 1e4);
    cr_assert_float_eq(energy.headline.above.uj, 2e6, 1e4);
    cr_assert(energy.headline.above_refusals & RG_REFUSE_IDLE_DRIFT);
    cr_assert(!(energy.headline.refusals & RG_REFUSE_IDLE_DRIFT), "the total stands");
    rg_energy_free(&energy);
}
