/* gate_arm.h: one arm of a gate that measures: a build of this program (or this one with other
 * values of the scenario's options), the scenario as it sees it, and the bundle that grows from it.
 * gate_session.c plays two of them turn by turn. */
#ifndef RG_CMD_GATE_ARM_H
#define RG_CMD_GATE_ARM_H

#include "bench/cmd/args.h"
#include "bench/cmd/run_request.h"
#include "bench/result/bundle.h"
#include "bench/result/looks.h"
#include "bench/run/peer.h"
#include "bench/run/supervisor.h"

/* What both arms share: how the session was asked for (borrowed), and what rg_duel_begin adds. */
typedef struct rg_duel {
    const rg_args *args;  /* of the gate: --set for both, --a-set and --b-set for one, --only */
    const char *scenario; /* its file */
    const char *tier, *out;
    const rg_looks *looks;
    int64_t slice_ns; /* how long one arm measures before the other has its turn; 0: whole rounds */
    bool quiet;
    char session[17]; /* a random name */
    rg_root *root;
    json_t *command; /* words that repeat the session, for the bundles */
} rg_duel;

typedef struct rg_arm {
    const char *name;    /* "A", "B" */
    const char *program; /* whose workers run its rounds */
    rg_peer peer;
    rg_request request;
    rg_plan *plan;
    rg_bundle *bundle;
    rg_outcome *outcomes;
    rg_runner *runner; /* NULL until rg_arm_open */
    rg_run_spec spec;
    rg_sink sink;
    char layout[32];
} rg_arm;

/* Asks the program and makes the plan: --set, then the arm's own --a-set or --b-set, then --tier
 * and --only; as many rounds as the last look. Free with rg_arm_close. */
rg_status rg_arm_plan(const rg_duel *duel, const char *name, const char *program, rg_arm *ret_arm,
                      rg_err *err);

/* Gives B's cells the keys and names of A's, place by place: an arm is never part of a key.
 * RG_USAGE when they have not as many cells. */
rg_status rg_arm_align(const rg_arm *a, rg_arm *b, rg_err *err);

/* Creates the bundle OUT/gate-SESSION/NAME and opens the plan: admissions. `sink` is a sink whose
 * callbacks go to the bundle (arm->sink) in the end. */
rg_status rg_arm_open(const rg_duel *duel, rg_arm *arm, const rg_sink *sink, rg_err *err);

/* Ends the runner; closed in reverse order of opening. The bundle stays open for reading. */
void rg_arm_stop(rg_arm *arm);
void rg_arm_close(rg_arm *arm); /* accepts all-zero */

/* Names the session and plans both arms; "" for a program: this one. End it with rg_duel_end, also
 * after a failure. */
rg_status rg_duel_begin(rg_duel *duel, const rg_globals *globals, const char *a_program,
                        const char *b_program, rg_arm *ret_a, rg_arm *ret_b, rg_err *err);
void rg_duel_end(rg_duel *duel, rg_arm *a, rg_arm *b);

#endif
