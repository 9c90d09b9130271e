/* emit.c: the list of emit.h, and the form that is the document itself. */
#include "bench/result/emit.h"

#include <stdlib.h>

#include "bench/core/json.h"

const rg_emit rg_emits[] = {
#define X(name, function, summary) {name, rg_emit_##function, summary},
    RG_EMIT_LIST(X)
#undef X
        {0},
};

const char *const rg_emit_names[] = {
#define X(name, function, summary) name,
    RG_EMIT_LIST(X)
#undef X
        NULL,
};

void rg_emit_json(const rg_result *result, const rg_emit_how *how, rg_text *ret_text) {
    (void)how;
    rg_text_add_json(ret_text, result->document);
}
