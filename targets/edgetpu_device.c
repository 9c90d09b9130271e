/* edgetpu_device.c: see edgetpu_device.h. Names in /sys are those of the public gasket/apex driver
 * and of the kernel's USB documents. */
#include "targets/edgetpu_device.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define APEX "/sys/class/apex"
#define USB "/sys/bus/usb/devices"
#define PCI "/sys/bus/pci/devices"

/* A path of two parts; one that is too long is cut, and then leads nowhere. */
static void join(char ret[RG_EDGETPU_PATH], const char *dir, const char *name) {
    snprintf(ret, RG_EDGETPU_PATH, "%.60s/%.60s", dir, name);
}

static bool read_word(rg_root *root, const char *dir, const char *name, char *ret, size_t cap) {
    char path[RG_EDGETPU_PATH];
    join(path, dir, name);
    ret[0] = '\0';
    return rg_root_read(root, path, ret, cap, NULL) == RG_OK && *ret;
}

/* --- finding ---------------------------------------------------------------------------------- */

typedef struct search {
    rg_root *root;
    rg_edgetpu_units *units;
    char driverless[32];
} search;

static rg_edgetpu_unit *add_unit(rg_edgetpu_units *units, bool usb) {
    uint32_t index = 0;
    if (units->n == RG_EDGETPU_UNITS)
        return NULL;
    for (size_t i = 0; i < units->n; i++)
        index += units->items[i].usb == usb;
    rg_edgetpu_unit *unit = &units->items[units->n++];
    *unit = (rg_edgetpu_unit){.usb = usb, .index = index};
    return unit;
}

static bool take_apex(const char *name, void *user) {
    search *s = user;
    rg_edgetpu_unit *unit = add_unit(s->units, false);
    if (!unit)
        return false;
    join(unit->sys, APEX, name);
    join(unit->path, "/dev", name);
    join(unit->node, "/dev", name);
    return true;
}

/* Before its firmware it is a device of its chip's maker, after it one of Google's. */
static bool take_usb(const char *name, void *user) {
    search *s = user;
    char dir[RG_EDGETPU_PATH], vendor[16], product[16], bus[16], number[16];
    join(dir, USB, name);
    if (!read_word(s->root, dir, "idVendor", vendor, sizeof vendor) ||
        !read_word(s->root, dir, "idProduct", product, sizeof product))
        return true;
    bool bootloader = !strcmp(vendor, "1a6e") && !strcmp(product, "089a");
    if (!bootloader && (strcmp(vendor, "18d1") || strcmp(product, "9302")))
        return true;
    rg_edgetpu_unit *unit = add_unit(s->units, true);
    if (!unit)
        return false;
    unit->bootloader = bootloader;
    snprintf(unit->sys, sizeof unit->sys, "%s", dir);
    snprintf(unit->path, sizeof unit->path, "%s", dir);
    if (read_word(s->root, dir, "busnum", bus, sizeof bus) &&
        read_word(s->root, dir, "devnum", number, sizeof number))
        snprintf(unit->node, sizeof unit->node, "/dev/bus/usb/%03d/%03d", atoi(bus), atoi(number));
    return true;
}

static bool take_pci(const char *name, void *user) {
    search *s = user;
    char dir[RG_EDGETPU_PATH], vendor[16], product[16], driver[32], link[RG_EDGETPU_PATH];
    join(dir, PCI, name);
    if (!read_word(s->root, dir, "vendor", vendor, sizeof vendor) ||
        !read_word(s->root, dir, "device", product, sizeof product) || strcmp(vendor, "0x1ac1") ||
        strcmp(product, "0x089a"))
        return true;
    join(link, dir, "driver");
    if (rg_root_link_name(s->root, link, driver, sizeof driver) != RG_OK)
        snprintf(s->units->driverless, sizeof s->units->driverless, "%.31s", name);
    return true;
}

void rg_edgetpu_scan(rg_root *root, rg_edgetpu_units *ret_units) {
    search s = {.root = root, .units = ret_units};
    *ret_units = (rg_edgetpu_units){0};
    rg_root_list(root, APEX, take_apex, &s);
    rg_root_list(root, USB, take_usb, &s);
    rg_root_list(root, PCI, take_pci, &s);
}

bool rg_edgetpu_add(rg_edgetpu_units *units, bool usb, const char *path) {
    rg_edgetpu_unit *unit = add_unit(units, usb);
    if (unit)
        snprintf(unit->path, sizeof unit->path, "%s", path);
    return unit != NULL;
}

