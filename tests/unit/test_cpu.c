/* test_cpu.c: the cpu target through its interface, as the worker uses it. */
#include <criterion/criterion.h>
#include <string.h>

#include "bench/iface/registry.h"
#include "tests/unit/small_graph.h"
#include "tests/unit/tree.h"

extern const rg_target rg_target_cpu;

/* The description of the cpu of a recorded machine. */
static void describe(const char *folder, char ret[256]) {
    static rg_device_list devices;
    rg_root *root = NULL;
    devices.n = 0;
    cr_assert_eq(rg_root_open(folder, &root, NULL), RG_OK);
    cr_assert_eq(rg_target_cpu.probe(root, &devices, NULL), RG_OK);
    rg_root_close(root);
    cr_assert_eq(devices.n, 1);
    cr_assert_eq(devices.items[0].status, RG_OK);
    cr_assert_str_eq(devices.items[0].id, "cpu");
    memcpy(ret, devices.items[0].description, 256);
}

Test(cpu, tells_cores_threads_and_model_of_a_recorded_machine) {
    char *root = tree_new(), said[256];
    tree_put(root, "/proc/cpuinfo", "processor\t: 0\nmodel name\t: Some CPU @ 2 GHz\n");
    tree_put(root, "/sys/devices/system/cpu/online", "0-3\n");
    tree_put(root, "/sys/devices/system/cpu/cpu0/topology/thread_siblings_list", "0,2\n");
    tree_put(root, "/sys/devices/system/cpu/cpu1/topology/thread_siblings_list", "1,3\n");
    tree_put(root, "/sys/devices/system/cpu/cpu2/topology/thread_siblings_list", "0,2\n");
    tree_put(root, "/sys/devices/system/cpu/cpu3/topology/thread_siblings_list", "1,3\n");
    tree_put(root, "/sys/devices/system/cpu/cpufreq/policy", "x");
    describe(root, said);
    cr_assert_str_eq(said, "2 cores (4 threads), Some CPU @ 2 GHz");
    tree_remove(root);
}

Test(cpu, names_the_board_where_the_processor_has_no_name) {
    char *root = tree_new(), said[256];
    tree_put(root, "/proc/cpuinfo", "processor\t: 0\nCPU part\t: 0xd0b\n");
    tree_put(root, "/proc/device-tree/model", "Raspberry Pi 5 Model B Rev 1.0");
    tree_put(root, "/sys/devices/system/cpu/online", "0-3\n");
    describe(root, said);
    cr_assert_str_eq(said, "4 cores, cores of Raspberry Pi 5 Model B Rev 1.0");
    tree_remove(root);
}

Test(cpu, is_present_even_where_nothing_can_be_read) {
    char *root = tree_new(), said[256];
    describe(root, said);
    cr_assert_str_eq(said, "unknown model");
    tree_remove(root);
}

/* y = x * x over eight floats. */
static rg_graph *square(void) {
    static const int32_t dim[4] = {1, 8, 0, 0};
    small_graph s = small_begin("square");
    int32_t x = small_tensor(&s, "x", RG_DTYPE_FLOAT32, dim);
    int32_t y = small_tensor(&s, "y", RG_DTYPE_FLOAT32, dim);
    small_node(&s, "square", x, -2, -2, y);
    return small_end(&s, &x, 1, &y, 1);
}

static rg_status admit(const rg_graph *graph, rg_settings settings, rg_err *err) {
    static const rg_device device = {.id = "cpu"};
    rg_workload workload = {.name = "square", .graph = graph};
    return rg_target_cpu.admits(&device, &workload, &settings, err);
}

Test(cpu, refuses_unknown_variants_naming_the_known_ones) {
    rg_graph *graph = square();
    rg_err err = RG_ERR_INIT;
    cr_assert_eq(admit(graph, (rg_settings){.batch = 1}, &err), RG_OK);
    cr_assert_eq(admit(graph, (rg_settings){.batch = 1, .variant = "reference"}, &err), RG_OK);
    cr_assert_eq(admit(graph, (rg_settings){.batch = 1, .variant = "avx9"}, &err), RG_USAGE);
    cr_assert(strstr(err.what, "reference"), "%s", err.what);
    rg_graph_free(graph);
}

