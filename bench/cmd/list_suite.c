/* list_suite.c: rows of the suite, counted, not made. */
#include "bench/cmd/list_suite.h"

#include <stdio.h>
#include <string.h>

#include "bench/core/json.h"
#include "bench/core/text.h"
#include "bench/iface/registry.h"
#include "bench/run/materialise.h"
#include "bench/run/suite.h"

/* "tiny ci": the sets that hold a model; all is not told. */
static json_t *sets_of(const char *model) {
    json_t *sets = json_array();
    for (const rg_suite_set *set = rg_suite_sets; set->name; set++) {
        for (size_t i = 0; set->models[i]; i++) {
            if (!strcmp(set->models[i], model))
                json_array_append_new(sets, json_string(set->name));
        }
    }
    return sets;
}

static json_t *model_row(const char *name, const json_t *description, const rg_suite_facts *facts) {
    json_t *row =
        json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:i, s:i, s:i, s:o, s:O*}", "name", name, "kind",
                  "model", "summary", rg_json_get_text(description, "summary", ""), "macs",
                  (json_int_t)facts->work.macs, "parameters", (json_int_t)facts->parameters,
                  "activation_bytes", (json_int_t)facts->activation_bytes, "nodes",
                  (int)facts->nodes, "inputs", (int)facts->inputs, "outputs", (int)facts->outputs,
                  "sets", sets_of(name), "published", json_object_get(description, "published"));
    return row;
}

rg_status rg_list_suite_models(rg_root *root, json_t *rows, rg_err *err) {
    (void)root;
    rg_status status = RG_OK;
    for (size_t i = 0; status == RG_OK && rg_suite_models[i].name; i++) {
        json_t *description = NULL;
        rg_suite_facts facts;
        status = rg_suite_describe(rg_suite_models[i].name, &description, err);
        if (status == RG_OK)
            status = rg_suite_count(description, &facts, err);
        if (status == RG_OK)
            json_array_append_new(rows, model_row(rg_suite_models[i].name, description, &facts));
        json_decref(description);
    }
    return status;
}

static void put_count(const json_t *row, const char *key, const char *unit) {
    char text[32];
    rg_text_si((double)rg_json_get_int(row, key, 0), unit, text, sizeof text);
    printf("  %10s", text);
}

void rg_list_suite_print(const json_t *rows) {
    size_t i, wide = 4;
    json_t *row;
    json_array_foreach(rows, i, row) {
        size_t n = strlen(rg_json_get_text(row, "name", ""));
        wide = n > wide ? n : wide;
    }
    printf("%-*s  %10s  %10s  %10s  %s\n", (int)wide, "name", "MACs", "parameters", "act. peak",
           "summary");
    json_array_foreach(rows, i, row) {
        printf("%-*s", (int)wide, rg_json_get_text(row, "name", ""));
        put_count(row, "macs", "");
        put_count(row, "parameters", "");
        char text[32];
        rg_text_bytes((double)rg_json_get_int(row, "activation_bytes", 0), text, sizeof text);
        printf("  %10s  %s\n", text, rg_json_get_text(row, "summary", ""));
    }
}
