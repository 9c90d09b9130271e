/* onnx_wire.c: see onnx_wire.h. The tables mirror models/onnx.proto: a message is a list of the
 * fields that matter, everything else is skipped. Depth is bounded by the tables: none refers to
 * one above itself. */
#include "models/onnx_wire.h"

enum { VARINT = 0, FIXED64 = 1, BYTES = 2, FIXED32 = 5 };

typedef struct message message;
typedef struct field {
    uint32_t number;
    uint8_t wire;         /* of one element */
    uint8_t packed_bytes; /* element size in memory of a list of numbers, 0: no list of numbers */
    bool single;          /* a message that may come once only */
    const message *child; /* for messages */
    size_t count;         /* offset in rg_onnx_counts of what each adds one to, plus 1 */
} field;
struct message {
    const char *name;
    const field *fields; /* number 0 last */
};

/* More than any decoded struct or bookkeeping entry of protobuf-c takes. */
enum { MEMBER_BYTES = 64, MESSAGE_BYTES = 320 };

#define COUNT(what) (offsetof(rg_onnx_counts, what) + 1)
#define NUMBERS(number, wire, size)                                                                \
    { number, wire, size, false, NULL, 0 }
#define MESSAGE(number, single, child, count)                                                      \
    { number, BYTES, 0, single, &child, count }

static const field tensor_fields[] = {
    NUMBERS(1, VARINT, 8),
    NUMBERS(4, FIXED32, 4),
    NUMBERS(5, VARINT, 4),
    NUMBERS(7, VARINT, 8),
    NUMBERS(10, FIXED64, 8),
    NUMBERS(11, VARINT, 8),
    {0},
};
static const message tensor = {"a tensor", tensor_fields};
static const field attribute_fields[] = {
    MESSAGE(5, true, tensor, 0),
    NUMBERS(7, FIXED32, 4),
    NUMBERS(8, VARINT, 8),
    {0},
};
static const message attribute = {"an attribute", attribute_fields};
static const field node_fields[] = {MESSAGE(5, false, attribute, 0), {0}};
static const message node = {"a node", node_fields};
static const field no_fields[] = {{0}};
static const message dim = {"a dimension", no_fields};
static const field shape_fields[] = {MESSAGE(1, false, dim, 0), {0}};
static const message shape = {"a shape", shape_fields};
static const field tensor_type_fields[] = {MESSAGE(2, true, shape, 0), {0}};
static const message tensor_type = {"a tensor's type", tensor_type_fields};
static const field type_fields[] = {MESSAGE(1, true, tensor_type, 0), {0}};
static const message type = {"a type", type_fields};
static const field value_fields[] = {MESSAGE(2, true, type, 0), {0}};
static const message described = {"a value", value_fields};
static const field graph_fields[] = {
    MESSAGE(1, false, node, COUNT(nodes)),         MESSAGE(5, false, tensor, COUNT(tensors)),
    MESSAGE(11, false, described, COUNT(tensors)), MESSAGE(12, false, described, COUNT(tensors)),
    MESSAGE(13, false, described, COUNT(tensors)), {0},
};
static const message graph = {"the graph", graph_fields};
static const message opset = {"an operator set", no_fields};
static const field model_fields[] = {MESSAGE(7, true, graph, 0), MESSAGE(8, false, opset, 0), {0}};
static const message model = {"the model", model_fields};

typedef struct scan {
    const unsigned char *data;
    rg_onnx_counts *counts;
    rg_err *err;
} scan;

/* A varint of at most ten bytes before `end`; moves *at. */
static bool read_varint(const unsigned char *data, size_t *at, size_t end, uint64_t *ret) {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 70 && *at < end; shift += 7) {
        unsigned char byte = data[(*at)++];
        value |= shift < 63 ? (uint64_t)(byte & 0x7f) << shift : (uint64_t)(byte & 1) << 63;
        if (!(byte & 0x80)) {
            *ret = value;
            return true;
        }
    }
    return false;
}

/* One field: its number, wire type, and where its content lies. False when it does not fit. */
static bool read_member(const unsigned char *data, size_t *at, size_t end, uint32_t *ret_number,
                        uint8_t *ret_wire, size_t *ret_from, size_t *ret_to) {
    uint64_t tag, n = 0;
    if (!read_varint(data, at, end, &tag) || tag >> 3 == 0 || tag >> 3 > 0x1fffffff)
        return false;
    *ret_number = (uint32_t)(tag >> 3);
    *ret_wire = tag & 7;
    *ret_from = *at;
    if (*ret_wire == VARINT) {
        if (!read_varint(data, at, end, &n))
            return false;
        *ret_to = *at;
        return true;
    }
    if (*ret_wire == BYTES && !read_varint(data, at, end, &n))
        return false;
    n = *ret_wire == FIXED32 ? 4 : *ret_wire == FIXED64 ? 8 : n;
    if ((*ret_wire != BYTES && *ret_wire != FIXED32 && *ret_wire != FIXED64) || n > end - *at)
        return false;
    *ret_from = *at;
    *at += n;
    *ret_to = *at;
    return true;
}

static const field *find(const message *m, uint32_t number) {
    for (const field *f = m->fields; f->number; f++) {
        if (f->number == number)
            return f;
    }
    return NULL;
}

