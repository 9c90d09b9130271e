/* onnx_steps.c: LSTM, GRU and RNN over a sequence of known length: the same few operators of ours
 * for each step, in float32. */
#include <string.h>

#include "models/onnx_build.h"

#define INTEGER(name, value)                                                                       \
    { .key = name, .type = RG_ATTR_INT, .i = value }
#define WORD(name, value)                                                                          \
    { .key = name, .type = RG_ATTR_WORD, .word = value }

enum { MOST_STEPS = 512, MOST_GATES = 4 };

/* One direction of a recurrent operator being put together. */
typedef struct recurrence {
    char kind; /* 'L', 'G' or 'R' */
    int32_t steps, batch, inputs, cells, gates;
    bool late;                                      /* GRU: the product before the reset gate */
    int32_t weights, recurrent, bias, hidden, cell; /* hidden and cell: as they are now */
    int32_t recurrent_bias;                         /* RG_ONNX_NONE: it is part of `bias` */
} recurrence;

/* Elements `at` to `at + shape` of a constant. */
static int32_t piece(rg_onnx *r, int32_t tensor, size_t at, const rg_shape *shape) {
    const rg_tensor from = *rg_onnx_at(r, tensor);
    return rg_onnx_tensor(r, RG_DTYPE_FLOAT32, shape, NULL, (const float *)from.data + at);
}

/* Parts of equal size along a dimension. */
static void parted(rg_onnx *r, int32_t t, uint32_t n, uint32_t axis, int32_t *ret) {
    rg_shape shape = rg_onnx_at(r, t)->shape;
    const int64_t place = axis;
    shape.dim[axis] /= (int32_t)n;
    for (uint32_t i = 0; i < n; i++)
        ret[i] = rg_onnx_tensor(r, RG_DTYPE_FLOAT32, &shape, NULL, NULL);
    const rg_attr attr = INTEGER("num_splits", n);
    int32_t in[] = {rg_onnx_ints(r, &place, 1), t};
    rg_onnx_emit(r, "split", in, 2, ret, n, &attr, 1);
}

static int32_t stacked(rg_onnx *r, const int32_t *list, uint32_t n, uint32_t axis) {
    rg_shape shape = rg_onnx_at(r, list[0])->shape;
    const rg_attr attrs[] = {INTEGER("axis", axis), WORD("activation", "none")};
    shape.dim[axis] *= (int32_t)n;
    int32_t out = rg_onnx_tensor(r, RG_DTYPE_FLOAT32, &shape, NULL, NULL);
    rg_onnx_emit(r, "concat", list, n, &out, 1, attrs, 2);
    return out;
}

/* The sum of both rows of biases; for `late` gates the recurrent one of the last gate is kept
 * apart. */
static void read_bias(rg_onnx *r, recurrence *c, int32_t biases, size_t direction) {
    size_t n = (size_t)c->gates * (size_t)c->cells, last = n - (size_t)c->cells;
    rg_shape row = {1, {(int32_t)n}};
    float *sum = rg_arena_array(r->graph->arena, n, sizeof *sum);
    float *apart = rg_arena_array(r->graph->arena, n, sizeof *apart);
    if (!sum || !apart) {
        rg_onnx_no_memory(r);
        return;
    }
    const float *from =
        biases < 0 ? NULL : (const float *)rg_onnx_at(r, biases)->data + direction * 2 * n;
    for (size_t i = 0; from && i < n; i++) {
        bool keeps = c->late && i >= last;
        sum[i] = from[i] + (keeps ? 0 : from[n + i]);
        apart[i] = keeps ? from[n + i] : 0;
    }
    c->bias = rg_onnx_tensor(r, RG_DTYPE_FLOAT32, &row, NULL, sum);
    c->recurrent_bias =
        c->late ? rg_onnx_tensor(r, RG_DTYPE_FLOAT32, &row, NULL, apart) : RG_ONNX_NONE;
}

