/* store_verdict.c: what a gate judged, kept with all that went into it: one row a test of its
 * result.json. */
#include <stdlib.h>

#include "bench/core/fs.h"
#include "bench/core/json.h"
#include "bench/result/result.h"
#include "bench/result/store_priv.h"

enum { RESULT_LIMIT = 256 << 20 };

/* A document on its way into the store. */
typedef struct judged {
    const rg_result *result;
    const json_t *tests; /* as many as the result's rows, in their order */
    const char *id, *now, *who;
} judged;

static rg_status put_test(rg_store *store, const judged *j, size_t i, int64_t id, rg_err *err) {
    const rg_result_row *row = &j->result->rows[i];
    char *text = rg_json_text(json_array_get(j->tests, i), 0);
    if (!text)
        return rg_store_no_memory(err);
    rg_status status = rg_store_do(
        store, RG_SQL_PUT_VERDICT, err, "ittttttttrrt", id, j->id, j->now, j->who,
        j->result->baseline.path, j->result->candidate.path, row->cell,
        *row->metric ? row->metric : "cell", row->verdict, row->tolerance, row->target, text);
    free(text);
    return status;
}

static rg_status put_tests(rg_store *store, const judged *j, rg_err *err) {
    int64_t id = 0;
    rg_status status =
        rg_store_one_int(store, RG_SQL_NEXT_VERDICT,
                         rg_store_start(store, RG_SQL_NEXT_VERDICT, err, ""), 1, &id, err);
    for (size_t i = 0; status == RG_OK && i < j->result->n; i++)
        status = put_test(store, j, i, id++, err);
    return status;
}

static rg_status put_new(rg_store *store, const judged *j, bool *ret_known, rg_err *err) {
    int64_t rows = 0;
    rg_status status = rg_store_one_int(store, RG_SQL_RESULT_KNOWN,
                                        rg_store_start(store, RG_SQL_RESULT_KNOWN, err, "t", j->id),
                                        0, &rows, err);
    *ret_known = rows > 0;
    return status == RG_OK && !rows ? put_tests(store, j, err) : status;
}

static rg_status put_document(rg_store *store, json_t *document, const char *path, const char *who,
                              rg_store_judged *judged_so, rg_err *err) {
    char now[RG_STORE_TIME];
    rg_result *result = NULL;
    rg_status status = rg_result_from_json(document, path, &result, err);
    if (status != RG_OK)
        return status;
    rg_store_now(now);
    const judged j = {result, json_object_get(document, "tests"), judged_so->result, now, who};
    judged_so->tests = result->n;
    if (json_array_size(j.tests) != result->n)
        status = rg_fail(err, RG_BAD_DATA, NULL, "%s: its tests cannot all be read", path);
    if (status == RG_OK)
        status = rg_store_begin(store, err);
    if (status == RG_OK)
        status = rg_store_commit(store, put_new(store, &j, &judged_so->known, err), err);
    rg_result_free(result);
    return status;
}

rg_status rg_store_put_result(rg_store *store, const char *path, const char *who,
                              rg_store_judged *ret_judged, rg_err *err) {
    rg_store_judged found = {.known = false};
    rg_arena *arena = rg_arena_new(0);
    json_t *document = NULL;
    char *text = NULL;
    size_t bytes = 0;
    rg_status status =
        arena ? rg_fs_read(arena, path, RESULT_LIMIT, &text, &bytes, err) : rg_store_no_memory(err);
    if (status == RG_ABSENT) /* a file that is not there; code 5 is kept for devices */
        status = err ? (err->status = RG_IO) : RG_IO;
    if (status == RG_OK) {
        rg_hash_bytes(text, bytes, found.result);
        status = rg_json_parse(text, bytes, path, &document, err);
    }
    if (status == RG_OK)
        status = put_document(store, document, path, who, &found, err);
    if (status == RG_OK)
        *ret_judged = found;
    json_decref(document);
    rg_arena_free(arena);
    return status;
}
