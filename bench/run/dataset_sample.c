/* dataset_sample.c: raw and .npy files of a dataset, and their way into a model's input. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/fs.h"
#include "bench/core/npy.h"
#include "bench/run/agree.h"
#include "bench/run/dataset.h"

enum { MOST_SAMPLE_BYTES = 256 << 20 };

void rg_sample_free(rg_sample_data *data) {
    free(data->data);
    *data = (rg_sample_data){0};
}

static rg_status take_npy(const char *path, char *data, size_t bytes, rg_sample_data *ret,
                          rg_err *err) {
    rg_npy npy;
    rg_err why = RG_ERR_INIT;
    rg_status status = rg_npy_read(data, bytes, &npy, &why);
    if (status != RG_OK)
        return rg_fail(err, status, why.advice, "%s: %s", path, why.what);
    ret->dtype = npy.dtype;
    ret->shape = npy.shape;
    ret->n = npy.bytes / (rg_dtype_bits(npy.dtype) / 8);
    ret->data = malloc(npy.bytes + 1);
    if (!ret->data)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory for %s", path);
    memcpy(ret->data, data + npy.offset, npy.bytes);
    return RG_OK;
}

static rg_status take_raw(const rg_dataset *d, const char *path, const char *data, size_t bytes,
                          rg_sample_data *ret, rg_err *err) {
    size_t each = rg_dtype_bits(d->dtype) / 8;
    if (!d->typed || each == 0)
        return rg_fail(err, RG_BAD_DATA, "put a line `#type uint8`, say, into labels.tsv",
                       "%s is raw, and labels.tsv does not say of what elements", path);
    if (bytes % each)
        return rg_fail(err, RG_BAD_DATA, "compare its size with the source's",
                       "%s has %zu bytes, no whole number of %s elements", path, bytes,
                       rg_dtype_word(d->dtype));
    ret->dtype = d->dtype;
    ret->raw = true;
    ret->n = bytes / each;
    ret->data = malloc(bytes + 1);
    if (!ret->data)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory for %s", path);
    memcpy(ret->data, data, bytes);
    return RG_OK;
}

rg_status rg_dataset_read(const rg_dataset *dataset, const rg_dataset_sample *sample,
                          rg_sample_data *ret_data, rg_err *err) {
    rg_arena *arena = rg_arena_new(0);
    char *path = arena ? rg_fs_join(arena, dataset->folder, sample->file) : NULL, *data;
    size_t bytes;
    rg_sample_data read = {0};
    rg_status status = path ? rg_fs_read(arena, path, MOST_SAMPLE_BYTES, &data, &bytes, err)
                            : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    if (status == RG_OK)
        status = rg_npy_sniff(data, bytes) ? take_npy(path, data, bytes, &read, err)
                                           : take_raw(dataset, path, data, bytes, &read, err);
    rg_arena_free(arena);
    if (status == RG_OK)
        *ret_data = read;
    return status;
}

static size_t elements(const rg_tensor *tensor) {
    int64_t n = 0;
    rg_shape_elements(&tensor->shape, &n);
    return (size_t)n;
}

/* The same axes in the same order; those of length 1, such as the batch, may be left out. */
static bool same_axes(const rg_shape *a, const rg_shape *b) {
    uint32_t i = 0, k = 0;
    for (;; i++, k++) {
        while (i < a->rank && a->dim[i] == 1)
            i++;
        while (k < b->rank && b->dim[k] == 1)
            k++;
        if (i == a->rank || k == b->rank)
            return i == a->rank && k == b->rank;
        if (a->dim[i] != b->dim[k])
            return false;
    }
}

static rg_status other_shape(const rg_sample_data *data, const rg_tensor *tensor, rg_err *err) {
    char has[96], takes[96];
    rg_shape_text(&data->shape, has, sizeof has);
    rg_shape_text(&tensor->shape, takes, sizeof takes);
    return rg_fail(err, RG_BAD_DATA, "bring it into form with numpy's reshape or transpose",
                   "a .npy file of %s for an input of %s", has, takes);
}

rg_status rg_sample_windows(const rg_dataset *dataset, const rg_sample_data *data,
                            const rg_tensor *tensor, size_t *ret_n, rg_err *err) {
    size_t one = elements(tensor);
    bool windows = dataset->window && data->n > one;
    if (one == 0)
        return rg_fail(err, RG_UNSUPPORTED, "export the model with real dimensions",
                       "the model's input %s has no elements", tensor->name);
    if (dataset->window && dataset->window != one)
        return rg_fail(err, RG_BAD_DATA, "a window is one input of the model",
                       "#window is %zu, the model's input has %zu elements", dataset->window, one);
    if (!windows && data->n != one)
        return rg_fail(err, RG_BAD_DATA, "see `#window` and `#stride` in docs/models.md",
                       "a file of %zu elements for an input of %zu", data->n, one);
    if (!windows && !data->raw && !same_axes(&data->shape, &tensor->shape))
        return other_shape(data, tensor, err);
    *ret_n = windows ? (data->n - one) / dataset->stride + 1 : 1;
    return RG_OK;
}

double rg_real_element(const rg_tensor *tensor, const void *data, size_t i) {
    double raw = rg_agree_element(data, tensor->dtype, i);
    return tensor->quant.n == 1 ? tensor->quant.scale[0] * (raw - tensor->quant.zero_point[0])
                                : raw;
}

/* A real number into an input of one byte, quantized; int32 as it is. */
static bool put_real(const rg_tensor *t, double real, size_t i, void *ret) {
    double q = real;
    if (t->quant.n == 1)
        q = floor(real / t->quant.scale[0] + 0.5) + t->quant.zero_point[0];
    switch (t->dtype) {
    case RG_DTYPE_FLOAT32:
        ((float *)ret)[i] = (float)real;
        return true;
    case RG_DTYPE_INT8:
        ((int8_t *)ret)[i] = (int8_t)fmin(127, fmax(-128, q));
        return true;
    case RG_DTYPE_UINT8:
        ((uint8_t *)ret)[i] = (uint8_t)fmin(255, fmax(0, q));
        return true;
    case RG_DTYPE_INT16:
        ((int16_t *)ret)[i] = (int16_t)fmin(32767, fmax(-32768, q));
        return true;
    case RG_DTYPE_INT32:
        ((int32_t *)ret)[i] = (int32_t)fmin(INT32_MAX, fmax(INT32_MIN, q));
        return true;
    default:
        return false;
    }
}

rg_status rg_sample_put(const rg_dataset *dataset, const rg_sample_data *data, size_t index,
                        const rg_tensor *tensor, void *ret_input, rg_err *err) {
    size_t one = elements(tensor), first = index * (dataset->window ? dataset->stride : one);
    bool counted = data->dtype != RG_DTYPE_FLOAT32 && data->dtype != RG_DTYPE_FLOAT64 &&
                   data->dtype != RG_DTYPE_FLOAT16;
    bool scaled = dataset->scaled && counted;
    if (data->dtype == tensor->dtype && !scaled) {
        size_t each = rg_dtype_bits(data->dtype) / 8;
        memcpy(ret_input, data->data + first * each, one * each);
        return RG_OK;
    }
    for (size_t i = 0; i < one; i++) {
        double real = rg_agree_element(data->data, data->dtype, first + i);
        if (scaled)
            real = dataset->scale * (real - dataset->zero_point);
        if (!put_real(tensor, real, i, ret_input))
            return rg_fail(err, RG_UNSUPPORTED, "a model with an int8, uint8 or float32 input",
                           "nothing is put into inputs of %s", rg_dtype_word(tensor->dtype));
    }
    return RG_OK;
}
