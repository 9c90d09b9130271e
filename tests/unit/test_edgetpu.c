/* test_edgetpu.c: the parts of the target edgetpu that need no library: devices of recorded
 * machines, heat and the kernel's log, compiled models against the cell and their source. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <unistd.h>

#include "bench/run/model.h"
#include "shared.h"
#include "targets/edgetpu_device.h"
#include "targets/edgetpu_heat.h"
#include "targets/edgetpu_model.h"
#include "tree.h"

/* --- devices ---------------------------------------------------------------------------------- */

static rg_edgetpu_units scan(const char *machine, rg_root **ret_root) {
    char path[512];
    rg_edgetpu_units units;
    snprintf(path, sizeof path, "%s/tests/machines/%s", RG_SOURCE_DIR, machine);
    *ret_root = open_tree(path);
    rg_edgetpu_scan(*ret_root, &units);
    return units;
}

Test(edgetpu, a_pcie_device_tells_its_link_driver_and_path) {
    rg_root *root;
    rg_edgetpu_units units = scan("coral-dev-board", &root);
    rg_device device = {0};
    char link[64], driver[64];
    cr_assert_eq(units.n, 1);
    cr_assert(!units.items[0].usb && !*units.driverless, "%s", units.driverless);
    cr_assert_str_eq(units.items[0].path, "/dev/apex_0");
    rg_edgetpu_describe(root, &units.items[0], &device);
    rg_device_fact_get(&device, "link", link, sizeof link);
    rg_device_fact_get(&device, "driver", driver, sizeof driver);
    cr_assert_str_eq(device.id, "edgetpu:pci:0");
    cr_assert(strstr(link, "x1, 5.0 GT/s"), "%s", link);
    cr_assert_str_eq(driver, "apex 1.2");
    rg_root_close(root);
}

Test(edgetpu, usb_devices_are_told_apart_by_firmware_and_speed) {
    rg_root *root;
    rg_edgetpu_units units = scan("pi-4-coral-usb", &root);
    rg_device device = {0};
    cr_assert_eq(units.n, 2);
    cr_assert(units.items[0].bootloader && !units.items[1].bootloader);
    cr_assert_str_eq(units.items[1].path, "/sys/bus/usb/devices/2-1");
    cr_assert_str_eq(units.items[1].node, "/dev/bus/usb/002/003");
    rg_edgetpu_describe(root, &units.items[0], &device);
    cr_assert(strstr(device.description, "USB 2") && strstr(device.facts, "1a6e:089a"), "%s\n%s",
              device.description, device.facts);
    rg_root_close(root);
}

Test(edgetpu, a_pcie_device_without_its_driver_is_named) {
    const char *path = tree_new();
    rg_edgetpu_units units;
    tree_put(path, "/sys/bus/pci/devices/0000:01:00.0/vendor", "0x1ac1\n");
    tree_put(path, "/sys/bus/pci/devices/0000:01:00.0/device", "0x089a\n");
    rg_root *root = open_tree(path);
    rg_edgetpu_scan(root, &units);
    cr_assert_eq(units.n, 0);
    cr_assert_str_eq(units.driverless, "0000:01:00.0");
    rg_root_close(root);
    tree_remove(path);
}

/* --- heat ------------------------------------------------------------------------------------- */

static void put_apex(const char *path, const char *name, const char *value) {
    char full[128];
    snprintf(full, sizeof full, "/sys/class/apex/apex_0/%s", name);
    tree_put(path, full, value);
}

/* What is told of a device at this temperature, with this log before and during. */
static void tell(const char *temp, const char *before, const char *during, char *ret, size_t cap) {
    const char *path = tree_new();
    rg_edgetpu_heat heat;
    rg_text text = {0};
    put_apex(path, "temp", temp);
    put_apex(path, "trip_point0_temp", "84800\n");
    put_apex(path, "temp_poll_interval", "5000\n");
    if (before)
        tree_put(path, "/dev/kmsg", before);
    rg_edgetpu_heat_begin(&heat, path, "/sys/class/apex/apex_0");
    if (during)
        tree_put(path, "/dev/kmsg", during);
    rg_edgetpu_heat_tell(&heat, &text);
    snprintf(ret, cap, "%s", text.data ? text.data : "");
    rg_text_free(&text);
    rg_edgetpu_heat_end(&heat);
    tree_remove(path);
}

#define THROTTLED "4,1,2,-;apex 0000:01:00.0: Apex performance throttled due to temperature\n"
#define RECOVERED "4,1,9,-;apex 0000:01:00.0: Apex performance not throttled due to temperature\n"

Test(edgetpu, a_reached_trip_point_invalidates_the_round) {
    char text[512];
    tell("52000\n", "", "", text, sizeof text);
    cr_assert(strstr(text, "temperature_c=52.0\n") && strstr(text, "trip0_c=84.8\n"), "%s", text);
    cr_assert(strstr(text, "throttle_log_lines=0\n") && !strstr(text, "flag="), "%s", text);
    tell("84800\n", "", "", text, sizeof text);
    cr_assert(strstr(text, "flag=throttled\n"), "%s", text);
}

Test(edgetpu, the_kernels_log_counts_from_the_sessions_beginning) {
    char text[512];
    tell("60000\n", THROTTLED RECOVERED, THROTTLED RECOVERED, text, sizeof text);
    cr_assert(strstr(text, "throttle_log_lines=0\n") && !strstr(text, "flag="), "%s", text);
    tell("60000\n", THROTTLED RECOVERED, THROTTLED RECOVERED THROTTLED, text, sizeof text);
    cr_assert(strstr(text, "throttle_log_lines=1\n") && strstr(text, "flag=throttled\n"), "%s",
              text);
    tell("60000\n", NULL, NULL, text, sizeof text);
    cr_assert(strstr(text, "throttle_log=not readable\n") && !strstr(text, "flag="), "%s", text);
}

