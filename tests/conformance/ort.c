/* ort.c: our .onnx writers, and the real ONNX Runtime (ort_library.c) to try what they wrote.
 *
 *   ort write onnx|onnx_qoperator MODEL OUT   a model file of any format, written anew
 *   ort run LIBRARY MODEL SEED FOLDER         runs it once on generated inputs; outputs as N.bin */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/fs.h"
#include "bench/iface/registry.h"
#include "bench/run/model.h"
#include "tests/conformance/ort_library.h"

static int complain(const char *why) {
    fprintf(stderr, "ONNX Runtime: %s\n", why);
    return 1;
}

/* An input filled like those of the conformance tests. */
static int make_input(ort_session *session, size_t i, uint64_t seed) {
    rg_tensor t = {.name = ""};
    const char *why = ort_input(session, i, &t.dtype, &t.shape);
    if (why || rg_tensor_bytes(&t.shape, t.dtype, &t.bytes, NULL) != RG_OK)
        return complain(why ? why : "an input too large");
    void *data = calloc(t.bytes + 1, 1);
    rg_rng rng = rg_rng_seeded(seed + i);
    rg_tensor_fill(&t, &rng, data);
    why = ort_give(session, i, data, t.bytes);
    return why ? complain(why) : 0;
}

static int store_output(ort_session *session, const char *folder, size_t i) {
    rg_dtype dtype;
    const void *data;
    size_t bytes;
    char path[4096];
    rg_err err = RG_ERR_INIT;
    const char *why = ort_output(session, i, &dtype, &data, &bytes);
    if (why)
        return complain(why);
    snprintf(path, sizeof path, "%s/%zu.bin", folder, i);
    printf("%zu %s %zu\n", i, rg_dtype_word(dtype), bytes * 8 / rg_dtype_bits(dtype));
    return rg_fs_write_atomic(path, data, bytes, &err) == RG_OK ? 0 : 74;
}

static int run_session(ort_session *session, uint64_t seed, const char *folder) {
    for (size_t i = 0; i < session->n_in; i++) {
        if (make_input(session, i, seed))
            return 1;
    }
    const char *why = ort_run(session);
    if (why)
        return complain(why);
    for (size_t i = 0; i < session->n_out; i++) {
        if (store_output(session, folder, i))
            return 74;
    }
    return 0;
}

static int run_model(const char *library, const char *model, const char *seed, const char *folder) {
    static ort_session session;
    rg_err err = RG_ERR_INIT;
    char *data = NULL;
    size_t bytes = 0;
    const char *why = ort_open(library);
    if (why)
        return complain(why), 5;
    rg_arena *arena = rg_arena_new(0);
    if (rg_fs_read(arena, model, INT32_MAX, &data, &bytes, &err) != RG_OK)
        return complain(err.what);
    why = ort_load(&session, data, bytes);
    int code = why ? complain(why) : run_session(&session, strtoull(seed, NULL, 10), folder);
    rg_arena_free(arena);
    return code;
}

static int told(rg_status status, const rg_err *err) {
    if (status != RG_OK)
        fprintf(stderr, "%s; try: %s\n", err->what, err->advice);
    return status == RG_OK ? 0 : rg_status_exit(status);
}

/* Whether a node has float activations and weights of few bits. */
static bool is_hybrid(const rg_graph *graph, const rg_node *node) {
    const rg_tensor *x = rg_node_in(graph, node, 0), *w = rg_node_in(graph, node, 1);
    return x && w && x->dtype == RG_DTYPE_FLOAT32 && w->quant.n &&
           (w->dtype == RG_DTYPE_INT8 || w->dtype == RG_DTYPE_INT4);
}

/* What a comparison must know: how many layers are hybrid, and the quanta behind float outputs. */
static void describe(const rg_graph *graph) {
    unsigned hybrid = 0;
    for (uint32_t i = 0; i < graph->n_nodes; i++) {
        const rg_node *node = &graph->nodes[i];
        const rg_tensor *x = rg_node_in(graph, node, 0);
        hybrid += is_hybrid(graph, node);
        for (uint32_t k = 0; !strcmp(node->kind, "dequantize") && k < graph->n_out; k++) {
            if (graph->out[k] == node->out[0] && x->quant.n == 1)
                printf("quantum %u %.9g\n", k, (double)x->quant.scale[0]);
        }
    }
    printf("hybrid %u\n", hybrid);
}

static int write_model(const char *format, const char *path, const char *to) {
    rg_err err = RG_ERR_INIT;
    rg_model *model = NULL;
    rg_text file = {0};
    const rg_writer *writer = NULL;
    for (size_t i = 0; rg_writers[i]; i++) {
        if (!strcmp(rg_writers[i]->name, format))
            writer = rg_writers[i];
    }
    if (!writer)
        return 64;
    rg_status status = rg_model_load(path, NULL, &model, &err);
    if (status == RG_OK)
        status = writer->write(model->graph, &file, &err);
    if (status == RG_OK)
        status = rg_fs_write_atomic(to, file.data, file.bytes, &err);
    if (status == RG_OK)
        describe(model->graph);
    rg_text_free(&file);
    rg_model_close(model);
    return told(status, &err);
}

int main(int argc, char **argv) {
    if (argc == 5 && !strcmp(argv[1], "write"))
        return write_model(argv[2], argv[3], argv[4]);
    if (argc == 6 && !strcmp(argv[1], "run"))
        return run_model(argv[2], argv[3], argv[4], argv[5]);
    fprintf(stderr, "usage: ort write FORMAT MODEL OUT | run LIBRARY MODEL SEED FOLDER\n");
    return 64;
}
