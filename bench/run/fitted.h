/* fitted.h: what `railgauge power check` found out about this machine's rails, kept in a file for
 * the runs that follow: $XDG_STATE_HOME/railgauge/rails.json. A fit holds as long as the sensor
 * claims what it claimed then. */
#ifndef RG_RUN_FITTED_H
#define RG_RUN_FITTED_H

#include "bench/core/err.h"
#include "bench/iface/sensor.h"

/* What was found of one rail. */
typedef struct rg_fitted {
    bool failed; /* the readings did not follow the load */
    rg_power_kind kind;
    double refresh_s, lag_s, delay_s; /* NAN: not found */
} rg_fitted;

/* Rails that were checked take kind, refresh and lag from the fit, with what they claimed and the
 * day of the check among their facts; those that failed are marked (failed_check). Without a file
 * nothing happens; one that cannot be understood is RG_BAD_DATA. */
rg_status rg_fitted_apply(rg_rail_list *rails, rg_err *err);

/* Keeps the fits of n rails beside those of other rails. `rails` are as they claim, before
 * rg_fitted_apply. The file's name goes to `ret_path` where that is not NULL. */
rg_status rg_fitted_keep(const rg_rail *rails, const rg_fitted *fits, size_t n, char *ret_path,
                         size_t cap, rg_err *err);

#endif
