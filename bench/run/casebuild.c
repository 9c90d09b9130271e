/* casebuild.c: cases into graphs of one node. */
#include "bench/run/casebuild.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/text.h"
#include "bench/run/calls.h"
#include "bench/run/casefill.h"

static const char *const fill_words[RG_FILL_COUNT] = {
    "random", "random with ends", "lowest", "highest", "alternating", "blocks", "zero point"};

const char *rg_fill_word(rg_fill fill) {
    return fill_words[fill];
}

static rg_status no_memory(rg_err *err) {
    return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory for a made-up case");
}

/* --- tensors ---------------------------------------------------------------------------------- */

/* Scales differ by up to four among channels, as trained weights do. */
static rg_status give_quant(const rg_case_tensor *from, rg_arena *arena, rg_rng *rng, rg_tensor *t,
                            rg_err *err) {
    if (from->scale == 0)
        return RG_OK;
    if (from->per_channel && from->axis >= from->shape.rank)
        return rg_fail(err, RG_USAGE, NULL, "a case has scales along axis %u of %u", from->axis,
                       from->shape.rank);
    uint32_t n = from->per_channel ? (uint32_t)from->shape.dim[from->axis] : 1;
    float *scale = rg_arena_array(arena, n, sizeof *scale);
    int32_t *zero = rg_arena_array(arena, n, sizeof *zero);
    if (!scale || !zero)
        return no_memory(err);
    for (uint32_t c = 0; c < n; c++) {
        scale[c] = from->scale;
        if (from->per_channel)
            scale[c] *= (float)(0.5 + 1.5 * rg_rng_unit(rng));
        zero[c] = from->per_channel ? 0 : from->zero_point;
    }
    t->quant = (rg_quant){n, scale, zero, from->per_channel ? from->axis : 0};
    return RG_OK;
}

/* Mostly uniform with frequent ends; one in eight is extreme as a whole. */
static rg_fill draw_fill(bool plain, rg_rng *rng) {
    uint32_t draw = rg_rng_below(rng, 16);
    if (plain)
        return RG_FILL_RANDOM;
    return draw < 4 ? (rg_fill)(RG_FILL_LOWEST + draw) : RG_FILL_ENDS;
}

static rg_status give_constant(const rg_case_tensor *from, bool plain, rg_arena *arena, rg_rng *rng,
                               rg_tensor *t, rg_err *err) {
    int64_t n;
    rg_fill fill = draw_fill(plain, rng);
    void *data = rg_arena_alloc(arena, t->bytes);
    if (!data)
        return no_memory(err);
    if (!rg_shape_elements(&t->shape, &n) || (from->n_values && from->n_values != n))
        return rg_fail(err, RG_USAGE, NULL, "a case gives %u values for %lld elements",
                       from->n_values, (long long)n);
    if (from->n_values)
        rg_case_fill_given(from, data);
    else
        rg_case_fill(from, n, fill, rng, data);
    t->data = data;
    return RG_OK;
}

static rg_status make_tensor(const rg_case_tensor *from, bool plain, rg_arena *arena, rg_rng *rng,
                             rg_tensor *t, rg_err *err) {
    t->dtype = from->dtype;
    t->shape = from->shape;
    t->variable = from->variable;
    rg_status status = rg_tensor_bytes(&t->shape, t->dtype, &t->bytes, err);
    if (from->absent)
        return status;
    if (!rg_case_can_fill(from->dtype))
        return rg_fail(err, RG_USAGE, NULL, "cases cannot have elements of %s",
                       rg_dtype_word(from->dtype));
    if (status == RG_OK)
        status = give_quant(from, arena, rng, t, err);
    if (status == RG_OK && from->constant)
        status = give_constant(from, plain, arena, rng, t, err);
    return status;
}

static rg_status make_tensors(rg_made_case *made, bool plain, rg_rng *rng, rg_err *err) {
    const rg_case *from = &made->from;
    rg_graph *graph = made->graph;
    rg_status status = RG_OK;
    for (uint32_t i = 0; status == RG_OK && i < from->n_in + from->n_out; i++) {
        bool in = i < from->n_in;
        rg_tensor *t = &graph->tensors[i];
        t->name = rg_arena_printf(graph->arena, "%s%u", in ? "in" : "out", in ? i : i - from->n_in);
        if (!t->name)
            return no_memory(err);
        status = make_tensor(in ? &from->in[i] : &from->out[i - from->n_in], plain, graph->arena,
                             rng, t, err);
    }
    return status;
}

