/* edgetpu_probe.c: which Edge TPUs are here, with what they hang on and what opens them; or why
 * there is none. Recorded machines are listed too, without asking this one's library for devices.
 */
#include <stdio.h>
#include <string.h>

#include "targets/edgetpu_api.h"
#include "targets/edgetpu_device.h"
#include "targets/edgetpu_settings.h"
#include "targets/tflite_api.h"

static void set_reason(rg_device *device, rg_status status, const rg_err *why) {
    device->status = status;
    snprintf(device->what, sizeof device->what, "%.255s", why->what);
    snprintf(device->advice, sizeof device->advice, "%.255s", why->advice);
}

/* --- libraries -------------------------------------------------------------------------------- */

static void describe_edgetpu(rg_edgetpu *api, rg_device *device) {
    rg_text rows = {0};
    rg_library_identify(&api->library, NULL);
    rg_library_facts(&api->library, &rows);
    rg_device_facts_add(device, rows.data);
    rg_text_free(&rows);
    rg_device_fact(device, "build", "%s", rg_edgetpu_build_word(api->build));
    if (api->runtime)
        rg_device_fact(device, "runtime", "%d", api->runtime);
}

/* A run needs both libraries. */
static void describe_tflite(const char *given, rg_device *device) {
    rg_tflite tflite;
    rg_err why = RG_ERR_INIT;
    rg_status status = rg_tflite_open(given, &tflite, &why);
    if (status != RG_OK && device->status == RG_OK)
        set_reason(device, status, &why);
    if (status != RG_OK)
        return;
    rg_library_identify(&tflite.library, NULL);
    rg_device_fact(device, "tflite_library", "%s", tflite.library.path);
    rg_device_fact(device, "tflite_version", "%s", tflite.library.version);
    rg_device_fact(device, "tflite_sha256", "%s", tflite.library.sha256);
}

/* --- devices ---------------------------------------------------------------------------------- */

/* What is live, or a copy to try things on. */
static bool is_runnable(rg_root *root) {
    return rg_root_is_live(root) || rg_root_is_writable(root);
}

/* Devices that only the library sees: where /sys is not mounted. */
static void add_listed(const rg_edgetpu *api, rg_edgetpu_units *units) {
    size_t n = 0;
    rg_edgetpu_listed *listed = api->list(&n);
    for (size_t i = 0; listed && i < n; i++) {
        bool known = false;
        for (size_t k = 0; !known && k < units->n; k++)
            known = !strcmp(units->items[k].path, listed[i].path);
        if (!known)
            rg_edgetpu_add(units, listed[i].type == RG_EDGETPU_USB, listed[i].path);
    }
    api->free_list(listed);
}

static void tell_none(const rg_edgetpu_units *units, rg_device *device) {
    rg_err why = RG_ERR_INIT;
    if (*units->driverless)
        rg_fail(
            &why, RG_ABSENT,
            "install gasket-dkms, the driver of Coral's PCIe devices, then `sudo modprobe apex`",
            "an Edge TPU is on the PCI bus (%s), but no driver has it: there is no /dev/apex_0",
            units->driverless);
    else
        rg_fail(&why, RG_ABSENT,
                "plug one in: lsusb shows 1a6e:089a or 18d1:9302, `lspci -d 1ac1:089a` one on PCIe",
                "no Edge TPU is connected");
    set_reason(device, RG_ABSENT, &why);
}

static void tell_unit(rg_root *root, const rg_edgetpu_unit *unit, rg_device *device) {
    rg_err why = RG_ERR_INIT;
    rg_edgetpu_describe(root, unit, device);
    if (!rg_root_is_live(root) && is_runnable(root))
        rg_device_fact(device, "root", "%s", rg_root_path(root));
    rg_status status = rg_edgetpu_may_open(root, unit, &why);
    if (!is_runnable(root))
        status = rg_fail(&why, RG_ABSENT, "run on the machine itself",
                         "it belongs to a recorded machine");
    if (status != RG_OK)
        set_reason(device, status, &why);
}

rg_status rg_edgetpu_probe(rg_root *root, rg_device_list *ret_devices, rg_err *err) {
    static const rg_settings none = {.batch = 1};
    rg_edgetpu_settings given = {.performance = ""};
    rg_edgetpu_units units;
    rg_edgetpu api;
    rg_err why = RG_ERR_INIT;
    (void)err;
    /* what is wrong with the settings is told by `admits` */
    rg_edgetpu_settings_read(ret_devices->settings ? ret_devices->settings : &none, &given, NULL);
    rg_edgetpu_scan(root, &units);
    rg_status opened = rg_edgetpu_open(given.library, &api, &why);
    if (opened == RG_OK && is_runnable(root))
        add_listed(&api, &units);
    ret_devices->n = units.n ? units.n : 1;
    for (size_t i = 0; i < ret_devices->n; i++) {
        rg_device *device = &ret_devices->items[i];
        *device = (rg_device){.id = "edgetpu"};
        if (i < units.n)
            tell_unit(root, &units.items[i], device);
        else
            tell_none(&units, device);
        if (opened != RG_OK && device->status == RG_OK)
            set_reason(device, opened, &why);
        if (opened == RG_OK)
            describe_edgetpu(&api, device);
        if (opened == RG_OK)
            describe_tflite(given.tflite, device);
    }
    return RG_OK;
}
