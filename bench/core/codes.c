/* codes.c: the table of flags, refusals and reasons. Add a row here, use its id anywhere. */
#include "bench/core/codes.h"

#include <string.h>

#define FLAG RG_CODE_FLAG
#define REFUSAL RG_CODE_REFUSAL
#define NA RG_CODE_NA

const rg_code rg_codes[] = {
    /* flags: the run */
    {"no-steady-state", FLAG, "warm-up did not end within its cap",
     "the steady figures may hold start-up effects",
     "run longer (tier standard), or look at the latency series for a trend"},
    {"drifting", FLAG, "latency trends over the steady window",
     "the figure depends on how long one measured",
     "let the device warm up or cool down, fix clocks, run again"},
    {"multimodal", FLAG, "latency has more than one mode", "one percentile cannot describe it",
     "look at the distribution; pin threads, stop other processes"},
    {"mode-boundary", FLAG, "p95 lies in the gap between two modes",
     "a tiny shift of weight moves it far", "compare p50 and mean as well; take more samples"},
    {"unstable", FLAG, "rounds disagree by more than 10 %", "the figure may not repeat",
     "look for other load, clocks, heat; add rounds"},
    {"throttled", FLAG, "a throttle counter moved during the run",
     "heat or power limits slowed the device",
     "improve cooling or supply, or report it as sustained behaviour"},
    {"hot", FLAG, "the device was warmer than at the session's start", "later rounds may be slower",
     "wait for it to cool down, or lengthen cool-down"},
    {"busy", FLAG, "other processes were using the CPU", "latency includes waiting for them",
     "stop other work on the machine and run again"},
    {"within-one-process", FLAG, "the cell has a single round",
     "its interval does not know how processes differ", "use tier standard or more rounds"},
    {"time-cap", FLAG, "the time cap ended the cell before its goal of samples",
     "intervals are wider than the tier promises",
     "raise the cap with --set or choose a smaller tier"},
    {"clock-coarse", FLAG, "the workload is shorter than 100 reads of the clock",
     "single stamps would measure the clock",
     "percentiles are of block means; compare them only with such"},
    {"overhead-subtracted", FLAG, "harness overhead above 0.1 % was subtracted",
     "the raw samples hold it", "nothing; the overhead is in the record"},
    {"meter-shares-core", FLAG, "no core was free for the power meter",
     "sampling and workload disturb each other",
     "use a machine with a spare core, or run without power"},
    {"reservoir", FLAG, "more samples were taken than are stored",
     "the raw file holds a uniform subset",
     "nothing; summaries come from the stored subset and say so"},
    {"caching", FLAG, "repeating one input is faster than varying it",
     "the runtime may cache results", "vary the inputs"},
    {"int8-slower-than-float", FLAG, "the int8 model is slower than its float twin",
     "there may be no int8 path here", "check the chosen kernels and the instruction set"},
    {"clock-changed", FLAG, "the CPU clock differed between start and end",
     "figures mix two speeds", "fix the governor or the clock and run again"},
    {"state-changed", FLAG, "power mode, governor or limits of clocks changed during the round",
     "the round has two states and its figures belong to neither",
     "stop what changes them (power daemon, desktop, cron job) and run again"},
    {"not-pinned", FLAG, "threads could not be pinned to cores", "migrations add noise",
     "allow sched_setaffinity, or use fewer threads"},
    /* refusals of energy and TOPS/W (measurement, section 7) */
    {"no-sensor", REFUSAL, "no rail or instrument covers the device", "energy cannot be measured",
     "attach a meter, or see `railgauge list rails`"},
    {"scope", REFUSAL, "the rails do not add up to one scope", "the sum would miss or double parts",
     "choose rails whose roles make a total (railgauge list rails)"},
    {"short-window", REFUSAL, "fewer than 20 sensor refreshes or 10 lags in the window",
     "the reading is mostly edges",
     "measure longer: 20 refreshes and 10 lags of the rail (`railgauge list rails`)"},
    {"stale", REFUSAL, "readings did not move across a known load step", "the sensor may be stuck",
     "read its file by hand while the load changes (`railgauge list rails`)"},
    {"gap", REFUSAL, "samples were lost inside the window", "energy in the gap is unknown",
     "lower the load on the meter's core or the sampling rate"},
    {"range", REFUSAL, "readings were clipped, negative or not a number",
     "the sensor was out of its range", "choose a larger range or another sensor"},
    {"uncertainty", REFUSAL, "U(k=2) exceeds 10 %", "the figure would not survive doubt",
     "measure longer or with a better sensor"},
    {"low-signal", REFUSAL, "above-idle energy is below three times its uncertainty",
     "it cannot be told from idle", "use the total figure, or a heavier load"},
    {"idle-drift", REFUSAL, "idle before and after differ", "the baseline moved during the run",
     "wait for a steady temperature and run again"},
    {"throttle", REFUSAL, "a throttle event fell into the window", "joules belong to two states",
     "improve cooling or supply"},
    {"not-steady", REFUSAL, "power or latency trends over the window",
     "one figure cannot describe it", "warm up longer"},
    {"state", REFUSAL, "power mode, governor or clocks unknown or changed",
     "joules belong to an unknown state", "make the state readable (railgauge doctor) and fixed"},
    {"sensor-differs", FLAG,
     "the step self-test found another lag or refresh than the sensor claims",
     "windows and tails judged by its claim would be wrong",
     "nothing: runs from now on take the fitted values; see `railgauge list rails`"},
    {"ops-unknown", REFUSAL, "the workload's operations are not known", "TOPS cannot be formed",
     "use a model whose operators are supported"},
    {"disagree", REFUSAL, "two energy sources differ beyond their uncertainty",
     "one of them is wrong", "compare the rails of `railgauge list rails` under a steady load"},
    /* reasons for other missing numbers */
    {"n<72", NA, "fewer than 72 samples", "the two-sided 95 % interval of p95 does not exist",
     "take at least 72 samples (tier quick takes 130 a round)"},
    {"n<368", NA, "fewer than 368 samples", "the two-sided 95 % interval of p99 does not exist",
     "take more samples"},
    {"n<36", NA, "fewer than 36 samples", "the two-sided 95 % interval of p90 does not exist",
     "take more samples"},
    {"n<6", NA, "fewer than 6 samples", "no interval of the median exists", "take more samples"},
    {"n<130", NA, "fewer than 130 samples", "the conservative p95 bound does not exist",
     "take at least 130 samples"},
    {"rounds<2", NA, "a single round", "no interval over rounds exists", "use at least two rounds"},
    {"not-run", NA, "the cell did not run", "there is nothing to report", "see its status"},
    {"not-measured", NA, "not measured in this scenario", "nothing was asked for",
     "add it to the scenario's measure list"},
    {"not-available", NA, "the kernel or target does not offer it", "nothing could be read",
     "see railgauge doctor"},
    {"no-counters", NA, "hardware counters are not available",
     "the kernel or hypervisor refuses them", "see railgauge doctor"},
    {"no-operations", NA, "the workload has no multiply-accumulates", "TOPS is undefined for it",
     "nothing"},
};

const size_t rg_n_codes = sizeof rg_codes / sizeof rg_codes[0];

const rg_code *rg_code_find(const char *id) {
    for (size_t i = 0; i < rg_n_codes; i++) {
        if (!strcmp(rg_codes[i].id, id))
            return &rg_codes[i];
    }
    return NULL;
}
