/* gate_baselines.h: a candidate judged against several baselines at once, say the previous run and
 * the last release: steps that each pass, and together creep, are caught by the older one. */
#ifndef RG_CMD_GATE_BASELINES_H
#define RG_CMD_GATE_BASELINES_H

#include "bench/cmd/args.h"
#include "bench/core/arena.h"

/* Every --baseline in its order; how many. */
size_t rg_gate_baselines(const rg_args *args, const char *ret_names[RG_MAX_ARGS]);

/* Where the files of a further baseline go: "gate.xml" of baseline "release" is "gate.release.xml";
 * "" and "-" stay. In the arena, NULL without memory. */
const char *rg_gate_beside(rg_arena *arena, const char *path, const char *baseline);

/* A copy of the arguments in which every file that is written goes beside (rg_gate_beside). False
 * without memory. */
bool rg_gate_args_beside(rg_arena *arena, const rg_args *args, const char *baseline,
                         rg_args *ret_args);

/* The severer of two exit codes: 3 > 1 > 4 > 2 > 0; codes that --exit made come by their size. */
int rg_gate_severer(int a, int b);

#endif
