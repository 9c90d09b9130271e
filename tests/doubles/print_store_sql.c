/* print_store_sql.c: the store's SQL as one JSON document, {"steps": [[text, ...], ...],
 * "statements": {name: text}}, for tests/cli/store_sql.py to try it on other engines. */
#include <stdio.h>
#include <stdlib.h>

#include "bench/core/json.h"
#include "bench/result/store_sql.h"

int main(void) {
    json_t *steps = json_array(), *statements = json_object();
    for (int v = 0; v < RG_STORE_SCHEMA; v++) {
        json_t *step = json_array();
        for (const char *const *text = rg_sql_steps[v]; *text; text++)
            json_array_append_new(step, json_string(*text));
        json_array_append_new(steps, step);
    }
#define X(name, text) json_object_set_new(statements, #name, json_string(text));
    RG_SQL_LIST(X)
#undef X
    json_t *all = json_pack("{s:o, s:o}", "steps", steps, "statements", statements);
    char *text = all ? rg_json_text(all, 1) : NULL;
    if (!text)
        return 1;
    puts(text);
    free(text);
    json_decref(all);
    return 0;
}
