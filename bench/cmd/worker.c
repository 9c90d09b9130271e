/* worker.c: the hidden verb under which `railgauge run` starts itself again for each round, and by
 * which `railgauge gate` learns whether it can drive the workers of another build. */
#include "bench/run/worker.h"

#include <stdio.h>
#include <string.h>

#include "bench/cmd/verb.h"
#include "bench/run/job.h"
#include "rg_config.h"

/* Two lines: what both sides must agree on, and which build this is. */
static int tell_protocol(void) {
    char protocol[160];
    rg_job_protocol(protocol, sizeof protocol);
    printf("%s\n%s %s\n", protocol, RG_VERSION, RG_BUILD);
    return RG_EXIT_OK;
}

static int run(const rg_globals *globals, int argc, char **argv) {
    (void)globals;
    return argc > 1 && !strcmp(argv[1], "--protocol") ? tell_protocol() : rg_worker_main();
}

const rg_verb rg_verb_worker = {
    .name = "worker",
    .summary = NULL,
    .usage = "railgauge worker",
    .help = "",
    .run = run,
};
