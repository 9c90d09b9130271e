/* gate_context.c: what makes two stored results of one cell different things: context that nobody
 * asked for and that decides how fast a machine can be. explain_fields.c tells all that may differ;
 * here are the rows of it that end a comparison. What was measured in turns shares them. */
#include <string.h>

#include "bench/core/json.h"
#include "bench/result/explain.h"
#include "bench/result/gate_priv.h"

static const char *const decides[] = {
    "bundle.host.cores",
    "bundle.host.threads",
    "bundle.host.hypervisor",
    "record.context.settings.effective.link",
    "record.context.settings.effective.link_speed",
    "record.context.settings.effective.link_width",
    "record.context.device_facts.link",
    "record.context.state.power_mode",
    "record.context.state.governor",
    "record.context.state.clocks_locked",
};

/* A fact that one side did not record decides nothing. */
static bool ends_it(const rg_difference *d) {
    static const char unknown[] = "not recorded";
    if (!strcmp(d->a, unknown) || !strcmp(d->b, unknown))
        return false;
    for (size_t i = 0; i < sizeof decides / sizeof decides[0]; i++) {
        if (!strcmp(decides[i], d->path))
            return true;
    }
    return false;
}

const char *rg_gate_context_differs(rg_gate *gate, const json_t *a, const json_t *b) {
    const rg_explain_side then = {gate->baseline.facts, a}, now = {gate->candidate.facts, b};
    rg_difference *list = NULL;
    size_t n = 0;
    if (gate->interleaved || strcmp(rg_json_get_text(b, "provenance", "measured"), "measured") ||
        rg_explain_pair(&then, &now, RG_EXPLAIN_LATENCY, 0, gate->arena, &list, &n, NULL) != RG_OK)
        return NULL;
    for (size_t i = 0; i < n; i++) {
        if (ends_it(&list[i]))
            return rg_gate_note(gate, "%s was %s, now %s: %s", list[i].label, list[i].a, list[i].b,
                                list[i].advice);
    }
    return NULL;
}
