/* target_options.h: a target's own options on the command line: --option KEY=VALUE, repeatable, for
 * verbs that run one model. Scenarios write them as target = {"tflite", delegate = "..."}. */
#ifndef RG_CMD_TARGET_OPTIONS_H
#define RG_CMD_TARGET_OPTIONS_H

#include "bench/cmd/args.h"
#include "bench/core/graph.h"

typedef struct rg_target_options {
    rg_attr items[RG_MAX_ARGS + 1];
    char keys[RG_MAX_ARGS][64];
    uint32_t n;
} rg_target_options;

/* The row of the option `option` of a verb; its member, a text, is not used. */
#define RG_TARGET_OPTION_ROW(type, member)                                                         \
    {                                                                                              \
        "option", RG_FIELD_TEXT, offsetof(type, member), "", 0, 0, NULL, "",                       \
            "KEY=VALUE of the target's own, such as delegate=libvx_delegate.so; repeatable"        \
    }

/* All that were given, as words; the targets check them. Values are borrowed from `args`. RG_USAGE
 * for one without a key or without "=". */
rg_status rg_target_options_read(const rg_args *args, rg_target_options *ret_options, rg_err *err);

#endif
