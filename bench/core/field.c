/* field.c: reading and writing struct members by name. */
#include "bench/core/field.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/text.h"

static void *member(const rg_field *field, void *record) {
    return (char *)record + field->offset;
}

const rg_field *rg_field_find(const rg_field *table, const char *key) {
    for (; table && table->key; table++) {
        if (!strcmp(table->key, key))
            return table;
    }
    return NULL;
}

static const char *key_at(size_t i, void *user) {
    return ((const rg_field *)user)[i].key;
}

const char *rg_field_nearest(const rg_field *table, const char *key) {
    return table ? rg_text_nearest(key, key_at, (void *)table) : NULL;
}

static rg_status unknown_key(const rg_field *table, const char *key, rg_err *err) {
    const char *near = rg_field_nearest(table, key);
    if (!near)
        return rg_fail(err, RG_USAGE, "see --help for the known ones", "unknown option '%s'", key);
    char advice[160];
    snprintf(advice, sizeof advice, "did you mean '%s'?", near);
    return rg_fail(err, RG_USAGE, advice, "unknown option '%s'", key);
}

static bool in_range(const rg_field *field, double value) {
    return (field->min == 0 && field->max == 0) || (value >= field->min && value <= field->max);
}

static rg_status bad_value(const rg_field *field, const char *text, rg_err *err) {
    char advice[512] = "";
    if (field->type == RG_FIELD_CHOICE) {
        size_t used = (size_t)snprintf(advice, sizeof advice, "one of:");
        for (size_t i = 0; field->choices[i] && used < sizeof advice; i++)
            used += (size_t)snprintf(advice + used, sizeof advice - used, " %s", field->choices[i]);
    } else if (field->type == RG_FIELD_DURATION) {
        snprintf(advice, sizeof advice, "a duration such as 33ms, 2s or 5m");
    } else if (field->min != 0 || field->max != 0) {
        snprintf(advice, sizeof advice, "from %g to %g", field->min, field->max);
    } else if (field->type == RG_FIELD_BOOL) {
        snprintf(advice, sizeof advice, "true or false");
    } else if (field->type == RG_FIELD_TEXT || field->type == RG_FIELD_TABLE) {
        snprintf(advice, sizeof advice, field->type == RG_FIELD_TEXT ? "text" : "a table");
    } else {
        snprintf(advice, sizeof advice, "a number");
    }
    return rg_fail(err, RG_USAGE, advice, "'%s' is no value for '%s'", text, field->key);
}

static bool set_number(const rg_field *field, void *record, double value) {
    if (!in_range(field, value))
        return false;
    if (field->type == RG_FIELD_REAL) {
        memcpy(member(field, record), &value, sizeof value);
        return true;
    }
    if (value != floor(value) || fabs(value) > 0x1p53)
        return false;
    int64_t whole = (int64_t)value;
    memcpy(member(field, record), &whole, sizeof whole);
    return true;
}

static bool set_choice(const rg_field *field, void *record, const char *word) {
    for (int i = 0; field->choices[i]; i++) {
        if (!strcmp(field->choices[i], word)) {
            memcpy(member(field, record), &i, sizeof i);
            return true;
        }
    }
    return false;
}

static bool set_bool(const rg_field *field, void *record, const char *word) {
    bool yes = !strcmp(word, "true") || !strcmp(word, "yes") || !strcmp(word, "1");
    bool no = !strcmp(word, "false") || !strcmp(word, "no") || !strcmp(word, "0");
    if (yes || no)
        memcpy(member(field, record), &yes, sizeof yes);
    return yes || no;
}

static bool set_text(const rg_field *field, void *record, const char *text) {
    char *end;
    int64_t ns;
    switch (field->type) {
    case RG_FIELD_TEXT:
    case RG_FIELD_JSON:
        memcpy(member(field, record), &text, sizeof text);
        return true;
    case RG_FIELD_CHOICE:
        return set_choice(field, record, text);
    case RG_FIELD_BOOL:
        return set_bool(field, record, text);
    case RG_FIELD_DURATION:
        if (!rg_text_parse_duration(text, &ns) || !in_range(field, (double)ns))
            return false;
        memcpy(member(field, record), &ns, sizeof ns);
        return true;
    case RG_FIELD_TABLE:
        return false;
    default:
        if (field->type == RG_FIELD_INT && text[strspn(text, "+-0123456789")])
            return false; /* strtod would take 0x3 and 1e2 */
        errno = 0;
        double value = strtod(text, &end);
        return end != text && !*end && !errno && isfinite(value) &&
               set_number(field, record, value);
    }
}

