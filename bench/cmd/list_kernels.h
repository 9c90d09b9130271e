/* list_kernels.h: `railgauge list kernels` and `railgauge list cases`: what exists, what this CPU
 * can run, and what would compute the bench cases and why. Rows as list.c's other lists. */
#ifndef RG_CMD_LIST_KERNELS_H
#define RG_CMD_LIST_KERNELS_H

#include <jansson.h>

#include "bench/core/err.h"
#include "bench/core/root.h"

rg_status rg_list_kernels(rg_root *root, json_t *rows, rg_err *err);
rg_status rg_list_cases(rg_root *root, json_t *rows, rg_err *err);

#endif
