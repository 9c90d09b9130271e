/* pairs.h: which compiled file belongs to which model: by the manifests of the folder where the one
 * lies, of folders in RAILGAUGE_ARTEFACTS (with colons between), and of those that `railgauge
 * compile` wrote before. manifest.h reads one of them; artefact.h asks. */
#ifndef RG_RUN_PAIRS_H
#define RG_RUN_PAIRS_H

#include "bench/core/arena.h"
#include "bench/core/err.h"
#include "bench/core/hash.h"
#include "bench/iface/target.h"

#define RG_PAIRS_VARIABLE "RAILGAUGE_ARTEFACTS"

/* The compiled file of that form and its hash. RG_ABSENT when nothing is paired with the source,
 * RG_INVALID when the only one changed since. */
rg_status rg_pairs_artefact(const rg_workload *source, const char *form, const char *architecture,
                            rg_arena *arena, const char **ret_path, char ret_sha256[RG_HASH_HEX],
                            rg_err *err);

/* The model that this file was compiled from. Same errors, RG_IO when it cannot be read. */
rg_status rg_pairs_source(const char *artefact, rg_arena *arena, const char **ret_path,
                          rg_err *err);

/* Notes that this folder has a manifest of compiled models, so that later runs find them. */
rg_status rg_pairs_remember(const char *folder, rg_err *err);

#endif
