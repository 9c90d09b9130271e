/* test_crash.c: power lost after any operation, or any operation failing, leaves a bundle that
 * opens, whose finished rounds are whole, and that can be resumed to its end. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/fs.h"
#include "bench/result/bundle.h"
#include "tests/doubles/crash_storage.h"
#include "tests/doubles/small_run.h"
#include "tests/unit/scratch.h"

enum { PIECE = 150, VARIANTS = 7 };

/* What the program had been told is on the disk, by the number of operations then done. */
typedef struct milestones {
    size_t created, cells, round[SMALL_ROUNDS], records, finished;
} milestones;

static char base[64], out[80], dir[96];
static small_run run;
static crash_log log_;
static rg_err err;

static void begin(void) {
    scratch_new("rg-crash", base, sizeof base);
    snprintf(out, sizeof out, "%s/out", base);
    snprintf(dir, sizeof dir, "%s/b", out);
    cr_assert_eq(rg_fs_mkdirs(out, NULL), RG_OK);
    small_run_fill(&run, out);
    run.spec.dir = dir;
    crash_log_begin(&log_);
    log_.piece = PIECE;
    run.spec.storage = &log_.storage;
}

static void end(void) {
    crash_log_end(&log_);
    small_run_free(&run);
    rg_fs_remove_tree(base, NULL);
}

TestSuite(crash, .init = begin, .fini = end);

/* Runs to the end or the first failure, noting what was promised on the way. */
static rg_status run_noting(milestones *m) {
    rg_bundle *bundle;
    *m = (milestones){
        SIZE_MAX, SIZE_MAX, {SIZE_MAX, SIZE_MAX, SIZE_MAX, SIZE_MAX}, SIZE_MAX, SIZE_MAX};
    rg_status status = rg_bundle_create(&run.spec, &bundle, &err);
    if (status != RG_OK)
        return status;
    m->created = log_.n;
    json_t *cells = small_run_cells(&run), *records = small_run_records(&run);
    if ((status = rg_bundle_put_cells(bundle, cells, &err)) == RG_OK)
        m->cells = log_.n;
    for (uint32_t i = 0; status == RG_OK && i < SMALL_ROUNDS; i++) {
        if ((status = small_run_put(&run, bundle, i, &err)) == RG_OK)
            m->round[i] = log_.n;
    }
    if (status == RG_OK && (status = rg_bundle_put_records(bundle, records, &err)) == RG_OK)
        m->records = log_.n;
    if (status == RG_OK && (status = rg_bundle_finish(bundle, &err)) == RG_OK)
        m->finished = log_.n;
    json_decref(cells);
    json_decref(records);
    rg_bundle_close(bundle);
    return status;
}

static void round_is_whole(const rg_bundle *bundle, uint32_t order, const char *what) {
    rg_arena *arena = rg_arena_new(0);
    rg_round got, want = small_run_round(&run, order);
    cr_assert_eq(rg_bundle_read_round(bundle, order, arena, &got, &err), RG_OK, "%s: %s", what,
                 err.what);
    cr_assert_eq(got.n_samples, want.n_samples);
    cr_assert_eq(memcmp(got.samples, want.samples, want.n_samples * sizeof *want.samples), 0);
    cr_assert_eq(got.n_power, want.n_power);
    json_decref(got.facts);
    json_decref(want.facts);
    rg_arena_free(arena);
}

/* The bundle at `where` opens and holds at least what was promised before operation n, and nothing
 * in it is broken. False when there is none, which only is right before creation returned. */
static bool holds(const char *where, const milestones *m, size_t n, const char *what) {
    rg_bundle *bundle;
    if (!rg_fs_exists(where)) {
        cr_assert_lt(n, m->created, "%s: the bundle is gone", what);
        return false;
    }
    cr_assert_eq(rg_bundle_open(where, &bundle, &err), RG_OK, "%s: %s", what, err.what);
    cr_assert(n < m->cells || rg_bundle_cells(bundle), "%s: cells are gone", what);
    cr_assert(n < m->records || rg_bundle_records(bundle), "%s: records are gone", what);
    cr_assert(n < m->finished || rg_bundle_finished(bundle), "%s: manifest is gone", what);
    for (uint32_t i = 0; i < SMALL_ROUNDS; i++) {
        if (rg_bundle_has_round(bundle, i))
            round_is_whole(bundle, i, what);
        else
            cr_assert_lt(n, m->round[i], "%s: round %u is gone", what, (unsigned)i);
    }
    if (rg_bundle_finished(bundle))
        cr_assert_eq(rg_bundle_verify(bundle, &err), RG_OK, "%s: %s", what, err.what);
    rg_bundle_close(bundle);
    return true;
}

