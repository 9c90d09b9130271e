/* materialise.c: description (Lua, in a child) -> float network -> calibrated -> quantized -> file.
 */
#include "bench/run/materialise.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/cache.h"
#include "bench/core/data.h"
#include "bench/core/fs.h"
#include "bench/core/hash.h"
#include "bench/core/json.h"
#include "bench/core/text.h"
#include "bench/iface/registry.h"
#include "bench/run/luajson.h"
#include "bench/run/quantize.h"
#include "bench/run/sandbox.h"

/* Part of every cache name: raise it when the same description gives other bytes. */
#define MAKER_VERSION "3"

static const char *const suite_folders[] = {"models/suite/lib", NULL};

/* What the child is to evaluate: a chunk, with an operator case as its argument when there is one.
 */
typedef struct evaluation {
    const char *name, *text;
    size_t bytes;
    const json_t *argument;
} evaluation;

static rg_status evaluate(rg_sandbox *box, void *user, json_t **ret_value, rg_err *err) {
    const evaluation *what = user;
    rg_status status = rg_sandbox_run(box, what->name, what->text, what->bytes, 1, err);
    if (status == RG_OK && what->argument) {
        rg_lua_push_json(rg_sandbox_lua(box), what->argument);
        status = rg_sandbox_call(box, 1, 1, err);
    }
    return status == RG_OK ? rg_lua_to_json(rg_sandbox_lua(box), -1, what->name, ret_value, err)
                           : status;
}

static rg_status describe(const evaluation *what, json_t **ret_description, rg_err *err) {
    const rg_sandbox_options options = {.data_folders = suite_folders};
    json_t *reply = NULL;
    rg_status status = rg_lua_in_child(&options, evaluate, (void *)what, &reply, err);
    if (status == RG_OK)
        *ret_description = json_incref(json_object_get(reply, "value"));
    json_decref(reply);
    return status;
}

static const char *model_at(size_t i, void *user) {
    (void)user;
    return rg_suite_models[i].name;
}

rg_status rg_suite_describe(const char *name, json_t **ret_description, rg_err *err) {
    const rg_script_row *row = rg_script_row_find(rg_suite_models, name);
    if (!row) {
        const char *near = rg_text_nearest(name, model_at, NULL);
        char advice[160] = "see `railgauge list models`";
        if (near)
            snprintf(advice, sizeof advice, "did you mean '%s'?", near);
        return rg_fail(err, RG_USAGE, advice, "the suite has no model '%s'", name);
    }
    rg_arena *arena = rg_arena_new(0);
    evaluation what = {.name = row->file};
    rg_status status = arena ? rg_data_read(arena, row->file, &what.text, &what.bytes, err)
                             : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    if (status == RG_OK)
        status = describe(&what, ret_description, err);
    rg_arena_free(arena);
    return status;
}

/* Numbers of the case arrive as Lua values; the layer is built by net.case. */
static rg_status describe_case(const char *text, json_t **ret_description, rg_err *err) {
    static const char chunk[] = "return require('net').case";
    json_t *argument;
    rg_status status = rg_json_parse(text, strlen(text), "operator case", &argument, err);
    if (status != RG_OK)
        return status;
    evaluation what = {"operator case", chunk, sizeof chunk - 1, argument};
    status = describe(&what, ret_description, err);
    json_decref(argument);
    return status;
}

rg_status rg_suite_ops(json_t **ret_rows, rg_err *err) {
    static const char chunk[] =
        "local net, rows = require('net'), require('opsuite')\n"
        "for _, row in ipairs(rows) do row.description = net.case(row.case, row.name) end\n"
        "return rows";
    evaluation what = {"operator suite", chunk, sizeof chunk - 1, NULL};
    return describe(&what, ret_rows, err);
}

/* Forms that a model can be made in. "" stands for the first. */
static const struct {
    const char *word;
    rg_dtype dense_weights; /* FLOAT32: nothing is quantized */
} precisions[] = {
    {"int8", RG_DTYPE_INT8},
    {"int4", RG_DTYPE_INT4},
    {"float32", RG_DTYPE_FLOAT32},
};

