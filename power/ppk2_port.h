/* ppk2_port.h: the serial port of a Nordic Power Profiler Kit II: opening it, asking for its
 * calibration, and setting what it measures. Every step has a limit of time. */
#ifndef RG_POWER_PPK2_PORT_H
#define RG_POWER_PPK2_PORT_H

#include <stdbool.h>
#include <stddef.h>

#include "bench/core/err.h"

/* Opens it raw and without waiting. RG_DENIED, RG_ABSENT, or RG_USAGE when it is no serial port. */
rg_status rg_ppk2_open(const char *path, int *ret_fd, rg_err *err);

/* Stops what a measurement that was killed left running, and throws away what is under way. */
void rg_ppk2_calm(int fd);

/* The text of its calibration, which ends with "END". RG_FAILED when nothing there answers so. */
rg_status rg_ppk2_ask_calibration(int fd, char *text, size_t cap, rg_err *err);

/* Ampere meter, or with source_v > 0 a supply of that voltage, and the way to the board closed; it
 * stays closed afterwards, as nobody wants a board switched off. False when it takes no commands.
 */
bool rg_ppk2_set_up(int fd, double source_v);

bool rg_ppk2_start(int fd); /* words come from now on */

#endif
