/* manifest.h: DIR/manifest.json of an export or of compiled models: written model by model, read to
 * make room for the next, and to find what belongs together. run/export.c and `compile` make the
 * entries; run/artefact.c asks. A row of `files` that was made from another file has, beside
 * "file", "format", "bytes" and "sha256" of itself, "source" (that file; relative to the folder, or
 * absolute) and "source_sha256", and "architecture" where it fits one kind of device only. */
#ifndef RG_RUN_MANIFEST_H
#define RG_RUN_MANIFEST_H

#include <jansson.h>
#include <stdbool.h>

#include "bench/core/arena.h"
#include "bench/core/err.h"

/* Writes the manifest of the entries so far; `complete`: nothing follows. RG_IO, RG_NO_MEMORY. */
rg_status rg_manifest_write(const char *folder, json_t *models, bool complete, rg_err *err);

/* Removes the files that an older manifest in the folder lists, then the manifest; what else lies
 * there stays, and so does everything where there is no manifest of ours. RG_IO. */
rg_status rg_manifest_clear(const char *folder, rg_err *err);

/* The file of this form that the folder's manifest pairs with the source of that hash, into the
 * arena; `architecture` "" takes any. RG_ABSENT when there is none, RG_INVALID when the file is no
 * longer the one that was paired. */
rg_status rg_manifest_artefact(const char *folder, const char *source_sha256, const char *form,
                               const char *architecture, rg_arena *arena, const char **ret_path,
                               rg_err *err);

/* The other way round: the source of the artefact with that hash. Same errors. */
rg_status rg_manifest_source(const char *folder, const char *artefact_sha256, rg_arena *arena,
                             const char **ret_path, rg_err *err);

#endif
