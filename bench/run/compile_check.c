/* compile_check.c: models before a vendor's compiler, and what it made of them: see compile.h. */
#include <stdlib.h>
#include <string.h>

#include "bench/core/fs.h"
#include "bench/core/hef.h"
#include "bench/core/json.h"
#include "bench/iface/offload.h"
#include "bench/run/compile.h"

#include "bench/run/inspect.h"

enum { MOST_BYTES = 1 << 30 };

/* --- before ----------------------------------------------------------------------------------- */

static bool is_float(const rg_tensor *t) {
    return t && (t->dtype == RG_DTYPE_FLOAT32 || t->dtype == RG_DTYPE_FLOAT16);
}

/* How the layers with weights compute. */
typedef struct layers {
    uint32_t all, floats;
    bool hybrid; /* weights are integers where activations are floats */
} layers;

static layers count_layers(const rg_graph *graph) {
    layers found = {0};
    for (uint32_t i = 0; i < graph->n_nodes; i++) {
        const rg_node *node = &graph->nodes[i];
        const rg_tensor *weights = rg_node_in(graph, node, 1);
        if (!weights || !weights->data || weights->shape.rank < 2)
            continue;
        bool floats = is_float(rg_node_out(graph, node, 0));
        found.all++;
        found.floats += floats;
        found.hybrid |= floats && !is_float(weights);
    }
    return found;
}

static bool ends_are_float(const rg_graph *graph) {
    for (uint32_t i = 0; i < graph->n_in; i++) {
        if (!is_float(&graph->tensors[graph->in[i]]))
            return false;
    }
    return graph->n_in > 0;
}

static rg_status want_integers(const rg_compiler *compiler, const rg_model *model, rg_err *err) {
    layers found = count_layers(model->graph);
    bool none = found.all == 0 && ends_are_float(model->graph);
    if (!none && found.floats == 0)
        return RG_OK;
    return rg_fail(err, RG_UNSUPPORTED,
                   "quantize it fully to 8 bits: with TensorFlow's converter representative data, "
                   "TFLITE_BUILTINS_INT8 and int8 (or uint8) inputs and outputs",
                   "%s is %s, and %s takes 8-bit integers only: %u of %u layers with weights "
                   "compute in floating point",
                   model->path,
                   found.hybrid ? "quantized in its weights alone" : "a floating-point model",
                   compiler->title, found.floats, found.all);
}

static rg_status want_floats(const rg_compiler *compiler, const rg_model *model, rg_err *err) {
    layers found = count_layers(model->graph);
    if (found.all == found.floats && !found.hybrid)
        return RG_OK;
    return rg_fail(err, RG_UNSUPPORTED, "give it the floating-point model (.onnx or .tflite)",
                   "%s is quantized already, and %s quantizes by itself", model->path,
                   compiler->title);
}

rg_status rg_compile_suits(const rg_compiler *compiler, const rg_model *model, rg_err *err) {
    for (uint32_t i = 0; i < model->graph->n_nodes; i++) {
        if (rg_offload_is_opaque(&model->graph->nodes[i]))
            return rg_fail(err, RG_USAGE, "give the model that it was compiled from",
                           "%s is a compiled model already", model->path);
    }
    if (!compiler->integer)
        return want_floats(compiler, model, err);
    if (strcmp(model->reader->name, "tflite"))
        return rg_fail(err, RG_UNSUPPORTED, "convert it to a quantized .tflite first",
                       "%s takes .tflite files, and %s is %s", compiler->title, model->path,
                       model->reader->name);
    return want_integers(compiler, model, err);
}

/* --- after ------------------------------------------------------------------------------------ */

static json_t *placement_json(const rg_offload *counts, const rg_inspection *look,
                              const bool *taken) {
    uint64_t macs = 0;
    for (uint32_t i = 0; i < counts->nodes; i++)
        macs += taken[i] ? look->nodes[i].work.macs : 0;
    return json_pack("{s:I, s:I, s:I, s:I, s:I}", "nodes", (json_int_t)counts->nodes,
                     "nodes_on_device", (json_int_t)counts->taken, "macs",
                     (json_int_t)look->work.macs, "macs_on_device", (json_int_t)macs, "crossings",
                     (json_int_t)counts->crossings);
}

static rg_status match(const rg_compiler *compiler, const rg_model *made, const rg_model *source,
                       json_t **ret_placement, rg_err *err) {
    rg_inspection *look = NULL;
    rg_offload counts;
    bool *taken = calloc(source->graph->n_nodes + 1, sizeof *taken);
    rg_status status = taken ? rg_inspect(source->graph, &look, err)
                             : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    if (status == RG_OK)
        status = rg_offload_match(source->graph, made->graph, taken, &counts, err);
    if (status == RG_OK && !counts.opaque)
        status = rg_fail(err, RG_UNSUPPORTED, "see its log for the reason of each operator",
                         "%s took none of the %u operators of %s", compiler->title, counts.nodes,
                         source->path);
    if (status == RG_OK)
        *ret_placement = placement_json(&counts, look, taken);
    rg_inspection_free(look);
    free(taken);
    return status;
}

static rg_status check_hef(const char *path, rg_err *err) {
    rg_arena *arena = rg_arena_new(0);
    char *data = NULL;
    size_t bytes = 0;
    rg_hef hef;
    rg_status status = arena ? rg_fs_read(arena, path, MOST_BYTES, &data, &bytes, err)
                             : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    if (status == RG_OK && !rg_hef_sniff(data, bytes))
        status = rg_fail(err, RG_BAD_DATA, "see the compiler's log", "%s is no .hef", path);
    if (status == RG_OK)
        status = rg_hef_read(data, bytes, &hef, err);
    rg_arena_free(arena);
    return status;
}

rg_status rg_compile_check(const rg_compiler *compiler, const char *path, const rg_model *source,
                           json_t **ret_placement, rg_err *err) {
    rg_model *made = NULL;
    *ret_placement = NULL;
    if (!strcmp(compiler->format, "hef"))
        return check_hef(path, err);
    rg_status status = rg_model_load(path, NULL, &made, err);
    if (status == RG_OK)
        status = match(compiler, made, source, ret_placement, err);
    rg_model_close(made);
    return status;
}