rg_status rg_field_presets(const rg_field *table, void *record, bool require_all, rg_err *err) {
    for (const rg_field *field = table; field && field->key; field++) {
        if (field->preset && !set_text(field, record, field->preset))
            return bad_value(field, field->preset, err);
        if (!field->preset && require_all)
            return rg_fail(err, RG_USAGE, field->help, "'%s' must be given", field->key);
    }
    return RG_OK;
}

rg_status rg_field_set(const rg_field *table, void *record, const char *key, const char *text,
                       rg_err *err) {
    const rg_field *field = rg_field_find(table, key);
    if (!field)
        return unknown_key(table, key, err);
    return set_text(field, record, text) ? RG_OK : bad_value(field, text, err);
}

rg_status rg_field_set_attr(const rg_field *table, void *record, const rg_attr *attr, rg_err *err) {
    const rg_field *field = rg_field_find(table, attr->key);
    if (!field)
        return unknown_key(table, attr->key, err);
    if (attr->type == RG_ATTR_WORD)
        return rg_field_set(table, record, attr->key, attr->word, err);
    double value = attr->type == RG_ATTR_INT ? (double)attr->i : attr->r;
    bool fits = false;
    if (field->type == RG_FIELD_BOOL && (value == 0 || value == 1))
        fits = set_bool(field, record, value != 0 ? "1" : "0");
    else if (field->type == RG_FIELD_INT || field->type == RG_FIELD_REAL ||
             field->type == RG_FIELD_DURATION)
        fits = set_number(field, record, value);
    char text[32];
    snprintf(text, sizeof text, "%.17g", value);
    return fits ? RG_OK : bad_value(field, text, err);
}

rg_status rg_field_from_node(const rg_field *table, const rg_node *node, void *record,
                             rg_err *err) {
    rg_status status = rg_field_presets(table, record, false, err);
    for (uint32_t i = 0; status == RG_OK && i < node->n_attrs; i++)
        status = rg_field_set_attr(table, record, &node->attrs[i], err);
    for (const rg_field *f = table; status == RG_OK && f && f->key; f++) {
        if (!f->preset && !rg_node_attr(node, f->key))
            status = rg_fail(err, RG_USAGE, f->help, "'%s' must be given", f->key);
    }
    if (status != RG_OK)
        rg_err_prefix(err, "%s (%s)", node->kind, node->name);
    return status;
}

void rg_field_text(const rg_field *field, const void *record, char *ret, size_t cap) {
    const char *at = (const char *)record + field->offset;
    int64_t whole;
    double real;
    bool yes;
    int choice;
    const char *text;
    switch (field->type) {
    case RG_FIELD_INT:
        memcpy(&whole, at, sizeof whole);
        snprintf(ret, cap, "%lld", (long long)whole);
        return;
    case RG_FIELD_REAL:
        memcpy(&real, at, sizeof real);
        snprintf(ret, cap, "%.15g", real);
        return;
    case RG_FIELD_BOOL:
        memcpy(&yes, at, sizeof yes);
        snprintf(ret, cap, "%s", yes ? "true" : "false");
        return;
    case RG_FIELD_TEXT:
    case RG_FIELD_JSON:
        memcpy(&text, at, sizeof text);
        snprintf(ret, cap, "%s", text ? text : "");
        return;
    case RG_FIELD_CHOICE:
        memcpy(&choice, at, sizeof choice);
        snprintf(ret, cap, "%s", field->choices[choice]);
        return;
    case RG_FIELD_DURATION:
        memcpy(&whole, at, sizeof whole);
        snprintf(ret, cap, "%lldns", (long long)whole);
        return;
    case RG_FIELD_TABLE:
        snprintf(ret, cap, "%s", "");
        return;
    }
}
