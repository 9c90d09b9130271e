/* ort_library.c: calls into ONNX Runtime by their place in its table, which only grows. */
#include "tests/conformance/ort_library.h"

#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>

typedef struct api_base {
    void *(*get)(uint32_t version);
    const char *(*version)(void);
} api_base;

/* Places in the table. */
enum {
    MESSAGE = 2,
    CREATE_ENV = 3,
    SESSION_FROM_ARRAY = 8,
    RUN = 9,
    CREATE_OPTIONS = 10,
    SET_OPTIMIZATION = 23,
    SET_THREADS = 24,
    INPUT_COUNT = 30,
    OUTPUT_COUNT = 31,
    INPUT_TYPE = 33,
    INPUT_NAME = 36,
    OUTPUT_NAME = 37,
    CREATE_TENSOR = 49,
    TENSOR_DATA = 51,
    TO_TENSOR_INFO = 55,
    ELEMENT_TYPE = 60,
    RANK = 61,
    DIMENSIONS = 62,
    ELEMENT_COUNT = 64,
    TYPE_AND_SHAPE = 65,
    CPU_MEMORY = 69,
    ALLOCATOR = 78,
    API_VERSION = 14,
};
enum { ONLY_FATAL = 4 };

static void **api;
static const api_base *base;
static char said[256];

/* Every call gives a status, NULL for success. */
#define CALL(slot, types, ...)                                                                     \
    do {                                                                                           \
        void *status = ((void *(*)types)api[slot])(__VA_ARGS__);                                   \
        if (status) {                                                                              \
            snprintf(said, sizeof said, "%.250s",                                                  \
                     ((const char *(*)(const void *))api[MESSAGE])(status));                       \
            return said;                                                                           \
        }                                                                                          \
    } while (0)

/* By ONNX's number. */
static const rg_dtype dtypes[] = {
    [1] = RG_DTYPE_FLOAT32, [2] = RG_DTYPE_UINT8, [3] = RG_DTYPE_INT8,  [4] = RG_DTYPE_UINT16,
    [5] = RG_DTYPE_INT16,   [6] = RG_DTYPE_INT32, [7] = RG_DTYPE_INT64, [9] = RG_DTYPE_BOOL,
};
enum { N_TYPES = sizeof dtypes / sizeof dtypes[0] };

const char *ort_open(const char *path) {
    void *library = dlopen(path, RTLD_NOW);
    const api_base *(*get)(void) = NULL;
    if (library)
        *(void **)&get = dlsym(library, "OrtGetApiBase");
    base = get ? get() : NULL;
    api = base ? base->get(API_VERSION) : NULL;
    if (!api)
        snprintf(said, sizeof said, "%.200s is no ONNX Runtime", path);
    return api ? NULL : said;
}

const char *ort_version(void) {
    return base ? base->version() : "";
}

const char *ort_load(ort_session *s, const void *data, size_t bytes) {
    void *env, *options;
    *s = (ort_session){0};
    CALL(CREATE_ENV, (int, const char *, void **), ONLY_FATAL, "railgauge", &env);
    CALL(CREATE_OPTIONS, (void **), &options);
    CALL(SET_OPTIMIZATION, (void *, int), options, 0);
    CALL(SET_THREADS, (void *, int), options, 1);
    CALL(SESSION_FROM_ARRAY, (void *, const void *, size_t, void *, void **), env, data, bytes,
         options, &s->session);
    CALL(CPU_MEMORY, (int, int, void **), 0, 0, &s->memory);
    CALL(ALLOCATOR, (void **), &s->allocator);
    CALL(INPUT_COUNT, (void *, size_t *), s->session, &s->n_in);
    CALL(OUTPUT_COUNT, (void *, size_t *), s->session, &s->n_out);
    if (s->n_in > ORT_MOST || s->n_out > ORT_MOST)
        return "it has too many inputs or outputs";
    for (size_t i = 0; i < s->n_in; i++)
        CALL(INPUT_NAME, (void *, size_t, void *, char **), s->session, i, s->allocator,
             &s->in_names[i]);
    for (size_t i = 0; i < s->n_out; i++)
        CALL(OUTPUT_NAME, (void *, size_t, void *, char **), s->session, i, s->allocator,
             &s->out_names[i]);
    return NULL;
}

