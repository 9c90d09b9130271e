/* store_import.c: a bundle becomes part of the store: one transaction, its files checked against
 * the manifest while they go in. What stands in tables is written by store_import_rows.c. */
#include <stdio.h>
#include <string.h>

#include "bench/core/json.h"
#include "bench/result/store_priv.h"
#include "rg_config.h"

static rg_status is_known(rg_store *store, const char *bundle, bool *ret_known, rg_err *err) {
    int64_t id = 0;
    rg_status status =
        rg_store_one_int(store, RG_SQL_RUN_KNOWN,
                         rg_store_start(store, RG_SQL_RUN_KNOWN, err, "t", bundle), 0, &id, err);
    if (status == RG_OK)
        *ret_known = id != 0;
    return status;
}

static bool is_round_record(const char *path, unsigned *ret_place) {
    int used = 0;
    return sscanf(path, "rounds/%5u/record.json%n", ret_place, &used) == 1 && used && !path[used];
}

static rg_status put_file(void *user, const char *path, const void *data, size_t bytes,
                          const char *hash, rg_err *err) {
    rg_store_writer *writer = user;
    rg_store *store = writer->store;
    rg_status status =
        rg_store_do(store, RG_SQL_PUT_BLOB, err, "tib", hash, (int64_t)bytes, data, bytes);
    if (status == RG_OK)
        status = rg_store_do(store, RG_SQL_PUT_FILE, err, "itt", writer->run_id, path, hash);
    writer->bytes += (int64_t)bytes;
    unsigned place;
    if (status == RG_OK && is_round_record(path, &place))
        status = rg_store_put_round(writer, place, data, bytes, err);
    return status;
}

/* The manifest names all files but itself, and a signature where there is one. */
static rg_status put_manifest(rg_store_writer *writer, rg_err *err) {
    static const char *const names[] = {"MANIFEST.sha256", "MANIFEST.sig"};
    rg_arena *arena = rg_arena_new(0);
    rg_status status = arena ? RG_OK : rg_store_no_memory(err);
    for (size_t i = 0; status == RG_OK && i < 2; i++) {
        char *data, hash[RG_HASH_HEX];
        size_t bytes;
        status = rg_bundle_read_text(writer->bundle, names[i], arena, &data, &bytes, err);
        if (status == RG_ABSENT && i == 1) {
            status = RG_OK;
            break;
        }
        if (status == RG_OK) {
            rg_hash_bytes(data, bytes, hash);
            status = put_file(writer, names[i], data, bytes, hash, err);
        }
    }
    rg_arena_free(arena);
    return status;
}

static rg_status put_log(rg_store_writer *writer, const char *now, const char *who, rg_err *err) {
    rg_store *store = writer->store;
    int64_t id = 0;
    rg_status status = rg_store_one_int(
        store, RG_SQL_NEXT_LOG, rg_store_start(store, RG_SQL_NEXT_LOG, err, ""), 1, &id, err);
    return status == RG_OK ? rg_store_do(store, RG_SQL_PUT_LOG, err, "iitttt", id, writer->run_id,
                                         now, who, rg_bundle_dir(writer->bundle), RG_VERSION)
                           : status;
}

static rg_status put_all(rg_store_writer *writer, const char *who, rg_store_imported *result,
                         rg_err *err) {
    char now[RG_STORE_TIME];
    rg_store_now(now);
    rg_status status = is_known(writer->store, result->bundle, &result->known, err);
    if (status != RG_OK || result->known)
        return status;
    status = rg_store_put_run(writer, result->bundle, now, err);
    if (status == RG_OK)
        status = rg_bundle_each_file(writer->bundle, put_file, writer, err);
    if (status == RG_OK)
        status = put_manifest(writer, err);
    if (status == RG_OK)
        status =
            rg_store_do(writer->store, RG_SQL_SET_BYTES, err, "ii", writer->bytes, writer->run_id);
    return status == RG_OK ? put_log(writer, now, who, err) : status;
}

static rg_status import_bundle(rg_store *store, const rg_bundle *bundle, const char *who,
                               rg_store_imported *result, rg_err *err) {
    rg_store_writer writer = {.store = store, .bundle = bundle, .cell_ids = json_object()};
    rg_status status = rg_bundle_id(bundle, result->bundle, err);
    if (status == RG_ABSENT)
        status = err ? (err->status = RG_BAD_DATA) : RG_BAD_DATA;
    if (status == RG_OK && !writer.cell_ids)
        status = rg_store_no_memory(err);
    if (status == RG_OK)
        status = is_known(store, result->bundle, &result->known, err);
    if (status == RG_OK && !result->known && (status = rg_store_begin(store, err)) == RG_OK)
        status = rg_store_commit(store, put_all(&writer, who, result, err), err);
    size_t rounds;
    rg_bundle_rounds(bundle, &rounds);
    result->rounds = (int64_t)rounds;
    result->cells = (int64_t)json_array_size(rg_bundle_cells(bundle));
    json_decref(writer.cell_ids);
    return status;
}

rg_status rg_store_import(rg_store *store, const char *dir, const char *who,
                          rg_store_imported *ret_imported, rg_err *err) {
    rg_bundle *bundle = NULL;
    rg_store_imported result = {.known = false};
    rg_status status = rg_bundle_open(dir, &bundle, err);
    if (status == RG_ABSENT) /* a file that is not there; code 5 is kept for devices */
        status = err ? (err->status = RG_IO) : RG_IO;
    if (status == RG_OK)
        status = import_bundle(store, bundle, who, &result, err);
    if (status == RG_OK)
        *ret_imported = result;
    rg_bundle_close(bundle);
    return status;
}
