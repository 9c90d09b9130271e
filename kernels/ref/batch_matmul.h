/* batch_matmul.h: parameters and sizes of products of two stacks of matrices, shared by the
 * reference and the fast kernels. Input 0 is [.., m, k] (adj_x: [.., k, m]), input 1 [.., k, n]
 * (adj_y:
 * [.., n, k]); leading dimensions are broadcast; the output is [.., m, n]. */
#ifndef RG_KERNELS_REF_BATCH_MATMUL_H
#define RG_KERNELS_REF_BATCH_MATMUL_H

#include "kernels/ref/need.h"

typedef struct rg_matmul_params {
    bool adj_x, adj_y, asymmetric_quantize_inputs;
} rg_matmul_params;

typedef struct rg_matmul_layout {
    int64_t batches, m, k, n;
    int64_t row_x, step_x; /* elements of input 0 from row to row of m, and along k */
    int64_t col_y, step_y; /* elements of input 1 from column to column of n, and along k */
    rg_shape out;
} rg_matmul_layout;

/* Lays a call out; fails only where the operator's infer does. */
rg_status rg_matmul_lay_out(const rg_op_call *call, rg_matmul_layout *ret, rg_err *err);

/* First elements of the two matrices that make matrix `batch` of the output. */
void rg_matmul_batch(const rg_op_call *call, const rg_matmul_layout *layout, int64_t batch,
                     int64_t *ret_x, int64_t *ret_y);

/* What all element types share; tiles are rows of the output. */
extern const rg_field rg_matmul_fields[];
rg_status rg_matmul_infer(const rg_op_call *call, rg_tensor *ret_out, rg_err *err);
rg_work rg_matmul_work(const rg_op_call *call);
size_t rg_matmul_tiles(const rg_op_call *call);

#endif
