/* record.c: the field table and figures as JSON. */
#include "bench/result/record.h"

#include <math.h>
#include <string.h>

#include "bench/core/codes.h"
#include "bench/core/json.h"

const rg_figure_row rg_figure_rows[RG_FIG_COUNT] = {
#define X(key, unit, better, group, label, help)                                                   \
    {#key, unit, RG_BETTER_##better, group, label, help},
    RG_FIGURE_LIST(X)
#undef X
};

int rg_figure_find(const char *key) {
    for (int i = 0; i < RG_FIG_COUNT; i++) {
        if (!strcmp(rg_figure_rows[i].key, key))
            return i;
    }
    return -1;
}

bool rg_figure_in_points(int figure) {
    return figure == RG_FIG_deadline_miss_share || figure == RG_FIG_drop_share;
}

rg_figure rg_figure_value(double value) {
    return (rg_figure){.set = true, .value = value, .low = NAN, .high = NAN};
}

rg_figure rg_figure_na(const char *code) {
    return (rg_figure){.set = true, .value = NAN, .low = NAN, .high = NAN, .na = code};
}

json_t *rg_figure_to_json(const rg_figure *figure) {
    json_t *object = json_object();
    if (figure->na || !isfinite(figure->value)) {
        json_object_set_new(object, "na", json_string(figure->na ? figure->na : "not-available"));
        return object;
    }
    rg_json_set_real(object, "value", figure->value);
    if (isfinite(figure->low) && isfinite(figure->high)) {
        rg_json_set_real(object, "low", figure->low);
        rg_json_set_real(object, "high", figure->high);
    } else if (figure->no_interval) {
        json_object_set_new(object, "no_interval", json_string(figure->no_interval));
    }
    if (figure->n)
        json_object_set_new(object, "n", json_integer((json_int_t)figure->n));
    return object;
}

static const char *static_code(const char *id) {
    const rg_code *code = id ? rg_code_find(id) : NULL;
    return code ? code->id : id ? "not-available" : NULL;
}

rg_figure rg_figure_from_json(const json_t *value) {
    if (!json_is_object(value))
        return (rg_figure){.set = false, .value = NAN, .low = NAN, .high = NAN};
    const char *na = rg_json_get_text(value, "na", NULL);
    if (na)
        return rg_figure_na(static_code(na));
    rg_figure figure = rg_figure_value(rg_json_get_real(value, "value", NAN));
    figure.low = rg_json_get_real(value, "low", NAN);
    figure.high = rg_json_get_real(value, "high", NAN);
    figure.n = (uint64_t)rg_json_get_int(value, "n", 0);
    figure.no_interval = static_code(rg_json_get_text(value, "no_interval", NULL));
    return figure;
}

json_t *rg_figures_to_json(const rg_figure *figures) {
    json_t *object = json_object();
    for (int i = 0; i < RG_FIG_COUNT; i++) {
        if (figures[i].set)
            json_object_set_new(object, rg_figure_rows[i].key, rg_figure_to_json(&figures[i]));
    }
    return object;
}

void rg_figures_from_json(const json_t *object, rg_figure *ret_figures) {
    for (int i = 0; i < RG_FIG_COUNT; i++)
        ret_figures[i] = rg_figure_from_json(json_object_get(object, rg_figure_rows[i].key));
}
