/* target_options.c: KEY=VALUE words as a target's options. */
#include "bench/cmd/target_options.h"

#include <stdio.h>
#include <string.h>

rg_status rg_target_options_read(const rg_args *args, rg_target_options *ret, rg_err *err) {
    ret->n = 0;
    for (size_t i = 0; i < args->n_given; i++) {
        if (strcmp(args->given[i].key, "option") != 0)
            continue;
        const char *text = args->given[i].value, *equals = strchr(text, '=');
        size_t n = equals ? (size_t)(equals - text) : 0;
        if (n == 0 || n >= sizeof ret->keys[0])
            return rg_fail(err, RG_USAGE, "write --option KEY=VALUE",
                           "'%s' is no option of a target", text);
        snprintf(ret->keys[ret->n], sizeof ret->keys[0], "%.*s", (int)n, text);
        ret->items[ret->n] =
            (rg_attr){.key = ret->keys[ret->n], .type = RG_ATTR_WORD, .word = equals + 1};
        ret->n++;
    }
    return RG_OK;
}