Test(edgetpu, a_temperature_that_cannot_be_is_no_temperature) {
    char text[512];
    tell("-87900\n", "", "", text, sizeof text);
    cr_assert(strstr(text, "flag=sensor-invalid\n") && !strstr(text, "throttled\n"), "%s", text);
}

Test(edgetpu, a_usb_device_tells_nothing_of_heat) {
    rg_edgetpu_heat heat;
    rg_text text = {0};
    rg_edgetpu_heat_begin(&heat, NULL, "");
    rg_edgetpu_heat_tell(&heat, &text);
    cr_assert_null(text.data);
    rg_edgetpu_heat_end(&heat);
}

/* --- models ----------------------------------------------------------------------------------- */

typedef struct pair {
    rg_model *source, *compiled;
    rg_workload workload;
    rg_edgetpu_model model;
} pair;

static pair open_pair(const char *name) {
    char path[1024], file[256];
    rg_err err = RG_ERR_INIT;
    pair p = {0};
    snprintf(file, sizeof file, "tflite/coral/%s.tflite", name);
    cr_assert_eq(rg_model_load(shared_path(file, path), NULL, &p.source, &err), RG_OK, "%s",
                 err.what);
    snprintf(file, sizeof file, "tflite/edgetpu/%s_edgetpu.tflite", name);
    cr_assert_eq(rg_model_load(shared_path(file, path), NULL, &p.compiled, &err), RG_OK, "%s",
                 err.what);
    p.workload = (rg_workload){.name = name,
                               .graph = p.source->graph,
                               .path = p.compiled->path,
                               .data = p.compiled->data,
                               .bytes = p.compiled->bytes,
                               .sha256 = p.compiled->sha256,
                               .source_sha256 = p.source->sha256,
                               .source_path = p.source->path};
    cr_assert_eq(rg_edgetpu_model_read(&p.workload, &p.model, &err), RG_OK, "%s", err.what);
    return p;
}

static void close_pair(pair *p) {
    rg_edgetpu_model_free(&p->model);
    rg_model_close(p->source);
    rg_model_close(p->compiled);
}

Test(edgetpu, placement_comes_from_the_compiled_file_and_its_source) {
    pair p = open_pair("deeplabv3_mnv2_dm05_pascal_quant");
    rg_placement place;
    rg_err err = RG_ERR_INIT;
    cr_assert_eq(rg_edgetpu_model_place(&p.model, &p.workload, &place, &err), RG_OK, "%s",
                 err.what);
    cr_assert(place.known && place.nodes == 72 && place.nodes_on_target == 64);
    cr_assert_eq(place.crossings, 1);
    cr_assert(place.macs_on_target > 0 && (uint64_t)place.macs_on_target < place.macs);
    cr_assert(strstr(place.stays, "resize_bilinear"), "%s", place.stays);
    cr_assert_str_eq(place.how, "compiled-file");
    close_pair(&p);
}

Test(edgetpu, a_compiled_model_without_its_source_has_unknown_macs) {
    pair p = open_pair("deeplabv3_mnv2_dm05_pascal_quant");
    rg_placement place;
    p.workload.source_sha256 = p.workload.sha256;
    p.workload.graph = p.compiled->graph;
    cr_assert_eq(rg_edgetpu_model_place(&p.model, &p.workload, &place, NULL), RG_OK);
    cr_assert(place.nodes == 9 && place.nodes_on_target == 1 && place.macs_on_target == -1);
    close_pair(&p);
}

Test(edgetpu, what_a_cell_asks_is_held_against_the_compiled_file) {
    pair p = open_pair("deeplabv3_mnv2_dm05_pascal_quant");
    const rg_settings plain = {.batch = 1}, four = {.batch = 4},
                      whole = {.batch = 1, .require_full_offload = true};
    rg_err err = RG_ERR_INIT;
    cr_assert_eq(rg_edgetpu_model_suits(&p.model, &p.workload, &plain, 13, &err), RG_OK);
    cr_assert_eq(rg_edgetpu_model_suits(&p.model, &p.workload, &plain, 0, &err), RG_OK);
    cr_assert_eq(rg_edgetpu_model_suits(&p.model, &p.workload, &plain, 11, &err), RG_UNSUPPORTED);
    cr_assert(strstr(err.what, "version 12") && strstr(err.advice, "--option -m --option 11"),
              "%s; %s", err.what, err.advice);
    cr_assert_eq(rg_edgetpu_model_suits(&p.model, &p.workload, &four, 13, &err), RG_UNSUPPORTED);
    cr_assert_eq(rg_edgetpu_model_suits(&p.model, &p.workload, &whole, 13, &err), RG_UNSUPPORTED);
    cr_assert(strstr(err.what, "8 operators") && strstr(err.what, "arg_max"), "%s", err.what);
    close_pair(&p);
}

Test(edgetpu, a_model_that_is_not_compiled_is_answered_with_the_command) {
    pair p = open_pair("split_concat");
    rg_edgetpu_model model;
    rg_err err = RG_ERR_INIT;
    p.workload.data = p.source->data;
    p.workload.bytes = p.source->bytes;
    cr_assert_eq(rg_edgetpu_model_read(&p.workload, &model, &err), RG_UNSUPPORTED);
    cr_assert(strstr(err.advice, "railgauge compile --for edgetpu"), "%s", err.advice);
    close_pair(&p);
}
