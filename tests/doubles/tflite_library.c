/* tflite_library.c: double of TensorFlow Lite's C library (libtensorflowlite_c.so): the same
 * functions over our own reader and reference executor. For what the real library at hand cannot
 * play: other versions with other structs, and failures.
 *
 * TFLITE_DOUBLE is a list of words: "version=2.16.1"; "no-model", "no-interpreter", "no-tensors";
 * "custom-op" (an operator that it does not know); "fails" (the first call), "crash" or "hang" (the
 * third), "slow" (5 ms a call), "wrong"; "flags-at=4" or "flags-at=8" (where its own XNNPACK
 * options have the flags). TFLITE_DOUBLE_OPTIONS names a file that the given options are written
 * to. */
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench/iface/exec.h"
#include "bench/iface/registry.h"

#define EXPORTED __attribute__((visibility("default")))
/* A function that is exported; there is no header to declare it. */
#define API(type, name, args)                                                                      \
    EXPORTED type name args;                                                                       \
    type name args

enum { OPTIONS_BYTES = 256, MOST_TENSORS = 64, CUSTOM_OP = 7 };

extern EXPORTED const char railgauge_double_name[];
const char railgauge_double_name[] = "tflite_library";

typedef void reporter(void *user, const char *format, va_list args);

typedef struct model {
    rg_graph *graph;
} model;

typedef struct options {
    int32_t threads;
    reporter *report;
    void *user;
} options;

typedef struct tensor {
    const rg_tensor *is;
    void *data;
} tensor;

typedef struct interpreter {
    const rg_graph *graph;
    options options;
    rg_exec *exec;
    tensor in[MOST_TENSORS], out[MOST_TENSORS];
    int calls;
} interpreter;

typedef struct quant {
    float scale;
    int32_t zero_point;
} quant;

/* --- what it is told to be like --------------------------------------------------------------- */

/* What follows "word" or "word=" in the list; NULL when it is not there. */
static const char *told(const char *word) {
    const char *list = getenv("TFLITE_DOUBLE");
    size_t n = strlen(word);
    for (const char *at = list; at && *at; at += strcspn(at, ","), at += *at == ',') {
        if (!strncmp(at, word, n) && strchr(",=", at[n]))
            return at[n] == '=' ? at + n + 1 : at + n;
    }
    return NULL;
}

static void say(const options *to, const char *format, ...) {
    va_list args;
    va_start(args, format);
    if (to->report)
        to->report(to->user, format, args);
    va_end(args);
}

API(const char *, TfLiteVersion, (void)) {
    static char version[32];
    const char *given = told("version");
    snprintf(version, sizeof version, "%.*s", given ? (int)strcspn(given, ",") : 6,
             given ? given : "2.14.0");
    return version;
}

/* --- model and options ------------------------------------------------------------------------ */

API(void *, TfLiteModelCreate, (const void *data, size_t bytes)) {
    const rg_reader *reader = rg_reader_for(data, bytes);
    model *made = calloc(1, sizeof *made);
    if (told("no-model") || !reader ||
        reader->read(data, bytes, "double", &rg_model_limits_default, &made->graph, NULL)) {
        fprintf(stderr, "ERROR: The model is not a valid Flatbuffer buffer\n");
        free(made);
        return NULL;
    }
    return made;
}

API(void, TfLiteModelDelete, (void *given)) {
    rg_graph_free(((model *)given)->graph);
    free(given);
}

API(void *, TfLiteInterpreterOptionsCreate, (void)) {
    return calloc(1, sizeof(options));
}

API(void, TfLiteInterpreterOptionsDelete, (void *given)) {
    free(given);
}

API(void, TfLiteInterpreterOptionsSetNumThreads, (void *given, int32_t threads)) {
    ((options *)given)->threads = threads;
}

API(void, TfLiteInterpreterOptionsSetErrorReporter, (void *given, reporter *report, void *user)) {
    ((options *)given)->report = report;
    ((options *)given)->user = user;
}

/* Takes them and lets them do nothing. */
API(void, TfLiteInterpreterOptionsAddDelegate, (void *given, void *delegate)) {
    (void)given;
    (void)delegate;
}

/* --- interpreter ------------------------------------------------------------------------------ */

API(void *, TfLiteInterpreterCreate, (const void *of, const void *with)) {
    interpreter *made = calloc(1, sizeof *made);
    made->graph = ((const model *)of)->graph;
    made->options = *(const options *)with;
    if (told("no-interpreter") || made->graph->n_in > MOST_TENSORS ||
        made->graph->n_out > MOST_TENSORS) {
        say(&made->options, "Didn't find op for builtin opcode '%s' version '%d'", "CONV_2D", 99);
        free(made);
        return NULL;
    }
    for (uint32_t i = 0; i < made->graph->n_in; i++)
        made->in[i].is = &made->graph->tensors[made->graph->in[i]];
    for (uint32_t i = 0; i < made->graph->n_out; i++)
        made->out[i].is = &made->graph->tensors[made->graph->out[i]];
    return made;
}

API(void, TfLiteInterpreterDelete, (void *given)) {
    rg_exec_free(((interpreter *)given)->exec);
    free(given);
}

