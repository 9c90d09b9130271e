/* inputs.c: seeded, zero and given inputs. Given ones are read as datasets of one file or many
 * (dataset.h). */
#include "bench/run/inputs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/fs.h"
#include "bench/iface/target.h"
#include "bench/run/dataset.h"

static void fill_zero(const rg_tensor *tensor, void *data) {
    memset(data, 0, tensor->bytes);
    if (tensor->quant.n == 1 && (tensor->dtype == RG_DTYPE_INT8 || tensor->dtype == RG_DTYPE_UINT8))
        memset(data, tensor->quant.zero_point[0], tensor->bytes);
}

uint32_t rg_inputs_repeat(const rg_graph *graph, uint32_t batch) {
    const rg_tensor *first = graph->n_in ? &graph->tensors[graph->in[0]] : NULL;
    if (batch > 1 && first && first->shape.rank && first->shape.dim[0] == (int64_t)batch)
        return 1;
    return batch ? batch : 1;
}

rg_input_set rg_inputs_of(const rg_cell *cell, const rg_graph *graph, uint32_t batch) {
    return (rg_input_set){.kind = cell->inputs,
                          .seed = cell->seed,
                          .repeat = rg_inputs_repeat(graph, batch),
                          .files = cell->input_files};
}

/* --- files ------------------------------------------------------------------------------------ */

/* A dataset of one file; raw elements are of the input's own type. */
static rg_status one_file(const char *folder, const char *file, rg_dtype dtype,
                          rg_dataset **ret_dataset, rg_err *err) {
    rg_arena *arena = rg_arena_new(0);
    rg_dataset *d = arena ? rg_arena_alloc(arena, sizeof *d) : NULL;
    rg_dataset_sample *sample = d ? rg_arena_alloc(arena, sizeof *sample) : NULL;
    const char *where = sample ? rg_arena_strdup(arena, folder) : NULL;
    const char *name = where ? rg_arena_strdup(arena, file) : NULL;
    if (!name) {
        rg_arena_free(arena);
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory for inputs");
    }
    *sample = (rg_dataset_sample){.file = name};
    *d = (rg_dataset){.arena = arena, .folder = where, .summary = "", .typed = true};
    d->dtype = dtype;
    d->scale = 1;
    d->samples = sample;
    d->n_samples = 1;
    *ret_dataset = d;
    return RG_OK;
}

static bool lies_in(rg_arena *arena, const char *folder, const char *file) {
    const char *path = rg_fs_join(arena, folder, file);
    return path && rg_fs_exists(path);
}

static rg_status for_one_input(const rg_graph *graph, const char *what, rg_err *err) {
    return graph->n_in == 1
               ? RG_OK
               : rg_fail(err, RG_USAGE, "a folder with 0.npy or 0.bin, and so on",
                         "%s is for models with one input, this has %u", what, graph->n_in);
}

/* N.npy, else N.bin, of a folder. */
static rg_status open_numbered(const rg_graph *graph, uint32_t i, const char *folder,
                               rg_arena *arena, rg_dataset **ret, rg_err *err) {
    static const char *const endings[] = {"npy", "bin"};
    for (size_t e = 0; e < 2; e++) {
        char file[32];
        snprintf(file, sizeof file, "%u.%s", i, endings[e]);
        if (lies_in(arena, folder, file))
            return one_file(folder, file, graph->tensors[graph->in[i]].dtype, ret, err);
    }
    return rg_fail(err, RG_USAGE, "name each input's file by its number, or add labels.tsv",
                   "%s has neither %u.npy nor %u.bin for input %u (%s), nor labels.tsv", folder, i,
                   i, i, graph->tensors[graph->in[i]].name);
}

static rg_status open_file(const rg_graph *graph, const char *path, rg_arena *arena,
                           rg_dataset **ret, rg_err *err) {
    const char *slash = strrchr(path, '/');
    const char *folder = slash ? rg_arena_printf(arena, "%.*s/", (int)(slash - path), path) : ".";
    rg_status status = folder ? for_one_input(graph, "a file", err)
                              : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory for inputs");
    return status == RG_OK ? one_file(folder, slash ? slash + 1 : path,
                                      graph->tensors[graph->in[0]].dtype, ret, err)
                           : status;
}

