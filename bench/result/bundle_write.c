/* bundle_write.c: growing a bundle in an order that no crash can break: content is synced before
 * its name counts, names are synced before the call returns. It comes from bundle_create.c or
 * bundle_resume.c; reading is in bundle_read.c, the manifest in manifest.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/fs.h"
#include "bench/core/json.h"
#include "bench/core/text.h"
#include "bench/iface/powerlog.h"
#include "bench/result/bundle_priv.h"
#include "bench/result/samples.h"

rg_status rg_bundle_no_memory(rg_err *err) {
    return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory writing the bundle");
}

json_t *rg_bundle_file_facts(const void *data, size_t bytes) {
    char hash[RG_HASH_HEX];
    rg_hash_bytes(data, bytes, hash);
    return json_pack("{s:I, s:s}", "bytes", (json_int_t)bytes, "sha256", hash);
}

rg_status rg_bundle_put_file(const rg_storage *s, rg_arena *arena, const char *dir,
                             const char *name, const void *data, size_t bytes, rg_err *err) {
    char *path = rg_fs_join(arena, dir, name);
    return path ? rg_storage_put(s, path, data, bytes, err) : rg_bundle_no_memory(err);
}

/* --- growing -------------------------------------------------------------------------------- */

/* Every put starts here: a writer, and no manifest that the change would belie. */
static rg_status begin_put(rg_bundle *bundle, rg_err *err) {
    const rg_storage *s = bundle->storage;
    if (!s)
        return rg_fail(err, RG_USAGE, NULL, "%s was opened for reading", bundle->dir);
    if (!bundle->finished)
        return RG_OK;
    char *path = rg_bundle_path(bundle, "MANIFEST.sha256");
    if (!path)
        return rg_bundle_no_memory(err);
    rg_status status = RG_OK;
    if (s->remove(s->user, path) < 0 || s->sync_dir(s->user, bundle->dir) < 0)
        status = rg_storage_fail(err, "remove", path);
    else
        bundle->finished = false;
    free(path);
    return status;
}

static rg_status put_lines(rg_bundle *bundle, const char *name, const json_t *list, rg_err *err) {
    rg_text text = {0};
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item) {
        char *line = json_is_object(item) ? rg_json_text(item, 0) : NULL;
        if (!line) {
            rg_text_free(&text);
            return rg_fail(err, RG_USAGE, NULL, "line %zu of %s is no JSON object", i + 1, name);
        }
        rg_text_printf(&text, "%s\n", line);
        free(line);
    }
    char *path = rg_bundle_path(bundle, name);
    rg_status status = path && !text.failed
                           ? rg_storage_put_atomic(bundle->storage, bundle->dir, path,
                                                   text.data ? text.data : "", text.bytes, err)
                           : rg_bundle_no_memory(err);
    free(path);
    rg_text_free(&text);
    return status;
}

rg_status rg_bundle_put_cells(rg_bundle *bundle, const json_t *cells, rg_err *err) {
    if (bundle->cells)
        return rg_fail(err, RG_USAGE, NULL, "the cells of %s are written already", bundle->dir);
    rg_status status = begin_put(bundle, err);
    if (status == RG_OK)
        status = put_lines(bundle, "cells.jsonl", cells, err);
    if (status == RG_OK && !(bundle->cells = json_deep_copy(cells)))
        status = rg_bundle_no_memory(err);
    return status;
}

rg_status rg_bundle_put_records(rg_bundle *bundle, const json_t *records, rg_err *err) {
    json_t *copy = json_deep_copy(records);
    rg_status status = copy ? begin_put(bundle, err) : rg_bundle_no_memory(err);
    if (status == RG_OK)
        status = put_lines(bundle, "records.jsonl", records, err);
    if (status != RG_OK) {
        json_decref(copy);
        return status;
    }
    json_decref(bundle->records);
    bundle->records = copy;
    return RG_OK;
}

/* --- rounds --------------------------------------------------------------------------------- */

/* Writes one raw file of the round and notes its size and hash. */
static rg_status put_raw(const rg_storage *s, rg_arena *arena, const char *dir, const char *name,
                         const void *data, size_t bytes, json_t *files, rg_err *err) {
    json_object_set_new(files, name, rg_bundle_file_facts(data, bytes));
    return rg_bundle_put_file(s, arena, dir, name, data, bytes, err);
}

static rg_status put_samples(const rg_storage *s, rg_arena *arena, const char *dir,
                             const rg_round *round, json_t *files, rg_err *err) {
    unsigned char *data = NULL;
    size_t bytes = 0;
    rg_status status = rg_samples_encode(round->samples, round->n_samples, &data, &bytes, err);
    if (status == RG_OK)
        status = put_raw(s, arena, dir, "samples.bin", data, bytes, files, err);
    free(data);
    return status;
}

