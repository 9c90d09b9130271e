/* hailo_options.c: see hailo_options.h. */
#include "targets/hailo_options.h"

#include "targets/library.h"

#define BOOL(word, member, preset, help)                                                           \
    { word, RG_FIELD_BOOL, offsetof(rg_hailo_options, member), preset, 0, 0, NULL, "", help }
#define INT(word, member, preset, low, high, unit, help)                                           \
    { word, RG_FIELD_INT, offsetof(rg_hailo_options, member), preset, low, high, NULL, unit, help }
#define CHOICE(word, member, preset, words, unit, help)                                            \
    { word, RG_FIELD_CHOICE, offsetof(rg_hailo_options, member), preset, 0, 0, words, unit, help }

static const char *const schedulers[] = {"round_robin", "none", NULL};
static const char *const conversions[] = {"outside", "library", NULL};
static const char *const power_modes[] = {"performance", "ultra_performance", NULL};
/* The monitor's settings by the library's number. */
static const char *const averagings[] = {"1", "4", "16", "64", "128", "256", "512", "1024", NULL};
static const char *const periods[] = {"140",  "204",  "332",  "588", "1100",
                                      "2116", "4156", "8244", NULL};

const rg_field rg_hailo_fields[] = {
    RG_LIBRARY_FIELD(rg_hailo_options, library),
    BOOL("force", force, "false", "tries a library whose major version is not known"),
    CHOICE("scheduler", scheduler, "round_robin", schedulers, "",
           "the library's scheduler; with none the network is activated once"),
    INT("scheduler_timeout", scheduler_timeout_ms, "-1", -1, 1e6, "ms",
        "the scheduler waits at most so long for frames; -1 as the library has it"),
    INT("scheduler_threshold", scheduler_threshold, "-1", -1, 1e6, "frames",
        "the scheduler waits for so many frames; -1 as the library has it"),
    INT("scheduler_priority", scheduler_priority, "-1", -1, 31, "",
        "among networks of one device; -1 as the library has it"),
    CHOICE(
        "conversion", conversion, "outside", conversions, "",
        "elements are converted by us outside the timer, or by the library inside it, as float32"),
    CHOICE("power_mode", power_mode, "performance", power_modes, "", "of the configured network"),
    BOOL("device_latency", device_latency, "true",
         "the device measures its own mean latency, where one request is in flight"),
    INT("timeout", timeout_ms, "10000", 1, 1e9, "ms", "an answer that takes longer is a failure"),
    INT("queue", queue, "0", 0, 4096, "frames",
        "frames that a stream holds; 0: as many as are in flight, at least 2"),
    {"heat_interval", RG_FIELD_DURATION, offsetof(rg_hailo_options, heat_interval_ns), "1s", 0, 0,
     NULL, "", "how often the chip's temperature is looked at while it computes; 0s never"},
    CHOICE("power_averaging", averaging, "16", averagings, "samples",
           "of the board's own power monitor"),
    CHOICE("power_period", period, "1100", periods, "us", "between samples of that monitor"),
    {0},
};

rg_status rg_hailo_options_read(const rg_settings *settings, rg_hailo_options *ret_options,
                                rg_err *err) {
    rg_status status = rg_field_presets(rg_hailo_fields, ret_options, true, err);
    for (uint32_t i = 0; status == RG_OK && settings && i < settings->n_options; i++)
        status = rg_field_set_attr(rg_hailo_fields, ret_options, &settings->options[i], err);
    return status;
}

double rg_hailo_refresh_s(const rg_hailo_options *options) {
    static const double counts[] = {1, 4, 16, 64, 128, 256, 512, 1024};
    static const double periods_s[] = {140e-6,  204e-6,  332e-6,  588e-6,
                                       1100e-6, 2116e-6, 4156e-6, 8244e-6};
    return 2 * periods_s[options->period] * counts[options->averaging];
}
