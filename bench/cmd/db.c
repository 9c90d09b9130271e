/* db.c: `railgauge db`: a store looked after: what it holds, whether it is whole, bundles out of it
 * again. The caches beside it are in db_cache.c. */
#include "bench/cmd/db.h"

#include <stdio.h>

#include "bench/cmd/args.h"
#include "bench/cmd/parts.h"
#include "bench/core/json.h"
#include "bench/core/text.h"

#define ROW(key, member, type, preset, help)                                                       \
    { key, type, offsetof(rg_db_options, member), preset, 0, 0, NULL, "", help }
static const rg_field table[] = {
    RG_STORE_ROW(rg_db_options, store),
    ROW("output", output, RG_FIELD_TEXT, "", "export: the folder to make, also -o"),
    ROW("limit", limit, RG_FIELD_TEXT, "",
        "cache: removes the oldest files beyond it (500MB, 2GB)"),
    ROW("json", json, RG_FIELD_BOOL, "false", "one JSON document on stdout"),
    {0},
};
#undef ROW

typedef struct opened {
    rg_store *store;
    rg_arena *arena;
} opened;

static rg_status begin(const rg_db_call *call, rg_store_mode mode, opened *ret, rg_err *err) {
    *ret = (opened){.arena = rg_arena_new(0)};
    if (!ret->arena)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    return rg_store_open_named(call->options->store, mode, &ret->store, err);
}

static void end(opened *open) {
    rg_store_close(open->store);
    rg_arena_free(open->arena);
}

/* --- status ------------------------------------------------------------------------------------
 */

static void print_status(const rg_store_status *s) {
    char raw[32], file[32];
    rg_text_bytes((double)s->raw_bytes, raw, sizeof raw);
    rg_text_bytes((double)s->file_bytes, file, sizeof file);
    printf("schema     %d\n", s->version);
    printf("runs       %lld%s%s%s%s\n", (long long)s->runs, *s->first ? ", " : "", s->first,
           *s->first ? " to " : "", s->last);
    printf("cells      %lld, %lld outcomes\n", (long long)s->cells, (long long)s->outcomes);
    printf("rounds     %lld\n", (long long)s->rounds);
    printf("metrics    %lld values\n", (long long)s->metrics);
    printf("baselines  %lld events\n", (long long)s->baselines);
    printf("raw files  %lld, %s\n", (long long)s->blobs, raw);
    printf("size       %s\n", file);
}

static rg_status print_status_json(const rg_store_status *s, rg_err *err) {
    json_t *all =
        json_pack("{s:i, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:s, s:s}", "schema",
                  s->version, "runs", (json_int_t)s->runs, "cells", (json_int_t)s->cells,
                  "outcomes", (json_int_t)s->outcomes, "rounds", (json_int_t)s->rounds, "metrics",
                  (json_int_t)s->metrics, "baselines", (json_int_t)s->baselines, "raw_files",
                  (json_int_t)s->blobs, "raw_bytes", (json_int_t)s->raw_bytes, "file_bytes",
                  (json_int_t)s->file_bytes, "first", s->first, "last", s->last);
    rg_status status = rg_print_json(all, err);
    json_decref(all);
    return status;
}

static rg_status show_status(const rg_db_call *call, rg_err *err) {
    opened open;
    rg_store_status found;
    rg_status status = begin(call, RG_STORE_READ, &open, err);
    if (status == RG_OK)
        status = rg_store_status_of(open.store, open.arena, &found, err);
    if (status == RG_OK && call->options->json)
        status = print_status_json(&found, err);
    else if (status == RG_OK)
        print_status(&found);
    end(&open);
    return status;
}

/* --- runs --------------------------------------------------------------------------------------
 */

static json_t *run_to_json(const rg_store_run *run) {
    json_t *origin = rg_json_clean(run->origin), *name = rg_json_clean(run->name);
    return json_pack("{s:s, s:o, s:s, s:s, s:o, s:I, s:I, s:I}", "bundle", run->bundle, "name",
                     name, "created", run->created, "imported", run->imported, "origin", origin,
                     "cells", (json_int_t)run->cells, "rounds", (json_int_t)run->rounds, "bytes",
                     (json_int_t)run->bytes);
}

static rg_status print_runs_json(const rg_store_run *runs, size_t n, rg_err *err) {
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, run_to_json(&runs[i]));
    rg_status status = json_array_size(list) == n ? rg_print_json(list, err)
                                                  : rg_fail(err, RG_NO_MEMORY, NULL, "no memory");
    json_decref(list);
    return status;
}

