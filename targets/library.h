/* library.h: a vendor's library, opened at run time, so that one program runs with and without it:
 * which file was taken, what it exports, and why it is not here. Targets around such a library
 * (tflite, edgetpu, hailo, onnxruntime) describe it by an rg_library_spec and a table of symbols.
 * Call in child processes only: opening runs foreign code. */
#ifndef RG_TARGETS_LIBRARY_H
#define RG_TARGETS_LIBRARY_H

#include "bench/core/err.h"
#include "bench/core/field.h"
#include "bench/core/hash.h"
#include "bench/core/text.h"

enum { RG_LIBRARY_PATH = 512, RG_LIBRARY_WORD = 128 };

/* What to look for. All text is literal. */
typedef struct rg_library_spec {
    const char *target;   /* "tflite"; its environment variable is RAILGAUGE_TFLITE_LIBRARY */
    const char *title;    /* "TensorFlow Lite's C library", for messages */
    const char *advice;   /* "install the package libtensorflowlite-c": what makes it present */
    const char *names[6]; /* sonames with version first, plain .so last; NULL-ended */
} rg_library_spec;

/* An open library. Plain data: copy it, drop it; the library itself stays until the process ends,
 * since its threads and destructors do not survive dlclose. */
typedef struct rg_library {
    void *handle;
    const rg_library_spec *spec;
    char path[RG_LIBRARY_PATH];        /* the real file, symlinks followed */
    char version[RG_LIBRARY_WORD];     /* "" until the target has asked the library and set it */
    char sha256[RG_HASH_HEX];          /* "" until rg_library_identify */
    char double_name[RG_LIBRARY_WORD]; /* "" for a real library; see RG_LIBRARY_DOUBLE */
} rg_library;

/* One symbol: its address goes to the function pointer at `offset` of the struct that is given to
 * rg_library_bind; NULL there when an optional one is missing. Tables end with a NULL name. */
typedef struct rg_library_symbol {
    const char *name;
    size_t offset;
    bool optional;
} rg_library_symbol;

/* A stand-in for a vendor's library (tests/doubles) exports its name under this symbol, as
 * `const char railgauge_double_name[] = "tflite";`. Whatever is measured through it is `simulated`
 * and the record holds that name. */
#define RG_LIBRARY_DOUBLE "railgauge_double_name"

/* The row of a target's own options that names the library's file; "" takes the usual names. */
#define RG_LIBRARY_FIELD(record, member)                                                           \
    {                                                                                              \
        "library", RG_FIELD_TEXT, offsetof(record, member), "", 0, 0, NULL, "",                    \
            "file of the vendor's library, in place of the usual names"                            \
    }

/* Opens the library: the file `given` when it is neither NULL nor "", else what the environment
 * variable names, else the first of the usual names that is found. A file that was named is never
 * replaced by another. RG_ABSENT: none is here, or one that it needs is not; RG_DENIED: it may not
 * be read; RG_UNSUPPORTED: it is made for another machine or system. All with what to do. */
rg_status rg_library_open(const rg_library_spec *spec, const char *given, rg_library *ret_library,
                          rg_err *err);

/* Looks all symbols up and writes them into `api`. RG_UNSUPPORTED "backend unavailable: symbol X"
 * for the first that is missing and not optional; `api` is left alone then. */
rg_status rg_library_bind(const rg_library *library, const rg_library_symbol *symbols, void *api,
                          rg_err *err);

/* Fills in the SHA-256 of the file; reads it once a process. Some ms for 10 MB, so nothing that is
 * timed calls it. */
rg_status rg_library_identify(rg_library *library, rg_err *err);

/* Adds what a record must hold of the library as lines "key=value\n": library, library_version,
 * library_sha256, and `double` for a stand-in; those that are unknown are left out. */
void rg_library_facts(const rg_library *library, rg_text *text);

/* The name of the environment variable: RAILGAUGE_SIM_ASYNC_LIBRARY for target "sim-async". */
void rg_library_variable(const char *target, char *ret, size_t cap);

#endif
