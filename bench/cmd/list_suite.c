/* list_suite.c: rows of the suite, counted, not made. */
#include "bench/cmd/list_suite.h"

#include <stdio.h>
#include <string.h>

#include "bench/cmd/columns.h"
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

/* The description and counts of a model of the suite. */
static rg_status look_at(const char *name, json_t **ret_description, rg_suite_facts *facts,
                         rg_err *err) {
    rg_status status = rg_suite_describe(name, ret_description, err);
    if (status == RG_OK && (status = rg_suite_count(*ret_description, facts, err)) != RG_OK) {
        json_decref(*ret_description);
        *ret_description = NULL;
    }
    return status;
}

/* Counted and published: "7.49 M" and null where nobody published a count. */
static json_t *brief_row(const char *name, const json_t *description, const rg_suite_facts *facts) {
    const json_t *published = json_object_get(description, "published");
    const json_t *count = json_object_get(published, "macs");
    char macs[32];
    rg_text_si((double)facts->work.macs, "MAC", macs, sizeof macs);
    return json_pack("{s:s, s:s, s:s, s:I, s:O?, s:s}", "name", name, "kind", macs, "summary",
                     rg_json_get_text(description, "summary", ""), "macs",
                     (json_int_t)facts->work.macs, "published_macs", count ? count : json_null(),
                     "source", rg_json_get_text(published, "source", ""));
}

rg_status rg_list_models(rg_root *root, json_t *rows, rg_err *err) {
    (void)root, (void)err;
    for (size_t i = 0; rg_suite_models[i].name; i++) {
        const char *name = rg_suite_models[i].name;
        json_t *description = NULL;
        rg_suite_facts facts;
        rg_err why = RG_ERR_INIT;
        bool good = look_at(name, &description, &facts, &why) == RG_OK;
        json_array_append_new(rows, good ? brief_row(name, description, &facts)
                                         : json_pack("{s:s, s:s, s:s}", "name", name, "kind",
                                                     "broken", "summary", why.what));
        json_decref(description);
    }
    return RG_OK;
}

rg_status rg_list_suite_models(rg_root *root, json_t *rows, rg_err *err) {
    (void)root;
    rg_status status = RG_OK;
    for (size_t i = 0; status == RG_OK && rg_suite_models[i].name; i++) {
        json_t *description = NULL;
        rg_suite_facts facts;
        status = look_at(rg_suite_models[i].name, &description, &facts, err);
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

enum { CELL = 32, CELLS = 4 }; /* name aside: MACs, parameters, size, summary */

static void suite_cells(const json_t *row, bool ops, char cells[CELLS - 1][CELL]) {
    rg_text_si((double)rg_json_get_int(row, "macs", 0), "", cells[0], CELL);
    rg_text_si((double)rg_json_get_int(row, "parameters", 0), "", cells[1], CELL);
    rg_text_bytes((double)rg_json_get_int(row, ops ? "bytes" : "activation_bytes", 0), cells[2],
                  CELL);
}

void rg_list_suite_print(const json_t *rows) {
    bool ops = json_object_get(json_array_get(rows, 0), "bytes") != NULL;
    rg_column columns[] = {{"name", -4, 0, false},
                           {"MACs", 9, 1, false},
                           {"parameters", 10, 2, false},
                           {ops ? "bytes" : "act. peak", 10, 3, false},
                           {"summary", -7, 4, false}};
    const size_t n = sizeof columns / sizeof columns[0];
    size_t i;
    json_t *row;
    json_array_foreach(rows, i, row) {
        rg_column_hold(&columns[0], strlen(rg_json_get_text(row, "name", "")));
        rg_column_hold(&columns[4], strlen(rg_json_get_text(row, "summary", "")));
    }
    rg_columns_fit(columns, n, rg_columns_room());
    rg_columns_head(columns, n);
    json_array_foreach(rows, i, row) {
        char cells[CELLS - 1][CELL];
        suite_cells(row, ops, cells);
        const char *const line[] = {rg_json_get_text(row, "name", ""), cells[0], cells[1], cells[2],
                                    rg_json_get_text(row, "summary", "")};
        rg_columns_row(columns, n, line);
    }
}