/* Elements of a packed list: whole numbers of its wire type. */
static bool count_packed(const unsigned char *data, const field *f, size_t from, size_t to,
                         uint64_t *ret) {
    size_t size = f->wire == FIXED32 ? 4 : f->wire == FIXED64 ? 8 : 0;
    uint64_t n = 0, ignored;
    if (size) {
        *ret = (to - from) / size;
        return (to - from) % size == 0;
    }
    for (; from < to; n++) {
        if (!read_varint(data, &from, to, &ignored))
            return false;
    }
    *ret = n;
    return true;
}

static rg_status damaged(const scan *s, const message *m, size_t at) {
    return rg_fail(s->err, RG_BAD_DATA,
                   "the file is damaged or cut short: copy or download it again",
                   "%s is malformed at byte %zu", m->name, at);
}

static rg_status scan_message(scan *s, const message *m, size_t from, size_t to);

static rg_status scan_member(scan *s, const message *m, const field *f, uint8_t wire, size_t from,
                             size_t to) {
    uint64_t n = 1;
    bool packed = f && f->packed_bytes && wire == BYTES;
    s->counts->decoded_bytes += MEMBER_BYTES + (wire == BYTES && !packed ? to - from : 0);
    if (f && wire != f->wire && !packed)
        return damaged(s, m, from);
    if (packed && !count_packed(s->data, f, from, to, &n))
        return damaged(s, m, from);
    s->counts->members += n;
    if (f && f->packed_bytes)
        s->counts->decoded_bytes += n * f->packed_bytes;
    if (!f || !f->child)
        return RG_OK;
    /* content of messages is counted by their own members */
    s->counts->decoded_bytes -= to - from;
    s->counts->decoded_bytes += MESSAGE_BYTES;
    if (f->count)
        ++*(uint64_t *)(void *)((char *)s->counts + f->count - 1);
    return scan_message(s, f->child, from, to);
}

static rg_status scan_message(scan *s, const message *m, size_t from, size_t to) {
    uint32_t seen = 0; /* single messages, by number: all below 32 */
    rg_status status = RG_OK;
    for (size_t at = from; status == RG_OK && at < to;) {
        uint32_t number;
        uint8_t wire;
        size_t first, last, start = at;
        if (!read_member(s->data, &at, to, &number, &wire, &first, &last))
            return damaged(s, m, start);
        const field *f = find(m, number);
        if (f && f->single && (seen >> number & 1))
            return rg_fail(s->err, RG_BAD_DATA, "the file is damaged: export the model again",
                           "%s holds field %u twice, at byte %zu", m->name, (unsigned)number,
                           start);
        if (f && f->single)
            seen |= 1u << number;
        status = scan_member(s, m, f, wire, first, last);
    }
    return status;
}

/* Wire type of a field of the top level; -1: not known. */
static int top_wire(uint32_t number) {
    static const int8_t wires[] = {-1, VARINT, BYTES, BYTES, BYTES, VARINT, BYTES, BYTES, BYTES};
    enum { KNOWN = sizeof wires };
    static const uint32_t others[] = {14, 20, 25, 26}; /* properties, training, functions, ... */
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        if (number == others[i])
            return BYTES;
    }
    return number < KNOWN ? wires[number] : -1;
}

bool rg_onnx_sniff(const void *data, size_t bytes) {
    const unsigned char *from = data;
    bool version = false, has_graph = false;
    unsigned others = 0;
    for (size_t at = 0; at < bytes;) {
        uint32_t number;
        uint8_t wire;
        size_t first, last, start = at;
        if (!read_member(from, &at, bytes, &number, &wire, &first, &last)) {
            at = start; /* cut short: what came before decides, and the field it begins */
            uint64_t tag;
            return version && read_varint(from, &at, bytes, &tag) &&
                   top_wire((uint32_t)(tag >> 3)) == (int)(tag & 7) && (others || tag >> 3 == 7);
        }
        if (top_wire(number) != (int)wire)
            return false;
        version |= number == 1 && last - first == 1 && from[first] > 0 && from[first] < 32;
        has_graph |= number == 7;
        others += number != 1;
    }
    return has_graph || (version && others);
}

rg_status rg_onnx_scan(const void *data, size_t bytes, const rg_model_limits *limits,
                       rg_onnx_counts *ret, rg_err *err) {
    rg_onnx_counts counts = {0};
    scan s = {data, &counts, err};
    rg_status status = scan_message(&s, &model, 0, bytes);
    if (status != RG_OK)
        return status;
    if (counts.nodes > limits->nodes)
        return rg_fail(err, RG_NO_MEMORY, "give a smaller model",
                       "it has %llu nodes, more than the limit of %u",
                       (unsigned long long)counts.nodes, limits->nodes);
    if (counts.tensors > limits->tensors)
        return rg_fail(err, RG_NO_MEMORY, "give a smaller model",
                       "it describes %llu tensors, more than the limit of %u",
                       (unsigned long long)counts.tensors, limits->tensors);
    if (counts.decoded_bytes > limits->graph_bytes)
        return rg_fail(err, RG_NO_MEMORY, "give a smaller model, or raise the limit",
                       "decoding it may take %llu bytes, more than the limit of %zu",
                       (unsigned long long)counts.decoded_bytes, limits->graph_bytes);
    *ret = counts;
    return RG_OK;
}
