/* emit_github.c: workflow commands for GitHub Actions. A step shows ten errors and ten warnings at
 * most, so the worst nine of each are given and a tenth says how many there are more. */
#include <string.h>

#include "bench/result/emit.h"
#include "bench/result/gate_words.h"

enum { SHOWN = 9, KINDS = 2 };
static const char *const commands[KINDS] = {"error", "warning"};

/* Which command a verdict becomes; KINDS: none. */
static size_t kind_of(const rg_result_row *row) {
    switch (rg_verdict_exit(row->verdict_id)) {
    case RG_EXIT_OK:
        return KINDS;
    case RG_EXIT_INCONCLUSIVE:
        return 1;
    default:
        return 0;
    }
}

/* Text in a command: '%' and line ends are written as %25, %0D, %0A; in a property ':' and ','
 * too. */
static void add_escaped(const char *text, bool property, rg_text *out) {
    for (; *text; text++) {
        if (strchr("%\r\n", *text) || (property && strchr(":,", *text)))
            rg_text_printf(out, "%%%02X", (unsigned char)*text);
        else
            rg_text_add_bytes(out, text, 1);
    }
}

static void add_command(const rg_result *result, const rg_result_row *row, const char *command,
                        rg_text *out) {
    rg_text title = {0}, message = {0};
    rg_result_sentence(row, &message);
    rg_text_printf(&title, "%s %s", row->name, *row->label ? row->label : "cell");
    rg_text_printf(out, "::%s ", command);
    if (*result->candidate.scenario_path) {
        rg_text_add(out, "file=");
        add_escaped(result->candidate.scenario_path, true, out);
        rg_text_printf(out, ",line=%zu,", row->line ? row->line : 1);
    }
    rg_text_add(out, "title=");
    add_escaped(title.data ? title.data : "", true, out);
    rg_text_add(out, "::");
    add_escaped(message.data ? message.data : "", false, out);
    rg_text_add(out, "\n");
    out->failed |= title.failed || message.failed;
    rg_text_free(&title);
    rg_text_free(&message);
}

void rg_emit_github(const rg_result *result, const rg_emit_how *how, rg_text *ret_text) {
    (void)how;
    size_t seen[KINDS] = {0};
    for (size_t i = 0; i < result->n; i++) {
        size_t kind = kind_of(&result->rows[i]);
        if (kind < KINDS && seen[kind]++ < SHOWN)
            add_command(result, &result->rows[i], commands[kind], ret_text);
    }
    for (size_t k = 0; k < KINDS; k++) {
        if (seen[k] > SHOWN)
            rg_text_printf(ret_text, "::%s title=railgauge gate::%zu more, see the step summary\n",
                           commands[k], seen[k] - SHOWN);
    }
    rg_text_printf(ret_text, "::notice title=railgauge gate::%s: ", rg_result_title(result));
    rg_result_counts(result, ret_text);
    rg_text_add(ret_text, "\n");
}