static rg_status show_runs(const rg_db_call *call, rg_err *err) {
    opened open;
    rg_store_run *runs = NULL;
    char name[RG_STORE_WORD], created[RG_STORE_WORD];
    size_t n = 0;
    rg_status status = begin(call, RG_STORE_READ, &open, err);
    if (status == RG_OK)
        status = rg_store_runs(open.store, open.arena, &runs, &n, err);
    if (status == RG_OK && call->options->json)
        status = print_runs_json(runs, n, err);
    for (size_t i = 0; status == RG_OK && !call->options->json && i < n; i++)
        printf("%.12s  %-20s  %4lld cells %5lld rounds  %s\n", runs[i].bundle,
               rg_store_clean(runs[i].created, created), (long long)runs[i].cells,
               (long long)runs[i].rounds, rg_store_clean(runs[i].name, name));
    end(&open);
    return status;
}

/* --- check, export, vacuum, upgrade ------------------------------------------------------------
 */

static rg_status check(const rg_db_call *call, rg_err *err) {
    opened open;
    int64_t files = 0;
    rg_status status = begin(call, RG_STORE_READ, &open, err);
    if (status == RG_OK)
        status = rg_store_check(open.store, &files, err);
    if (status == RG_OK && call->options->json)
        printf("{\"ok\": true, \"raw_files\": %lld}\n", (long long)files);
    else if (status == RG_OK)
        printf("ok: every page, every reference, and %lld raw files\n", (long long)files);
    end(&open);
    return status;
}

static rg_status export_bundle(const rg_db_call *call, rg_err *err) {
    opened open;
    rg_store_run run;
    if (!*call->options->output)
        return rg_fail(err, RG_USAGE, "railgauge db export ID -o DIR",
                       "which folder is to be made?");
    rg_status status = begin(call, RG_STORE_READ, &open, err);
    if (status == RG_OK)
        status = rg_store_find_run(open.store, call->words[0], open.arena, &run, err);
    if (status == RG_OK)
        status = rg_store_export(open.store, &run, call->options->output, err);
    if (status == RG_OK)
        printf("%.12s  %s\n", run.bundle, call->options->output);
    end(&open);
    return status;
}

static rg_status vacuum(const rg_db_call *call, rg_err *err) {
    opened open;
    rg_status status = begin(call, RG_STORE_WRITE, &open, err);
    if (status == RG_OK)
        status = rg_store_vacuum(open.store, err);
    end(&open);
    return status;
}

static rg_status upgrade(const rg_db_call *call, rg_err *err) {
    opened open;
    rg_status status = begin(call, RG_STORE_WRITE, &open, err);
    if (status == RG_OK)
        printf("schema %d\n", RG_STORE_SCHEMA);
    end(&open);
    return status;
}

/* --- the verb ----------------------------------------------------------------------------------
 */

typedef struct part {
    rg_part part;
    rg_status (*run)(const rg_db_call *call, rg_err *err);
} part;

static const part parts[] = {
    {{"status", 0, 0}, show_status},   {{"runs", 0, 0}, show_runs}, {{"check", 0, 0}, check},
    {{"export", 1, 1}, export_bundle}, {{"vacuum", 0, 0}, vacuum},  {{"upgrade", 0, 0}, upgrade},
    {{"cache", 0, 2}, rg_db_cache},
};

static int run(const rg_globals *globals, int argc, char **argv);

const rg_verb rg_verb_db = {
    .name = "db",
    .summary = "look after a store: status, check, export a bundle; see and clear caches",
    .usage = "railgauge db status|runs|check|vacuum|upgrade --store FILE\n"
             "       railgauge db export ID -o DIR --store FILE\n"
             "       railgauge db cache [clear [NAME]] [--limit SIZE]",
    .help =
        "ID: 6 digits or more of a bundle's id, a run's name, or a baseline. `export` makes the\n"
        "folder that was imported, byte for byte. `check` looks at every page, reference and raw\n"
        "file; it and all other parts but vacuum and upgrade write nothing. docs/store.md.\n",
    .run = run,
};

static int run(const rg_globals *globals, int argc, char **argv) {
    rg_db_options options;
    rg_args args;
    rg_err err = RG_ERR_INIT;
    const void *found = NULL;
    int code;
    (void)globals;
    if (!rg_args_begin(&rg_verb_db, table, &options, 1, 3, argc, argv, &args, &code))
        return code;
    rg_status status = rg_part_find("db", parts, sizeof parts / sizeof parts[0], sizeof parts[0],
                                    &args, &found, &err);
    if (status == RG_OK) {
        const rg_db_call call = {&options, args.words + 1, args.n_words - 1};
        status = ((const part *)found)->run(&call, &err);
    }
    return status == RG_OK ? RG_EXIT_OK : rg_report_error("db", &err);
}
