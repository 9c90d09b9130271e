/* powerlog.c: writes and reads power.jsonl, as described in powerlog.h. */
#include "bench/iface/powerlog.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/json.h"

json_t *rg_rail_to_json(const rg_rail *rail) {
    json_t *value = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "id", rail->id, "label",
        rail->label, "sensor", rail->sensor, "transport", rail->transport, "parent", rail->parent,
        "scope", rg_scope_word(rail->scope), "role", rg_role_word(rail->role), "kind",
        rg_power_kind_word(rail->kind), "status", rg_status_word(rail->status), "what", rail->what,
        "advice", rail->advice, "facts", rail->facts);
    json_t *limits = json_object();
    if (!value || !limits) {
        json_decref(value);
        json_decref(limits);
        return NULL;
    }
    rg_json_set_real(limits, "gain", rail->limits.gain);
    rg_json_set_real(limits, "offset_mw", rail->limits.offset_mw);
    rg_json_set_real(limits, "lsb_mw", rail->limits.lsb_mw);
    rg_json_set_real(limits, "lsb_uj", rail->limits.lsb_uj);
    rg_json_set_real(limits, "range_mw", rail->limits.range_mw);
    /* a counter's wrap has 64 bits, one more than JSON integers: as text it is exact */
    char wrap[24];
    snprintf(wrap, sizeof wrap, "%" PRIu64, rail->limits.counter_wrap_uj);
    json_object_set_new(limits, "counter_wrap_uj", json_string(wrap));
    rg_json_set_real(value, "refresh_s", rail->refresh_s);
    rg_json_set_real(value, "lag_s", rail->lag_s);
    json_object_set_new(value, "limits", limits);
    if (rail->failed_check)
        json_object_set_new(value, "failed_check", json_true());
    return value;
}

static void take_text(const json_t *value, const char *key, char *ret, size_t cap) {
    snprintf(ret, cap, "%s", rg_json_get_text(value, key, ""));
}

rg_status rg_rail_from_json(const json_t *value, rg_rail *ret_rail, rg_err *err) {
    const char *id = rg_json_get_text(value, "id", NULL);
    if (!id || !*id)
        return rg_fail(err, RG_BAD_DATA, NULL, "a rail has no id");
    rg_rail rail = {.status = RG_OK};
    take_text(value, "id", rail.id, sizeof rail.id);
    take_text(value, "label", rail.label, sizeof rail.label);
    take_text(value, "sensor", rail.sensor, sizeof rail.sensor);
    take_text(value, "transport", rail.transport, sizeof rail.transport);
    take_text(value, "parent", rail.parent, sizeof rail.parent);
    take_text(value, "what", rail.what, sizeof rail.what);
    take_text(value, "advice", rail.advice, sizeof rail.advice);
    take_text(value, "facts", rail.facts, sizeof rail.facts);
    rail.scope = rg_scope_from_word(rg_json_get_text(value, "scope", ""));
    rail.role = rg_role_from_word(rg_json_get_text(value, "role", ""));
    rail.kind = rg_power_kind_from_word(rg_json_get_text(value, "kind", ""));
    rg_status_from_word(rg_json_get_text(value, "status", "ok"), &rail.status);
    rail.failed_check = rg_json_get_bool(value, "failed_check", false);
    rail.refresh_s = rg_json_get_real(value, "refresh_s", 0);
    rail.lag_s = rg_json_get_real(value, "lag_s", 0);
    const json_t *limits = json_object_get(value, "limits");
    rail.limits.gain = rg_json_get_real(limits, "gain", -1);
    rail.limits.offset_mw = rg_json_get_real(limits, "offset_mw", -1);
    rail.limits.lsb_mw = rg_json_get_real(limits, "lsb_mw", -1);
    rail.limits.lsb_uj = rg_json_get_real(limits, "lsb_uj", -1);
    rail.limits.range_mw = rg_json_get_real(limits, "range_mw", 0);
    sscanf(rg_json_get_text(limits, "counter_wrap_uj", "0"), "%" SCNu64,
           &rail.limits.counter_wrap_uj);
    *ret_rail = rail;
    return RG_OK;
}

static json_t *header(const rg_rail *rails, size_t n_rails) {
    json_t *list = json_array();
    for (size_t i = 0; i < n_rails; i++)
        json_array_append_new(list, rg_rail_to_json(&rails[i]));
    return json_pack("{s:o, s:[s,s,s,s,s,s,s,s]}", "rails", list, "columns", "t_ns", "half_ns",
                     "rail", "flags", "power_mw", "energy_uj", "voltage_mv", "current_ma");
}

static void add_real(rg_text *text, double value) {
    if (isfinite(value))
        rg_text_printf(text, ",%.17g", value);
    else
        rg_text_add(text, ",null");
}

rg_status rg_powerlog_add_head(const rg_rail *rails, size_t n_rails, rg_text *text, rg_err *err) {
    json_t *head = header(rails, n_rails);
    char *line = head ? rg_json_text(head, 0) : NULL;
    json_decref(head);
    if (!line)
        return rg_fail(err, RG_BAD_DATA, "look for text that is not UTF-8",
                       "the rails cannot be written as JSON");
    rg_text_printf(text, "%s\n", line);
    free(line);
    return RG_OK;
}

