/* explain.c: two records side by side, by the table of explain_fields.c. */
#include "bench/result/explain.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/codes.h"
#include "bench/core/json.h"

const char *const rg_explain_goals[] = {"latency", "energy", NULL};

enum { TEXT_CHARS = 64, HASH_CHARS = 12, ROOM = 1024 };

/* A pair at work. */
typedef struct matched {
    json_t *a, *b; /* {"bundle": facts, "record": record} */
    rg_explain_goal goal;
    double change;
    rg_arena *arena;
    rg_difference *list;
    size_t n;
    bool failed;
} matched;

/* --- values ----------------------------------------------------------------------------------- */

static const json_t *at_path(const json_t *from, const char *path, size_t n) {
    char key[64];
    while (from && n) {
        size_t part = strcspn(path, ".");
        part = part < n ? part : n;
        snprintf(key, sizeof key, "%.*s", (int)part, path);
        from = json_object_get(from, key);
        path += part + (part < n);
        n -= part + (part < n);
    }
    return from;
}

/* Short text of a value; a hash by its first digits. */
static const char *text_of(matched *pair, const json_t *value) {
    if (!value || json_is_null(value))
        return "not recorded";
    char *dump = json_is_string(value) ? strdup(json_string_value(value)) : rg_json_text(value, 0);
    size_t n = dump ? strlen(dump) : 0;
    size_t most = n == 64 && strspn(dump, "0123456789abcdef") == 64 ? HASH_CHARS : TEXT_CHARS;
    if (dump && json_is_real(value))
        n = (size_t)snprintf(dump, n + 1, "%.6g", json_number_value(value));
    while (n > most && most && ((unsigned char)dump[most] & 0xC0) == 0x80)
        most--;
    const char *text =
        dump ? rg_arena_printf(pair->arena, n > most ? "%.*s.." : "%.*s", (int)most, dump) : NULL;
    free(dump);
    pair->failed |= !text;
    return text ? text : "";
}

/* A number, also of settings, which are words. */
static bool number_of(const json_t *value, double *ret) {
    char *end;
    if (json_is_number(value)) {
        *ret = json_number_value(value);
        return true;
    }
    if (!json_is_string(value) || !*json_string_value(value))
        return false;
    *ret = strtod(json_string_value(value), &end);
    return !*end && isfinite(*ret);
}

static bool alike(const rg_explain_field *field, const json_t *a, const json_t *b) {
    double x, y;
    if (number_of(a, &x) && number_of(b, &y))
        return fabs(x - y) <= fmax(field->step, field->share * fmax(fabs(x), fabs(y)));
    bool none_a = !a || json_is_null(a), none_b = !b || json_is_null(b);
    return (none_a && none_b) || (!none_a && !none_b && json_equal((json_t *)a, (json_t *)b));
}

/* --- one difference --------------------------------------------------------------------------- */

static int effect_of(const rg_explain_field *field, const json_t *a, const json_t *b) {
    double x, y;
    if (!field->more_costs || !number_of(a, &x) || !number_of(b, &y))
        return 0;
    return y > x ? field->more_costs : -field->more_costs;
}

/* Against the way the figure went, a fact hardly explains it; what one side did not record is
 * worth half. */
static double score_of(const matched *pair, int weight, int effect, bool both) {
    bool moved = isfinite(pair->change) && fabs(pair->change) > 0.005;
    bool against = moved && effect && (effect > 0) != (pair->change > 0);
    return weight * (against ? 0.3 : 1) * (both ? 1 : 0.5);
}

static void add(matched *pair, rg_difference d, bool both) {
    if (pair->n == ROOM || d.weight == 0)
        return;
    bool moved = isfinite(pair->change) && pair->change != 0;
    d.fits = moved && d.effect && (d.effect > 0) == (pair->change > 0);
    d.score = score_of(pair, d.weight, d.effect, both);
    d.cells = 1;
    d.cell = "";
    pair->list[pair->n++] = d;
}

static void compare(matched *pair, const rg_explain_field *field, const char *path,
                    const char *label, const json_t *a, const json_t *b) {
    if (alike(field, a, b))
        return;
    add(pair,
        (rg_difference){.path = path,
                        .label = label,
                        .advice = field->advice,
                        .a = text_of(pair, a),
                        .b = text_of(pair, b),
                        .weight = field->weight[pair->goal],
                        .effect = effect_of(field, a, b)},
        a && b && !json_is_null(a) && !json_is_null(b));
}

/* --- members of "*" --------------------------------------------------------------------------- */

static bool has_row(const char *path) {
    for (const rg_explain_field *f = rg_explain_fields; f->path; f++) {
        if (!strcmp(f->path, path))
            return true;
    }
    return false;
}

