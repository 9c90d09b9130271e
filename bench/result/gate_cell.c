/* gate_cell.c: what the two sides say of a cell, and whether its metrics can be judged at all:
 * cells that are missing, refused, wrong, throttled on one side, or of different things cannot. */
#include <string.h>

#include "bench/core/json.h"
#include "bench/result/gate_priv.h"

const char *rg_gate_key_of(const json_t *line) {
    return rg_json_get_text(line, "key", rg_json_get_text(line, "cell", ""));
}

/* Of lines with the same key the first counts. */
static json_t *places_in(const json_t *list) {
    json_t *places = json_object(), *line;
    size_t i;
    json_array_foreach(list, i, line) {
        const char *key = rg_gate_key_of(line);
        if (*key && !json_object_get(places, key))
            json_object_set_new(places, key, json_integer((json_int_t)i));
    }
    return places;
}

json_t *rg_gate_places(const rg_gate_side *side) {
    return json_pack("{s:o, s:o}", "records", places_in(side->records), "cells",
                     places_in(side->cells));
}

static const json_t *find_line(const rg_gate_side *side, const char *which, const json_t *list,
                               const char *key) {
    size_t i;
    json_t *line;
    if (side->places) {
        const json_t *place = json_object_get(json_object_get(side->places, which), key);
        return place ? json_array_get(list, (size_t)json_integer_value(place)) : NULL;
    }
    json_array_foreach(list, i, line) {
        if (!strcmp(rg_gate_key_of(line), key))
            return line;
    }
    return NULL;
}

rg_gate_view rg_gate_view_of(const rg_gate_side *side, const char *key) {
    rg_gate_view v = {.record = find_line(side, "records", side->records, key),
                      .planned = find_line(side, "cells", side->cells, key)};
    const json_t *admission = json_object_get(v.planned, "admission");
    if (v.record) {
        v.status = rg_json_get_text(v.record, "status", "failed");
        v.what = rg_json_get_text(v.record, "what", "");
    } else if (v.planned) {
        const char *word = rg_json_get_text(admission, "status", "ok");
        v.status = strcmp(word, "ok") ? word : "interrupted";
        v.what = rg_json_get_text(admission, "what", "");
    }
    return v;
}

static bool is_ok(const rg_gate_view *v) {
    return v->status && !strcmp(v->status, "ok") && v->record;
}

static bool differ(const json_t *a, const json_t *b, const char *key) {
    const char *x = rg_json_get_text(a, key, ""), *y = rg_json_get_text(b, key, "");
    return *x && *y && strcmp(x, y);
}

/* Why two ok cells are different things; NULL when they are not. */
static const char *incomparable(rg_gate *gate, const rg_gate_view *a, const rg_gate_view *b) {
    static const char *const same[] = {"provenance", "target", "device"};
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        if (differ(a->record, b->record, same[i]))
            return rg_gate_note(gate, "%s was %s, now %s", same[i],
                                rg_json_get_text(a->record, same[i], ""),
                                rg_json_get_text(b->record, same[i], ""));
    }
    int64_t was = rg_json_get_int(a->record, "schema", RG_SCHEMA_VERSION);
    int64_t now = rg_json_get_int(b->record, "schema", RG_SCHEMA_VERSION);
    if (was != now)
        return rg_gate_note(gate, "the records have schemas %lld and %lld: derive both anew",
                            (long long)was, (long long)now);
    const json_t *host_a = json_object_get(gate->baseline.facts, "host");
    const json_t *host_b = json_object_get(gate->candidate.facts, "host");
    const char *provenance = rg_json_get_text(a->record, "provenance", "measured");
    static const char *const machine[] = {"board", "cpu", "arch"};
    for (size_t i = 0; !strcmp(provenance, "measured") && i < 3; i++) {
        if (differ(host_a, host_b, machine[i]))
            return rg_gate_note(gate, "%s was '%s', now '%s': run both on one kind of device",
                                machine[i], rg_json_get_text(host_a, machine[i], ""),
                                rg_json_get_text(host_b, machine[i], ""));
    }
    return rg_gate_context_differs(gate, a->record, b->record);
}

bool rg_gate_has_flag(const json_t *record, const char *flag) {
    return rg_json_has_text(json_object_get(record, "flags"), flag);
}

/* What a scenario accepts while exploring is no flag that a gate may pass. */
static const char *accepted(const json_t *record) {
    static const char *const codes[] = {"throttle", "idle-drift", "disagree", "not-steady"};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        if (rg_gate_has_flag(record, codes[i]))
            return codes[i];
    }
    return NULL;
}

static const char *invalid(rg_gate *gate, const rg_gate_view *a, const rg_gate_view *b) {
    const char *code = accepted(a->record) ? accepted(a->record) : accepted(b->record);
    if (code)
        return rg_gate_note(gate, "its energy was accepted in spite of %s: take measure.accept out",
                            code);
    bool was = rg_gate_has_flag(a->record, "throttled"),
         now = rg_gate_has_flag(b->record, "throttled");
    if (was == now)
        return NULL;
    return rg_gate_note(gate, "only the %s was throttled: cool the device and run it again",
                        was ? "baseline" : "candidate");
}

/* The verdict on a cell as a whole, or RG_VERDICT_COUNT when its metrics can be judged. */
rg_verdict rg_gate_cell_verdict(rg_gate *gate, const rg_gate_view *a, const rg_gate_view *b,
                                const char **ret_note) {
    if (!a->status) {
        *ret_note = "a new cell: the baseline has none";
        return RG_VERDICT_SKIPPED;
    }
    if (!b->status) {
        *ret_note = "the candidate does not have this cell";
        return is_ok(a) ? RG_VERDICT_MISSING : RG_VERDICT_SKIPPED;
    }
    if (is_ok(a) && !strcmp(b->status, "interrupted")) {
        *ret_note = "the candidate's run ended before this cell: finish it with --resume";
        return RG_VERDICT_MISSING;
    }
    if (!is_ok(b) && (is_ok(a) || !strcmp(b->status, "wrong"))) {
        *ret_note = rg_gate_note(gate, "%s: %s", b->status,
                                 *b->what ? b->what : "see the candidate's report");
        return RG_VERDICT_ERROR;
    }
    if (!is_ok(a)) {
        *ret_note =
            rg_gate_note(gate, "no value to compare with: the baseline's cell was %s%s%s",
                         a->status, is_ok(b) ? ", now ok" : ", now ", is_ok(b) ? "" : b->status);
        /* measured here and now: what fails on both sides is no pass */
        bool ran = gate->interleaved &&
                   (!strcmp(a->status, "failed") || !strcmp(a->status, "interrupted"));
        return ran ? RG_VERDICT_INVALID : RG_VERDICT_SKIPPED;
    }
    if ((*ret_note = incomparable(gate, a, b)))
        return RG_VERDICT_NOT_COMPARABLE;
    return (*ret_note = invalid(gate, a, b)) ? RG_VERDICT_INVALID : RG_VERDICT_COUNT;
}
