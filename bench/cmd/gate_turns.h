/* gate_turns.h: a pair of rounds whose workers live at the same time and measure in turns, a few
 * milliseconds each (run/turns.h), so that a neighbour's load falls on both arms alike. */
#ifndef RG_CMD_GATE_TURNS_H
#define RG_CMD_GATE_TURNS_H

#include "bench/cmd/gate_arm.h"
#include "bench/run/turns.h"

/* Can this cell's two arms take turns? Not where power is measured (a rail cannot tell them apart),
 * not in simulated time, not for loads with several requests in flight, not where the arms set
 * different power modes or governors, and only on devices that two processes may hold at once. */
bool rg_turns_suit(const rg_arm *a, const rg_arm *b, uint32_t cell);

/* Plays round `round` of the cell with both arms; `first` (0 or 1) loads first and has the first
 * slice. Their sinks are called from two threads at once. Errors as rg_runner_round's. */
rg_status rg_turns_play(rg_turns *turns, rg_arm *const arms[2], int first, uint32_t cell,
                        uint32_t round, rg_err *err);

#endif
