/* ort_api.c: opens ONNX Runtime, copies the pointers that its table holds, and turns its statuses
 * into ours. */
#include "targets/ort_api.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- the library ------------------------------------------------------------------------------ */

static const rg_library_spec spec = {
    .target = "onnxruntime",
    .title = "ONNX Runtime",
    .advice = "install ONNX Runtime 1.14 or newer: its release archive, the Python wheel and the "
              "npm package onnxruntime-node hold libonnxruntime.so.1",
    .names = {"libonnxruntime.so.1", "libonnxruntime.so"},
};

/* What the one exported function gives. */
typedef struct api_base {
    const void *(*get)(uint32_t version);
    const char *(*version)(void);
} api_base;

typedef struct exported {
    const api_base *(*base)(void);
} exported;

static const rg_library_symbol symbols[] = {
    {"OrtGetApiBase", offsetof(exported, base), false},
    {0},
};

uint32_t rg_ort_api_of(const char *version) {
    unsigned major = 0, minor = 0;
    return sscanf(version, "%3u.%3u", &major, &minor) == 2 && major == 1 ? minor : 0;
}

/* Each function that this version has; the others stay NULL. */
static void take_table(rg_ort *ort, void *const *table) {
#define X(place, since, type, name, args)                                                          \
    if (ort->api >= (since))                                                                       \
        memcpy(&ort->name, &table[place], sizeof ort->name);
    RG_ORT_CALLS(X)
#undef X
}

static rg_status ask_table(rg_ort *ort, const api_base *base, rg_err *err) {
    snprintf(ort->library.version, sizeof ort->library.version, "%s", base->version());
    uint32_t here = rg_ort_api_of(ort->library.version);
    if (here < RG_ORT_OLDEST)
        return rg_fail(err, RG_UNSUPPORTED, spec.advice,
                       "%s is version %s; its functions are known from 1.%d on", ort->library.path,
                       ort->library.version, RG_ORT_OLDEST);
    ort->api = here < RG_ORT_NEWEST ? here : RG_ORT_NEWEST;
    void *const *table = base->get(ort->api);
    if (!table)
        return rg_fail(err, RG_UNSUPPORTED, "install a release build of ONNX Runtime",
                       "%s says that it is version %s but gives no functions of version %u",
                       ort->library.path, ort->library.version, ort->api);
    take_table(ort, table);
    return RG_OK;
}

static rg_status open_runtime(const char *given, rg_ort *ort, rg_err *err) {
    exported from;
    rg_status status = rg_library_open(&spec, given, &ort->library, err);
    if (status == RG_OK)
        status = rg_library_bind(&ort->library, symbols, &from, err);
    if (status != RG_OK)
        return status;
    const api_base *base = from.base();
    return base ? ask_table(ort, base, err)
                : rg_fail(err, RG_UNSUPPORTED, spec.advice, "%s gives no functions",
                          ort->library.path);
}

rg_status rg_ort_open(const char *given, const rg_ort **ret_ort, rg_err *err) {
    static rg_ort the; /* one runtime a process, never closed */
    static bool open;
    if (!open) {
        rg_ort fresh = {0};
        rg_status status = open_runtime(given, &fresh, err);
        if (status != RG_OK)
            return status;
        the = fresh;
        open = true;
    }
    *ret_ort = &the;
    return RG_OK;
}

/* --- its statuses ----------------------------------------------------------------------------- */

/* By code. */
static const struct code {
    const char *word;
    rg_status status;
    const char *advice;
} codes[] = {
    {"ok", RG_FAILED, "see the runtime's own words in the round's output"},
    {"fail", RG_FAILED, "see the runtime's own words in the round's output"},
    {"invalid-argument", RG_UNSUPPORTED,
     "compare the options of the cell with what this build of the runtime knows"},
    {"no-such-file", RG_IO, "check the path, and files that the model names beside it"},
    {"no-model", RG_BAD_DATA, "give the .onnx file again: nothing was loaded"},
    {"engine-error", RG_FAILED, "see the provider's own words in the round's output"},
    {"runtime-exception", RG_FAILED,
     "see the runtime's own words in the round's output; try optimization = \"basic\""},
    {"invalid-protobuf", RG_BAD_DATA, "the file is damaged or no .onnx: fetch or export it again"},
    {"model-loaded", RG_FAILED, "report this: a session was loaded twice"},
    {"not-implemented", RG_UNSUPPORTED,
     "an operator or type has no kernel in this build: use another provider or a newer runtime"},
    {"invalid-graph", RG_BAD_DATA, "export the model again, with an opset that this runtime knows"},
    {"ep-fail", RG_FAILED, "the provider failed: check its driver, its version and its options"},
    {"load-canceled", RG_FAILED, "loading was stopped from outside: run it again"},
    {"needs-compilation", RG_UNSUPPORTED,
     "the provider wants a model compiled for it: compile it with the vendor's tool first"},
    {"not-found", RG_ABSENT, "install what the message names"},
    {"device-reset", RG_FAILED, "the device was reset under the run: check its log and its power"},
};

static const struct code *code_of(int code) {
    return code >= 0 && (size_t)code < sizeof codes / sizeof codes[0] ? &codes[code] : NULL;
}

const char *rg_ort_code_word(int code) {
    const struct code *row = code_of(code);
    return row ? row->word : "unknown";
}

rg_status rg_ort_check(const rg_ort *ort, void *status, const char *doing, rg_err *err) {
    if (!status)
        return RG_OK;
    int code = ort->GetErrorCode(status);
    const struct code *row = code_of(code);
    const char *said = ort->GetErrorMessage(status);
    rg_status ours =
        rg_fail(err, row ? row->status : RG_FAILED, row ? row->advice : codes[1].advice,
                "ONNX Runtime, %s: %s (code %d, %s)", doing, said ? said : "it gives no reason",
                code, rg_ort_code_word(code));
    ort->ReleaseStatus(status);
    return ours;
}

/* --- types ------------------------------------------------------------------------------------ */

/* By ONNX's number; the first is none. */
static const rg_dtype types[] = {
    RG_DTYPE_ANY,      RG_DTYPE_FLOAT32,       RG_DTYPE_UINT8,     RG_DTYPE_INT8,
    RG_DTYPE_UINT16,   RG_DTYPE_INT16,         RG_DTYPE_INT32,     RG_DTYPE_INT64,
    RG_DTYPE_STRING,   RG_DTYPE_BOOL,          RG_DTYPE_FLOAT16,   RG_DTYPE_FLOAT64,
    RG_DTYPE_UINT32,   RG_DTYPE_UINT64,        RG_DTYPE_COMPLEX64, RG_DTYPE_COMPLEX128,
    RG_DTYPE_BFLOAT16, RG_DTYPE_FLOAT8_E4M3FN, RG_DTYPE_ANY,       RG_DTYPE_FLOAT8_E5M2,
    RG_DTYPE_ANY,      RG_DTYPE_UINT4,         RG_DTYPE_INT4,
};
enum { N_TYPES = sizeof types / sizeof types[0] };

int rg_ort_type(rg_dtype dtype) {
    for (int i = 1; i < N_TYPES; i++) {
        if (types[i] == dtype && rg_dtype_bits(dtype))
            return i;
    }
    return 0;
}

bool rg_ort_dtype(int type, rg_dtype *ret_dtype) {
    if (type < 1 || type >= N_TYPES || types[type] == RG_DTYPE_ANY || !rg_dtype_bits(types[type]))
        return false;
    *ret_dtype = types[type];
    return true;
}
