/* tflite_writer.c: a graph as a .tflite file, schema version 3: what tflite_reader.c reads back as
 * an equal graph. Nothing in the file depends on time, machine or memory addresses. */
#include <stdlib.h>
#include <string.h>

#include "bench/iface/model.h"
#include "models/tflite_write.h"

/* An operator code: an operator with a version. */
typedef struct code {
    const rg_tflite_op *op;
    int32_t version;
} code;

typedef struct writing {
    rg_fbw w;
    const rg_graph *graph;
    code *codes; /* in order of first use */
    uint32_t n_codes;
    uint32_t *code_of_node, *buffer_of_tensor;
    uint32_t n_buffers;
} writing;

static rg_status check_tensor(const rg_graph *graph, uint32_t index, rg_err *err) {
    const rg_tensor *t = &graph->tensors[index];
    int32_t type;
    if (!rg_tflite_type(t->dtype, &type) || (t->data && rg_dtype_bits(t->dtype) == 0))
        return rg_fail(err, RG_UNSUPPORTED, "export to another format",
                       "tensor %u (%s) of type %s cannot be written to .tflite", index, t->name,
                       rg_dtype_word(t->dtype));
    return RG_OK;
}

static rg_status check_graph(const rg_graph *graph, rg_err *err) {
    rg_status status = rg_graph_check(graph, err);
    for (uint32_t i = 0; status == RG_OK && i < graph->n_tensors; i++)
        status = check_tensor(graph, i, err);
    for (uint32_t i = 0; status == RG_OK && i < graph->n_nodes; i++)
        status = rg_tflite_check_node(graph, i, err);
    return status;
}

static uint32_t code_number(writing *s, const rg_tflite_op *op, int32_t version) {
    for (uint32_t i = 0; i < s->n_codes; i++) {
        if (s->codes[i].op == op && s->codes[i].version == version)
            return i;
    }
    s->codes[s->n_codes] = (code){op, version};
    return s->n_codes++;
}

/* Numbers operator codes and buffers; buffer 0 stays empty, as the schema wants. */
static bool number_parts(writing *s) {
    const rg_graph *graph = s->graph;
    s->codes = calloc((size_t)graph->n_nodes + 1, sizeof *s->codes);
    s->code_of_node = calloc((size_t)graph->n_nodes + 1, sizeof *s->code_of_node);
    s->buffer_of_tensor = calloc((size_t)graph->n_tensors + 1, sizeof *s->buffer_of_tensor);
    if (!s->codes || !s->code_of_node || !s->buffer_of_tensor)
        return false;
    for (uint32_t i = 0; i < graph->n_nodes; i++) {
        const rg_node *node = &graph->nodes[i];
        s->code_of_node[i] = code_number(s, rg_tflite_op_of_kind(node->kind, node->n_in),
                                         rg_tflite_op_version(graph, node));
    }
    s->n_buffers = 1;
    for (uint32_t i = 0; i < graph->n_tensors; i++) {
        if (graph->tensors[i].data && graph->tensors[i].bytes)
            s->buffer_of_tensor[i] = s->n_buffers++;
    }
    return true;
}

static size_t write_ints(rg_fbw *w, const int32_t *values, size_t n) {
    return rg_fbw_vector(w, values, n, sizeof *values, 4);
}

static void write_codes(writing *s, size_t from) {
    rg_fbw *w = &s->w;
    size_t vec = rg_fbw_offsets(w, s->n_codes);
    rg_fbw_link(w, from, vec);
    for (uint32_t i = 0; i < s->n_codes; i++) {
        int32_t number = s->codes[i].op->code;
        int32_t old = number < TFLITE_OLD_CODES ? number : TFLITE_OLD_CODES;
        rg_fbw_field fields[] = {
            {.slot = CODE_OLD, .size = 1, .bits = (uint64_t)old},
            {.slot = CODE_VERSION, .size = 4, .bits = (uint64_t)s->codes[i].version},
            {.slot = CODE_BUILTIN, .size = 4, .bits = (uint64_t)number},
        };
        rg_fbw_link(w, rg_fbw_offset_at(vec, i), rg_fbw_table(w, fields, 3));
    }
}

