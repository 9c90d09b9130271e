/* onnx_read.h: what the parts of the .onnx reader share. An ONNX graph names values; each becomes
 * one or more tensors of ours, its forms: in an order of dimensions that an operator of ours wants
 * (NHWC), as integers with a scale where the file says "dequantize" (so that integer operators take
 * them), as floats where an operator needs those. Forms are made when first asked for.
 *
 * onnx_reader.c the file; onnx_value.c values and forms; onnx_const.c constants; onnx_node.c the
 * walk over nodes; onnx_end.c what follows a node and joins it; onnx_fold.c arithmetic on
 * constants; onnx_window.c, onnx_conv.c, onnx_pool.c, onnx_matmul.c, onnx_math.c,
 * onnx_norm.c, onnx_reduce.c, onnx_move.c, onnx_join.c, onnx_part.c, onnx_pad.c, onnx_copy.c,
 * onnx_resize.c, onnx_quant.c the operators; onnx_build.h those put together from others. */
#ifndef RG_MODELS_ONNX_READ_H
#define RG_MODELS_ONNX_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/core/graph.h"
#include "bench/iface/model.h"
#include "onnx.pb-c.h"

enum { RG_ONNX_FORMS = 6, RG_ONNX_NONE = -1 };

/* An order of dimensions: dimension i of the tensor is dimension at[i] of the ONNX value. */
typedef struct rg_onnx_order {
    uint8_t at[RG_MAX_RANK];
} rg_onnx_order;

typedef struct rg_onnx_form {
    int32_t tensor;
    rg_onnx_order order;
} rg_onnx_form;

typedef struct rg_onnx_value {
    const char *name;
    rg_dtype dtype; /* that ONNX gives it */
    rg_shape shape; /* of the ONNX value */
    bool there;     /* it has been computed: forms and shape are set */
    bool unknown;   /* it comes from an operator that we do not know, and nobody tells its shape */
    bool is_output; /* of the graph */
    uint32_t uses;  /* by nodes */
    int32_t user;   /* the last node that uses it */
    uint32_t n_forms; /* the first is the one it was made with */
    rg_onnx_form forms[RG_ONNX_FORMS];
} rg_onnx_value;

/* A node with its values' numbers; RG_ONNX_NONE for inputs left out. */
typedef struct rg_onnx_node {
    const Rg__Onnx__Node *proto;
    const char *type; /* "Conv" */
    bool microsoft;   /* of the domain com.microsoft */
    bool done;        /* joined to an earlier one */
    uint32_t n_in, n_out;
    int32_t *in, *out;
} rg_onnx_node;

struct rg_onnx_end;
typedef struct rg_onnx {
    const rg_model_limits *limits;
    rg_err *err;
    rg_status status; /* first failure; afterwards helpers do nothing and give tensor 0 */
    char why[160];    /* why a node is not supported */
    rg_graph *graph;
    uint32_t cap_tensors, cap_nodes;
    rg_onnx_value *values;
    uint32_t n_values, cap_values;
    rg_onnx_node *nodes;
    uint32_t n_nodes;
    int64_t opset;      /* version of the default domain */
    const char *naming; /* name of the value that is being made, for messages and reports */
    const struct rg_onnx_end *forced; /* where the result of a quantized node goes; else NULL */
} rg_onnx;

/* --- failing --- */

