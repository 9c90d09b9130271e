/* gate_session.h: two arms measured turn by turn, round by round, until the looks settle every
 * cell. Rounds of a pair stand next to each other, A before B and B before A in turns (ABBA), the
 * first arm drawn by lot; before each the machine must be as it was at the start (run/ready.h). */
#ifndef RG_CMD_GATE_SESSION_H
#define RG_CMD_GATE_SESSION_H

#include "bench/cmd/gate_arm.h"
#include "bench/result/gate.h"

/* Plays the session into both bundles and concludes them. RG_INTERRUPTED keeps what is finished, in
 * bundles that can be read but not gated as a whole session. */
rg_status rg_session_play(const rg_duel *duel, const rg_gate_options *options, rg_arm *a, rg_arm *b,
                          rg_err *err);

#endif
