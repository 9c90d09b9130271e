/* ort_api.h: ONNX Runtime's C interface without its headers: one exported function gives a table of
 * function pointers that only grows, so each function is known by its place and by the version that
 * it came with. Opening, and from its errors to ours (ort_api.c). Users: ort_*.c beside it, and the
 * conformance tests. */
#ifndef RG_TARGETS_ORT_API_H
#define RG_TARGETS_ORT_API_H

#include "bench/core/tensor.h"
#include "targets/library.h"

/* The oldest version whose table is known, and the newest that is asked for: a newer library serves
 * it too. The version is the middle number of the release: 1.30.0 has 30. */
enum { RG_ORT_OLDEST = 14, RG_ORT_NEWEST = 30 };

/* Place, first version, what it returns, name, arguments. Everything is an opaque pointer; `void *`
 * as what is returned is a status: NULL for success. */
#define RG_ORT_CALLS(X)                                                                            \
    X(1, 14, int, GetErrorCode, (const void *status))                                              \
    X(2, 14, const char *, GetErrorMessage, (const void *status))                                  \
    X(3, 14, void *, CreateEnv, (int level, const char *id, void **ret))                           \
    X(6, 14, void *, DisableTelemetryEvents, (const void *env))                                    \
    X(7, 14, void *, CreateSession,                                                                \
      (const void *env, const char *path, const void *options, void **ret))                        \
    X(8, 14, void *, CreateSessionFromArray,                                                       \
      (const void *env, const void *data, size_t bytes, const void *options, void **ret))          \
    X(9, 14, void *, Run,                                                                          \
      (void *session, const void *run_options, const char *const *in_names, void *const *in,       \
       size_t n_in, const char *const *out_names, size_t n_out, void **out))                       \
    X(10, 14, void *, CreateSessionOptions, (void **ret))                                          \
    X(13, 14, void *, SetSessionExecutionMode, (void *options, int mode))                          \
    X(14, 14, void *, EnableProfiling, (void *options, const char *prefix))                        \
    X(17, 14, void *, DisableMemPattern, (void *options))                                          \
    X(19, 14, void *, DisableCpuMemArena, (void *options))                                         \
    X(22, 14, void *, SetSessionLogSeverityLevel, (void *options, int level))                      \
    X(23, 14, void *, SetSessionGraphOptimizationLevel, (void *options, int level))                \
    X(24, 14, void *, SetIntraOpNumThreads, (void *options, int n))                                \
    X(25, 14, void *, SetInterOpNumThreads, (void *options, int n))                                \
    X(30, 14, void *, SessionGetInputCount, (const void *session, size_t *ret))                    \
    X(31, 14, void *, SessionGetOutputCount, (const void *session, size_t *ret))                   \
    X(33, 14, void *, SessionGetInputTypeInfo, (const void *session, size_t i, void **ret))        \
    X(34, 14, void *, SessionGetOutputTypeInfo, (const void *session, size_t i, void **ret))       \
    X(36, 14, void *, SessionGetInputName,                                                         \
      (const void *session, size_t i, void *allocator, char **ret))                                \
    X(37, 14, void *, SessionGetOutputName,                                                        \
      (const void *session, size_t i, void *allocator, char **ret))                                \
    X(49, 14, void *, CreateTensorWithDataAsOrtValue,                                              \
      (const void *memory, void *data, size_t bytes, const int64_t *shape, size_t rank, int type,  \
       void **ret))                                                                                \
    X(51, 14, void *, GetTensorMutableData, (void *value, void **ret))                             \
    X(55, 14, void *, CastTypeInfoToTensorInfo, (const void *info, const void **ret))              \
    X(60, 14, void *, GetTensorElementType, (const void *info, int *ret))                          \
    X(61, 14, void *, GetDimensionsCount, (const void *info, size_t *ret))                         \
    X(62, 14, void *, GetDimensions, (const void *info, int64_t *ret, size_t n))                   \
    X(64, 14, void *, GetTensorShapeElementCount, (const void *info, size_t *ret))                 \
    X(65, 14, void *, GetTensorTypeAndShape, (const void *value, void **ret))                      \
    X(69, 14, void *, CreateCpuMemoryInfo, (int allocator, int memory, void **ret))                \
    X(76, 14, void *, AllocatorFree, (void *allocator, void *data))                                \
    X(78, 14, void *, GetAllocatorWithDefaultOptions, (void **ret))                                \
    X(92, 14, void, ReleaseEnv, (void *env))                                                       \
    X(93, 14, void, ReleaseStatus, (void *status))                                                 \
    X(94, 14, void, ReleaseMemoryInfo, (void *memory))                                             \
    X(95, 14, void, ReleaseSession, (void *session))                                               \
    X(96, 14, void, ReleaseValue, (void *value))                                                   \
    X(98, 14, void, ReleaseTypeInfo, (void *info))                                                 \
    X(99, 14, void, ReleaseTensorTypeAndShapeInfo, (void *info))                                   \
    X(100, 14, void, ReleaseSessionOptions, (void *options))                                       \
    X(110, 14, void *, SessionEndProfiling, (void *session, void *allocator, char **ret))          \
    X(124, 14, void *, AddFreeDimensionOverrideByName,                                             \
      (void *options, const char *name, int64_t value))                                            \
    X(125, 14, void *, GetAvailableProviders, (char ***ret, int *ret_n))                           \
    X(126, 14, void *, ReleaseAvailableProviders, (char **list, int n))                            \
    X(130, 14, void *, AddSessionConfigEntry, (void *options, const char *key, const char *value)) \
    X(131, 14, void *, CreateAllocator, (const void *session, const void *memory, void **ret))     \
    X(132, 14, void, ReleaseAllocator, (void *allocator))                                          \
    X(133, 14, void *, RunWithBinding,                                                             \
      (void *session, const void *run_options, const void *binding))                               \
    X(134, 14, void *, CreateIoBinding, (void *session, void **ret))                               \
    X(135, 14, void, ReleaseIoBinding, (void *binding))                                            \
    X(136, 14, void *, BindInput, (void *binding, const char *name, const void *value))            \
    X(137, 14, void *, BindOutput, (void *binding, const char *name, const void *value))           \
    X(170, 14, void *, AppendTensorRT, (void *options, const void *provider))                      \
    X(171, 14, void *, CreateTensorRTOptions, (void **ret))                                        \
    X(172, 14, void *, UpdateTensorRTOptions,                                                      \
      (void *provider, const char *const *keys, const char *const *values, size_t n))              \
    X(174, 14, void, ReleaseTensorRTOptions, (void *provider))                                     \
    X(202, 14, void *, SynchronizeBoundInputs, (void *binding))                                    \
    X(203, 14, void *, SynchronizeBoundOutputs, (void *binding))                                   \
    X(204, 14, void *, AppendCUDA, (void *options, const void *provider))                          \
    X(205, 14, void *, CreateCUDAOptions, (void **ret))                                            \
    X(206, 14, void *, UpdateCUDAOptions,                                                          \
      (void *provider, const char *const *keys, const char *const *values, size_t n))              \
    X(208, 14, void, ReleaseCUDAOptions, (void *provider))                                         \
    X(216, 14, void *, AppendProvider,                                                             \
      (void *options, const char *name, const char *const *keys, const char *const *values,        \
       size_t n))                                                                                  \
    X(254, 15, const char *, GetBuildInfoString, (void))                                           \
    X(273, 17, void *, SetDeterministicCompute, (void *options, bool on))                          \
    X(275, 17, void *, AppendOpenVINO,                                                             \
      (void *options, const char *const *keys, const char *const *values, size_t n))               \
    X(276, 18, void *, AppendVitisAI,                                                              \
      (void *options, const char *const *keys, const char *const *values, size_t n))               \
    X(298, 22, void, GetKeyValuePairs,                                                             \
      (const void *pairs, const char *const **keys, const char *const **values, size_t *n))        \
    X(300, 22, void, ReleaseKeyValuePairs, (void *pairs))                                          \
    X(301, 22, void *, RegisterProviderLibrary, (void *env, const char *name, const char *path))   \
    X(303, 22, void *, GetEpDevices, (const void *env, const void *const **ret, size_t *ret_n))    \
    X(304, 22, void *, AppendProviderDevices,                                                      \
      (void *options, void *env, const void *const *devices, size_t n_devices,                     \
       const char *const *keys, const char *const *values, size_t n))                              \
    X(312, 22, const char *, EpDeviceName, (const void *device))                                   \
    X(319, 23, void *, AllocatorGetStats, (const void *allocator, void **ret))                     \
    X(407, 24, void *, GetGraphAssignment,                                                         \
      (const void *session, const void *const **ret, size_t *ret_n))                               \
    X(408, 24, void *, SubgraphProvider, (const void *subgraph, const char **ret))                 \
    X(409, 24, void *, SubgraphNodes,                                                              \
      (const void *subgraph, const void *const **ret, size_t *ret_n))                              \
    X(410, 24, void *, NodeName, (const void *node, const char **ret))                             \
    X(412, 24, void *, NodeType, (const void *node, const char **ret))

