/* bundle_resume.c: opening a bundle to write on: the lock against a second writer, the same plan or
 * what differs from it, and the leftovers of a cut-off write removed. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>

#include "bench/core/fs.h"
#include "bench/core/json.h"
#include "bench/core/text.h"
#include "bench/result/bundle_priv.h"

static rg_status lock(rg_bundle *bundle, rg_err *err) {
    if (flock(bundle->fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
        return RG_OK; /* file systems without locks exist; nothing is lost but the guard */
    return rg_fail(err, RG_DENIED, "wait for it to end", "%s is being written by another process",
                   bundle->dir);
}

rg_status rg_bundle_open_to_write(const char *dir, const rg_storage *storage,
                                  rg_bundle **ret_bundle, rg_err *err) {
    rg_bundle *bundle;
    rg_status status = rg_bundle_handle(dir, &bundle, err);
    if (status != RG_OK)
        return status;
    bundle->storage = storage;
    status = lock(bundle, err);
    if (status == RG_OK)
        status = rg_bundle_load(bundle, err);
    if (status == RG_OK)
        *ret_bundle = bundle;
    else
        rg_bundle_close(bundle);
    return status;
}

static bool has_key(const json_t *cells, const char *key) {
    size_t i;
    json_t *line;
    json_array_foreach(cells, i, line) {
        if (!strcmp(rg_json_get_text(line, "key", ""), key))
            return true;
    }
    return false;
}

/* Words for what tells two plans apart; the bundle's cells may not be written yet. */
static rg_status differs(const rg_bundle *bundle, const rg_plan *plan, rg_err *err) {
    const json_t *old = json_object_get(bundle->facts, "plan");
    const char *name = rg_json_get_text(json_object_get(bundle->facts, "scenario"), "name", "");
    int64_t rounds = rg_json_get_int(old, "rounds", 0), cells = rg_json_get_int(old, "cells", 0);
    rg_text words = {0};
    if (plan->name && strcmp(plan->name, name))
        rg_text_printf(&words, "the scenario was '%s', now '%s'; ", name, plan->name);
    if (cells != (int64_t)plan->n_cells)
        rg_text_printf(&words, "it had %lld cells, now %zu; ", (long long)cells, plan->n_cells);
    if (rounds != plan->rounds)
        rg_text_printf(&words, "it had %lld rounds, now %u; ", (long long)rounds,
                       (unsigned)plan->rounds);
    size_t fresh = 0;
    const char *first = "";
    for (size_t i = 0; bundle->cells && i < plan->n_cells; i++) {
        if (!has_key(bundle->cells, plan->cells[i].key) && !fresh++)
            first = plan->cells[i].name;
    }
    if (fresh)
        rg_text_printf(&words, "%zu cells are new, the first is %s; ", fresh, first);
    if (!words.bytes)
        rg_text_add(&words, "the order of its cells or what they measure changed; ");
    rg_status status =
        rg_fail(err, RG_INVALID,
                "resume with the scenario and the --set values of the first run (bundle.json, "
                "scenario.lua), or start a new bundle with --out",
                "%s was made by another plan: %splan hash %.8s, now %.8s", bundle->dir,
                words.data ? words.data : "", rg_bundle_plan_hash(bundle), plan->hash);
    rg_text_free(&words);
    return status;
}

/* Removes what a cut-off write left: rounds/NNNNN.tmp and temporary files at the top. */
static rg_status remove_leftovers(rg_bundle *bundle, rg_err *err) {
    static const char *const files[] = {"cells.jsonl.tmp", "records.jsonl.tmp",
                                        "MANIFEST.sha256.tmp"};
    rg_status status = rg_bundle_remove_part_rounds(bundle, err);
    for (size_t i = 0; status == RG_OK && i < sizeof files / sizeof files[0]; i++) {
        char *path = rg_bundle_path(bundle, files[i]);
        if (!path)
            return rg_bundle_no_memory(err);
        if (rg_fs_exists(path) && bundle->storage->remove(bundle->storage->user, path) < 0)
            status = rg_storage_fail(err, "remove", path);
        free(path);
    }
    return status;
}

rg_status rg_bundle_resume(const char *dir, const rg_plan *plan, const rg_storage *storage,
                           rg_bundle **ret_bundle, rg_err *err) {
    rg_bundle *bundle;
    rg_status status =
        rg_bundle_open_to_write(dir, storage ? storage : &rg_storage_real, &bundle, err);
    if (status != RG_OK)
        return status;
    if (strcmp(rg_bundle_plan_hash(bundle), plan->hash))
        status = differs(bundle, plan, err);
    if (status == RG_OK)
        status = remove_leftovers(bundle, err);
    if (status == RG_OK)
        *ret_bundle = bundle;
    else
        rg_bundle_close(bundle);
    return status;
}
