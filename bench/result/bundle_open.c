/* bundle_open.c: opening a bundle with no trust in what it holds: schema, cells, records, the list
 * of rounds; and asking it. bundle_file.c reads its files, bundle_read.c its rounds. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/core/json.h"
#include "bench/result/bundle_priv.h"
#include "bench/result/record.h"
#include "rg_config.h"

static const char copy_again[] = "copy the bundle again, or measure again";

rg_status rg_bundle_handle(const char *dir, rg_bundle **ret_bundle, rg_err *err) {
    rg_bundle *bundle = calloc(1, sizeof *bundle);
    char *copy = strdup(dir);
    if (!bundle || !copy) {
        free(bundle);
        free(copy);
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    }
    for (size_t n = strlen(copy); n > 1 && copy[n - 1] == '/';)
        copy[--n] = '\0';
    bundle->dir = copy;
    bundle->fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (bundle->fd < 0) {
        int number = errno;
        rg_bundle_close(bundle);
        return rg_fail(err,
                       number == ENOENT    ? RG_ABSENT
                       : number == ENOTDIR ? RG_BAD_DATA
                                           : RG_DENIED,
                       "give the folder that `railgauge run` named at its end",
                       "cannot open bundle %s: %s", dir, strerror(number));
    }
    *ret_bundle = bundle;
    return RG_OK;
}

void rg_bundle_close(rg_bundle *bundle) {
    if (!bundle)
        return;
    if (bundle->fd >= 0)
        close(bundle->fd);
    json_decref(bundle->facts);
    json_decref(bundle->cells);
    json_decref(bundle->records);
    free(bundle->rounds);
    free(bundle->dir);
    free(bundle);
}

static rg_status check_schema(const rg_bundle *bundle, rg_err *err) {
    int64_t schema = rg_json_get_int(bundle->facts, "schema", 0);
    if (schema < 1)
        return rg_fail(err, RG_BAD_DATA, copy_again, "bundle.json names no schema version");
    if (schema > RG_SCHEMA_VERSION) {
        char advice[160];
        snprintf(advice, sizeof advice, "use railgauge %.40s or later (this is %s)",
                 rg_json_get_text(bundle->facts, "needs", "of a newer version"), RG_VERSION);
        return rg_fail(err, RG_BAD_DATA, advice,
                       "the bundle has schema %lld; this program reads up to %d", (long long)schema,
                       RG_SCHEMA_VERSION);
    }
    const char *hash = rg_bundle_plan_hash(bundle);
    if (strlen(hash) != RG_HASH_HEX - 1 || strspn(hash, "0123456789abcdef") != RG_HASH_HEX - 1)
        return rg_fail(err, RG_BAD_DATA, copy_again, "bundle.json names no plan hash");
    return RG_OK;
}

rg_status rg_bundle_add_round(rg_bundle *bundle, uint32_t order, rg_err *err) {
    if (bundle->n_rounds == bundle->cap_rounds) {
        size_t cap = bundle->cap_rounds ? 2 * bundle->cap_rounds : 64;
        uint32_t *bigger = realloc(bundle->rounds, cap * sizeof *bigger);
        if (!bigger)
            return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
        bundle->rounds = bigger;
        bundle->cap_rounds = cap;
    }
    size_t at = bundle->n_rounds++;
    for (; at && bundle->rounds[at - 1] > order; at--)
        bundle->rounds[at] = bundle->rounds[at - 1];
    bundle->rounds[at] = order;
    return RG_OK;
}

/* Five digits make a complete round; "NNNNN.tmp" and anything else is none. */
static bool round_order(const char *name, uint32_t *ret) {
    if (strlen(name) != 5 || strspn(name, "0123456789") != 5)
        return false;
    *ret = (uint32_t)strtoul(name, NULL, 10);
    return true;
}

