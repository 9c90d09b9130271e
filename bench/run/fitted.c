/* fitted.c: the file of fitted rails, read and written. Its one object has a member a rail:
 *   {"version": 1, "rails": {"hwmon:...": {"claimed": {...}, "fitted": {...}, "checked": "DAY"}}}
 */
#include "bench/run/fitted.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/core/clock.h"
#include "bench/core/fs.h"
#include "bench/core/json.h"

static const char FILE_NAME[] = "rails.json";
enum { VERSION = 1 };

/* An empty object where there is no file. Energy depends on what stands there, so a file that
 * cannot be understood is never passed over. */
static rg_status read_file(const char *path, json_t **ret_rails, json_t **ret_all, rg_err *err) {
    json_t *all = NULL;
    rg_err why = RG_ERR_INIT;
    rg_status status = RG_OK;
    if (rg_fs_exists(path))
        status = rg_json_read(path, &all, &why);
    else
        all = json_pack("{s:i, s:{}}", "version", VERSION, "rails");
    if (status != RG_OK)
        return rg_fail(err, status, "remove it and run `railgauge power check` again", "%s",
                       why.what);
    json_t *rails = json_object_get(all, "rails");
    if (!json_is_object(rails) || rg_json_get_int(all, "version", 0) != VERSION) {
        json_decref(all);
        return rg_fail(err, RG_BAD_DATA, "remove it and run `railgauge power check` again",
                       "%s does not hold fitted rails", path);
    }
    *ret_rails = rails;
    *ret_all = all;
    return RG_OK;
}

static json_t *claim_of(const rg_rail *rail) {
    return json_pack("{s:s, s:f, s:f}", "kind", rg_power_kind_word(rail->kind), "refresh_s",
                     rail->refresh_s, "lag_s", rail->lag_s);
}

static bool claims_the_same(const rg_rail *rail, const json_t *then) {
    double refresh = rg_json_get_real(then, "refresh_s", -1);
    double lag = rg_json_get_real(then, "lag_s", -1);
    return !strcmp(rg_json_get_text(then, "kind", ""), rg_power_kind_word(rail->kind)) &&
           fabs(refresh - rail->refresh_s) <= 0.01 * rail->refresh_s &&
           fabs(lag - rail->lag_s) <= 0.01 * rail->lag_s;
}

/* In front: of facts that are too long the end is cut. */
static void add_facts(rg_rail *rail, const char *day) {
    char old[sizeof rail->facts];
    memcpy(old, rail->facts, sizeof old);
    snprintf(rail->facts, sizeof rail->facts,
             "checked=%.10s claimed_refresh_s=%.4g claimed_lag_s=%.4g %.180s", day, rail->refresh_s,
             rail->lag_s, old);
}

static void apply(rg_rail *rail, const json_t *entry) {
    const json_t *fit = json_object_get(entry, "fitted");
    if (!claims_the_same(rail, json_object_get(entry, "claimed")))
        return;
    add_facts(rail, rg_json_get_text(entry, "checked", "?"));
    rail->failed_check = rg_json_get_bool(fit, "failed", false);
    if (rail->failed_check)
        return;
    double refresh = rg_json_get_real(fit, "refresh_s", 0), lag = rg_json_get_real(fit, "lag_s", 0);
    rail->kind = rg_power_kind_from_word(rg_json_get_text(fit, "kind", ""));
    rail->refresh_s = refresh > 0 ? refresh : rail->refresh_s;
    rail->lag_s = lag > 0 ? lag : 0;
}

static rg_status apply_file(const char *path, rg_rail_list *rails, rg_err *err) {
    json_t *all, *fits;
    rg_status status = read_file(path, &fits, &all, err);
    if (status != RG_OK)
        return status;
    for (size_t i = 0; i < rails->n; i++) {
        const json_t *entry = json_object_get(fits, rails->items[i].id);
        if (entry && rails->items[i].status == RG_OK)
            apply(&rails->items[i], entry);
    }
    json_decref(all);
    return RG_OK;
}

rg_status rg_fitted_apply(rg_rail_list *rails, rg_err *err) {
    rg_arena *arena = rg_arena_new(0);
    char *path = arena ? rg_fs_state_path(arena, FILE_NAME) : NULL;
    rg_status status = RG_OK;
    if (!path)
        status = rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    else if (rg_fs_exists(path))
        status = apply_file(path, rails, err);
    rg_arena_free(arena);
    return status;
}

static json_t *entry_of(const rg_rail *rail, const rg_fitted *fit) {
    char day[16];
    time_t now = (time_t)(rg_clock_wall_ns() / 1000000000);
    struct tm date;
    strftime(day, sizeof day, "%Y-%m-%d", gmtime_r(&now, &date));
    json_t *fitted =
        json_pack("{s:b, s:s}", "failed", fit->failed, "kind", rg_power_kind_word(fit->kind));
    rg_json_set_real(fitted, "refresh_s", fit->refresh_s);
    rg_json_set_real(fitted, "lag_s", fit->lag_s);
    rg_json_set_real(fitted, "delay_s", fit->delay_s);
    return json_pack("{s:o, s:o, s:s}", "claimed", claim_of(rail), "fitted", fitted, "checked",
                     day);
}

static rg_status write_file(rg_arena *arena, const char *path, const json_t *all, rg_err *err) {
    char *text = rg_json_text(all, 2), *folder = rg_arena_printf(arena, "%s", path);
    if (folder)
        *strrchr(folder, '/') = '\0';
    rg_status status = text && folder ? rg_fs_mkdirs(folder, err)
                                      : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    if (status == RG_OK)
        status = rg_fs_write_atomic(path, text, strlen(text), err);
    free(text);
    return status;
}

rg_status rg_fitted_keep(const rg_rail *rails, const rg_fitted *fits, size_t n, char *ret_path,
                         size_t cap, rg_err *err) {
    rg_arena *arena = rg_arena_new(0);
    char *path = arena ? rg_fs_state_path(arena, FILE_NAME) : NULL;
    json_t *all = NULL, *known = NULL;
    rg_status status = path ? read_file(path, &known, &all, err)
                            : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    for (size_t i = 0; status == RG_OK && i < n; i++)
        json_object_set_new(known, rails[i].id, entry_of(&rails[i], &fits[i]));
    if (status == RG_OK)
        status = write_file(arena, path, all, err);
    if (status == RG_OK && ret_path)
        snprintf(ret_path, cap, "%s", path);
    json_decref(all);
    rg_arena_free(arena);
    return status;
}
