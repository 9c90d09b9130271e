/* modes.h: which power mode and governor the next round wants. Between a plan's cells and
 * setting.c, which sets them: cells that ask for what this machine cannot take are refused at
 * admission, and nothing is touched in a plan without such cells. */
#ifndef RG_RUN_MODES_H
#define RG_RUN_MODES_H

#include "bench/core/arena.h"
#include "bench/run/admission.h"
#include "bench/run/request.h"
#include "bench/run/setting.h"

/* What a cell asks the machine to be set to. */
rg_setting rg_cell_setting(const rg_cell *cell);
bool rg_cell_sets(const rg_cell *cell); /* anything at all? */
bool rg_cells_set_alike(const rg_cell *a, const rg_cell *b);

/* Refuses, among the admitted cells, those whose setting is impossible here. */
rg_status rg_modes_admit(rg_root *root, const rg_plan *plan, rg_arena *arena,
                         rg_admission *admissions, rg_err *err);

/* Starts the guardian where an admitted cell sets something; else *ret_setter is NULL. Runners of
 * one process that are open at the same time share one, so that all of them know the machine as the
 * first one found it; its root must outlive all. Close each with rg_modes_close. */
rg_status rg_modes_open(rg_root *root, const rg_plan *plan, const rg_admission *admissions,
                        rg_setter **ret_setter, rg_err *err);

/* Sets the machine for a round of this cell; RG_OK with a NULL setter. */
rg_status rg_modes_set(rg_setter *setter, const rg_cell *cell, rg_err *err);

/* The last one to close puts everything back: rg_setter_close. Accepts NULL. */
rg_status rg_modes_close(rg_setter *setter, rg_err *err);

#endif
