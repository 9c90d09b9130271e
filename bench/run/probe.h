/* probe.h: asking a target what devices it has. Foreign libraries are only ever loaded in a child,
 * which may crash or hang without harm. */
#ifndef RG_RUN_PROBE_H
#define RG_RUN_PROBE_H

#include <jansson.h>

#include "bench/iface/target.h"

enum { RG_PROBE_LIMIT_S = 20 };

/* The registered target of that name; RG_USAGE with the nearest named when there is none. */
rg_status rg_probe_find_target(const char *name, const rg_target **ret_target, rg_err *err);

/* Calls target->probe, in a forked child with a time limit when the target is FOREIGN. On success
 * the list holds devices or one entry that says why there is none; a crash or hang of the probe is
 * RG_FAILED with the signal or the time told in `err` (may be NULL). The list's `settings` must be
 * set before: what a cell asks for, or NULL. */
rg_status rg_probe_target(const rg_target *target, rg_root *root, rg_device_list *ret_devices,
                          rg_err *err);

/* In a child only: standard output and error go nowhere from here on. */
void rg_probe_hush(void);

/* The device with this id; with id "" the first present one. RG_ABSENT or RG_DENIED with the
 * target's own reason, RG_USAGE when the id is not in the list (the nearest one is named). */
rg_status rg_probe_pick(const rg_target *target, const rg_device_list *devices, const char *id,
                        rg_device *ret_device, rg_err *err);

/* The device's rows of facts as an object of texts (a new reference, empty without rows); for
 * records and lists. Rows that are no UTF-8 are left out. */
json_t *rg_device_facts_json(const rg_device *device);

#endif
