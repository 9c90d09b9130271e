/* ort.c: our .onnx writers, and the real ONNX Runtime to try what they wrote. The library is opened
 * at run time and called through its table of functions (indices of its C interface, which only
 * grows).
 *
 *   ort write onnx|onnx_qoperator MODEL OUT   a model file of any format, written anew
 *   ort suite NAME PRECISION                  path of a model of the suite, as .tflite
 *   ort run LIBRARY MODEL SEED FOLDER         runs it once on generated inputs; outputs as N.bin */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/fs.h"
#include "bench/iface/registry.h"
#include "bench/run/materialise.h"
#include "bench/run/model.h"

typedef void *(*get_api)(uint32_t version);
typedef struct api_base {
    get_api get;
    const char *(*version)(void);
} api_base;

/* Slots of the table. */
enum {
    MESSAGE = 2,
    CREATE_ENV = 3,
    CREATE_SESSION = 7,
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
    CPU_MEMORY = 69,
    ALLOCATOR = 78,
    TYPE_AND_SHAPE = 65,
    ELEMENT_COUNT = 64,
    API_VERSION = 14,
};
enum { MOST = 16 };

static void **api;

/* Every call gives a status, NULL for success. */
#define CALL(slot, types, ...)                                                                     \
    do {                                                                                           \
        void *status = ((void *(*)types)api[slot])(__VA_ARGS__);                                   \
        if (status) {                                                                              \
            fprintf(stderr, "ONNX Runtime: %s\n",                                                  \
                    ((const char *(*)(const void *))api[MESSAGE])(status));                        \
            return 1;                                                                              \
        }                                                                                          \
    } while (0)

static const rg_dtype dtypes[] = {
    [1] = RG_DTYPE_FLOAT32, [2] = RG_DTYPE_UINT8, [3] = RG_DTYPE_INT8, [5] = RG_DTYPE_INT16,
    [6] = RG_DTYPE_INT32,   [7] = RG_DTYPE_INT64, [9] = RG_DTYPE_BOOL,
};

static int open_library(const char *path) {
    void *library = dlopen(path, RTLD_NOW);
    api_base *(*base)(void) = NULL;
    if (library)
        *(void **)&base = dlsym(library, "OrtGetApiBase");
    api = base ? base()->get(API_VERSION) : NULL;
    if (!api)
        fprintf(stderr, "%s is no ONNX Runtime: %s\n", path, library ? "no interface" : dlerror());
    return api ? 0 : 5;
}

/* An input filled like those of the conformance tests. */
static int make_input(void *session, void *memory, size_t i, uint64_t seed, void **ret) {
    void *info;
    const void *tensor_info;
    int type = 0;
    size_t rank = 0;
    int64_t dims[RG_MAX_RANK];
    rg_tensor t = {.name = ""};
    CALL(INPUT_TYPE, (void *, size_t, void **), session, i, &info);
    CALL(TO_TENSOR_INFO, (void *, const void **), info, &tensor_info);
    CALL(ELEMENT_TYPE, (const void *, int *), tensor_info, &type);
    CALL(RANK, (const void *, size_t *), tensor_info, &rank);
    if (rank > RG_MAX_RANK || type < 1 || type > 9 || type == 4 || type == 8) {
        fprintf(stderr, "input %zu has a type that is not made here\n", i);
        return 1;
    }
    CALL(DIMENSIONS, (const void *, int64_t *, size_t), tensor_info, dims, rank);
    t.dtype = dtypes[type];
    t.shape.rank = (uint32_t)rank;
    for (size_t d = 0; d < rank; d++) {
        dims[d] = dims[d] < 0 ? 1 : dims[d];
        t.shape.dim[d] = (int32_t)dims[d];
    }
    if (rg_tensor_bytes(&t.shape, t.dtype, &t.bytes, NULL) != RG_OK)
        return 1;
    void *data = calloc(t.bytes + 1, 1);
    rg_rng rng = rg_rng_seeded(seed + i);
    rg_tensor_fill(&t, &rng, data);
    CALL(CREATE_TENSOR, (void *, void *, size_t, const int64_t *, size_t, int, void **), memory,
         data, t.bytes, dims, rank, type, ret);
    return 0;
}