/* Calls `each` for every name in rounds/; no such folder is fine. */
static rg_status each_round(rg_bundle *bundle,
                            rg_status (*each)(rg_bundle *, const char *name, rg_err *),
                            rg_err *err) {
    int fd = rg_bundle_open_inside(bundle->fd, "rounds", O_DIRECTORY);
    if (fd < 0 && errno == ENOENT)
        return RG_OK;
    if (fd < 0)
        return rg_bundle_open_error(err, "rounds");
    DIR *dir = fdopendir(fd);
    if (!dir) {
        close(fd);
        return rg_fail(err, RG_NO_MEMORY, NULL, "cannot list rounds: %s", strerror(errno));
    }
    rg_status status = RG_OK;
    for (struct dirent *entry; status == RG_OK && (entry = readdir(dir));)
        status = each(bundle, entry->d_name, err);
    closedir(dir);
    return status;
}

static rg_status note_round(rg_bundle *bundle, const char *name, rg_err *err) {
    uint32_t order;
    return round_order(name, &order) ? rg_bundle_add_round(bundle, order, err) : RG_OK;
}

static rg_status remove_part(rg_bundle *bundle, const char *name, rg_err *err) {
    size_t n = strlen(name);
    if (n < 4 || strcmp(name + n - 4, ".tmp"))
        return RG_OK;
    char *path = NULL;
    if (asprintf(&path, "%s/rounds/%s", bundle->dir, name) < 0)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    rg_status status = bundle->storage->remove(bundle->storage->user, path) < 0
                           ? rg_storage_fail(err, "remove", path)
                           : RG_OK;
    free(path);
    return status;
}

rg_status rg_bundle_remove_part_rounds(rg_bundle *bundle, rg_err *err) {
    return each_round(bundle, remove_part, err);
}

static bool has_manifest(const rg_bundle *bundle) {
    struct stat info;
    return fstatat(bundle->fd, "MANIFEST.sha256", &info, AT_SYMLINK_NOFOLLOW) == 0 &&
           S_ISREG(info.st_mode);
}

rg_status rg_bundle_load(rg_bundle *bundle, rg_err *err) {
    rg_status status = rg_bundle_read_json(bundle, "bundle.json", &bundle->facts, err);
    if (status == RG_ABSENT)
        return rg_fail(err, RG_BAD_DATA, "give the folder that `railgauge run` named at its end",
                       "%s is not a bundle: it has no bundle.json", bundle->dir);
    if (status == RG_OK)
        status = check_schema(bundle, err);
    if (status == RG_OK)
        status = rg_bundle_read_lines(bundle, "cells.jsonl", &bundle->cells, err);
    if (status == RG_OK)
        status = rg_bundle_read_lines(bundle, "records.jsonl", &bundle->records, err);
    if (status == RG_OK)
        status = each_round(bundle, note_round, err);
    bundle->finished = has_manifest(bundle);
    if (status != RG_OK)
        rg_err_prefix(err, "%s", bundle->dir);
    return status;
}

rg_status rg_bundle_open(const char *dir, rg_bundle **ret_bundle, rg_err *err) {
    rg_bundle *bundle;
    rg_status status = rg_bundle_handle(dir, &bundle, err);
    if (status != RG_OK)
        return status;
    status = rg_bundle_load(bundle, err);
    if (status == RG_OK)
        *ret_bundle = bundle;
    else
        rg_bundle_close(bundle);
    return status;
}

/* --- asking --------------------------------------------------------------------------------- */

const char *rg_bundle_dir(const rg_bundle *bundle) {
    return bundle->dir;
}

bool rg_bundle_finished(const rg_bundle *bundle) {
    return bundle->finished;
}

const json_t *rg_bundle_facts(const rg_bundle *bundle) {
    return bundle->facts;
}

const json_t *rg_bundle_cells(const rg_bundle *bundle) {
    return bundle->cells;
}

const json_t *rg_bundle_records(const rg_bundle *bundle) {
    return bundle->records;
}

const char *rg_bundle_plan_hash(const rg_bundle *bundle) {
    return rg_json_get_text(json_object_get(bundle->facts, "plan"), "hash", "");
}

const uint32_t *rg_bundle_rounds(const rg_bundle *bundle, size_t *ret_n) {
    *ret_n = bundle->n_rounds;
    return bundle->rounds;
}

bool rg_bundle_has_round(const rg_bundle *bundle, uint32_t order) {
    for (size_t i = 0; i < bundle->n_rounds; i++) {
        if (bundle->rounds[i] == order)
            return true;
    }
    return false;
}
