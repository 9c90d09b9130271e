/* fuzz_onnx.c: any bytes to the .onnx reader. What it accepts must be a sound graph within the
 * limits, which both writers write or refuse in words; what it refuses must be refused in words. */
#include "bench/core/arena.h"
#include "fuzz.h"
#include "onnx_made.h"

/* Small, so that the fuzzer meets the limits as well. */
static const rg_model_limits limits = {1 << 20, 8 << 20, 1000, 1000};

extern const rg_writer rg_writer_onnx, rg_writer_onnx_qoperator;

static void check_written(const rg_graph *graph, const rg_writer *writer) {
    rg_text file = {0};
    rg_err err = RG_ERR_INIT;
    rg_status status = writer->write(graph, &file, &err);
    PROMISE(status == RG_OK || status == RG_UNSUPPORTED || status == RG_NO_MEMORY, err.what);
    PROMISE(status == RG_OK || (err.what[0] && !file.bytes), "no words");
    PROMISE(status != RG_OK || rg_reader_onnx.sniff(file.data, file.bytes), "no ONNX");
    rg_text_free(&file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    rg_graph *graph = NULL;
    rg_err err = RG_ERR_INIT;
    rg_status status = rg_reader_onnx.read(data, bytes, "f", &limits, &graph, &err);
    if (status == RG_OK) {
        PROMISE(rg_graph_check(graph, &err) == RG_OK, err.what);
        check_written(graph, &rg_writer_onnx);
        check_written(graph, &rg_writer_onnx_qoperator);
        PROMISE(rg_arena_used_bytes(graph->arena) <= limits.graph_bytes,
                "more memory than allowed");
    } else {
        PROMISE(refused_well(status, &err) && err.advice[0] && !graph, "not refused in words");
    }
    rg_graph_free(graph);
    return 0;
}
