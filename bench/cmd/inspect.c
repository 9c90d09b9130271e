/* inspect.c: `railgauge inspect`: what a model file holds, without running it. */
#include "bench/cmd/inspect.h"
#include "bench/cmd/args.h"
#include "bench/run/artefact.h"
#include "bench/run/pairs.h"

typedef struct options {
    bool json, summary;
    const char *original;
    rg_limit_options limits;
} options;

static const rg_field table[] = {
    {"json", RG_FIELD_BOOL, offsetof(options, json), "false", 0, 0, NULL, "",
     "one JSON document on stdout"},
    {"summary", RG_FIELD_BOOL, offsetof(options, summary), "false", 0, 0, NULL, "",
     "leaves out the table of nodes"},
    {"original", RG_FIELD_TEXT, offsetof(options, original), "", 0, 0, NULL, "",
     "the model that a compiled file was made from"},
    RG_LIMIT_ROWS(options, limits),
    {0},
};

/* A missing model is a file that cannot be read, not an absent device. */
static rg_status load(const char *path, rg_model **ret, rg_err *err) {
    rg_status status = rg_model_load(path, NULL, ret, err);
    if (status == RG_ABSENT || status == RG_DENIED)
        err->status = status = RG_IO;
    return status;
}

/* The file of a pair that may be there: its model and what is in it. */
typedef struct original {
    rg_model *model;
    rg_inspection *look;
    rg_inspect_pair pair;
} original;

static rg_status open_pair(const char *path, const rg_model *compiled, original *o, rg_err *err) {
    rg_status status = load(path, &o->model, err);
    if (status == RG_OK)
        status = rg_inspect(o->model->graph, &o->look, err);
    o->pair = (rg_inspect_pair){.model = o->model, .look = o->look};
    return status == RG_OK ? rg_inspect_match(compiled, &o->pair, err) : status;
}

static void close_original(original *o) {
    rg_inspection_free(o->look);
    rg_model_close(o->model);
    *o = (original){0};
}

/* The one that is named, else the one that a manifest pairs with the file, if there is any. */
static rg_status open_original(const options *given, const rg_model *compiled, original *o,
                               rg_err *err) {
    const char *path;
    if (*given->original)
        return open_pair(given->original, compiled, o, err);
    rg_arena *arena = rg_artefact_is_compiled(compiled->path) ? rg_arena_new(0) : NULL;
    if (arena && rg_pairs_source(compiled->path, arena, &path, NULL) == RG_OK &&
        open_pair(path, compiled, o, NULL) != RG_OK)
        close_original(o);
    rg_arena_free(arena);
    return RG_OK;
}

static rg_status look(const rg_globals *globals, const options *given, rg_model *model,
                      const original *o, rg_inspection **ret_look, rg_err *err) {
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
                            !given->summary, o->model ? &o->pair : NULL};
    if (given->json)
        rg_inspect_print_json(rg_inspect_json(&view));
    else
        rg_inspect_print(&view);
    return RG_OK;
}

static int inspect_model(const rg_globals *globals, const char *path, const options *given) {
    rg_err err = RG_ERR_INIT;
    rg_model *model = NULL;
    rg_inspection *found = NULL;
    original o = {0};
    rg_status status = load(path, &model, &err);
    if (status == RG_OK)
        status = open_original(given, model, &o, &err);
    if (status == RG_OK)
        status = look(globals, given, model, &o, &found, &err);
    close_original(&o);
    rg_inspection_free(found);
    rg_model_close(model);
    return status == RG_OK ? RG_EXIT_OK : rg_report_error("inspect", &err);
}

static int run(const rg_globals *globals, int argc, char **argv);

const rg_verb rg_verb_inspect = {
    .name = "inspect",
    .summary = "what a model file holds, and which targets would take it",
    .usage = "railgauge inspect FILE [--json] [--summary] [--original MODEL.tflite]",
    .help =
        "Reads all formats that this build knows; of Hailo executables what\ntheir header and network groups say. MACs count "
        "multiply-accumulates\nas published figures do, padding taps included; activations are "
        "planned node by node, as the\nfile has them. A target's share is what it takes of the "
        "nodes asked one by one.\n"
        "Of files compiled for the Edge TPU or Ethos-U it tells what stays on the CPU; with the "
        "model that the\ncompiler was given (--original, or a manifest of `railgauge compile`) also what\nthe device took of it.\n"
        "Ends with 0 whether or not everything can be computed, with 3 for sound files in a "
        "form\nthat is not read here (weights in another file, another version), 4 for an "
        "original that does not\nbelong to the file, 65 for files that are damaged or foreign, "
        "74 for those that cannot be read or are\nbeyond a limit.\n",
    .run = run,
};

static int run(const rg_globals *globals, int argc, char **argv) {
    options given = {0};
    rg_args args;
    int code;
    if (!rg_args_begin(&rg_verb_inspect, table, &given, 1, 1, argc, argv, &args, &code))
        return code;
    if (rg_inspect_is_hef(args.words[0]))
        return rg_inspect_hef(args.words[0], given.json);
    return inspect_model(globals, args.words[0], &given);
}
