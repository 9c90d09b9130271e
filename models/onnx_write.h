/* onnx_write.h: what the parts of the .onnx writers share. A tensor of ours becomes up to four
 * values of the file: in our order of dimensions or channels first, and as integers or as the reals
 * that they stand for. Values are made when first asked for: transposed, dequantized.
 *
 * onnx_message.c messages; onnx_emit.c values; onnx_put.c and onnx_put_*.c the operators;
 * onnx_writer.c and onnx_qoperator_writer.c the two flavours of a file. */
#ifndef RG_MODELS_ONNX_WRITE_H
#define RG_MODELS_ONNX_WRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/core/arena.h"
#include "bench/core/err.h"
#include "bench/core/graph.h"
#include "bench/core/text.h"

typedef enum rg_onnx_layout { RG_ONNX_OURS, RG_ONNX_NCHW } rg_onnx_layout;

typedef struct rg_onnx_writing {
    const rg_graph *graph;
    rg_err *err;
    rg_status status;             /* first failure; afterwards nothing is written */
    bool qoperator;               /* operators with scales beside them where there are such */
    bool microsoft;               /* one of com.microsoft was used */
    int opset;                    /* lowest version that knows what was used */
    uint32_t index;               /* of the node being written */
    uint32_t fresh;               /* counts names without a tensor */
    rg_text nodes, constants, op; /* messages so far, and the node being put together */
    rg_arena *arena;              /* names */
    const char **names;           /* by tensor */
    uint8_t *have;                /* by tensor: bit layout + 2 * real */
    bool *scaled;                 /* by tensor: its scale and zero point are written */
} rg_onnx_writing;

/* --- messages --- */

void rg_onnx_put_int(rg_text *to, unsigned field, int64_t value);
void rg_onnx_put_bytes(rg_text *to, unsigned field, const void *data, size_t bytes);
void rg_onnx_put_text(rg_text *to, unsigned field, const char *text);
void rg_onnx_put_message(rg_text *to, unsigned field, rg_text *message); /* frees it */

/* A node: begin, attributes, end. NULL among the inputs is one left out. */
void rg_onnx_begin(rg_onnx_writing *s, const char *type, const char *const *in, uint32_t n_in,
                   const char *const *out, uint32_t n_out);
void rg_onnx_give_int(rg_onnx_writing *s, const char *name, int64_t value);
void rg_onnx_give_real(rg_onnx_writing *s, const char *name, float value);
void rg_onnx_give_word(rg_onnx_writing *s, const char *name, const char *word);
void rg_onnx_give_ints(rg_onnx_writing *s, const char *name, const int64_t *values, uint32_t n);
void rg_onnx_end_node(rg_onnx_writing *s, bool microsoft);

/* A node of one output without attributes. */
void rg_onnx_simple(rg_onnx_writing *s, const char *type, const char *const *in, uint32_t n_in,
                    const char *out);

/* --- constants --- */

/* An initializer; `type` is ONNX's number. Returns its name. */
const char *rg_onnx_data(rg_onnx_writing *s, const char *name, int32_t type, const int64_t *dims,
                         uint32_t rank, const void *data, size_t bytes);
const char *rg_onnx_new_name(rg_onnx_writing *s, const char *what);
const char *rg_onnx_new_ints(rg_onnx_writing *s, const int64_t *values, uint32_t n);
const char *rg_onnx_new_real(rg_onnx_writing *s, float value);

/* A constant tensor with dimension i taken from dimension order[i], as an initializer. */
const char *rg_onnx_ordered_data(rg_onnx_writing *s, int32_t tensor, const uint8_t *order,
                                 const char *what);

/* Names of a tensor's scale and zero point, which are written on first use. */
void rg_onnx_scale_names(rg_onnx_writing *s, int32_t tensor, const char **ret_scale,
                         const char **ret_zero);

/* --- values --- */

/* The tensor as integers (or floats, when it is not quantized); as reals. */
const char *rg_onnx_raw(rg_onnx_writing *s, int32_t tensor, rg_onnx_layout layout);
const char *rg_onnx_real_value(rg_onnx_writing *s, int32_t tensor, rg_onnx_layout layout);

/* Name under which an operator shall leave a tensor, and word that it has: reals are quantized
 * then. */
const char *rg_onnx_raw_name(rg_onnx_writing *s, int32_t tensor, rg_onnx_layout layout);
const char *rg_onnx_real_name(rg_onnx_writing *s, int32_t tensor, rg_onnx_layout layout);
void rg_onnx_raw_done(rg_onnx_writing *s, int32_t tensor, rg_onnx_layout layout);
void rg_onnx_real_done(rg_onnx_writing *s, int32_t tensor, rg_onnx_layout layout);

/* True for integers with a scale. */
bool rg_onnx_is_quantized(const rg_tensor *t);

/* Channels first where an input lies so already and all others can. */
rg_onnx_layout rg_onnx_layout_of(rg_onnx_writing *s, const rg_node *node, uint32_t n_in);

/* Dimension of the file's value for dimension `dim` of ours, of rank 4. */
int64_t rg_onnx_file_dim(rg_onnx_layout layout, int64_t dim);

/* --- operators --- */

/* "Node 7 (svdf) cannot be written to .onnx: WHY". */
void rg_onnx_refuse(rg_onnx_writing *s, const char *why);

/* Numbers of a constant; false (refused) when it is none or has more than cap. */
bool rg_onnx_read_ints(rg_onnx_writing *s, int32_t tensor, int64_t *ret, uint32_t cap,
                       uint32_t *ret_n);

int64_t rg_onnx_int(const rg_node *node, const char *key, int64_t preset);
double rg_onnx_double(const rg_node *node, const char *key, double preset);
const char *rg_onnx_word(const rg_node *node, const char *key, const char *preset);

/* The result of a node with a fused activation: name to compute into; then the activation. Reals,
 * or with `raw` integers, which are clamped where their range is wider than the activation's. */
const char *rg_onnx_result(rg_onnx_writing *s, const rg_node *node, rg_onnx_layout layout,
                           bool raw);
void rg_onnx_result_done(rg_onnx_writing *s, const rg_node *node, rg_onnx_layout layout, bool raw,
                         const char *computed);

typedef void rg_onnx_put(rg_onnx_writing *s, const rg_node *node, const char *type);
rg_onnx_put rg_onnx_put_conv, rg_onnx_put_transpose_conv, rg_onnx_put_layer, rg_onnx_put_product,
    rg_onnx_put_pool;
rg_onnx_put rg_onnx_put_arg, rg_onnx_put_blocks, rg_onnx_put_cast, rg_onnx_put_composed,
    rg_onnx_put_concat, rg_onnx_put_each, rg_onnx_put_gather, rg_onnx_put_pack, rg_onnx_put_pad,
    rg_onnx_put_plain, rg_onnx_put_twice, rg_onnx_put_select, rg_onnx_put_gather_nd,
    rg_onnx_put_topk, rg_onnx_put_quantize, rg_onnx_put_reduce, rg_onnx_put_reshape,
    rg_onnx_put_resize, rg_onnx_put_rows, rg_onnx_put_slice, rg_onnx_put_split, rg_onnx_put_spread,
    rg_onnx_put_strided_slice, rg_onnx_put_transpose;

/* Writes one node, whatever it is. */
void rg_onnx_put_node(rg_onnx_writing *s, const rg_node *node);

/* The whole file. */
rg_status rg_onnx_write(const rg_graph *graph, bool qoperator, rg_text *ret, rg_err *err);

#endif
