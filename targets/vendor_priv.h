/* vendor_priv.h: what vendor_tool.c and vendor_run.c share: a session and its program. */
#ifndef RG_TARGETS_VENDOR_PRIV_H
#define RG_TARGETS_VENDOR_PRIV_H

#include "bench/core/text.h"
#include "targets/command.h"
#include "targets/vendor_tool.h"

struct rg_session {
    const rg_vendor_spec *spec;
    rg_vendor_options options;
    rg_settings settings;
    char variant[64];
    rg_command flags;
    char program[RG_VENDOR_PATH], version[64], device[64];
};

struct rg_program {
    rg_session *session;
    char model[RG_VENDOR_PATH], form[32];
    rg_placement placement;
    rg_arena *arena; /* of the last run */
    rg_foreign_list *list;
    rg_text command; /* as it was started */
};

/* The command of a run; how long it is to measure. RG_UNSUPPORTED for what the tool cannot do. */
rg_status rg_vendor_make_words(rg_program *program, const rg_whole_ask *ask, const char *times,
                               rg_vendor_words *ret_words, int64_t *ret_measure_ns, rg_err *err);

#endif
