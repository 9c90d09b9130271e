/* store_import_rows.c: the rows that a bundle becomes besides its files: what runs share (device,
 * host, program, scenario), its cells with their outcome and metrics, and its rounds. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/core/json.h"
#include "bench/result/record.h"
#include "bench/result/stats.h"
#include "bench/result/store_priv.h"

/* The cell of a line of cells.jsonl or records.jsonl, "" when it names none. */
static const char *key_of(const json_t *line) {
    return rg_json_get_text(line, "key", rg_json_get_text(line, "cell", ""));
}

/* The tables of what runs share. */
typedef struct shared_table {
    rg_sql find, next, put;
} shared_table;
static const shared_table devices = {RG_SQL_FIND_DEVICE, RG_SQL_NEXT_DEVICE, RG_SQL_PUT_DEVICE};
static const shared_table contexts = {RG_SQL_FIND_CONTEXT, RG_SQL_NEXT_CONTEXT, RG_SQL_PUT_CONTEXT};
static const shared_table builds = {RG_SQL_FIND_BUILD, RG_SQL_NEXT_BUILD, RG_SQL_PUT_BUILD};
static const shared_table scenarios = {RG_SQL_FIND_SCENARIO, RG_SQL_NEXT_SCENARIO,
                                       RG_SQL_PUT_SCENARIO};

/* The row with this content, made when it is new. `facts` may be NULL: an empty object. */
static rg_status share(rg_store *store, const shared_table *table, const char *name,
                       const json_t *facts, int64_t *ret_id, rg_err *err) {
    char hash[RG_HASH_HEX], *text = facts ? rg_json_text(facts, 0) : strdup("{}");
    if (!text)
        return rg_store_no_memory(err);
    int64_t id = 0;
    rg_hash_bytes(text, strlen(text), hash);
    rg_status status = rg_store_one_int(
        store, table->find, rg_store_start(store, table->find, err, "t", hash), 0, &id, err);
    if (status == RG_OK && !id) {
        status = rg_store_one_int(store, table->next, rg_store_start(store, table->next, err, ""),
                                  1, &id, err);
        if (status == RG_OK)
            status = rg_store_do(store, table->put, err, "ittt", id, hash, name, text);
    }
    free(text);
    if (status == RG_OK)
        *ret_id = id;
    return status;
}

static rg_status next_id(rg_store *store, rg_sql sql, int64_t *ret_id, rg_err *err) {
    return rg_store_one_int(store, sql, rg_store_start(store, sql, err, ""), 1, ret_id, err);
}

/* --- cells -------------------------------------------------------------------------------------
 */

static rg_status put_new_cell(rg_store *store, const char *key, const json_t *line, int64_t *ret_id,
                              rg_err *err) {
    json_t *asked = json_copy((json_t *)line); /* what was asked for, not what became of it */
    char *text = NULL;
    if (asked && json_object_del(asked, "admission") >= -1)
        text = rg_json_text(asked, 0);
    json_decref(asked);
    if (!text)
        return rg_store_no_memory(err);
    rg_status status = next_id(store, RG_SQL_NEXT_CELL, ret_id, err);
    if (status == RG_OK)
        status =
            rg_store_do(store, RG_SQL_PUT_CELL, err, "ittttt", *ret_id, key,
                        rg_json_get_text(line, "name", key), rg_json_get_text(line, "workload", ""),
                        rg_json_get_text(line, "target", ""), text);
    free(text);
    return status;
}

/* The cell's row; 0 for a line without a key. */
static rg_status cell_id(rg_store_writer *writer, const json_t *line, int64_t *ret_id,
                         rg_err *err) {
    rg_store *store = writer->store;
    const char *key = key_of(line);
    int64_t id = rg_json_get_int(writer->cell_ids, key, 0);
    rg_status status = RG_OK;
    if (!id && *key) {
        status =
            rg_store_one_int(store, RG_SQL_FIND_CELL,
                             rg_store_start(store, RG_SQL_FIND_CELL, err, "t", key), 0, &id, err);
        if (status == RG_OK && !id)
            status = put_new_cell(store, key, line, &id, err);
        if (status == RG_OK && json_object_set_new(writer->cell_ids, key, json_integer(id)))
            status = rg_store_no_memory(err);
    }
    *ret_id = id;
    return status;
}

