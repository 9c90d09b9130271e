/* gate_repeat.c: the command that measures the failing cells of a gate again. */
#include <string.h>

#include "bench/core/json.h"
#include "bench/result/gate_priv.h"
#include "bench/result/gate_words.h"

static bool fails(const rg_gate_test *test) {
    return rg_verdict_exit(test->verdict) != RG_EXIT_OK;
}

/* Is this the first failing test of its cell? */
static bool opens_cell(const rg_gate *gate, size_t i) {
    if (!fails(&gate->tests[i]))
        return false;
    for (size_t k = 0; k < i; k++) {
        if (fails(&gate->tests[k]) && !strcmp(gate->tests[k].key, gate->tests[i].key))
            return false;
    }
    return true;
}

static void add_words(const json_t *words, const char *before, rg_text *out) {
    size_t i;
    json_t *word;
    json_array_foreach(words, i, word) {
        if (!json_is_string(word))
            continue;
        rg_text_add(out, i ? " " : "");
        rg_text_add(out, before);
        rg_gate_quote(out, json_string_value(word));
    }
}

/* `railgauge run` of one cell of a stored candidate. */
static void add_run(const rg_gate *gate, const char *cell, rg_text *out) {
    const json_t *arguments = json_object_get(gate->candidate.facts, "arguments");
    const json_t *sets = json_object_get(arguments, "set");
    rg_text path = {0};
    rg_text_printf(&path, "%s/scenario.lua", gate->candidate.name);
    rg_text_add(out, "railgauge run ");
    rg_gate_quote(out, path.data ? path.data : "");
    rg_text_add(out, json_array_size(sets) ? " " : "");
    add_words(sets, "--set ", out);
    rg_text_add(out, " --only ");
    rg_gate_quote(out, cell);
    rg_text_free(&path);
}

void rg_gate_reproduce(const rg_gate *gate, bool first, rg_text *ret_text) {
    const json_t *pairing = json_object_get(gate->candidate.facts, "pairing");
    const json_t *command = gate->interleaved ? json_object_get(pairing, "command") : NULL;
    size_t n = 0;
    rg_text_add(ret_text, "");
    for (size_t i = 0; i < gate->n && !(first && n); i++) {
        if (!opens_cell(gate, i))
            continue;
        if (!command) {
            rg_text_add(ret_text, n++ ? "\n" : "");
            add_run(gate, gate->tests[i].cell, ret_text);
            continue;
        }
        if (!n++)
            add_words(command, "", ret_text);
        rg_text_add(ret_text, " --only ");
        rg_gate_quote(ret_text, gate->tests[i].cell);
    }
}
