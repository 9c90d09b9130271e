/* list_suite.h: `railgauge list models` and `list models|ops --suite`: the suite with what each
 * member costs. */
#ifndef RG_CMD_LIST_SUITE_H
#define RG_CMD_LIST_SUITE_H

#include <jansson.h>

#include "bench/core/err.h"
#include "bench/core/root.h"

/* One row a model: name, macs as counted here, published_macs (null where nobody published any),
 * source, summary. A broken description is told as such, not hidden. */
rg_status rg_list_models(rg_root *root, json_t *rows, rg_err *err);

/* One row a model: name, macs, parameters, activation_bytes, nodes, sets, published figures. */
rg_status rg_list_suite_models(rg_root *root, json_t *rows, rg_err *err);

/* One row an operator case: name, network, source, layer, operator, macs, bytes. */
rg_status rg_list_suite_ops(rg_root *root, json_t *rows, rg_err *err);

/* Prints such rows in columns. */
void rg_list_suite_print(const json_t *rows);

#endif
