/* sensor.c: words for scopes, roles and kinds of rails. */
#include "bench/iface/sensor.h"

const char *rg_scope_word(rg_scope scope) {
    static const char *const words[] = {"unknown", "accelerator", "gpu", "cpu",
                                        "module",  "board-in",    "wall"};
    return words[scope];
}

const char *rg_role_word(rg_rail_role role) {
    static const char *const words[] = {"unknown", "total", "component", "excluded"};
    return words[role];
}

const char *rg_power_kind_word(rg_power_kind kind) {
    static const char *const words[] = {"instant", "block-average", "recursive-average", "counter"};
    return words[kind];
}
