/* onnx_qoperator_writer.c: a graph as an .onnx file whose quantized operators carry their scales
 * beside them (QLinearConv and its like); onnx_writer.c does the work. */
#include "bench/iface/model.h"
#include "models/onnx_write.h"

static rg_status write_qoperator(const rg_graph *graph, rg_text *ret, rg_err *err) {
    return rg_onnx_write(graph, true, ret, err);
}

const rg_writer rg_writer_onnx_qoperator = {
    .name = "onnx_qoperator",
    .summary = "ONNX models, operators with scales beside them (QLinearConv ...)",
    .extension = ".qop.onnx",
    .write = write_qoperator,
};
