/* list_rails.c: `railgauge list rails`: what each rail stands for, how fast and how true it is, and
 * the command that makes an unreadable one readable. list.c calls it like its other lists. */
#include "bench/cmd/list_rails.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/json.h"
#include "bench/iface/registry.h"
#include "bench/run/boards.h"
#include "bench/run/fitted.h"

/* A limit of error as a number; null where the sensor does not tell it. */
static void set_limit(json_t *limits, const char *key, double value) {
    if (value < 0)
        json_object_set_new(limits, key, json_null());
    else
        rg_json_set_real(limits, key, value);
}

static json_t *limits_row(const rg_rail *rail) {
    json_t *limits = json_object();
    set_limit(limits, "gain", rail->limits.gain);
    set_limit(limits, "offset_mw", rail->limits.offset_mw);
    if (rail->kind == RG_POWER_COUNTER)
        set_limit(limits, "lsb_uj", rail->limits.lsb_uj);
    else
        set_limit(limits, "lsb_mw", rail->limits.lsb_mw);
    if (rail->limits.range_mw > 0)
        rg_json_set_real(limits, "range_mw", rail->limits.range_mw);
    return limits;
}

static void say_limits(const rg_rail *rail, char *ret, size_t cap) {
    const rg_limits *l = &rail->limits;
    size_t used = (size_t)snprintf(ret, cap, "%s", rg_power_kind_word(rail->kind));
    bool slow = rail->refresh_s >= 1;
    used += (size_t)snprintf(ret + used, cap - used, ", every %.3g %s",
                             slow ? rail->refresh_s : rail->refresh_s * 1e3, slow ? "s" : "ms");
    if (rail->lag_s > 0)
        used += (size_t)snprintf(ret + used, cap - used, ", lag %.3g s", rail->lag_s);
    if (rail->kind == RG_POWER_COUNTER)
        used += (size_t)snprintf(ret + used, cap - used, ", step %.3g uJ", l->lsb_uj);
    else if (l->lsb_mw > 0)
        used += (size_t)snprintf(ret + used, cap - used, ", step %.3g mW", l->lsb_mw);
    if (l->gain < 0 || l->offset_mw < 0)
        snprintf(ret + used, cap - used, "\nits limits of error are not known");
    else if (l->offset_mw > 0)
        snprintf(ret + used, cap - used, "\nerror at most %.3g %% and %.3g mW", 100 * l->gain,
                 l->offset_mw);
    else
        snprintf(ret + used, cap - used, "\nerror at most %.3g %%", 100 * l->gain);
}

static json_t *rail_row(const rg_rail *rail) {
    json_t *row =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:f, s:f, s:o, s:s}", "name", rail->id,
                  "kind", rail->status == RG_OK ? "present" : rg_status_word(rail->status), "label",
                  rail->label, "sensor", rail->sensor, "scope", rg_scope_word(rail->scope), "role",
                  rg_role_word(rail->role), "parent", rail->parent, "power",
                  rg_power_kind_word(rail->kind), "refresh_s", rail->refresh_s, "lag_s",
                  rail->lag_s, "limits", limits_row(rail), "facts", rail->facts);
    char summary[320];
    if (rail->status == RG_OK)
        say_limits(rail, summary, sizeof summary);
    else
        snprintf(summary, sizeof summary, "%s", rail->what);
    json_object_set_new(row, "summary", json_string(summary));
    if (rail->status != RG_OK)
        json_object_set_new(row, "try", json_string(rail->advice));
    return row;
}

/* A sensor without rails here, and why; one that failed says so. */
static json_t *absent_row(const rg_sensor *sensor, rg_status found, const rg_err *why) {
    const char *kind = found == RG_OK ? "absent" : rg_status_word(found);
    return json_pack("{s:s, s:s, s:s, s:s}", "name", sensor->name, "kind", kind, "summary",
                     why->what[0] ? why->what : sensor->summary, "try", why->advice);
}

/* A board that is known to have no monitor says so itself. */
static void add_board(rg_root *root, json_t *rows) {
    rg_err why = RG_ERR_INIT;
    if (rg_boards_no_sensor(root, &why) != RG_OK)
        json_array_append_new(rows, json_pack("{s:s, s:s, s:s, s:s}", "name", "board", "kind",
                                              "absent", "summary", why.what, "try", why.advice));
}

rg_status rg_list_rails(rg_root *root, json_t *rows, rg_err *err) {
    rg_rail_list *rails = calloc(1, sizeof *rails);
    if (!rails)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    json_t *absent = json_array();
    for (size_t i = 0; rg_sensors[i]; i++) {
        rg_err why = RG_ERR_INIT;
        size_t before = rails->n;
        rg_status found = rg_sensors[i]->probe(root, "", rails, &why);
        if (rails->n == before)
            json_array_append_new(absent, absent_row(rg_sensors[i], found, &why));
    }
    rg_status status = rg_boards_apply(root, rails, err);
    if (status == RG_OK && rg_root_is_live(root))
        status = rg_fitted_apply(rails, err);
    rg_boards_exclude_twins(rails);
    for (size_t i = 0; i < rails->n; i++)
        json_array_append_new(rows, rail_row(&rails->items[i]));
    add_board(root, rows);
    json_array_extend(rows, absent);
    json_decref(absent);
    free(rails);
    return status;
}

/* Prints text in lines of its own behind two spaces, broken at spaces to fit 80 columns. */
static void print_indented(const char *text) {
    enum { WIDTH = 78 };
    while (*text) {
        size_t n = strcspn(text, "\n");
        size_t cut = n;
        if (cut > WIDTH) {
            cut = WIDTH;
            while (cut > 0 && text[cut] != ' ')
                cut--;
            cut = cut ? cut : n;
        }
        printf("  %.*s\n", (int)cut, text);
        text += cut;
        text += strspn(text, " \n");
    }
}

/* What a rail stands for: "module total", or for a child the rail that its power is in already. */
static void say_role(const json_t *row, char *ret, size_t cap) {
    const char *scope = rg_json_get_text(row, "scope", "unknown");
    const char *role = rg_json_get_text(row, "role", "unknown");
    const char *parent = rg_json_get_text(row, "parent", "");
    const char *label = strrchr(parent, ':');
    if (!strcmp(role, "unknown"))
        snprintf(ret, cap, "role unknown: never summed");
    else if (*parent)
        snprintf(ret, cap, "%s %s, fed by %s", scope, role, label ? label + 1 : parent);
    else
        snprintf(ret, cap, "%s %s", scope, role);
}

/* A rail does not fit one line of 80 columns: its name, then what is to know about it. */
void rg_list_rails_print(const json_t *rows) {
    size_t i;
    json_t *row;
    json_array_foreach(rows, i, row) {
        const char *kind = rg_json_get_text(row, "kind", "");
        bool is_rail = json_object_get(row, "role") != NULL;
        char role[160];
        say_role(row, role, sizeof role);
        printf("%s: %s\n", rg_json_get_text(row, "name", ""),
               is_rail && !strcmp(kind, "present") ? role : kind);
        print_indented(rg_json_get_text(row, "summary", ""));
        if (is_rail && !strcmp(kind, "present"))
            print_indented(rg_json_get_text(row, "facts", ""));
        const char *advice = rg_json_get_text(row, "try", "");
        if (*advice) {
            char text[256];
            snprintf(text, sizeof text, "try: %s", advice);
            print_indented(text);
        }
    }
}