static void compare_member(matched *pair, const rg_explain_field *field, const char *key,
                           const json_t *a, const json_t *b) {
    size_t n = strlen(field->path) - 1;
    const char *path = rg_arena_printf(pair->arena, "%.*s%s", (int)n, field->path, key);
    const char *label = rg_arena_printf(pair->arena, "%s %s", field->label, key);
    pair->failed |= !path || !label;
    if (path && label && !has_row(path))
        compare(pair, field, path, label, json_object_get(a, key), json_object_get(b, key));
}

static void compare_members(matched *pair, const rg_explain_field *field) {
    size_t n = strlen(field->path) - 2; /* without ".*" */
    const json_t *a = at_path(pair->a, field->path, n), *b = at_path(pair->b, field->path, n);
    const char *key;
    json_t *value;
    if (!a || !b)
        return;
    json_object_foreach((json_t *)a, key, value) compare_member(pair, field, key, a, b);
    json_object_foreach((json_t *)b, key, value) {
        if (!json_object_get(a, key))
            compare_member(pair, field, key, a, b);
    }
}

/* --- flags ------------------------------------------------------------------------------------ */

/* How much a flag on one side alone may explain. */
static const struct {
    const char *id;
    int weight[2];
} flag_weights[] = {
    {"throttled", {90, 90}},
    {"state-changed", {80, 80}},
    {"clock-changed", {70, 60}},
    {"busy", {65, 40}},
    {"hot", {60, 55}},
    {"no-steady-state", {55, 45}},
    {"drifting", {55, 45}},
    {"caching", {75, 60}},
    {"multimodal", {45, 25}},
    {"unstable", {45, 35}},
    {"mode-boundary", {40, 10}},
    {"not-pinned", {45, 25}},
    {"meter-shares-core", {55, 40}},
    {"time-cap", {20, 20}},
};

static bool has_flag(const json_t *record, const char *id) {
    size_t i;
    json_t *flag;
    json_array_foreach(json_object_get(record, "flags"), i, flag) {
        if (json_is_string(flag) && !strcmp(json_string_value(flag), id))
            return true;
    }
    return false;
}

static void compare_flags(matched *pair) {
    const json_t *a = json_object_get(pair->a, "record"), *b = json_object_get(pair->b, "record");
    for (size_t i = 0; a && b && i < sizeof flag_weights / sizeof flag_weights[0]; i++) {
        const char *id = flag_weights[i].id;
        const rg_code *code = rg_code_find(id);
        bool was = has_flag(a, id), is = has_flag(b, id);
        if (was == is || !code)
            continue;
        const char *label = rg_arena_printf(pair->arena, "flag %s", id);
        pair->failed |= !label;
        add(pair,
            (rg_difference){.path = "record.flags",
                            .label = label ? label : "",
                            .advice = code->advice,
                            .a = was ? "raised" : "no",
                            .b = is ? "raised" : "no",
                            .weight = flag_weights[i].weight[pair->goal],
                            .effect = is ? 1 : -1},
            true);
    }
}

/* --- the pair --------------------------------------------------------------------------------- */

static int likeliest_first(const void *a, const void *b) {
    const rg_difference *x = a, *y = b;
    if (x->score != y->score)
        return x->score < y->score ? 1 : -1;
    int label = strcmp(x->label, y->label);
    return label ? label : strcmp(x->path, y->path);
}

static json_t *view_of(const rg_explain_side *side) {
    return json_pack("{s:O?, s:O?}", "bundle", side->facts, "record", side->record);
}

rg_status rg_explain_pair(const rg_explain_side *a, const rg_explain_side *b, rg_explain_goal goal,
                          double change, rg_arena *arena, rg_difference **ret_list, size_t *ret_n,
                          rg_err *err) {
    matched pair = {view_of(a), view_of(b), goal, change, arena, NULL, 0, false};
    pair.list = rg_arena_array(arena, ROOM, sizeof *pair.list);
    pair.failed = !pair.a || !pair.b || !pair.list;
    for (const rg_explain_field *f = rg_explain_fields; !pair.failed && f->path; f++) {
        size_t n = strlen(f->path);
        if (f->path[n - 1] == '*')
            compare_members(&pair, f);
        else
            compare(&pair, f, f->path, f->label, at_path(pair.a, f->path, n),
                    at_path(pair.b, f->path, n));
    }
    if (!pair.failed)
        compare_flags(&pair);
    json_decref(pair.a);
    json_decref(pair.b);
    if (pair.failed)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory to compare two records");
    qsort(pair.list, pair.n, sizeof *pair.list, likeliest_first);
    *ret_list = pair.list;
    *ret_n = pair.n;
    return RG_OK;
}

const char *rg_effect_word(rg_explain_goal goal, int effect) {
    static const char *const words[2][3] = {{"faster", "", "slower"}, {"saves", "", "hungrier"}};
    return words[goal][effect + 1];
}

const char *rg_weight_word(int weight) {
    return weight >= 70 ? "large" : weight >= 40 ? "moderate" : "small";
}
