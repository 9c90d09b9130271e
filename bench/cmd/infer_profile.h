/* infer_profile.h: `railgauge infer --profile` on the terminal. Neighbour: run/profile.h keeps the
 * times. */
#ifndef RG_CMD_INFER_PROFILE_H
#define RG_CMD_INFER_PROFILE_H

#include "bench/run/profile.h"

/* Medians over the runs, a line a node, to stdout. */
void rg_profile_print(const rg_profile *profile);

#endif
