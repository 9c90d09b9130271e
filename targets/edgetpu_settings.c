/* edgetpu_settings.c: see edgetpu_settings.h. */
#include "targets/edgetpu_settings.h"

#include <stdio.h>
#include <string.h>

static const char *const levels[] = {"default", "Low", "Medium", "High", "Max", NULL};
static const char *const doors[] = {"own", "plugin", NULL};

#define ROW(key, member, type, preset, min, max, words, help)                                      \
    { key, type, offsetof(rg_edgetpu_options, member), preset, min, max, words, "", help }
const rg_field rg_edgetpu_fields[] = {
    RG_LIBRARY_FIELD(rg_edgetpu_options, library),
    ROW("tflite_library", tflite, RG_FIELD_TEXT, "", 0, 0, NULL,
        "file of TensorFlow Lite's C library, in place of the usual names"),
    ROW("performance", performance, RG_FIELD_CHOICE, "default", 0, 0, levels,
        "clock of the core: Low 62.5, Medium 125, High 250, Max 500 MHz"),
    ROW("door", door, RG_FIELD_CHOICE, "own", 0, 0, doors,
        "how the delegate is made: the library's own function, or that of all plug-ins"),
    ROW("always_dfu", always_dfu, RG_FIELD_BOOL, "false", 0, 0, NULL,
        "USB: sends the firmware at each opening"),
    ROW("queue", queue, RG_FIELD_INT, "-1", -1, 255, NULL,
        "USB: longest queue of reads (Usb.MaxBulkInQueueLength); -1: the library's own"),
    {0},
};
#undef ROW

rg_status rg_edgetpu_settings_read(const rg_settings *settings, rg_edgetpu_settings *ret,
                                   rg_err *err) {
    rg_edgetpu_options own;
    rg_status status = rg_field_presets(rg_edgetpu_fields, &own, true, err);
    for (uint32_t i = 0; status == RG_OK && i < settings->n_options; i++)
        status = rg_field_set_attr(rg_edgetpu_fields, &own, &settings->options[i], err);
    if (status == RG_OK && settings->variant && *settings->variant)
        status = rg_fail(err, RG_USAGE, "the options performance and door choose",
                         "edgetpu has no variant '%s'", settings->variant);
    if (status != RG_OK)
        return status;
    rg_edgetpu_settings all = {.threads = settings->threads ? settings->threads : 1,
                               .batch = settings->batch ? settings->batch : 1,
                               .performance = own.performance ? levels[own.performance] : "",
                               .plugin = own.door == 1,
                               .always_dfu = own.always_dfu,
                               .queue = (int)own.queue};
    snprintf(all.cores, sizeof all.cores, "%s", settings->cores ? settings->cores : "");
    snprintf(all.library, sizeof all.library, "%s", own.library);
    snprintf(all.tflite, sizeof all.tflite, "%s", own.tflite);
    *ret = all;
    return RG_OK;
}
