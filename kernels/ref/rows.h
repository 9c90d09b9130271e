/* rows.h: what operators on rows along the last dimension share whose int8 output has one
 * quantization only: log_softmax, l2_normalization. Tiles are rows. */
#ifndef RG_KERNELS_REF_ROWS_H
#define RG_KERNELS_REF_ROWS_H

#include "kernels/ref/need.h"

/* The elements of a row; tiles of a call. */
size_t rg_row_length(const rg_op_call *call);
size_t rg_rows_tiles(const rg_op_call *call);

/* rg_op.infer: shape of input 0, and `quant`, which outlives the graph, for int8. */
rg_status rg_rows_infer(const rg_op_call *call, const rg_quant *quant, rg_tensor *ret_out,
                        rg_err *err);

/* rg_op.check of int8: the output is quantized so. */
rg_status rg_rows_check(const rg_op_call *call, const rg_quant *quant, rg_err *err);

#endif