static rg_status open_files(const rg_graph *graph, uint32_t i, const char *path, rg_dataset **ret,
                            rg_err *err) {
    rg_arena *arena = rg_arena_new(0);
    rg_status status;
    if (!arena)
        status = rg_fail(err, RG_NO_MEMORY, NULL, "out of memory for inputs");
    else if (!path || !rg_fs_exists(path))
        status = rg_fail(err, RG_IO, "check the path: input_files of the cell",
                         "there is no file or folder %s with inputs", path ? path : "");
    else if (!rg_fs_is_dir(path))
        status = open_file(graph, path, arena, ret, err);
    else if (!lies_in(arena, path, "labels.tsv"))
        status = open_numbered(graph, i, path, arena, ret, err);
    else if ((status = for_one_input(graph, "a folder with labels.tsv", err)) == RG_OK)
        status = rg_dataset_open(path, ret, err);
    rg_arena_free(arena);
    return status;
}

static rg_status put_sample(const rg_dataset *d, const rg_dataset_sample *sample,
                            const rg_tensor *tensor, void *data, rg_err *err) {
    rg_sample_data read = {0};
    size_t windows;
    rg_status status = rg_dataset_read(d, sample, &read, err);
    if (status != RG_OK)
        return status; /* names the file */
    status = rg_sample_windows(d, &read, tensor, &windows, err);
    if (status == RG_OK)
        status = rg_sample_put(d, &read, 0, tensor, data, err);
    if (status != RG_OK)
        rg_err_prefix(err, "%s/%s", d->folder, sample->file);
    rg_sample_free(&read);
    return status;
}

static rg_status fill_real(const rg_graph *graph, uint32_t i, const rg_input_set *set, char *data,
                           rg_err *err) {
    const rg_tensor *tensor = &graph->tensors[graph->in[i]];
    rg_dataset *d = NULL;
    rg_status status = open_files(graph, i, set->files, &d, err);
    for (uint32_t b = 0; status == RG_OK && b < set->repeat; b++)
        status =
            put_sample(d, &d->samples[b % d->n_samples], tensor, data + b * tensor->bytes, err);
    rg_dataset_close(d);
    return status;
}

/* --- all kinds -------------------------------------------------------------------------------- */

static void fill_made(const rg_tensor *tensor, uint32_t i, const rg_input_set *set, char *data) {
    rg_rng rng = rg_rng_seeded(set->seed + i);
    for (uint32_t b = 0; b < set->repeat; b++) {
        if (!strcmp(set->kind, "random"))
            rg_tensor_fill(tensor, &rng, data + b * tensor->bytes);
        else
            fill_zero(tensor, data + b * tensor->bytes);
    }
}

rg_status rg_inputs_fill(const rg_graph *graph, uint32_t i, const rg_input_set *set, void *data,
                         size_t bytes, rg_err *err) {
    const rg_tensor *tensor = &graph->tensors[graph->in[i]];
    bool real = !strcmp(set->kind, "real");
    if (!real && strcmp(set->kind, "random") != 0 && strcmp(set->kind, "zero") != 0)
        return rg_fail(err, RG_USAGE, "random, zero or real", "there are no inputs '%s'",
                       set->kind);
    if (bytes != set->repeat * tensor->bytes)
        return rg_fail(err, RG_UNSUPPORTED, "give the artefact that was made from this model",
                       "input %u takes %zu bytes on the target, %zu in the model", i, bytes,
                       set->repeat * tensor->bytes);
    if (real)
        return fill_real(graph, i, set, data, err);
    fill_made(tensor, i, set, data);
    return RG_OK;
}

static rg_status hash_one(const rg_graph *graph, uint32_t i, const rg_input_set *set,
                          char ret_hex[RG_HASH_HEX], rg_err *err) {
    size_t bytes = set->repeat * graph->tensors[graph->in[i]].bytes;
    char *data = malloc(bytes + 1);
    rg_status status = data ? rg_inputs_fill(graph, i, set, data, bytes, err)
                            : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory for inputs");
    if (status == RG_OK)
        rg_hash_bytes(data, bytes, ret_hex);
    free(data);
    return status;
}

rg_status rg_inputs_hash(const rg_graph *graph, const rg_input_set *set, char ret_hex[RG_HASH_HEX],
                         rg_err *err) {
    char all[RG_MAX_IO * RG_HASH_HEX];
    size_t n = graph->n_in, digits = RG_HASH_HEX - 1;
    if (n > RG_MAX_IO)
        return rg_fail(err, RG_UNSUPPORTED, NULL, "more than %d inputs", RG_MAX_IO);
    rg_status status = RG_OK;
    for (uint32_t i = 0; status == RG_OK && i < n; i++)
        status = hash_one(graph, i, set, all + i * digits, err);
    if (status == RG_OK && n == 1)
        memcpy(ret_hex, all, RG_HASH_HEX);
    else if (status == RG_OK)
        rg_hash_bytes(all, n * digits, ret_hex);
    return status;
}
