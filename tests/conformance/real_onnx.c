/* real_onnx.c: files of our ONNX writers, loaded and run by ONNX Runtime (ort_library.c) and by our
 * own reader, held against our outputs (real.c).
 *
 *   real_onnx onnx|onnx_qoperator ops|models FORM [NAME PART ...]
 *
 * The library: $ORT_LIB, else what scripts/peers put into the build folder. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "rg_config.h"
#include "tests/conformance/ort_library.h"
#include "tests/conformance/real.h"

static ort_session session;

static const char *open_library(void) {
    const char *given = getenv("ORT_LIB");
    const char *path = given ? given : RG_BUILD_DIR "/peers/libonnxruntime.so.1";
    if (access(path, R_OK) != 0)
        return "no ONNX Runtime library: scripts/peers fetches it, or set ORT_LIB";
    return ort_open(path);
}

static const char *load(const rg_text *file) {
    return ort_load(&session, file->data, file->bytes);
}

static const char *run(const rg_graph *graph, rg_exec *exec) {
    const char *why = session.n_in == graph->n_in ? NULL : "it has another number of inputs there";
    for (uint32_t i = 0; !why && i < graph->n_in; i++)
        why = ort_give(&session, i, rg_exec_input(exec, i), graph->tensors[graph->in[i]].bytes);
    return why ? why : ort_run(&session);
}

static const char *output(uint32_t i, size_t bytes, const void **ret_data) {
    rg_dtype dtype;
    size_t found = 0;
    const char *why = i < session.n_out ? ort_output(&session, i, &dtype, ret_data, &found)
                                        : "it lacks an output there";
    return why || found == bytes ? why : "an output has another size there";
}

int main(int argc, char **argv) {
    rg_real onnx = {.name = "ONNX Runtime",
                    .reads_back = true,
                    .open = open_library,
                    .version = ort_version,
                    .load = load,
                    .run = run,
                    .output = output};
    if (argc < 4) {
        fprintf(stderr, "usage: real_onnx onnx|onnx_qoperator ops|models FORM [NAME PART ...]\n");
        return 64;
    }
    onnx.writer = argv[1];
    return rg_real_all(&onnx, argv[2], argv[3], argc - 4, argv + 4);
}