static int32_t sigmoid(rg_onnx *r, int32_t t) {
    return rg_onnx_each(r, "logistic", t);
}

/* gates: input, output, forget, cell */
static void lstm_step(rg_onnx *r, recurrence *c, int32_t x) {
    int32_t gates[MOST_GATES];
    int32_t sum = rg_onnx_pair(
        r, "add", x, rg_onnx_emit_layer(r, c->hidden, c->recurrent, RG_ONNX_NONE, "none", NULL));
    parted(r, sum, 4, 1, gates);
    int32_t fresh = rg_onnx_pair(r, "mul", sigmoid(r, gates[0]), rg_onnx_each(r, "tanh", gates[3]));
    int32_t kept = rg_onnx_pair(r, "mul", sigmoid(r, gates[2]), c->cell);
    c->cell = rg_onnx_pair(r, "add", kept, fresh);
    c->hidden = rg_onnx_pair(r, "mul", sigmoid(r, gates[1]), rg_onnx_each(r, "tanh", c->cell));
}

/* Rows of the recurrent weights: those of the last gate, or all before it. */
static int32_t recurrent_part(rg_onnx *r, const recurrence *c, bool last) {
    rg_shape shape = {2, {last ? c->cells : 2 * c->cells, c->cells}};
    return piece(r, c->recurrent, last ? 2u * (size_t)c->cells * (size_t)c->cells : 0, &shape);
}

/* gates: update, reset, hidden */
static void gru_step(rg_onnx *r, recurrence *c, int32_t x) {
    int32_t at[3], back[3], two[2], fresh, gated;
    parted(r, x, 3, 1, at);
    if (c->late) {
        int32_t all =
            rg_onnx_emit_layer(r, c->hidden, c->recurrent, c->recurrent_bias, "none", NULL);
        parted(r, all, 3, 1, back);
        two[0] = back[0], two[1] = back[1];
    } else {
        int32_t both = rg_onnx_emit_layer(r, c->hidden, recurrent_part(r, c, false), RG_ONNX_NONE,
                                          "none", NULL);
        parted(r, both, 2, 1, two);
    }
    int32_t update = sigmoid(r, rg_onnx_pair(r, "add", at[0], two[0]));
    int32_t reset = sigmoid(r, rg_onnx_pair(r, "add", at[1], two[1]));
    if (c->late) {
        gated = rg_onnx_pair(r, "mul", reset, back[2]);
    } else {
        gated = rg_onnx_pair(r, "mul", reset, c->hidden);
        gated =
            rg_onnx_emit_layer(r, gated, recurrent_part(r, c, true), RG_ONNX_NONE, "none", NULL);
    }
    fresh = rg_onnx_each(r, "tanh", rg_onnx_pair(r, "add", at[2], gated));
    int32_t gap = rg_onnx_pair(r, "sub", c->hidden, fresh);
    c->hidden = rg_onnx_pair(r, "add", fresh, rg_onnx_pair(r, "mul", update, gap));
}

static void rnn_step(rg_onnx *r, recurrence *c, int32_t x) {
    int32_t back = rg_onnx_emit_layer(r, c->hidden, c->recurrent, RG_ONNX_NONE, "none", NULL);
    c->hidden = rg_onnx_each(r, "tanh", rg_onnx_pair(r, "add", x, back));
}

/* All steps of one direction; the outputs stand in the sequence's order. */
static int32_t all_steps(rg_onnx *r, recurrence *c, int32_t x, bool backward) {
    int32_t at[MOST_STEPS], list[MOST_STEPS];
    rg_shape rows = {2, {c->steps * c->batch, c->inputs}};
    int32_t sums =
        rg_onnx_emit_layer(r, rg_onnx_view(r, x, &rows), c->weights, c->bias, "none", NULL);
    parted(r, sums, (uint32_t)c->steps, 0, at);
    for (int32_t i = 0; i < c->steps && r->status == RG_OK; i++) {
        int32_t t = backward ? c->steps - 1 - i : i;
        (c->kind == 'L' ? lstm_step : c->kind == 'G' ? gru_step : rnn_step)(r, c, at[t]);
        list[t] = c->hidden;
    }
    if (r->status != RG_OK)
        return 0;
    rg_shape whole = {4, {c->steps, 1, c->batch, c->cells}};
    return rg_onnx_view(r, stacked(r, list, (uint32_t)c->steps, 0), &whole);
}

