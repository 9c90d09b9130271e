/* onnx_node.c: the walk over the nodes of an .onnx file: their attributes, the checks that all
 * need, and what becomes of operators that are not known. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "models/onnx_build.h"

/* --- attributes --- */

const Rg__Onnx__Attribute *rg_onnx_attr(const rg_onnx_node *node, const char *name) {
    for (size_t i = 0; i < node->proto->n_attribute; i++) {
        const Rg__Onnx__Attribute *attr = node->proto->attribute[i];
        if (attr->name && !strcmp(attr->name, name))
            return attr;
    }
    return NULL;
}

int64_t rg_onnx_attr_int(const rg_onnx_node *node, const char *name, int64_t preset) {
    const Rg__Onnx__Attribute *attr = rg_onnx_attr(node, name);
    return attr && attr->has_i ? attr->i : preset;
}

double rg_onnx_attr_real(const rg_onnx_node *node, const char *name, double preset) {
    const Rg__Onnx__Attribute *attr = rg_onnx_attr(node, name);
    return attr && attr->has_f && !isnan(attr->f) ? (double)attr->f : preset;
}

bool rg_onnx_attr_is(const rg_onnx_node *node, const char *name, const char *word) {
    const Rg__Onnx__Attribute *attr = rg_onnx_attr(node, name);
    return attr && attr->has_s && attr->s.len == strlen(word) &&
           !memcmp(attr->s.data, word, attr->s.len);
}

int rg_onnx_attr_ints(const rg_onnx_node *node, const char *name, int64_t *ret, uint32_t n,
                      int64_t preset) {
    const Rg__Onnx__Attribute *attr = rg_onnx_attr(node, name);
    if (attr && attr->n_ints != n)
        return -1;
    for (uint32_t i = 0; i < n; i++)
        ret[i] = attr ? attr->ints[i] : preset;
    return (int)n;
}

int32_t rg_onnx_axis(int64_t axis, uint32_t rank) {
    if (axis >= -(int64_t)rank && axis < 0)
        axis += rank;
    return axis >= 0 && axis < (int64_t)rank ? (int32_t)axis : RG_ONNX_NONE;
}

/* --- the walk --- */

/* What an operator is called that we cannot do: its type, the reason where we know one. */
static const char *foreign_kind(rg_onnx *r, const rg_onnx_node *node) {
    rg_arena *arena = r->graph->arena;
    const char *domain = node->proto->domain ? node->proto->domain : "";
    const char *name = domain[0] && strcmp(domain, "ai.onnx")
                           ? rg_arena_printf(arena, "%.64s::%.64s", domain, node->type)
                           : rg_arena_printf(arena, "%.64s", node->type);
    if (name && r->why[0])
        name = rg_arena_printf(arena, "%s (%s)", name, r->why);
    return name;
}

/* A value that nothing computes: of the shape that the file tells, else of none. */
static int32_t unknown_value(rg_onnx *r, rg_onnx_value *v) {
    v->unknown = v->shape.rank > RG_MAX_RANK || v->dtype == RG_DTYPE_VARIANT;
    rg_shape shape = v->unknown ? (rg_shape){0} : v->shape;
    rg_onnx_order order = rg_onnx_plain(shape.rank);
    rg_dtype dtype = v->unknown ? RG_DTYPE_FLOAT32 : v->dtype;
    int32_t tensor = rg_onnx_tensor(r, dtype, &shape, NULL, NULL);
    if (r->status == RG_OK)
        rg_onnx_define(r, v, dtype, tensor, &order);
    return tensor;
}

/* The node as one that we do not know, with whatever it reads and writes. */
static void keep_foreign(rg_onnx *r, const rg_onnx_node *node) {
    rg_arena *arena = r->graph->arena;
    int32_t *in = rg_arena_array(arena, node->n_in + 1, sizeof *in);
    int32_t *out = rg_arena_array(arena, node->n_out + 1, sizeof *out);
    const char *kind = foreign_kind(r, node);
    uint32_t n_out = 0;
    if (!in || !out || !kind) {
        rg_onnx_no_memory(r);
        return;
    }
    for (uint32_t i = 0; i < node->n_in; i++)
        in[i] = node->in[i] < 0 ? -1 : rg_onnx_get(r, &r->values[node->in[i]], NULL, RG_DTYPE_ANY);
    for (uint32_t i = 0; i < node->n_out; i++) {
        if (node->out[i] >= 0)
            out[n_out++] = unknown_value(r, &r->values[node->out[i]]);
    }
    rg_onnx_emit(r, kind, in, node->n_in, out, n_out, NULL, 0);
    if (r->status == RG_OK)
        r->graph->nodes[r->graph->n_nodes - 1].known = false;
}

