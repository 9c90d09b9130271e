/* model.c: reads a model file and hands it to the reader that recognises it. */
#include "bench/run/model.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/core/magic.h"
#include "bench/iface/registry.h"
#include "bench/run/settle.h"

static rg_status open_error(const char *path, rg_err *err) {
    int code = errno;
    const char *why = strerror(code);
    if (code == ENOENT || code == ENOTDIR)
        return rg_fail(err, RG_ABSENT, "check the path; `ls` its folder", "no model file at %s",
                       path);
    if (code == EACCES || code == EPERM)
        return rg_fail(err, RG_DENIED, "check the file's permissions with `ls -l`",
                       "cannot open %s: %s", path, why);
    return rg_fail(err, RG_IO, "check the path", "cannot open %s: %s", path, why);
}

/* Refuses what is no regular file, is empty or exceeds the limit, before anything is read. */
static rg_status check_file(int fd, const char *path, size_t limit_bytes, size_t *ret_bytes,
                            rg_err *err) {
    struct stat info;
    if (fstat(fd, &info) < 0)
        return rg_fail(err, RG_IO, NULL, "cannot examine %s: %s", path, strerror(errno));
    if (!S_ISREG(info.st_mode))
        return rg_fail(err, RG_IO, "give a model file", "%s is %s", path,
                       S_ISDIR(info.st_mode) ? "a folder" : "not a regular file");
    if (info.st_size == 0)
        return rg_fail(err, RG_BAD_DATA, "copy or download it again", "%s is empty", path);
    if ((uint64_t)info.st_size > limit_bytes)
        return rg_fail(err, RG_NO_MEMORY, "give a smaller model",
                       "%s has %lld bytes, more than the limit of %zu", path,
                       (long long)info.st_size, limit_bytes);
    *ret_bytes = (size_t)info.st_size;
    return RG_OK;
}

/* Into memory of our own: a mapped file that somebody cuts short would end the program. */
static rg_status read_all(int fd, rg_model *model, size_t bytes, rg_err *err) {
    enum { ALIGN = 64 };
    unsigned char *data = aligned_alloc(ALIGN, (bytes + ALIGN - 1) / ALIGN * ALIGN);
    if (!data)
        return rg_fail(err, RG_NO_MEMORY, "close other programs",
                       "no memory for the %zu bytes of %s", bytes, model->path);
    model->data = data;
    model->bytes = bytes;
    for (size_t used = 0; used < bytes;) {
        ssize_t n = read(fd, data + used, bytes - used);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return rg_fail(err, RG_IO, "check the disk", "cannot read %s: %s", model->path,
                           strerror(errno));
        if (n == 0)
            return rg_fail(err, RG_IO, "try again when it has been written",
                           "%s became shorter while it was read", model->path);
        used += (size_t)n;
    }
    return RG_OK;
}

static rg_status read_file(rg_model *model, size_t limit_bytes, rg_err *err) {
    int fd = open(model->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return open_error(model->path, err);
    size_t bytes = 0;
    rg_status status = check_file(fd, model->path, limit_bytes, &bytes, err);
    if (status == RG_OK)
        status = read_all(fd, model, bytes, err);
    close(fd);
    return status;
}

/* What the graph is called: the path's last part. */
static const char *base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash && slash[1] ? slash + 1 : path;
}

/* The reader of files that end as this one does; NULL: none. */
static const rg_reader *reader_by_name(const char *path) {
    size_t n = strlen(path);
    for (size_t i = 0; rg_readers[i]; i++) {
        size_t end = strlen(rg_readers[i]->extension);
        if (n > end && !strcasecmp(path + n - end, rg_readers[i]->extension))
            return rg_readers[i];
    }
    return NULL;
}

/* "give a .tflite or .onnx model; if this is one, it is damaged" */
static void advise_formats(char *ret, size_t cap) {
    size_t used = (size_t)snprintf(ret, cap, "give a ");
    for (size_t i = 0; rg_readers[i] && used < cap; i++)
        used += (size_t)snprintf(ret + used, cap - used, "%s%s", i ? " or " : "",
                                 rg_readers[i]->extension);
    if (used < cap)
        snprintf(ret + used, cap - used, " model; if this is one, it is damaged");
}

/* Words for a file that no reader recognises; the one whose name it bears may know what it lacks.
 */
static rg_status unknown_format(const rg_model *model, const rg_model_limits *limits, rg_err *err) {
    const rg_magic *magic = rg_magic_of(model->data, model->bytes);
    const rg_reader *named = reader_by_name(model->path);
    rg_graph *graph = NULL;
    char advice[160];
    if (magic)
        return rg_fail(err, RG_BAD_DATA, magic->advice, "%s is %s", model->path, magic->what);
    if (named && named->read(model->data, model->bytes, base_name(model->path), limits, &graph,
                             err) != RG_OK)
        return RG_BAD_DATA;
    rg_graph_free(graph);
    advise_formats(advice, sizeof advice);
    return rg_fail(err, RG_BAD_DATA, advice, "%s is in no model format that this build reads",
                   model->path);
}

rg_status rg_model_limits_get(rg_model_limits *ret_limits, rg_err *err) {
    enum { LEAST_GRAPH = 64 << 20 };
    rg_model_limits limits = rg_model_limits_default;
    unsigned long long bytes = 0, tensors = 0, nodes = 0;
    const char *text = getenv(RG_MODEL_LIMITS_VARIABLE);
    if (text && *text && sscanf(text, "%llu %llu %llu", &bytes, &tensors, &nodes) != 3)
        return rg_fail(err, RG_USAGE, "give BYTES TENSORS NODES", "%s is '%s'",
                       RG_MODEL_LIMITS_VARIABLE, text);
    if (bytes) {
        limits.file_bytes = bytes < SIZE_MAX / 4 ? (size_t)bytes : SIZE_MAX / 4;
        limits.graph_bytes = 2 * limits.file_bytes + LEAST_GRAPH;
    }
    if (tensors)
        limits.tensors = tensors < UINT32_MAX / 4 ? (uint32_t)tensors : UINT32_MAX / 4;
    if (nodes)
        limits.nodes = nodes < UINT32_MAX / 4 ? (uint32_t)nodes : UINT32_MAX / 4;
    *ret_limits = limits;
    return RG_OK;
}

rg_status rg_model_load(const char *path, const rg_model_limits *limits, rg_model **ret_model,
                        rg_err *err) {
    rg_model_limits usual;
    if (!limits) {
        rg_status found = rg_model_limits_get(&usual, err);
        if (found != RG_OK)
            return found;
        limits = &usual;
    }
    rg_model *model = calloc(1, sizeof *model);
    if (!model || !(model->path = strdup(path))) {
        free(model);
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory loading %s", path);
    }
    rg_status status = read_file(model, limits->file_bytes, err);
    if (status != RG_OK)
        goto fail;
    model->reader = rg_reader_for(model->data, model->bytes);
    if (!model->reader) {
        status = unknown_format(model, limits, err);
        goto fail;
    }
    status =
        model->reader->read(model->data, model->bytes, base_name(path), limits, &model->graph, err);
    if (status == RG_OK)
        status = rg_graph_settle(model->graph, limits->graph_bytes, err);
    if (status != RG_OK)
        goto fail;
    rg_hash_bytes(model->data, model->bytes, model->sha256);
    *ret_model = model;
    return RG_OK;
fail:
    rg_model_close(model);
    return status;
}

void rg_model_close(rg_model *model) {
    if (!model)
        return;
    rg_graph_free(model->graph);
    free((void *)(uintptr_t)model->data);
    free(model->path);
    free(model);
}
