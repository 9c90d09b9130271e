/* list_state.h: the machine's state of `railgauge list state`, as rows. */
#ifndef RG_CMD_LIST_STATE_H
#define RG_CMD_LIST_STATE_H

#include <jansson.h>

#include "bench/core/err.h"
#include "bench/core/root.h"

/* Appends a row for the power mode, each clock, temperature, fan, throttle counter and alarm. */
rg_status rg_list_state(rg_root *root, json_t *rows, rg_err *err);

#endif
