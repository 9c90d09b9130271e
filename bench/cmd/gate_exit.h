/* gate_exit.h: what becomes of a gate's exit code: --exit CODE=CODE and --inconclusive. */
#ifndef RG_CMD_GATE_EXIT_H
#define RG_CMD_GATE_EXIT_H

#include "bench/cmd/args.h"

/* Rows for a verb's table; the values are read from the list of what was given. */
#define RG_GATE_EXIT_ROWS(type, exit_member, policy_member)                                        \
    {"exit",                                                                                       \
     RG_FIELD_TEXT,                                                                                \
     offsetof(type, exit_member),                                                                  \
     "",                                                                                           \
     0,                                                                                            \
     0,                                                                                            \
     NULL,                                                                                         \
     "",                                                                                           \
     "CODE=CODE: another exit code in place of one; may be repeated"},                             \
    {                                                                                              \
        "inconclusive", RG_FIELD_CHOICE, offsetof(type, policy_member), "fail", 0, 0,              \
            rg_gate_policies, "", "what rounds that do not tell come to: exit 2, or 0"             \
    }
extern const char *const rg_gate_policies[]; /* "fail", "pass" */

/* The code that leaves in place of `code`, by what `args` gave: --inconclusive first, then --exit,
 * the last of several. RG_USAGE for words that map nothing. */
rg_status rg_gate_exit_code(const rg_args *args, int code, int *ret_code, rg_err *err);

#endif
