/* test_inputs.c: real inputs from files, folders and datasets; test_prover.c has the made-up ones.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "bench/core/fs.h"
#include "bench/run/prover.h"
#include "bench/run/workload.h"
#include "tests/unit/scratch.h"

static rg_input_set real(const char *files) {
    return (rg_input_set){.kind = "real", .repeat = 1, .files = files};
}

static rg_loaded open_empty(const char *path) {
    rg_loaded loaded;
    cr_assert_eq(rg_loaded_open("e", path, &loaded, NULL), RG_OK);
    return loaded;
}

static void write_file(const char *path, const char *text) {
    rg_err err = RG_ERR_INIT;
    cr_assert_eq(rg_fs_write_atomic(path, text, strlen(text), &err), RG_OK, "%s", err.what);
}

Test(real_inputs, come_from_a_file_or_a_numbered_one_in_a_folder) {
    char dir[64];
    scratch_new("inputs", dir, sizeof dir);
    rg_arena *arena = rg_arena_new(0);
    const char *file = rg_fs_join(arena, dir, "0.bin");
    char data[8], hash[RG_HASH_HEX], want[RG_HASH_HEX];
    rg_loaded loaded = open_empty("empty:4");
    const rg_graph *graph = loaded.workload.graph;
    rg_input_set set = real(file);
    write_file(file, "abcd");
    cr_assert_eq(rg_inputs_fill(graph, 0, &set, data, 4, NULL), RG_OK);
    cr_assert_arr_eq(data, "abcd", 4);
    set = real(dir);
    set.repeat = 2;
    cr_assert_eq(rg_inputs_fill(graph, 0, &set, data, 8, NULL), RG_OK);
    cr_assert_arr_eq(data, "abcdabcd", 8);
    cr_assert_eq(rg_inputs_hash(graph, &set, hash, NULL), RG_OK);
    rg_hash_bytes("abcdabcd", 8, want);
    cr_assert_str_eq(hash, want);
    rg_loaded_close(&loaded);
    rg_arena_free(arena);
    rg_fs_remove_tree(dir, NULL);
}

Test(real_inputs, of_a_dataset_are_the_samples_of_a_batch_in_order) {
    char dir[64];
    scratch_new("inputs", dir, sizeof dir);
    rg_arena *arena = rg_arena_new(0);
    char data[12];
    rg_loaded loaded = open_empty("empty:4");
    rg_input_set set = real(dir);
    set.repeat = 3;
    write_file(rg_fs_join(arena, dir, "labels.tsv"), "#type int8\none\t0\ntwo\t1\n");
    write_file(rg_fs_join(arena, dir, "one"), "abcd");
    write_file(rg_fs_join(arena, dir, "two"), "efgh");
    cr_assert_eq(rg_inputs_fill(loaded.workload.graph, 0, &set, data, 12, NULL), RG_OK);
    cr_assert_arr_eq(data, "abcdefghabcd", 12);
    rg_loaded_close(&loaded);
    rg_arena_free(arena);
    rg_fs_remove_tree(dir, NULL);
}

static void refuses(const char *files, rg_status status, const char *what) {
    char data[4];
    rg_err err = RG_ERR_INIT;
    rg_loaded loaded = open_empty("empty:4");
    rg_input_set set = real(files);
    cr_assert_eq(rg_inputs_fill(loaded.workload.graph, 0, &set, data, 4, &err), status, "%s: %s",
                 files ? files : "", err.what);
    cr_assert_not_null(strstr(err.what, what), "it said: %s", err.what);
    cr_assert(*err.advice, "something to try");
    rg_loaded_close(&loaded);
}

Test(real_inputs, that_do_not_fit_are_refused_with_the_file_s_name) {
    char dir[64];
    scratch_new("inputs", dir, sizeof dir);
    rg_arena *arena = rg_arena_new(0);
    const char *file = rg_fs_join(arena, dir, "long.bin");
    write_file(file, "abcde");
    refuses(NULL, RG_IO, "there is no file or folder");
    refuses(rg_fs_join(arena, dir, "nowhere"), RG_IO, "/nowhere");
    refuses(dir, RG_USAGE, "neither 0.npy nor 0.bin");
    refuses(file, RG_BAD_DATA, "long.bin: a file of 5 elements for an input of 4");
    rg_arena_free(arena);
    rg_fs_remove_tree(dir, NULL);
}

Test(real_inputs, have_a_reference_of_their_own) {
    rg_arena *arena = rg_arena_new(0);
    char *one = NULL, *two = NULL, *zero = NULL;
    rg_input_set set = real("x");
    set.sha256 = "aa";
    cr_assert_eq(rg_reference_path(arena, "m", &set, &one, NULL), RG_OK);
    set.sha256 = "bb";
    cr_assert_eq(rg_reference_path(arena, "m", &set, &two, NULL), RG_OK);
    set = (rg_input_set){.kind = "zero", .repeat = 1};
    cr_assert_eq(rg_reference_path(arena, "m", &set, &zero, NULL), RG_OK);
    cr_assert_str_neq(one, two, "other files, other truth");
    cr_assert_str_neq(one, zero);
    rg_arena_free(arena);
}

Test(weights, are_told_by_the_source) {
    cr_assert_str_eq(rg_weights_word("suite:ds-cnn"), "seeded");
    cr_assert_str_eq(rg_weights_word("op:{}"), "seeded");
    cr_assert_str_eq(rg_weights_word("file:/x.tflite"), "trained");
    cr_assert_str_eq(rg_weights_word("file:empty:64"), "none");
    cr_assert_str_eq(rg_weights_word("empty:64"), "none");
    cr_assert_str_eq(rg_weights_word(""), "");
}
