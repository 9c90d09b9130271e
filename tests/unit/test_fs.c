/* test_fs.c: files of our own: what is read without waiting, and writers that meet. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/core/fs.h"

static char folder[64], path[128];

static void make_folder(void) {
    snprintf(folder, sizeof folder, "/tmp/railgauge-fs-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/file", folder);
}

Test(fs, does_not_wait_for_a_pipe_without_a_writer, .timeout = 20) {
    make_folder();
    cr_assert_eq(mkfifo(path, 0600), 0);
    rg_arena *arena = rg_arena_new(0);
    char *data;
    size_t bytes;
    rg_err err = RG_ERR_INIT;
    cr_assert_eq(rg_fs_read(arena, path, 100, &data, &bytes, &err), RG_IO);
    cr_assert_not_null(strstr(err.what, "not a regular file"), "%s", err.what);
    rg_arena_free(arena);
    rg_fs_remove_tree(folder, NULL);
}

enum { WRITERS = 4, TIMES = 40, BYTES = 200000 };

static void *write_often(void *user) {
    const char *data = user;
    size_t failed = 0;
    for (int i = 0; i < TIMES; i++)
        failed += rg_fs_write_atomic(path, data, BYTES, NULL) != RG_OK;
    return (void *)failed;
}

Test(fs, writers_of_one_file_do_not_write_into_each_other, .timeout = 60) {
    static char data[WRITERS][BYTES];
    pthread_t thread[WRITERS];
    void *failed;
    make_folder();
    for (int w = 0; w < WRITERS; w++) {
        memset(data[w], 'a' + w, BYTES);
        cr_assert_eq(pthread_create(&thread[w], NULL, write_often, data[w]), 0);
    }
    for (int w = 0; w < WRITERS; w++) {
        pthread_join(thread[w], &failed);
        cr_assert_null(failed, "writer %d failed %zu times", w, (size_t)failed);
    }
    rg_arena *arena = rg_arena_new(0);
    char *got;
    size_t bytes;
    cr_assert_eq(rg_fs_read(arena, path, BYTES, &got, &bytes, NULL), RG_OK);
    cr_assert_eq(bytes, BYTES);
    cr_assert(got[0] >= 'a' && got[0] < 'a' + WRITERS && !memcmp(got, data[got[0] - 'a'], BYTES));
    rg_arena_free(arena);
    struct dirent **names;
    int n = scandir(folder, &names, NULL, NULL);
    cr_assert_eq(n, 3, "a temporary file stays behind: %d names", n);
    for (int i = 0; i < n; i++)
        free(names[i]);
    free(names);
    rg_fs_remove_tree(folder, NULL);
}