/* The value must have been computed; ONNX wants nodes in order. */
static rg_status check_inputs(rg_onnx *r, const rg_onnx_node *node, uint32_t need) {
    for (uint32_t i = 0; i < node->n_in || i < need; i++) {
        const rg_onnx_value *v = rg_onnx_in(r, node, i);
        if (!v && i < need)
            return rg_onnx_fail(r, RG_BAD_DATA, "%s lacks input %u", node->type, i);
        if (v && !v->there)
            return rg_onnx_fail(r, RG_BAD_DATA, "%s reads %.80s before it is computed", node->type,
                                v->name);
        if (v && v->unknown)
            return rg_onnx_cannot(r, "behind an operator that is not known");
    }
    return RG_OK;
}

/* All outputs that anybody may use are there; optional ones of training are not done. */
static bool outputs_there(rg_onnx *r, const rg_onnx_node *node) {
    for (uint32_t i = 0; i < node->n_out; i++) {
        const rg_onnx_value *v = node->out[i] < 0 ? NULL : &r->values[node->out[i]];
        if (v && !v->there && (v->uses || v->is_output) && !(i == 0 && node->done))
            return false;
    }
    return true;
}

/* Joined to a following node, the result itself does not exist; then somebody else's does. */
static bool joined(const rg_onnx *r, const rg_onnx_node *node) {
    if (node->out[0] < 0)
        return false;
    const rg_onnx_value *v = &r->values[node->out[0]];
    return v->uses == 1 && !v->is_output && v->user >= 0 && r->nodes[v->user].done;
}

/* As many inputs as the operator takes, and a result; the state alone will do for recurrent ones.
 */
static rg_status check_node(rg_onnx *r, const rg_onnx_node *node, const rg_onnx_row *op) {
    bool has = node->n_out > 0 && node->out[0] >= 0;
    for (uint32_t i = 1; op->lower == rg_onnx_recurrent && i < node->n_out; i++)
        has |= node->out[i] >= 0;
    uint32_t most = rg_onnx_most_inputs(op);
    if (!has)
        return rg_onnx_fail(r, RG_BAD_DATA, "%s has no output", node->type);
    if (most && node->n_in > most)
        return rg_onnx_fail(r, RG_BAD_DATA, "%s has %u inputs, it takes %u", node->type, node->n_in,
                            most);
    return RG_OK;
}

static rg_status lower(rg_onnx *r, rg_onnx_node *node) {
    const rg_onnx_row *found = rg_onnx_row_of(node);
    r->why[0] = '\0';
    r->naming = node->n_out && node->out[0] >= 0 ? r->values[node->out[0]].name : "";
    rg_status status = check_inputs(r, node, found ? found->need : 0);
    if (status == RG_OK && found)
        status = check_node(r, node, found);
    if (status == RG_OK && found && (node->out[0] < 0 || !rg_onnx_fold(r, node)))
        status = r->status == RG_OK ? found->lower(r, node, found->word) : r->status;
    if (status == RG_OK && r->status == RG_OK && found && !joined(r, node) &&
        !outputs_there(r, node))
        status = rg_onnx_cannot(r, "its further outputs are used");
    if (r->status != RG_OK)
        return r->status;
    if (!found || status != RG_OK)
        keep_foreign(r, node);
    return r->status;
}

rg_status rg_onnx_lower_all(rg_onnx *r) {
    /* constants first: what looks ahead wants to know them */
    for (int rest = 0; rest < 2; rest++) {
        for (uint32_t i = 0; i < r->n_nodes; i++) {
            rg_onnx_node *node = &r->nodes[i];
            bool constant = !strcmp(node->type, "Constant") && !node->microsoft;
            if (constant == rest || node->done)
                continue;
            if (lower(r, node) != RG_OK) {
                rg_err_prefix(r->err, "node %u", i);
                return r->status;
            }
            node->done = true;
        }
    }
    return r->status;
}