/* --- describing ------------------------------------------------------------------------------- */

static void describe_pci(rg_root *root, const rg_edgetpu_unit *unit, rg_device *device) {
    char speed[32], width[16], word[64], owner[16];
    rg_device_fact(device, "bus", "pci");
    bool linked = read_word(root, unit->sys, "device/current_link_speed", speed, sizeof speed) &&
                  read_word(root, unit->sys, "device/current_link_width", width, sizeof width);
    char *bus = strstr(speed, " PCIe"); /* newer kernels say so */
    if (bus)
        *bus = '\0';
    if (linked)
        rg_device_fact(device, "link", "PCIe x%s, %s", width, speed);
    snprintf(device->description, sizeof device->description, "Edge TPU on PCIe%s%s%s%s",
             linked ? " x" : "", linked ? width : "", linked ? ", " : "", linked ? speed : "");
    if (read_word(root, unit->sys, "driver_version", word, sizeof word))
        rg_device_fact(device, "driver", "apex %s", word);
    if (read_word(root, unit->sys, "unique_id", word, sizeof word))
        rg_device_fact(device, "serial", "%s", word);
    if (read_word(root, unit->sys, "is_device_owned", owner, sizeof owner) && atoi(owner) &&
        read_word(root, unit->sys, "device_owner", owner, sizeof owner))
        rg_device_fact(device, "owner", "process %s", owner);
}

static void describe_usb(rg_root *root, const rg_edgetpu_unit *unit, rg_device *device) {
    char speed[16];
    const char *generation = "";
    rg_device_fact(device, "bus", "usb");
    if (read_word(root, unit->sys, "speed", speed, sizeof speed)) {
        generation = atoi(speed) >= 5000 ? "USB 3" : "USB 2";
        rg_device_fact(device, "link", "%s, %s Mb/s", generation, speed);
    }
    rg_device_fact(device, "usb_id", unit->bootloader ? "1a6e:089a" : "18d1:9302");
    rg_device_fact(device, "firmware",
                   unit->bootloader ? "not loaded yet: the first opening sends it, then the device "
                                      "comes back as 18d1:9302 under another number"
                                    : "running");
    snprintf(device->description, sizeof device->description, "Edge TPU on USB%s%s%s%s",
             *generation ? ", " : "", *generation ? speed : "", *generation ? " Mb/s" : "",
             !strcmp(generation, "USB 2") ? " (USB 2: transfers take some ten times as long)" : "");
}

void rg_edgetpu_describe(rg_root *root, const rg_edgetpu_unit *unit, rg_device *device) {
    snprintf(device->id, sizeof device->id, "edgetpu:%s:%u", unit->usb ? "usb" : "pci",
             unit->index);
    if (unit->usb)
        describe_usb(root, unit, device);
    else
        describe_pci(root, unit, device);
    rg_device_fact(device, "path", "%s", unit->path);
    if (*unit->sys)
        rg_device_fact(device, "sys", "%s", unit->sys);
}

/* --- permission ------------------------------------------------------------------------------- */

static rg_status deny(const rg_edgetpu_unit *unit, rg_err *err) {
    if (unit->usb)
        return rg_fail(err, RG_DENIED,
                       "install libedgetpu1-std, which brings the udev rule for 1a6e:089a and "
                       "18d1:9302 (GROUP=plugdev), run `sudo usermod -aG plugdev $USER`, log in "
                       "again and plug the device in anew",
                       "no permission to write %s", unit->node);
    return rg_fail(err, RG_DENIED,
                   "give the node a group with a udev rule (SUBSYSTEM==\"apex\", MODE=\"0660\", "
                   "GROUP=\"apex\"), run `sudo usermod -aG apex $USER` and log in again",
                   "no permission to open %s", unit->node);
}

rg_status rg_edgetpu_may_open(rg_root *root, const rg_edgetpu_unit *unit, rg_err *err) {
    char path[512];
    bool live = rg_root_is_live(root);
    if (!*unit->node)
        return RG_OK;
    snprintf(path, sizeof path, "%s%s", live ? "" : rg_root_path(root), unit->node);
    if (access(path, R_OK | W_OK) == 0 || (!live && errno == ENOENT))
        return RG_OK;
    if (errno == EACCES || errno == EPERM)
        return deny(unit, err);
    return rg_fail(err, RG_ABSENT, "in a container pass the device on (--device)",
                   "%s is not there: %s", unit->node, strerror(errno));
}
