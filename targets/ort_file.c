/* ort_file.c: a walk over the protobuf of an .onnx file that takes nodes and input dimensions and
 * skips all else. The file was read by our reader, or written by our writer, before; lengths are
 * checked all the same. */
#include "targets/ort_file.h"

#include <string.h>

/* Numbers of ONNX's schema. */
enum { MODEL_GRAPH = 7, GRAPH_NODE = 1, GRAPH_INPUT = 11 };
enum { NODE_IN = 1, NODE_OUT = 2, NODE_NAME = 3, NODE_TYPE = 4 };
enum { VALUE_TYPE = 2, TYPE_TENSOR = 1, TENSOR_SHAPE = 2, SHAPE_DIM = 1, DIM_PARAM = 2 };

typedef struct bytes {
    const unsigned char *at, *end;
} bytes;

/* One field: its number, and what it holds when that is bytes. */
typedef struct field {
    uint32_t number;
    bytes content; /* empty for numbers */
} field;

static bool take_varint(bytes *b, uint64_t *ret) {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && b->at < b->end; shift += 7) {
        unsigned char c = *b->at++;
        value |= (uint64_t)(c & 127) << shift;
        if (c < 128) {
            *ret = value;
            return true;
        }
    }
    return false;
}

static bool skip(bytes *b, uint64_t n) {
    if (n > (uint64_t)(b->end - b->at))
        return false;
    b->at += n;
    return true;
}

/* The next field; false at the end and where the bytes make no sense, which leaves some over. */
static bool next(bytes *b, field *ret) {
    bytes all = *b;
    uint64_t tag, n = 0;
    if (all.at == all.end || !take_varint(&all, &tag))
        return false;
    *ret = (field){.number = (uint32_t)(tag >> 3), .content = {all.at, all.at}};
    bool good = false;
    switch (tag & 7) {
    case 0:
        good = take_varint(&all, &n);
        break;
    case 1:
        good = skip(&all, 8);
        break;
    case 2:
        good = take_varint(&all, &n);
        ret->content.at = all.at;
        good = good && skip(&all, n);
        ret->content.end = all.at;
        break;
    case 5:
        good = skip(&all, 4);
        break;
    }
    if (good)
        *b = all;
    return good;
}

/* How many fields of a number there are. */
static uint32_t count(bytes b, uint32_t number) {
    uint32_t n = 0;
    for (field f; next(&b, &f);)
        n += f.number == number;
    return n;
}

/* The first field of a number; empty when there is none. */
static bytes find(bytes b, uint32_t number) {
    for (field f; next(&b, &f);) {
        if (f.number == number)
            return f.content;
    }
    return (bytes){b.end, b.end};
}

static const char *text_of(rg_arena *arena, bytes b) {
    char *text = rg_arena_alloc(arena, (size_t)(b.end - b.at) + 1);
    if (text && b.end > b.at)
        memcpy(text, b.at, (size_t)(b.end - b.at));
    return text;
}

/* All texts of a number, into a list. */
static const char **texts_of(rg_arena *arena, bytes b, uint32_t number, uint32_t *ret_n) {
    uint32_t n = count(b, number), i = 0;
    const char **list = rg_arena_array(arena, n + 1, sizeof *list);
    for (field f; list && next(&b, &f);) {
        if (f.number == number && !(list[i++] = text_of(arena, f.content)))
            return NULL;
    }
    *ret_n = n;
    return list;
}

static bool read_node(rg_arena *arena, bytes b, rg_ort_node *ret) {
    ret->name = text_of(arena, find(b, NODE_NAME));
    ret->type = text_of(arena, find(b, NODE_TYPE));
    ret->in = texts_of(arena, b, NODE_IN, &ret->n_in);
    ret->out = texts_of(arena, b, NODE_OUT, &ret->n_out);
    ret->source = -1;
    return ret->name && ret->type && ret->in && ret->out;
}

/* --- open dimensions -------------------------------------------------------------------------- */

static bytes shape_of(bytes input) {
    return find(find(find(input, VALUE_TYPE), TYPE_TENSOR), TENSOR_SHAPE);
}

/* A name counts once; as samples where any input has it first. */
static bool add_dim(rg_arena *arena, rg_ort_file *file, bytes name, bool first) {
    const char *text = text_of(arena, name);
    if (!text || !*text)
        return text != NULL;
    for (uint32_t i = 0; i < file->n_dims; i++) {
        if (!strcmp(file->dims[i].name, text)) {
            file->dims[i].first |= first;
            return true;
        }
    }
    file->dims[file->n_dims++] = (rg_ort_dim){text, first};
    return true;
}

static bool read_dims(rg_arena *arena, bytes graph, rg_ort_file *file) {
    uint32_t room = 0;
    bytes all = graph;
    for (field f; next(&all, &f);)
        room += f.number == GRAPH_INPUT ? count(shape_of(f.content), SHAPE_DIM) : 0;
    file->dims = rg_arena_array(arena, room + 1, sizeof *file->dims);
    for (field f; file->dims && next(&graph, &f);) {
        bytes shape = f.number == GRAPH_INPUT ? shape_of(f.content) : (bytes){graph.at, graph.at};
        bool first = true;
        for (field dim; next(&shape, &dim); first = false) {
            if (dim.number == SHAPE_DIM &&
                !add_dim(arena, file, find(dim.content, DIM_PARAM), first))
                return false;
        }
    }
    return file->dims != NULL;
}

/* --- the file --------------------------------------------------------------------------------- */

rg_status rg_ort_file_read(rg_arena *arena, const void *data, size_t n, rg_ort_file *ret_file,
                           rg_err *err) {
    bytes model = {data, (const unsigned char *)data + n};
    bytes graph = find(model, MODEL_GRAPH), all = graph;
    rg_ort_file file = {.n_nodes = count(graph, GRAPH_NODE)};
    if (graph.at == graph.end)
        return rg_fail(err, RG_BAD_DATA, "give an .onnx file", "there is no graph in these bytes");
    file.nodes = rg_arena_array(arena, file.n_nodes + 1, sizeof *file.nodes);
    bool good = file.nodes && read_dims(arena, graph, &file);
    uint32_t i = 0;
    for (field f; good && next(&all, &f);) {
        if (f.number == GRAPH_NODE)
            good = read_node(arena, f.content, &file.nodes[i++]);
    }
    if (!good)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory reading the nodes of an .onnx");
    *ret_file = file;
    return RG_OK;
}
