/* infer_io.c: what came out of `railgauge infer`, as files, lines and JSON; and what went in. */
#include "bench/cmd/infer_io.h"

#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/fs.h"
#include "bench/core/hash.h"
#include "bench/core/json.h"
#include "bench/core/npy.h"

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

/* The best of a list of scores: where it is, and how many are no numbers, which win nothing. */
typedef struct best {
    size_t index, nan, n;
    double value;
} best;

static bool find_best(const rg_tensor *tensor, const void *data, best *ret) {
    best b = {.n = count_elements(tensor)};
    double value;
    for (size_t i = 0; i < b.n; i++) {
        if (!element_at(tensor, data, i, &value))
            return false;
        if (isnan(value)) {
            b.nan++;
        } else if (i == b.nan || value > b.value) { /* the first number, or a larger one */
            b.value = value;
            b.index = i;
        }
    }
    *ret = b;
    return b.n > 0;
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
    size_t n = count_elements(tensor);
    double value;
    best b;
    if (is_scores(tensor) && find_best(tensor, data, &b)) {
        if (b.nan == b.n)
            printf("  no top-1: all %zu scores are NaN", b.n);
        else
            printf("  top-1 [%zu] = %.9g", b.index, b.value);
        if (b.nan && b.nan < b.n)
            printf("  (%zu of %zu are NaN)", b.nan, b.n);
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
    size_t n = count_elements(tensor);
    double value;
    best b;
    for (size_t i = 0; i < n && i < SHOWN && element_at(tensor, data, i, &value); i++)
        json_array_append_new(first, number_json(tensor, value));
    json_object_set_new(one, "first", first);
    if (!is_scores(tensor) || !find_best(tensor, data, &b))
        return;
    json_object_set_new(one, "top1", b.nan < b.n ? json_integer((json_int_t)b.index) : json_null());
    json_object_set_new(one, "nan", json_integer((json_int_t)b.nan));
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
            json_object_set_new(one, "file", rg_json_clean(file));
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
