/* export.c: `railgauge export`: the suite as files for vendors' compilers, with a manifest and
 * representative inputs (run/export.h). */
#include <dirent.h>
#include <errno.h>
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
#include "bench/run/manifest.h"
#include "bench/run/materialise.h"
#include "bench/run/suite.h"

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
    ROW("force", force, RG_FIELD_BOOL, "false", 0, 0,
        "write into a folder that is not empty; an older export's files go"),
    {0},
};
#undef ROW

typedef struct job {
    const options *opt;
    rg_arena *arena;
    rg_export_ask ask;
    json_t *models; /* of the manifest */
    uint32_t files;
} job;

/* --- what is asked for ------------------------------------------------------------------------ */

/* Calls `take` for each word of a list with commas. */
static rg_status each_word(job *j, const char *list,
                           rg_status (*take)(job *j, const char *word, rg_err *err), rg_err *err) {
    char *copy = rg_arena_strdup(j->arena, list), *rest = copy, *word;
    rg_status status = copy ? RG_OK : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    while (status == RG_OK && (word = strsep(&rest, ",")))
        status = take(j, word, err);
    return status;
}

static rg_status take_format(job *j, const char *word, rg_err *err) {
    const rg_writer *writer = rg_writer_find(word);
    for (size_t i = 0; i < j->ask.n_writers; i++) {
        if (j->ask.writers[i] == writer)
            return RG_OK; /* named twice, written once */
    }
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
    for (size_t i = 0; i < j->ask.n_forms; i++) {
        if (!strcmp(j->ask.forms[i], word))
            return RG_OK;
    }
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        if (!strcmp(forms[i], word) && j->ask.n_forms < RG_EXPORT_MOST) {
            j->ask.forms[j->ask.n_forms++] = forms[i];
            return RG_OK;
        }
    }
    return rg_fail(err, RG_USAGE, "one of: int8 int4 float32", "there is no form '%s'", word);
}

/* What a folder holds besides itself: RG_OK and `ret_empty`; one that is not there is empty. */
static rg_status look_into(const char *path, bool *ret_empty, rg_err *err) {
    DIR *dir = opendir(path);
    const struct dirent *item = NULL;
    if (!dir && errno != ENOENT)
        return rg_fail(err, RG_IO, "check the path and its permissions with `ls -ld`",
                       "cannot look into %s: %s", path, strerror(errno));
    while (dir && (item = readdir(dir)) &&
           (!strcmp(item->d_name, ".") || !strcmp(item->d_name, "..")))
        ;
    *ret_empty = item == NULL;
    if (dir)
        closedir(dir);
    return RG_OK;
}

/* Nothing that is there is lost without --force; with it, an older export makes room. */
static rg_status open_folder(job *j, rg_err *err) {
    const char *path = j->opt->output;
    bool empty = true;
    if (!*path)
        return rg_fail(err, RG_USAGE, "-o DIR", "no folder to write to is given");
    rg_status status = look_into(path, &empty, err);
    if (status == RG_OK && !empty && !j->opt->force)
        return rg_fail(err, RG_USAGE, "another folder, or --force to write into it",
                       "%s is not empty", path);
    if (status == RG_OK && !empty)
        status = rg_manifest_clear(path, err);
    return status == RG_OK ? rg_fs_mkdirs(path, err) : status;
}

/* --- exporting -------------------------------------------------------------------------------- */

/* One line a file; what was refused goes to stderr. */
static void tell_files(job *j, const json_t *entry, const json_t *files) {
    for (size_t i = 0; i < json_array_size(files); i++) {
        const json_t *row = json_array_get(files, i);
        const char *refused = rg_json_get_text(row, "refused", NULL);
        j->files += !refused && rg_json_get_text(row, "form", NULL);
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

/* Exports one, tells it, and writes the manifest anew: what is interrupted is listed as far as it
 * came. `origin` of an operator case, or NULL: where it is from. */
static rg_status export_one(job *j, const json_t *description, const json_t *origin, rg_err *err) {
    static const char *const keys[] = {"network", "layer", "source"};
    json_t *entry = NULL;
    rg_status status = rg_export_model(description, &j->ask, &entry, err);
    if (status != RG_OK)
        return status;
    for (size_t i = 0; origin && i < sizeof keys / sizeof keys[0]; i++)
        json_object_set(entry, keys[i], json_object_get(origin, keys[i]));
    tell_files(j, entry, json_object_get(entry, "files"));
    tell_files(j, entry, json_object_get(entry, "input_set"));
    json_array_append_new(j->models, entry);
    return rg_manifest_write(j->opt->output, j->models, false, err);
}

static rg_status export_ops(job *j, rg_err *err) {
    json_t *rows = NULL, *row;
    size_t i;
    rg_status status = rg_suite_ops(&rows, err);
    json_array_foreach(rows, i, row) {
        status = export_one(j, json_object_get(row, "description"), row, err);
        if (status != RG_OK)
            break;
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
            status = export_one(j, description, NULL, err);
        json_decref(description);
    }
    return status;
}

/* What the options ask for; RG_USAGE before anything is done. */
static rg_status read_ask(job *j, rg_err *err) {
    j->ask.folder = j->opt->output;
    j->ask.input_set = (uint32_t)j->opt->input_set;
    rg_status status = each_word(j, j->opt->format, take_format, err);
    if (status == RG_OK && *j->opt->precision)
        status = each_word(j, j->opt->precision, take_form, err);
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
    if (status == RG_OK)
        status = read_ask(j, err);
    if (status == RG_OK)
        status = open_folder(j, err);
    if (status == RG_OK && ops)
        status = export_ops(j, err);
    if (status == RG_OK)
        status = export_models(j, names, n, err);
    return status == RG_OK ? rg_manifest_write(j->opt->output, j->models, true, err) : status;
}

static int run(const rg_globals *globals, int argc, char **argv);

const rg_verb rg_verb_export = {
    .name = "export",
    .summary = "the suite as files for other compilers and runtimes",
    .usage = "railgauge export [MODEL ...] [--suite tiny] [--format tflite,onnx] -o DIR "
             "[--input-set 32]",
    .help = "Writes DIR/NAME-FORM.EXTENSION, DIR/inputs/NAME-I.npy and DIR/manifest.json (name, "
            "SHA-256,\noperations, parameters, inputs, quantization, seed), which grows model by "
            "model. Prints hash and name\nof each file. The same bytes on every machine. What a "
            "format cannot express is told and stands\nin the manifest; ends with 0 if anything "
            "was written. See docs/models.md.\n",
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