/* --- the node --------------------------------------------------------------------------------- */

static rg_status make_node(rg_made_case *made, rg_err *err) {
    const rg_case *from = &made->from;
    rg_graph *graph = made->graph;
    uint32_t n = from->n_in + from->n_out;
    int32_t *numbers = rg_arena_array(graph->arena, n + from->n_in + 1, sizeof *numbers);
    rg_node *node = rg_arena_array(graph->arena, 1, sizeof *node);
    graph->tensors = rg_arena_array(graph->arena, n, sizeof *graph->tensors);
    if (!numbers || !node || !graph->tensors)
        return no_memory(err);
    int32_t *given = numbers + n;
    for (uint32_t i = 0; i < n; i++)
        numbers[i] = i < from->n_in && from->in[i].absent ? -1 : (int32_t)i;
    for (uint32_t i = 0; i < from->n_in; i++) {
        if (rg_made_case_is_input(made, i))
            given[graph->n_in++] = (int32_t)i;
    }
    *node = (rg_node){made->op->kind, "case",        true,    from->n_in,
                      from->n_out,    from->n_attrs, numbers, numbers + from->n_in,
                      from->attrs};
    graph->name = made->from.name;
    graph->format = "case";
    graph->nodes = node;
    graph->n_nodes = 1;
    graph->n_tensors = n;
    graph->n_out = from->n_out;
    graph->in = given;
    graph->out = numbers + from->n_in;
    return RG_OK;
}

/* Asks the operator for types, shapes and sizes of the outputs. */
static rg_status infer_outputs(rg_made_case *made, rg_err *err) {
    const rg_node *node = made->graph->nodes;
    const rg_tensor *in[RG_CASE_TENSORS], *out[RG_CASE_TENSORS];
    rg_tensor inferred[RG_CASE_TENSORS], *tensors = made->graph->tensors;
    void *params = rg_arena_alloc(made->graph->arena, made->op->params_size);
    rg_op_call call = {made->op, params, node->n_in, node->n_out, in, out};
    if (!params)
        return no_memory(err);
    for (uint32_t i = 0; i < node->n_in; i++)
        in[i] = rg_node_in(made->graph, node, i);
    for (uint32_t i = 0; i < node->n_out; i++) {
        out[i] = rg_node_out(made->graph, node, i);
        inferred[i] = *out[i];
    }
    rg_status status = RG_OK;
    if (made->op->params)
        status = rg_field_from_node(made->op->params, node, params, err);
    if (status == RG_OK)
        status = made->op->infer(&call, inferred, err);
    for (uint32_t i = 0; status == RG_OK && i < node->n_out; i++) {
        rg_tensor *t = &tensors[node->n_in + i];
        *t = inferred[i];
        status = rg_tensor_bytes(&t->shape, t->dtype, &t->bytes, err);
    }
    return status;
}

/* Exactly as a model's node is resolved; another operator of the same kind is a mistake of the set.
 */
static rg_status resolve(rg_made_case *made, rg_err *err) {
    rg_status status = rg_graph_check(made->graph, err);
    if (status == RG_OK)
        status = rg_calls_resolve(made->graph, made->graph->arena, &made->call, err);
    if (status == RG_OK && made->call->op != made->op)
        status = rg_fail(err, RG_USAGE, NULL, "a case for %s is one of %s", made->op->name,
                         made->call->op->name);
    if (status == RG_OK)
        made->work = made->op->work(made->call);
    return status;
}

static bool is_sound(const rg_op *op, const rg_case *from) {
    return from->n_in <= RG_CASE_TENSORS && from->n_out >= 1 && from->n_out <= RG_CASE_TENSORS &&
           from->n_attrs <= RG_CASE_ATTRS && from->runs <= RG_CASE_RUNS && from->n_in >= op->min_in;
}

