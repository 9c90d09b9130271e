/* op.h: what is computed. One rg_op is one operator for one combination of element types, with its
 * scalar reference (the truth), its shape rule and its work. Spokes in kernels/ref/ implement it:
 * one file, one `const rg_op rg_op_<name>` at its bottom, one line in kernels/meson.build. */
#ifndef RG_IFACE_OP_H
#define RG_IFACE_OP_H

#include "bench/core/err.h"
#include "bench/core/field.h"
#include "bench/core/tensor.h"
#include "bench/core/work.h"

typedef struct rg_op rg_op;

/* One node, resolved: parameters parsed, tensors found. Inputs and outputs stand in TFLite's order
 * (conv2d: input, filter, bias). in[i] is NULL where an optional input is left out; in[i]->data is
 * set for constants. Lives as long as the program that was built from the graph. */
typedef struct rg_op_call {
    const rg_op *op;
    const void *params; /* op->params_size bytes, or NULL when it has none */
    uint32_t n_in, n_out;
    const rg_tensor *const *in;
    const rg_tensor *const *out;
} rg_op_call;

struct rg_op {
    const char *name;    /* "conv2d_s8": kind and element type of input and output */
    const char *kind;    /* "conv2d": what graph nodes say */
    const char *summary; /* one sentence */
    rg_dtype in, weights,
        out;                /* types of input 0, input 1 and output 0; RG_DTYPE_ANY matches all */
    const rg_field *params; /* attributes of the node; NULL-keyed row last; NULL: none */
    size_t params_size;
    bool view; /* output 0 is input 0's bytes unchanged, so that both may share their memory and
                  nothing need be computed */
    uint32_t min_in, max_in, n_out; /* n_out 0: as many outputs as the node has (split) */

    /* Dtypes and shapes of the outputs from inputs and parameters, and quantization where the
     * operator fixes it (softmax: 1/256, -128). Must accept any tensors that rg_graph_check accepts
     * and refuse, with a sentence, whatever `run` could not compute safely. `ret_out` holds
     * call->n_out tensors whose other members are left alone. A program is only run when declared
     * shapes equal inferred ones. */
    rg_status (*infer)(const rg_op_call *call, rg_tensor *ret_out, rg_err *err);

    /* Optional: further conditions on quantization ("scales must be equal"). */
    rg_status (*check)(const rg_op_call *call, rg_err *err);

    /* Operations and bytes of one call. */
    rg_work (*work)(const rg_op_call *call);

    /* Optional: constants worked out once at load (multipliers, tables); zeroed memory of
     * state_bytes, aligned to 64, owned by the program, read-only while running. */
    size_t (*state_bytes)(const rg_op_call *call);
    rg_status (*prepare)(const rg_op_call *call, void *state, rg_err *err);

    /* Independent pieces of one call (rows of the output, say); NULL: one. */
    size_t (*tiles)(const rg_op_call *call);

    /* Computes tiles [first_tile, last_tile). in[i] and out[i] are the tensors' elements (NULL
     * where left out); outputs never overlap inputs. Must write every output element of its tiles.
     * Never fails. */
    void (*run)(const rg_op_call *call, const void *state, const void *const *in, void *const *out,
                size_t first_tile, size_t last_tile);
};

/* The operator for a node: kind and element types match. NULL with `err` naming kind, types and
 * what exists. (Implemented by the registry.) */
const rg_op *rg_op_for(const char *kind, const rg_tensor *const *in, uint32_t n_in,
                       const rg_tensor *const *out, uint32_t n_out, rg_err *err);

#endif
