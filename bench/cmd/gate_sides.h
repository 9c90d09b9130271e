/* gate_sides.h: what `railgauge gate` compares: a side is a bundle's folder, or a run or baseline
 * of a store. */
#ifndef RG_CMD_GATE_SIDES_H
#define RG_CMD_GATE_SIDES_H

#include "bench/result/gate.h"
#include "bench/result/store.h"

/* A side with what it lives in. */
typedef struct rg_gate_loaded {
    rg_gate_side side;
    rg_bundle *bundle; /* NULL: from the store */
    json_t *derived;
    rg_store_side stored;
} rg_gate_loaded;

/* Loads the folder `word`, or, where there is none, what the store (the option, or
 * $RAILGAUGE_STORE) calls so. Records that are not there yet are derived from the rounds. Free with
 * rg_gate_unload. */
rg_status rg_gate_load(const char *store, const char *word, rg_gate_loaded *ret_loaded,
                       rg_err *err);
void rg_gate_unload(rg_gate_loaded *loaded); /* accepts an empty one */

/* Reads and checks a file of expected cells (rg_gate_options.expected). The caller owns it. */
rg_status rg_gate_read_expected(const char *path, json_t **ret_file, rg_err *err);

#endif