rg_status rg_made_case_new(const rg_op *op, const rg_case *from, uint64_t seed, bool plain,
                           rg_made_case **ret_made, rg_err *err) {
    rg_rng rng = rg_rng_seeded(seed);
    if (!is_sound(op, from))
        return rg_fail(err, RG_USAGE, NULL, "a case of %s has %u inputs and %u outputs", op->name,
                       from->n_in, from->n_out);
    rg_made_case *made = calloc(1, sizeof *made);
    if (!made || !(made->graph = rg_graph_new(0))) {
        free(made);
        return no_memory(err);
    }
    made->op = op;
    made->from = *from;
    rg_status status = make_node(made, err);
    if (status == RG_OK)
        status = make_tensors(made, plain, &rng, err);
    if (status == RG_OK)
        status = infer_outputs(made, err);
    if (status == RG_OK)
        status = resolve(made, err);
    if (status != RG_OK) {
        rg_made_case_free(made);
        return status;
    }
    *ret_made = made;
    return RG_OK;
}

void rg_made_case_free(rg_made_case *made) {
    if (!made)
        return;
    rg_graph_free(made->graph);
    free(made);
}

bool rg_made_case_is_input(const rg_made_case *made, uint32_t i) {
    const rg_case_tensor *t = &made->from.in[i];
    return i < made->from.n_in && !t->absent && !t->constant && !t->variable;
}

bool rg_made_case_is_variable(const rg_made_case *made, uint32_t i) {
    return i < made->from.n_in && !made->from.in[i].absent && made->from.in[i].variable;
}

uint32_t rg_made_case_runs(const rg_made_case *made) {
    return made->from.runs ? made->from.runs : 1;
}

void rg_made_case_fill(const rg_made_case *made, uint32_t i, rg_fill fill, rg_rng *rng,
                       void *data) {
    const rg_case_tensor *t = &made->from.in[i];
    int64_t n = 0;
    if (t->n_values)
        rg_case_fill_given(t, data);
    else if (rg_shape_elements(&t->shape, &n))
        rg_case_fill(t, n, fill, rng, data);
}

/* --- words ------------------------------------------------------------------------------------ */

static void tell_tensor(rg_text *text, const rg_case_tensor *t, const char *word, uint32_t i,
                        bool shaped) {
    char shape[96];
    rg_shape_text(&t->shape, shape, sizeof shape);
    if (t->absent) {
        rg_text_printf(text, " %s%u absent", word, i);
        return;
    }
    rg_text_printf(text, " %s%u %s", word, i, rg_dtype_word(t->dtype));
    if (shaped)
        rg_text_printf(text, " %s", shape);
    if (t->scale != 0 && t->per_channel)
        rg_text_printf(text, " scale %.9g per channel %u", (double)t->scale, t->axis);
    else if (t->scale != 0)
        rg_text_printf(text, " scale %.9g zero %d", (double)t->scale, (int)t->zero_point);
    if (t->constant || t->variable)
        rg_text_add(text, t->constant ? " const" : " variable");
    if (t->low != t->high)
        rg_text_printf(text, " in [%g, %g]", t->low, t->high);
    for (uint32_t v = 0; v < t->n_values; v++)
        rg_text_printf(text, "%s%d%s", v ? "," : " {", (int)t->value[v],
                       v + 1 == t->n_values ? "}" : "");
    rg_text_add(text, ";");
}

static void tell_attr(rg_text *text, const rg_attr *attr) {
    if (attr->type == RG_ATTR_INT)
        rg_text_printf(text, " %s=%lld", attr->key, (long long)attr->i);
    else if (attr->type == RG_ATTR_REAL)
        rg_text_printf(text, " %s=%.9g", attr->key, attr->r);
    else
        rg_text_printf(text, " %s=%s", attr->key, attr->word);
}

void rg_case_text(const rg_op *op, const rg_case *c, char *ret, size_t cap) {
    rg_text text = {0};
    rg_text_printf(&text, "%s%s%s", op->name, *c->name ? " " : "", c->name);
    for (uint32_t i = 0; i < c->n_in; i++)
        tell_tensor(&text, &c->in[i], "in", i, true);
    for (uint32_t i = 0; i < c->n_out; i++)
        tell_tensor(&text, &c->out[i], "out", i, c->out[i].shape.rank > 0);
    for (uint32_t i = 0; i < c->n_attrs; i++)
        tell_attr(&text, &c->attrs[i]);
    if (c->runs > 1)
        rg_text_printf(&text, " %u runs", c->runs);
    snprintf(ret, cap, "%s", text.data ? text.data : op->name);
    rg_text_free(&text);
}
