/* cpu.c: this machine's own cores, with the operators and kernels that are compiled in. Present
 * everywhere; native.c does the work. */
#include "targets/native.h"

static rg_status probe(rg_root *root, rg_device_list *ret_devices, rg_err *err) {
    if (ret_devices->n == RG_MAX_DEVICES)
        return rg_fail(err, RG_NO_MEMORY, NULL, "more than %d devices", RG_MAX_DEVICES);
    rg_device *device = &ret_devices->items[ret_devices->n++];
    *device = (rg_device){.id = "cpu", .status = RG_OK};
    rg_native_describe(root, device->description, sizeof device->description);
    return RG_OK;
}

const rg_target rg_target_cpu =
    RG_NATIVE_TARGET("cpu", "this machine's cores, with the kernels compiled in", probe);
