/* lstm.c: see lstm.h. */
#include "kernels/ref/lstm.h"

#include <string.h>

#include "kernels/ref/activation.h"

static const char *const kernel_types[] = {"full", "basic", NULL};

#define INNER(i)                                                                                   \
    {                                                                                              \
        "intermediate_" #i, RG_FIELD_INT, offsetof(rg_lstm_params, inner), "-1", -1, INT32_MAX,    \
            NULL, "", "a tensor of the source's own"                                               \
    }
const rg_field rg_lstm_fields[] = {
    {"activation", RG_FIELD_CHOICE, offsetof(rg_lstm_params, activation), "tanh", 0, 0,
     rg_activation_words, "", "of the cell"},
    {"cell_clip", RG_FIELD_REAL, offsetof(rg_lstm_params, cell_clip), "0", 0, 0, NULL, "",
     "limit of the cell state's size; 0: none"},
    {"proj_clip", RG_FIELD_REAL, offsetof(rg_lstm_params, proj_clip), "0", 0, 0, NULL, "",
     "limit of the projection's size; 0: none"},
    {"kernel_type", RG_FIELD_CHOICE, offsetof(rg_lstm_params, kernel_type), "full", 0, 0,
     kernel_types, "", "which set of inputs"},
    {"time_major", RG_FIELD_BOOL, offsetof(rg_lstm_params, time_major), "false", 0, 0, NULL, "",
     "time is the first dimension"},
    {"asymmetric_quantize_inputs", RG_FIELD_BOOL,
     offsetof(rg_lstm_params, asymmetric_quantize_inputs), "false", 0, 0, NULL, "",
     "how hybrid kernels quantize"},
    {"diagonal_recurrent_tensors", RG_FIELD_BOOL,
     offsetof(rg_lstm_params, diagonal_recurrent_tensors), "false", 0, 0, NULL, "",
     "recurrent weights are diagonals"},
    INNER(0),
    INNER(1),
    INNER(2),
    INNER(3),
    INNER(4),
    INNER(5),
    INNER(6),
    INNER(7),
    INNER(8),
    INNER(9),
    INNER(10),
    INNER(11),
    {0},
};

static bool is_sequence(const rg_op_call *call) {
    return call->op->kind[0] == 'u';
}

rg_lstm_sizes rg_lstm_sizes_of(const rg_op_call *call) {
    const int32_t *x = call->in[RG_LSTM_X]->shape.dim;
    const rg_tensor *forget = call->in[RG_LSTM_RECURRENT + RG_LSTM_FORGET_GATE];
    rg_lstm_sizes s = {x[0], 1, x[1], forget->shape.dim[0], forget->shape.dim[1]};
    if (!is_sequence(call))
        return s;
    bool time_major = ((const rg_lstm_params *)call->params)->time_major;
    s.batch = x[time_major ? 1 : 0];
    s.time = x[time_major ? 0 : 1];
    s.inputs = x[2];
    return s;
}

int64_t rg_lstm_row(const rg_op_call *call, const rg_lstm_sizes *s, int64_t b, int64_t t) {
    bool time_major = is_sequence(call) && ((const rg_lstm_params *)call->params)->time_major;
    return time_major ? t * s->batch + b : b * s->time + t;
}

static rg_status check_options(const rg_op_call *call, rg_err *err) {
    const rg_lstm_params *p = call->params;
    if (p->kernel_type != 0)
        return rg_fail(err, RG_UNSUPPORTED, NULL, "%s with the basic kernel is not done",
                       call->op->kind);
    if (p->diagonal_recurrent_tensors)
        return rg_fail(err, RG_UNSUPPORTED, NULL, "%s with diagonal weights is not done",
                       call->op->kind);
    if (!(p->cell_clip >= 0) || !(p->proj_clip >= 0))
        return rg_fail(err, RG_BAD_DATA, NULL, "%s has a negative limit", call->op->kind);
    return RG_OK;
}

/* What must be there whatever the variant: the forget gate's weights give the sizes. */
static rg_status check_frame(const rg_op_call *call, rg_err *err) {
    if (call->n_in <= RG_LSTM_CELL)
        return rg_fail(err, RG_UNSUPPORTED, NULL, "%s with %u inputs is not done", call->op->kind,
                       call->n_in);
    rg_status status = rg_need_rank(call->in[RG_LSTM_X], "input", is_sequence(call) ? 3 : 2, err);
    const rg_tensor *forget = call->in[RG_LSTM_RECURRENT + RG_LSTM_FORGET_GATE];
    if (status == RG_OK && !forget)
        status = rg_fail(err, RG_BAD_DATA, NULL, "%s has no recurrent weights", call->op->kind);
    return status == RG_OK ? rg_need_rank(forget, "recurrent weights", 2, err) : status;
}

