/* lstm_f32.c: LSTM over float32 with float32 or int8 weights ("hybrid": rows are quantized as they
 * come, hybrid.h), with peepholes, coupled gates, layer normalization and projection. Truth: the
 * formulas in float32, sums in order. Layer normalization is (g - mean) / sqrt(variance + 1e-8) *
 * coefficient + bias over the cells of one gate. Nothing is kept in between: what is needed twice
 * is computed twice. */
#include <math.h>
#include <string.h>

#include "kernels/ref/activation.h"
#include "kernels/ref/hybrid.h"
#include "kernels/ref/lstm.h"

static bool is_hybrid(const rg_op_call *call) {
    return call->op->weights == RG_DTYPE_INT8;
}

static rg_status check_types(const rg_op_call *call, rg_err *err) {
    for (uint32_t i = RG_LSTM_WEIGHTS; i < call->n_in; i++) {
        const rg_tensor *t = call->in[i];
        bool matrix = i < RG_LSTM_PEEPHOLE || i == RG_LSTM_PROJECTION;
        bool peephole = i >= RG_LSTM_PEEPHOLE && i < RG_LSTM_BIAS;
        rg_dtype want = matrix ? call->op->weights : RG_DTYPE_FLOAT32;
        if (!t || t->dtype == want || (peephole && is_hybrid(call) && t->dtype == RG_DTYPE_INT8))
            continue;
        return rg_fail(err, RG_UNSUPPORTED, NULL, "%s over float32: input %u (%s) is %s",
                       call->op->kind, i, t->name, rg_dtype_word(t->dtype));
    }
    return RG_OK;
}

static rg_status check(const rg_op_call *call, rg_err *err) {
    int activation = ((const rg_lstm_params *)call->params)->activation;
    rg_status status = check_types(call, err);
    if (status == RG_OK && activation != RG_ACTIVATION_TANH)
        status = rg_activation_check(activation, err);
    for (uint32_t i = RG_LSTM_WEIGHTS; status == RG_OK && i < RG_LSTM_BIAS; i++) {
        if (call->in[i] && call->in[i]->dtype == RG_DTYPE_INT8)
            status = rg_need_weight_quant(call->in[i], "weights", 0, 1, err);
    }
    if (status == RG_OK && is_hybrid(call) && call->in[RG_LSTM_PROJECTION])
        status = rg_fail(err, RG_UNSUPPORTED, NULL, "%s with an int8 projection is not done",
                         call->op->kind);
    return status;
}

/* One step of one sequence. */
typedef struct step {
    const rg_op_call *call;
    const void *const *in;
    rg_lstm_sizes s;
    const float *x, *h;
    float *cell;
    rg_hybrid qx, qh; /* of x and h, hybrid only */
    float mean[RG_LSTM_GATES], inverse[RG_LSTM_GATES];
} step;

static float dot(const rg_tensor *w, const void *data, int64_t row, const float *v, int64_t n,
                 const rg_hybrid *h) {
    float sum = 0;
    uint32_t whole = 0;
    if (w->dtype == RG_DTYPE_FLOAT32) {
        for (int64_t i = 0; i < n; i++)
            sum += ((const float *)data)[row * n + i] * v[i];
        return sum;
    }
    for (int64_t i = 0; i < n; i++)
        whole += (uint32_t)(((const int8_t *)data)[row * n + i] *
                            (rg_hybrid_quantum(h, v[i]) - h->zero));
    return (float)(int32_t)whole * (h->scale * w->quant.scale[0]);
}

static float weight_at(const rg_tensor *w, const void *data, int64_t i) {
    return w->dtype == RG_DTYPE_FLOAT32 ? ((const float *)data)[i]
                                        : (float)((const int8_t *)data)[i] * w->quant.scale[0];
}

static const rg_tensor *peephole_of(const step *st, uint32_t g) {
    if (g == RG_LSTM_CELL_GATE)
        return NULL;
    return st->call->in[RG_LSTM_PEEPHOLE + (g == RG_LSTM_OUTPUT_GATE ? 2 : g)];
}

static bool is_normed(const step *st) {
    return rg_call_in(st->call, RG_LSTM_NORM + RG_LSTM_FORGET_GATE);
}

/* The sums of a gate, without bias. */
static float sums_of(const step *st, uint32_t g, int64_t c) {
    uint32_t w = RG_LSTM_WEIGHTS + g, r = RG_LSTM_RECURRENT + g;
    float sum = dot(st->call->in[w], st->in[w], c, st->x, st->s.inputs, &st->qx);
    sum += dot(st->call->in[r], st->in[r], c, st->h, st->s.outputs, &st->qh);
    const rg_tensor *peephole = peephole_of(st, g);
    uint32_t p = RG_LSTM_PEEPHOLE + (g == RG_LSTM_OUTPUT_GATE ? 2 : g);
    return peephole ? sum + weight_at(peephole, st->in[p], c) * st->cell[c] : sum;
}

