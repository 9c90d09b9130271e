/* ort_library.h: ONNX Runtime's own library, opened at run time and called through its table of
 * functions: one session on bytes in memory, inputs in, outputs out. Used by ort.c (files) and
 * real_onnx.c (our own graphs). */
#ifndef RG_TESTS_ORT_LIBRARY_H
#define RG_TESTS_ORT_LIBRARY_H

#include <stddef.h>

#include "bench/core/graph.h"

enum { ORT_MOST = 64 };

typedef struct ort_session {
    void *session, *memory, *allocator;
    size_t n_in, n_out;
    char *in_names[ORT_MOST], *out_names[ORT_MOST];
    void *in[ORT_MOST], *out[ORT_MOST];
} ort_session;

/* Why not, NULL when all is well; the text stays until the next call. */
const char *ort_open(const char *path);
const char *ort_version(void);

/* A model from memory; nothing of it is optimised, one thread. Lives until the process ends. */
const char *ort_load(ort_session *s, const void *data, size_t bytes);

/* Type and shape of input i as the file tells them; dimensions of any size count as one. */
const char *ort_input(ort_session *s, size_t i, rg_dtype *ret_dtype, rg_shape *ret_shape);

/* Gives input i: bytes that stay until the run is over. */
const char *ort_give(ort_session *s, size_t i, const void *data, size_t bytes);
const char *ort_run(ort_session *s);

/* Output i after a run. */
const char *ort_output(ort_session *s, size_t i, rg_dtype *ret_dtype, const void **ret_data,
                       size_t *ret_bytes);

#endif
