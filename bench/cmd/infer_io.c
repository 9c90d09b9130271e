/* infer_io.c: raw tensors in, raw tensors and their description out. */
#include "bench/cmd/infer_io.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bench/core/fs.h"
#include "bench/core/hash.h"
#include "bench/core/json.h"
#include "bench/core/npy.h"

/* --- inputs ----------------------------------------------------------------------------------- */

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

/* A whole file and not more than `limit_bytes` of it. */
static rg_status read_file(const char *path, size_t limit_bytes, rg_arena *arena, char **ret_data,
                           size_t *ret_bytes, rg_err *err) {
    rg_status status = rg_fs_read(arena, path, limit_bytes, ret_data, ret_bytes, err);
    if (status == RG_ABSENT || status == RG_DENIED)
        status = rg_fail(err, RG_IO, "check the path and its permissions", "cannot read %s", path);
    return status;
}

static bool is_npy(const char *path) {
    char head[16];
    FILE *file = fopen(path, "rbe");
    bool is =
        file && fread(head, 1, sizeof head, file) == sizeof head && rg_npy_sniff(head, sizeof head);
    if (file)
        fclose(file);
    return is;
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
    enum { MOST_HEADER = 1 << 16 };
    char *data;
    size_t bytes;
    rg_npy npy;
    rg_status status = read_file(path, tensor->bytes + MOST_HEADER, arena, &data, &bytes, err);
    if (status == RG_OK)
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

static rg_status read_input(const rg_graph *graph, uint32_t index, const char *path,
                            rg_arena *arena, void **ret_data, rg_err *err) {
    const rg_tensor *tensor = &graph->tensors[graph->in[index]];
    struct stat info;
    if (stat(path, &info) < 0)
        return rg_fail(err, RG_IO, "check the path", "cannot read %s: %s", path, strerror(errno));
    if ((uint64_t)info.st_size != tensor->bytes && S_ISREG(info.st_mode) && is_npy(path))
        return read_npy(tensor, path, arena, ret_data, err);
    if ((uint64_t)info.st_size != tensor->bytes && S_ISREG(info.st_mode)) {
        char shape[96];
        rg_shape_text(&tensor->shape, shape, sizeof shape);
        return rg_fail(err, RG_BAD_DATA,
                       "raw little-endian elements without a header, or a .npy file",
                       "%s has %lld bytes, input %u (%s) is %s %s and takes %zu", path,
                       (long long)info.st_size, index, tensor->name, shape,
                       rg_dtype_word(tensor->dtype), tensor->bytes);
    }
    char *data;
    size_t bytes;
    rg_status status = read_file(path, tensor->bytes, arena, &data, &bytes, err);
    if (status == RG_OK && bytes != tensor->bytes)
        status =
            rg_fail(err, RG_BAD_DATA, NULL, "%s gave %zu of %zu bytes", path, bytes, tensor->bytes);
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

static rg_status missing_input(const rg_graph *graph, uint32_t index, rg_err *err) {
    const rg_tensor *tensor = &graph->tensors[graph->in[index]];
    char shape[96], advice[160];
    rg_shape_text(&tensor->shape, shape, sizeof shape);
    snprintf(advice, sizeof advice, "--input %u=FILE with %zu bytes, or --fill splitmix64", index,
             tensor->bytes);
    return rg_fail(err, RG_USAGE, advice, "input %u (%s, %s %s) is not given", index, tensor->name,
                   shape, rg_dtype_word(tensor->dtype));
}

rg_status rg_infer_inputs(const rg_graph *graph, const rg_args *args, bool fill, uint64_t seed,
                          rg_arena *arena, void **ret_inputs, rg_err *err) {
    rg_status status = RG_OK;
    for (size_t i = 0; status == RG_OK && i < args->n_given; i++) {
        uint32_t index = 0;
        const char *path = "";
        if (strcmp(args->given[i].key, "input"))
            continue;
        status = split_option(graph, args->given[i].value, &index, &path, err);
        if (status == RG_OK && ret_inputs[index])
            status = rg_fail(err, RG_USAGE, NULL, "input %u is given twice", index);
        if (status == RG_OK)
            status = read_input(graph, index, path, arena, &ret_inputs[index], err);
    }
    for (uint32_t i = 0; status == RG_OK && i < graph->n_in; i++) {
        if (!ret_inputs[i])
            status = fill ? fill_input(graph, i, seed, arena, &ret_inputs[i], err)
                          : missing_input(graph, i, err);
    }
    return status;
}

/* --- outputs ---------------------------------------------------------------------------------- */

static rg_status write_npy(const rg_tensor *tensor, const void *data, const char *path,
                           rg_err *err) {
    rg_text file = {0};
    rg_status status = rg_npy_write_header(tensor->dtype, &tensor->shape, &file, err);
    if (status == RG_OK) {
        rg_text_add_bytes(&file, data, tensor->bytes);
        status = file.failed ? rg_fail(err, RG_NO_MEMORY, NULL, "no memory for %s", path)
                             : rg_fs_write_atomic(path, file.data, file.bytes, err);
    }
    rg_text_free(&file);
    return status;
}

rg_status rg_infer_write(const rg_graph *graph, const rg_io *io, const char *dir, bool npy,
                         rg_err *err) {
    rg_status status = rg_fs_mkdirs(dir, err);
    for (uint32_t i = 0; status == RG_OK && i < graph->n_out; i++) {
        char path[PATH_MAX];
        if ((size_t)snprintf(path, sizeof path, "%s/%u.%s", dir, i, npy ? "npy" : "bin") >=
            sizeof path)
            return rg_fail(err, RG_USAGE, NULL, "the name of the output folder is too long");
        if (npy)
            status = write_npy(&graph->tensors[graph->out[i]], io->out[i], path, err);
        else
            status = rg_fs_write_atomic(path, io->out[i], io->out_bytes[i], err);
    }
    return status;
}

static double integer_at(rg_dtype dtype, const unsigned char *at) {
    uint64_t raw = 0;
    unsigned bits = rg_dtype_bits(dtype);
    memcpy(&raw, at, bits / 8); /* little-endian hosts only, as all our targets */
    bool is_signed = dtype == RG_DTYPE_INT8 || dtype == RG_DTYPE_INT16 || dtype == RG_DTYPE_INT32 ||
                     dtype == RG_DTYPE_INT64;
    if (is_signed && bits < 64 && raw >> (bits - 1))
        return (double)(int64_t)(raw | ~(uint64_t)0 << bits);
    return is_signed ? (double)(int64_t)raw : (double)raw;
}

/* Element i as a number; false for types that are not spelled out here. */
static bool element_at(const rg_tensor *tensor, const void *data, size_t i, double *ret_value) {
    unsigned size = rg_dtype_bits(tensor->dtype) / 8;
    const unsigned char *at = (const unsigned char *)data + i * size;
    float single;
    if (tensor->dtype == RG_DTYPE_FLOAT32) {
        memcpy(&single, at, sizeof single);
        *ret_value = (double)single;
    } else if (tensor->dtype == RG_DTYPE_FLOAT64) {
        memcpy(ret_value, at, sizeof *ret_value);
    } else if (size == 0 || tensor->dtype == RG_DTYPE_FLOAT16) {
        return false;
    } else {
        *ret_value = integer_at(tensor->dtype, at);
    }
    return true;
}

static size_t count_elements(const rg_tensor *tensor) {
    unsigned size = rg_dtype_bits(tensor->dtype) / 8;
    return size ? tensor->bytes / size : 0;
}

/* A list of scores, one a class: one row of more than two. */
static bool is_scores(const rg_tensor *tensor) {
    return tensor->shape.rank == 2 && tensor->shape.dim[0] == 1 && tensor->shape.dim[1] > 2;
}

static bool find_top(const rg_tensor *tensor, const void *data, size_t *ret_index,
                     double *ret_value) {
    double best = 0, value;
    size_t n = count_elements(tensor), at = 0;
    for (size_t i = 0; i < n; i++) {
        if (!element_at(tensor, data, i, &value))
            return false;
        if (i == 0 || value > best) {
            best = value;
            at = i;
        }
    }
    *ret_index = at;
    *ret_value = best;
    return n > 0;
}

/* A name fit for a terminal and for JSON: control characters and, where the bytes are no UTF-8, all
 * that is not ASCII become '?'. */
static void clean_name(const char *name, char *ret, size_t cap) {
    json_t *probe = json_string(name);
    size_t i = 0;
    for (; name[i] && i + 1 < cap; i++) {
        unsigned char c = (unsigned char)name[i];
        ret[i] = c < 0x20 || c == 0x7f || (c >= 0x80 && !probe) ? '?' : name[i];
    }
    ret[i] = '\0';
    json_decref(probe);
}

static void print_values(const rg_tensor *tensor, const void *data) {
    enum { SHOWN = 4 };
    size_t n = count_elements(tensor), top;
    double value;
    if (is_scores(tensor) && find_top(tensor, data, &top, &value)) {
        printf("  top-1 [%zu] = %.9g", top, value);
        return;
    }
    printf("  values");
    for (size_t i = 0; i < n && i < SHOWN && element_at(tensor, data, i, &value); i++)
        printf(" %.9g", value);
    if (n > SHOWN)
        printf(" ...");
}

void rg_infer_print(const rg_graph *graph, const rg_io *io) {
    for (uint32_t i = 0; i < graph->n_out; i++) {
        const rg_tensor *tensor = &graph->tensors[graph->out[i]];
        char name[160], shape[96], hex[RG_HASH_HEX];
        clean_name(tensor->name, name, sizeof name);
        rg_shape_text(&tensor->shape, shape, sizeof shape);
        rg_hash_bytes(io->out[i], io->out_bytes[i], hex);
        printf("%u  %s  %s %s", i, name, rg_dtype_word(tensor->dtype), shape);
        if (tensor->quant.n)
            printf("  scale %.9g zero point %d", (double)tensor->quant.scale[0],
                   (int)tensor->quant.zero_point[0]);
        printf("  sha256 %s", hex);
        print_values(tensor, io->out[i]);
        putchar('\n');
    }
}

static json_t *tensor_json(const rg_tensor *tensor, uint32_t index, const void *data) {
    char name[1024], hex[RG_HASH_HEX];
    clean_name(tensor->name, name, sizeof name);
    rg_hash_bytes(data, tensor->bytes, hex);
    json_t *shape = json_array(), *one = json_object();
    for (uint32_t i = 0; i < tensor->shape.rank; i++)
        json_array_append_new(shape, json_integer(tensor->shape.dim[i]));
    json_t *cleaned = json_string(name); /* NULL when the cut fell inside a character */
    json_object_set_new(one, "index", json_integer(index));
    json_object_set_new(one, "name", cleaned ? cleaned : json_string(""));
    json_object_set_new(one, "type", json_string(rg_dtype_word(tensor->dtype)));
    json_object_set_new(one, "shape", shape);
    json_object_set_new(one, "bytes", json_integer((json_int_t)tensor->bytes));
    if (tensor->quant.n) {
        rg_json_set_real(one, "scale", (double)tensor->quant.scale[0]);
        json_object_set_new(one, "zero_point", json_integer(tensor->quant.zero_point[0]));
    }
    json_object_set_new(one, "sha256", json_string(hex));
    return one;
}

/* Whole numbers of integer tensors stay whole; JSON knows no NaN and no infinity. */
static json_t *number_json(const rg_tensor *tensor, double value) {
    bool is_float = tensor->dtype == RG_DTYPE_FLOAT32 || tensor->dtype == RG_DTYPE_FLOAT64;
    if (!is_float && fabs(value) < 0x1p53)
        return json_integer((json_int_t)value);
    return isfinite(value) ? json_real(value) : json_null();
}

static void add_values(json_t *one, const rg_tensor *tensor, const void *data) {
    enum { SHOWN = 16 };
    json_t *first = json_array();
    size_t n = count_elements(tensor), top;
    double value;
    for (size_t i = 0; i < n && i < SHOWN && element_at(tensor, data, i, &value); i++)
        json_array_append_new(first, number_json(tensor, value));
    json_object_set_new(one, "first", first);
    if (is_scores(tensor) && find_top(tensor, data, &top, &value))
        json_object_set_new(one, "top1", json_integer((json_int_t)top));
}

json_t *rg_infer_outputs_json(const rg_graph *graph, const rg_io *io, const char *dir, bool npy) {
    json_t *list = json_array();
    for (uint32_t i = 0; i < graph->n_out; i++) {
        const rg_tensor *tensor = &graph->tensors[graph->out[i]];
        json_t *one = tensor_json(tensor, i, io->out[i]);
        add_values(one, tensor, io->out[i]);
        char file[PATH_MAX];
        snprintf(file, sizeof file, "%s/%u.%s", dir ? dir : "", i, npy ? "npy" : "bin");
        if (dir)
            json_object_set_new(one, "file", json_string(file));
        json_array_append_new(list, one);
    }
    return list;
}

json_t *rg_infer_inputs_json(const rg_graph *graph, void *const *inputs) {
    json_t *list = json_array();
    for (uint32_t i = 0; i < graph->n_in; i++)
        json_array_append_new(list, tensor_json(&graph->tensors[graph->in[i]], i, inputs[i]));
    return list;
}
