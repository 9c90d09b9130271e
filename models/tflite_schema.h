/* tflite_schema.h: what TFLite's schema (version 3) calls things: operator names, element types,
 * and for each operator that we map, its kind and where its options lie. The reader and the writer
 * both work from these tables. Numbers are those of TFLite's schema.fbs. */
#ifndef RG_MODELS_TFLITE_SCHEMA_H
#define RG_MODELS_TFLITE_SCHEMA_H

#include <stdbool.h>
#include <stdint.h>

#include "bench/core/graph.h"

/* Slots of the tables' fields. */
enum { MODEL_VERSION, MODEL_CODES, MODEL_SUBGRAPHS, MODEL_DESCRIPTION, MODEL_BUFFERS };
enum { CODE_OLD, CODE_CUSTOM, CODE_VERSION, CODE_BUILTIN };
enum { GRAPH_TENSORS, GRAPH_INPUTS, GRAPH_OUTPUTS, GRAPH_OPERATORS, GRAPH_NAME };
enum {
    TENSOR_SHAPE,
    TENSOR_TYPE,
    TENSOR_BUFFER,
    TENSOR_NAME,
    TENSOR_QUANT,
    TENSOR_VARIABLE,
    TENSOR_SPARSITY,
    TENSOR_SIGNATURE,
    TENSOR_HAS_RANK,
    TENSOR_EXTERNAL = 10
};
enum { TFLITE_BLOCKWISE = 2 }; /* QuantizationDetails: BlockwiseQuantization, and its fields */
enum { BLOCKWISE_SCALES, BLOCKWISE_ZERO_POINTS, BLOCKWISE_SIZE };
enum { QUANT_SCALE = 2, QUANT_ZERO_POINT, QUANT_DETAILS_TYPE, QUANT_DETAILS, QUANT_AXIS };
enum {
    OPERATOR_CODE,
    OPERATOR_INPUTS,
    OPERATOR_OUTPUTS,
    OPERATOR_OPTIONS_TYPE,
    OPERATOR_OPTIONS,
    OPERATOR_CUSTOM_OPTIONS,
    OPERATOR_INTERMEDIATES = 8
};
enum { BUFFER_DATA, BUFFER_OFFSET, BUFFER_SIZE };

enum {
    TFLITE_VERSION = 3,
    TFLITE_CUSTOM = 32,            /* BuiltinOperator CUSTOM */
    TFLITE_OLD_CODES = 127,        /* codes below it also stand in the old 8-bit field */
    TFLITE_MAX_INTERMEDIATES = 12, /* tensors internal to an LSTM */
};

/* How an option is stored, and what attribute it becomes. */
typedef enum rg_tflite_store {
    RG_TFLITE_I32,      /* int -> integer */
    RG_TFLITE_I8,       /* byte (an element type's number) -> integer */
    RG_TFLITE_BOOL,     /* bool -> integer 0 or 1 */
    RG_TFLITE_F32,      /* float -> real */
    RG_TFLITE_WORD,     /* byte -> word of `words` */
    RG_TFLITE_TEXT,     /* string -> word */
    RG_TFLITE_SHAPE,    /* [int], output's shape: not read; written when the node has one input */
    RG_TFLITE_SQUEEZED, /* [int], the removed dimensions: not read; worked out when written */
} rg_tflite_store;

typedef struct rg_tflite_option {
    const char *key; /* of the attribute */
    uint8_t slot;
    rg_tflite_store store;
    int preset;               /* the schema's default, read where the file leaves it out */
    int absent;               /* written where the node has no such attribute */
    bool needed;              /* no sensible value: the writer insists on the attribute */
    const char *const *words; /* RG_TFLITE_WORD: NULL-ended */
} rg_tflite_option;

/* An operator that we map. Two rows may share a kind (PAD and PADV2): the writer takes the first
 * one whose max_in is not exceeded. */
typedef struct rg_tflite_op {
    int32_t code; /* BuiltinOperator */
    const char *kind;
    uint8_t options_type;            /* in the union BuiltinOptions; 0: none */
    const rg_tflite_option *options; /* ended by a row without key; NULL: none */
    uint32_t max_in;                 /* 0: any number */
    bool read_only;                  /* the writer has no way to say it */
} rg_tflite_op;

extern const rg_tflite_op rg_tflite_ops[]; /* ended by a row without kind */

/* The row of a builtin code; NULL when we have no mapping. */
const rg_tflite_op *rg_tflite_op_of_code(int32_t code);

/* The row that writes a node of this kind with n_in inputs; NULL when none can. */
const rg_tflite_op *rg_tflite_op_of_kind(const char *kind, uint32_t n_in);

/* "CONV_2D"; NULL for a code that the schema does not have. */
const char *rg_tflite_name(int32_t code);

/* Element types; false when there is no counterpart. */
bool rg_tflite_dtype(int32_t type, rg_dtype *ret_dtype);
bool rg_tflite_type(rg_dtype dtype, int32_t *ret_type);

/* Lowest version number of the operator under which runtimes accept this node. */
int32_t rg_tflite_op_version(const rg_graph *graph, const rg_node *node);

/* Attribute keys of tensors internal to a node: "intermediate_0" ... */
extern const char *const rg_tflite_intermediate_keys[TFLITE_MAX_INTERMEDIATES];

#endif
