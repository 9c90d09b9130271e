/* compile_models.c: the models that `railgauge compile` is given: files, or parts of the suite. */
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/cmd/compile.h"
#include "bench/core/fs.h"
#include "bench/core/hash.h"
#include "bench/core/json.h"
#include "bench/iface/registry.h"
#include "bench/run/export.h"
#include "bench/run/manifest.h"
#include "bench/run/materialise.h"
#include "bench/run/suite.h"

enum { CALIBRATION_SAMPLES = 64 };

static volatile sig_atomic_t stopped;

static void on_signal(int number) {
    (void)number;
    stopped = 1;
}

const volatile sig_atomic_t *rg_compile_catch(void) {
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    return &stopped;
}

/* --- a file ----------------------------------------------------------------------------------- */

static rg_status each_file(rg_compile_job *job, const char *path, rg_err *err) {
    char *hex = rg_arena_alloc(job->arena, RG_HASH_HEX), whole[PATH_MAX];
    const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    const char *dot = strrchr(name, '.');
    size_t n = dot ? (size_t)(dot - name) : strlen(name);
    rg_compile_piece piece = {.path = path, .n_sources = 1};
    piece.name = rg_arena_printf(job->arena, "%.*s", (int)n, name);
    if (!hex || !piece.name)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    rg_status status = rg_hash_file(path, hex, err);
    if (status != RG_OK)
        return status;
    piece.sources[0].path = rg_arena_strdup(job->arena, realpath(path, whole) ? whole : path);
    piece.sources[0].sha256 = hex;
    return piece.sources[0].path ? job->each(job, &piece, err)
                                 : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
}

/* --- the suite -------------------------------------------------------------------------------- */

/* What compilers take, and what runs name: artefacts stand for the .tflite forms too. */
static rg_export_ask export_ask(const rg_compile_job *job) {
    const rg_compiler *compiler = job->ask.compiler;
    rg_export_ask ask = {.folder = job->given->output};
    ask.writers[ask.n_writers++] = rg_writer_find("tflite");
    if (strcmp(compiler->suite_format, "tflite"))
        ask.writers[ask.n_writers++] = rg_writer_find(compiler->suite_format);
    ask.forms[ask.n_forms++] = "int8";
    if (!compiler->integer)
        ask.forms[ask.n_forms++] = "float32";
    ask.input_set = compiler->integer ? 0 : CALIBRATION_SAMPLES;
    return ask;
}

/* The entry in place of an older one, whose compiled files stay. */
static rg_status note_entry(const rg_compile_job *job, json_t *entry, rg_err *err) {
    json_t *entries = NULL, *row;
    size_t k;
    const char *name = rg_json_get_text(entry, "name", "");
    rg_status status = rg_compile_entries(job->given->output, &entries, err);
    for (size_t i = json_array_size(entries); i-- > 0;) {
        json_t *old = json_array_get(entries, i);
        if (strcmp(rg_json_get_text(old, "name", ""), name))
            continue;
        json_array_foreach(json_object_get(old, "files"), k, row) {
            if (json_object_get(row, "source_sha256"))
                json_array_append(json_object_get(entry, "files"), row);
        }
        json_array_remove(entries, i);
    }
    if (status == RG_OK && json_array_append(entries, entry))
        status = rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    if (status == RG_OK)
        status = rg_manifest_write(job->given->output, entries, true, err);
    json_decref(entries);
    return status;
}

/* The file that the compiler gets, and the exported files that its artefact stands for. */
static void find_files(const rg_compile_job *job, const json_t *entry, rg_compile_piece *piece) {
    const rg_compiler *compiler = job->ask.compiler;
    const char *form = compiler->integer ? "int8" : "float32";
    const json_t *files = json_object_get(entry, "files");
    for (size_t i = 0; i < json_array_size(files); i++) {
        const json_t *row = json_array_get(files, i);
        const char *file = rg_json_get_text(row, "file", NULL);
        if (!file || json_object_get(row, "source_sha256") || !rg_json_get_text(row, "form", NULL))
            continue;
        bool input = !strcmp(rg_json_get_text(row, "form", ""), form) &&
                     !strcmp(rg_json_get_text(row, "format", ""), compiler->suite_format);
        if (input)
            piece->path = rg_fs_join(job->arena, job->given->output, file);
        bool counts = input || !strcmp(rg_json_get_text(row, "format", ""), "tflite");
        if (counts && piece->n_sources < RG_COMPILE_SOURCES) {
            piece->sources[piece->n_sources].path = file;
            piece->sources[piece->n_sources++].sha256 = rg_json_get_text(row, "sha256", "");
        }
    }
    const json_t *samples = json_object_get(entry, "input_set");
    if (json_array_size(samples) == 1)
        piece->calibration = rg_fs_join(job->arena, job->given->output,
                                        rg_json_get_text(json_array_get(samples, 0), "file", ""));
}

static rg_status each_model(rg_compile_job *job, const char *name, rg_err *err) {
    json_t *description = NULL, *entry = NULL;
    const rg_export_ask ask = export_ask(job);
    rg_status status = rg_suite_describe(name, &description, err);
    if (status == RG_OK)
        status = rg_export_model(description, &ask, &entry, err);
    if (status == RG_OK)
        status = note_entry(job, entry, err);
    rg_compile_piece piece = {.name = name};
    if (status == RG_OK)
        find_files(job, entry, &piece);
    if (status == RG_OK && !piece.path)
        status = rg_fail(err, RG_UNSUPPORTED, "see the manifest for the reason",
                         "%s has no form for %s", name, job->ask.compiler->title);
    if (status == RG_OK)
        status = job->each(job, &piece, err);
    json_decref(entry);
    json_decref(description);
    return status;
}

rg_status rg_compile_each(rg_compile_job *job, const char *word, rg_err *err) {
    const char *names[RG_SUITE_MOST_NAMES];
    size_t n = 0;
    if (rg_fs_exists(word) && !rg_fs_is_dir(word))
        return each_file(job, word, err);
    if (strchr(word, '/') || strchr(word, '.'))
        return rg_fail(err, RG_IO, "check the path", "there is no file %s", word);
    rg_status status = rg_suite_names(word, names, &n, err);
    for (size_t i = 0; status == RG_OK && i < n; i++)
        status = each_model(job, names[i], err);
    return status;
}