/* Notes the first failure and returns it. */
rg_status rg_onnx_fail(rg_onnx *r, rg_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
rg_status rg_onnx_no_memory(rg_onnx *r);

/* "This node cannot be done because": to be returned by an operator's function. */
rg_status rg_onnx_cannot(rg_onnx *r, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* --- building the graph (onnx_value.c) --- */

/* A new tensor; `quant` and `data` may be NULL. */
int32_t rg_onnx_tensor(rg_onnx *r, rg_dtype dtype, const rg_shape *shape, const rg_quant *quant,
                       const void *data);

/* The tensor with this number. Not to be kept: making tensors may move it. */
rg_tensor *rg_onnx_at(rg_onnx *r, int32_t tensor);

/* A node of ours; attributes are copied. */
void rg_onnx_emit(rg_onnx *r, const char *kind, const int32_t *in, uint32_t n_in,
                  const int32_t *out, uint32_t n_out, const rg_attr *attrs, uint32_t n_attrs);

/* One input, one output of the given type, shape and quantization; returns the output. */
int32_t rg_onnx_emit_unary(rg_onnx *r, const char *kind, int32_t in, rg_dtype dtype,
                           const rg_shape *shape, const rg_quant *quant);

/* A constant of int32 numbers, and one of float32. */
int32_t rg_onnx_ints(rg_onnx *r, const int64_t *values, uint32_t n);
int32_t rg_onnx_real(rg_onnx *r, float value);

/* The tensor under another shape: a view. Constants stay constants. */
int32_t rg_onnx_view(rg_onnx *r, int32_t tensor, const rg_shape *shape);

/* The same elements under another scale (one): in place when it has none yet. */
int32_t rg_onnx_with_quant(rg_onnx *r, int32_t tensor, float scale, int32_t zero);

/* A quantization with one scale, in the graph's memory. */
rg_quant rg_onnx_one_scale(rg_onnx *r, float scale, int32_t zero);

/* --- values and forms (onnx_value.c) --- */

rg_onnx_order rg_onnx_plain(uint32_t rank); /* 0 1 2 ... */
rg_onnx_order rg_onnx_nhwc(uint32_t rank);  /* 0 2 3 ... 1 */
bool rg_onnx_same_order(const rg_onnx_order *a, const rg_onnx_order *b, uint32_t rank);

/* Where dimension `dim` of the value stands in the tensor. */
uint32_t rg_onnx_place(const rg_onnx_order *order, uint32_t dim);

/* The value's shape in an order, and the value's shape of a tensor in an order. */
rg_shape rg_onnx_ordered(const rg_shape *shape, const rg_onnx_order *order);
rg_shape rg_onnx_unordered(const rg_shape *shape, const rg_onnx_order *order);

/* Number i's value of a node; NULL where it is left out. */
rg_onnx_value *rg_onnx_in(rg_onnx *r, const rg_onnx_node *node, uint32_t i);

/* The value as a tensor of this type in this order (NULL: 0 1 2 ...); RG_DTYPE_ANY: as it is. */
int32_t rg_onnx_get(rg_onnx *r, rg_onnx_value *v, const rg_onnx_order *order, rg_dtype dtype);

/* The form whose tensor is at hand; and its constant, NULL when it is none. */
rg_onnx_form rg_onnx_first(const rg_onnx_value *v);
const rg_tensor *rg_onnx_constant(rg_onnx *r, rg_onnx_value *v);

/* A form with integers and a scale, as 8 or 16 signed bits (or int32); false when there is none. */
bool rg_onnx_quantized(rg_onnx *r, const rg_onnx_value *v, rg_onnx_form *ret);

/* Says that a value is this tensor in this order. `dtype` is ONNX's. */
void rg_onnx_define(rg_onnx *r, rg_onnx_value *v, rg_dtype dtype, int32_t tensor,
                    const rg_onnx_order *order);

/* The value as it is, floats or integers with one scale, in its first order or (`plain`) in order
 * 0 1 2 ...: for operators that only move elements. */
rg_onnx_form rg_onnx_movable(rg_onnx *r, rg_onnx_value *v, bool plain);

/* The tensor behind leading ones, for `rank` dimensions, in an order of that many: an operand of
 * arithmetic that spreads. */
int32_t rg_onnx_spread(rg_onnx *r, rg_onnx_value *v, uint32_t rank, const rg_onnx_order *order,
                       rg_dtype dtype);

/* A value without a name. NULL: no memory. */
rg_onnx_value *rg_onnx_new_value(rg_onnx *r);

/* --- windows (onnx_window.c) --- */

/* Where windows lie over two spatial dimensions, rows first; one-dimensional ones have one row. */
typedef struct rg_onnx_window {
    int64_t in[2], out[2], kernel[2], stride[2], dilation[2], before[2], after[2];
    bool same, valid; /* padding as TFLite's SAME, or none */
    bool transposed;  /* to be set: outputs and padding are not looked into */
} rg_onnx_window;

/* Reads strides, dilations, pads and auto_pad; `in` and `kernel` are set. RG_UNSUPPORTED with the
 * reason noted when it is nothing that we do. */
rg_status rg_onnx_read_window(rg_onnx *r, const rg_onnx_node *node, uint32_t n_spatial,
                              rg_onnx_window *w);

/* An image [N, C, L] or [N, C, H, W] as a tensor [N, H, W, C]; and back: the value's order. */
int32_t rg_onnx_image(rg_onnx *r, rg_onnx_value *v, rg_dtype dtype);
int32_t rg_onnx_from_image(rg_onnx *r, int32_t tensor, uint32_t rank, rg_onnx_order *ret_order);

/* The image with a border of `value` (NULL: zero, or the zero point), `value` a tensor. */
int32_t rg_onnx_bordered(rg_onnx *r, int32_t image, const int64_t before[2], const int64_t after[2],
                         const int32_t *value);

/* Bias in accumulator units (input scale times weights' scales), int32, or int64 for int16;
 * RG_ONNX_NONE when it is no constant. `n` outputs. */
int32_t rg_onnx_bias(rg_onnx *r, rg_onnx_value *bias, uint32_t n, int32_t input, int32_t weights);

/* --- constants (onnx_const.c) --- */

rg_dtype rg_onnx_dtype(int32_t type, bool *ret_known);
int32_t rg_onnx_type(rg_dtype dtype);

/* The tensor that a TensorProto describes, RG_ONNX_NONE with a failure noted. */
int32_t rg_onnx_load(rg_onnx *r, const Rg__Onnx__Tensor *proto, const char *what);

/* Copies of constants: dimensions reordered, floats from integers, signed from unsigned bytes. */
int32_t rg_onnx_permuted(rg_onnx *r, int32_t tensor, const uint8_t *order);
int32_t rg_onnx_dequantized(rg_onnx *r, int32_t tensor);
int32_t rg_onnx_toggled(rg_onnx *r, int32_t tensor);

/* Elements of a small constant as numbers; false when it is none, or has more than cap. */
bool rg_onnx_numbers(rg_onnx *r, rg_onnx_value *v, double *ret, uint32_t cap, uint32_t *ret_n);

/* The only element; false when there is not just one. */
bool rg_onnx_number(rg_onnx *r, rg_onnx_value *v, double *ret);
double rg_onnx_element(const rg_tensor *t, size_t i);

/* A number as an integer of at most 31 bits and sign; 0 for what is none. */
int64_t rg_onnx_whole(double value);

/* --- attributes (onnx_node.c) --- */

const Rg__Onnx__Attribute *rg_onnx_attr(const rg_onnx_node *node, const char *name);
int64_t rg_onnx_attr_int(const rg_onnx_node *node, const char *name, int64_t preset);
double rg_onnx_attr_real(const rg_onnx_node *node, const char *name, double preset);
bool rg_onnx_attr_is(const rg_onnx_node *node, const char *name, const char *word);

/* A list of integers: n values when the attribute has n, else `preset`. -1: another number. */
int rg_onnx_attr_ints(const rg_onnx_node *node, const char *name, int64_t *ret, uint32_t n,
                      int64_t preset);

/* An axis counted from the first dimension; RG_ONNX_NONE when it is none of `rank`. */
int32_t rg_onnx_axis(int64_t axis, uint32_t rank);

/* --- what follows a node (onnx_end.c) --- */

/* Where the result of a node goes once an activation and a quantization behind it are joined. */
typedef struct rg_onnx_end {
    int32_t value;     /* the float result */
    int32_t quantized; /* the integer one, RG_ONNX_NONE when none follows */
    int32_t activation_node, quantize_node;
    const char *activation; /* "none" */
    bool forced;            /* the node itself is quantized: there is no float result */
    rg_dtype dtype, named;  /* of the integers as we keep them (signed), and as ONNX does */
    float scale;
    int32_t zero;
} rg_onnx_end;

/* The only node that uses a value, when it may be joined to the value's maker; else NULL. */
rg_onnx_node *rg_onnx_only_user(rg_onnx *r, int32_t value);

/* Looks ahead from output 0. `activations`: whether the operator takes a fused activation. */
rg_onnx_end rg_onnx_end_of(rg_onnx *r, const rg_onnx_node *node, bool activations);

/* The result is this tensor: integers as the end wants them, or floats. */
void rg_onnx_finish(rg_onnx *r, const rg_onnx_end *end, int32_t tensor, const rg_onnx_order *order);

/* The scale and zero point of inputs i and i+1 of a node; false when they are no constants. */
bool rg_onnx_scale(rg_onnx *r, const rg_onnx_node *node, uint32_t i, float *ret_scale,
                   int32_t *ret_zero, rg_dtype *ret_dtype);

/* For operators that only move elements (onnx_move.c): the result, which has the type of x; a
 * tensor like another, of another shape; a list of integers, the attribute or input i where the
 * version has it there (false: no constant), cut to int32; "its WHAT is no constant". */
enum { RG_ONNX_LIST = 64 };
rg_status rg_onnx_moved(rg_onnx *r, const rg_onnx_node *node, const rg_onnx_value *x,
                        int32_t tensor, const rg_onnx_order *order);
int32_t rg_onnx_like(rg_onnx *r, int32_t tensor, const rg_shape *shape);
bool rg_onnx_list(rg_onnx *r, const rg_onnx_node *node, const char *name, uint32_t i,
                  int64_t ret[RG_ONNX_LIST], uint32_t *ret_n);
rg_status rg_onnx_no_constant(rg_onnx *r, const char *what);

/* Reduces the dimensions of a bit set by an operator of ours ("mean"). (onnx_reduce.c) */
rg_status rg_onnx_reduce_dims(rg_onnx *r, rg_onnx_node *node, const char *kind, uint32_t dims,
                              bool keep);

/* The same tensor without, or with, dimensions of one: `order` follows. (onnx_move.c) */
int32_t rg_onnx_drop_ones(rg_onnx *r, int32_t tensor, rg_onnx_order *order, uint32_t dims);

/* The activation that a node is; NULL when it is none that can be fused. (onnx_end.c) */
const char *rg_onnx_activation(rg_onnx *r, const rg_onnx_node *node);

/* A limit of Clip: input i, or in old files an attribute; false when it is no constant. */
bool rg_onnx_limit(rg_onnx *r, const rg_onnx_node *node, uint32_t i, const char *name,
                   double preset, double *ret);

/* --- operators --- */

/* Turns a node into ours. RG_UNSUPPORTED (rg_onnx_cannot) leaves it foreign. `word` is the row's.
 */
typedef rg_status rg_onnx_lower(rg_onnx *r, rg_onnx_node *node, const char *word);

rg_onnx_lower rg_onnx_conv, rg_onnx_conv_transpose, rg_onnx_pool, rg_onnx_global_pool;
rg_onnx_lower rg_onnx_gemm, rg_onnx_matmul;
rg_onnx_lower rg_onnx_unary, rg_onnx_binary, rg_onnx_clip, rg_onnx_prelu, rg_onnx_hard_swish,
    rg_onnx_batch_norm, rg_onnx_layer_norm, rg_onnx_softmax, rg_onnx_gelu;
rg_onnx_lower rg_onnx_reduce, rg_onnx_arg;
rg_onnx_lower rg_onnx_reshape, rg_onnx_flatten, rg_onnx_squeeze, rg_onnx_unsqueeze,
    rg_onnx_transpose, rg_onnx_concat, rg_onnx_split, rg_onnx_slice, rg_onnx_gather, rg_onnx_pad,
    rg_onnx_blocks, rg_onnx_cast, rg_onnx_identity, rg_onnx_expand, rg_onnx_tile, rg_onnx_where;
rg_onnx_lower rg_onnx_resize;
rg_onnx_lower rg_onnx_quantize, rg_onnx_dequantize, rg_onnx_qlinear, rg_onnx_integer,
    rg_onnx_dynamic_quantize;
rg_onnx_lower rg_onnx_constant_node, rg_onnx_shape_of, rg_onnx_constant_of_shape;

/* Arithmetic on small constants: true when the node was one and its result is defined. */
bool rg_onnx_fold(rg_onnx *r, const rg_onnx_node *node);

/* All nodes, in order. */
rg_status rg_onnx_lower_all(rg_onnx *r);

#endif
