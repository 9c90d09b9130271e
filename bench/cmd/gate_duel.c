/* gate_duel.c: how a session of two arms begins and ends: its name, the words that repeat it, both
 * plans. */
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "bench/cmd/gate_arm.h"

static rg_status name_session(char ret[17], rg_err *err) {
    unsigned char bytes[8];
    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
        return rg_fail(err, RG_FAILED, NULL, "the system gives no random numbers");
    for (size_t i = 0; i < sizeof bytes; i++)
        sprintf(ret + 2 * i, "%02x", bytes[i]);
    return RG_OK;
}

/* The words that ask for this session again, without what only says where the answer goes. */
static json_t *command_of(const rg_args *args) {
    static const char *const keep[] = {"a",         "b",      "baseline", "candidate", "scenario",
                                       "set",       "a_set",  "b_set",    "tier",      "strict",
                                       "tolerance", "target", "metric",   "slice",     NULL};
    json_t *words = json_pack("[s, s]", "railgauge", "gate");
    for (size_t i = 0; i < args->n_given; i++) {
        char option[32];
        const char *const *key = keep;
        while (*key && strcmp(*key, args->given[i].key))
            key++;
        if (!*key)
            continue;
        snprintf(option, sizeof option, "--%s", *key);
        for (char *p = option; *p; p++)
            *p = *p == '_' ? '-' : *p;
        json_array_append_new(words, json_string(option));
        if (strcmp(*key, "strict"))
            json_array_append_new(words, json_string(args->given[i].value));
    }
    return words;
}

rg_status rg_duel_begin(rg_duel *duel, const rg_globals *globals, const char *a_program,
                        const char *b_program, rg_arm *ret_a, rg_arm *ret_b, rg_err *err) {
    const char *own = globals->program;
    rg_status status = name_session(duel->session, err);
    duel->command = command_of(duel->args);
    if (status == RG_OK)
        status = rg_root_open(globals->root, &duel->root, err);
    if (status == RG_OK)
        status = rg_arm_plan(duel, "A", *a_program ? a_program : own, ret_a, err);
    if (status == RG_OK)
        status = rg_arm_plan(duel, "B", *b_program ? b_program : own, ret_b, err);
    return status == RG_OK ? rg_arm_align(ret_a, ret_b, err) : status;
}

void rg_duel_end(rg_duel *duel, rg_arm *a, rg_arm *b) {
    rg_arm_close(b);
    rg_arm_close(a);
    rg_root_close(duel->root);
    json_decref(duel->command);
    duel->root = NULL;
    duel->command = NULL;
}
