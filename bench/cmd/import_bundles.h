/* import_bundles.h: the part of `railgauge import` that takes bundles into a store. */
#ifndef RG_CMD_IMPORT_BUNDLES_H
#define RG_CMD_IMPORT_BUNDLES_H

#include <stdbool.h>

#include "bench/core/err.h"

/* Imports each folder, or, where one is no bundle, each bundle that lies in it. A bundle that
 * cannot be imported is reported on stderr and the others go on; the first one's status is
 * returned, with `err` saying how many. A line (or with `json` one document) on stdout. */
rg_status rg_import_bundles(const char *const *dirs, size_t n, const char *store, const char *who,
                            bool json, rg_err *err);

#endif
