/* inspect.c: `railgauge inspect`: what a model file holds, without running it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bench/cmd/args.h"
#include "bench/cmd/inspect.h"
#include "bench/core/fs.h"
#include "bench/core/json.h"

typedef struct options {
    bool json, summary;
    rg_limit_options limits;
} options;

static const rg_field table[] = {
    {"json", RG_FIELD_BOOL, offsetof(options, json), "false", 0, 0, NULL, "",
     "one JSON document on stdout"},
    {"summary", RG_FIELD_BOOL, offsetof(options, summary), "false", 0, 0, NULL, "",
     "leaves out the table of nodes"},
    RG_LIMIT_ROWS(options, limits),
    {0},
};

static void print_json(json_t *all) {
    char *text = rg_json_text(all, 2);
    puts(text ? text : "{}");
    free(text);
    json_decref(all);
}

/* --- Hailo executables ------------------------------------------------------------------------ */

/* The first bytes of a file; false when they cannot be read (the loader will say why). */
static bool looks_like_hef(const char *path) {
    unsigned char head[8];
    struct stat info;
    FILE *file = stat(path, &info) == 0 && S_ISREG(info.st_mode) ? fopen(path, "rbe") : NULL;
    bool is = file && rg_hef_sniff(head, fread(head, 1, sizeof head, file));
    if (file)
        fclose(file);
    return is;
}

static int inspect_hef(const char *path, const options *given) {
    rg_err err = RG_ERR_INIT;
    rg_model_limits limits;
    rg_arena *arena = rg_arena_new(0);
    char *data = NULL;
    size_t bytes = 0;
    rg_status status = rg_model_limits_get(&limits, &err);
    if (status == RG_OK)
        status = arena ? rg_fs_read(arena, path, limits.file_bytes, &data, &bytes, &err)
                       : rg_fail(&err, RG_NO_MEMORY, NULL, "out of memory");
    if (status != RG_OK) {
        rg_arena_free(arena);
        return rg_report_error("inspect", &err);
    }
    rg_hef hef;
    status = rg_hef_read(data, bytes, &hef, &err);
    if (status != RG_OK)
        rg_err_prefix(&err, "%s", path);
    else if (given->json)
        print_json(rg_inspect_hef_json(path, bytes, &hef, &err));
    else
        rg_inspect_print_hef(path, bytes, &hef);
    rg_arena_free(arena);
    return status == RG_OK ? RG_EXIT_OK : rg_report_error("inspect", &err);
}

/* --- models ----------------------------------------------------------------------------------- */

static rg_status look(const rg_globals *globals, const options *given, rg_model *model,
                      rg_inspection **ret_look, rg_err *err) {
    rg_root *root = NULL;
    rg_status status = rg_inspect(model->graph, ret_look, err);
    if (status == RG_OK)
        status = rg_root_open(globals->root, &root, err);
    if (status == RG_OK)
        status = rg_inspect_targets(*ret_look, model, root, err);
    rg_root_close(root);
    if (status != RG_OK)
        return status;
    rg_inspect_view view = {model, *ret_look,
                            rg_ziptail_read(model->data, model->bytes, (*ret_look)->arena),
                            !given->summary};
    if (given->json)
        print_json(rg_inspect_json(&view));
    else
        rg_inspect_print(&view);
    return RG_OK;
}

/* A missing model is a file that cannot be read, not an absent device. */
static int inspect_model(const rg_globals *globals, const char *path, const options *given) {
    rg_err err = RG_ERR_INIT;
    rg_model *model = NULL;
    rg_inspection *found = NULL;
    rg_status status = rg_model_load(path, NULL, &model, &err);
    if (status == RG_ABSENT || status == RG_DENIED)
        err.status = status = RG_IO;
    if (status == RG_OK)
        status = look(globals, given, model, &found, &err);
    rg_inspection_free(found);
    rg_model_close(model);
    return status == RG_OK ? RG_EXIT_OK : rg_report_error("inspect", &err);
}

static int run(const rg_globals *globals, int argc, char **argv);

const rg_verb rg_verb_inspect = {
    .name = "inspect",
    .summary = "what a model file holds, and which targets would take it",
    .usage = "railgauge inspect FILE [--json] [--summary]",
    .help = "Reads all formats that this build knows; of Hailo executables the header. MACs count "
            "multiply-accumulates\nas published figures do, padding taps included; activations are "
            "planned node by node, as the\nfile has them. A target's share is what it takes of the "
            "nodes asked one by one.\nEnds with 0 whether or not everything can be computed, with "
            "3 for sound files in a form\nthat is not read here (weights in another file, another "
            "version), 65 for files that are damaged or\nforeign, 74 for those that cannot be "
            "read or are beyond a limit.\n",
    .run = run,
};

static int run(const rg_globals *globals, int argc, char **argv) {
    options given = {0};
    rg_args args;
    int code;
    if (!rg_args_begin(&rg_verb_inspect, table, &given, 1, 1, argc, argv, &args, &code))
        return code;
    if (looks_like_hef(args.words[0]))
        return inspect_hef(args.words[0], &given);
    return inspect_model(globals, args.words[0], &given);
}
