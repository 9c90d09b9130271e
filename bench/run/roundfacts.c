/* roundfacts.c: one object out of two sides' knowledge. */
#include "bench/run/roundfacts.h"

#include <string.h>

#include "bench/core/json.h"

enum { LAST_LINES = 5, LAST_BYTES = 600 };

/* The last lines of the output as plain ASCII: libraries print what they like. */
static json_t *last_lines(const rg_child *child) {
    char text[LAST_BYTES + 1];
    const char *end = child->output + child->output_bytes, *at = end;
    for (int lines = 0; at > child->output && end - at < LAST_BYTES; at--) {
        if (at[-1] == '\n' && at != end && ++lines == LAST_LINES)
            break;
    }
    size_t n = (size_t)(end - at);
    for (size_t i = 0; i < n; i++)
        text[i] = (at[i] >= ' ' && at[i] < 127) || at[i] == '\n' ? at[i] : '?';
    text[n] = '\0';
    return json_string(text);
}

static json_t *exit_facts(const rg_child *child) {
    if (child->exit_signal >= 0)
        return json_pack("{s:i, s:s}", "signal", child->exit_signal, "name",
                         strsignal(child->exit_signal));
    return json_pack("{s:i}", "code", child->exit_code);
}

static void add_settings(json_t *facts, const rg_cell *cell) {
    json_t *settings = json_object_get(facts, "settings");
    if (!json_is_object(settings)) {
        settings = json_object();
        json_object_set_new(facts, "settings", settings);
    }
    json_object_set(settings, "requested", cell->requested);
}

json_t *rg_round_facts(const rg_round_place *place, const rg_child *child) {
    json_t *facts = json_pack("{s:s, s:s, s:i, s:i, s:s, s:s, s:s, s:s}", "cell", place->cell->key,
                              "name", place->cell->name, "round", (int)place->number, "order",
                              (int)place->order, "status", rg_status_word(child->status), "what",
                              child->err.what, "advice", child->err.advice, "provenance",
                              place->provenance ? place->provenance : "measured");
    if (!facts)
        return NULL;
    if (child->facts)
        json_object_update_missing(facts, child->facts);
    else if (child->phases)
        json_object_set(facts, "phases", child->phases);
    add_settings(facts, place->cell);
    if (child->status != RG_OK && child->phase[0])
        json_object_set_new(facts, "phase", json_string(child->phase));
    if (child->status != RG_OK && child->output_bytes)
        json_object_set_new(facts, "last_lines", last_lines(child));
    if (child->output_cut)
        json_object_set_new(facts, "output_cut", json_true());
    json_object_set_new(facts, "started_wall_ns", json_integer(child->started_wall_ns));
    json_object_set_new(facts, "elapsed_ns", json_integer(child->elapsed_ns));
    json_object_set_new(facts, "pid", json_integer(child->pid));
    json_object_set_new(facts, "exit", exit_facts(child));
    return facts;
}
