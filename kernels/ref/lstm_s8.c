/* lstm_s8.c: LSTM over int8 with an int16 cell state, all in integers. Truth: the micro runtime's
 * kernel. Each gate is two matrix products to int16 on the scale 2^-12 (fixed point, double
 * rounding, the product of scales rounded to float32), added and saturated; logistic and tanh by
 * the table of curve16.h on the scale 2^-15; products of int16 with double rounding. The state
 * starts at its zero point. Layer normalization, peepholes, projection and coupled gates are not
 * done in int8. */
#include <math.h>
#include <string.h>

#include "kernels/ref/activation.h"
#include "kernels/ref/curve16.h"
#include "kernels/ref/fixed.h"
#include "kernels/ref/lstm.h"

static rg_status check_types(const rg_op_call *call, rg_err *err) {
    for (uint32_t g = 0; g < RG_LSTM_GATES; g++) {
        const rg_tensor *w = call->in[RG_LSTM_WEIGHTS + g], *r = call->in[RG_LSTM_RECURRENT + g];
        if (w->dtype != RG_DTYPE_INT8 || r->dtype != RG_DTYPE_INT8 ||
            call->in[RG_LSTM_BIAS + g]->dtype != RG_DTYPE_INT32)
            return rg_fail(err, RG_UNSUPPORTED, NULL, "%s over int8 needs int8 weights",
                           call->op->kind);
    }
    if (call->in[RG_LSTM_STATE]->dtype != RG_DTYPE_INT8 ||
        call->in[RG_LSTM_CELL]->dtype != RG_DTYPE_INT16)
        return rg_fail(err, RG_UNSUPPORTED, NULL,
                       "%s over int8 needs an int8 state and an int16 cell state", call->op->kind);
    return RG_OK;
}

static rg_status check_variant(const rg_op_call *call, rg_err *err) {
    static const struct {
        uint32_t first, n;
        const char *what;
    } parts[] = {{RG_LSTM_PEEPHOLE, 3, "peepholes"},
                 {RG_LSTM_PROJECTION, 2, "a projection"},
                 {RG_LSTM_NORM, 4, "layer normalization"}};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        for (uint32_t k = 0; k < parts[i].n; k++) {
            if (rg_call_in(call, parts[i].first + k))
                return rg_fail(err, RG_UNSUPPORTED, NULL, "%s over int8 with %s is not done",
                               call->op->kind, parts[i].what);
        }
    }
    if (rg_lstm_is_coupled(call))
        return rg_fail(err, RG_UNSUPPORTED, NULL, "%s over int8 with coupled gates is not done",
                       call->op->kind);
    if (((const rg_lstm_params *)call->params)->activation != RG_ACTIVATION_TANH)
        return rg_fail(err, RG_UNSUPPORTED, NULL, "%s over int8 with another activation than tanh",
                       call->op->kind);
    return RG_OK;
}

static rg_status check(const rg_op_call *call, rg_err *err) {
    rg_status status = check_variant(call, err);
    if (status == RG_OK)
        status = check_types(call, err);
    if (status == RG_OK)
        status = rg_need_call_quant(call, 1, err);
    if (status == RG_OK)
        status = rg_need_quant(call->in[RG_LSTM_STATE], "state", err);
    if (status == RG_OK)
        status = rg_need_quant(call->in[RG_LSTM_CELL], "cell state", err);
    for (uint32_t g = 0; status == RG_OK && g < 2 * RG_LSTM_GATES; g++)
        status = rg_need_weight_quant(call->in[RG_LSTM_WEIGHTS + g], "weights", 0, 1, err);
    if (status == RG_OK && call->in[RG_LSTM_CELL]->quant.zero_point[0] != 0)
        status = rg_fail(err, RG_BAD_DATA, NULL, "the cell state's zero point is not 0");
    return status;
}

typedef struct plan {
    rg_factor input[RG_LSTM_GATES], recurrent[RG_LSTM_GATES];
    rg_factor keep, take, show; /* cell by forget gate, new by input gate, cell by output gate */
    rg_curve16 gate, cell;
    int32_t clip;
} plan;

static size_t state_bytes(const rg_op_call *call) {
    (void)call;
    return sizeof(plan);
}

static const double gate_scale = 0x1p-12, curve_scale = 0x1p-15;

static rg_status factor_of(const rg_tensor *x, const rg_tensor *w, rg_factor *ret, rg_err *err) {
    float product = x->quant.scale[0] * w->quant.scale[0];
    return rg_factor_from((double)product / gate_scale, "input and weights", ret, err);
}

/* tanh of the cell: its scale is a power of two, which the curve takes as a shift. */
static rg_status prepare_cell(const rg_op_call *call, plan *p, rg_err *err) {
    float scale = call->in[RG_LSTM_CELL]->quant.scale[0];
    int exponent;
    bool power = frexpf(scale, &exponent) == 0.5f;
    int left = exponent - 1 + 12;
    if (!power || left > 12 || left < -18)
        return rg_fail(err, RG_UNSUPPORTED, NULL, "the cell state's scale %g is no power of two",
                       (double)scale);
    p->cell.multiplier = left >= 0 ? 3 << left : 3;
    p->cell.shift = left >= 0 ? 0 : -left;
    double clip = ((const rg_lstm_params *)call->params)->cell_clip / (double)scale;
    p->clip = clip > 0 && clip < 32767 ? (int32_t)clip : 0;
    return RG_OK;
}