/* --- metrics -----------------------------------------------------------------------------------
 */

/* The median of the numbers in an array; NAN where it holds none. */
static double median_of(const json_t *values) {
    double list[512];
    size_t n = 0, i;
    json_t *item;
    json_array_foreach(values, i, item) {
        if (json_is_number(item) && n < sizeof list / sizeof list[0])
            list[n++] = json_number_value(item);
    }
    rg_sort_reals(list, n);
    return rg_quantile(list, n, 0.5);
}

static rg_status put_metric(rg_store_writer *writer, int64_t cell, const char *name, int64_t round,
                            const rg_figure *figure, double median, rg_err *err) {
    return rg_store_do(writer->store, RG_SQL_PUT_METRIC, err, "itiirrrir", cell, name, round,
                       writer->run_id, figure->value, figure->low, figure->high, (int64_t)figure->n,
                       median);
}

static rg_status put_rounds_of(rg_store_writer *writer, int64_t cell, const char *name,
                               const json_t *numbers, const json_t *values, rg_err *err) {
    rg_status status = RG_OK;
    size_t i;
    json_t *item;
    json_array_foreach(values, i, item) {
        const json_t *number = json_array_get(numbers, i);
        rg_figure figure = rg_figure_value(json_number_value(item));
        if (status == RG_OK && json_is_number(item) && json_is_integer(number))
            status = put_metric(writer, cell, name, json_integer_value(number), &figure, NAN, err);
    }
    return status;
}

/* Figures that have a value, and theirs by round; `round` is what the rounds are called. */
static rg_status put_metrics(rg_store_writer *writer, int64_t cell, const json_t *record,
                             rg_err *err) {
    const json_t *figures = json_object_get(record, "figures");
    const json_t *by_round = json_object_get(record, "per_round");
    const json_t *numbers = json_object_get(by_round, "round");
    rg_status status = RG_OK;
    for (int i = 0; status == RG_OK && i < RG_FIG_COUNT; i++) {
        const char *name = rg_figure_rows[i].key;
        rg_figure figure = rg_figure_from_json(json_object_get(figures, name));
        const json_t *values = json_object_get(by_round, name);
        if (figure.set && isfinite(figure.value))
            status = put_metric(writer, cell, name, -1, &figure, median_of(values), err);
        if (status == RG_OK)
            status = put_rounds_of(writer, cell, name, numbers, values, err);
    }
    return status;
}

/* --- outcomes ----------------------------------------------------------------------------------
 */

/* A cell without a record was refused, or its run ended before it. */
static rg_status put_outcome(rg_store_writer *writer, int64_t cell, const json_t *record,
                             const json_t *planned, rg_err *err) {
    const json_t *admission = json_object_get(planned, "admission");
    const json_t *from = record ? record : admission;
    const char *status_word = rg_json_get_text(from, "status", "failed");
    if (!record && !strcmp(status_word, "ok"))
        status_word = "interrupted";
    const char *device = rg_json_get_text(admission, "device", "");
    int64_t device_id = 0;
    rg_status status = share(writer->store, &devices, device, admission, &device_id, err);
    json_t *list = json_object_get(record, "flags");
    char *flags = list ? rg_json_text(list, 0) : strdup("[]");
    if (status == RG_OK && !flags)
        status = rg_store_no_memory(err);
    if (status == RG_OK)
        status = rg_store_do(
            writer->store, RG_SQL_PUT_OUTCOME, err, "iiitttttiii", writer->run_id, cell, device_id,
            status_word, rg_json_get_text(from, "what", ""), rg_json_get_text(from, "advice", ""),
            rg_json_get_text(from, "provenance", "measured"), flags,
            rg_json_get_int(record, "rounds", 0), rg_json_get_int(record, "rounds_failed", 0),
            rg_json_get_int(record, "samples", 0));
    free(flags);
    return status;
}

static const json_t *line_of(const json_t *list, const json_t *index, const char *key) {
    const json_t *place = json_object_get(index, key);
    return place ? json_array_get(list, (size_t)json_integer_value(place)) : NULL;
}

static json_t *index_of(const json_t *list) {
    json_t *index = json_object(), *line;
    size_t i;
    json_array_foreach(list, i, line) {
        if (json_object_set_new(index, key_of(line), json_integer((json_int_t)i))) {
            json_decref(index);
            return NULL;
        }
    }
    return index;
}

