/* test_artefact.c: facts of devices, placements, and the file that a target loads of a model: as it
 * is, written anew, or paired by a manifest. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/fs.h"
#include "bench/core/json.h"
#include "bench/iface/registry.h"
#include "bench/run/artefact.h"
#include "bench/run/manifest.h"
#include "bench/run/materialise.h"
#include "bench/run/pairs.h"
#include "bench/run/workload.h"
#include "tests/unit/scratch.h"

/* --- facts ------------------------------------------------------------------------------------ */

Test(device_facts, are_rows_and_a_later_one_replaces_an_older) {
    static rg_device device;
    char value[64];
    rg_device_fact(&device, "library_version", "%d.%d", 2, 9);
    rg_device_fact(&device, "bus", "usb");
    rg_device_fact(&device, "library_version", "two\nlines");
    rg_device_fact(&device, "serial", "%s", "");
    cr_assert_str_eq(device.facts, "bus=usb\nlibrary_version=two lines\n");
    cr_assert(rg_device_fact_get(&device, "bus", value, sizeof value));
    cr_assert_str_eq(value, "usb");
    cr_assert_not(rg_device_fact_get(&device, "us", value, sizeof value));
    cr_assert_str_eq(value, "");
    rg_device_facts_add(&device, "bus=pci\nno row\nlink=a=b\n");
    cr_assert_str_eq(device.facts, "library_version=two lines\nbus=pci\nlink=a=b\n");
}

Test(device_facts, that_do_not_fit_are_left_out) {
    static rg_device device;
    rg_device_fact(&device, "bus", "usb");
    rg_device_fact(&device, "long", "%*s", (int)RG_DEVICE_FACTS_BYTES - 8, "x");
    cr_assert_str_eq(device.facts, "bus=usb\n");
}

/* --- placement -------------------------------------------------------------------------------- */

Test(placement, sums_engines_and_counts_what_stays) {
    rg_placement p = {.macs = 110};
    cr_assert(rg_placement_add(&p, "npu", false, 1, 60));
    cr_assert(rg_placement_add(&p, "npu", false, 2, 40));
    cr_assert(rg_placement_add(&p, "host", true, 3, 10));
    rg_placement_stays(&p, "RESHAPE");
    rg_placement_stays(&p, "SHAPE");
    rg_placement_stays(&p, "RESHAPE");
    rg_placement_stays(&p, "RESHAPE");
    rg_placement_sum(&p, "log");
    cr_assert(p.known && p.nodes == 6 && p.nodes_on_target == 3 && p.macs_on_target == 100);
    cr_assert_eq(p.macs, 110);
    cr_assert_str_eq(p.stays, "RESHAPE x3, SHAPE");
}

Test(placement, with_an_engine_of_unknown_operations_is_unknown_in_these_only) {
    rg_placement p = {.macs = 110};
    rg_placement_add(&p, "delegate", false, 30, -1);
    rg_placement_add(&p, "host", true, 1, 0);
    rg_placement_sum(&p, "log");
    cr_assert(p.known && p.nodes_on_target == 30 && p.macs_on_target == -1);
}

/* --- artefacts -------------------------------------------------------------------------------- */

typedef struct made {
    char dir[64];
    rg_arena *arena;
    rg_loaded loaded;
    rg_device device;
    const rg_settings *settings;
    rg_err err;
} made;

/* A small suite model, with caches and state in a folder of the test's own. */
static made *begin(const char *name) {
    static made m;
    const char *path;
    m.settings = NULL;
    scratch_new(name, m.dir, sizeof m.dir);
    setenv("XDG_CACHE_HOME", m.dir, 1);
    setenv("XDG_STATE_HOME", m.dir, 1);
    m.arena = rg_arena_new(0);
    cr_assert_eq(
        rg_materialise("op:{\"kind\":\"relu\",\"input\":[1,4,4,2]}", "", m.arena, &path, &m.err),
        RG_OK, "%s", m.err.what);
    cr_assert_eq(rg_loaded_open("relu", path, &m.loaded, &m.err), RG_OK, "%s", m.err.what);
    return &m;
}

static void end(made *m) {
    rg_loaded_close(&m->loaded);
    rg_arena_free(m->arena);
    rg_fs_remove_tree(m->dir, NULL);
}

static rg_status ask(made *m, const char *const *forms, rg_artefact *ret) {
    const rg_target target = {.name = "npu", .forms = forms};
    const rg_artefact_ask what = {&target,      &m->device, &m->loaded.workload,
                                  "suite:some", "",         m->settings};
    m->err = (rg_err)RG_ERR_INIT;
    return rg_artefact_find(&what, m->arena, ret, &m->err);
}

Test(artefact, has_the_form_that_the_cell_asks_for) {
    static const char *const forms[] = {"tflite", "onnx", NULL};
    static const rg_attr option = {.key = "form", .type = RG_ATTR_WORD, .word = "onnx"};
    static const rg_settings settings = {.options = &option, .n_options = 1};
    made *m = begin("artefact");
    rg_artefact found;
    m->settings = &settings;
    cr_assert_eq(ask(m, forms, &found), RG_OK, "%s", m->err.what);
    cr_assert_str_eq(found.form, "onnx");
    end(m);
}