void rg_powerlog_add_row(const rg_power_row *row, rg_text *text) {
    rg_text_printf(text, "[%" PRId64 ",%" PRId64 ",%" PRIu32 ",%" PRIu32, row->t_ns, row->half_ns,
                   row->rail, row->flags);
    add_real(text, row->power_mw);
    add_real(text, row->energy_uj);
    add_real(text, row->voltage_mv);
    add_real(text, row->current_ma);
    rg_text_add(text, "]\n");
}

static const char *const span_words[] = {"window", "idle_before", "idle_after"};

void rg_powerlog_add_span(enum rg_powerlog_span which, rg_stretch stretch, rg_text *text) {
    rg_text_printf(text, "{\"span\": \"%s\", \"start_ns\": %" PRId64 ", \"end_ns\": %" PRId64 "}\n",
                   span_words[which], stretch.start_ns, stretch.end_ns);
}

rg_status rg_powerlog_encode(const rg_rail *rails, size_t n_rails, const rg_power_row *rows,
                             size_t n_rows, rg_text *ret_text, rg_err *err) {
    rg_status status = rg_powerlog_add_head(rails, n_rails, ret_text, err);
    if (status != RG_OK)
        return status;
    for (size_t i = 0; i < n_rows; i++)
        rg_powerlog_add_row(&rows[i], ret_text);
    return ret_text->failed ? rg_fail(err, RG_NO_MEMORY, NULL, "out of memory for power rows")
                            : RG_OK;
}

/* Spans of other names are another program's: they are left alone. */
static bool span_from_json(const json_t *line, rg_powerlog *log) {
    const char *word = rg_json_get_text(line, "span", NULL);
    const json_t *start = json_object_get(line, "start_ns"), *end = json_object_get(line, "end_ns");
    if (!word || !json_is_integer(start) || !json_is_integer(end))
        return false;
    for (int i = 0; i < RG_SPAN_COUNT; i++) {
        if (!strcmp(word, span_words[i]))
            log->spans[i] = (rg_stretch){json_integer_value(start), json_integer_value(end)};
    }
    return true;
}

static double real_at(const json_t *line, size_t i) {
    const json_t *value = json_array_get(line, i);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

static bool row_from_json(const json_t *line, size_t n_rails, rg_power_row *ret_row) {
    if (!json_is_array(line) || json_array_size(line) != 8)
        return false;
    json_int_t whole[4];
    for (size_t i = 0; i < 4; i++) {
        if (!json_is_integer(json_array_get(line, i)))
            return false;
        whole[i] = json_integer_value(json_array_get(line, i));
    }
    if (whole[2] < 0 || (uint64_t)whole[2] >= n_rails || whole[3] < 0 || whole[3] > UINT32_MAX)
        return false;
    *ret_row = (rg_power_row){.t_ns = whole[0],
                              .half_ns = whole[1],
                              .rail = (uint32_t)whole[2],
                              .flags = (uint32_t)whole[3],
                              .power_mw = real_at(line, 4),
                              .energy_uj = real_at(line, 5),
                              .voltage_mv = real_at(line, 6),
                              .current_ma = real_at(line, 7)};
    return true;
}

static rg_status read_header(const json_t *head, rg_arena *arena, rg_powerlog *log, rg_err *err) {
    const json_t *list = json_object_get(head, "rails");
    if (!json_is_array(list) || json_array_size(list) > RG_MAX_RAILS)
        return rg_fail(err, RG_BAD_DATA, NULL, "the first line names no rails");
    log->n_rails = json_array_size(list);
    log->rails = rg_arena_array(arena, log->n_rails + 1, sizeof *log->rails);
    if (!log->rails)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory for %zu rails", log->n_rails);
    rg_status status = RG_OK;
    for (size_t i = 0; status == RG_OK && i < log->n_rails; i++)
        status = rg_rail_from_json(json_array_get(list, i), &log->rails[i], err);
    return status;
}

static size_t count_lines(const char *text, size_t bytes) {
    size_t n = 0;
    for (size_t i = 0; i < bytes; i++)
        n += text[i] == '\n';
    return n;
}

static rg_status take_line(const json_t *line, bool is_first, rg_arena *arena, rg_powerlog *log,
                           rg_err *err) {
    if (is_first)
        return read_header(line, arena, log, err);
    bool ok = json_is_object(line) ? span_from_json(line, log)
                                   : row_from_json(line, log->n_rails, &log->rows[log->n_rows++]);
    return ok ? RG_OK : rg_fail(err, RG_BAD_DATA, NULL, "not a power row");
}

rg_status rg_powerlog_decode(const char *text, size_t bytes, rg_arena *arena, rg_powerlog *ret_log,
                             rg_err *err) {
    rg_powerlog log = {0};
    size_t lines = count_lines(text, bytes);
    if (!lines || text[bytes - 1] != '\n')
        return rg_fail(err, RG_BAD_DATA, NULL, "the power rows are cut off");
    log.rows = rg_arena_array(arena, lines, sizeof *log.rows);
    if (!log.rows)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory for %zu power rows", lines);
    rg_status status = RG_OK;
    for (size_t i = 0; status == RG_OK && i < lines; i++) {
        const char *end = memchr(text, '\n', bytes);
        size_t length = (size_t)(end - text);
        json_t *line = NULL;
        status = rg_json_parse(text, length, "power.jsonl", &line, err);
        if (status == RG_OK)
            status = take_line(line, i == 0, arena, &log, err);
        if (status != RG_OK)
            rg_err_prefix(err, "line %zu", i + 1);
        json_decref(line);
        text = end + 1;
        bytes -= length + 1;
    }
    if (status == RG_OK)
        *ret_log = log;
    return status;
}
