/* tflite_node.c: operators of a .tflite file as nodes with named attributes. */
#include <math.h>
#include <string.h>

#include "models/tflite_read.h"
#include "models/tflite_schema.h"

typedef rg_tflite_reading reading;

static const char odd_advice[] =
    "the file is damaged, or newer than this program: copy or convert it again";

/* Builtin number of an operator code: the wide field, or in old files the 8-bit one. */
static int32_t builtin_of(reading *r, rg_fb_table code) {
    int32_t old = (int32_t)rg_fb_int(&r->fb, code, CODE_OLD, 1, 0);
    int32_t builtin = (int32_t)rg_fb_int(&r->fb, code, CODE_BUILTIN, 4, 0);
    return old > builtin ? old : builtin;
}

/* What to call an operator that we do not map. */
static const char *foreign_kind(reading *r, rg_fb_table code, int32_t builtin) {
    const char *name = rg_tflite_name(builtin);
    if (builtin == TFLITE_CUSTOM) {
        rg_fb_vec custom = rg_fb_text(&r->fb, code, CODE_CUSTOM);
        if (custom.n)
            return rg_tflite_text(r, custom);
    }
    return name ? name : rg_arena_printf(r->graph->arena, "builtin operator %d", (int)builtin);
}

/* What of a node's tensors is in a form that operators cannot use, in a word or two; NULL: none. */
static const char *odd_form(const reading *r, const int32_t *list, uint32_t n) {
    const rg_graph *graph = r->graph;
    for (uint32_t i = 0; i < n; i++) {
        if (list[i] < 0 || (uint32_t)list[i] >= graph->n_tensors)
            continue; /* rg_graph_check words these */
        rg_dtype dtype = graph->tensors[list[i]].dtype;
        if (rg_dtype_bits(dtype) == 0 && dtype != RG_DTYPE_RESOURCE)
            return rg_dtype_word(dtype);
        if (r->other_scheme[list[i]])
            return r->block_scales[list[i]] ? "blockwise scales" : "unusual quantization";
    }
    return NULL;
}

/* An operator that we map, were it not for its tensors: an attribute says what of them. */
static rg_status note_form(reading *r, rg_node *node, const char *form) {
    rg_attr *attr = rg_arena_alloc(r->graph->arena, sizeof *attr);
    if (!attr)
        return rg_tflite_no_memory(r);
    *attr = (rg_attr){.key = "of", .type = RG_ATTR_WORD, .word = form};
    node->attrs = attr;
    node->n_attrs = 1;
    return RG_OK;
}

static rg_status read_word(reading *r, rg_fb_table options, const rg_tflite_option *row,
                           uint32_t index, rg_attr *attr) {
    int64_t value = rg_fb_int(&r->fb, options, row->slot, 1, row->preset);
    int64_t n = 0;
    while (row->words[n])
        n++;
    if (value < 0 || value >= n)
        return rg_fail(r->err, RG_BAD_DATA, odd_advice, "node %u (%s) has %s number %d of %d",
                       index, r->graph->nodes[index].kind, row->key, (int)value, (int)n);
    attr->type = RG_ATTR_WORD;
    attr->word = row->words[value];
    return RG_OK;
}

static rg_status read_real(reading *r, rg_fb_table options, const rg_tflite_option *row,
                           uint32_t index, rg_attr *attr) {
    attr->type = RG_ATTR_REAL;
    attr->r = (double)rg_fb_float(&r->fb, options, row->slot, (float)row->preset);
    if (!isfinite(attr->r))
        return rg_fail(r->err, RG_BAD_DATA, odd_advice, "node %u (%s) has a %s that is not finite",
                       index, r->graph->nodes[index].kind, row->key);
    return RG_OK;
}