static rg_status put_power(const rg_storage *s, rg_arena *arena, const char *dir,
                           const rg_round *round, json_t *files, rg_err *err) {
    rg_text text = {0};
    rg_status status =
        rg_powerlog_encode(round->rails, round->n_rails, round->power, round->n_power, &text, err);
    if (status == RG_OK)
        status = put_raw(s, arena, dir, "power.jsonl", text.data, text.bytes, files, err);
    rg_text_free(&text);
    return status;
}

static rg_status put_output(const rg_storage *s, rg_arena *arena, const char *dir,
                            const rg_round *round, json_t *files, rg_err *err) {
    size_t bytes = round->output ? round->output_bytes : 0;
    if (bytes > RG_BUNDLE_OUTPUT_LIMIT)
        bytes = RG_BUNDLE_OUTPUT_LIMIT;
    return put_raw(s, arena, dir, "output.txt", bytes ? round->output : "", bytes, files, err);
}

static rg_status put_record(const rg_storage *s, rg_arena *arena, const char *dir,
                            const rg_round *round, json_t *files, rg_err *err) {
    json_t *facts = json_copy(round->facts);
    if (facts)
        json_object_set(facts, "files", files);
    char *text = facts ? rg_json_text(facts, 2) : NULL;
    char *body = text ? rg_arena_printf(arena, "%s\n", text) : NULL;
    rg_status status =
        body ? rg_bundle_put_file(s, arena, dir, "record.json", body, strlen(body), err)
             : rg_bundle_no_memory(err);
    free(text);
    json_decref(facts);
    return status;
}

static rg_status fill_round(const rg_storage *s, rg_arena *arena, const char *dir,
                            const rg_round *round, rg_err *err) {
    json_t *files = json_object();
    if (!files)
        return rg_bundle_no_memory(err);
    rg_status status = put_samples(s, arena, dir, round, files, err);
    if (status == RG_OK)
        status = put_power(s, arena, dir, round, files, err);
    if (status == RG_OK)
        status = put_output(s, arena, dir, round, files, err);
    if (status == RG_OK)
        status = put_record(s, arena, dir, round, files, err);
    if (status == RG_OK && s->sync_dir(s->user, dir) < 0)
        status = rg_storage_fail(err, "sync", dir);
    json_decref(files);
    return status;
}

/* Under a temporary name first: the rename makes the round. */
static rg_status store_round(rg_bundle *bundle, rg_arena *arena, const rg_round *round,
                             rg_err *err) {
    const rg_storage *s = bundle->storage;
    char name[RG_BUNDLE_ROUND_NAME];
    rg_bundle_round_name(round->order, name);
    char *rounds = rg_fs_join(arena, bundle->dir, "rounds");
    char *final = rg_fs_join(arena, bundle->dir, name);
    char *part = rg_arena_printf(arena, "%s/%s.tmp", bundle->dir, name);
    if (!rounds || !final || !part)
        return rg_bundle_no_memory(err);
    if (rg_fs_exists(part) && s->remove(s->user, part) < 0)
        return rg_storage_fail(err, "remove", part);
    if (s->make_dir(s->user, part) < 0)
        return rg_storage_fail(err, "create folder", part);
    rg_status status = fill_round(s, arena, part, round, err);
    if (status == RG_OK && s->rename(s->user, part, final) < 0)
        status = rg_storage_fail(err, "rename", part);
    if (status != RG_OK)
        s->remove(s->user, part);
    else if (s->sync_dir(s->user, rounds) < 0)
        status = rg_storage_fail(err, "sync", rounds);
    return status;
}

static rg_status check_round(const rg_bundle *bundle, const rg_round *round, rg_err *err) {
    rg_status status;
    if (round->order > RG_BUNDLE_MAX_ORDER)
        return rg_fail(err, RG_USAGE, "split the scenario", "a bundle holds %d rounds at most",
                       RG_BUNDLE_MAX_ORDER + 1);
    if (rg_bundle_has_round(bundle, round->order))
        return rg_fail(err, RG_USAGE, NULL, "round %u is stored already", (unsigned)round->order);
    if (!rg_json_get_text(round->facts, "cell", NULL) ||
        rg_json_get_int(round->facts, "round", -1) < 0 ||
        !rg_status_from_word(rg_json_get_text(round->facts, "status", ""), &status))
        return rg_fail(err, RG_USAGE, NULL, "the facts of round %u lack cell, round or status",
                       (unsigned)round->order);
    return RG_OK;
}

rg_status rg_bundle_put_round(rg_bundle *bundle, const rg_round *round, rg_err *err) {
    rg_status status = check_round(bundle, round, err);
    if (status == RG_OK)
        status = begin_put(bundle, err);
    rg_arena *arena = status == RG_OK ? rg_arena_new(0) : NULL;
    if (status == RG_OK)
        status = arena ? store_round(bundle, arena, round, err) : rg_bundle_no_memory(err);
    rg_arena_free(arena);
    if (status == RG_OK)
        status = rg_bundle_add_round(bundle, round->order, err);
    else
        rg_err_prefix(err, "round %u", (unsigned)round->order);
    return status;
}
