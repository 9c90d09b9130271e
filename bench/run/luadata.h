/* luadata.h: tables that a person edits in Lua (devices/NAME.lua), as JSON. */
#ifndef RG_RUN_LUADATA_H
#define RG_RUN_LUADATA_H

#include <jansson.h>

#include "bench/core/err.h"

/* Runs the data file ("devices/boards.lua") in the sandbox and gives the table that it returns; a
 * new reference. RG_USAGE when it is broken. */
rg_status rg_luadata_read(const char *relative, json_t **ret_table, rg_err *err);

#endif
