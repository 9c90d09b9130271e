/* tflite_library.c: see tflite_library.h. */
#include "tests/conformance/tflite_library.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>

#include "rg_config.h"

#define X(type, name, args) type(*rg_tfl_##name) args;
RG_TFL_SYMBOLS(X)
#undef X

const char *rg_tfl_open(void) {
    const char *given = getenv("TFLITE_LIB");
    const char *path = given ? given : RG_BUILD_DIR "/peers/libtensorflowlite_c.so";
    if (access(path, R_OK) != 0)
        return "no TensorFlow Lite library: scripts/peers fetches it, or set TFLITE_LIB";
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library)
        return dlerror();
#define X(type, name, args)                                                                        \
    *(void **)&rg_tfl_##name = dlsym(library, "TfLite" #name);                                     \
    if (!rg_tfl_##name)                                                                            \
        return "it lacks TfLite" #name;
    RG_TFL_SYMBOLS(X)
#undef X
    return NULL;
}

void *rg_tfl_load(const void *data, size_t bytes, const char **ret_why) {
    void *model = rg_tfl_ModelCreate(data, bytes);
    void *options = rg_tfl_InterpreterOptionsCreate();
    rg_tfl_InterpreterOptionsSetNumThreads(options, 1);
    void *interpreter = model ? rg_tfl_InterpreterCreate(model, options) : NULL;
    if (interpreter && rg_tfl_InterpreterAllocateTensors(interpreter) == 0)
        return interpreter;
    *ret_why = !model         ? "does not take it for a model"
               : !interpreter ? "has no operator of this version"
                              : "refuses its tensors";
    return NULL;
}
