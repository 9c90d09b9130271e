/* lstm.h: what the LSTM operators share: inputs, sizes, parameters and their checks. Two kinds:
 * `lstm`, one step over [batch, input], and `unidirectional_sequence_lstm`, over [batch, time,
 * input] or, time_major, [time, batch, input]. Output and cell state are variables that a run moves
 * on. Absent input weights couple the input gate to the forget gate. */
#ifndef RG_KERNELS_REF_LSTM_H
#define RG_KERNELS_REF_LSTM_H

#include "kernels/ref/need.h"

/* TFLite's order of inputs. Gates stand in the order input, forget, cell, output. */
enum {
    RG_LSTM_X = 0,
    RG_LSTM_WEIGHTS = 1,     /* 4: [cells, inputs] */
    RG_LSTM_RECURRENT = 5,   /* 4: [cells, outputs] */
    RG_LSTM_PEEPHOLE = 9,    /* 3, input, forget, output: [cells] */
    RG_LSTM_BIAS = 12,       /* 4: [cells] */
    RG_LSTM_PROJECTION = 16, /* [outputs, cells], and its bias */
    RG_LSTM_STATE = 18,      /* [batch, outputs] */
    RG_LSTM_CELL = 19,       /* [batch, cells] */
    RG_LSTM_NORM = 20,       /* 4: [cells] */
    RG_LSTM_INPUTS = 24,
    RG_LSTM_GATES = 4,
};
enum { RG_LSTM_INPUT_GATE, RG_LSTM_FORGET_GATE, RG_LSTM_CELL_GATE, RG_LSTM_OUTPUT_GATE };

typedef struct rg_lstm_params {
    int activation, kernel_type;
    double cell_clip, proj_clip;
    bool time_major, asymmetric_quantize_inputs, diagonal_recurrent_tensors;
    int64_t inner; /* tensors of the source's own, of no meaning here */
} rg_lstm_params;
extern const rg_field rg_lstm_fields[];

typedef struct rg_lstm_sizes {
    int64_t batch, time, inputs, cells, outputs;
} rg_lstm_sizes;

/* Sizes of a call whose tensors rg_lstm_infer has accepted. */
rg_lstm_sizes rg_lstm_sizes_of(const rg_op_call *call);

/* Step t of batch b: element of the input row's and the output row's beginning. */
int64_t rg_lstm_row(const rg_op_call *call, const rg_lstm_sizes *s, int64_t b, int64_t t);

/* Rule of shapes of all rows; each row's `check` says what its arithmetic cannot do. */
rg_status rg_lstm_infer(const rg_op_call *call, rg_tensor *ret_out, rg_err *err);
rg_work rg_lstm_work(const rg_op_call *call);

/* True when the input gate is 1 - forget gate. */
static inline bool rg_lstm_is_coupled(const rg_op_call *call) {
    return !rg_call_in(call, RG_LSTM_WEIGHTS);
}

/* Both kinds of one arithmetic: id, element types, sentence. */
#define RG_LSTM_ROW(word, id, weight_type, type, text, ...)                                        \
    const rg_op rg_op_##word##_##id = {.name = #word "_" #id,                                      \
                                       .kind = #word,                                              \
                                       .summary = text,                                            \
                                       .in = type,                                                 \
                                       .weights = weight_type,                                     \
                                       .out = type,                                                \
                                       .params = rg_lstm_fields,                                   \
                                       .params_size = sizeof(rg_lstm_params),                      \
                                       .min_in = 1,                                                \
                                       .max_in = RG_LSTM_INPUTS,                                   \
                                       .n_out = 1,                                                 \
                                       .infer = rg_lstm_infer,                                     \
                                       .work = rg_lstm_work,                                       \
                                       __VA_ARGS__}

#endif
