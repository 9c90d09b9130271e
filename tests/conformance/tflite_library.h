/* tflite_library.h: TensorFlow Lite's own C library, opened at run time, for the conformance tests
 * beside this file. rg_tfl_Name is the library's TfLiteName. */
#ifndef RG_TESTS_TFLITE_LIBRARY_H
#define RG_TESTS_TFLITE_LIBRARY_H

#include <stddef.h>
#include <stdint.h>

#define RG_TFL_SYMBOLS(X)                                                                          \
    X(const char *, Version, (void))                                                               \
    X(void *, ModelCreate, (const void *, size_t))                                                 \
    X(void *, InterpreterOptionsCreate, (void))                                                    \
    X(void, InterpreterOptionsSetNumThreads, (void *, int32_t))                                    \
    X(void *, InterpreterCreate, (const void *, const void *))                                     \
    X(int, InterpreterAllocateTensors, (void *))                                                   \
    X(int32_t, InterpreterGetInputTensorCount, (const void *))                                     \
    X(int32_t, InterpreterGetOutputTensorCount, (const void *))                                    \
    X(void *, InterpreterGetInputTensor, (const void *, int32_t))                                  \
    X(const void *, InterpreterGetOutputTensor, (const void *, int32_t))                           \
    X(int, InterpreterInvoke, (void *))                                                            \
    X(size_t, TensorByteSize, (const void *))                                                      \
    X(void *, TensorData, (const void *))
#define X(type, name, args) extern type(*rg_tfl_##name) args;
RG_TFL_SYMBOLS(X)
#undef X

/* Opens $TFLITE_LIB, else what scripts/peers put into the build folder. NULL, or why not: a reason
 * to skip. */
const char *rg_tfl_open(void);

/* An interpreter with its tensors allocated, one thread; NULL with the reason. `data` must outlive
 * it; it lives until the process ends. */
void *rg_tfl_load(const void *data, size_t bytes, const char **ret_why);

#endif
