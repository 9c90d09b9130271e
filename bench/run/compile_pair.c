/* compile_pair.c: artefacts in the manifest, each beside its source's hash: see compile.h and
 * manifest.h. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bench/core/fs.h"
#include "bench/core/hash.h"
#include "bench/core/json.h"
#include "bench/run/compile.h"
#include "bench/run/manifest.h"

rg_status rg_compile_entries(const char *folder, json_t **ret_entries, rg_err *err) {
    rg_arena *arena = rg_arena_new(0);
    char *path = arena ? rg_fs_join(arena, folder, "manifest.json") : NULL;
    json_t *all = NULL;
    rg_status status = path ? RG_OK : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    if (path && rg_fs_exists(path))
        status = rg_json_read(path, &all, err);
    if (all && strcmp(rg_json_get_text(all, "program", ""), "railgauge"))
        status = rg_fail(err, RG_BAD_DATA, "another folder", "%s is not ours", path);
    if (status == RG_OK) {
        json_t *models = json_object_get(all, "models");
        *ret_entries = json_is_array(models) ? json_incref(models) : json_array();
    }
    json_decref(all);
    rg_arena_free(arena);
    return status;
}

/* The entry of that name, which is made when there is none; borrowed. */
static json_t *entry_of(json_t *entries, const char *name) {
    for (size_t i = 0; i < json_array_size(entries); i++) {
        json_t *entry = json_array_get(entries, i);
        if (!strcmp(rg_json_get_text(entry, "name", ""), name))
            return entry;
    }
    json_t *entry = json_pack("{s:s, s:[]}", "name", name, "files");
    json_array_append_new(entries, entry);
    return entry;
}

/* An older row of the same file and source goes. */
static void forget(json_t *files, const char *file, const char *source_sha256) {
    for (size_t i = json_array_size(files); i-- > 0;) {
        const json_t *row = json_array_get(files, i);
        if (!strcmp(rg_json_get_text(row, "file", ""), file) &&
            !strcmp(rg_json_get_text(row, "source_sha256", ""), source_sha256))
            json_array_remove(files, i);
    }
}

static json_t *compiler_json(const rg_compile_ask *ask, const rg_compiled *compiled) {
    rg_text commands = {0};
    json_t *one = json_object(), *list = json_array();
    json_object_set_new(one, "name", json_string(ask->compiler->program));
    json_object_set_new(one, "version",
                        *compiled->version ? rg_json_clean(compiled->version) : json_null());
    json_object_set_new(one, "seconds", json_real(compiled->seconds));
    json_object_set_new(one, "log", rg_json_clean(compiled->log));
    if (rg_compile_commands(ask, &commands, NULL) == RG_OK && commands.data) {
        char *rest = commands.data, *line;
        while ((line = strsep(&rest, "\n")) && *line)
            json_array_append_new(list, rg_json_clean(line));
    }
    json_object_set_new(one, "commands", list);
    rg_text_free(&commands);
    return one;
}

static rg_status make_row(const rg_compile_ask *ask, const char *source, const char *source_sha256,
                          const rg_compiled *compiled, json_t **ret_row, rg_err *err) {
    char hex[RG_HASH_HEX];
    struct stat info;
    rg_status status = rg_hash_file(compiled->path, hex, err);
    if (status == RG_OK && stat(compiled->path, &info))
        status = rg_fail(err, RG_IO, NULL, "%s has vanished", compiled->path);
    if (status != RG_OK)
        return status;
    json_t *row = json_object();
    json_object_set_new(row, "format", json_string(ask->compiler->format));
    json_object_set_new(row, "file", rg_json_clean(compiled->file));
    json_object_set_new(row, "bytes", json_integer((json_int_t)info.st_size));
    json_object_set_new(row, "sha256", json_string(hex));
    json_object_set_new(row, "source", rg_json_clean(source));
    json_object_set_new(row, "source_sha256", json_string(source_sha256));
    if (*ask->compiler->arch)
        json_object_set_new(row, "architecture",
                            rg_json_clean(*ask->arch ? ask->arch : ask->compiler->arch));
    json_object_set_new(row, "compiler", compiler_json(ask, compiled));
    if (compiled->placement)
        json_object_set(row, "placement", compiled->placement);
    *ret_row = row;
    return RG_OK;
}

rg_status rg_compile_pair(const rg_compile_ask *ask, const char *name, const char *source,
                          const char *source_sha256, const rg_compiled *compiled, rg_err *err) {
    json_t *entries = NULL, *row = NULL;
    rg_status status = rg_compile_entries(ask->folder, &entries, err);
    if (status == RG_OK)
        status = make_row(ask, source, source_sha256, compiled, &row, err);
    if (status == RG_OK) {
        json_t *files = json_object_get(entry_of(entries, name), "files");
        forget(files, compiled->file, source_sha256);
        status = json_array_append_new(files, row)
                     ? rg_fail(err, RG_NO_MEMORY, NULL, "out of memory")
                     : rg_manifest_write(ask->folder, entries, true, err);
    }
    json_decref(entries);
    return status;
}
