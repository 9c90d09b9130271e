/* edgetpu_heat.h: how warm an Edge TPU on PCI is, and whether its driver slowed it down: its
 * temperature and trip points in /sys, its lines in the kernel's log. The driver looks every five
 * seconds and divides the clock by 2, 4 and 8 above its three trip points; no file shows the clock.
 * Devices on USB tell nothing of the kind. */
#ifndef RG_TARGETS_EDGETPU_HEAT_H
#define RG_TARGETS_EDGETPU_HEAT_H

#include "bench/core/root.h"
#include "bench/core/text.h"

typedef struct rg_edgetpu_heat {
    rg_root *root;      /* NULL: nothing can be read; owned */
    char sys[128];      /* "/sys/class/apex/apex_0" */
    char address[32];   /* of its PCI device, as the log names it; "" unknown */
    int64_t log_before; /* lines about throttling when the session began, -1: no log */
} rg_edgetpu_heat;

/* Begins watching; `root` is a folder, NULL or "" for this machine; `sys` "" for USB devices. */
void rg_edgetpu_heat_begin(rg_edgetpu_heat *heat, const char *root, const char *sys);
void rg_edgetpu_heat_end(rg_edgetpu_heat *heat);

/* Adds how it is now as "key=value\n": temperature_c, trip0_c to trip2_c, poll_ms,
 * throttle_log_lines since the beginning; with "flag=throttled" where a trip point is reached or
 * the log says so, and "flag=sensor-invalid" for a temperature that cannot be. */
void rg_edgetpu_heat_tell(const rg_edgetpu_heat *heat, rg_text *text);

#endif
