/* hailortcli.c: Hailo's command-line tool (run2) as a target: the way to a Hailo-10H, which has no
 * C interface for inference, and a second opinion on the others. It tells means only. */
#include <stdio.h>
#include <string.h>

#include "targets/vendor_tool.h"

static const rg_field fields[] = {
    {"flags", RG_FIELD_JSON, offsetof(rg_vendor_options, flags), "", 0, 0, NULL, "",
     "further words of the command, as a list"},
    {0},
};

/* "HailoRT-CLI version 4.23.0" */
static void version(const char *text, char *ret, size_t cap) {
    const char *at = strstr(text, "version ");
    if (at)
        snprintf(ret, cap, "%.*s", (int)strcspn(at + 8, " \r\n"), at + 8);
}

/* One frame at a time for latency, asynchronous for throughput. */
static rg_status words(const rg_vendor_run *run, rg_vendor_words *ret, rg_err *err) {
    rg_status status = rg_vendor_lacks(run, "threads", run->settings->threads > 1, err);
    if (status == RG_OK)
        status = rg_vendor_lacks(run, "variant", *run->settings->variant, err);
    if (status != RG_OK)
        return status;
    rg_vendor_word(ret, "run2");
    rg_vendor_word(ret, "-m");
    rg_vendor_word(ret, run->ask->in_flight > 1 ? "full_async" : "full_sync");
    rg_vendor_word(ret, "--time-to-run");
    rg_vendor_word(ret, "%lld", (long long)((run->measure_ns + 999999999) / 1000000000));
    rg_vendor_word(ret, "--measure-latency");
    rg_vendor_word(ret, "--measure-overall-latency");
    rg_vendor_word(ret, "set-net");
    rg_vendor_word(ret, "%s", run->model);
    if (run->settings->batch > 1) {
        rg_vendor_word(ret, "--batch-size");
        rg_vendor_word(ret, "%u", run->settings->batch);
    }
    return RG_OK;
}

static const rg_vendor_spec spec = {
    .target = "hailortcli",
    .title = "Hailo's hailortcli",
    .advice = "install HailoRT (hailort, hailo-all on a Raspberry Pi), or set RAILGAUGE_HAILORTCLI",
    .programs = {"hailortcli", "/usr/bin/hailortcli"},
    .version_word = "--version",
    .by_time = true,
    .version = version,
    .words = words,
    .options = fields,
};

RG_VENDOR_TARGET(hailortcli, spec, "hailortcli",
                 "Hailo's own tool runs the round (run2): means only, no percentiles", "hef");