static int store_output(void *value, const char *folder, size_t i) {
    void *info, *data;
    int type;
    size_t n;
    char path[4096];
    rg_err err = RG_ERR_INIT;
    CALL(TYPE_AND_SHAPE, (void *, void **), value, &info);
    CALL(ELEMENT_TYPE, (void *, int *), info, &type);
    CALL(ELEMENT_COUNT, (void *, size_t *), info, &n);
    CALL(TENSOR_DATA, (void *, void **), value, &data);
    snprintf(path, sizeof path, "%s/%zu.bin", folder, i);
    printf("%zu %s %zu\n", i, rg_dtype_word(dtypes[type]), n);
    return rg_fs_write_atomic(path, data, n * rg_dtype_bits(dtypes[type]) / 8, &err) == RG_OK ? 0
                                                                                              : 74;
}

static int run_session(void *session, uint64_t seed, const char *folder) {
    void *memory, *allocator, *in[MOST] = {0}, *out[MOST] = {0};
    char *in_names[MOST], *out_names[MOST];
    size_t n_in, n_out;
    CALL(CPU_MEMORY, (int, int, void **), 0, 0, &memory);
    CALL(ALLOCATOR, (void **), &allocator);
    CALL(INPUT_COUNT, (void *, size_t *), session, &n_in);
    CALL(OUTPUT_COUNT, (void *, size_t *), session, &n_out);
    if (n_in > MOST || n_out > MOST)
        return 1;
    for (size_t i = 0; i < n_in; i++) {
        CALL(INPUT_NAME, (void *, size_t, void *, char **), session, i, allocator, &in_names[i]);
        if (make_input(session, memory, i, seed, &in[i]))
            return 1;
    }
    for (size_t i = 0; i < n_out; i++)
        CALL(OUTPUT_NAME, (void *, size_t, void *, char **), session, i, allocator, &out_names[i]);
    CALL(RUN, (void *, void *, char **, void **, size_t, char **, size_t, void **), session, NULL,
         in_names, in, n_in, out_names, n_out, out);
    for (size_t i = 0; i < n_out; i++) {
        if (store_output(out[i], folder, i))
            return 74;
    }
    return 0;
}

static int run_model(const char *library, const char *model, const char *seed, const char *folder) {
    void *env, *options, *session;
    int code = open_library(library);
    if (code)
        return code;
    CALL(CREATE_ENV, (int, const char *, void **), 3, "railgauge", &env);
    CALL(CREATE_OPTIONS, (void **), &options);
    CALL(SET_OPTIMIZATION, (void *, int), options, 0);
    CALL(SET_THREADS, (void *, int), options, 1);
    CALL(CREATE_SESSION, (void *, const char *, void *, void **), env, model, options, &session);
    return run_session(session, strtoull(seed, NULL, 10), folder);
}

static int told(rg_status status, const rg_err *err) {
    if (status != RG_OK)
        fprintf(stderr, "%s; try: %s\n", err->what, err->advice);
    return status == RG_OK ? 0 : rg_status_exit(status);
}

static int write_model(const char *format, const char *path, const char *to) {
    rg_err err = RG_ERR_INIT;
    rg_model *model = NULL;
    rg_text file = {0};
    const rg_writer *writer = NULL;
    for (size_t i = 0; rg_writers[i]; i++) {
        if (!strcmp(rg_writers[i]->name, format))
            writer = rg_writers[i];
    }
    if (!writer)
        return 64;
    rg_status status = rg_model_load(path, NULL, &model, &err);
    if (status == RG_OK)
        status = writer->write(model->graph, &file, &err);
    if (status == RG_OK)
        status = rg_fs_write_atomic(to, file.data, file.bytes, &err);
    rg_text_free(&file);
    rg_model_close(model);
    return told(status, &err);
}

/* Path of the cached file of a suite model. */
static int find_suite(const char *name, const char *precision) {
    char source[256];
    const char *path = NULL;
    rg_err err = RG_ERR_INIT;
    rg_arena *arena = rg_arena_new(0);
    snprintf(source, sizeof source, "suite:%s", name);
    rg_status status = rg_materialise(source, precision, arena, &path, &err);
    if (status == RG_OK)
        puts(path);
    rg_arena_free(arena);
    return told(status, &err);
}

int main(int argc, char **argv) {
    if (argc == 5 && !strcmp(argv[1], "write"))
        return write_model(argv[2], argv[3], argv[4]);
    if (argc == 4 && !strcmp(argv[1], "suite"))
        return find_suite(argv[2], argv[3]);
    if (argc == 6 && !strcmp(argv[1], "run"))
        return run_model(argv[2], argv[3], argv[4], argv[5]);
    fprintf(stderr, "usage: ort write FORMAT MODEL OUT | suite NAME PRECISION | run LIBRARY MODEL "
                    "SEED FOLDER\n");
    return 64;
}