static size_t write_zero_points(rg_fbw *w, const rg_quant *quant) {
    size_t vec = rg_fbw_vector(w, NULL, 0, 8, 8);
    /* the vector's count goes in last: its elements are widened one by one */
    for (uint32_t i = 0; i < quant->n; i++) {
        int64_t wide = quant->zero_point ? quant->zero_point[i] : 0;
        rg_text_add_bytes(w->out, &wide, sizeof wide);
    }
    if (!w->out->failed)
        memcpy(w->out->data + w->base + vec, &quant->n, sizeof quant->n);
    return vec;
}

static size_t write_quant(rg_fbw *w, const rg_quant *quant) {
    rg_fbw_field fields[] = {
        {.slot = QUANT_SCALE},
        {.slot = QUANT_ZERO_POINT},
        {.slot = QUANT_AXIS, .size = 4, .bits = quant->axis},
    };
    size_t table = rg_fbw_table(w, fields, quant->n > 1 && quant->axis ? 3 : 2);
    rg_fbw_link(w, fields[0].at, rg_fbw_vector(w, quant->scale, quant->n, sizeof(float), 4));
    rg_fbw_link(w, fields[1].at, write_zero_points(w, quant));
    return table;
}

enum { FC_INPUTS = 3 };

/* A fully connected layer of int4 weights whose scales of blocks stand as input 3: .tflite has them
 * beside the weights. */
static bool has_block_scales(const rg_graph *graph, const rg_node *node) {
    return !strcmp(node->kind, "fully_connected") && node->n_in == FC_INPUTS + 1 &&
           node->in[1] >= 0 && node->in[FC_INPUTS] >= 0 &&
           graph->tensors[node->in[1]].dtype == RG_DTYPE_INT4;
}

/* The layer whose weights tensor `index` is; NULL when there is none with scales of blocks. */
static const rg_node *layer_of_blocks(const rg_graph *graph, uint32_t index) {
    for (uint32_t i = 0; i < graph->n_nodes; i++) {
        const rg_node *node = &graph->nodes[i];
        if (has_block_scales(graph, node) && node->in[1] == (int32_t)index)
            return node;
    }
    return NULL;
}

static size_t write_blocks(rg_fbw *w, const rg_graph *graph, const rg_node *node) {
    const rg_shape *weights = &graph->tensors[node->in[1]].shape;
    int64_t scales = 0;
    rg_shape_elements(&graph->tensors[node->in[FC_INPUTS]].shape, &scales);
    int64_t blocks = weights->dim[0] > 0 ? scales / weights->dim[0] : 0;
    int64_t size = blocks > 0 && weights->rank == 2 ? weights->dim[1] / blocks : 0;
    rg_fbw_field details[] = {
        {.slot = BLOCKWISE_SCALES, .size = 4, .bits = (uint64_t)node->in[FC_INPUTS]},
        {.slot = BLOCKWISE_ZERO_POINTS, .size = 4, .bits = UINT32_MAX},
        {.slot = BLOCKWISE_SIZE, .size = 4, .bits = (uint64_t)size},
    };
    rg_fbw_field fields[] = {
        {.slot = QUANT_DETAILS_TYPE, .size = 1, .bits = TFLITE_BLOCKWISE},
        {.slot = QUANT_DETAILS},
    };
    size_t table = rg_fbw_table(w, fields, 2);
    rg_fbw_link(w, fields[1].at, rg_fbw_table(w, details, 3));
    return table;
}

