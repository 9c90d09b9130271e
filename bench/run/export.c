/* export.c: graph -> writer -> file, and what the manifest says of it. */
#include "bench/run/export.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/core/arena.h"
#include "bench/core/fs.h"
#include "bench/core/hash.h"
#include "bench/core/json.h"
#include "bench/core/npy.h"
#include "bench/run/materialise.h"
#include "bench/run/network.h"
#include "bench/run/suite.h"

typedef struct job {
    const json_t *description;
    const rg_export_ask *ask;
    rg_arena *arena;
    const char *name;
    json_t *entry, *files;
} job;

/* Writes FOLDER/RELATIVE and adds its name, size and hash to `row`. */
static rg_status put_file(job *j, const char *relative, const rg_text *bytes, json_t *row,
                          rg_err *err) {
    const char *path = rg_fs_join(j->arena, j->ask->folder, relative);
    if (bytes->failed || !path || !row)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory exporting %s", j->name);
    rg_status status = rg_fs_write_atomic(path, bytes->data, bytes->bytes, err);
    if (status != RG_OK)
        return status;
    char hex[RG_HASH_HEX];
    rg_hash_bytes(bytes->data, bytes->bytes, hex);
    json_object_set_new(row, "file", json_string(relative));
    json_object_set_new(row, "bytes", json_integer((json_int_t)bytes->bytes));
    json_object_set_new(row, "sha256", json_string(hex));
    return RG_OK;
}

/* --- models ----------------------------------------------------------------------------------- */

static json_t *tensor_json(const rg_tensor *t) {
    json_t *row =
        json_pack("{s:s, s:s, s:[]}", "name", t->name, "type", rg_dtype_word(t->dtype), "shape");
    for (uint32_t i = 0; i < t->shape.rank; i++)
        json_array_append_new(json_object_get(row, "shape"), json_integer(t->shape.dim[i]));
    if (t->quant.n == 1) {
        json_object_set_new(row, "scale", json_real((double)t->quant.scale[0]));
        json_object_set_new(row, "zero_point", json_integer(t->quant.zero_point[0]));
    }
    return row;
}

static json_t *tensors_json(const rg_graph *graph, const int32_t *numbers, uint32_t n) {
    json_t *list = json_array();
    for (uint32_t i = 0; i < n; i++)
        json_array_append_new(list, tensor_json(&graph->tensors[numbers[i]]));
    return list;
}

static rg_status write_form(job *j, const rg_graph *graph, const char *form,
                            const rg_writer *writer, rg_err *err) {
    rg_text bytes = {0};
    rg_err why = RG_ERR_INIT;
    json_t *row = json_pack("{s:s, s:s}", "form", form, "format", writer->name);
    rg_status status = writer->write(graph, &bytes, &why);
    if (status == RG_UNSUPPORTED) {
        json_object_set_new(row, "refused", json_string(why.what));
        status = RG_OK;
    } else if (status == RG_OK) {
        char name[256];
        snprintf(name, sizeof name, "%s-%s%s", j->name, form, writer->extension);
        status = put_file(j, name, &bytes, row, err);
    } else if (err) {
        *err = why;
    }
    rg_text_free(&bytes);
    json_array_append_new(j->files, row);
    return status;
}

static rg_status export_form(job *j, const char *form, rg_err *err) {
    rg_graph *graph;
    rg_status status = rg_suite_graph(j->description, form, &graph, err);
    if (status != RG_OK)
        return status;
    size_t before = json_array_size(j->files);
    for (size_t i = 0; status == RG_OK && i < j->ask->n_writers; i++)
        status = write_form(j, graph, form, j->ask->writers[i], err);
    for (size_t i = before; status == RG_OK && i < json_array_size(j->files); i++) {
        json_t *row = json_array_get(j->files, i);
        json_object_set_new(row, "inputs", tensors_json(graph, graph->in, graph->n_in));
        json_object_set_new(row, "outputs", tensors_json(graph, graph->out, graph->n_out));
    }
    rg_graph_free(graph);
    return status;
}

/* --- inputs ----------------------------------------------------------------------------------- */

/* The shape of all samples of an input: a leading axis of samples. */
static rg_status set_shape(const job *j, const rg_tensor *t, rg_shape *ret, rg_err *err) {
    *ret = (rg_shape){t->shape.rank + 1, {(int32_t)j->ask->input_set}};
    if (ret->rank > RG_MAX_RANK)
        return rg_fail(err, RG_UNSUPPORTED, "--input-set 0", "%s has an input of too many axes",
                       j->name);
    memcpy(ret->dim + 1, t->shape.dim, t->shape.rank * sizeof ret->dim[0]);
    return RG_OK;
}

/* Samples, one after the other into the file, so that no set is too large for the memory. Each has
 * a seed of its own: a smaller set is the beginning of a larger one. */
static bool write_samples(const job *j, const rg_network *net, uint32_t index, void *sample,
                          FILE *file) {
    const rg_tensor *t = &net->graph->tensors[net->graph->in[index]];
    const rg_tensor_role *role = &net->roles[net->graph->in[index]];
    for (uint32_t s = 0; s < j->ask->input_set; s++) {
        rg_rng rng = rg_rng_seeded(net->seed * 1000003 + s * 64 + index);
        rg_input_fill(t, role->low, role->high, &rng, sample);
        if (fwrite(sample, 1, t->bytes, file) != t->bytes)
            return false;
    }
    return true;
}

