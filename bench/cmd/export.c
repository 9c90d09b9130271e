/* export.c: `railgauge export`: the suite as files for vendors' compilers, with a manifest and
 * representative inputs (run/export.h). */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/cmd/args.h"
#include "bench/core/arena.h"
#include "bench/core/fs.h"
#include "bench/core/json.h"
#include "bench/core/text.h"
#include "bench/iface/registry.h"
#include "bench/run/export.h"
#include "bench/run/materialise.h"
#include "bench/run/suite.h"
#include "rg_config.h"

enum { MANIFEST_VERSION = 1 };

typedef struct options {
    const char *suite, *format, *precision, *output;
    int64_t input_set;
    bool force;
} options;

#define ROW(key, member, type, preset, min, max, help)                                             \
    { key, type, offsetof(options, member), preset, min, max, NULL, "", help }
static const rg_field table[] = {
    ROW("suite", suite, RG_FIELD_TEXT, "", 0, 0,
        "set of models (tiny mobile vision language ci all), or ops: the operator suite"),
    ROW("format", format, RG_FIELD_TEXT, "tflite", 0, 0, "formats, such as tflite,onnx"),
    ROW("precision", precision, RG_FIELD_TEXT, "", 0, 0,
        "forms, such as int8,float32; else those of each model"),
    ROW("output", output, RG_FIELD_TEXT, "", 0, 0, "folder to write to, also -o"),
    ROW("input_set", input_set, RG_FIELD_INT, "8", 0, 4096,
        "representative samples of each input; 0: none"),
    ROW("force", force, RG_FIELD_BOOL, "false", 0, 0, "write into a folder that is not empty"),
    {0},
};
#undef ROW

typedef struct job {
    const options *opt;
    rg_arena *arena;
    rg_export_ask ask;
    json_t *models; /* of the manifest */
    uint32_t files, refused;
} job;

/* --- what is asked for ------------------------------------------------------------------------ */

/* Calls `take` for each word of a list with commas. */
static rg_status each_word(job *j, const char *list,
                           rg_status (*take)(job *j, const char *word, rg_err *err), rg_err *err) {
    char *copy = rg_arena_strdup(j->arena, list), *rest = copy, *word;
    rg_status status = copy ? RG_OK : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    while (status == RG_OK && (word = strsep(&rest, ",")))
        status = *word ? take(j, word, err) : RG_OK;
    return status;
}

static rg_status take_format(job *j, const char *word, rg_err *err) {
    const rg_writer *writer = rg_writer_find(word);
    if (writer && j->ask.n_writers < RG_EXPORT_MOST) {
        j->ask.writers[j->ask.n_writers++] = writer;
        return RG_OK;
    }
    rg_text known = {0};
    rg_text_add(&known, "one of:");
    for (size_t i = 0; rg_writers[i]; i++)
        rg_text_printf(&known, " %s", rg_writers[i]->name);
    rg_status status =
        rg_fail(err, RG_USAGE, known.data ? known.data : "", "no format '%s' is written", word);
    rg_text_free(&known);
    return status;
}

static rg_status take_form(job *j, const char *word, rg_err *err) {
    static const char *const forms[] = {"int8", "int4", "float32"};
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        if (!strcmp(forms[i], word) && j->ask.n_forms < RG_EXPORT_MOST) {
            j->ask.forms[j->ask.n_forms++] = forms[i];
            return RG_OK;
        }
    }
    return rg_fail(err, RG_USAGE, "one of: int8 int4 float32", "there is no form '%s'", word);
}

/* Nothing that is there is lost without --force. */
static rg_status open_folder(const char *path, bool force, rg_err *err) {
    if (!*path)
        return rg_fail(err, RG_USAGE, "-o DIR", "no folder to write to is given");
    DIR *dir = opendir(path);
    const struct dirent *item = NULL;
    while (dir && (item = readdir(dir)) &&
           (!strcmp(item->d_name, ".") || !strcmp(item->d_name, "..")))
        ;
    bool empty = item == NULL;
    if (dir)
        closedir(dir);
    if (!empty && !force)
        return rg_fail(err, RG_USAGE, "another folder, or --force to write into it",
                       "%s is not empty", path);
    return rg_fs_mkdirs(path, err);
}

/* --- exporting -------------------------------------------------------------------------------- */

static void tell(job *j, const json_t *entry) {
    const json_t *files = json_object_get(entry, "files");
    for (size_t i = 0; i < json_array_size(files); i++) {
        const json_t *row = json_array_get(files, i);
        const char *refused = rg_json_get_text(row, "refused", NULL);
        j->files += !refused;
        j->refused += refused != NULL;
        if (refused)
            fprintf(stderr, "%s: no %s in %s: %s\n", rg_json_get_text(entry, "name", ""),
                    rg_json_get_text(row, "format", ""), rg_json_get_text(row, "form", ""),
                    refused);
        else
            printf("%s  %s\n", rg_json_get_text(row, "sha256", ""),
                   rg_json_get_text(row, "file", ""));
    }
    fflush(stdout);
}