/* Present, or allowed to be absent, of `rows` x `columns` elements (columns 0: a vector). */
static rg_status check_part(const rg_op_call *call, uint32_t i, bool optional, int64_t rows,
                            int64_t columns, rg_err *err) {
    const rg_tensor *t = rg_call_in(call, i);
    if (!t && optional)
        return RG_OK;
    if (!t)
        return rg_fail(err, RG_BAD_DATA, NULL, "%s lacks input %u", call->op->kind, i);
    const int32_t *dim = t->shape.dim;
    bool fits = columns ? t->shape.rank == 2 && dim[0] == rows && dim[1] == columns
                        : t->shape.rank == 1 && dim[0] == rows;
    return fits ? RG_OK
                : rg_fail(err, RG_BAD_DATA, NULL, "%s: the size of input %u (%s) does not match",
                          call->op->kind, i, t->name);
}

static rg_status check_gates(const rg_op_call *call, const rg_lstm_sizes *s, rg_err *err) {
    bool coupled = rg_lstm_is_coupled(call), normed = rg_call_in(call, RG_LSTM_NORM + 1);
    rg_status status = RG_OK;
    for (uint32_t g = 0; status == RG_OK && g < RG_LSTM_GATES; g++) {
        bool off = coupled && g == RG_LSTM_INPUT_GATE;
        status = check_part(call, RG_LSTM_WEIGHTS + g, off, s->cells, s->inputs, err);
        if (status == RG_OK)
            status = check_part(call, RG_LSTM_RECURRENT + g, off, s->cells, s->outputs, err);
        if (status == RG_OK)
            status = check_part(call, RG_LSTM_BIAS + g, off, s->cells, 0, err);
        if (status == RG_OK)
            status = check_part(call, RG_LSTM_NORM + g, off || !normed, s->cells, 0, err);
        if (status == RG_OK && g != RG_LSTM_CELL_GATE)
            status = check_part(call, RG_LSTM_PEEPHOLE + (g == 3 ? 2 : g), true, s->cells, 0, err);
    }
    return status;
}

static rg_status check_state(const rg_op_call *call, uint32_t i, int64_t n, rg_err *err) {
    const rg_tensor *t = call->in[i];
    if (!t || !t->variable)
        return rg_fail(err, RG_BAD_DATA, NULL, "%s: input %u is no variable", call->op->kind, i);
    if ((int64_t)rg_elements(t) != n)
        return rg_fail(err, RG_BAD_DATA, NULL, "%s: the state %s has %zu elements, not %lld",
                       call->op->kind, t->name, rg_elements(t), (long long)n);
    return RG_OK;
}

static rg_status check_projection(const rg_op_call *call, const rg_lstm_sizes *s, rg_err *err) {
    rg_status status = check_part(call, RG_LSTM_PROJECTION, true, s->outputs, s->cells, err);
    if (status == RG_OK)
        status = check_part(call, RG_LSTM_PROJECTION + 1, true, s->outputs, 0, err);
    if (status == RG_OK && !call->in[RG_LSTM_PROJECTION] && s->cells != s->outputs)
        status =
            rg_fail(err, RG_BAD_DATA, NULL, "%s has %lld cells and %lld outputs, yet no projection",
                    call->op->kind, (long long)s->cells, (long long)s->outputs);
    return status;
}

rg_status rg_lstm_infer(const rg_op_call *call, rg_tensor *ret_out, rg_err *err) {
    rg_status status = rg_need_inputs(call, 1, err);
    if (status == RG_OK)
        status = check_options(call, err);
    if (status == RG_OK)
        status = check_frame(call, err);
    if (status != RG_OK)
        return status;
    rg_lstm_sizes s = rg_lstm_sizes_of(call);
    status = check_gates(call, &s, err);
    if (status == RG_OK)
        status = check_projection(call, &s, err);
    if (status == RG_OK)
        status = check_state(call, RG_LSTM_STATE, s.batch * s.outputs, err);
    if (status == RG_OK)
        status = check_state(call, RG_LSTM_CELL, s.batch * s.cells, err);
    if (status != RG_OK)
        return status;
    rg_shape shape = call->in[RG_LSTM_X]->shape;
    shape.dim[shape.rank - 1] = (int32_t)s.outputs;
    return rg_give_output(ret_out, call->op->out, &shape, err);
}

rg_work rg_lstm_work(const rg_op_call *call) {
    rg_lstm_sizes s = rg_lstm_sizes_of(call);
    uint64_t gates = rg_lstm_is_coupled(call) ? RG_LSTM_GATES - 1 : RG_LSTM_GATES;
    uint64_t cells = (uint64_t)s.cells, steps = (uint64_t)(s.batch * s.time);
    uint64_t macs = gates * cells * (uint64_t)(s.inputs + s.outputs);
    if (call->in[RG_LSTM_PROJECTION])
        macs += cells * (uint64_t)s.outputs;
    /* element by element, thus no MACs: gates and cell through their functions, three products */
    return rg_call_work(call, steps * macs, steps * (gates + 1 + 3) * cells);
}
