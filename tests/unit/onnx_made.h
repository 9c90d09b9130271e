/* onnx_made.h: .onnx files made by hand, message by message, for tests and seeds of fuzzers. */
#ifndef RG_TESTS_ONNX_MADE_H
#define RG_TESTS_ONNX_MADE_H

#include <stdint.h>
#include <string.h>

#include "bench/core/text.h"
#include "bench/iface/model.h"

extern const rg_reader rg_reader_onnx;

static inline void made_varint(rg_text *to, uint64_t value) {
    for (; value > 127; value >>= 7) {
        unsigned char byte = (unsigned char)(value | 128);
        rg_text_add_bytes(to, &byte, 1);
    }
    unsigned char last = (unsigned char)value;
    rg_text_add_bytes(to, &last, 1);
}

static inline void made_int(rg_text *to, unsigned field, uint64_t value) {
    made_varint(to, field << 3);
    made_varint(to, value);
}

static inline void made_bytes(rg_text *to, unsigned field, const void *data, size_t bytes) {
    made_varint(to, field << 3 | 2);
    made_varint(to, bytes);
    rg_text_add_bytes(to, data, bytes);
}

static inline void made_text(rg_text *to, unsigned field, const char *text) {
    made_bytes(to, field, text, strlen(text));
}

/* Puts a message into another and frees it. */
static inline void made_put(rg_text *to, unsigned field, rg_text *message) {
    made_bytes(to, field, message->data ? message->data : "", message->bytes);
    rg_text_free(message);
    *message = (rg_text){0};
}

/* A tensor of raw data. */
static inline rg_text made_tensor(const char *name, int type, const int64_t *dims, uint32_t rank,
                                  const void *data, size_t bytes) {
    rg_text t = {0};
    for (uint32_t i = 0; i < rank; i++)
        made_int(&t, 1, (uint64_t)dims[i]);
    made_int(&t, 2, (uint64_t)type);
    made_text(&t, 8, name);
    made_bytes(&t, 9, data, bytes);
    return t;
}

/* A described value of a type and shape. */
static inline rg_text made_value(const char *name, int type, const int64_t *dims, uint32_t rank) {
    rg_text value = {0}, outer = {0}, tensor = {0}, shape = {0};
    for (uint32_t i = 0; i < rank; i++) {
        rg_text dim = {0};
        made_int(&dim, 1, (uint64_t)dims[i]);
        made_put(&shape, 1, &dim);
    }
    made_int(&tensor, 1, (uint64_t)type);
    made_put(&tensor, 2, &shape);
    made_put(&outer, 1, &tensor);
    made_text(&value, 1, name);
    made_put(&value, 2, &outer);
    return value;
}

/* A node; `in` and `out` are names with spaces between. Attributes may be put in afterwards. */
static inline rg_text made_op(const char *type, const char *in, const char *out) {
    rg_text node = {0};
    const char *const lists[] = {in, out};
    for (unsigned i = 0; i < 2; i++) {
        for (const char *at = lists[i]; *at; at += strspn(at, " ")) {
            size_t n = strcspn(at, " ");
            made_bytes(&node, i + 1, at, n == 1 && *at == '-' ? 0 : n); /* "-": left out */
            at += n;
        }
    }
    made_text(&node, 4, type);
    return node;
}

static inline void made_attr_int(rg_text *node, const char *name, int64_t value) {
    rg_text attr = {0};
    made_text(&attr, 1, name);
    made_int(&attr, 3, (uint64_t)value);
    made_int(&attr, 20, 2);
    made_put(node, 5, &attr);
}

/* The file around a graph; frees the graph. */
static inline rg_text made_model(rg_text *graph, int64_t opset) {
    rg_text model = {0}, set = {0};
    made_text(&set, 1, "");
    made_int(&set, 2, (uint64_t)opset);
    made_int(&model, 1, 8);
    made_text(&model, 2, "made by hand");
    made_put(&model, 7, graph);
    made_put(&model, 8, &set);
    return model;
}

/* x[1,2,4,4] -> quantize -> dequantize -> Conv 1x1 to 3 channels -> Relu -> quantize -> dequantize
 * -> y, in uint8 with int8 weights and an int32 bias. */
static inline rg_text made_qdq(void) {
    static const int64_t image[] = {1, 2, 4, 4}, result[] = {1, 3, 4, 4}, filter[] = {3, 2, 1, 1},
                         row[] = {3};
    static const int8_t weights[] = {10, -20, 30, 40, -50, 60};
    static const int32_t bias[] = {100, -200, 300};
    static const float sx = 0.5f, sy = 0.25f, sw[] = {0.125f, 0.25f, 0.5f};
    static const float sb[] = {0.0625f, 0.125f, 0.25f};
    static const uint8_t zx = 128, zy = 3;
    static const char *const nodes[][3] = {
        {"QuantizeLinear", "x sx zx", "xq"}, {"DequantizeLinear", "xq sx zx", "xd"},
        {"DequantizeLinear", "w sw", "wd"},  {"DequantizeLinear", "b sb", "bd"},
        {"Conv", "xd wd bd", "c"},           {"Relu", "c", "r"},
        {"QuantizeLinear", "r sy zy", "yq"}, {"DequantizeLinear", "yq sy zy", "y"},
    };
    rg_text graph = {0}, part;
    for (size_t i = 0; i < sizeof nodes / sizeof nodes[0]; i++) {
        part = made_op(nodes[i][0], nodes[i][1], nodes[i][2]);
        if (i == 2 || i == 3)
            made_attr_int(&part, "axis", 0);
        made_put(&graph, 1, &part);
    }
    part = made_tensor("sx", 1, NULL, 0, &sx, 4), made_put(&graph, 5, &part);
    part = made_tensor("sy", 1, NULL, 0, &sy, 4), made_put(&graph, 5, &part);
    part = made_tensor("zx", 2, NULL, 0, &zx, 1), made_put(&graph, 5, &part);
    part = made_tensor("zy", 2, NULL, 0, &zy, 1), made_put(&graph, 5, &part);
    part = made_tensor("w", 3, filter, 4, weights, 6), made_put(&graph, 5, &part);
    part = made_tensor("sw", 1, row, 1, sw, 12), made_put(&graph, 5, &part);
    part = made_tensor("b", 6, row, 1, bias, 12), made_put(&graph, 5, &part);
    part = made_tensor("sb", 1, row, 1, sb, 12), made_put(&graph, 5, &part);
    part = made_value("x", 1, image, 4), made_put(&graph, 11, &part);
    part = made_value("y", 1, result, 4), made_put(&graph, 12, &part);
    return made_model(&graph, 13);
}

#endif
