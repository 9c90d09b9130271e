/* list_rails.h: the rails of `railgauge list rails`, as rows and as text. */
#ifndef RG_CMD_LIST_RAILS_H
#define RG_CMD_LIST_RAILS_H

#include <jansson.h>

#include "bench/core/err.h"
#include "bench/core/root.h"

/* Appends a row for each rail, with the board table's roles, and one for each sensor that has none.
 * Errors of the board table only. */
rg_status rg_list_rails(rg_root *root, json_t *rows, rg_err *err);

/* Prints such rows for a terminal of 80 columns: a line with name and role, below it the rest. */
void rg_list_rails_print(const json_t *rows);

#endif