static rg_status export_one(job *j, const json_t *description, rg_err *err) {
    json_t *entry = NULL;
    rg_status status = rg_export_model(description, &j->ask, &entry, err);
    if (status == RG_OK) {
        tell(j, entry);
        json_array_append_new(j->models, entry);
    }
    return status;
}

static rg_status export_ops(job *j, rg_err *err) {
    json_t *rows = NULL, *row, *entry;
    size_t i;
    rg_status status = rg_suite_ops(&rows, err);
    json_array_foreach(rows, i, row) {
        status = export_one(j, json_object_get(row, "description"), err);
        if (status != RG_OK)
            break;
        entry = json_array_get(j->models, json_array_size(j->models) - 1);
        json_object_set(entry, "network", json_object_get(row, "network"));
        json_object_set(entry, "layer", json_object_get(row, "layer"));
        json_object_set(entry, "source", json_object_get(row, "source"));
    }
    json_decref(rows);
    return status;
}

static rg_status export_models(job *j, const char *const *names, size_t n, rg_err *err) {
    rg_status status = RG_OK;
    for (size_t i = 0; status == RG_OK && i < n; i++) {
        json_t *description = NULL;
        status = rg_suite_describe(names[i], &description, err);
        if (status == RG_OK)
            status = export_one(j, description, err);
        json_decref(description);
    }
    return status;
}

static rg_status write_manifest(const job *j, rg_err *err) {
    json_t *all = json_pack("{s:i, s:s, s:s, s:O}", "manifest", (int)MANIFEST_VERSION, "program",
                            "railgauge", "version", RG_VERSION, "models", j->models);
    char *text = rg_json_text(all, 2),
         *path = rg_fs_join(j->arena, j->opt->output, "manifest.json");
    rg_status status = text && path ? rg_fs_write_atomic(path, text, strlen(text), err)
                                    : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    free(text);
    json_decref(all);
    return status;
}

static rg_status export_all(job *j, const rg_args *args, rg_err *err) {
    const char *names[RG_SUITE_MOST_NAMES];
    size_t n = 0;
    bool ops = !strcmp(j->opt->suite, "ops");
    rg_status status = RG_OK;
    if (*j->opt->suite && !ops)
        status = rg_suite_names(j->opt->suite, names, &n, err);
    for (size_t i = 0; status == RG_OK && i < args->n_words; i++)
        status = rg_suite_names(args->words[i], names, &n, err);
    if (status == RG_OK && !ops && n == 0)
        status = rg_fail(err, RG_USAGE, "--suite tiny, or names of `railgauge list models`",
                         "nothing to export is named");
    j->ask.folder = j->opt->output;
    j->ask.input_set = (uint32_t)j->opt->input_set;
    if (status == RG_OK)
        status = each_word(j, j->opt->format, take_format, err);
    if (status == RG_OK)
        status = each_word(j, j->opt->precision, take_form, err);
    if (status == RG_OK)
        status = open_folder(j->opt->output, j->opt->force, err);
    if (status == RG_OK && ops)
        status = export_ops(j, err);
    if (status == RG_OK)
        status = export_models(j, names, n, err);
    return status == RG_OK ? write_manifest(j, err) : status;
}

static int run(const rg_globals *globals, int argc, char **argv);

const rg_verb rg_verb_export = {
    .name = "export",
    .summary = "the suite as files for other compilers and runtimes",
    .usage = "railgauge export [MODEL ...] [--suite tiny] [--format tflite,onnx] -o DIR "
             "[--input-set 32]",
    .help = "Writes DIR/NAME-FORM.EXTENSION, DIR/inputs/NAME-I.npy and DIR/manifest.json (name, "
            "SHA-256,\noperations, parameters, inputs, quantization, seed). Prints hash and name "
            "of each file. The same\nbytes on every machine. What a format cannot express is told "
            "and stands in the manifest; ends\nwith 0 if anything was written. See "
            "docs/models.md.\n",
    .run = run,
};

static int run(const rg_globals *globals, int argc, char **argv) {
    (void)globals;
    options opt = {0};
    rg_args args;
    int code;
    rg_err err = RG_ERR_INIT;
    if (!rg_args_begin(&rg_verb_export, table, &opt, 0, RG_MAX_ARGS, argc, argv, &args, &code))
        return code;
    job j = {.opt = &opt, .arena = rg_arena_new(0), .models = json_array()};
    rg_status status = j.arena ? export_all(&j, &args, &err)
                               : rg_fail(&err, RG_NO_MEMORY, NULL, "out of memory exporting");
    if (status == RG_OK && j.files == 0)
        status = rg_fail(&err, RG_UNSUPPORTED, "another --format", "nothing could be written");
    json_decref(j.models);
    rg_arena_free(j.arena);
    return status == RG_OK ? RG_EXIT_OK : rg_report_error("export", &err);
}