enum { RG_ORT_INVALID_ARGUMENT = 2 }; /* a code of a status */

/* An open runtime. A pointer is NULL where the library is older than the function: the table ends
 * before it. */
typedef struct rg_ort {
    rg_library library;
    uint32_t api; /* version of the table */
#define X(place, since, type, name, args) type(*name) args;
    RG_ORT_CALLS(X)
#undef X
} rg_ort;

/* Opens the library (`given` as rg_library_open has it) and asks for its table, once a process: the
 * same pointer each time, also for another `given`, since two runtimes in one process disturb each
 * other. RG_ABSENT and RG_DENIED as there; RG_UNSUPPORTED for a release before 1.14, or one that is
 * no 1.x. */
rg_status rg_ort_open(const char *given, const rg_ort **ret_ort, rg_err *err);

/* NULL is RG_OK. Else takes the runtime's status: its code becomes ours, with `doing` ("creating
 * the session"), its words and what to try; frees it. */
rg_status rg_ort_check(const rg_ort *ort, void *status, const char *doing, rg_err *err);

/* The word of a code ("invalid-graph"), "unknown" beyond those known. */
const char *rg_ort_code_word(int code);

/* ONNX's number of an element type, and back; 0 and false where there is none. */
int rg_ort_type(rg_dtype dtype);
bool rg_ort_dtype(int type, rg_dtype *ret_dtype);

/* The middle number of "1.30.0"; 0 when it is no 1.x. */
uint32_t rg_ort_api_of(const char *version);

#endif
