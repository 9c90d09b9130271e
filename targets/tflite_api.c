/* tflite_api.c: opening of TensorFlow Lite's C library (tflite_api.h). */
#include "targets/tflite_api.h"

#include <stdio.h>

#include "bench/core/tensor.h"

static const rg_library_spec spec = {
    .target = "tflite",
    .title = "TensorFlow Lite's C library",
    .advice =
        "build libtensorflowlite_c.so from TensorFlow's sources (tensorflow/lite/c) or take it "
        "from the npm package tfjs-tflite-node (cc_deps)",
    .names = {"libtensorflowlite_c.so", "libtensorflow-lite-c.so", "libLiteRt.so"},
};

static const rg_library_symbol symbols[] = {
#define X(need, result, member, symbol, args)                                                      \
    {"TfLite" #symbol, offsetof(rg_tflite, member), !(need)},
    RG_TFLITE_SYMBOLS(X)
#undef X
        {0},
};

static rg_status read_version(rg_tflite *tflite, rg_err *err) {
    const char *text = tflite->version();
    snprintf(tflite->library.version, sizeof tflite->library.version, "%s", text ? text : "");
    if (sscanf(tflite->library.version, "%d.%d", &tflite->major, &tflite->minor) != 2)
        return rg_fail(err, RG_UNSUPPORTED, spec.advice, "%s tells no version but '%s'",
                       tflite->library.path, tflite->library.version);
    return RG_OK;
}

rg_status rg_tflite_open(const char *given, rg_tflite *ret_tflite, rg_err *err) {
    rg_tflite tflite = {0};
    rg_status status = rg_library_open(&spec, given, &tflite.library, err);
    if (status == RG_OK)
        status = rg_library_bind(&tflite.library, symbols, &tflite, err);
    if (status == RG_OK)
        status = read_version(&tflite, err);
    if (status == RG_OK)
        *ret_tflite = tflite;
    return status;
}

const char *rg_tflite_status_text(int status) {
    static const char *const words[] = {
        "it worked",
        "an error of the runtime",
        "a delegate failed",
        "a delegate does not suit this model",
        "a delegate's data were not found",
        "a delegate's data could not be written",
        "a delegate's data could not be read",
        "it has operators that this library does not know",
        "it was cancelled",
        "the shape of an output is not known before it runs",
    };
    size_t n = sizeof words / sizeof words[0];
    return status >= 0 && (size_t)status < n ? words[status] : "a status of no known meaning";
}

bool rg_tflite_element(int type, rg_dtype *ret_dtype) {
    /* by TfLiteType from 1; 0 is no type */
    static const rg_dtype types[] = {
        RG_DTYPE_FLOAT32, RG_DTYPE_INT32,         RG_DTYPE_UINT8,       RG_DTYPE_INT64,
        RG_DTYPE_STRING,  RG_DTYPE_BOOL,          RG_DTYPE_INT16,       RG_DTYPE_COMPLEX64,
        RG_DTYPE_INT8,    RG_DTYPE_FLOAT16,       RG_DTYPE_FLOAT64,     RG_DTYPE_COMPLEX128,
        RG_DTYPE_UINT64,  RG_DTYPE_RESOURCE,      RG_DTYPE_VARIANT,     RG_DTYPE_UINT32,
        RG_DTYPE_UINT16,  RG_DTYPE_INT4,          RG_DTYPE_BFLOAT16,    RG_DTYPE_INT2,
        RG_DTYPE_UINT4,   RG_DTYPE_FLOAT8_E4M3FN, RG_DTYPE_FLOAT8_E5M2,
    };
    if (type < 1 || (size_t)type > sizeof types / sizeof types[0])
        return false;
    *ret_dtype = types[type - 1];
    return true;
}
