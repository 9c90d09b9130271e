/* onnx_decode.c: the bytes of an .onnx file as messages, within a bound of memory: scanned first
 * (onnx_wire.c), then decoded with an allocator that counts. */
#include <stdlib.h>
#include <string.h>

#include "models/onnx_names.h"
#include "models/onnx_wire.h"

const char rg_onnx_damaged[] =
    "the file is damaged or its exporter erred: copy it again, or export it again";

enum { HEADER = 16 };

static void *budget_alloc(void *data, size_t bytes) {
    rg_onnx_decoded *b = data;
    bool fits = bytes <= b->left_bytes && bytes <= SIZE_MAX - HEADER;
    char *memory = fits ? malloc(bytes + HEADER) : NULL;
    b->spent |= !memory;
    if (!memory)
        return NULL;
    b->left_bytes -= bytes;
    memcpy(memory, &bytes, sizeof bytes);
    return memory + HEADER;
}

static void budget_free(void *data, void *memory) {
    rg_onnx_decoded *b = data;
    size_t bytes;
    if (!memory)
        return;
    memcpy(&bytes, (char *)memory - HEADER, sizeof bytes);
    b->left_bytes += bytes;
    free((char *)memory - HEADER);
}

rg_status rg_onnx_decode(const void *data, size_t bytes, const rg_model_limits *limits,
                         rg_onnx_decoded *ret, rg_err *err) {
    rg_onnx_counts counts;
    ProtobufCAllocator allocator = {budget_alloc, budget_free, ret};
    *ret = (rg_onnx_decoded){.left_bytes = limits->graph_bytes};
    rg_status status = rg_onnx_scan(data, bytes, limits, &counts, err);
    if (status != RG_OK)
        return status;
    ret->model = rg__onnx__model__unpack(&allocator, bytes, data);
    if (!ret->model && ret->spent)
        return rg_fail(err, RG_NO_MEMORY, "give a smaller model",
                       "decoding it needs more than the limit of %zu bytes", limits->graph_bytes);
    if (!ret->model)
        return rg_fail(err, RG_BAD_DATA, rg_onnx_damaged, "it cannot be decoded");
    return RG_OK;
}

void rg_onnx_decoded_free(rg_onnx_decoded *decoded) {
    ProtobufCAllocator allocator = {budget_alloc, budget_free, decoded};
    if (decoded->model)
        rg__onnx__model__free_unpacked(decoded->model, &allocator);
    decoded->model = NULL;
}
