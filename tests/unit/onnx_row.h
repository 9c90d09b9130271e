/* onnx_row.h: one ONNX node a row: a small file is made of it and read, and what became of it is
 * compared with what is wanted. For the tests of the .onnx reader's operators. */
#ifndef RG_TESTS_ONNX_ROW_H
#define RG_TESTS_ONNX_ROW_H

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "onnx_made.h"

/* Names that a row may use. x: float image; t: float row of channels; u: uint8 image; d: u
 * dequantized. All others are constants. */
static const int64_t image[] = {1, 4, 4, 4}, row[] = {1, 4, 6}, filter[] = {4, 4, 1, 1},
                     wide[] = {4, 4, 3, 3}, thin[] = {4, 4, 3}, four[] = {4}, two[] = {2},
                     one[] = {1}, square[] = {4, 4}, eight[] = {8};
static const float reals[144] = {1, 2, 0.5f, 4, 1.5f}, half = 0.5f, naught = 0, unit = 1, six = 6;
static const int64_t whole[] = {0, 1, 2, 3}, pair[] = {1, 2}, eins[] = {1}, drei[] = {3},
                     pads[] = {0, 0, 1, 1, 0, 0, 1, 1}, ends[] = {4, 4, 4, 4},
                     grown[] = {1, 4, 8, 6};
static const uint8_t zero = 3, yes[] = {1, 0, 1, 1};
static const int8_t bytes[16] = {1, -2, 3};

static const struct {
    const char *name;
    int type;
    const int64_t *dims;
    uint32_t rank;
    const void *data;
    size_t bytes;
} constants[] = {
    {"w", 1, filter, 4, reals, 64},  {"w3", 1, wide, 4, reals, 576}, {"w1", 1, thin, 3, reals, 192},
    {"m", 1, square, 2, reals, 64},  {"v", 1, four, 1, reals, 16},   {"v2", 1, two, 1, reals, 8},
    {"s", 1, NULL, 0, &half, 4},     {"f0", 1, NULL, 0, &naught, 4}, {"f1", 1, NULL, 0, &unit, 4},
    {"f6", 1, NULL, 0, &six, 4},     {"z", 2, NULL, 0, &zero, 1},    {"i", 7, four, 1, whole, 32},
    {"quad", 7, four, 1, ends, 32},  {"r", 7, two, 1, pair, 16},     {"one", 7, one, 1, eins, 8},
    {"three", 7, one, 1, drei, 8},   {"p", 7, eight, 1, pads, 64},   {"b", 9, four, 1, yes, 4},
    {"wq", 3, filter, 4, bytes, 16}, {"zs", 3, NULL, 0, bytes, 1},   {"big", 7, four, 1, grown, 32},
};

/* "axis=1 mode:linear pads=0,0 alpha~0.5 scales~1,2 value@z": integers, words, reals, a constant.
 */
static inline void put_attr(rg_text *node, const char *at, size_t length) {
    rg_text attr = {0};
    size_t n = strcspn(at, "=:~@");
    const char *value = at + n + 1, *end = at + length;
    bool list = memchr(value, ',', (size_t)(end - value)) != NULL;
    made_bytes(&attr, 1, at, n);
    if (at[n] == ':')
        made_bytes(&attr, 4, value, (size_t)(end - value));
    for (char *next; (at[n] == '=' || at[n] == '~') && value < end; value = next + 1) {
        float real = strtof(value, &next);
        if (at[n] == '=') {
            made_int(&attr, list ? 8 : 3, (uint64_t)strtoll(value, &next, 10));
        } else {
            made_varint(&attr, (list ? 7 : 2) << 3 | 5);
            rg_text_add_bytes(&attr, &real, 4);
        }
    }
    for (size_t i = 0; at[n] == '@' && i < sizeof constants / sizeof constants[0]; i++) {
        if (strlen(constants[i].name) != (size_t)(end - value) ||
            strncmp(constants[i].name, value, (size_t)(end - value)) != 0)
            continue;
        rg_text t = made_tensor("", constants[i].type, constants[i].dims, constants[i].rank,
                                constants[i].data, constants[i].bytes);
        made_put(&attr, 5, &t);
    }
    made_put(node, 5, &attr);
}

static inline void put_attrs(rg_text *node, const char *at) {
    for (; *at; at += strspn(at, " ")) {
        put_attr(node, at, strcspn(at, " "));
        at += strcspn(at, " ");
    }
}

typedef struct row_of {
    const char *type, *in, *attrs;
    int64_t opset;
    const char *want; /* kinds of the nodes with spaces between, "= words" of a refusal */
} row_of;

/* The node with d before it; where its type begins with "q:" with a quantization behind it, with
 * "ms:" in the domain com.microsoft. */
static inline rg_text file_of(const row_of *r) {
    bool quantized = !strncmp(r->type, "q:", 2), microsoft = !strncmp(r->type, "ms:", 3);
    const char *type = r->type + (quantized ? 2 : microsoft ? 3 : 0), *d = strchr(r->in, 'd');
    rg_text g = {0}, part;
    if (d && (d == r->in || d[-1] == ' '))
        part = made_op("DequantizeLinear", "u s z", "d"), made_put(&g, 1, &part);
    part = made_op(type, r->in, quantized ? "k" : "y");
    put_attrs(&part, r->attrs);
    if (microsoft)
        made_text(&part, 7, "com.microsoft");
    made_put(&g, 1, &part);
    if (quantized)
        part = made_op("QuantizeLinear", "k s z", "y"), made_put(&g, 1, &part);
    for (size_t i = 0; i < sizeof constants / sizeof constants[0]; i++) {
        part = made_tensor(constants[i].name, constants[i].type, constants[i].dims,
                           constants[i].rank, constants[i].data, constants[i].bytes);
        made_put(&g, 5, &part);
    }
    part = made_value("x", 1, image, 4), made_put(&g, 11, &part);
    part = made_value("t", 1, row, 3), made_put(&g, 11, &part);
    part = made_value("u", 2, image, 4), made_put(&g, 11, &part);
    part = made_value("y", 1, image, 0), made_put(&g, 12, &part);
    return made_model(&g, r->opset);
}

static inline void outcome(const row_of *r, char *ret, size_t cap) {
    rg_text file = file_of(r);
    rg_graph *graph = NULL;
    rg_err err = RG_ERR_INIT;
    size_t used = 0;
    rg_status status = rg_reader_onnx.read(file.data, file.bytes, "made", NULL, &graph, &err);
    ret[0] = '\0';
    if (status != RG_OK)
        snprintf(ret, cap, "= %s", err.what);
    for (uint32_t i = 0; status == RG_OK && i < graph->n_nodes && used < cap; i++)
        used +=
            (size_t)snprintf(ret + used, cap - used, "%s%s", i ? " " : "", graph->nodes[i].kind);
    cr_assert(status != RG_OK || rg_graph_check(graph, &err) == RG_OK, "%s", err.what);
    cr_assert(status == RG_OK || err.advice[0], "%s: nothing to try", err.what);
    rg_graph_free(graph);
    rg_text_free(&file);
}

static inline void check(const row_of *rows, size_t n) {
    for (size_t i = 0; i < n; i++) {
        char got[1024];
        outcome(&rows[i], got, sizeof got);
        cr_expect_str_eq(got, rows[i].want, "{\"%s\", \"%s\", \"%s\", %d, \"%s\"},", rows[i].type,
                         rows[i].in, rows[i].attrs, (int)rows[i].opset, got);
    }
}
#define CHECK(rows) check(rows, sizeof rows / sizeof rows[0])

#endif
