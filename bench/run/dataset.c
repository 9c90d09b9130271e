/* dataset.c: labels.tsv, raw and .npy files. */
#include "bench/run/dataset.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/fs.h"
#include "bench/core/npy.h"
#include "bench/run/agree.h"

enum { MOST_LABEL_BYTES = 64 << 20, MOST_SAMPLE_BYTES = 256 << 20 };

static const char *const tasks[] = {"classes", "anomaly", "values", NULL};

/* --- labels.tsv ------------------------------------------------------------------------------- */

static rg_status bad_line(const rg_dataset *d, size_t line, const char *what, rg_err *err) {
    return rg_fail(err, RG_BAD_DATA, "see docs/models.md for the form of a dataset",
                   "%s/labels.tsv line %zu: %s", d->folder, line, what);
}

static bool whole_number(const char *text, double *ret) {
    char *end;
    errno = 0;
    *ret = strtod(text, &end);
    return end != text && *end == '\0' && !errno && isfinite(*ret);
}

/* "#key value" */
static rg_status take_key(rg_dataset *d, char *text, size_t line, rg_err *err) {
    char *value = text + strcspn(text, " \t");
    double number = 0;
    if (*value)
        *value++ = '\0';
    bool known = true, good = true;
    if (!strcmp(text, "task")) {
        int i = 0;
        while (tasks[i] && strcmp(tasks[i], value) != 0)
            i++;
        good = tasks[i] != NULL;
        d->task = (rg_task)i;
    } else if (!strcmp(text, "type")) {
        good = d->typed = rg_dtype_from_word(value, &d->dtype);
    } else if (!strcmp(text, "summary")) {
        d->summary = value;
    } else if (!strcmp(text, "scale")) {
        good = d->scaled = whole_number(value, &d->scale) && d->scale > 0;
    } else if (!strcmp(text, "zero_point")) {
        good = whole_number(value, &d->zero_point);
    } else if (!strcmp(text, "window")) {
        good = whole_number(value, &number) && number >= 1;
        d->window = (size_t)number;
    } else if (!strcmp(text, "stride")) {
        good = whole_number(value, &number) && number >= 1;
        d->stride = (size_t)number;
    } else {
        known = *text == '\0' || *text == ' ' || *text == '#'; /* "# a remark" */
    }
    if (!known)
        return bad_line(d, line, "keys are task type scale zero_point window stride summary", err);
    return good ? RG_OK : bad_line(d, line, "a value that its key cannot have", err);
}

/* "0.5,-1,2" */
static rg_status take_values(rg_dataset *d, rg_dataset_sample *sample, char *text, size_t line,
                             rg_err *err) {
    size_t most = strlen(text) / 2 + 2;
    double *values = rg_arena_array(d->arena, most, sizeof *values);
    char *word;
    if (!values)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory reading labels");
    while ((word = strsep(&text, ","))) {
        if (!whole_number(word, &values[sample->n_values++]))
            return bad_line(d, line, "a label that is no list of numbers", err);
    }
    sample->values = values;
    return RG_OK;
}

static bool stays_inside(const char *file) {
    return *file && *file != '/' && strncmp(file, "../", 3) != 0 && !strstr(file, "/../");
}

/* "file<TAB>label" */
static rg_status take_sample(rg_dataset *d, char *text, size_t line, rg_err *err) {
    rg_dataset_sample *sample = &d->samples[d->n_samples];
    char *label = strchr(text, '\t');
    double number = 0;
    if (!label)
        return bad_line(d, line, "no tab between file and label", err);
    *label++ = '\0';
    sample->file = text;
    if (!stays_inside(text))
        return bad_line(d, line, "files lie in the dataset's folder", err);
    d->n_samples++;
    if (d->task == RG_TASK_VALUES)
        return take_values(d, sample, label, line, err);
    bool good = whole_number(label, &number) && number == floor(number) && number >= 0 &&
                number <= (d->task == RG_TASK_ANOMALY ? 1 : INT32_MAX);
    sample->label = (int)number;
    return good ? RG_OK : bad_line(d, line, "a label that its task does not have", err);
}

static rg_status read_labels(rg_dataset *d, rg_err *err) {
    char *text, *path = rg_fs_join(d->arena, d->folder, "labels.tsv"), *row;
    size_t bytes, line = 0, lines = 1;
    if (!path)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory reading labels");
    rg_status status = rg_fs_read(d->arena, path, MOST_LABEL_BYTES, &text, &bytes, err);
    if (status != RG_OK)
        return status;
    for (size_t i = 0; i < bytes; i++)
        lines += text[i] == '\n';
    d->samples = rg_arena_array(d->arena, lines, sizeof *d->samples);
    if (!d->samples)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory reading labels");
    while (status == RG_OK && (row = strsep(&text, "\n"))) {
        line++;
        row[strcspn(row, "\r")] = '\0';
        if (*row == '#')
            status = take_key(d, row + 1, line, err);
        else if (*row)
            status = take_sample(d, row, line, err);
    }
    if (status == RG_OK && d->n_samples == 0)
        status = rg_fail(err, RG_BAD_DATA, "a line a file: FILE, a tab, LABEL", "%s names no files",
                         path);
    if (status == RG_OK && d->window && !d->stride)
        d->stride = d->window;
    return status;
}

rg_status rg_dataset_open(const char *folder, rg_dataset **ret_dataset, rg_err *err) {
    rg_arena *arena = rg_arena_new(0);
    rg_dataset *d = arena ? rg_arena_alloc(arena, sizeof *d) : NULL;
    if (!d) {
        rg_arena_free(arena);
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    }
    *d = (rg_dataset){.arena = arena, .scale = 1, .dtype = RG_DTYPE_FLOAT32, .summary = ""};
    d->folder = rg_arena_strdup(arena, folder);
    rg_status status =
        d->folder ? read_labels(d, err) : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    if (status == RG_OK)
        *ret_dataset = d;
    else
        rg_arena_free(arena);
    return status;
}

void rg_dataset_close(rg_dataset *dataset) {
    if (dataset)
        rg_arena_free(dataset->arena);
}

/* --- files ------------------------------------------------------------------------------------ */

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

rg_status rg_sample_windows(const rg_dataset *dataset, const rg_sample_data *data,
                            const rg_tensor *tensor, size_t *ret_n, rg_err *err) {
    size_t one = elements(tensor);
    bool windows = dataset->window == one && data->n > one;
    if (!windows && data->n != one)
        return rg_fail(err, RG_BAD_DATA, "see `#window` and `#stride` in docs/models.md",
                       "a file of %zu elements for an input of %zu", data->n, one);
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
