/* sensor.c: words for scopes, roles and kinds of rails, and back; what went wrong with them. */
#include "bench/iface/sensor.h"

#include <stdio.h>
#include <string.h>

static const char *const scopes[] = {"unknown", "accelerator", "gpu", "cpu",
                                     "module",  "board-in",    "wall"};
static const char *const roles[] = {"unknown", "total", "component", "excluded"};
static const char *const kinds[] = {"instant", "block-average", "recursive-average", "counter"};

enum { N_SCOPES = sizeof scopes / sizeof scopes[0] };
enum { N_ROLES = sizeof roles / sizeof roles[0] };
enum { N_KINDS = sizeof kinds / sizeof kinds[0] };

/* Place of a word in its list; 0 when it is not there. */
static int place_of(const char *word, const char *const *words, int n) {
    for (int i = 0; i < n; i++) {
        if (!strcmp(words[i], word))
            return i;
    }
    return 0;
}

const char *rg_scope_word(rg_scope scope) {
    return scopes[scope];
}

const char *rg_role_word(rg_rail_role role) {
    return roles[role];
}

const char *rg_power_kind_word(rg_power_kind kind) {
    return kinds[kind];
}

rg_scope rg_scope_from_word(const char *word) {
    return (rg_scope)place_of(word, scopes, N_SCOPES);
}

rg_rail_role rg_role_from_word(const char *word) {
    return (rg_rail_role)place_of(word, roles, N_ROLES);
}

rg_power_kind rg_power_kind_from_word(const char *word) {
    return (rg_power_kind)place_of(word, kinds, N_KINDS);
}

void rg_sensor_note_trouble(const rg_sensor *sensor, const rg_gauge *gauge, rg_rail *rails,
                            size_t n) {
    const char *words = sensor->trouble ? sensor->trouble(gauge) : "";
    for (size_t i = 0; i < n && *words; i++)
        snprintf(rails[i].what, sizeof rails[i].what, "%s", words);
}