static rg_status read_option(reading *r, rg_fb_table options, const rg_tflite_option *row,
                             uint32_t index, rg_attr *attr) {
    attr->key = row->key;
    attr->type = RG_ATTR_INT;
    switch (row->store) {
    case RG_TFLITE_I32:
        attr->i = rg_fb_int(&r->fb, options, row->slot, 4, row->preset);
        return RG_OK;
    case RG_TFLITE_I8:
        attr->i = rg_fb_int(&r->fb, options, row->slot, 1, row->preset);
        return RG_OK;
    case RG_TFLITE_BOOL:
        attr->i = rg_fb_int(&r->fb, options, row->slot, 1, row->preset) != 0;
        return RG_OK;
    case RG_TFLITE_F32:
        return read_real(r, options, row, index, attr);
    case RG_TFLITE_WORD:
        return read_word(r, options, row, index, attr);
    case RG_TFLITE_TEXT:
        attr->type = RG_ATTR_WORD;
        attr->word = rg_tflite_text(r, rg_fb_text(&r->fb, options, row->slot));
        return attr->word ? RG_OK : rg_tflite_no_memory(r);
    case RG_TFLITE_SHAPE:
    case RG_TFLITE_SQUEEZED:
        break;
    }
    return RG_OK;
}

static bool becomes_attr(const rg_tflite_option *row) {
    return row->store != RG_TFLITE_SHAPE && row->store != RG_TFLITE_SQUEEZED;
}

/* The table of options; absent ones read as their presets. */
static rg_status find_options(reading *r, rg_fb_table table, const rg_tflite_op *op, uint32_t index,
                              rg_fb_table *ret_options) {
    int64_t type = rg_fb_int(&r->fb, table, OPERATOR_OPTIONS_TYPE, 1, 0) & 0xff;
    *ret_options = rg_fb_child(&r->fb, table, OPERATOR_OPTIONS);
    if (ret_options->at && op->options && type != op->options_type)
        return rg_fail(r->err, RG_BAD_DATA, odd_advice,
                       "node %u (%s) carries the options of another operator (number %d)", index,
                       op->kind, (int)type);
    return RG_OK;
}

static rg_status read_attrs(reading *r, rg_fb_table table, const rg_tflite_op *op, uint32_t index) {
    rg_node *node = &r->graph->nodes[index];
    rg_fb_vec inner = rg_fb_vector(&r->fb, table, OPERATOR_INTERMEDIATES, 4);
    rg_fb_table options;
    rg_status status = find_options(r, table, op, index, &options);
    if (status != RG_OK)
        return status;
    if (inner.n > TFLITE_MAX_INTERMEDIATES)
        return rg_fail(r->err, RG_BAD_DATA, odd_advice, "node %u (%s) has %u inner tensors", index,
                       op->kind, inner.n);
    uint32_t n_options = 0;
    while (op->options && op->options[n_options].key)
        n_options++;
    rg_attr *attrs = rg_arena_array(r->graph->arena, n_options + inner.n, sizeof *attrs);
    if (!attrs)
        return rg_tflite_no_memory(r);
    for (uint32_t i = 0; status == RG_OK && i < n_options; i++) {
        if (becomes_attr(&op->options[i]))
            status = read_option(r, options, &op->options[i], index, &attrs[node->n_attrs++]);
    }
    for (uint32_t i = 0; i < inner.n; i++)
        attrs[node->n_attrs++] = (rg_attr){.key = rg_tflite_intermediate_keys[i],
                                           .type = RG_ATTR_INT,
                                           .i = rg_fb_i32_at(inner, i)};
    node->attrs = attrs;
    return status;
}

enum { FC_WEIGHTS = 1, FC_SCALES = 3 };

/* The number of the scales of a fully connected layer whose weights have scales of blocks; -1. */
static int32_t block_scales_of(const reading *r, const rg_tflite_op *op, const rg_node *node) {
    if (!op || strcmp(op->kind, "fully_connected") || node->n_in <= FC_WEIGHTS ||
        node->n_in > FC_SCALES)
        return -1;
    int32_t weights = node->in[FC_WEIGHTS];
    bool there = weights >= 0 && (uint32_t)weights < r->graph->n_tensors;
    return there ? r->block_scales[weights] - 1 : -1;
}

