/* edgetpu_device.h: Edge TPUs as the machine shows them: PCI devices by the driver's class `apex`,
 * USB devices by their two identities, what each is attached by, and who may open it. All through a
 * root handle; no library is asked here. */
#ifndef RG_TARGETS_EDGETPU_DEVICE_H
#define RG_TARGETS_EDGETPU_DEVICE_H

#include "bench/core/root.h"
#include "bench/iface/target.h"

enum { RG_EDGETPU_UNITS = 16, RG_EDGETPU_PATH = 128 };

/* One unit. */
typedef struct rg_edgetpu_unit {
    bool usb;
    uint32_t index;             /* among those of its kind, by name */
    char path[RG_EDGETPU_PATH]; /* as the library names it */
    char sys[RG_EDGETPU_PATH];  /* its folder in /sys; "" when only the library knows it */
    char node[RG_EDGETPU_PATH]; /* its file in /dev; "" unknown */
    bool bootloader;            /* USB: waits for its firmware, which its first opening sends */
} rg_edgetpu_unit;

typedef struct rg_edgetpu_units {
    rg_edgetpu_unit items[RG_EDGETPU_UNITS];
    size_t n;
    char driverless[32]; /* address of a PCI device without its driver; "" none */
} rg_edgetpu_units;

void rg_edgetpu_scan(rg_root *root, rg_edgetpu_units *ret_units);

/* Adds a unit that the library lists and that was not found. False: there are too many. */
bool rg_edgetpu_add(rg_edgetpu_units *units, bool usb, const char *path);

/* Name, description and facts (bus, link, driver, serial, usb_id, owner) into an entry. */
void rg_edgetpu_describe(rg_root *root, const rg_edgetpu_unit *unit, rg_device *device);

/* Whether this process may open it: RG_DENIED with the rule or group that is missing, RG_ABSENT
 * where its file in /dev is missing. RG_OK where that cannot be told. */
rg_status rg_edgetpu_may_open(rg_root *root, const rg_edgetpu_unit *unit, rg_err *err);

#endif
