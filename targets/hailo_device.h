/* hailo_device.h: which Hailo units are here: on the PCI bus by sysfs, and as the vendor's library
 * finds and identifies them. */
#ifndef RG_TARGETS_HAILO_DEVICE_H
#define RG_TARGETS_HAILO_DEVICE_H

#include "bench/iface/target.h"
#include "targets/hailo_api.h"

#define RG_HAILO_ID "hailo:" /* before the library's own id: "hailo:0000:01:00.0" */

/* The `probe` of the target: a device each unit, or the reason why there is none. */
rg_status rg_hailo_probe(rg_root *root, rg_device_list *ret_devices, rg_err *err);

/* Version of the kernel's driver; "" when none is loaded or it does not tell. */
void rg_hailo_driver_version(rg_root *root, char *ret, size_t cap);

/* What identifying an open device tells, into its description and facts. */
rg_status rg_hailo_describe(const rg_hailo_library *library, hailo_device device,
                            rg_device *ret_device, rg_err *err);

#endif
