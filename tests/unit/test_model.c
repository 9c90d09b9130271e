/* test_model.c: loading of model files: what is refused, and with which words. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/core/magic.h"
#include "bench/run/model.h"
#include "tflite_made.h"

/* A file with this content in a fresh folder; the caller unlinks it. */
static void make_file(char path[64], const void *data, size_t bytes) {
    strcpy(path, "/tmp/rg-model-XXXXXX");
    int fd = mkstemp(path);
    cr_assert(fd >= 0);
    cr_assert_eq(write(fd, data, bytes), (ssize_t)bytes);
    close(fd);
}

static rg_status load_bytes(const void *data, size_t bytes, rg_err *err) {
    char path[64];
    make_file(path, data, bytes);
    rg_model *model = NULL;
    rg_status status = rg_model_load(path, NULL, &model, err);
    unlink(path);
    if (status != RG_OK)
        cr_assert_null(model);
    rg_model_close(model);
    return status;
}

Test(model, names_the_missing_file) {
    rg_err err = RG_ERR_INIT;
    rg_model *model = NULL;
    cr_assert_eq(rg_model_load("/nowhere/at/all.tflite", NULL, &model, &err), RG_ABSENT);
    cr_assert(strstr(err.what, "/nowhere/at/all.tflite"), "%s", err.what);
    cr_assert(err.advice[0]);
    rg_model_close(NULL);
}

Test(model, refuses_a_folder) {
    rg_err err = RG_ERR_INIT;
    rg_model *model = NULL;
    cr_assert_eq(rg_model_load("/tmp", NULL, &model, &err), RG_IO);
    cr_assert(strstr(err.what, "folder"), "%s", err.what);
}

Test(model, does_not_wait_on_a_pipe) {
    char path[] = "/tmp/rg-model-fifo-XXXXXX";
    cr_assert(mkdtemp(path));
    char fifo[64];
    snprintf(fifo, sizeof fifo, "%s/f.tflite", path);
    cr_assert_eq(mkfifo(fifo, 0600), 0);
    rg_err err = RG_ERR_INIT;
    rg_model *model = NULL;
    cr_assert_eq(rg_model_load(fifo, NULL, &model, &err), RG_IO);
    unlink(fifo);
    rmdir(path);
}

Test(model, names_what_foreign_files_are) {
    static const struct {
        const char *bytes;
        size_t n;
        const char *word;
    } cases[] = {
        {"", 0, "empty"},
        {"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", 64, "Git LFS"},
        {"\n  <!DOCTYPE html><html></html>", 31, "web page"},
        {"{\"model\": 1}", 12, "JSON"},
        {"PK\003\004rest of an archive", 22, "zip"},
        {"\001HEF\0\0\0\0", 8, "32 bytes"},
        {"\010\007\022\007pytorch", 11, "no graph"},
        {"no such format, only words", 26, "no model format"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        rg_err err = RG_ERR_INIT;
        cr_assert_eq(load_bytes(cases[i].bytes, cases[i].n, &err), RG_BAD_DATA, "%s",
                     cases[i].word);
        cr_assert(strstr(err.what, cases[i].word), "%s: %s", cases[i].word, err.what);
        cr_assert(err.advice[0], "%s", cases[i].word);
    }
}

Test(model, tells_how_to_mend_a_git_lfs_pointer) {
    const char *text = "version https://git-lfs.github.com/spec/v1\n";
    const rg_magic *magic = rg_magic_of(text, strlen(text));
    cr_assert(magic);
    cr_assert(strstr(magic->advice, "git lfs pull"));
}

Test(model, refuses_more_bytes_than_the_limit) {
    char path[64];
    make_file(path, "12345678", 8);
    rg_model_limits limits = rg_model_limits_default;
    limits.file_bytes = 7;
    rg_err err = RG_ERR_INIT;
    rg_model *model = NULL;
    cr_assert_eq(rg_model_load(path, &limits, &model, &err), RG_NO_MEMORY);
    cr_assert(strstr(err.what, "limit"), "%s", err.what);
    unlink(path);
}

Test(model, loads_and_hashes_a_good_file) {
    rg_text file = {0};
    made_file(&file);
    char path[64], sha256[RG_HASH_HEX];
    make_file(path, file.data, file.bytes);
    rg_hash_bytes(file.data, file.bytes, sha256);
    rg_model *model = NULL;
    rg_err err = RG_ERR_INIT;
    cr_assert_eq(rg_model_load(path, NULL, &model, &err), RG_OK, "%s", err.what);
    cr_assert_str_eq(model->sha256, sha256);
    cr_assert_str_eq(model->path, path);
    cr_assert_str_eq(model->graph->name, strrchr(path, '/') + 1);
    cr_assert_str_eq(model->graph->format, "tflite");
    cr_assert_eq(model->graph->file_bytes, file.bytes);
    cr_assert_eq(model->bytes, file.bytes);
    const char *weights = model->graph->tensors[2].data, *data = model->data;
    cr_assert(weights > data && weights < data + model->bytes, "constants point into the file");
    rg_model_close(model);
    unlink(path);
    rg_text_free(&file);
}

Test(model, outlives_its_file_that_is_cut_short_meanwhile) {
    rg_text file = {0};
    made_file(&file);
    char path[64], sha256[RG_HASH_HEX];
    make_file(path, file.data, file.bytes);
    rg_model *model = NULL;
    cr_assert_eq(rg_model_load(path, NULL, &model, NULL), RG_OK);
    cr_assert_eq(truncate(path, 0), 0);
    rg_hash_bytes(model->data, model->bytes, sha256); /* a mapping would end the program here */
    cr_assert_str_eq(sha256, model->sha256);
    rg_model_close(model);
    unlink(path);
    rg_text_free(&file);
}

Test(model, names_the_file_when_its_content_is_damaged) {
    rg_text file = {0};
    made_file(&file);
    rg_err err = RG_ERR_INIT;
    cr_assert_eq(load_bytes(file.data, file.bytes / 2, &err), RG_BAD_DATA);
    cr_assert(strstr(err.what, "rg-model-"), "%s", err.what);
    cr_assert(strstr(err.advice, "copy it again"), "%s", err.advice);
    rg_text_free(&file);
}
