/* test_data.c: the program's own data files, from disk and from the copy compiled in. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/core/data.h"
#include "bench/core/fs.h"

/* A private folder with one scenario of the reader's own. */
static char folder[] = "/tmp/rg_data_XXXXXX";

static void write_own(const char *name, const char *text) {
    char path[256];
    snprintf(path, sizeof path, "%s/scenarios", folder);
    cr_assert_eq(rg_fs_mkdirs(path, NULL), RG_OK);
    snprintf(path, sizeof path, "%s/scenarios/%s", folder, name);
    cr_assert_eq(rg_fs_write_atomic(path, text, strlen(text), NULL), RG_OK);
}

static void set_up(void) {
    cr_assert_not_null(mkdtemp(folder));
    write_own("own.lua", "-- mine\n");
    setenv("RAILGAUGE_DATA", folder, 1);
}

static void tear_down(void) {
    rg_fs_remove_tree(folder, NULL);
}

Test(data, finds_a_shipped_file_without_any_setting) {
    unsetenv("RAILGAUGE_DATA");
    rg_arena *arena = rg_arena_new(0);
    const char *text = NULL;
    size_t bytes = 0;
    cr_assert_eq(rg_data_read(arena, "scenarios/idle.lua", &text, &bytes, NULL), RG_OK);
    cr_assert_eq(strlen(text), bytes);
    cr_assert_not_null(strstr(text, "rg.scenario"));
    rg_arena_free(arena);
}

Test(data, the_copy_in_the_program_equals_the_file) {
    rg_arena *arena = rg_arena_new(0);
    size_t seen = 0;
    for (const rg_embedded *file = rg_embedded_files; file->path; file++, seen++) {
        const char *text = NULL;
        size_t bytes = 0;
        cr_assert_eq(rg_data_read(arena, file->path, &text, &bytes, NULL), RG_OK);
        cr_assert_eq(bytes, file->bytes, "%s", file->path);
        cr_assert_eq(memcmp(text, file->data, bytes), 0, "%s", file->path);
        cr_assert_eq(file->data[file->bytes], 0, "%s ends with a NUL", file->path);
    }
    cr_assert_gt(seen, 0);
    rg_arena_free(arena);
}

Test(data, a_folder_of_the_readers_own_comes_first, .init = set_up, .fini = tear_down) {
    write_own("idle.lua", "-- changed\n");
    rg_arena *arena = rg_arena_new(0);
    const char *text = NULL;
    size_t bytes = 0;
    cr_assert_eq(rg_data_read(arena, "scenarios/idle.lua", &text, &bytes, NULL), RG_OK);
    cr_assert_str_eq(text, "-- changed\n");
    rg_arena_free(arena);
}

Test(data, says_what_is_missing_and_what_to_try) {
    rg_arena *arena = rg_arena_new(0);
    const char *text = NULL;
    size_t bytes = 0;
    rg_err err = RG_ERR_INIT;
    cr_assert_eq(rg_data_read(arena, "scenarios/none.lua", &text, &bytes, &err), RG_ABSENT);
    cr_assert_not_null(strstr(err.what, "scenarios/none.lua"));
    cr_assert_not_null(strstr(err.advice, "RAILGAUGE_DATA"));
    cr_assert_null(text);
    rg_arena_free(arena);
}

Test(data, never_leaves_the_data_folder) {
    static const char *const bad[] = {"/etc/passwd", "../meson.build", "scenarios/../meson.build",
                                      "scenarios/..", ""};
    rg_arena *arena = rg_arena_new(0);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const char *text = NULL;
        size_t bytes = 0;
        cr_assert_eq(rg_data_read(arena, bad[i], &text, &bytes, NULL), RG_ABSENT, "%s", bad[i]);
    }
    rg_arena_free(arena);
}

typedef struct seen {
    char last[256];
    size_t n;
    bool own, idle;
} seen;

static void note(const char *relative, void *user) {
    seen *all = user;
    cr_assert_lt(strcmp(all->last, relative), 0, "%s after %s", relative, all->last);
    snprintf(all->last, sizeof all->last, "%s", relative);
    all->own |= !strcmp(relative, "scenarios/own.lua");
    all->idle |= !strcmp(relative, "scenarios/idle.lua");
    all->n++;
}

Test(data, lists_all_places_sorted_and_once, .init = set_up, .fini = tear_down) {
    write_own("idle.lua", "-- mine as well\n");
    write_own("notes.txt", "no scenario\n");
    seen all = {0};
    rg_data_list("scenarios", ".lua", note, &all);
    cr_assert(all.own);
    cr_assert(all.idle);
    cr_assert_geq(all.n, 2);
}
