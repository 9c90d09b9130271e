/* test_bundle.c: a bundle brings back what was put in; foreign, damaged and newer ones are refused.
 * What crashes leave behind is in test_crash.c. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/core/fs.h"
#include "bench/core/json.h"
#include "bench/result/bundle.h"
#include "tests/doubles/small_run.h"
#include "tests/unit/scratch.h"

static char out[64];
static small_run run;
static rg_err err;

static void begin(void) {
    scratch_new("rg-bundle", out, sizeof out);
    small_run_fill(&run, out);
}

static void end(void) {
    small_run_free(&run);
    rg_fs_remove_tree(out, NULL);
}

TestSuite(bundle, .init = begin, .fini = end);

static rg_bundle *created(void) {
    rg_bundle *bundle;
    cr_assert_eq(rg_bundle_create(&run.spec, &bundle, &err), RG_OK, "%s", err.what);
    return bundle;
}

/* A complete bundle at OUT/b, closed. */
static const char *complete(void) {
    static char dir[80];
    snprintf(dir, sizeof dir, "%s/b", out);
    run.spec.dir = dir;
    rg_bundle *bundle = created();
    cr_assert_eq(small_run_go_on(&run, bundle, &err), RG_OK, "%s", err.what);
    rg_bundle_close(bundle);
    return dir;
}

static rg_bundle *opened(const char *dir) {
    rg_bundle *bundle;
    cr_assert_eq(rg_bundle_open(dir, &bundle, &err), RG_OK, "%s", err.what);
    return bundle;
}

static void refused(const char *dir, rg_status want, const char *words) {
    rg_bundle *bundle;
    err = (rg_err)RG_ERR_INIT;
    cr_assert_eq(rg_bundle_open(dir, &bundle, &err), want, "%s", err.what);
    cr_assert(strstr(err.what, words), "'%s' should say '%s'", err.what, words);
    cr_assert(err.advice[0], "'%s' should say what to try", err.what);
}

static void overwrite(const char *dir, const char *name, const char *text, size_t bytes) {
    char path[160];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *file = fopen(path, "wb");
    cr_assert_not_null(file);
    fwrite(text, 1, bytes, file);
    fclose(file);
}

Test(bundle, is_named_after_scenario_time_and_plan) {
    rg_bundle *a = created(), *b = created();
    char want[160];
    snprintf(want, sizeof want, "%s/small-run-20260101T000000Z-%.8s", out, run.plan.hash);
    cr_assert_str_eq(rg_bundle_dir(a), want);
    strcat(want, "-2");
    cr_assert_str_eq(rg_bundle_dir(b), want, "an existing bundle is never reused");
    rg_bundle_close(a);
    rg_bundle_close(b);
}

Test(bundle, never_takes_an_existing_folder) {
    rg_bundle *bundle;
    run.spec.dir = out;
    cr_assert_eq(rg_bundle_create(&run.spec, &bundle, &err), RG_USAGE);
    cr_assert(strstr(err.advice, "--resume"));
}

Test(bundle, facts_and_texts_come_back) {
    rg_bundle *bundle = opened(complete());
    const json_t *facts = rg_bundle_facts(bundle);
    cr_assert_eq(rg_json_get_int(facts, "schema", 0), 1, "own keys are not overwritten by facts");
    cr_assert_str_eq(rg_json_get_text(json_object_get(facts, "host"), "board", ""), "t\xc3\xa9st");
    cr_assert_str_eq(rg_json_get_text(json_object_get(facts, "plan"), "seed", ""),
                     "18446744073709551615");
    cr_assert_str_eq(rg_bundle_plan_hash(bundle), run.plan.hash);
    rg_arena *arena = rg_arena_new(0);
    char *text;
    size_t bytes;
    cr_assert_eq(rg_bundle_read_text(bundle, "scenario.lua", arena, &text, &bytes, &err), RG_OK);
    cr_assert_str_eq(text, run.spec.scenario);
    cr_assert_eq(rg_bundle_read_text(bundle, "lib/nets.lua", arena, &text, &bytes, &err), RG_OK);
    cr_assert_str_eq(text, "return {}\n");
    cr_assert_eq(rg_bundle_read_text(bundle, "../x", arena, &text, &bytes, &err), RG_USAGE);
    rg_arena_free(arena);
    rg_bundle_close(bundle);
}