/* Part `direction` of an initial state, zeros when there is none. */
static int32_t initial(rg_onnx *r, const recurrence *c, rg_onnx_value *v, uint32_t direction,
                       uint32_t directions) {
    rg_shape shape = {2, {c->batch, c->cells}};
    size_t n = (size_t)c->batch * (size_t)c->cells;
    float *zeros = v ? NULL : rg_arena_array(r->graph->arena, n, sizeof *zeros);
    int32_t parts[2];
    if (!v && !zeros)
        return rg_onnx_no_memory(r), 0;
    if (!v)
        return rg_onnx_tensor(r, RG_DTYPE_FLOAT32, &shape, NULL, zeros);
    parts[0] = rg_onnx_get(r, v, NULL, RG_DTYPE_FLOAT32);
    if (directions == 2)
        parted(r, parts[0], 2, 0, parts);
    return r->status == RG_OK ? rg_onnx_view(r, parts[direction], &shape) : 0;
}

static bool has_shape(const rg_onnx_value *v, uint32_t rank, int64_t a, int64_t b, int64_t c) {
    const int64_t dims[] = {a, b, c};
    bool fits = v->shape.rank == rank && v->dtype == RG_DTYPE_FLOAT32;
    for (uint32_t d = 0; fits && d < rank; d++)
        fits = v->shape.dim[d] == dims[d];
    return fits;
}

/* What is not done, in words; NULL when all is. */
static const char *odd(const rg_onnx_node *node) {
    return rg_onnx_attr(node, "activations")           ? "with activations of its own"
           : rg_onnx_attr(node, "clip")                ? "with clipped sums"
           : rg_onnx_attr_int(node, "input_forget", 0) ? "with coupled gates"
           : rg_onnx_attr_int(node, "layout", 0)       ? "with the batch first"
           : node->n_in > 4 && node->in[4] >= 0        ? "with lengths of sequences"
           : node->n_in > 7 && node->in[7] >= 0        ? "with peepholes"
                                                       : NULL;
}

/* Inputs: x, weights, recurrent weights, biases, -, hidden state, cell state. */
static rg_status read_sizes(rg_onnx *r, const rg_onnx_node *node, recurrence *c,
                            uint32_t directions) {
    const rg_onnx_value *x = rg_onnx_in(r, node, 0), *w = rg_onnx_in(r, node, 1);
    if (x->shape.rank != 3 || w->shape.rank != 3 || x->dtype != RG_DTYPE_FLOAT32)
        return rg_onnx_cannot(r, "of %u dimensions of %s", x->shape.rank, rg_dtype_word(x->dtype));
    c->steps = x->shape.dim[0];
    c->batch = x->shape.dim[1];
    c->inputs = x->shape.dim[2];
    c->gates = c->kind == 'L' ? 4 : c->kind == 'G' ? 3 : 1;
    c->cells = w->shape.dim[1] / c->gates;
    if (c->steps < 1 || c->batch < 1 || c->inputs < 1 || c->cells < 1)
        return rg_onnx_cannot(r, "of nothing");
    if (c->steps > MOST_STEPS)
        return rg_onnx_cannot(r, "of more than %d steps", (int)MOST_STEPS);
    int64_t rows = (int64_t)c->gates * c->cells, n = directions;
    bool fits = has_shape(w, 3, n, rows, c->inputs) &&
                has_shape(rg_onnx_in(r, node, 2), 3, n, rows, c->cells);
    const rg_onnx_value *b = rg_onnx_in(r, node, 3);
    fits = fits && (!b || has_shape(b, 2, n, 2 * rows, 0));
    for (uint32_t i = 5; fits && i < 7; i++) {
        const rg_onnx_value *state = rg_onnx_in(r, node, i);
        fits = !state || has_shape(state, 3, n, c->batch, c->cells);
    }
    return fits ? RG_OK
                : rg_onnx_fail(r, RG_BAD_DATA, "%s has inputs that do not go together", node->type);
}

