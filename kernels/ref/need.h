/* need.h: what operators ask of their tensors, each question once, with the sentence that refuses.
 * Statuses: RG_BAD_DATA where a model contradicts itself, RG_UNSUPPORTED where it is sound but ours
 * cannot do it. `what` names the tensor in the sentence ("input", "filter"). */
#ifndef RG_KERNELS_REF_NEED_H
#define RG_KERNELS_REF_NEED_H

#include "bench/iface/op.h"

/* Input i of a call, NULL when it is left out or beyond n_in. */
static inline const rg_tensor *rg_call_in(const rg_op_call *call, uint32_t i) {
    return i < call->n_in ? call->in[i] : NULL;
}

/* The first `n` inputs are there. */
rg_status rg_need_inputs(const rg_op_call *call, uint32_t n, rg_err *err);

/* Rank `rank`, and no dimension of zero. */
rg_status rg_need_rank(const rg_tensor *t, const char *what, uint32_t rank, rg_err *err);

/* Every dimension is at least one. */
rg_status rg_need_elements(const rg_tensor *t, const char *what, rg_err *err);

/* One scale and a zero point within the element type. */
rg_status rg_need_quant(const rg_tensor *t, const char *what, rg_err *err);

/* Weights: one scale, or one a channel along `axis` (which has `channels`); zero points all 0. */
rg_status rg_need_weight_quant(const rg_tensor *t, const char *what, uint32_t axis,
                               uint32_t channels, rg_err *err);

/* Same scale (within 1e-6, as TFLite asks) and same zero point. */
rg_status rg_need_same_quant(const rg_tensor *a, const rg_tensor *b, rg_err *err);

/* rg_need_quant for inputs [0, n) and output 0. */
rg_status rg_need_call_quant(const rg_op_call *call, uint32_t n, rg_err *err);

/* A bias of `n` elements of `dtype`; NULL (left out) is fine. */
rg_status rg_need_bias(const rg_tensor *bias, rg_dtype dtype, int64_t n, rg_err *err);

/* rg_need_quant for inputs [0, n) and output 0, whose zero points must be 0 (int16). */
rg_status rg_need_zero_at_zero(const rg_op_call *call, uint32_t n, rg_err *err);

/* The bias of a weighted operator at input i: float32 for float32 inputs, int32 or int64 for int16,
 * int32 otherwise. */
rg_status rg_need_call_bias(const rg_op_call *call, uint32_t i, int64_t n, rg_err *err);

/* A constant of int32 or int64 numbers, at most `cap`, read into `ret`; their count in *ret_n. */
rg_status rg_need_integers(const rg_tensor *t, const char *what, size_t cap, int64_t *ret,
                           size_t *ret_n, rg_err *err);

/* Sets type and shape of an output after checking that its size can be stated. */
rg_status rg_give_output(rg_tensor *ret_out, rg_dtype dtype, const rg_shape *shape, rg_err *err);

/* rg_op.infer of operators of one input whose output has its shape and the operator's type. */
rg_status rg_infer_like_input(const rg_op_call *call, rg_tensor *ret_out, rg_err *err);

/* Smallest and largest value of int8, uint8 and int16. */
int32_t rg_dtype_low(rg_dtype dtype);
int32_t rg_dtype_high(rg_dtype dtype);

/* Whole bytes an element; RG_UNSUPPORTED for types packed below a byte. */
rg_status rg_need_whole_bytes(const rg_tensor *t, size_t *ret_bytes, rg_err *err);

/* Elements of a tensor whose shape has been checked. */
static inline size_t rg_elements(const rg_tensor *t) {
    int64_t n = 0;
    return rg_shape_elements(&t->shape, &n) ? (size_t)n : 0;
}

/* The work of one call: given arithmetic, and the bytes of its tensors once each. */
rg_work rg_call_work(const rg_op_call *call, uint64_t macs, uint64_t other_ops);

/* rg_op.work of operators that only move bytes. */
rg_work rg_work_move(const rg_op_call *call);

/* rg_op.work of operators with one operation an output element. */
rg_work rg_work_each(const rg_op_call *call);

/* Tiles of element-wise operators: blocks of RG_TILE_ELEMENTS elements of output 0. */
enum { RG_TILE_ELEMENTS = 1024 };
size_t rg_tiles_each(const rg_op_call *call);

/* Elements [*ret_first, *ret_last) of output 0 that tiles [first_tile, last_tile) stand for. */
void rg_tile_range(const rg_op_call *call, size_t first_tile, size_t last_tile, size_t *ret_first,
                   size_t *ret_last);

#endif