static void same_round(const rg_round *a, const rg_round *b) {
    cr_assert(a->cell == b->cell && a->number == b->number && a->order == b->order);
    cr_assert_eq(a->n_samples, b->n_samples);
    cr_assert_eq(memcmp(a->samples, b->samples, a->n_samples * sizeof *a->samples), 0);
    cr_assert_eq(a->n_rails, b->n_rails);
    cr_assert_eq(memcmp(a->rails, b->rails, a->n_rails * sizeof *a->rails), 0);
    cr_assert_eq(a->n_power, b->n_power);
    for (size_t i = 0; i < a->n_power; i++)
        cr_assert(a->power[i].power_mw == b->power[i].power_mw && isnan(a->power[i].energy_uj));
    cr_assert_eq(a->output_bytes, b->output_bytes);
    cr_assert_eq(memcmp(a->output, b->output, a->output_bytes), 0);
}

Test(bundle, rounds_come_back_as_they_were_put) {
    rg_bundle *bundle = opened(complete());
    size_t n;
    const uint32_t *orders = rg_bundle_rounds(bundle, &n);
    cr_assert_eq(n, SMALL_ROUNDS);
    cr_assert_eq(json_array_size(rg_bundle_cells(bundle)), SMALL_CELLS);
    cr_assert_eq(json_array_size(rg_bundle_records(bundle)), SMALL_CELLS);
    rg_arena *arena = rg_arena_new(0);
    for (uint32_t i = 0; i < n; i++) {
        rg_round got, want = small_run_round(&run, i);
        cr_assert_eq(orders[i], i);
        cr_assert_eq(rg_bundle_read_round(bundle, i, arena, &got, &err), RG_OK, "%s", err.what);
        same_round(&got, &want);
        json_object_del(got.facts, "files");
        cr_assert(json_equal(got.facts, want.facts));
        json_decref(got.facts);
        json_decref(want.facts);
    }
    rg_arena_free(arena);
    rg_bundle_close(bundle);
}

Test(bundle, a_round_is_stored_once) {
    rg_bundle *bundle = created();
    cr_assert_eq(small_run_put(&run, bundle, 3, &err), RG_OK, "%s", err.what);
    cr_assert_eq(small_run_put(&run, bundle, 3, &err), RG_USAGE);
    json_t *cells = small_run_cells(&run);
    cr_assert_eq(rg_bundle_put_cells(bundle, cells, &err), RG_OK);
    cr_assert_eq(rg_bundle_put_cells(bundle, cells, &err), RG_USAGE);
    json_decref(cells);
    rg_bundle_close(bundle);
}

Test(bundle, one_writer_at_a_time) {
    rg_bundle *first = created(), *second;
    cr_assert_eq(rg_bundle_resume(rg_bundle_dir(first), &run.plan, NULL, &second, &err), RG_DENIED);
    cr_assert_eq(rg_bundle_open(rg_bundle_dir(first), &second, &err), RG_OK, "reading is free");
    rg_bundle_close(second);
    char dir[160];
    snprintf(dir, sizeof dir, "%s", rg_bundle_dir(first));
    rg_bundle_close(first);
    cr_assert_eq(rg_bundle_resume(dir, &run.plan, NULL, &second, &err), RG_OK, "%s", err.what);
    rg_bundle_close(second);
}

Test(bundle, resume_removes_leftovers_and_goes_on) {
    rg_bundle *bundle = created();
    char dir[160], path[200];
    snprintf(dir, sizeof dir, "%s", rg_bundle_dir(bundle));
    cr_assert_eq(small_run_put(&run, bundle, 1, &err), RG_OK);
    rg_bundle_close(bundle);
    snprintf(path, sizeof path, "%s/rounds/00000.tmp", dir);
    mkdir(path, 0777);
    overwrite(path, "samples.bin", "half", 4);
    overwrite(dir, "records.jsonl.tmp", "{", 1);
    cr_assert_eq(rg_bundle_resume(dir, &run.plan, NULL, &bundle, &err), RG_OK, "%s", err.what);
    cr_assert_not(rg_fs_exists(path));
    cr_assert(rg_bundle_has_round(bundle, 1) && !rg_bundle_has_round(bundle, 0));
    cr_assert_eq(small_run_go_on(&run, bundle, &err), RG_OK, "%s", err.what);
    cr_assert_eq(rg_bundle_verify(bundle, &err), RG_OK, "%s", err.what);
    rg_bundle_close(bundle);
}

