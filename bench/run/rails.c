/* rails.c: which rails a scenario means, and what the board table knows about them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/text.h"
#include "bench/iface/registry.h"
#include "bench/run/boards.h"
#include "bench/run/fitted.h"
#include "bench/run/meter.h"

static bool selects(const char *selector, const rg_rail *rail) {
    size_t name = strcspn(selector, ":");
    bool whole_sensor = strlen(rail->sensor) == name && !strncmp(selector, rail->sensor, name) &&
                        (selector[name] == '\0' || rg_sensor_find(rail->sensor)->has_options);
    return whole_sensor || !strcmp(selector, rail->id) || !strcmp(selector, rail->label);
}

static const char *rail_at(size_t i, void *user) {
    const rg_rail_list *rails = user;
    return i < rails->n ? rails->items[i].id : NULL;
}

/* A selector that names a sensor without rails here is known, only absent. */
static bool names_a_sensor(const char *selector) {
    for (size_t i = 0; rg_sensors[i]; i++) {
        size_t n = strlen(rg_sensors[i]->name);
        if (!strncmp(selector, rg_sensors[i]->name, n) && selector[n] == '\0')
            return true;
    }
    return false;
}

/* A rail of the simulated machine asked for on a real one, or the other way round. */
static bool is_of_other_world(const char *selector, bool is_virtual) {
    for (size_t i = 0; rg_sensors[i]; i++) {
        size_t n = strlen(rg_sensors[i]->name);
        if (!strncmp(selector, rg_sensors[i]->name, n) && selector[n] == ':')
            return rg_sensors[i]->is_virtual != is_virtual;
    }
    return false;
}

static rg_status no_match(const char *selector, bool is_virtual, const rg_rail_list *all,
                          const rg_err *why, rg_err *err) {
    const char *near = rg_text_nearest(selector, rail_at, (void *)all);
    char advice[160] = "see `railgauge list rails`";
    if (near)
        snprintf(advice, sizeof advice, "did you mean '%.120s'?", near);
    if (why->what[0])
        return rg_fail(err, why->status, why->advice, "rail '%s': %s", selector, why->what);
    if (names_a_sensor(selector) || is_of_other_world(selector, is_virtual))
        return rg_fail(err, RG_ABSENT, "see `railgauge list rails`",
                       "'%s' has no rail for %s device", selector,
                       is_virtual ? "a simulated" : "this");
    return rg_fail(err, RG_USAGE, advice, "no rail or sensor is called '%s'", selector);
}

/* Asks every sensor once, a selector's options going to the sensor that it names. That one has no
 * rails here is a fact; that an instrument which somebody attached does not answer is an error. */
static rg_status probe_all(rg_root *root, const char *const *selectors, bool is_virtual,
                           rg_rail_list *all, rg_err *why) {
    rg_status status = RG_OK;
    for (size_t i = 0; rg_sensors[i] && (status == RG_OK || status == RG_ABSENT); i++) {
        const rg_sensor *sensor = rg_sensors[i];
        size_t n = strlen(sensor->name);
        bool asked = false;
        for (size_t k = 0; selectors && selectors[k]; k++) {
            if (!strncmp(selectors[k], sensor->name, n) && selectors[k][n] == ':' &&
                sensor->has_options && !is_virtual) {
                sensor->probe(root, selectors[k] + n + 1, all, why);
                asked = true;
            }
        }
        rg_err own = RG_ERR_INIT;
        if (!asked && sensor->is_virtual == is_virtual)
            status = sensor->probe(root, "", all, &own);
        if (status != RG_OK && status != RG_ABSENT)
            *why = own;
    }
    return status == RG_ABSENT ? RG_OK : status;
}

static bool is_usable(const rg_rail_list *rails) {
    for (size_t i = 0; i < rails->n; i++) {
        if (rails->items[i].status == RG_OK)
            return true;
    }
    return false;
}

/* Each rail once, however often it is named. */
static void keep_rail(const rg_rail *rail, rg_rail_list *ret_rails) {
    for (size_t i = 0; i < ret_rails->n; i++) {
        if (!strcmp(ret_rails->items[i].id, rail->id))
            return;
    }
    if (ret_rails->n < RG_MAX_RAILS)
        ret_rails->items[ret_rails->n++] = *rail;
}

static rg_status keep_selected(const char *const *selectors, bool is_virtual,
                               const rg_rail_list *all, const rg_err *why, rg_rail_list *ret_rails,
                               rg_err *err) {
    for (size_t k = 0; selectors[k]; k++) {
        size_t found = 0;
        for (size_t i = 0; i < all->n; i++) {
            if (!selects(selectors[k], &all->items[i]))
                continue;
            found++;
            keep_rail(&all->items[i], ret_rails);
        }
        if (!found)
            return no_match(selectors[k], is_virtual, all, why, err);
    }
    return RG_OK;
}

static rg_status find_rails(rg_root *root, const char *const *selectors, bool is_virtual,
                            bool fitted, rg_rail_list *ret_rails, rg_err *err) {
    rg_rail_list *all = calloc(1, sizeof *all);
    if (!all)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    rg_err why = RG_ERR_INIT;
    ret_rails->n = 0;
    rg_status status = probe_all(root, selectors, is_virtual, all, &why);
    if (status != RG_OK && err)
        *err = why;
    if (status == RG_OK)
        status = rg_boards_apply(root, all, err);
    if (status == RG_OK && fitted && rg_root_is_live(root))
        status = rg_fitted_apply(all, err);
    if (status == RG_OK && selectors && selectors[0])
        status = keep_selected(selectors, is_virtual, all, &why, ret_rails, err);
    else if (status == RG_OK)
        *ret_rails = *all;
    rg_boards_exclude_twins(ret_rails);
    if (status == RG_OK && !is_usable(ret_rails)) {
        const rg_rail *first = ret_rails->n ? &ret_rails->items[0] : NULL;
        if (first)
            status =
                rg_fail(err, first->status, first->advice, "rail %s: %s", first->id, first->what);
        else if ((status = rg_boards_no_sensor(root, err)) == RG_OK)
            status = rg_fail(err, RG_ABSENT, "attach a meter, or measure on a board with rails",
                             "no rail or instrument covers this device");
    }
    free(all);
    return status;
}

rg_status rg_rails_find(rg_root *root, const char *const *selectors, bool is_virtual,
                        rg_rail_list *ret_rails, rg_err *err) {
    return find_rails(root, selectors, is_virtual, true, ret_rails, err);
}

rg_status rg_rails_claimed(rg_root *root, const char *const *selectors, rg_rail_list *ret_rails,
                           rg_err *err) {
    return find_rails(root, selectors, false, false, ret_rails, err);
}
