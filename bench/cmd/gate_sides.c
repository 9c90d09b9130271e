/* gate_sides.c: a side of the gate from a folder or from a store. */
#include "bench/cmd/gate_sides.h"

#include <stdlib.h>
#include <string.h>

#include "bench/cmd/stores.h"
#include "bench/core/fs.h"
#include "bench/core/json.h"

static rg_status load_bundle(const char *dir, rg_gate_loaded *loaded, rg_err *err) {
    rg_status status = rg_bundle_open(dir, &loaded->bundle, err);
    if (status == RG_OK && rg_bundle_finished(loaded->bundle))
        status = rg_bundle_verify(loaded->bundle, err);
    if (status == RG_ABSENT) /* a file that is not there; code 5 is kept for devices */
        status = err->status = RG_IO;
    if (status != RG_OK)
        return status;
    loaded->side = rg_gate_side_of(loaded->bundle);
    if (!loaded->side.records && loaded->side.cells) {
        status = rg_bundle_derive(loaded->bundle, &loaded->derived, err);
        loaded->side.records = loaded->derived;
    }
    return status;
}

static rg_status load_stored(const char *store_option, const char *word, rg_gate_loaded *loaded,
                             rg_err *err) {
    rg_store *store = NULL;
    rg_status status = rg_store_open_named(store_option, RG_STORE_READ, &store, err);
    if (status == RG_OK)
        status = rg_store_side_load(store, word, &loaded->stored, err);
    if (status == RG_OK)
        loaded->side = loaded->stored.side;
    rg_store_close(store);
    return status;
}

rg_status rg_gate_load(const char *store, const char *word, rg_gate_loaded *ret_loaded,
                       rg_err *err) {
    bool store_named = *store || getenv("RAILGAUGE_STORE");
    *ret_loaded = (rg_gate_loaded){0};
    if (store_named && !rg_fs_exists(word))
        return load_stored(store, word, ret_loaded, err);
    if (!rg_fs_exists(word) && !strchr(word, '/'))
        return rg_fail(err, RG_IO, "a baseline's name needs its store: --store lab.db",
                       "there is no bundle %s", word);
    return load_bundle(word, ret_loaded, err);
}

rg_status rg_gate_read_expected(const char *path, json_t **ret_file, rg_err *err) {
    json_t *file = NULL;
    rg_status status = rg_json_read(path, &file, err);
    if (status == RG_OK)
        status = rg_gate_expect_check(file, path, err);
    if (status == RG_OK)
        *ret_file = file;
    else
        json_decref(file);
    return status;
}

void rg_gate_unload(rg_gate_loaded *loaded) {
    json_decref(loaded->derived);
    rg_bundle_close(loaded->bundle);
    rg_store_side_free(&loaded->stored);
    *loaded = (rg_gate_loaded){0};
}
