/* casefill.h: elements of made-up tensors of any type, for casebuild.c. */
#ifndef RG_RUN_CASEFILL_H
#define RG_RUN_CASEFILL_H

#include "bench/core/rng.h"
#include "bench/run/casebuild.h"

/* True when elements of this type can be made. */
bool rg_case_can_fill(rg_dtype dtype);

/* Writes `n` elements of tensor `t` into `data`, by `fill`. */
void rg_case_fill(const rg_case_tensor *t, int64_t n, rg_fill fill, rg_rng *rng, void *data);

/* Writes the elements that the case gives (t->n_values of them). */
void rg_case_fill_given(const rg_case_tensor *t, void *data);

#endif