static const char *info_of(const void *info, int *ret_type, size_t *ret_rank, int64_t *dims) {
    CALL(ELEMENT_TYPE, (const void *, int *), info, ret_type);
    CALL(RANK, (const void *, size_t *), info, ret_rank);
    if (*ret_rank > RG_MAX_RANK || *ret_type < 1 || *ret_type >= N_TYPES || *ret_type == 8)
        return "a tensor of a type that is not made here";
    CALL(DIMENSIONS, (const void *, int64_t *, size_t), info, dims, *ret_rank);
    return NULL;
}

static const char *input_info(ort_session *s, size_t i, int *ret_type, size_t *ret_rank,
                              int64_t *dims) {
    void *info;
    const void *tensor;
    CALL(INPUT_TYPE, (void *, size_t, void **), s->session, i, &info);
    CALL(TO_TENSOR_INFO, (void *, const void **), info, &tensor);
    const char *why = info_of(tensor, ret_type, ret_rank, dims);
    for (size_t d = 0; !why && d < *ret_rank; d++)
        dims[d] = dims[d] < 0 ? 1 : dims[d];
    return why;
}

const char *ort_input(ort_session *s, size_t i, rg_dtype *ret_dtype, rg_shape *ret_shape) {
    int type = 0;
    size_t rank = 0;
    int64_t dims[RG_MAX_RANK];
    const char *why = input_info(s, i, &type, &rank, dims);
    if (why)
        return why;
    *ret_dtype = dtypes[type];
    ret_shape->rank = (uint32_t)rank;
    for (size_t d = 0; d < rank; d++)
        ret_shape->dim[d] = (int32_t)dims[d];
    return NULL;
}

const char *ort_give(ort_session *s, size_t i, const void *data, size_t bytes) {
    int type = 0;
    size_t rank = 0, wanted = 0;
    int64_t dims[RG_MAX_RANK];
    rg_shape shape = {0};
    const char *why = input_info(s, i, &type, &rank, dims);
    shape.rank = (uint32_t)rank;
    for (size_t d = 0; !why && d < rank; d++)
        shape.dim[d] = (int32_t)dims[d];
    if (why || rg_tensor_bytes(&shape, dtypes[type], &wanted, NULL) != RG_OK || wanted != bytes)
        return why ? why : "an input of another size";
    CALL(CREATE_TENSOR, (void *, const void *, size_t, const int64_t *, size_t, int, void **),
         s->memory, data, bytes, dims, rank, type, &s->in[i]);
    return NULL;
}

const char *ort_run(ort_session *s) {
    for (size_t i = 0; i < s->n_out; i++)
        s->out[i] = NULL;
    CALL(RUN, (void *, void *, char **, void **, size_t, char **, size_t, void **), s->session,
         NULL, s->in_names, s->in, s->n_in, s->out_names, s->n_out, s->out);
    return NULL;
}

const char *ort_output(ort_session *s, size_t i, rg_dtype *ret_dtype, const void **ret_data,
                       size_t *ret_bytes) {
    void *info;
    int type;
    size_t n;
    CALL(TYPE_AND_SHAPE, (void *, void **), s->out[i], &info);
    CALL(ELEMENT_TYPE, (void *, int *), info, &type);
    CALL(ELEMENT_COUNT, (void *, size_t *), info, &n);
    CALL(TENSOR_DATA, (void *, const void **), s->out[i], ret_data);
    if (type < 1 || type >= N_TYPES || type == 8)
        return "an output of a type that is not read here";
    *ret_dtype = dtypes[type];
    *ret_bytes = n * rg_dtype_bits(dtypes[type]) / 8;
    return NULL;
}
