/* workload.c: sources, and the model without operators. */
#include "bench/run/workload.h"

#include <stdlib.h>
#include <string.h>

#include "bench/core/fs.h"
#include "bench/run/materialise.h"

enum { MAX_EMPTY_BYTES = 1 << 28 };
#define MAX_ARTEFACT_BYTES ((size_t)4 << 30)

static bool starts_with(const char *text, const char *head) {
    return !strncmp(text, head, strlen(head));
}

rg_status rg_workload_resolve(const char *source, const char *precision, rg_arena *arena,
                              const char **ret_path, rg_err *err) {
    if (!starts_with(source, "empty:") && !starts_with(source, "file:empty:"))
        return rg_materialise(source, precision, arena, ret_path, err);
    const char *path = rg_arena_strdup(arena, strstr(source, "empty:"));
    if (!path)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    *ret_path = path;
    return RG_OK;
}

const char *rg_weights_word(const char *source) {
    static const struct {
        const char *head, *word;
    } rows[] = {{"empty:", "none"},
                {"file:empty:", "none"},
                {"file:", "trained"},
                {"suite:", "seeded"},
                {"op:", "seeded"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (starts_with(source, rows[i].head))
            return rows[i].word;
    }
    return "";
}

/* One tensor of int8, at once input and output. */
static rg_graph *empty_graph(int32_t bytes) {
    rg_graph *graph = rg_graph_new(0);
    int32_t *number = graph ? rg_arena_alloc(graph->arena, sizeof *number) : NULL;
    rg_tensor *tensor = number ? rg_arena_alloc(graph->arena, sizeof *tensor) : NULL;
    if (!tensor) {
        rg_graph_free(graph);
        return NULL;
    }
    graph->name = "empty";
    graph->description = "hands its input through";
    graph->format = "empty";
    *tensor = (rg_tensor){
        .name = "data", .dtype = RG_DTYPE_INT8, .shape = {1, {bytes}}, .bytes = (size_t)bytes};
    graph->tensors = tensor;
    graph->n_tensors = graph->n_in = graph->n_out = 1;
    graph->in = graph->out = number;
    return graph;
}

static rg_status open_empty(const char *path, rg_loaded *loaded, rg_err *err) {
    char *end;
    long bytes = strtol(path + 6, &end, 10);
    if (*end || end == path + 6 || bytes < 1 || bytes > MAX_EMPTY_BYTES)
        return rg_fail(err, RG_USAGE, "empty:64, say", "'%s' is no number of bytes", path + 6);
    loaded->made = empty_graph((int32_t)bytes);
    if (!loaded->made)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    rg_hash_bytes(path, strlen(path), loaded->sha256);
    loaded->format = "empty";
    loaded->workload = (rg_workload){.graph = loaded->made, .path = path};
    return RG_OK;
}

rg_workload rg_workload_of(const rg_model *model) {
    return (rg_workload){.name = model->graph->name,
                         .graph = model->graph,
                         .path = model->path,
                         .data = model->data,
                         .bytes = model->bytes,
                         .sha256 = model->sha256,
                         .form = model->reader->name,
                         .source_path = model->path,
                         .source_sha256 = model->sha256};
}

rg_status rg_loaded_open(const char *name, const char *path, rg_loaded *ret_loaded, rg_err *err) {
    *ret_loaded = (rg_loaded){0};
    rg_status status;
    if (starts_with(path, "empty:")) {
        status = open_empty(path, ret_loaded, err);
    } else {
        status = rg_model_load(path, NULL, &ret_loaded->model, err);
        rg_model *model = ret_loaded->model;
        if (status == RG_OK) {
            memcpy(ret_loaded->sha256, model->sha256, sizeof model->sha256);
            ret_loaded->format = model->reader->name;
            ret_loaded->workload = rg_workload_of(model);
            ret_loaded->workload.path = path;
        }
    }
    rg_workload *workload = &ret_loaded->workload;
    workload->name = name;
    workload->sha256 = workload->source_sha256 = ret_loaded->sha256;
    workload->form = ret_loaded->format;
    workload->source_path = workload->path;
    return status;
}

rg_status rg_loaded_artefact(rg_loaded *loaded, const char *path, const char *form,
                             const char *sha256, rg_err *err) {
    rg_arena *arena = rg_arena_new(0);
    char *data = NULL;
    size_t bytes = 0;
    rg_status status = arena ? rg_fs_read(arena, path, MAX_ARTEFACT_BYTES, &data, &bytes, err)
                             : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    if (status != RG_OK) {
        rg_arena_free(arena);
        return status;
    }
    rg_arena_free(loaded->artefact);
    loaded->artefact = arena;
    rg_workload *workload = &loaded->workload;
    workload->path = path;
    workload->form = form;
    workload->sha256 = sha256;
    workload->data = data;
    workload->bytes = bytes;
    return RG_OK;
}

void rg_loaded_close(rg_loaded *loaded) {
    if (!loaded)
        return;
    rg_model_close(loaded->model);
    rg_graph_free(loaded->made);
    rg_arena_free(loaded->artefact);
    *loaded = (rg_loaded){0};
}
