/* infer_inputs.c: what `railgauge infer` feeds: raw or .npy files, or the seeded generator.
 * infer_io.c tells of it afterwards. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/cmd/infer_io.h"
#include "bench/core/fs.h"
#include "bench/core/npy.h"

/* Of all inputs together, as much as the executor takes for what it computes. */
static const size_t most_input_bytes = (size_t)2 << 30;

/* --- which ------------------------------------------------------------------------------------ */

/* "2=in.bin" into 2 and "in.bin". */
static rg_status split_option(const rg_graph *graph, const char *value, uint32_t *ret_index,
                              const char **ret_path, rg_err *err) {
    char *end;
    errno = 0;
    unsigned long index = strtoul(value, &end, 10);
    if (*value < '0' || *value > '9' || *end != '=' || !end[1] || errno)
        return rg_fail(err, RG_USAGE, "--input 0=FILE", "'%s' is no INDEX=FILE", value);
    if (index >= graph->n_in)
        return rg_fail(err, RG_USAGE, "indices count from 0", "there is no input %lu: %s has %u",
                       index, graph->name, graph->n_in);
    *ret_index = (uint32_t)index;
    *ret_path = end + 1;
    return RG_OK;
}

static rg_status missing_input(const rg_graph *graph, uint32_t index, rg_err *err) {
    const rg_tensor *tensor = &graph->tensors[graph->in[index]];
    char shape[96], advice[160];
    rg_shape_text(&tensor->shape, shape, sizeof shape);
    snprintf(advice, sizeof advice, "--input %u=FILE with %zu bytes, or --fill splitmix64", index,
             tensor->bytes);
    return rg_fail(err, RG_USAGE, advice, "input %u (%s, %s %s) is not given", index, tensor->name,
                   shape, rg_dtype_word(tensor->dtype));
}

rg_status rg_infer_choose(const rg_graph *graph, const rg_args *args, bool fill,
                          const char **ret_paths, rg_err *err) {
    rg_status status = RG_OK;
    for (size_t i = 0; status == RG_OK && i < args->n_given; i++) {
        uint32_t index = 0;
        const char *path = "";
        if (strcmp(args->given[i].key, "input"))
            continue;
        status = split_option(graph, args->given[i].value, &index, &path, err);
        if (status == RG_OK && ret_paths[index])
            status = rg_fail(err, RG_USAGE, NULL, "input %u is given twice", index);
        if (status == RG_OK)
            ret_paths[index] = path;
    }
    for (uint32_t i = 0; status == RG_OK && !fill && i < graph->n_in; i++) {
        if (!ret_paths[i])
            status = missing_input(graph, i, err);
    }
    return status;
}

/* --- contents --------------------------------------------------------------------------------- */

/* Whether a regular file begins as .npy files do; raw elements that begin so are not told apart. */
static rg_status sniff(const char *path, bool *ret_npy, rg_err *err) {
    char head[16];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    ssize_t n = fd < 0 ? -1 : read(fd, head, sizeof head);
    if (n < 0)
        rg_fail(err, RG_IO, "check the path and its permissions", "cannot read %s: %s", path,
                strerror(errno));
    if (fd >= 0)
        close(fd);
    *ret_npy = n > 0 && rg_npy_sniff(head, (size_t)n);
    return n < 0 ? RG_IO : RG_OK;
}

/* Type and shape as the tensor has them. */
static rg_status check_npy(const rg_tensor *tensor, const rg_npy *npy, rg_err *err) {
    char want[96], got[96];
    rg_shape_text(&tensor->shape, want, sizeof want);
    rg_shape_text(&npy->shape, got, sizeof got);
    if (npy->dtype == tensor->dtype && rg_shape_equal(&npy->shape, &tensor->shape))
        return RG_OK;
    return rg_fail(err, RG_BAD_DATA, "bring it into form with numpy's astype and reshape",
                   "it holds %s %s, the input %s is %s %s", got, rg_dtype_word(npy->dtype),
                   tensor->name, want, rg_dtype_word(tensor->dtype));
}

