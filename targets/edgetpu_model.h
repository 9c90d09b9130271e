/* edgetpu_model.h: a model compiled for the Edge TPU, read through our reader: whether it fits the
 * library and the cell, and what of its source runs where. No library and no device is asked. */
#ifndef RG_TARGETS_EDGETPU_MODEL_H
#define RG_TARGETS_EDGETPU_MODEL_H

#include "bench/iface/offload.h"
#include "bench/iface/target.h"

typedef struct rg_edgetpu_model {
    rg_graph *graph; /* of the compiled file; owned */
    rg_offload counts;
    int64_t min_runtime;                  /* of the library; 0 not said */
    int64_t cached_bytes, streamed_bytes; /* parameters on the chip; sent with each inference */
    int64_t input_bytes, output_bytes;    /* that an inference moves */
} rg_edgetpu_model;

/* Reads the artefact of a workload. RG_UNSUPPORTED with the compile command where it is not
 * compiled; the reader's errors. */
rg_status rg_edgetpu_model_read(const rg_workload *workload, rg_edgetpu_model *ret, rg_err *err);
void rg_edgetpu_model_free(rg_edgetpu_model *model); /* accepts all-zero */

/* RG_UNSUPPORTED where the model needs a later runtime than `runtime` (0: unknown), where the batch
 * is not 1, or where something stays on the host although the cell forbids it. */
rg_status rg_edgetpu_model_suits(const rg_edgetpu_model *model, const rg_workload *workload,
                                 const rg_settings *settings, int runtime, rg_err *err);

/* Nodes and MACs of the source by who computes them; of a compiled model without its source its own
 * nodes, with MACs unknown. RG_INVALID where source and artefact are no pair, RG_NO_MEMORY. */
rg_status rg_edgetpu_model_place(const rg_edgetpu_model *model, const rg_workload *workload,
                                 rg_placement *ret, rg_err *err);

#endif