static rg_status find_precision(const char *word, rg_dtype *ret, rg_err *err) {
    word = *word ? word : precisions[0].word;
    for (size_t i = 0; i < sizeof precisions / sizeof precisions[0]; i++) {
        if (!strcmp(precisions[i].word, word)) {
            *ret = precisions[i].dense_weights;
            return RG_OK;
        }
    }
    return rg_fail(err, RG_UNSUPPORTED, "int8, int4 or float32", "the suite has no models in '%s'",
                   word);
}

rg_status rg_suite_graph(const json_t *description, const char *precision, rg_graph **ret_graph,
                         rg_err *err) {
    rg_network *net;
    rg_dtype dense = RG_DTYPE_INT8;
    rg_status status = find_precision(precision, &dense, err);
    if (status == RG_OK)
        status = rg_network_build(description, &net, err);
    if (status != RG_OK)
        return status;
    rg_range *ranges = calloc(net->graph->n_tensors + 1, sizeof *ranges);
    status =
        ranges ? rg_calibrate(net, ranges, err) : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    if (status == RG_OK && dense != RG_DTYPE_FLOAT32) {
        status = rg_quantize(net, ranges, dense, ret_graph, err);
    } else if (status == RG_OK) {
        *ret_graph = net->graph;
        net->graph = NULL;
    }
    free(ranges);
    rg_network_free(net);
    return status;
}

static rg_status write_model(const json_t *description, const char *precision, const char *path,
                             rg_err *err) {
    rg_graph *graph;
    rg_text bytes = {0};
    rg_status status = rg_suite_graph(description, precision, &graph, err);
    if (status != RG_OK)
        return status;
    status = rg_writer_find("tflite")->write(graph, &bytes, err);
    if (status == RG_OK && bytes.failed)
        status = rg_fail(err, RG_NO_MEMORY, NULL, "out of memory writing %s", path);
    if (status == RG_OK)
        status = rg_fs_write_atomic(path, bytes.data, bytes.bytes, err);
    if (status == RG_OK && rg_cache_use(path))
        rg_cache_make_room();
    rg_text_free(&bytes);
    rg_graph_free(graph);
    return status;
}

/* "ds-cnn-int8-0123456789abcdef.tflite" below the cache. */
static rg_status cache_path(const json_t *description, const char *precision, rg_arena *arena,
                            const char **ret_path, rg_err *err) {
    char *dir, hex[RG_HASH_HEX];
    char *text = json_dumps(description, JSON_COMPACT | JSON_SORT_KEYS);
    if (!text)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    char *keyed = rg_arena_printf(arena, MAKER_VERSION "\n%s\n%s", precision, text);
    free(text);
    rg_status status = rg_fs_cache_dir(arena, "models", &dir, err);
    if (status != RG_OK || !keyed)
        return status != RG_OK ? status : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    rg_hash_bytes(keyed, strlen(keyed), hex);
    *ret_path = rg_arena_printf(arena, "%s/%s-%s-%.16s.tflite", dir,
                                rg_json_get_text(description, "name", "model"),
                                *precision ? precision : "int8", hex);
    return *ret_path ? RG_OK : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
}

static rg_status make_once(const json_t *description, const char *precision, rg_arena *arena,
                           const char **ret_path, rg_err *err) {
    precision = *precision ? precision : "int8";
    const char *path;
    rg_status status = cache_path(description, precision, arena, &path, err);
    if (status == RG_OK && !rg_cache_use(path))
        status = write_model(description, precision, path, err);
    if (status == RG_OK)
        *ret_path = path;
    return status;
}

rg_status rg_materialise(const char *source, const char *precision, rg_arena *arena,
                         const char **ret_path, rg_err *err) {
    json_t *description = NULL;
    rg_status status;
    if (!strncmp(source, "file:", 5)) {
        *ret_path = rg_arena_strdup(arena, source + 5);
        return *ret_path ? RG_OK : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    }
    if (!strncmp(source, "suite:", 6))
        status = rg_suite_describe(source + 6, &description, err);
    else if (!strncmp(source, "op:", 3))
        status = describe_case(source + 3, &description, err);
    else
        return rg_fail(err, RG_USAGE, "a source is suite:NAME, op:CASE or file:PATH",
                       "unknown source '%s'", source);
    if (status == RG_OK)
        status = make_once(description, precision, arena, ret_path, err);
    json_decref(description);
    return status;
}
