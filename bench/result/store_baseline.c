/* store_baseline.c: which run a name stands for, as a list of events: the last one of a name holds,
 * and the list is its own audit. */
#include <string.h>

#include "bench/result/store_priv.h"

enum { NAME_LIMIT = 64 };

static rg_status check_words(const char *name, const char *who, const char *why, rg_err *err) {
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    size_t n = strspn(name, letters);
    if (!n || name[n] || n > NAME_LIMIT || rg_store_is_id(name))
        return rg_fail(err, RG_USAGE, "names like main or release-2.1",
                       "'%s' cannot be a baseline's name: 1 to %d letters, digits and . _ -, and "
                       "not like the id of a bundle",
                       name, NAME_LIMIT);
    if (!*who || !*why)
        return rg_fail(err, RG_USAGE, "add --who \"your name\" --why \"release 2.1 was approved\"",
                       "a baseline is an audited event: it needs who and why");
    return RG_OK;
}

rg_status rg_store_set_baseline(rg_store *store, const char *name, const rg_store_run *run,
                                const char *who, const char *why, rg_err *err) {
    char now[RG_STORE_TIME];
    int64_t id = 0;
    rg_status status = check_words(name, who, why, err);
    if (status == RG_OK)
        status = rg_store_begin(store, err);
    if (status != RG_OK)
        return status;
    rg_store_now(now);
    status = rg_store_one_int(store, RG_SQL_NEXT_BASELINE,
                              rg_store_start(store, RG_SQL_NEXT_BASELINE, err, ""), 1, &id, err);
    if (status == RG_OK)
        status = rg_store_do(store, RG_SQL_PUT_BASELINE, err, "itittt", id, name, run->id, now, who,
                             why);
    return rg_store_commit(store, status, err);
}

/* Columns of RG_SQL_BASELINE_COLUMNS. False without memory. */
static bool read_event(rg_store *store, rg_sql sql, rg_arena *arena, rg_store_baseline *event) {
    const char **const texts[] = {&event->name, &event->bundle, &event->run, &event->created,
                                  &event->at,   &event->who,    &event->why};
    bool fine = true;
    *event = (rg_store_baseline){.id = rg_store_int(store, sql, 0),
                                 .run_id = rg_store_int(store, sql, 8)};
    for (int i = 0; i < 7; i++) {
        *texts[i] = rg_store_text(store, sql, i + 1, arena);
        fine &= *texts[i] != NULL;
    }
    return fine;
}

rg_status rg_store_baselines(rg_store *store, rg_arena *arena, rg_store_baseline **ret_events,
                             size_t *ret_n, rg_err *err) {
    rg_status status = rg_store_start(store, RG_SQL_BASELINES, err, "");
    rg_store_baseline *events = NULL;
    size_t n = 0, cap = 0;
    while (rg_store_row(store, RG_SQL_BASELINES, &status, err)) {
        events = rg_store_grow(arena, events, n, &cap, sizeof *events);
        if (!events || !read_event(store, RG_SQL_BASELINES, arena, &events[n])) {
            rg_store_end(store, RG_SQL_BASELINES);
            return rg_store_no_memory(err);
        }
        n++;
    }
    if (status == RG_OK) {
        *ret_events = events;
        *ret_n = n;
    }
    return status;
}
