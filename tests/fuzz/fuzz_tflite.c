/* fuzz_tflite.c: any bytes to the .tflite reader. What it accepts must be a sound graph; what the
 * writer makes of that must read back as an equal one; what it refuses must be refused in words. */
#include "fuzz.h"
#include "graph_equal.h"
#include "tflite_made.h"

/* Small, so that the fuzzer meets the limits as well. */
static const rg_model_limits limits = {1 << 20, 8 << 20, 1000, 1000};

static void check_rewritten(const rg_graph *graph) {
    rg_text file = {0};
    rg_err err = RG_ERR_INIT;
    why differs = {""};
    rg_graph *again = NULL;
    rg_status status = rg_writer_tflite.write(graph, &file, &err);
    PROMISE(status == RG_OK || status == RG_UNSUPPORTED || status == RG_NO_MEMORY, err.what);
    if (status == RG_OK) {
        status = rg_reader_tflite.read(file.data, file.bytes, "f", NULL, &again, &err);
        PROMISE(status == RG_OK, err.what);
        PROMISE(graphs_equal(graph, again, &differs), differs.text);
    }
    rg_graph_free(again);
    rg_text_free(&file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    rg_graph *graph = NULL;
    rg_err err = RG_ERR_INIT;
    rg_status status = rg_reader_tflite.read(data, bytes, "f", &limits, &graph, &err);
    if (status == RG_OK) {
        PROMISE(rg_graph_check(graph, &err) == RG_OK, err.what);
        check_rewritten(graph);
    } else {
        PROMISE(refused_well(status, &err) && err.advice[0] && !graph, "not refused in words");
    }
    rg_graph_free(graph);
    return 0;
}
