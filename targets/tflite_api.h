/* tflite_api.h: TensorFlow Lite's (LiteRT's) C library as a struct of functions: opened by
 * library.h, handles opaque. Used by the target tflite and by whatever else sits on that runtime.
 * Order of calls, as tflite_runner.c keeps it: model, options, delegates, interpreter, tensors
 * allocated, and only then anything about tensors. */
#ifndef RG_TARGETS_TFLITE_API_H
#define RG_TARGETS_TFLITE_API_H

#include <stdarg.h>
#include <stdint.h>

#include "bench/core/tensor.h"
#include "targets/library.h"

/* TfLiteStatus as it comes over the border; the ones that are told apart. */
enum {
    RG_TFLITE_OK = 0,
    RG_TFLITE_DELEGATE_ERROR = 2,
    RG_TFLITE_APPLICATION_ERROR = 3, /* of a delegate: it does not suit the graph */
    RG_TFLITE_UNRESOLVED_OPS = 7,
};

typedef struct rg_tflite_quant {
    float scale;
    int32_t zero_point;
} rg_tflite_quant;

typedef void (*rg_tflite_reporter)(void *user, const char *format, va_list args);

/* need, result, member, symbol without "TfLite", arguments. Those that are not needed exist in some
 * versions or builds only. */
#define RG_TFLITE_SYMBOLS(X)                                                                       \
    X(true, const char *, version, Version, (void))                                                \
    X(true, void *, model_create, ModelCreate, (const void *, size_t))                             \
    X(true, void, model_delete, ModelDelete, (void *))                                             \
    X(true, void *, options_create, InterpreterOptionsCreate, (void))                              \
    X(true, void, options_delete, InterpreterOptionsDelete, (void *))                              \
    X(true, void, set_threads, InterpreterOptionsSetNumThreads, (void *, int32_t))                 \
    X(true, void, add_delegate, InterpreterOptionsAddDelegate, (void *, void *))                   \
    X(true, void, set_reporter, InterpreterOptionsSetErrorReporter,                                \
      (void *, rg_tflite_reporter, void *))                                                        \
    X(true, void *, interpreter_create, InterpreterCreate, (const void *, const void *))           \
    X(true, void, interpreter_delete, InterpreterDelete, (void *))                                 \
    X(true, int, allocate, InterpreterAllocateTensors, (void *))                                   \
    X(true, int, resize, InterpreterResizeInputTensor,                                             \
      (void *, int32_t, const int32_t *, int32_t))                                                 \
    X(true, int, invoke, InterpreterInvoke, (void *))                                              \
    X(true, int32_t, n_in, InterpreterGetInputTensorCount, (const void *))                         \
    X(true, int32_t, n_out, InterpreterGetOutputTensorCount, (const void *))                       \
    X(true, void *, in, InterpreterGetInputTensor, (const void *, int32_t))                        \
    X(true, const void *, out, InterpreterGetOutputTensor, (const void *, int32_t))                \
    X(true, int, type, TensorType, (const void *))                                                 \
    X(true, int32_t, rank, TensorNumDims, (const void *))                                          \
    X(true, int32_t, dim, TensorDim, (const void *, int32_t))                                      \
    X(true, size_t, bytes, TensorByteSize, (const void *))                                         \
    X(true, void *, data, TensorData, (const void *))                                              \
    X(true, const char *, name, TensorName, (const void *))                                        \
    X(true, rg_tflite_quant, quant, TensorQuantizationParams, (const void *))                      \
    X(false, int, reset_variables, InterpreterResetVariableTensors, (void *))                      \
    X(false, void *, xnnpack_create, XNNPackDelegateCreate, (const void *))                        \
    X(false, void, xnnpack_delete, XNNPackDelegateDelete, (void *))                                \
    X(false, const void *, xnnpack_options, XNNPackDelegateGetOptions, (void *))                   \
    X(false, int, xnnpack_flags, XNNPackDelegateGetFlags, (void *))

/* The library and its functions; plain data that may be copied. */
typedef struct rg_tflite {
    rg_library library;
    int major, minor; /* of the version that it tells: 2, 9 */
#define X(need, result, member, symbol, args) result(*member) args;
    RG_TFLITE_SYMBOLS(X)
#undef X
} rg_tflite;

/* Opens the library (`given` as rg_library_open has it), looks its functions up and asks its
 * version. Errors as those of library.h; RG_UNSUPPORTED for a version of before 2.3, whose calls
 * differ, or one that is no version. */
rg_status rg_tflite_open(const char *given, rg_tflite *ret_tflite, rg_err *err);

/* "TfLiteDelegateError" and so on in words: "a delegate failed". */
const char *rg_tflite_status_text(int status);

/* The element type of TfLiteType `type`; false for one that is not known here. */
bool rg_tflite_element(int type, rg_dtype *ret_dtype);

#endif