/* Header and samples at a path. What is not finished is removed. */
static rg_status write_set(const job *j, const rg_network *net, uint32_t index, const char *path,
                           rg_err *err) {
    const rg_tensor *t = &net->graph->tensors[net->graph->in[index]];
    rg_shape shape;
    rg_text head = {0};
    void *sample = malloc(t->bytes + 1);
    rg_status status = sample ? set_shape(j, t, &shape, err)
                              : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory for inputs");
    if (status == RG_OK)
        status = rg_npy_write_header(t->dtype, &shape, &head, err);
    FILE *file = status == RG_OK ? fopen(path, "wbe") : NULL;
    bool good = file && fwrite(head.data, 1, head.bytes, file) == head.bytes &&
                write_samples(j, net, index, sample, file);
    if (file && (fflush(file) || fsync(fileno(file))))
        good = false;
    int code = errno;
    if (file && fclose(file))
        good = false;
    if (status == RG_OK && !good) {
        unlink(path);
        status = rg_fail(err, RG_IO, "check the space and the permissions of the folder",
                         "cannot write %s: %s", path, strerror(code));
    }
    rg_text_free(&head);
    free(sample);
    return status;
}

/* Name, size and hash of the file that was written to a temporary name, moved to its own. */
static rg_status settle_set(const char *temporary, const char *path, const char *relative,
                            json_t *row, rg_err *err) {
    char hex[RG_HASH_HEX];
    struct stat info;
    rg_status status = rg_hash_file(temporary, hex, err);
    if (status == RG_OK && (stat(temporary, &info) || rename(temporary, path)))
        status = rg_fail(err, RG_IO, "check the permissions of the folder", "cannot write %s: %s",
                         path, strerror(errno));
    if (status != RG_OK) {
        unlink(temporary);
        return status;
    }
    json_object_set_new(row, "file", json_string(relative));
    json_object_set_new(row, "bytes", json_integer((json_int_t)info.st_size));
    json_object_set_new(row, "sha256", json_string(hex));
    return RG_OK;
}

/* One input, all samples. The row's shape is the file's. */
static rg_status write_input(job *j, const rg_network *net, uint32_t index, json_t *row,
                             rg_err *err) {
    const rg_tensor_role *role = &net->roles[net->graph->in[index]];
    char name[256];
    snprintf(name, sizeof name, "inputs/%s-%u.npy", j->name, index);
    const char *path = rg_fs_join(j->arena, j->ask->folder, name);
    const char *temporary = path ? rg_arena_printf(j->arena, "%s.tmp", path) : NULL;
    if (!temporary || !row)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory exporting %s", j->name);
    json_array_insert_new(json_object_get(row, "shape"), 0,
                          json_integer((json_int_t)j->ask->input_set));
    json_object_set_new(row, "low", json_real(role->low));
    json_object_set_new(row, "high", json_real(role->high));
    rg_status status = write_set(j, net, index, temporary, err);
    return status == RG_OK ? settle_set(temporary, path, name, row, err) : status;
}

static rg_status export_inputs(job *j, rg_err *err) {
    rg_network *net;
    rg_status status = rg_network_sketch(j->description, &net, err);
    if (status != RG_OK)
        return status;
    char *folder = rg_fs_join(j->arena, j->ask->folder, "inputs");
    json_t *inputs = json_array();
    status = folder ? rg_fs_mkdirs(folder, err) : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    for (uint32_t i = 0; status == RG_OK && i < net->graph->n_in; i++) {
        json_t *row = tensor_json(&net->graph->tensors[net->graph->in[i]]);
        status = write_input(j, net, i, row, err);
        json_array_append_new(inputs, row);
    }
    json_object_set_new(j->entry, "input_set", inputs);
    rg_network_free(net);
    return status;
}

/* --- the whole -------------------------------------------------------------------------------- */

static rg_status begin(job *j, rg_err *err) {
    rg_suite_facts facts;
    rg_status status = rg_suite_count(j->description, &facts, err);
    if (status != RG_OK)
        return status;
    j->name = rg_json_get_text(j->description, "name", "model");
    j->files = json_array();
    j->entry = json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:O*, s:o}", "name", j->name, "summary",
                         rg_json_get_text(j->description, "summary", ""), "macs",
                         (json_int_t)facts.work.macs, "parameters", (json_int_t)facts.parameters,
                         "activation_bytes", (json_int_t)facts.activation_bytes, "seed",
                         (json_int_t)rg_json_get_int(j->description, "seed", 1), "published",
                         json_object_get(j->description, "published"), "files", j->files);
    return j->entry ? RG_OK : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
}

static rg_status export_forms(job *j, rg_err *err) {
    const json_t *own = rg_suite_forms(j->description);
    rg_status status = RG_OK;
    for (size_t i = 0; status == RG_OK && i < j->ask->n_forms; i++)
        status = export_form(j, j->ask->forms[i], err);
    if (j->ask->n_forms == 0 && json_array_size(own) == 0)
        status = export_form(j, "int8", err);
    for (size_t i = 0; status == RG_OK && j->ask->n_forms == 0 && i < json_array_size(own); i++)
        status = export_form(j, json_string_value(json_array_get(own, i)), err);
    return status;
}

rg_status rg_export_model(const json_t *description, const rg_export_ask *ask, json_t **ret_entry,
                          rg_err *err) {
    job j = {.description = description, .ask = ask, .arena = rg_arena_new(0)};
    rg_status status =
        j.arena ? begin(&j, err) : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory exporting");
    if (status == RG_OK)
        status = export_forms(&j, err);
    if (status == RG_OK && ask->input_set)
        status = export_inputs(&j, err);
    rg_arena_free(j.arena);
    if (status == RG_OK)
        *ret_entry = j.entry;
    else
        json_decref(j.entry);
    return status;
}