/* The elements are copied to where any type may stand. */
static rg_status read_npy(const rg_tensor *tensor, const char *path, rg_arena *arena,
                          void **ret_data, rg_err *err) {
    char *data;
    size_t bytes;
    rg_npy npy;
    rg_status status =
        rg_fs_read(arena, path, tensor->bytes + RG_NPY_MAX_HEADER + 16, &data, &bytes, err);
    if (status != RG_OK)
        return status; /* names the file */
    status = rg_npy_read(data, bytes, &npy, err);
    if (status == RG_OK)
        status = check_npy(tensor, &npy, err);
    if (status != RG_OK) {
        rg_err_prefix(err, "%s", path);
        return status;
    }
    *ret_data = rg_arena_alloc(arena, tensor->bytes + 1);
    if (!*ret_data)
        return rg_fail(err, RG_NO_MEMORY, NULL, "no memory for %s", path);
    memcpy(*ret_data, data + npy.offset, tensor->bytes);
    return RG_OK;
}

static rg_status wrong_size(const rg_graph *graph, uint32_t index, const char *path,
                            long long bytes, rg_err *err) {
    const rg_tensor *tensor = &graph->tensors[graph->in[index]];
    char shape[96];
    rg_shape_text(&tensor->shape, shape, sizeof shape);
    return rg_fail(err, RG_BAD_DATA, "raw little-endian elements without a header, or a .npy file",
                   "%s has %lld bytes, input %u (%s) is %s %s and takes %zu", path, bytes, index,
                   tensor->name, shape, rg_dtype_word(tensor->dtype), tensor->bytes);
}

static rg_status read_input(const rg_graph *graph, uint32_t index, const char *path,
                            rg_arena *arena, void **ret_data, rg_err *err) {
    const rg_tensor *tensor = &graph->tensors[graph->in[index]];
    struct stat info;
    bool npy = false;
    char *data;
    size_t bytes;
    if (stat(path, &info) < 0)
        return rg_fail(err, RG_IO, "check the path", "cannot read %s: %s", path, strerror(errno));
    rg_status status = S_ISREG(info.st_mode) ? sniff(path, &npy, err) : RG_OK;
    if (status == RG_OK && npy)
        return read_npy(tensor, path, arena, ret_data, err);
    if (status == RG_OK && S_ISREG(info.st_mode) && (uint64_t)info.st_size != tensor->bytes)
        status = wrong_size(graph, index, path, (long long)info.st_size, err);
    if (status == RG_OK)
        status = rg_fs_read(arena, path, tensor->bytes, &data, &bytes, err);
    if (status == RG_OK && bytes != tensor->bytes)
        status = rg_fail(err, RG_IO, "try again when it has been written",
                         "%s became shorter while it was read", path);
    if (status == RG_OK)
        *ret_data = data;
    return status;
}

static rg_status fill_input(const rg_graph *graph, uint32_t index, uint64_t seed, rg_arena *arena,
                            void **ret_data, rg_err *err) {
    const rg_tensor *tensor = &graph->tensors[graph->in[index]];
    *ret_data = rg_arena_alloc(arena, tensor->bytes + 1);
    if (!*ret_data)
        return rg_fail(err, RG_NO_MEMORY, NULL, "no memory for input %u", index);
    rg_rng rng = rg_rng_seeded(seed + index);
    rg_tensor_fill(tensor, &rng, *ret_data);
    return RG_OK;
}

static rg_status check_bytes(const rg_graph *graph, rg_err *err) {
    size_t left = most_input_bytes;
    for (uint32_t i = 0; i < graph->n_in; i++) {
        size_t bytes = graph->tensors[graph->in[i]].bytes;
        if (bytes > left)
            return rg_fail(err, RG_NO_MEMORY, "give a smaller model",
                           "the inputs of %s take more than the limit of %zu bytes", graph->name,
                           most_input_bytes);
        left -= bytes;
    }
    return RG_OK;
}

rg_status rg_infer_inputs(const rg_graph *graph, const char *const *paths, uint64_t seed,
                          rg_arena *arena, void **ret_inputs, rg_err *err) {
    rg_status status = check_bytes(graph, err);
    for (uint32_t i = 0; status == RG_OK && i < graph->n_in; i++)
        status = paths[i] ? read_input(graph, i, paths[i], arena, &ret_inputs[i], err)
                          : fill_input(graph, i, seed, arena, &ret_inputs[i], err);
    return status;
}