static size_t write_tensor(writing *s, uint32_t index) {
    rg_fbw *w = &s->w;
    const rg_tensor *t = &s->graph->tensors[index];
    int32_t type = 0;
    rg_tflite_type(t->dtype, &type);
    rg_fbw_field fields[8] = {
        {.slot = TENSOR_SHAPE},
        {.slot = TENSOR_NAME},
        {.slot = TENSOR_TYPE, .size = 1, .bits = (uint64_t)type},
        {.slot = TENSOR_BUFFER, .size = 4, .bits = s->buffer_of_tensor[index]},
        {.slot = TENSOR_HAS_RANK, .size = 1, .bits = 1},
    };
    const rg_node *layer = t->dtype == RG_DTYPE_INT4 ? layer_of_blocks(s->graph, index) : NULL;
    size_t n = 5, quant = 0;
    if (t->variable)
        fields[n++] = (rg_fbw_field){.slot = TENSOR_VARIABLE, .size = 1, .bits = 1};
    if (t->quant.n || layer) {
        quant = n;
        fields[n++] = (rg_fbw_field){.slot = TENSOR_QUANT};
    }
    size_t table = rg_fbw_table(w, fields, n);
    rg_fbw_link(w, fields[0].at, write_ints(w, t->shape.dim, t->shape.rank));
    rg_fbw_link(w, fields[1].at, rg_fbw_string(w, t->name));
    if (quant)
        rg_fbw_link(w, fields[quant].at,
                    layer ? write_blocks(w, s->graph, layer) : write_quant(w, &t->quant));
    return table;
}

/* Inner tensors of an LSTM, from the attributes that hold their numbers. */
static size_t inner_tensors(const rg_node *node, int32_t ret[TFLITE_MAX_INTERMEDIATES]) {
    size_t n = 0;
    for (; n < TFLITE_MAX_INTERMEDIATES; n++) {
        const rg_attr *attr = rg_node_attr(node, rg_tflite_intermediate_keys[n]);
        if (!attr)
            break;
        ret[n] = (int32_t)attr->i;
    }
    return n;
}

static size_t write_node(writing *s, uint32_t index) {
    rg_fbw *w = &s->w;
    const rg_node *node = &s->graph->nodes[index];
    const rg_tflite_op *op = s->codes[s->code_of_node[index]].op;
    int32_t inner[TFLITE_MAX_INTERMEDIATES];
    size_t n = 3, options = 0, inside = 0, n_inner = inner_tensors(node, inner);
    rg_fbw_field fields[8] = {
        {.slot = OPERATOR_INPUTS},
        {.slot = OPERATOR_OUTPUTS},
        {.slot = OPERATOR_CODE, .size = 4, .bits = s->code_of_node[index]},
    };
    if (op->options_type) {
        fields[n++] =
            (rg_fbw_field){.slot = OPERATOR_OPTIONS_TYPE, .size = 1, .bits = op->options_type};
        options = n;
        fields[n++] = (rg_fbw_field){.slot = OPERATOR_OPTIONS};
    }
    if (n_inner) {
        inside = n;
        fields[n++] = (rg_fbw_field){.slot = OPERATOR_INTERMEDIATES};
    }
    size_t table = rg_fbw_table(w, fields, n);
    uint32_t n_in = has_block_scales(s->graph, node) ? FC_INPUTS : node->n_in;
    rg_fbw_link(w, fields[0].at, write_ints(w, node->in, n_in));
    rg_fbw_link(w, fields[1].at, write_ints(w, node->out, node->n_out));
    if (options)
        rg_fbw_link(w, fields[options].at, rg_tflite_write_options(w, s->graph, node, op));
    if (inside)
        rg_fbw_link(w, fields[inside].at, write_ints(w, inner, n_inner));
    return table;
}

static void write_list(writing *s, size_t from, uint32_t n,
                       size_t (*write_one)(writing *s, uint32_t index)) {
    size_t vec = rg_fbw_offsets(&s->w, n);
    rg_fbw_link(&s->w, from, vec);
    for (uint32_t i = 0; i < n; i++)
        rg_fbw_link(&s->w, rg_fbw_offset_at(vec, i), write_one(s, i));
}