static rg_status prepare(const rg_op_call *call, void *state, rg_err *err) {
    plan *p = state;
    const rg_tensor *x = call->in[RG_LSTM_X], *h = call->in[RG_LSTM_STATE];
    double cell = call->in[RG_LSTM_CELL]->quant.scale[0], out = h->quant.scale[0];
    rg_status status = prepare_cell(call, p, err);
    for (uint32_t g = 0; status == RG_OK && g < RG_LSTM_GATES; g++) {
        status = factor_of(x, call->in[RG_LSTM_WEIGHTS + g], &p->input[g], err);
        if (status == RG_OK)
            status = factor_of(h, call->in[RG_LSTM_RECURRENT + g], &p->recurrent[g], err);
    }
    if (status == RG_OK)
        status = rg_factor_from(curve_scale * cell / cell, "gate and cell", &p->keep, err);
    if (status == RG_OK)
        status = rg_factor_from(curve_scale * curve_scale / cell, "gates and cell", &p->take, err);
    if (status == RG_OK)
        status = rg_factor_from(curve_scale * curve_scale / out, "gate and output", &p->show, err);
    p->gate.multiplier = 3;
    rg_curve16_fill(&p->gate);
    rg_curve16_fill(&p->cell);
    return status;
}

/* One sequence: its rows, its place in both states. */
typedef struct step {
    const rg_op_call *call;
    const plan *plan;
    const void *const *in;
    rg_lstm_sizes s;
    const int8_t *x, *h;
} step;

static int16_t product(const int8_t *w, const int8_t *v, int64_t n, int32_t zero, uint32_t sum,
                       rg_factor factor) {
    for (int64_t i = 0; i < n; i++)
        sum += (uint32_t)(w[i] * (v[i] - zero));
    return (int16_t)rg_requantize((int32_t)sum, factor, 0, INT16_MIN, INT16_MAX);
}

/* A gate of one cell before its curve. */
static int16_t gate_of(const step *st, uint32_t g, int64_t cell) {
    const int8_t *w = (const int8_t *)st->in[RG_LSTM_WEIGHTS + g] + cell * st->s.inputs;
    const int8_t *r = (const int8_t *)st->in[RG_LSTM_RECURRENT + g] + cell * st->s.outputs;
    int32_t bias = ((const int32_t *)st->in[RG_LSTM_BIAS + g])[cell];
    int32_t zero_x = st->call->in[RG_LSTM_X]->quant.zero_point[0];
    int32_t zero_h = st->call->in[RG_LSTM_STATE]->quant.zero_point[0];
    int32_t a = product(w, st->x, st->s.inputs, zero_x, (uint32_t)bias, st->plan->input[g]);
    int32_t b = product(r, st->h, st->s.outputs, zero_h, 0, st->plan->recurrent[g]);
    return (int16_t)rg_clamp(a + b, INT16_MIN, INT16_MAX);
}

static int32_t times(int16_t a, int16_t b, rg_factor factor) {
    return rg_requantize(a * b, factor, 0, INT16_MIN, INT16_MAX);
}

/* Moves one cell on and gives its output. */
static int8_t run_cell(const step *st, int64_t cell, int16_t *kept) {
    const plan *p = st->plan;
    int16_t gates[RG_LSTM_GATES];
    for (uint32_t g = 0; g < RG_LSTM_GATES; g++) {
        int16_t v = gate_of(st, g, cell);
        gates[g] = g == RG_LSTM_CELL_GATE ? rg_curve16_tanh(&p->gate, v)
                                          : rg_curve16_logistic(&p->gate, v);
    }
    int32_t keep = times(gates[RG_LSTM_FORGET_GATE], *kept, p->keep);
    int32_t take = times(gates[RG_LSTM_INPUT_GATE], gates[RG_LSTM_CELL_GATE], p->take);
    int32_t sum = (int32_t)rg_clamp(keep + take, INT16_MIN, INT16_MAX);
    *kept = (int16_t)(p->clip ? rg_clamp(sum, -p->clip, p->clip) : sum);
    int16_t shown = rg_curve16_tanh(&p->cell, *kept);
    int32_t zero = st->call->in[RG_LSTM_STATE]->quant.zero_point[0];
    return (int8_t)rg_requantize(shown * gates[RG_LSTM_OUTPUT_GATE], p->show, zero, -128, 127);
}

/* The output row holds what becomes the state once all cells have read the old one. */
static void run(const rg_op_call *call, const void *state, const void *const *in, void *const *out,
                size_t first_tile, size_t last_tile) {
    step st = {.call = call, .plan = state, .in = in, .s = rg_lstm_sizes_of(call)};
    for (int64_t b = 0; first_tile < last_tile && b < st.s.batch; b++) {
        int8_t *h = (int8_t *)(uintptr_t)in[RG_LSTM_STATE] + b * st.s.outputs;
        int16_t *kept = (int16_t *)(uintptr_t)in[RG_LSTM_CELL] + b * st.s.cells;
        for (int64_t t = 0; t < st.s.time; t++) {
            int64_t row = rg_lstm_row(call, &st.s, b, t);
            int8_t *to = (int8_t *)out[0] + row * st.s.outputs;
            st.x = (const int8_t *)in[RG_LSTM_X] + row * st.s.inputs;
            st.h = h;
            for (int64_t c = 0; c < st.s.cells; c++)
                to[c] = run_cell(&st, c, &kept[c]);
            memcpy(h, to, (size_t)st.s.outputs);
        }
    }
}

#define BOTH(word)                                                                                 \
    RG_LSTM_ROW(word, s8, RG_DTYPE_INT8, RG_DTYPE_INT8,                                            \
                "Long short-term memory over int8, cells of int16", .check = check,                \
                .state_bytes = state_bytes, .prepare = prepare, .run = run)
BOTH(lstm);
BOTH(unidirectional_sequence_lstm);
