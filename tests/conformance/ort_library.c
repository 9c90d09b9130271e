/* ort_library.c: one session of ONNX Runtime through the table of functions that the target opens
 * (targets/ort_api.h). */
#include "tests/conformance/ort_library.h"

#include <stdint.h>
#include <stdio.h>

#include "targets/ort_api.h"

enum { ONLY_FATAL = 4 };

static const rg_ort *ort;
static rg_err said;

/* Every call gives a status, NULL for success. */
#define CALL(name, ...)                                                                            \
    do {                                                                                           \
        if (rg_ort_check(ort, ort->name(__VA_ARGS__), #name, &said) != RG_OK)                      \
            return said.what;                                                                      \
    } while (0)

const char *ort_open(const char *path) {
    return rg_ort_open(path, &ort, &said) == RG_OK ? NULL : said.what;
}

const char *ort_version(void) {
    return ort ? ort->library.version : "";
}

const char *ort_load(ort_session *s, const void *data, size_t bytes) {
    void *env, *options;
    *s = (ort_session){0};
    CALL(CreateEnv, ONLY_FATAL, "railgauge", &env);
    CALL(CreateSessionOptions, &options);
    CALL(SetSessionGraphOptimizationLevel, options, 0);
    CALL(SetIntraOpNumThreads, options, 1);
    CALL(CreateSessionFromArray, env, data, bytes, options, &s->session);
    CALL(CreateCpuMemoryInfo, 0, 0, &s->memory);
    CALL(GetAllocatorWithDefaultOptions, &s->allocator);
    CALL(SessionGetInputCount, s->session, &s->n_in);
    CALL(SessionGetOutputCount, s->session, &s->n_out);
    if (s->n_in > ORT_MOST || s->n_out > ORT_MOST)
        return "it has too many inputs or outputs";
    for (size_t i = 0; i < s->n_in; i++)
        CALL(SessionGetInputName, s->session, i, s->allocator, &s->in_names[i]);
    for (size_t i = 0; i < s->n_out; i++)
        CALL(SessionGetOutputName, s->session, i, s->allocator, &s->out_names[i]);
    return NULL;
}

static const char *info_of(const void *info, int *ret_type, size_t *ret_rank, int64_t *dims) {
    rg_dtype dtype;
    CALL(GetTensorElementType, info, ret_type);
    CALL(GetDimensionsCount, info, ret_rank);
    if (*ret_rank > RG_MAX_RANK || !rg_ort_dtype(*ret_type, &dtype))
        return "a tensor of a type that is not made here";
    CALL(GetDimensions, info, dims, *ret_rank);
    return NULL;
}

static const char *input_info(ort_session *s, size_t i, int *ret_type, size_t *ret_rank,
                              int64_t *dims) {
    void *info;
    const void *tensor;
    CALL(SessionGetInputTypeInfo, s->session, i, &info);
    CALL(CastTypeInfoToTensorInfo, info, &tensor);
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
    rg_ort_dtype(type, ret_dtype);
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
    rg_dtype dtype = RG_DTYPE_INT8;
    const char *why = input_info(s, i, &type, &rank, dims);
    shape.rank = (uint32_t)rank;
    for (size_t d = 0; !why && d < rank; d++)
        shape.dim[d] = (int32_t)dims[d];
    if (!why)
        rg_ort_dtype(type, &dtype);
    if (why || rg_tensor_bytes(&shape, dtype, &wanted, NULL) != RG_OK || wanted != bytes)
        return why ? why : "an input of another size";
    CALL(CreateTensorWithDataAsOrtValue, s->memory, (void *)(uintptr_t)data, bytes, dims, rank,
         type, &s->in[i]);
    return NULL;
}

const char *ort_run(ort_session *s) {
    for (size_t i = 0; i < s->n_out; i++)
        s->out[i] = NULL;
    CALL(Run, s->session, NULL, (const char *const *)s->in_names, s->in, s->n_in,
         (const char *const *)s->out_names, s->n_out, s->out);
    return NULL;
}

const char *ort_output(ort_session *s, size_t i, rg_dtype *ret_dtype, const void **ret_data,
                       size_t *ret_bytes) {
    void *info, *place;
    int type;
    size_t n;
    CALL(GetTensorTypeAndShape, s->out[i], &info);
    CALL(GetTensorElementType, info, &type);
    CALL(GetTensorShapeElementCount, info, &n);
    CALL(GetTensorMutableData, s->out[i], &place);
    *ret_data = place;
    if (!rg_ort_dtype(type, ret_dtype))
        return "an output of a type that is not read here";
    *ret_bytes = n * rg_dtype_bits(*ret_dtype) / 8;
    return NULL;
}
