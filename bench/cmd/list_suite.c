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

static json_t *op_row(const json_t *row, const rg_suite_facts *facts) {
    const char *kind = rg_json_get_text(json_object_get(row, "case"), "kind", "");
    char summary[256];
    snprintf(summary, sizeof summary, "%s: %s, layer %s", kind, rg_json_get_text(row, "source", ""),
             rg_json_get_text(row, "layer", ""));
    return json_pack("{s:O, s:s, s:s, s:O, s:O, s:O, s:O, s:I, s:I, s:I}", "name",
                     json_object_get(row, "name"), "kind", kind, "summary", summary, "network",
                     json_object_get(row, "network"), "source", json_object_get(row, "source"),
                     "layer", json_object_get(row, "layer"), "case", json_object_get(row, "case"),
                     "macs", (json_int_t)facts->work.macs, "parameters",
                     (json_int_t)facts->parameters, "bytes", (json_int_t)facts->int8_bytes);
}

rg_status rg_list_suite_ops(rg_root *root, json_t *rows, rg_err *err) {
    (void)root;
    json_t *cases = NULL, *row;
    size_t i;
    rg_status status = rg_suite_ops(&cases, err);
    json_array_foreach(cases, i, row) {
        rg_suite_facts facts;
        status = rg_suite_count(json_object_get(row, "description"), &facts, err);
        if (status != RG_OK)
            break;
        json_array_append_new(rows, op_row(row, &facts));
    }
    json_decref(cases);
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
    bool ops = json_object_get(json_array_get(rows, 0), "bytes") != NULL;
    printf("%-*s  %10s  %10s  %10s  %s\n", (int)wide, "name", "MACs", "parameters",
           ops ? "bytes" : "act. peak", "summary");
    json_array_foreach(rows, i, row) {
        printf("%-*s", (int)wide, rg_json_get_text(row, "name", ""));
        put_count(row, "macs", "");
        put_count(row, "parameters", "");
        char text[32];
        rg_text_bytes((double)rg_json_get_int(row, ops ? "bytes" : "activation_bytes", 0), text,
                      sizeof text);
        printf("  %10s  %s\n", text, rg_json_get_text(row, "summary", ""));
    }
}
