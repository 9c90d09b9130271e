/* real_tflite.c: files of our TFLite writer, loaded and run by TensorFlow Lite's own library
 * (tflite_library.c) and held against our outputs (real.c). Prints TAP.
 *
 *   real_tflite ops|models|nodes FORM [NAME PART ...] */
#include <stdio.h>
#include <string.h>

#include "tests/conformance/real.h"
#include "tests/conformance/tflite_library.h"

static void *interpreter;

static const char *version(void) {
    return rg_tfl_Version();
}

static const char *load(const rg_text *file) {
    const char *why = NULL;
    interpreter = rg_tfl_load(file->data, file->bytes, &why);
    return interpreter ? NULL : why;
}

static const char *run(const rg_graph *graph, rg_exec *exec) {
    for (uint32_t i = 0; i < graph->n_in; i++) {
        void *tensor = rg_tfl_InterpreterGetInputTensor(interpreter, (int32_t)i);
        size_t bytes = graph->tensors[graph->in[i]].bytes;
        if (rg_tfl_TensorByteSize(tensor) != bytes)
            return "an input has another size there";
        memcpy(rg_tfl_TensorData(tensor), rg_exec_input(exec, i), bytes);
    }
    return rg_tfl_InterpreterInvoke(interpreter) == 0 ? NULL : "the library cannot run it";
}

static const char *output(uint32_t i, size_t bytes, const void **ret_data) {
    const void *tensor = rg_tfl_InterpreterGetOutputTensor(interpreter, (int32_t)i);
    *ret_data = rg_tfl_TensorData(tensor);
    return rg_tfl_TensorByteSize(tensor) == bytes ? NULL : "an output has another size there";
}

int main(int argc, char **argv) {
    static const rg_real tflite = {.name = "TFLite",
                                   .writer = "tflite",
                                   .open = rg_tfl_open,
                                   .version = version,
                                   .load = load,
                                   .run = run,
                                   .output = output};
    if (argc >= 3)
        return rg_real_all(&tflite, argv[1], argv[2], argc - 3, argv + 3);
    fprintf(stderr, "usage: real_tflite ops|models|nodes FORM [NAME PART ...]\n");
    return 64;
}
