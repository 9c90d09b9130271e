/* dataset.c: labels.tsv. dataset_sample.c reads the files that it names. */
#include "bench/run/dataset.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/fs.h"

enum { MOST_LABEL_BYTES = 64 << 20, MOST_ELEMENTS = 256 << 20 };

static const char *const tasks[] = {"classes", "anomaly", "values", NULL};

/* --- labels.tsv ------------------------------------------------------------------------------- */

static rg_status bad_line(const rg_dataset *d, size_t line, const char *what, rg_err *err) {
    return rg_fail(err, RG_BAD_DATA, "see docs/models.md for the form of a dataset",
                   "%s/labels.tsv line %zu: %s", d->folder, line, what);
}

static bool real_number(const char *text, double *ret) {
    char *end;
    errno = 0;
    *ret = strtod(text, &end);
    return end != text && *end == '\0' && !errno && isfinite(*ret) && !strpbrk(text, "xX");
}

/* Digits only: a class, a number of elements. */
static bool count_of(const char *text, uint64_t least, uint64_t most, uint64_t *ret) {
    enum { MOST_DIGITS = 18 };
    size_t n = strspn(text, "0123456789");
    if (n == 0 || n > MOST_DIGITS || text[n])
        return false;
    *ret = strtoull(text, NULL, 10);
    return *ret >= least && *ret <= most;
}

/* "#key value" */
static rg_status take_key(rg_dataset *d, char *text, size_t line, rg_err *err) {
    char *value = text + strcspn(text, " \t");
    uint64_t number = 0;
    bool remark = *text == '\0' || *text == ' ' || *text == '#'; /* "# a remark" */
    if (d->n_samples && !remark)
        return bad_line(d, line, "a key behind the first file: keys hold for all files", err);
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
        if (good && rg_dtype_bits(d->dtype) % 8 + (rg_dtype_bits(d->dtype) == 0))
            return bad_line(d, line, "elements of raw files have whole bytes: int8, float32 ...",
                            err);
    } else if (!strcmp(text, "summary")) {
        d->summary = value;
    } else if (!strcmp(text, "scale")) {
        good = d->scaled = real_number(value, &d->scale) && d->scale > 0;
    } else if (!strcmp(text, "zero_point")) {
        good = real_number(value, &d->zero_point);
    } else if (!strcmp(text, "window")) {
        good = count_of(value, 1, MOST_ELEMENTS, &number);
        d->window = (size_t)number;
    } else if (!strcmp(text, "stride")) {
        good = count_of(value, 1, MOST_ELEMENTS, &number);
        d->stride = (size_t)number;
    } else {
        known = remark;
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
        if (!real_number(word, &values[sample->n_values++]))
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
    uint64_t number = 0;
    if (!label)
        return bad_line(d, line, "no tab between file and label", err);
    *label++ = '\0';
    sample->file = text;
    if (!stays_inside(text))
        return bad_line(d, line, "files lie in the dataset's folder", err);
    d->n_samples++;
    if (d->task == RG_TASK_VALUES)
        return take_values(d, sample, label, line, err);
    bool good = count_of(label, 0, d->task == RG_TASK_ANOMALY ? 1 : INT32_MAX, &number);
    sample->label = good ? (int)number : 0;
    return good ? RG_OK : bad_line(d, line, "a label that its task does not have", err);
}

static rg_status settle_windows(rg_dataset *d, const char *path, rg_err *err) {
    if (d->window && d->task != RG_TASK_ANOMALY)
        return rg_fail(err, RG_BAD_DATA, "one input a file, or `#task anomaly`",
                       "%s: #window is for anomalies, where the mean of all windows counts", path);
    if (d->stride && !d->window)
        return rg_fail(err, RG_BAD_DATA, "add #window", "%s has a #stride without a #window", path);
    if (!d->stride)
        d->stride = d->window;
    return RG_OK;
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
    return status == RG_OK ? settle_windows(d, path, err) : status;
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