Test(bundle, resume_says_what_differs) {
    const char *dir = complete();
    rg_bundle *bundle;
    rg_hash_bytes("other", 5, run.plan.hash);
    rg_hash_bytes("cell", 4, run.cells[1].key);
    run.plan.rounds = 9;
    run.plan.name = "large";
    cr_assert_eq(rg_bundle_resume(dir, &run.plan, NULL, &bundle, &err), RG_INVALID);
    cr_assert(strstr(err.what, "was 'small run', now 'large'"), "%s", err.what);
    cr_assert(strstr(err.what, "2 rounds, now 9"), "%s", err.what);
    cr_assert(strstr(err.what, "1 cells are new, the first is resnet/sim"), "%s", err.what);
}

Test(bundle, a_finished_one_that_grows_is_unfinished_until_finished_again) {
    const char *dir = complete();
    rg_bundle *bundle;
    cr_assert_eq(rg_bundle_resume(dir, &run.plan, NULL, &bundle, &err), RG_OK);
    cr_assert(rg_bundle_finished(bundle));
    cr_assert_eq(small_run_put(&run, bundle, SMALL_ROUNDS, &err), RG_OK, "%s", err.what);
    rg_bundle *reader = opened(dir);
    cr_assert_not(rg_bundle_finished(reader));
    cr_assert_eq(rg_bundle_verify(reader, &err), RG_ABSENT);
    rg_bundle_close(reader);
    cr_assert_eq(rg_bundle_finish(bundle, &err), RG_OK);
    cr_assert_eq(rg_bundle_verify(bundle, &err), RG_OK, "%s", err.what);
    rg_bundle_close(bundle);
}

Test(bundle, manifest_is_what_sha256sum_checks) {
    char command[160];
    snprintf(command, sizeof command, "cd %s && sha256sum --quiet --strict -c MANIFEST.sha256",
             complete());
    cr_assert_eq(system(command), 0);
    snprintf(command, sizeof command, "cd %s/b && cut -c67- MANIFEST.sha256 | LC_ALL=C sort -c",
             out);
    cr_assert_eq(system(command), 0);
}

Test(bundle, verify_finds_changed_missing_and_unlisted_files) {
    const char *dir = complete();
    char path[160];
    overwrite(dir, "rounds/00001/notes.txt", "x", 1);
    rg_bundle *bundle = opened(dir);
    cr_assert_eq(rg_bundle_verify(bundle, &err), RG_BAD_DATA);
    cr_assert(strstr(err.what, "rounds/00001/notes.txt is not in the manifest"), "%s", err.what);
    overwrite(dir, "scenario.lua", "x", 1);
    cr_assert_eq(rg_bundle_verify(bundle, &err), RG_BAD_DATA);
    cr_assert(strstr(err.what, "scenario.lua was changed"), "%s", err.what);
    snprintf(path, sizeof path, "%s/cells.jsonl", dir);
    unlink(path);
    cr_assert_eq(rg_bundle_verify(bundle, &err), RG_BAD_DATA);
    cr_assert(strstr(err.what, "cells.jsonl is in the manifest but missing"), "%s", err.what);
    rg_bundle_close(bundle);
}

Test(bundle, older_schema_is_read_newer_is_refused_with_the_version_it_needs) {
    const char *dir = complete();
    static const char newer[] = "{\"schema\": 2, \"needs\": \"9.7.0\"}";
    overwrite(dir, "bundle.json", newer, sizeof newer - 1);
    refused(dir, RG_BAD_DATA, "schema 2; this program reads up to 1");
    cr_assert(strstr(err.advice, "railgauge 9.7.0 or later"), "%s", err.advice);
}

Test(bundle, what_is_no_bundle_is_refused_in_words) {
    char path[160];
    snprintf(path, sizeof path, "%s/none", out);
    refused(path, RG_ABSENT, "No such file");
    refused(out, RG_BAD_DATA, "not a bundle");
    overwrite(out, "file", "x", 1);
    snprintf(path, sizeof path, "%s/file", out);
    refused(path, RG_BAD_DATA, "Not a directory");
}

