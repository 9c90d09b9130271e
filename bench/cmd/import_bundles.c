/* import_bundles.c: bundles into a store, one transaction each; what cannot be imported is said and
 * left out. */
#include "bench/cmd/import_bundles.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/cmd/args.h"
#include "bench/cmd/stores.h"
#include "bench/core/arena.h"
#include "bench/core/fs.h"
#include "bench/core/json.h"

/* One call of the verb. */
typedef struct import_job {
    rg_store *store;
    rg_arena *arena;
    const char *who;
    json_t *lines; /* NULL: text */
    size_t imported, known, refused;
    rg_status first; /* of what was refused */
} import_job;

static void tell(const import_job *job, const char *dir, const rg_store_imported *result) {
    const char *word = result->known ? "known" : "imported";
    if (!job->lines) {
        printf("%-8s  %.12s  %s\n", word, result->bundle, dir);
        return;
    }
    json_t *path = rg_json_clean(dir);
    json_array_append_new(job->lines, json_pack("{s:s, s:s, s:o, s:I, s:I}", "result", word,
                                                "bundle", result->bundle, "path", path, "cells",
                                                (json_int_t)result->cells, "rounds",
                                                (json_int_t)result->rounds));
}

/* Trouble with one bundle leaves the others alone; trouble with the store would meet them all. */
static rg_status import_one(import_job *job, const char *dir, rg_err *err) {
    rg_store_imported result;
    rg_status status = rg_store_import(job->store, dir, job->who, &result, err);
    if (status == RG_OK) {
        job->imported += !result.known;
        job->known += result.known;
        tell(job, dir, &result);
    } else if (status == RG_BAD_DATA || status == RG_INVALID) {
        rg_report_error("import", err);
        job->first = job->refused++ ? job->first : status;
        status = RG_OK;
    }
    return status;
}

static int plain_name(const struct dirent *entry) {
    size_t n = strlen(entry->d_name);
    return entry->d_name[0] != '.' && (n < 4 || strcmp(entry->d_name + n - 4, ".tmp"));
}

static bool is_bundle(const import_job *job, const char *dir) {
    const char *path = rg_fs_join(job->arena, dir, "bundle.json");
    return path && rg_fs_exists(path);
}

/* A folder of bundles, in the order of their names. */
static rg_status import_inside(import_job *job, const char *dir, rg_err *err) {
    struct dirent **names = NULL;
    int n = scandir(dir, &names, plain_name, alphasort);
    size_t found = 0;
    rg_status status = RG_OK;
    for (int i = 0; i < n; i++) {
        const char *path = rg_fs_join(job->arena, dir, names[i]->d_name);
        if (status == RG_OK && path && is_bundle(job, path)) {
            found++;
            status = import_one(job, path, err);
        }
        free(names[i]);
    }
    free(names);
    return status == RG_OK && !found ? import_one(job, dir, err) : status; /* which says why not */
}

static void summarise(const import_job *job) {
    fprintf(stderr, "%zu imported, %zu known already", job->imported, job->known);
    if (job->refused)
        fprintf(stderr, ", %zu refused", job->refused);
    fputc('\n', stderr);
}

static rg_status import_all(import_job *job, const char *const *dirs, size_t n, rg_err *err) {
    rg_status status = RG_OK;
    for (size_t i = 0; status == RG_OK && i < n; i++)
        status = is_bundle(job, dirs[i]) ? import_one(job, dirs[i], err)
                                         : import_inside(job, dirs[i], err);
    if (job->lines) {
        rg_status printed = rg_print_json(job->lines, status == RG_OK ? err : NULL);
        status = status == RG_OK ? printed : status;
    }
    summarise(job);
    if (status == RG_OK && job->refused)
        status = rg_fail(err, job->first, NULL, "%zu of %zu bundles were refused", job->refused,
                         job->refused + job->imported + job->known);
    return status;
}

rg_status rg_import_bundles(const char *const *dirs, size_t n, const char *store, const char *who,
                            bool json, rg_err *err) {
    import_job job = {.arena = rg_arena_new(0), .who = *who ? who : rg_store_who()};
    rg_status status = rg_store_open_named(store, RG_STORE_CREATE, &job.store, err);
    if (json)
        job.lines = json_array();
    if (status == RG_OK && (!job.arena || (json && !job.lines)))
        status = rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    if (status == RG_OK)
        status = import_all(&job, dirs, n, err);
    json_decref(job.lines);
    rg_store_close(job.store);
    rg_arena_free(job.arena);
    return status;
}