/* Mean and deviation over the cells of a gate. */
static void measure(step *st, uint32_t g) {
    float sum = 0, square = 0;
    for (int64_t c = 0; c < st->s.cells; c++)
        sum += sums_of(st, g, c);
    st->mean[g] = sum / (float)st->s.cells;
    for (int64_t c = 0; c < st->s.cells; c++) {
        float d = sums_of(st, g, c) - st->mean[g];
        square += d * d;
    }
    st->inverse[g] = 1.0f / sqrtf(square / (float)st->s.cells + 1e-8f);
}

static float gate_of(const step *st, uint32_t g, int64_t c) {
    float v = sums_of(st, g, c), bias = ((const float *)st->in[RG_LSTM_BIAS + g])[c];
    if (!is_normed(st))
        return v + bias;
    return (v - st->mean[g]) * st->inverse[g] * ((const float *)st->in[RG_LSTM_NORM + g])[c] + bias;
}

static float logistic(float v) {
    return 1.0f / (1.0f + expf(-v));
}

static float activate(const step *st, float v) {
    float low, high;
    int activation = ((const rg_lstm_params *)st->call->params)->activation;
    if (activation == RG_ACTIVATION_TANH)
        return tanhf(v);
    rg_activation_range_f32(activation, &low, &high);
    return rg_clamp_f32(v, low, high);
}

static float clip(float v, double limit) {
    return limit > 0 ? rg_clamp_f32(v, -(float)limit, (float)limit) : v;
}

static void move_cells(step *st) {
    bool coupled = rg_lstm_is_coupled(st->call);
    double limit = ((const rg_lstm_params *)st->call->params)->cell_clip;
    for (uint32_t g = coupled ? 1 : 0; is_normed(st) && g < RG_LSTM_OUTPUT_GATE; g++)
        measure(st, g);
    for (int64_t c = 0; c < st->s.cells; c++) {
        float forget = logistic(gate_of(st, RG_LSTM_FORGET_GATE, c));
        float input = coupled ? 1 - forget : logistic(gate_of(st, RG_LSTM_INPUT_GATE, c));
        float fresh = activate(st, gate_of(st, RG_LSTM_CELL_GATE, c));
        st->cell[c] = clip(forget * st->cell[c] + input * fresh, limit);
    }
    if (is_normed(st))
        measure(st, RG_LSTM_OUTPUT_GATE);
}

/* What each cell shows, projected where there is a projection. */
static void show_cells(const step *st, float *to) {
    const float *project = st->call->in[RG_LSTM_PROJECTION] ? st->in[RG_LSTM_PROJECTION] : NULL;
    const float *bias =
        st->call->in[RG_LSTM_PROJECTION + 1] ? st->in[RG_LSTM_PROJECTION + 1] : NULL;
    int64_t cells = st->s.cells, outputs = st->s.outputs;
    for (int64_t o = 0; project && o < outputs; o++)
        to[o] = bias ? bias[o] : 0;
    for (int64_t c = 0; c < cells; c++) {
        float shown = logistic(gate_of(st, RG_LSTM_OUTPUT_GATE, c)) * activate(st, st->cell[c]);
        if (!project)
            to[c] = shown;
        for (int64_t o = 0; project && o < outputs; o++)
            to[o] += project[o * cells + c] * shown;
    }
    for (int64_t o = 0; project && o < outputs; o++)
        to[o] = clip(to[o], ((const rg_lstm_params *)st->call->params)->proj_clip);
}

static void run_step(step *st, float *to) {
    bool asymmetric = ((const rg_lstm_params *)st->call->params)->asymmetric_quantize_inputs;
    if (is_hybrid(st->call)) {
        st->qx = rg_hybrid_of(st->x, st->s.inputs, 1, asymmetric);
        st->qh = rg_hybrid_of(st->h, st->s.outputs, 1, asymmetric);
    }
    move_cells(st);
    show_cells(st, to);
}

/* The output row holds what becomes the state once all cells have read the old one. */
static void run(const rg_op_call *call, const void *state, const void *const *in, void *const *out,
                size_t first_tile, size_t last_tile) {
    step st = {.call = call, .in = in, .s = rg_lstm_sizes_of(call)};
    (void)state;
    for (int64_t b = 0; first_tile < last_tile && b < st.s.batch; b++) {
        float *h = (float *)(uintptr_t)in[RG_LSTM_STATE] + b * st.s.outputs;
        st.cell = (float *)(uintptr_t)in[RG_LSTM_CELL] + b * st.s.cells;
        for (int64_t t = 0; t < st.s.time; t++) {
            int64_t row = rg_lstm_row(call, &st.s, b, t);
            float *to = (float *)out[0] + row * st.s.outputs;
            st.x = (const float *)in[RG_LSTM_X] + row * st.s.inputs;
            st.h = h;
            run_step(&st, to);
            memcpy(h, to, (size_t)st.s.outputs * sizeof *h);
        }
    }
}

#define BOTH(word)                                                                                 \
    RG_LSTM_ROW(word, f32, RG_DTYPE_FLOAT32, RG_DTYPE_FLOAT32,                                     \
                "Long short-term memory over float32", .check = check, .run = run);                \
    RG_LSTM_ROW(word, f32_s8, RG_DTYPE_INT8, RG_DTYPE_FLOAT32,                                     \
                "Long short-term memory over float32 with int8 weights", .check = check,           \
                .run = run)
BOTH(lstm);
BOTH(unidirectional_sequence_lstm);