API(int, TfLiteInterpreterAllocateTensors, (void *given)) {
    interpreter *it = given;
    const rg_exec_options reference = {.threads = 1, .reference = true};
    if (told("custom-op")) {
        say(&it->options, "Encountered unresolved custom op: %s.", "MyCustomOp");
        return CUSTOM_OP;
    }
    if (told("no-tensors") || rg_exec_new(it->graph, &reference, &it->exec, NULL) != RG_OK) {
        say(&it->options, "Node number %d (%s) failed to prepare.", 0, "CONV_2D");
        return 1;
    }
    for (uint32_t i = 0; i < it->graph->n_in; i++)
        it->in[i].data = rg_exec_input(it->exec, i);
    for (uint32_t i = 0; i < it->graph->n_out; i++)
        it->out[i].data = (void *)(uintptr_t)rg_exec_output(it->exec, i);
    return 0;
}

API(int, TfLiteInterpreterResizeInputTensor, (void *given, int32_t i, const int *dims, int32_t n)) {
    (void)given;
    (void)i;
    (void)dims;
    (void)n;
    return 1;
}

#ifndef LACKS_INVOKE
static void misbehave(interpreter *it) {
    bool third = ++it->calls == 3;
    if (third && told("crash")) {
        signal(SIGSEGV, SIG_DFL); /* a sanitizer must not turn it into an exit */
        raise(SIGSEGV);
    }
    while (third && told("hang"))
        pause();
    if (told("slow"))
        nanosleep(&(struct timespec){0, 5000000}, NULL);
}

API(int, TfLiteInterpreterInvoke, (void *given)) {
    interpreter *it = given;
    misbehave(it);
    if (told("fails")) {
        say(&it->options, "Node number %d (%s) failed to invoke.", 2, "SOFTMAX");
        return 1;
    }
    rg_exec_run(it->exec);
    for (size_t i = 0; told("wrong") && i < it->out[0].is->bytes; i++)
        ((unsigned char *)it->out[0].data)[i] ^= 0x40;
    return 0;
}
#endif

API(int, TfLiteInterpreterResetVariableTensors, (void *given)) {
    rg_exec_reset(((interpreter *)given)->exec);
    return 0;
}

/* --- tensors ---------------------------------------------------------------------------------- */

API(int32_t, TfLiteInterpreterGetInputTensorCount, (const void *given)) {
    return (int32_t)((const interpreter *)given)->graph->n_in;
}

API(int32_t, TfLiteInterpreterGetOutputTensorCount, (const void *given)) {
    return (int32_t)((const interpreter *)given)->graph->n_out;
}

API(void *, TfLiteInterpreterGetInputTensor, (const void *given, int32_t i)) {
    return (void *)(uintptr_t) & ((const interpreter *)given)->in[i];
}

API(const void *, TfLiteInterpreterGetOutputTensor, (const void *given, int32_t i)) {
    return &((const interpreter *)given)->out[i];
}

API(int, TfLiteTensorType, (const void *given)) {
    static const int types[RG_DTYPE_COUNT] = {
        [RG_DTYPE_FLOAT32] = 1, [RG_DTYPE_INT32] = 2, [RG_DTYPE_UINT8] = 3, [RG_DTYPE_INT64] = 4,
        [RG_DTYPE_BOOL] = 6,    [RG_DTYPE_INT16] = 7, [RG_DTYPE_INT8] = 9};
    return types[((const tensor *)given)->is->dtype];
}

API(int32_t, TfLiteTensorNumDims, (const void *given)) {
    return (int32_t)((const tensor *)given)->is->shape.rank;
}

API(int32_t, TfLiteTensorDim, (const void *given, int32_t i)) {
    return ((const tensor *)given)->is->shape.dim[i];
}

API(size_t, TfLiteTensorByteSize, (const void *given)) {
    return ((const tensor *)given)->is->bytes;
}

API(void *, TfLiteTensorData, (const void *given)) {
    return ((const tensor *)given)->data;
}

API(const char *, TfLiteTensorName, (const void *given)) {
    return ((const tensor *)given)->is->name;
}

API(quant, TfLiteTensorQuantizationParams, (const void *given)) {
    const rg_quant *q = &((const tensor *)given)->is->quant;
    return q->n ? (quant){q->scale[0], q->zero_point[0]} : (quant){0, 0};
}

/* --- XNNPACK ---------------------------------------------------------------------------------- */

static size_t flags_at(void) {
    const char *at = told("flags-at");
    return at && *at == '8' ? 8 : 4;
}

API(void *, TfLiteXNNPackDelegateCreate, (const void *given)) {
    const char *path = getenv("TFLITE_DOUBLE_OPTIONS");
    unsigned char *made = calloc(1, OPTIONS_BYTES);
    if (given)
        memcpy(made, given, OPTIONS_BYTES);
    else
        made[flags_at()] = 3; /* the build's own */
    FILE *file = path && given ? fopen(path, "wb") : NULL;
    if (file) {
        fwrite(given, 1, OPTIONS_BYTES, file);
        fclose(file);
    }
    return made;
}

API(void, TfLiteXNNPackDelegateDelete, (void *delegate)) {
    free(delegate);
}

API(const void *, TfLiteXNNPackDelegateGetOptions, (void *delegate)) {
    return delegate;
}

API(int, TfLiteXNNPackDelegateGetFlags, (void *delegate)) {
    return told("no-flags") ? 0 : ((unsigned char *)delegate)[flags_at()];
}