static rg_status put_cell(rg_store_writer *writer, const json_t *planned, const json_t *record,
                          rg_err *err) {
    int64_t id = 0;
    rg_status status = cell_id(writer, planned ? planned : record, &id, err);
    if (status == RG_OK && id)
        status = put_outcome(writer, id, record, planned, err);
    return status == RG_OK && id && record ? put_metrics(writer, id, record, err) : status;
}

static rg_status put_cells(rg_store_writer *writer, const json_t *records, rg_err *err) {
    const json_t *cells = rg_bundle_cells(writer->bundle);
    json_t *in_records = index_of(records), *in_cells = index_of(cells), *line;
    rg_status status = in_records && in_cells ? RG_OK : rg_store_no_memory(err);
    size_t i;
    json_array_foreach(cells, i, line) {
        const char *key = key_of(line);
        if (status == RG_OK && line_of(cells, in_cells, key) == line) /* each key once */
            status = put_cell(writer, line, line_of(records, in_records, key), err);
    }
    json_array_foreach(records, i, line) {
        const char *key = key_of(line);
        if (status == RG_OK && !line_of(cells, in_cells, key) &&
            line_of(records, in_records, key) == line)
            status = put_cell(writer, NULL, line, err);
    }
    json_decref(in_records);
    json_decref(in_cells);
    return status;
}

/* --- the run -----------------------------------------------------------------------------------
 */

static const char *last_name(const char *path) {
    size_t n = strlen(path);
    while (n > 1 && path[n - 1] == '/')
        n--;
    while (n && path[n - 1] != '/')
        n--;
    return path + n;
}

static rg_status put_run(rg_store_writer *writer, const char *bundle_id, const char *now,
                         const int64_t shared[3], rg_err *err) {
    const json_t *facts = rg_bundle_facts(writer->bundle);
    const json_t *pairing = json_object_get(facts, "pairing");
    char name[256];
    size_t rounds;
    snprintf(name, sizeof name, "%s", last_name(rg_bundle_dir(writer->bundle)));
    name[strcspn(name, "/")] = '\0';
    rg_bundle_rounds(writer->bundle, &rounds);
    writer->arm = rg_json_get_text(pairing, "arm", "");
    return rg_store_do(writer->store, RG_SQL_PUT_RUN, err, "ittttiiittiiitt", writer->run_id,
                       bundle_id, name, rg_json_get_text(facts, "created", ""),
                       rg_bundle_plan_hash(writer->bundle), shared[0], shared[1], shared[2],
                       rg_json_get_text(pairing, "session", ""), writer->arm,
                       (int64_t)json_array_size(rg_bundle_cells(writer->bundle)), (int64_t)rounds,
                       writer->bytes, rg_bundle_dir(writer->bundle), now);
}

rg_status rg_store_put_run(rg_store_writer *writer, const char *bundle_id, const char *now,
                           rg_err *err) {
    const json_t *facts = rg_bundle_facts(writer->bundle);
    const json_t *scenario = json_object_get(facts, "scenario");
    const json_t *program = json_object_get(facts, "program");
    const json_t *host = json_object_get(facts, "host");
    rg_store *store = writer->store;
    int64_t shared[3] = {0};
    json_t *derived = NULL;
    const json_t *records = rg_bundle_records(writer->bundle);
    rg_status status = next_id(store, RG_SQL_NEXT_RUN, &writer->run_id, err);
    if (status == RG_OK)
        status = share(store, &scenarios, rg_json_get_text(scenario, "name", ""), scenario,
                       &shared[0], err);
    if (status == RG_OK)
        status = share(store, &builds, rg_json_get_text(program, "version", ""), program,
                       &shared[1], err);
    if (status == RG_OK)
        status = share(store, &contexts,
                       rg_json_get_text(host, "board", rg_json_get_text(host, "cpu", "")), host,
                       &shared[2], err);
    if (status == RG_OK)
        status = put_run(writer, bundle_id, now, shared, err);
    if (status == RG_OK && !records && rg_bundle_cells(writer->bundle)) {
        status = rg_bundle_derive(writer->bundle, &derived, err);
        records = derived;
    }
    if (status == RG_OK)
        status = put_cells(writer, records, err);
    json_decref(derived);
    return status;
}
