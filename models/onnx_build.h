/* onnx_build.h: the table of operators, arithmetic in float32 that operators of an .onnx file are
 * put together from, and the operators made that way. Tensors are those of onnx_read.h; after a
 * failure nothing is done and tensor 0 is given. */
#ifndef RG_MODELS_ONNX_BUILD_H
#define RG_MODELS_ONNX_BUILD_H

#include "models/onnx_read.h"

/* An operator that is known. (onnx_table.c) */
typedef struct rg_onnx_row {
    const char *type;
    uint8_t domains; /* bits: 1 the default one, 2 com.microsoft */
    uint8_t need;    /* inputs that must be there */
    rg_onnx_lower *lower;
    const char *word;
} rg_onnx_row;

/* The row of a node's type and domain; NULL when there is none. */
const rg_onnx_row *rg_onnx_row_of(const rg_onnx_node *node);

/* How many inputs it takes where that number is fixed; 0: it is not. */
uint32_t rg_onnx_most_inputs(const rg_onnx_row *op);

/* Whether numbers of a type are folded, and the result of a node as a constant of these numbers,
 * cut to the type. (onnx_fold.c) */
bool rg_onnx_folds(rg_dtype dtype);
rg_status rg_onnx_define_numbers(rg_onnx *r, const rg_onnx_node *node, rg_dtype dtype,
                                 const rg_shape *shape, const double *values);

/* kind(a, b), spreading; kind(a, number); kind(a). (onnx_build.c) */
int32_t rg_onnx_pair(rg_onnx *r, const char *kind, int32_t a, int32_t b);
int32_t rg_onnx_with(rg_onnx *r, const char *kind, int32_t a, double number);
int32_t rg_onnx_each(rg_onnx *r, const char *kind, int32_t a);

/* Comparisons give bool; a bool or integers as floats, and floats as integers. */
int32_t rg_onnx_compared(rg_onnx *r, const char *kind, int32_t a, double number);
int32_t rg_onnx_cast_to(rg_onnx *r, int32_t a, rg_dtype dtype);

/* Reduces the tensor's dimensions of a bit set, which stay as ones ("mean", "sum", ...). */
int32_t rg_onnx_reduced(rg_onnx *r, const char *kind, int32_t a, uint32_t places);

/* a where the condition holds, else b. */
int32_t rg_onnx_chosen(rg_onnx *r, int32_t condition, int32_t a, int32_t b);

/* x / sqrt(mean of squares + epsilon) over the dimensions of a bit set; `centred`: less its mean
 * first. (onnx_norm.c) */
int32_t rg_onnx_normalized(rg_onnx *r, int32_t x, uint32_t places, double epsilon, bool centred);

/* Rows of `x` times the matrix [N, K]; bias RG_ONNX_NONE, quant NULL: none. (onnx_matmul.c) */
int32_t rg_onnx_emit_layer(rg_onnx *r, int32_t x, int32_t weights, int32_t bias,
                           const char *activation, const rg_quant *quant);

/* An order that has dimension `axis` last: the value's first one, or one like 0 1 2 ... */
rg_onnx_order rg_onnx_with_last(const rg_onnx_value *v, uint32_t axis);

/* A convolution and the batch normalization behind it become one convolution where all of both is
 * constant. (onnx_batch.c) */
void rg_onnx_join_batch_norm(rg_onnx *r, rg_onnx_node *conv);

/* For operators that only arithmetic on constants knows. (onnx_arithmetic.c) */
rg_onnx_lower rg_onnx_only_constant;

rg_onnx_lower rg_onnx_curve; /* onnx_curve.c */
rg_onnx_lower rg_onnx_instance_norm, rg_onnx_group_norm, rg_onnx_rms_norm, rg_onnx_lp_norm,
    rg_onnx_skip_norm;                                             /* onnx_rows.c */
rg_onnx_lower rg_onnx_reduce_more, rg_onnx_mean_of;                /* onnx_sums.c */
rg_onnx_lower rg_onnx_topk, rg_onnx_gather_nd, rg_onnx_scatter_nd; /* onnx_pick.c */
rg_onnx_lower rg_onnx_recurrent;                                   /* onnx_steps.c */

/* QuantizeLinear and DequantizeLinear whose scales come at run time, or belong to blocks: float32
 * steps. (onnx_scaled.c) */
rg_onnx_lower rg_onnx_quantize_steps, rg_onnx_dequantize_steps;

#endif