/* Weights of one direction; they must be constants. */
static bool read_weights(rg_onnx *r, const rg_onnx_node *node, recurrence *c, uint32_t direction) {
    int32_t list[] = {RG_ONNX_NONE, RG_ONNX_NONE, RG_ONNX_NONE};
    int32_t rows = c->gates * c->cells;
    for (uint32_t i = 0; i < 3; i++) {
        rg_onnx_value *v = rg_onnx_in(r, node, i + 1);
        list[i] = v ? rg_onnx_get(r, v, NULL, RG_DTYPE_FLOAT32) : RG_ONNX_NONE;
        if (r->status != RG_OK || (v && !rg_onnx_at(r, list[i])->data))
            return false;
    }
    rg_shape from_input = {2, {rows, c->inputs}}, back = {2, {rows, c->cells}};
    size_t at = direction * (size_t)rows;
    c->weights = piece(r, list[0], at * (size_t)c->inputs, &from_input);
    c->recurrent = piece(r, list[1], at * (size_t)c->cells, &back);
    read_bias(r, c, list[2], direction);
    return r->status == RG_OK;
}

static void define_output(rg_onnx *r, const rg_onnx_node *node, uint32_t i, const int32_t *parts,
                          uint32_t n, uint32_t axis) {
    if (i >= node->n_out || node->out[i] < 0 || r->status != RG_OK)
        return;
    int32_t t = n == 1 ? parts[0] : stacked(r, parts, n, axis);
    rg_onnx_order order = rg_onnx_plain(rg_onnx_at(r, t)->shape.rank);
    rg_onnx_define(r, &r->values[node->out[i]], RG_DTYPE_FLOAT32, t, &order);
}

rg_status rg_onnx_recurrent(rg_onnx *r, rg_onnx_node *node, const char *word) {
    recurrence c = {.kind = word[0],
                    .late = word[0] == 'G' && rg_onnx_attr_int(node, "linear_before_reset", 0)};
    bool both = rg_onnx_attr_is(node, "direction", "bidirectional");
    uint32_t n = both ? 2 : 1;
    int32_t whole[2], hidden[2], cell[2];
    if (odd(node))
        return rg_onnx_cannot(r, "%s", odd(node));
    rg_status status = read_sizes(r, node, &c, n);
    if (status != RG_OK)
        return status;
    rg_shape state = {3, {1, c.batch, c.cells}};
    int32_t x = rg_onnx_get(r, rg_onnx_in(r, node, 0), NULL, RG_DTYPE_FLOAT32);
    for (uint32_t d = 0; d < n; d++) {
        bool backward = d == 1 || rg_onnx_attr_is(node, "direction", "reverse");
        if (!read_weights(r, node, &c, d))
            return rg_onnx_no_constant(r, "matrix of weights");
        c.hidden = initial(r, &c, rg_onnx_in(r, node, 5), d, n);
        c.cell = c.kind == 'L' ? initial(r, &c, rg_onnx_in(r, node, 6), d, n) : c.hidden;
        whole[d] = all_steps(r, &c, x, backward);
        if (r->status != RG_OK)
            return r->status;
        hidden[d] = rg_onnx_view(r, c.hidden, &state);
        cell[d] = rg_onnx_view(r, c.cell, &state);
    }
    define_output(r, node, 0, whole, n, 1);
    define_output(r, node, 1, hidden, n, 0);
    define_output(r, node, 2, cell, n, 0);
    return r->status;
}
