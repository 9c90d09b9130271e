/* gate_expect.c: the cells that a gate expects, and those that are declared away. Expected is what
 * either plan names; a file of expected cells (--expect) may name more, so that a cell that
 * vanished from both sides is still missed. Skips stand in the candidate's scenario and in that
 * file; they hold until their last day, by the day of the candidate's run. */
#include <string.h>

#include "bench/core/json.h"
#include "bench/result/gate_priv.h"
#include "bench/run/skips.h"

enum { SOURCES = 2 };

static void lists_of(const rg_gate *gate, const json_t *ret_lists[SOURCES]) {
    ret_lists[0] = json_object_get(json_object_get(gate->candidate.facts, "request"), "skip");
    ret_lists[1] = json_object_get(gate->expected, "skip");
}

/* The day of the candidate's run against the last one of the skip. */
static bool has_expired(const rg_gate *gate, const json_t *skip) {
    const char *created = rg_json_get_text(gate->candidate.facts, "created", "");
    return strlen(created) >= 10 && strncmp(created, rg_json_get_text(skip, "expires", ""), 10) > 0;
}

bool rg_gate_is_skipped(rg_gate *gate, const char *key, const char *name, const char **ret_note) {
    const json_t *lists[SOURCES];
    lists_of(gate, lists);
    for (size_t l = 0; l < SOURCES; l++) {
        size_t i;
        json_t *skip;
        json_array_foreach(lists[l], i, skip) {
            const char *cell = rg_json_get_text(skip, "cell", "");
            if (!*cell || !rg_cell_matches(name, key, cell) || has_expired(gate, skip))
                continue;
            *ret_note =
                rg_gate_note(gate, "declared: %s (until %s)", rg_json_get_text(skip, "reason", ""),
                             rg_json_get_text(skip, "expires", ""));
            return true;
        }
    }
    return false;
}

const char *rg_gate_expired_skips(rg_gate *gate) {
    const json_t *lists[SOURCES];
    rg_text text = {0};
    lists_of(gate, lists);
    for (size_t l = 0; l < SOURCES; l++) {
        size_t i;
        json_t *skip;
        json_array_foreach(lists[l], i, skip) {
            if (has_expired(gate, skip))
                rg_text_printf(&text, "%s%s (%s)", text.bytes ? ", " : "",
                               rg_json_get_text(skip, "cell", ""),
                               rg_json_get_text(skip, "expires", ""));
        }
    }
    const char *note = text.bytes && !text.failed
                           ? rg_gate_note(gate, "skips that have ended: %s", text.data)
                           : NULL;
    rg_text_free(&text);
    return note;
}

/* Name or key of an entry: a word, or a line of `railgauge run --plan-only --json`. */
static const char *expected_name(const json_t *entry) {
    return json_is_string(entry) ? json_string_value(entry)
                                 : rg_json_get_text(entry, "name", rg_gate_key_of(entry));
}

size_t rg_gate_expected_count(const rg_gate *gate) {
    return json_array_size(json_object_get(gate->expected, "cells"));
}

const char *rg_gate_expected_at(const rg_gate *gate, size_t i) {
    return expected_name(json_array_get(json_object_get(gate->expected, "cells"), i));
}

static bool names_any(const json_t *lines, const char *wanted) {
    size_t i;
    json_t *line;
    json_array_foreach(lines, i, line) {
        if (rg_cell_matches(rg_json_get_text(line, "name", ""), rg_gate_key_of(line), wanted))
            return true;
    }
    return false;
}

bool rg_gate_is_known(const rg_gate *gate, const char *wanted) {
    const rg_gate_side *sides[] = {&gate->baseline, &gate->candidate};
    for (size_t s = 0; s < 2; s++) {
        if (names_any(sides[s]->cells, wanted) || names_any(sides[s]->records, wanted))
            return true;
    }
    return false;
}

rg_verdict rg_gate_expect(rg_gate *gate, const rg_gate_view *candidate, const char *key,
                          const char *name, const char **ret_note) {
    bool ok = candidate->status && !strcmp(candidate->status, "ok") && candidate->record;
    for (size_t i = 0; !ok && i < rg_gate_expected_count(gate); i++) {
        if (!rg_cell_matches(name, key, rg_gate_expected_at(gate, i)))
            continue;
        *ret_note = rg_gate_note(gate, "expected, but %s",
                                 candidate->status ? candidate->status : "not there");
        return candidate->status ? RG_VERDICT_ERROR : RG_VERDICT_MISSING;
    }
    return RG_VERDICT_COUNT;
}

rg_status rg_gate_expect_check(const json_t *file, const char *path, rg_err *err) {
    const json_t *cells = json_object_get(file, "cells");
    if (!json_is_object(file) || (cells && !json_is_array(cells)))
        return rg_fail(err, RG_BAD_DATA,
                       "write {\"cells\": [\"NAME\", ...], \"skip\": [...]}, or keep what "
                       "`railgauge run S.lua --plan-only --json` prints",
                       "%s holds no list of expected cells", path);
    size_t i;
    json_t *entry;
    json_array_foreach(cells, i, entry) {
        if (!*expected_name(entry))
            return rg_fail(err, RG_BAD_DATA, NULL, "%s: cell %zu has no name", path, i + 1);
    }
    rg_status status = rg_skips_check(json_object_get(file, "skip"), err);
    if (status != RG_OK)
        rg_err_prefix(err, "%s: ", path);
    return status == RG_USAGE ? (err->status = RG_BAD_DATA) : status;
}