static void resumes_to_the_end(const char *where, const char *what) {
    rg_bundle *bundle;
    cr_assert_eq(rg_bundle_resume(where, &run.plan, NULL, &bundle, &err), RG_OK, "%s: %s", what,
                 err.what);
    cr_assert_eq(small_run_go_on(&run, bundle, &err), RG_OK, "%s: %s", what, err.what);
    cr_assert_eq(rg_bundle_verify(bundle, &err), RG_OK, "%s: %s", what, err.what);
    for (uint32_t i = 0; i < SMALL_ROUNDS; i++)
        round_is_whole(bundle, i, what);
    rg_bundle_close(bundle);
}

Test(crash, power_lost_after_any_operation_leaves_a_whole_bundle, .timeout = 100) {
    milestones m;
    cr_assert_eq(run_noting(&m), RG_OK, "%s", err.what);
    cr_assert_gt(log_.n, 150, "the log should hold every piece that was written");
    char what[64], to[96], bundle[100];
    snprintf(to, sizeof to, "%s/disk", base);
    snprintf(bundle, sizeof bundle, "%s/b", to);
    size_t found = 0;
    for (size_t n = 0; n <= log_.n; n++) {
        for (unsigned variant = 0; variant < VARIANTS; variant++) {
            snprintf(what, sizeof what, "after %zu operations, variant %u", n, variant);
            crash_replay(&log_, n, variant, out, to);
            bool there = holds(bundle, &m, n, what);
            found += there;
            if (there && (n + variant) % 29 == 0)
                resumes_to_the_end(bundle, what);
            cr_assert_eq(rg_fs_remove_tree(to, NULL), RG_OK);
        }
    }
    cr_assert_gt(found, log_.n * VARIANTS / 2);
}

Test(crash, the_replayer_finds_a_writer_that_does_not_sync) {
    /* the check of the check: the same log without syncs must lose promised rounds */
    milestones m;
    cr_assert_eq(run_noting(&m), RG_OK, "%s", err.what);
    char to[96], path[128];
    snprintf(to, sizeof to, "%s/disk", base);
    for (size_t i = 0; i < log_.n; i++) {
        if (log_.ops[i].kind == CRASH_SYNC)
            log_.ops[i].kind = CRASH_CLOSE;
    }
    crash_replay(&log_, log_.n, 2, out, to);
    rg_bundle *bundle;
    snprintf(path, sizeof path, "%s/b", to);
    cr_assert_eq(rg_bundle_open(path, &bundle, &err), RG_BAD_DATA);
}

/* Operation `at` fails: the run says so in words, what it had stored stands, it can go on. */
static void fails_well(size_t at, int number, bool ever_after) {
    char what[96];
    milestones m;
    snprintf(what, sizeof what, "operation %zu: %s%s", at, strerror(number),
             ever_after ? ", for ever" : "");
    log_.n = 0;
    log_.fail_at = at;
    log_.fail_errno = number;
    log_.fail_ever_after = ever_after;
    log_.failed = false;
    err = (rg_err)RG_ERR_INIT;
    rg_status status = run_noting(&m);
    cr_assert(log_.failed, "%s: never came", what);
    cr_assert_eq(status, RG_IO, "%s gave %s: %s", what, rg_status_word(status), err.what);
    cr_assert(strstr(err.what, strerror(number)), "%s: '%s'", what, err.what);
    cr_assert(err.advice[0], "%s", what);
    if (holds(dir, &m, log_.n, what) || m.created != SIZE_MAX)
        resumes_to_the_end(dir, what);
    cr_assert_eq(rg_fs_remove_tree(dir, NULL), RG_OK);
}

Test(crash, any_failing_operation_is_told_and_loses_nothing, .timeout = 100) {
    milestones m;
    cr_assert_eq(run_noting(&m), RG_OK, "%s", err.what);
    size_t n = log_.n;
    rg_fs_remove_tree(dir, NULL);
    for (size_t at = 0; at < n; at++) {
        fails_well(at, ENOSPC, false);
        fails_well(at, ENOSPC, true);
        if (at % 3 == 0)
            fails_well(at, EIO, false);
    }
}

Test(crash, a_full_disk_gets_advice_that_helps) {
    log_.fail_at = 40;
    log_.fail_errno = ENOSPC;
    milestones m;
    cr_assert_eq(run_noting(&m), RG_IO);
    cr_assert(strstr(err.advice, "free some disk space"), "%s", err.advice);
    cr_assert(strstr(err.advice, "--resume"), "%s", err.advice);
}