static void write_subgraph(writing *s, size_t from) {
    rg_fbw *w = &s->w;
    const rg_graph *graph = s->graph;
    size_t vec = rg_fbw_offsets(w, 1);
    rg_fbw_link(w, from, vec);
    rg_fbw_field fields[] = {
        {.slot = GRAPH_TENSORS},   {.slot = GRAPH_INPUTS}, {.slot = GRAPH_OUTPUTS},
        {.slot = GRAPH_OPERATORS}, {.slot = GRAPH_NAME},
    };
    rg_fbw_link(w, rg_fbw_offset_at(vec, 0), rg_fbw_table(w, fields, 5));
    rg_fbw_link(w, fields[1].at, write_ints(w, graph->in, graph->n_in));
    rg_fbw_link(w, fields[2].at, write_ints(w, graph->out, graph->n_out));
    rg_fbw_link(w, fields[4].at, rg_fbw_string(w, "main"));
    write_list(s, fields[0].at, graph->n_tensors, write_tensor);
    write_list(s, fields[3].at, graph->n_nodes, write_node);
}

static void write_buffers(writing *s, size_t from) {
    rg_fbw *w = &s->w;
    size_t vec = rg_fbw_offsets(w, s->n_buffers);
    rg_fbw_link(w, from, vec);
    rg_fbw_link(w, rg_fbw_offset_at(vec, 0), rg_fbw_table(w, NULL, 0));
    for (uint32_t i = 0; i < s->graph->n_tensors; i++) {
        const rg_tensor *t = &s->graph->tensors[i];
        if (!s->buffer_of_tensor[i])
            continue;
        rg_fbw_field data = {.slot = BUFFER_DATA};
        rg_fbw_link(w, rg_fbw_offset_at(vec, s->buffer_of_tensor[i]), rg_fbw_table(w, &data, 1));
        rg_fbw_link(w, data.at, rg_fbw_vector(w, t->data, t->bytes, 1, 16));
    }
}

static void write_model(writing *s) {
    rg_fbw_field fields[] = {
        {.slot = MODEL_VERSION, .size = 4, .bits = TFLITE_VERSION},
        {.slot = MODEL_CODES},
        {.slot = MODEL_SUBGRAPHS},
        {.slot = MODEL_DESCRIPTION},
        {.slot = MODEL_BUFFERS},
    };
    rg_fbw_link(&s->w, 0, rg_fbw_table(&s->w, fields, 5));
    rg_fbw_link(&s->w, fields[3].at, rg_fbw_string(&s->w, s->graph->description));
    write_codes(s, fields[1].at);
    write_subgraph(s, fields[2].at);
    write_buffers(s, fields[4].at);
}

static rg_status write_tflite(const rg_graph *graph, rg_text *ret, rg_err *err) {
    rg_status status = check_graph(graph, err);
    if (status != RG_OK)
        return status;
    if (rg_graph_constant_bytes(graph) > INT32_MAX / 2)
        return rg_fail(err, RG_UNSUPPORTED, "split the model",
                       "constants of more than 1 GiB do not fit a .tflite file of ours");
    writing s = {.graph = graph};
    size_t before = ret->bytes;
    bool ok = number_parts(&s);
    if (ok) {
        s.w = rg_fbw_begin(ret, "TFL3");
        write_model(&s);
        ok = !ret->failed;
    }
    free(s.codes);
    free(s.code_of_node);
    free(s.buffer_of_tensor);
    if (ok)
        return RG_OK;
    ret->bytes = before;
    return rg_fail(err, RG_NO_MEMORY, "close other programs", "out of memory writing a .tflite");
}

const rg_writer rg_writer_tflite = {
    .name = "tflite",
    .summary = "TensorFlow Lite models, schema version 3",
    .extension = ".tflite",
    .write = write_tflite,
};
