/* tflite_device.c: the one device of the target tflite: the runtime's library, with the delegate's
 * where a cell asks for one. */
#include "targets/tflite_device.h"

#include <stdio.h>

#include "targets/tflite_settings.h"

/* The delegate's library belongs to the device that a cell runs on. */
static void describe_plugin(const rg_tflite_settings *settings, rg_device *device) {
    rg_plugin plugin;
    rg_text rows = {0};
    rg_err err = RG_ERR_INIT;
    if (rg_plugin_open(&settings->plugin, &plugin, &err) == RG_OK) {
        rg_library_identify(&plugin.library, NULL);
        rg_plugin_facts(&plugin, &rows);
        rg_device_facts_add(device, rows.data);
        rg_text_free(&rows);
        return;
    }
    device->status = err.status;
    snprintf(device->what, sizeof device->what, "%.255s", err.what);
    snprintf(device->advice, sizeof device->advice, "%.255s", err.advice);
}

static void describe(rg_tflite *tflite, rg_device *device) {
    rg_text rows = {0};
    rg_library_identify(&tflite->library, NULL);
    rg_library_facts(&tflite->library, &rows);
    rg_device_facts_add(device, rows.data);
    rg_text_free(&rows);
    snprintf(device->description, sizeof device->description, "TensorFlow Lite %s%s",
             tflite->library.version, tflite->xnnpack_create ? " with XNNPACK" : "");
}

/* What the cell asks for is read here only as far as it names libraries; `admits` says what is
 * wrong with the rest. */
rg_status rg_tflite_probe(rg_root *root, rg_device_list *ret_devices, rg_err *err) {
    (void)root;
    (void)err;
    rg_device *device = &ret_devices->items[0];
    rg_tflite_settings settings = {0};
    rg_tflite tflite;
    rg_err why = RG_ERR_INIT;
    bool asked = ret_devices->settings &&
                 rg_tflite_settings_read(ret_devices->settings, &settings, NULL) == RG_OK;
    ret_devices->n = 1;
    *device = (rg_device){.id = "tflite"};
    device->status = rg_tflite_open(settings.library, &tflite, &why);
    snprintf(device->what, sizeof device->what, "%.255s", why.what);
    snprintf(device->advice, sizeof device->advice, "%.255s", why.advice);
    if (device->status == RG_OK)
        describe(&tflite, device);
    if (device->status == RG_OK && asked && settings.kind == RG_TFLITE_PLUGIN)
        describe_plugin(&settings, device);
    return RG_OK;
}