Test(cpu, refuses_a_batch_that_the_model_was_not_made_for_and_bad_cores) {
    rg_graph *graph = square();
    rg_err err = RG_ERR_INIT;
    cr_assert_eq(admit(graph, (rg_settings){.batch = 4}, &err), RG_UNSUPPORTED);
    cr_assert(strstr(err.what, "4"), "%s", err.what);
    cr_assert_eq(admit(graph, (rg_settings){.batch = 1, .cores = "x"}, &err), RG_USAGE);
    cr_assert_eq(admit(graph, (rg_settings){.batch = 1, .cores = "1023"}, &err), RG_ABSENT);
    cr_assert(strstr(err.what, "no CPU 1023"), "%s", err.what);
    cr_assert_eq(admit(graph, (rg_settings){.batch = 1, .cores = "0,1023"}, &err), RG_ABSENT);
    rg_graph_free(graph);
}

Test(cpu, computes_each_slot_by_itself) {
    static const rg_device device = {.id = "cpu"};
    rg_graph *graph = square();
    rg_workload workload = {.name = "square", .graph = graph};
    rg_settings settings = {.threads = 1, .batch = 1, .variant = "", .cores = ""};
    rg_session *session = NULL;
    rg_program *program = NULL;
    const rg_target *t = &rg_target_cpu;
    cr_assert_eq(t->open(&device, &settings, &session, NULL), RG_OK);
    cr_assert_eq(t->load(session, &workload, 3, &program, NULL), RG_OK);
    rg_io io[3];
    rg_done done;
    for (unsigned k = 0; k < 3; k++) {
        cr_assert_eq(t->bind(program, k, &io[k]), RG_OK);
        cr_assert_eq(io[k].in_bytes[0], 32);
        ((float *)io[k].in[0])[0] = (float)k + 2;
    }
    cr_assert_neq(t->bind(program, 3, &io[0]), RG_OK);
    cr_assert_eq(t->wait_any(session, 0, &done), RG_AGAIN, "nothing was submitted");
    for (unsigned k = 0; k < 3; k++) {
        cr_assert_eq(t->submit(program, k), RG_OK);
        cr_assert_eq(t->wait_any(session, 0, &done), RG_OK);
        cr_assert_eq(done.slot, k);
        cr_assert_eq(done.compute_ns, -1);
    }
    for (unsigned k = 0; k < 3; k++)
        cr_assert_eq(((const float *)io[k].out[0])[0], (float)((k + 2) * (k + 2)));
    t->unload(program);
    t->close(session);
    t->unload(NULL);
    t->close(NULL);
    rg_graph_free(graph);
}

Test(cpu, tells_memory_placement_and_what_is_in_force) {
    static const rg_device device = {.id = "cpu"};
    rg_graph *graph = square();
    rg_workload workload = {.name = "square", .graph = graph};
    rg_settings settings = {.threads = 2, .batch = 1};
    rg_session *session = NULL;
    rg_program *program = NULL;
    cr_assert_eq(rg_target_cpu.open(&device, &settings, &session, NULL), RG_OK);
    cr_assert_eq(rg_target_cpu.load(session, &workload, 2, &program, NULL), RG_OK);
    rg_memory memory;
    rg_target_cpu.usage(program, &memory);
    cr_assert_eq(memory.arena_bytes, 2 * 128, "input and output, 64 bytes each, in two slots");
    cr_assert_eq(memory.arena_bound_bytes, 2 * 128);
    cr_assert_eq(memory.device_bytes, -1);
    rg_placement placement;
    cr_assert_eq(rg_target_cpu.placement(program, &placement), RG_OK);
    cr_assert(placement.known && placement.nodes_on_target == 1 && placement.crossings == 0);
    char text[1024];
    rg_target_cpu.effective(program, text, sizeof text);
    cr_assert(strstr(text, "\nvariant=fast\nfusion=true\nthreads=2\npinned="), "%s", text);
    cr_assert_eq(rg_target_cpu.reset(program), RG_OK);
    rg_target_cpu.unload(program);
    rg_target_cpu.close(session);
    rg_graph_free(graph);
}
