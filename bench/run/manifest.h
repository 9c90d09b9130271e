/* manifest.h: DIR/manifest.json of an export: written model by model, and read once more to make
 * room for the next. run/export.c makes the entries. */
#ifndef RG_RUN_MANIFEST_H
#define RG_RUN_MANIFEST_H

#include <jansson.h>
#include <stdbool.h>

#include "bench/core/err.h"

/* Writes the manifest of the entries so far; `complete`: nothing follows. RG_IO, RG_NO_MEMORY. */
rg_status rg_manifest_write(const char *folder, json_t *models, bool complete, rg_err *err);

/* Removes the files that an older manifest in the folder lists, then the manifest; what else lies
 * there stays, and so does everything where there is no manifest of ours. RG_IO. */
rg_status rg_manifest_clear(const char *folder, rg_err *err);

#endif
