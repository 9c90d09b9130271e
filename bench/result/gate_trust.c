/* gate_trust.c: is the comparison trustworthy? One sentence for the first screen. */
#include <stdint.h>
#include <string.h>

#include "bench/core/json.h"
#include "bench/result/gate_priv.h"

/* Records of both sides by a word: how many are simulated, or carry a flag. */
static size_t count_flag(const json_t *records, const char *flag) {
    size_t i, k, n = 0;
    json_t *record, *item;
    json_array_foreach(records, i, record) {
        json_array_foreach(json_object_get(record, "flags"), k, item) {
            n += json_is_string(item) && !strcmp(json_string_value(item), flag);
        }
    }
    return n;
}

/* Has one of the records figures that were (or were not) measured on a device? Refused cells have
 * none. */
static bool any_of(const json_t *records, bool simulated) {
    size_t i;
    json_t *record;
    json_array_foreach(records, i, record) {
        bool here = strcmp(rg_json_get_text(record, "provenance", "measured"), "measured") != 0;
        if (here == simulated && !strcmp(rg_json_get_text(record, "status", ""), "ok"))
            return true;
    }
    return false;
}

/* Rounds a side: the fewest and most of the tests that had some. */
static void rounds_text(const rg_gate *gate, rg_text *out) {
    size_t low = SIZE_MAX, high = 0;
    for (size_t i = 0; i < gate->n; i++) {
        const rg_gate_test *test = &gate->tests[i];
        size_t n = test->rounds_baseline < test->rounds_candidate ? test->rounds_baseline
                                                                  : test->rounds_candidate;
        if (!n)
            continue;
        low = n < low ? n : low;
        high = n > high ? n : high;
    }
    if (!high)
        rg_text_add(out, "no rounds");
    else if (low == high)
        rg_text_printf(out, "%zu round%s a side", high, high == 1 ? "" : "s");
    else
        rg_text_printf(out, "%zu to %zu rounds a side", low, high);
}

static const char *origin_word(const rg_gate *gate) {
    const rg_gate_side *sides[] = {&gate->baseline, &gate->candidate};
    bool simulated = any_of(sides[0]->records, true) || any_of(sides[1]->records, true);
    bool measured = any_of(sides[0]->records, false) || any_of(sides[1]->records, false);
    return simulated && measured ? "measured and simulated figures"
           : simulated           ? "simulated figures"
                                 : "measured";
}

/* In which order both sides were measured. */
static void add_order(const rg_gate *gate, rg_text *out) {
    const json_t *pairing = json_object_get(gate->candidate.facts, "pairing");
    int64_t slice_ns = rg_json_get_int(pairing, "slice_ns", 0);
    char slice[32];
    rg_text_duration((double)slice_ns, slice, sizeof slice);
    rg_text_add(out, gate->interleaved ? ", interleaved" : ", one run after the other");
    if (gate->interleaved && slice_ns > 0)
        rg_text_printf(out, " in slices of %s", slice);
}

void rg_gate_trust(const rg_gate *gate, rg_text *out) {
    static const char *const flags[] = {"throttled", "hot",           "unstable",
                                        "busy",      "clock-changed", "state-changed"};
    const rg_gate_side *sides[] = {&gate->baseline, &gate->candidate};
    bool bad = gate->counts[RG_VERDICT_INVALID] || gate->counts[RG_VERDICT_NOT_COMPARABLE];
    rg_text_printf(out, "%s: %s, ", bad ? "INVALID in part" : "VALID", origin_word(gate));
    rounds_text(gate, out);
    add_order(gate, out);
    for (size_t f = 0; f < sizeof flags / sizeof flags[0]; f++) {
        size_t was = count_flag(sides[0]->records, flags[f]);
        size_t now = count_flag(sides[1]->records, flags[f]);
        if (was + now)
            rg_text_printf(out, "; %s %zu then %zu", flags[f], was, now);
    }
}
