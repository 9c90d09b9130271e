/* setting.h: power mode and governor of the machine, set because a cell asks for them, and put
 * back whatever happens: a guardian process restores them when the program that set them is done
 * or gone. Nothing else of a machine is ever changed by us. nvpmodel.h reads modes, modes.h tells
 * the supervisor when to set which. */
#ifndef RG_RUN_SETTING_H
#define RG_RUN_SETTING_H

#include <stdbool.h>

#include "bench/core/err.h"
#include "bench/core/root.h"

/* What is asked for; "" as the machine was found. */
typedef struct rg_setting {
    const char *power_mode; /* name or number of nvpmodel's */
    const char *governor;   /* of cpufreq, for all policies */
} rg_setting;

/* Can it be set here? Nothing is changed. RG_ABSENT: no power modes or no cpufreq. RG_UNSUPPORTED:
 * no such mode or governor, a mode that needs a restart, or a recorded machine. RG_DENIED: not
 * root. */
rg_status rg_setting_check(rg_root *root, const rg_setting *setting, rg_err *err);

typedef struct rg_setter rg_setter;

/* Notes what is set now and starts the guardian; changes nothing. Call it before any thread is
 * started. The root must outlive it. */
rg_status rg_setter_open(rg_root *root, rg_setter **ret_setter, rg_err *err);

/* Sets what is asked for, and what is not asked for as it was found. RG_FAILED where it did not
 * take. */
rg_status rg_setter_apply(rg_setter *setter, const rg_setting *setting, rg_err *err);

/* Puts everything back as it was found and ends the guardian. RG_FAILED naming a file that could
 * not be restored. Accepts NULL. */
rg_status rg_setter_close(rg_setter *setter, rg_err *err);

#endif
