/* imported.h: what other tools measured, as a bundle: a cell and a round a result, provenance
 * `imported`, samples where the tool tells them, its own figures where it tells nothing else. */
#ifndef RG_RESULT_IMPORTED_H
#define RG_RESULT_IMPORTED_H

#include "bench/iface/foreign.h"

typedef struct rg_imported_spec {
    const char *out;    /* parent folder, made when missing */
    const char *format; /* the tool, which is the cells' target */
    const char *const *files;
    const char *const *sha256; /* of each file */
    size_t n_files;
} rg_imported_spec;

/* Writes a finished bundle; its folder in `ret_dir`, in the arena. RG_USAGE for an empty list,
 * RG_IO, RG_NO_MEMORY. */
rg_status rg_imported_write(const rg_foreign_list *list, const rg_imported_spec *spec,
                            rg_arena *arena, const char **ret_dir, rg_err *err);

#endif
