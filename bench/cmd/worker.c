/* worker.c: the hidden verb under which `railgauge run` starts itself again for each round. */
#include "bench/run/worker.h"

#include "bench/cmd/verb.h"

static int run(const rg_globals *globals, int argc, char **argv) {
    (void)globals;
    (void)argc;
    (void)argv;
    return rg_worker_main();
}

const rg_verb rg_verb_worker = {
    .name = "worker",
    .summary = NULL,
    .usage = "railgauge worker",
    .help = "",
    .run = run,
};
