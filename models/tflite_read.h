/* tflite_read.h: what the parts of the .tflite reader share: tflite_reader.c (the model),
 * tflite_tensor.c (tensors and constants), tflite_node.c (operators), tflite_variable.c
 * (resources).
 */
#ifndef RG_MODELS_TFLITE_READ_H
#define RG_MODELS_TFLITE_READ_H

#include "bench/core/err.h"
#include "bench/core/graph.h"
#include "bench/iface/model.h"
#include "models/flatbuf.h"

/* One file being read. */
typedef struct rg_tflite_reading {
    rg_fb fb;
    const rg_model_limits *limits;
    rg_graph *graph; /* grows; its arena holds everything */
    rg_err *err;
    rg_fb_vec codes, buffers, subgraphs; /* of the model */
    bool *other_scheme;    /* by tensor: quantized in a way that rg_quant cannot say */
    int32_t *block_scales; /* by tensor: number of the scales of its blocks, plus 1; 0: none */
    const void **copies;   /* by buffer: aligned copy of its data, where one was needed */
} rg_tflite_reading;

/* RG_OK, or RG_BAD_DATA wording the first problem that was noted while reading. */
rg_status rg_tflite_damage(const rg_tflite_reading *r);

/* RG_NO_MEMORY wording that the graph's memory limit was reached. */
rg_status rg_tflite_no_memory(const rg_tflite_reading *r);

/* A vector of int32 as an array: in the file where it is aligned, else copied. NULL: no memory. */
const int32_t *rg_tflite_ints(rg_tflite_reading *r, rg_fb_vec vec);

/* A text fit for messages and reports: printable UTF-8, at most 1023 bytes; others become '?'.
 * Empty when absent, NULL: no memory. */
const char *rg_tflite_text(rg_tflite_reading *r, rg_fb_vec vec);

/* Fills graph->tensors from the subgraph. */
rg_status rg_tflite_read_tensors(rg_tflite_reading *r, rg_fb_table subgraph);

/* Fills graph->nodes from the subgraph, once the tensors are there. */
rg_status rg_tflite_read_nodes(rg_tflite_reading *r, rg_fb_table subgraph);

/* Gives a node of the custom operator `name` what we can read of its options, and a kind when we
 * have one. Does nothing for names without a row. */
rg_status rg_tflite_read_custom(rg_tflite_reading *r, rg_fb_vec name, rg_fb_table table,
                                rg_node *node);

/* Gives each resource of the model a variable tensor, which READ_VARIABLE and ASSIGN_VARIABLE then
 * name in place of its handle, with the values that CALL_ONCE's subgraph assigns first. What is
 * used otherwise becomes foreign. Once nodes and ends are there. */
rg_status rg_tflite_settle_variables(rg_tflite_reading *r);

#endif