Test(bundle, damaged_files_are_refused_in_words) {
    const char *dir = complete();
    overwrite(dir, "cells.jsonl", "{\"key\":\"a\"}\n{\"key\"", 18);
    refused(dir, RG_BAD_DATA, "cells.jsonl");
    overwrite(dir, "cells.jsonl", "{\"key\":\"\xff\"}\n", 12);
    refused(dir, RG_BAD_DATA, "cells.jsonl");
    overwrite(dir, "cells.jsonl", "[1]\n", 4);
    refused(dir, RG_BAD_DATA, "cells.jsonl");
    overwrite(dir, "bundle.json", "version https://git-lfs", 23);
    refused(dir, RG_BAD_DATA, "bundle.json");
}

static void replace(const char *dir, const char *name, const char *target) {
    char path[160];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    unlink(path);
    if (target)
        cr_assert_eq(symlink(target, path), 0);
    else
        cr_assert_eq(mkfifo(path, 0666), 0);
}

Test(bundle, links_and_pipes_inside_are_never_followed) {
    const char *dir = complete();
    rg_bundle *bundle = opened(dir);
    rg_arena *arena = rg_arena_new(0);
    rg_round round;
    replace(dir, "rounds/00000/output.txt", "/etc/passwd");
    cr_assert_eq(rg_bundle_read_round(bundle, 0, arena, &round, &err), RG_BAD_DATA);
    cr_assert(strstr(err.what, "symbolic link"), "%s", err.what);
    cr_assert_eq(rg_bundle_verify(bundle, &err), RG_BAD_DATA);
    replace(dir, "rounds/00001/samples.bin", NULL);
    cr_assert_eq(rg_bundle_read_round(bundle, 1, arena, &round, &err), RG_BAD_DATA);
    rg_arena_free(arena);
    rg_bundle_close(bundle);
    replace(dir, "bundle.json", "../b/scenario.lua");
    refused(dir, RG_BAD_DATA, "symbolic link");
}

/* Reads everything there is; only a crash or a hang would be wrong. */
static void read_all(const char *dir) {
    rg_bundle *bundle;
    if (rg_bundle_open(dir, &bundle, &err) != RG_OK) {
        cr_assert(err.what[0]);
        return;
    }
    rg_arena *arena = rg_arena_new(64 << 20);
    size_t n;
    const uint32_t *orders = rg_bundle_rounds(bundle, &n);
    for (size_t i = 0; i < n; i++) {
        rg_round round;
        if (rg_bundle_read_round(bundle, orders[i], arena, &round, &err) == RG_OK)
            json_decref(round.facts);
    }
    rg_bundle_verify(bundle, &err);
    rg_arena_free(arena);
    rg_bundle_close(bundle);
}

static void mutate_every_byte(const char *dir, const char *name) {
    static const unsigned char masks[] = {0x01, 0x20, 0xff};
    char path[160], *data;
    size_t bytes;
    snprintf(path, sizeof path, "%s/%s", dir, name);
    rg_arena *arena = rg_arena_new(0);
    cr_assert_eq(rg_fs_read(arena, path, 1 << 20, &data, &bytes, &err), RG_OK);
    for (size_t i = 0; i < bytes; i++) {
        char kept = data[i];
        data[i] = (char)(kept ^ masks[i % sizeof masks]);
        overwrite(dir, name, data, bytes);
        read_all(dir);
        data[i] = kept;
        if (i % 16 == 0) {
            overwrite(dir, name, data, i);
            read_all(dir);
        }
    }
    overwrite(dir, name, data, bytes);
    rg_arena_free(arena);
}

Test(bundle, no_mutated_byte_crashes_the_reader, .timeout = 100) {
    static const char *const files[] = {"bundle.json",
                                        "cells.jsonl",
                                        "records.jsonl",
                                        "rounds/00002/record.json",
                                        "rounds/00002/samples.bin",
                                        "rounds/00002/power.jsonl",
                                        "MANIFEST.sha256"};
    const char *dir = complete();
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        mutate_every_byte(dir, files[i]);
    rg_bundle *bundle = opened(dir);
    cr_assert_eq(rg_bundle_verify(bundle, &err), RG_OK, "restored");
    rg_bundle_close(bundle);
}

Test(bundle, odd_names_of_required_files_are_refused) {
    static const char *const bad[] = {
        "/etc/x", "../x", "lib/../x", "rounds/00001", "bundle.json", "a b",
        "lib//x", "lib/", "",         "x\n"};
    rg_bundle *bundle;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        run.file.path = bad[i];
        cr_assert_eq(rg_bundle_create(&run.spec, &bundle, &err), RG_USAGE, "'%s'", bad[i]);
    }
}