/* Scales of blocks become input 3, as the operator takes them. */
static rg_status append_scales(reading *r, rg_node *node, int32_t scales) {
    int32_t *in = rg_arena_array(r->graph->arena, FC_SCALES + 1, sizeof *in);
    if (!in)
        return rg_tflite_no_memory(r);
    for (uint32_t i = 0; i < FC_SCALES; i++)
        in[i] = i < node->n_in ? node->in[i] : -1;
    in[FC_SCALES] = scales;
    node->in = in;
    node->n_in = FC_SCALES + 1;
    return RG_OK;
}

static rg_status read_links(reading *r, rg_fb_table table, rg_node *node) {
    rg_fb_vec in = rg_fb_vector(&r->fb, table, OPERATOR_INPUTS, 4);
    rg_fb_vec out = rg_fb_vector(&r->fb, table, OPERATOR_OUTPUTS, 4);
    if (r->fb.problem)
        return rg_tflite_damage(r);
    node->in = rg_tflite_ints(r, in);
    node->out = rg_tflite_ints(r, out);
    node->n_in = in.n;
    node->n_out = out.n;
    node->name = "";
    if (!node->in || !node->out)
        return rg_tflite_no_memory(r);
    if (out.n && node->out[0] >= 0 && (uint32_t)node->out[0] < r->graph->n_tensors)
        node->name = r->graph->tensors[node->out[0]].name;
    return RG_OK;
}

static rg_status read_node(reading *r, rg_fb_table table, uint32_t index) {
    rg_graph *graph = r->graph;
    rg_node *node = &graph->nodes[index];
    rg_status status = read_links(r, table, node);
    if (status != RG_OK)
        return status;
    uint32_t which = rg_fb_u32(&r->fb, table, OPERATOR_CODE, 0);
    if (which >= r->codes.n)
        return rg_fail(r->err, RG_BAD_DATA, odd_advice, "node %u names operator code %u of %u",
                       index, which, r->codes.n);
    rg_fb_table code = rg_fb_entry(&r->fb, r->codes, which);
    int32_t builtin = builtin_of(r, code);
    const rg_tflite_op *op = rg_tflite_op_of_code(builtin);
    int32_t scales = block_scales_of(r, op, node);
    const char *in_form = scales < 0 ? odd_form(r, node->in, node->n_in) : NULL;
    const char *form = in_form ? in_form : odd_form(r, node->out, node->n_out);
    node->known = op && !form;
    if (scales >= 0)
        status = append_scales(r, node, scales);
    if (status != RG_OK)
        return status;
    node->kind = node->known ? op->kind : foreign_kind(r, code, builtin);
    if (!node->kind)
        return rg_tflite_no_memory(r);
    if (node->known)
        return read_attrs(r, table, op, index);
    if (op && form)
        return note_form(r, node, form);
    if (builtin != TFLITE_CUSTOM || form || odd_form(r, node->in, node->n_in))
        return RG_OK;
    return rg_tflite_read_custom(r, rg_fb_text(&r->fb, code, CODE_CUSTOM), table, node);
}

rg_status rg_tflite_read_nodes(rg_tflite_reading *r, rg_fb_table subgraph) {
    rg_graph *graph = r->graph;
    rg_fb_vec operators = rg_fb_vector(&r->fb, subgraph, GRAPH_OPERATORS, 4);
    if (operators.n > r->limits->nodes)
        return rg_fail(r->err, RG_NO_MEMORY, "give a smaller model",
                       "it has %u operators, more than the limit of %u", operators.n,
                       r->limits->nodes);
    graph->nodes = rg_arena_array(graph->arena, operators.n, sizeof *graph->nodes);
    if (!graph->nodes)
        return rg_tflite_no_memory(r);
    rg_status status = rg_tflite_damage(r);
    for (uint32_t i = 0; status == RG_OK && i < operators.n; i++) {
        status = read_node(r, rg_fb_entry(&r->fb, operators, i), i);
        if (r->fb.problem)
            status = rg_tflite_damage(r);
        graph->n_nodes = i + 1;
    }
    return status;
}
