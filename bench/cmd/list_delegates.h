/* list_delegates.h: `railgauge list delegates`: plug-ins of TensorFlow Lite that are known by name
 * (devices/delegates.lua). */
#ifndef RG_CMD_LIST_DELEGATES_H
#define RG_CMD_LIST_DELEGATES_H

#include <jansson.h>

#include "bench/core/err.h"
#include "bench/core/root.h"

/* One row an entry: all that the table says of it, with kind (grade of its source), why (libraries,
 * keys and note in words) and try (how to have it). Nothing is opened. */
rg_status rg_list_delegates(rg_root *root, json_t *rows, rg_err *err);

#endif
