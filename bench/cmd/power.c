/* power.c: `railgauge power`: rails by themselves, without a scenario: watch them, record any
 * command beside them, work out a trace. Each has a file of its own: power_NAME.c. */
#include "bench/cmd/power.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "bench/cmd/parts.h"

static const char *const scopes[] = {"widest", "accelerator", "gpu",  "cpu",
                                     "module", "board-in",    "wall", NULL};

#define ROW(key, member, type, preset, min, max, choices, help)                                    \
    { key, type, offsetof(rg_power_options, member), preset, min, max, choices, "", help }
static const rg_field table[] = {
    ROW("rail", rail, RG_FIELD_TEXT, "", 0, 0, NULL,
        "a rail's id or label, a sensor, or an instrument's address, scpi:HOST (docs/power.md); "
        "repeatable; none: all that can be read"),
    RG_POWER_PIPE_ROW(rg_power_options, power_pipe),
    ROW("output", output, RG_FIELD_TEXT, "", 0, 0, NULL, "record: the trace's file, also -o"),
    ROW("idle_time", idle_ns, RG_FIELD_DURATION, "0s", 0, 3.6e12, NULL,
        "record: measures idle power this long before and after the command"),
    ROW("window", window, RG_FIELD_TEXT, "", 0, 0, NULL,
        "replay: FROM,TO in seconds from the first reading; else as recorded, or all"),
    ROW("idle", idle, RG_FIELD_TEXT, "", 0, 0, NULL,
        "replay: FROM,TO of idle before the window, and with FROM,TO,FROM,TO after it"),
    ROW("scope", scope, RG_FIELD_CHOICE, "widest", 0, 0, scopes, "whose energy is the headline"),
    ROW("interval", interval_ns, RG_FIELD_DURATION, "1s", 1e6, 3.6e12, NULL,
        "watch: time between two lines"),
    ROW("count", count, RG_FIELD_INT, "0", 0, 1e9, NULL, "watch: stops after so many; 0: never"),
    ROW("load", load, RG_FIELD_TEXT, "", 0, 0, NULL,
        "check: command that makes the load; none: all cores but the meter's"),
    ROW("seconds", seconds, RG_FIELD_INT, "5", 1, 600, NULL,
        "check: length of idle, of load, and of idle again"),
    ROW("json", json, RG_FIELD_BOOL, "false", 0, 0, NULL, "JSON on stdout"),
    {0},
};
#undef ROW

/* --- what the parts share ----------------------------------------------------------------------
 */

static volatile sig_atomic_t stopped;

static void on_signal(int number) {
    (void)number;
    stopped = 1;
}

void rg_power_catch(void) {
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

bool rg_power_stopped(void) {
    return stopped;
}

size_t rg_power_selectors(const rg_power_call *call, const char **ret_selectors) {
    size_t n = 0;
    for (size_t i = 0; i < call->args->n_given; i++) {
        if (!strcmp(call->args->given[i].key, "rail"))
            ret_selectors[n++] = call->args->given[i].value;
    }
    return n;
}

rg_status rg_power_meter(const rg_power_call *call, rg_meter **ret_meter, rg_err *err) {
    const char *selectors[RG_MAX_ARGS + 1] = {0};
    rg_power_selectors(call, selectors);
    rg_root *root = NULL;
    rg_rail_list *rails = calloc(1, sizeof *rails);
    rg_status status = rails ? rg_root_open(call->globals->root, &root, err)
                             : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    if (status == RG_OK)
        status = rg_rails_find(root, selectors, false, rails, err);
    if (status == RG_OK)
        status = rg_meter_open(root, rails, "", ret_meter, err);
    rg_root_close(root);
    free(rails);
    return status;
}

/* --- the verb ----------------------------------------------------------------------------------
 */

typedef struct part {
    rg_part part;
    int (*run)(const rg_power_call *call);
} part;

static const part parts[] = {
    {{"watch", 0, 0}, rg_power_watch},
    {{"check", 0, 0}, rg_power_check},
    {{"record", 1, RG_MAX_ARGS}, rg_power_record},
    {{"replay", 1, 1}, rg_power_replay},
};

static int run(const rg_globals *globals, int argc, char **argv);

const rg_verb rg_verb_power = {
    .name = "power",
    .summary = "watch and check rails, record any command's energy, work out a trace",
    .usage = "railgauge power watch [--rail R]...\n"
             "       railgauge power check [--rail R]... [--load COMMAND] [--seconds 5]\n"
             "       railgauge power record -o TRACE.jsonl [--idle-time 30s] -- COMMAND [WORDS]\n"
             "       railgauge power replay TRACE.jsonl [--window FROM,TO] [--idle FROM,TO]",
    .help =
        "`check` makes a step of load and fits delay, refresh and lag of each rail; runs that follow\n"
        "use what it found. It ends with 4 where a rail does not follow the load or is not what it\n"
        "claims to be.\n"
        "`record` ends with the command's own exit code; its figures go to stderr, as they would\n"
        "disturb the command's output, and the trace holds all readings. `replay` works out\n"
        "the same from the trace alone. docs/power.md tells what the figures mean.\n",
    .run = run,
};

static int run(const rg_globals *globals, int argc, char **argv) {
    rg_power_options options;
    rg_args args;
    rg_err err = RG_ERR_INIT;
    const void *what = NULL;
    int code;
    if (!rg_args_begin(&rg_verb_power, table, &options, 1, RG_MAX_ARGS, argc, argv, &args, &code))
        return code;
    rg_status status = rg_part_find("power", parts, sizeof parts / sizeof parts[0], sizeof parts[0],
                                    &args, &what, &err);
    if (status != RG_OK)
        return rg_report_error("power", &err);
    const rg_power_call call = {globals, &options, &args, args.words + 1, args.n_words - 1};
    return ((const part *)what)->run(&call);
}
