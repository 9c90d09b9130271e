/* onnx_message.c: messages of an .onnx file: fields, nodes and their attributes. */
#include <stdio.h>
#include <string.h>

#include "models/onnx_write.h"

static void put_varint(rg_text *to, uint64_t value) {
    unsigned char bytes[10];
    size_t n = 0;
    for (; value > 127; value >>= 7)
        bytes[n++] = (unsigned char)(value | 128);
    bytes[n++] = (unsigned char)value;
    rg_text_add_bytes(to, bytes, n);
}

void rg_onnx_put_int(rg_text *to, unsigned field, int64_t value) {
    put_varint(to, (uint64_t)field << 3);
    put_varint(to, (uint64_t)value);
}

void rg_onnx_put_bytes(rg_text *to, unsigned field, const void *data, size_t bytes) {
    put_varint(to, (uint64_t)field << 3 | 2);
    put_varint(to, bytes);
    if (bytes)
        rg_text_add_bytes(to, data, bytes);
}

void rg_onnx_put_text(rg_text *to, unsigned field, const char *text) {
    rg_onnx_put_bytes(to, field, text, strlen(text));
}

void rg_onnx_put_message(rg_text *to, unsigned field, rg_text *message) {
    rg_onnx_put_bytes(to, field, message->data, message->bytes);
    to->failed |= message->failed;
    rg_text_free(message);
    *message = (rg_text){0};
}

/* Numbers of ONNX's schema. */
enum { NODE_IN = 1, NODE_OUT, NODE_NAME, NODE_TYPE, NODE_ATTRIBUTE, NODE_DOMAIN = 7 };
enum { ATTR_NAME = 1, ATTR_F, ATTR_I, ATTR_S, ATTR_INTS = 8, ATTR_TYPE = 20 };
enum { KIND_FLOAT = 1, KIND_INT, KIND_STRING, KIND_INTS = 7 };
enum { GRAPH_NODE = 1 };

void rg_onnx_begin(rg_onnx_writing *s, const char *type, const char *const *in, uint32_t n_in,
                   const char *const *out, uint32_t n_out) {
    char name[32];
    s->op = (rg_text){0};
    for (uint32_t i = 0; i < n_in; i++)
        rg_onnx_put_text(&s->op, NODE_IN, in[i] ? in[i] : "");
    for (uint32_t i = 0; i < n_out; i++)
        rg_onnx_put_text(&s->op, NODE_OUT, out[i]);
    snprintf(name, sizeof name, "n%u", s->fresh++);
    rg_onnx_put_text(&s->op, NODE_NAME, name);
    rg_onnx_put_text(&s->op, NODE_TYPE, type);
}

static void give(rg_onnx_writing *s, const char *name, int kind, rg_text *content) {
    rg_text attr = {0};
    rg_onnx_put_text(&attr, ATTR_NAME, name);
    rg_text_add_bytes(&attr, content->data, content->bytes);
    rg_text_free(content);
    rg_onnx_put_int(&attr, ATTR_TYPE, kind);
    rg_onnx_put_message(&s->op, NODE_ATTRIBUTE, &attr);
}

void rg_onnx_give_int(rg_onnx_writing *s, const char *name, int64_t value) {
    rg_text content = {0};
    rg_onnx_put_int(&content, ATTR_I, value);
    give(s, name, KIND_INT, &content);
}

void rg_onnx_give_real(rg_onnx_writing *s, const char *name, float value) {
    rg_text content = {0};
    put_varint(&content, ATTR_F << 3 | 5);
    rg_text_add_bytes(&content, &value, sizeof value);
    give(s, name, KIND_FLOAT, &content);
}

void rg_onnx_give_word(rg_onnx_writing *s, const char *name, const char *word) {
    rg_text content = {0};
    rg_onnx_put_text(&content, ATTR_S, word);
    give(s, name, KIND_STRING, &content);
}

void rg_onnx_give_ints(rg_onnx_writing *s, const char *name, const int64_t *values, uint32_t n) {
    rg_text content = {0};
    for (uint32_t i = 0; i < n; i++)
        rg_onnx_put_int(&content, ATTR_INTS, values[i]);
    give(s, name, KIND_INTS, &content);
}

void rg_onnx_end_node(rg_onnx_writing *s, bool microsoft) {
    if (microsoft)
        rg_onnx_put_text(&s->op, NODE_DOMAIN, "com.microsoft");
    s->microsoft |= microsoft;
    rg_onnx_put_message(&s->nodes, GRAPH_NODE, &s->op);
}

void rg_onnx_simple(rg_onnx_writing *s, const char *type, const char *const *in, uint32_t n_in,
                    const char *out) {
    rg_onnx_begin(s, type, in, n_in, &out, 1);
    rg_onnx_end_node(s, false);
}
