/* make_seeds_tflite.c: writes one small .tflite file for each operator into a folder, as seeds for
 * fuzz_tflite.c. */
#include <stdio.h>
#include <sys/stat.h>

#include "bench/core/fs.h"
#include "tflite_made.h"

static rg_status write_seed(const char *folder, const rg_tflite_op *op, rg_err *err) {
    rg_attr attrs[MADE_MOST_ATTRS];
    char path[4096];
    rg_text file = {0};
    rg_graph *graph = made_graph(op->kind, attrs, made_attrs(op, attrs));
    rg_status status = rg_writer_tflite.write(graph, &file, err);
    snprintf(path, sizeof path, "%s/%s", folder, op->kind);
    if (status == RG_OK)
        status = rg_fs_write_atomic(path, file.data, file.bytes, err);
    rg_text_free(&file);
    rg_graph_free(graph);
    return status;
}

int main(int argc, char **argv) {
    rg_err err = RG_ERR_INIT;
    if (argc != 2 || rg_fs_mkdirs(argv[1], &err) != RG_OK) {
        fprintf(stderr, "usage: make_seeds_tflite FOLDER; %s\n", err.what);
        return 64;
    }
    for (const rg_tflite_op *op = rg_tflite_ops; op->kind; op++) {
        if (op->read_only)
            continue;
        if (write_seed(argv[1], op, &err) != RG_OK) {
            fprintf(stderr, "%s\n", err.what);
            return 74;
        }
    }
    return 0;
}
