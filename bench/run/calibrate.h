/* calibrate.h: runs a float network layer by layer on seeded inputs, normalises each layer's output
 * as batch normalisation would have (folded into weights and bias), and keeps the range of every
 * activation. So seeded weights give activations that are neither saturated nor dead, as trained
 * ones do. */
#ifndef RG_RUN_CALIBRATE_H
#define RG_RUN_CALIBRATE_H

#include "bench/run/network.h"

enum { RG_CALIBRATION_INPUTS = 4 };

/* Range of one activation over the calibration inputs. */
typedef struct rg_range {
    float low, high;
} rg_range;

/* Changes weights and biases of `network` in place. `ret_ranges` holds one entry a tensor of the
 * graph; those of constants stay zero. Deterministic: float32 in a fixed order; what libraries
 * compute in their own ways (exp, tanh) is rounded before it becomes part of a weight or a range.
 * Kernels help where they give the reference's bytes. Values are freed behind their last reader. */
rg_status rg_calibrate(rg_network *network, rg_range *ret_ranges, rg_err *err);

#endif
