/* dataset.h: a folder of labelled inputs for `railgauge accuracy`, and their way into a model's
 * input. docs/models.md describes the folder: labels.tsv names the files, `#key value` lines say
 * what they hold. */
#ifndef RG_RUN_DATASET_H
#define RG_RUN_DATASET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/core/arena.h"
#include "bench/core/err.h"
#include "bench/core/tensor.h"

typedef enum rg_task {
    RG_TASK_CLASSES, /* label: number of the right class */
    RG_TASK_ANOMALY, /* label: 1 anomalous, 0 not; the model gives its input back */
    RG_TASK_VALUES,  /* label: the right numbers, with commas */
} rg_task;

typedef struct rg_dataset_sample {
    const char *file; /* below the folder */
    int label;        /* classes, anomaly */
    const double *values;
    size_t n_values; /* values */
} rg_dataset_sample;

/* Everything is in `arena`. */
typedef struct rg_dataset {
    rg_arena *arena;
    const char *folder, *summary;
    rg_task task;
    bool typed; /* `#type` was given: of raw files */
    rg_dtype dtype;
    double scale, zero_point; /* real = scale * (element - zero_point); 1 and 0 when not given */
    bool scaled;              /* `#scale` was given */
    size_t window, stride;    /* elements of a long file that are one input, and from one to the
                                 next; 0: the whole file is one input */
    rg_dataset_sample *samples;
    size_t n_samples;
} rg_dataset;

/* Reads FOLDER/labels.tsv. RG_ABSENT or RG_IO without it, RG_BAD_DATA naming the line. */
rg_status rg_dataset_open(const char *folder, rg_dataset **ret_dataset, rg_err *err);
void rg_dataset_close(rg_dataset *dataset); /* accepts NULL */

/* One file's elements. Free `data`. */
typedef struct rg_sample_data {
    char *data;
    rg_dtype dtype;
    size_t n;       /* elements */
    bool raw;       /* not a .npy file: the dataset's type holds */
    rg_shape shape; /* of a .npy file */
} rg_sample_data;

rg_status rg_dataset_read(const rg_dataset *dataset, const rg_dataset_sample *sample,
                          rg_sample_data *ret_data, rg_err *err);
void rg_sample_free(rg_sample_data *data);

/* How many inputs of `tensor`'s size a file holds: 1, or its windows (anomaly only). RG_BAD_DATA
 * when its size does not fit, when a .npy file that is one input has another shape (axes of length
 * 1 aside), or when #window is not the input's size; RG_UNSUPPORTED for inputs without elements. */
rg_status rg_sample_windows(const rg_dataset *dataset, const rg_sample_data *data,
                            const rg_tensor *tensor, size_t *ret_n, rg_err *err);

/* Writes window `index` as the elements of a model's input: as they stand when both have one type
 * and the dataset gives no scale; else by way of real numbers and the input's quantization. */
rg_status rg_sample_put(const rg_dataset *dataset, const rg_sample_data *data, size_t index,
                        const rg_tensor *tensor, void *ret_input, rg_err *err);

/* Element i as a real number (tensors with one scale; others as they are). */
double rg_real_element(const rg_tensor *tensor, const void *data, size_t i);

#endif
