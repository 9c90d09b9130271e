/* make_seeds_tflite.c: writes one small .tflite file for each operator into a folder, as seeds for
 * fuzz_tflite.c. */
#include "fuzz.h"
#include "tflite_made.h"

static rg_status write_seed(const char *folder, const rg_tflite_op *op, rg_err *err) {
    rg_attr attrs[MADE_MOST_ATTRS];
    rg_text file = {0};
    rg_graph *graph = made_graph(op->kind, attrs, made_attrs(op, attrs));
    rg_status status = rg_writer_tflite.write(graph, &file, err);
    if (status == RG_OK)
        status = put_seed(folder, op->kind, file.data, file.bytes, err);
    rg_text_free(&file);
    rg_graph_free(graph);
    return status;
}

rg_status make_seeds_tflite(const char *folder, rg_err *err) {
    rg_status status = RG_OK;
    for (const rg_tflite_op *op = rg_tflite_ops; status == RG_OK && op->kind; op++) {
        if (!op->read_only)
            status = write_seed(folder, op, err);
    }
    return status;
}
