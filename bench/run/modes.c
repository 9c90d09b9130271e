/* modes.c: settings of cells: refusals at admission, and the one that the next round wants. */
#include "bench/run/modes.h"

#include <string.h>

static rg_setter *shared; /* by `users` runners of this process */
static int users;

static const char *word(const char *text) {
    return text ? text : "";
}

rg_setting rg_cell_setting(const rg_cell *cell) {
    return (rg_setting){word(cell->power_mode), word(cell->governor)};
}

bool rg_cell_sets(const rg_cell *cell) {
    rg_setting setting = rg_cell_setting(cell);
    return *setting.power_mode || *setting.governor;
}

bool rg_cells_set_alike(const rg_cell *a, const rg_cell *b) {
    rg_setting x = rg_cell_setting(a), y = rg_cell_setting(b);
    return !strcmp(x.power_mode, y.power_mode) && !strcmp(x.governor, y.governor);
}

rg_status rg_modes_admit(rg_root *root, const rg_plan *plan, rg_arena *arena,
                         rg_admission *admissions, rg_err *err) {
    for (size_t i = 0; i < plan->n_cells; i++) {
        rg_admission *answer = &admissions[i];
        rg_setting setting = rg_cell_setting(&plan->cells[i]);
        rg_err why = RG_ERR_INIT;
        if (answer->status != RG_OK)
            continue;
        answer->status = rg_setting_check(root, &setting, &why);
        if (answer->status == RG_OK)
            continue;
        answer->what = rg_arena_strdup(arena, why.what);
        answer->advice = rg_arena_strdup(arena, why.advice);
        if (!answer->what || !answer->advice)
            return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    }
    return RG_OK;
}

rg_status rg_modes_open(rg_root *root, const rg_plan *plan, const rg_admission *admissions,
                        rg_setter **ret_setter, rg_err *err) {
    bool any = false;
    for (size_t i = 0; i < plan->n_cells; i++)
        any |= admissions[i].status == RG_OK && rg_cell_sets(&plan->cells[i]);
    *ret_setter = NULL;
    if (!any)
        return RG_OK;
    rg_status status = users ? RG_OK : rg_setter_open(root, &shared, err);
    if (status == RG_OK) {
        users++;
        *ret_setter = shared;
    }
    return status;
}

rg_status rg_modes_close(rg_setter *setter, rg_err *err) {
    if (!setter || --users)
        return RG_OK;
    shared = NULL;
    return rg_setter_close(setter, err);
}

rg_status rg_modes_set(rg_setter *setter, const rg_cell *cell, rg_err *err) {
    rg_setting setting = rg_cell_setting(cell);
    return setter ? rg_setter_apply(setter, &setting, err) : RG_OK;
}