Test(artefact, is_the_source_where_the_target_takes_its_form) {
    static const char *const forms[] = {"edgetpu", "tflite", NULL};
    made *m = begin("artefact");
    rg_artefact found;
    cr_assert_eq(ask(m, forms, &found), RG_OK, "%s", m->err.what);
    cr_assert(found.is_source && !strcmp(found.form, "tflite"));
    cr_assert_str_eq(found.sha256, m->loaded.sha256);
    cr_assert_eq(ask(m, NULL, &found), RG_OK);
    cr_assert(found.is_source);
    end(m);
}

Test(artefact, is_written_once_in_another_form_that_reads_as_the_same_graph) {
    static const char *const forms[] = {"onnx", NULL};
    made *m = begin("artefact");
    rg_artefact found, again;
    cr_assert_eq(ask(m, forms, &found), RG_OK, "%s", m->err.what);
    cr_assert(!found.is_source && strstr(found.path, ".onnx"));
    cr_assert_eq(ask(m, forms, &again), RG_OK);
    cr_assert_str_eq(again.path, found.path);
    cr_assert_eq(rg_loaded_artefact(&m->loaded, found.path, found.form, found.sha256, &m->err),
                 RG_OK);
    const rg_workload *w = &m->loaded.workload;
    cr_assert(strcmp(w->sha256, w->source_sha256) && strcmp(w->path, w->source_path));
    rg_loaded other;
    cr_assert_eq(rg_loaded_open("relu", found.path, &other, &m->err), RG_OK, "%s", m->err.what);
    cr_assert_eq(other.workload.graph->n_in, w->graph->n_in);
    rg_loaded_close(&other);
    end(m);
}

/* A folder with a manifest that pairs the model with a file of bytes. */
static const char *pair(made *m, const char *form, const char *architecture) {
    char hex[RG_HASH_HEX];
    const char *folder = rg_fs_join(m->arena, m->dir, "compiled");
    const char *file = rg_fs_join(m->arena, folder, "some.bin");
    cr_assert_eq(rg_fs_mkdirs(folder, NULL), RG_OK);
    cr_assert_eq(rg_fs_write_atomic(file, "bytes", 5, NULL), RG_OK);
    rg_hash_bytes("bytes", 5, hex);
    json_t *models =
        json_pack("[{s:s, s:[{s:s, s:s, s:s, s:s, s:s, s:s}]}]", "name", "some", "files", "file",
                  "some.bin", "format", form, "sha256", hex, "source", m->loaded.workload.path,
                  "source_sha256", m->loaded.sha256, "architecture", architecture);
    cr_assert_eq(rg_manifest_write(folder, models, true, NULL), RG_OK);
    json_decref(models);
    return folder;
}

Test(artefact, that_only_a_compiler_makes_is_found_by_its_manifest) {
    static const char *const forms[] = {"hef", NULL};
    made *m = begin("artefact");
    rg_artefact found;
    const char *back;
    const char *folder = pair(m, "hef", "hailo8");
    cr_assert_eq(ask(m, forms, &found), RG_UNSUPPORTED);
    cr_assert_str_eq(m->err.advice, "railgauge compile --for hailo some -o DIR");
    setenv(RG_PAIRS_VARIABLE, folder, 1);
    cr_assert_eq(ask(m, forms, &found), RG_OK, "%s", m->err.what);
    cr_assert(!found.is_source && !strcmp(found.form, "hef") && strstr(found.path, "/some.bin"));
    cr_assert_eq(rg_pairs_source(found.path, m->arena, &back, &m->err), RG_OK, "%s", m->err.what);
    cr_assert_str_eq(back, m->loaded.workload.path);
    rg_device_fact(&m->device, "architecture", "hailo8l");
    cr_assert_eq(ask(m, forms, &found), RG_UNSUPPORTED, "another architecture");
    end(m);
}

Test(artefact, is_found_in_a_folder_that_was_remembered_until_its_file_changes) {
    static const char *const forms[] = {"hef", NULL};
    made *m = begin("artefact");
    rg_artefact found;
    const char *folder = pair(m, "hef", "");
    cr_assert_eq(rg_pairs_remember("/somewhere/else", &m->err), RG_OK, "%s", m->err.what);
    cr_assert_eq(rg_pairs_remember(folder, &m->err), RG_OK, "%s", m->err.what);
    cr_assert_eq(rg_pairs_remember(folder, &m->err), RG_OK, "%s", m->err.what);
    cr_assert_eq(ask(m, forms, &found), RG_OK, "%s", m->err.what);
    cr_assert_eq(rg_fs_write_atomic(found.path, "others", 6, NULL), RG_OK);
    cr_assert_eq(ask(m, forms, &found), RG_UNSUPPORTED);
    cr_assert(strstr(m->err.what, "is not the file"), "%s", m->err.what);
    end(m);
}
