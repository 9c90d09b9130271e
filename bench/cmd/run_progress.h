/* run_progress.h: what `railgauge run` says to people on stderr while it runs: one rewritten line
 * on a terminal, else a line at each new round of a cell and every ten seconds. */
#ifndef RG_CMD_RUN_PROGRESS_H
#define RG_CMD_RUN_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "bench/run/supervisor.h"

typedef struct rg_teller {
    bool quiet, terminal, line_open;
    unsigned columns;
    int64_t last_ns; /* when it last spoke */
    char last[128];  /* cell, round and phase it spoke of */
} rg_teller;

/* A teller for this process's stderr. */
rg_teller rg_teller_new(bool quiet);

void rg_teller_tell(rg_teller *teller, const rg_progress *progress);

/* Ends an open line, before other words. */
void rg_teller_end(rg_teller *teller);

#endif
