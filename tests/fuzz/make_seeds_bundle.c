/* make_seeds_bundle.c: a small run's bundle in the one-file form of fuzz_bundle.c, with places for
 * its hashes: whole, with a link or a pipe where a file should be, and with its cells cut off. */
#include <string.h>
#include <unistd.h>

#include "bench/core/fs.h"
#include "bench/core/text.h"
#include "bench/result/bundle.h"
#include "fuzz.h"
#include "tests/doubles/small_run.h"

/* Hashes are put in top down, so that record.json and the manifest come behind what they name. */
static const char *const files[] = {
    "bundle.json",
    "scenario.lua",
    "lib/nets.lua",
    "cells.jsonl",
    "records.jsonl",
    "rounds/00000/samples.bin",
    "rounds/00000/power.jsonl",
    "rounds/00000/output.txt",
    "rounds/00000/record.json",
    "MANIFEST.sha256",
};
enum { N_FILES = sizeof files / sizeof files[0], MOST_BYTES = 1 << 20 };

/* Every hash of a file written so far becomes %path%. */
static void add_with_places(rg_text *to, const char *from, size_t bytes,
                            const char (*hashes)[RG_HASH_HEX], size_t n) {
    for (size_t used = 0; used < bytes; used++) {
        size_t i = 0;
        while (i < n && (bytes - used < RG_HASH_HEX - 1 ||
                         memcmp(from + used, hashes[i], RG_HASH_HEX - 1) != 0))
            i++;
        if (i < n)
            rg_text_printf(to, "%%%s%%", files[i]);
        else
            rg_text_add_bytes(to, from + used, 1);
        used += i < n ? RG_HASH_HEX - 2 : 0;
    }
}

static rg_status add_file(rg_text *to, const char *dir, size_t i, char (*hashes)[RG_HASH_HEX],
                          rg_err *err) {
    char path[256], *data;
    size_t bytes;
    rg_arena *arena = rg_arena_new(0);
    snprintf(path, sizeof path, "%s/%s", dir, files[i]);
    rg_status status = arena ? rg_fs_read(arena, path, MOST_BYTES, &data, &bytes, err)
                             : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    if (status == RG_OK) {
        rg_hash_bytes(data, bytes, hashes[i]);
        if (strstr(path, "samples.bin"))
            memcpy(data + bytes - 8, "CHECKSUM", 8);
        rg_text_printf(to, "@@ %s\n", files[i]);
        add_with_places(to, data, bytes, (const char(*)[RG_HASH_HEX])hashes, i);
        rg_text_add(to, i + 1 < N_FILES ? "\n" : "");
    }
    rg_arena_free(arena);
    return status;
}

/* A finished bundle of one round at `dir`. */
static rg_status write_run(char *dir, rg_err *err) {
    small_run run;
    rg_bundle *bundle = NULL;
    small_run_fill(&run, dir);
    run.spec.dir = dir;
    rg_status status = rg_bundle_create(&run.spec, &bundle, err);
    json_t *cells = small_run_cells(&run), *records = small_run_records(&run);
    if (status == RG_OK)
        status = rg_bundle_put_cells(bundle, cells, err);
    if (status == RG_OK)
        status = small_run_put(&run, bundle, 0, err);
    if (status == RG_OK)
        status = rg_bundle_put_records(bundle, records, err);
    if (status == RG_OK)
        status = rg_bundle_finish(bundle, err);
    rg_bundle_close(bundle);
    json_decref(cells);
    json_decref(records);
    small_run_free(&run);
    return status;
}

/* The same without the line end behind the last cell. */
static rg_status put_cut_off(const char *folder, const rg_text *whole, rg_err *err) {
    const char *at = strstr(whole->data, "\n@@ records.jsonl");
    rg_text cut = {0};
    if (!at)
        return rg_fail(err, RG_BAD_DATA, NULL, "the seed has no records");
    size_t n = (size_t)(at - whole->data);
    rg_text_add_bytes(&cut, whole->data, n - 1);
    rg_text_add_bytes(&cut, at, whole->bytes - n);
    rg_status status = put_seed(folder, "cut-off", cut.data, cut.bytes, err);
    rg_text_free(&cut);
    return status;
}

static rg_status put_seeds(const char *folder, const rg_text *whole, rg_err *err) {
    static const char link[] = "@@l rounds/00001\n../rounds/00000\n",
                      pipe[] = "@@p rounds/00002/record.json\n\n";
    rg_text more = {0};
    rg_text_add_bytes(&more, link, sizeof link - 1);
    rg_text_add_bytes(&more, pipe, sizeof pipe - 1);
    rg_text_add_bytes(&more, whole->data, whole->bytes);
    rg_status status = put_seed(folder, "whole", whole->data, whole->bytes, err);
    if (status == RG_OK)
        status = put_seed(folder, "links", more.data, more.bytes, err);
    if (status == RG_OK)
        status = put_cut_off(folder, whole, err);
    rg_text_free(&more);
    return status;
}

rg_status make_seeds_bundle(const char *folder, rg_err *err) {
    char top[] = "/tmp/rg-seeds-XXXXXX", dir[64], hashes[N_FILES][RG_HASH_HEX];
    rg_text whole = {0};
    if (!mkdtemp(top))
        return rg_fail(err, RG_IO, NULL, "cannot make a folder in /tmp");
    snprintf(dir, sizeof dir, "%s/b", top);
    rg_status status = write_run(dir, err);
    for (size_t i = 0; status == RG_OK && i < N_FILES; i++)
        status = add_file(&whole, dir, i, hashes, err);
    if (status == RG_OK)
        status = put_seeds(folder, &whole, err);
    rg_fs_remove_tree(top, NULL);
    rg_text_free(&whole);
    return status;
}
