/* plain_tflite.c: a model in TensorFlow Lite's C library and a loop around it, nothing of ours.
 *
 *     plain_tflite LIBRARY MODEL builtin|xnnpack THREADS CPU SECONDS */
#include <dlfcn.h>
#include <string.h>

#include "tests/timing/plain_loop.h"

static void *library;

/* A function of the library; ends the program where it is missing. */
static void *function(const char *name) {
    void *found = dlsym(library, name);
    if (!found) {
        fprintf(stderr, "no %s: %s\n", name, dlerror());
        exit(1);
    }
    return found;
}
#define CALL(result, name, args) (*(result(*) args)function("TfLite" name))

static int (*invoke)(void *);

static int run(void *interpreter) {
    return invoke(interpreter);
}

static void *load(const char *path, const char *variant, int threads) {
    static struct {
        int32_t threads;
        uint32_t flags;
        char rest[248];
    } xnnpack;
    void *model = CALL(void *, "ModelCreateFromFile", (const char *))(path);
    void *options = CALL(void *, "InterpreterOptionsCreate", (void))();
    CALL(void, "InterpreterOptionsSetNumThreads", (void *, int32_t))(options, threads);
    if (!strcmp(variant, "xnnpack")) {
        xnnpack.threads = threads;
        xnnpack.flags = 3;
        CALL(void, "InterpreterOptionsAddDelegate", (void *, void *))
        (options, CALL(void *, "XNNPackDelegateCreate", (const void *))(&xnnpack));
    }
    void *made =
        model ? CALL(void *, "InterpreterCreate", (const void *, const void *))(model, options)
              : NULL;
    if (!made || CALL(int, "InterpreterAllocateTensors", (void *))(made) != 0)
        return NULL;
    return made;
}

int main(int argc, char **argv) {
    if (argc != 7 || !(library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL))) {
        fprintf(stderr, "plain_tflite LIBRARY MODEL VARIANT THREADS CPU SECONDS\n");
        return 2;
    }
    plain_pin(atoi(argv[5]));
    void *interpreter = load(argv[2], argv[3], atoi(argv[4]));
    if (!interpreter)
        return 1;
    int32_t n = CALL(int32_t, "InterpreterGetInputTensorCount", (const void *))(interpreter);
    for (int32_t i = 0; i < n; i++) {
        void *tensor =
            CALL(void *, "InterpreterGetInputTensor", (const void *, int32_t))(interpreter, i);
        plain_fill(CALL(void *, "TensorData", (const void *))(tensor),
                   CALL(size_t, "TensorByteSize", (const void *))(tensor));
    }
    *(void **)&invoke = function("TfLiteInterpreterInvoke");
    return plain_measure(run, interpreter, atof(argv[6]));
}
