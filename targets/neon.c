/* neon.c: this machine's Arm cores with their vector instructions: the cpu target under the name
 * that scenarios for boards use. Absent on other architectures. */
#include <stdio.h>

#include "bench/core/isa.h"
#include "targets/native.h"

static void describe(rg_root *root, rg_device *device) {
    char cores[160], levels[64];
    rg_native_describe(root, cores, sizeof cores);
    rg_isa_text(rg_isa_allowed(), levels, sizeof levels);
    device->status = RG_OK;
    snprintf(device->description, sizeof device->description, "%s, %s", cores, levels);
}

static void refuse(rg_device *device, const char *architecture) {
    device->status = RG_ABSENT;
    snprintf(device->what, sizeof device->what, "this program was built for %s, which has no NEON",
             architecture);
    snprintf(device->advice, sizeof device->advice,
             "run railgauge on an aarch64 machine; here use --target cpu");
}

static rg_status probe(rg_root *root, rg_device_list *ret_devices, rg_err *err) {
    if (ret_devices->n == RG_MAX_DEVICES)
        return rg_fail(err, RG_NO_MEMORY, NULL, "more than %d devices", RG_MAX_DEVICES);
    rg_device *device = &ret_devices->items[ret_devices->n++];
    *device = (rg_device){.id = "neon"};
    const char *architecture = rg_native_architecture();
    if (rg_isa_present() & RG_ISA_NEON)
        describe(root, device);
    else
        refuse(device, architecture);
    return RG_OK;
}

const rg_target rg_target_neon =
    RG_NATIVE_TARGET("neon", "this machine's Arm cores, with their vector kernels", probe);
