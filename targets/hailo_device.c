/* hailo_device.c: see hailo_device.h. A unit that is on the bus is listed even without a library,
 * so that it is said what to install; nothing is opened that another process may be using. */
#include "targets/hailo_device.h"

#include <stdio.h>
#include <string.h>

#include "targets/hailo_options.h"

#define PCI "/sys/bus/pci/devices"
enum { MOST_UNITS = 16, VENDOR = 0x1e60 };

/* --- on the bus ------------------------------------------------------------------------------- */

/* Chips by their number on the bus; Hailo-8, 8R and 8L share one. */
static const struct {
    int64_t number;
    const char *name, *line; /* line: of HailoRT that serves it */
} chips[] = {
    {0x2864, "Hailo-8, 8R or 8L", "4.x"},
    {0x45c4, "Hailo-10H", "5.x"},
    {0x43a2, "Hailo-15L", "5.x"},
};

typedef struct unit {
    char address[32];
    const char *name, *line;
    char link[64];
} unit;

typedef struct units {
    rg_root *root;
    unit items[MOST_UNITS];
    size_t n;
} units;

static void read_link(rg_root *root, const char *address, char *ret, size_t cap) {
    char path[128], speed[32], width[12];
    *ret = '\0';
    snprintf(path, sizeof path, PCI "/%s/current_link_speed", address);
    if (rg_root_read(root, path, speed, sizeof speed, NULL) != RG_OK)
        return;
    snprintf(path, sizeof path, PCI "/%s/current_link_width", address);
    if (rg_root_read(root, path, width, sizeof width, NULL) == RG_OK)
        snprintf(ret, cap, "x%s, %s", width, speed);
}

static bool look_at(const char *address, void *user) {
    units *all = user;
    char path[128];
    int64_t number;
    snprintf(path, sizeof path, PCI "/%.64s/vendor", address);
    if (rg_root_read_int(all->root, path, &number, NULL) != RG_OK || number != VENDOR)
        return true;
    snprintf(path, sizeof path, PCI "/%.64s/device", address);
    if (all->n == MOST_UNITS || rg_root_read_int(all->root, path, &number, NULL) != RG_OK)
        return true;
    unit *u = &all->items[all->n++];
    *u = (unit){.name = "Hailo chip of an unknown number", .line = NULL};
    snprintf(u->address, sizeof u->address, "%s", address);
    read_link(all->root, address, u->link, sizeof u->link);
    for (size_t i = 0; i < sizeof chips / sizeof chips[0]; i++) {
        if (chips[i].number == number) {
            u->name = chips[i].name;
            u->line = chips[i].line;
        }
    }
    return true;
}

static void find_units(rg_root *root, units *ret) {
    *ret = (units){.root = root};
    rg_root_list(root, PCI, look_at, ret);
}

void rg_hailo_driver_version(rg_root *root, char *ret, size_t cap) {
    static const char *const paths[] = {"/sys/module/hailo_pci/version",
                                        "/sys/module/hailo1x_pci/version",
                                        "/sys/module/hailo_integrated_nnc/version"};
    *ret = '\0';
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        if (rg_root_read(root, paths[i], ret, cap, NULL) == RG_OK)
            return;
        *ret = '\0';
    }
}

/* --- listing ---------------------------------------------------------------------------------- */

static rg_device *new_device(rg_device_list *devices, const char *id) {
    if (devices->n == RG_MAX_DEVICES)
        return NULL;
    rg_device *device = &devices->items[devices->n++];
    *device = (rg_device){.status = RG_OK};
    snprintf(device->id, sizeof device->id, RG_HAILO_ID "%s", id);
    return device;
}

static void refuse(rg_device *device, const rg_err *why) {
    device->status = why->status;
    snprintf(device->what, sizeof device->what, "%.255s", why->what);
    snprintf(device->advice, sizeof device->advice, "%.255s", why->advice);
}

static void say_unit(rg_device *device, const unit *u, rg_root *root) {
    char driver[48];
    rg_hailo_driver_version(root, driver, sizeof driver);
    snprintf(device->description, sizeof device->description, "%s", u->name);
    rg_device_fact(device, "bus", "pci %s", u->address);
    rg_device_fact(device, "link", "%s", u->link);
    rg_device_fact(device, "driver", "%s", driver);
}

/* Units that nobody can ask, each with the same reason; or one entry with the reason alone. */
static void list_unasked(const units *all, const rg_err *why, rg_device_list *devices) {
    for (size_t i = 0; i < all->n; i++) {
        rg_err here = *why;
        rg_device *device = new_device(devices, all->items[i].address);
        if (!device)
            return;
        say_unit(device, &all->items[i], all->root);
        rg_err_prefix(&here, "%s is on the bus", all->items[i].name);
        refuse(device, &here);
    }
    if (all->n)
        return;
    rg_device *none = new_device(devices, "0");
    refuse(none ? none : &devices->items[0], why);
}

/* --- asking the library ----------------------------------------------------------------------- */

/* Text of a member that need not be ended. */
static void text_at(const unsigned char *from, size_t n, char *ret, size_t cap) {
    size_t length = strnlen((const char *)from, n);
    snprintf(ret, cap, "%.*s", (int)length, (const char *)from);
    for (size_t k = strlen(ret); k && ret[k - 1] == ' '; k--)
        ret[k - 1] = '\0';
}

static uint32_t number_at(const unsigned char *from) {
    uint32_t value;
    memcpy(&value, from, sizeof value);
    return value;
}

static void say_identity(const unsigned char *id, rg_device *device) {
    char board[40], serial[24], part[24], product[48];
    const char *arch = rg_hailo_arch_word(number_at(id + HAILO_IDENTITY_ARCH));
    const unsigned char *firmware = id + HAILO_IDENTITY_FIRMWARE;
    text_at(id + HAILO_IDENTITY_BOARD, 32, board, sizeof board);
    text_at(id + HAILO_IDENTITY_SERIAL, 16, serial, sizeof serial);
    text_at(id + HAILO_IDENTITY_PART, 16, part, sizeof part);
    text_at(id + HAILO_IDENTITY_PRODUCT, 42, product, sizeof product);
    snprintf(device->description, sizeof device->description, "%s%s%s", board, *product ? ", " : "",
             product);
    rg_device_fact(device, "firmware", "%u.%u.%u", number_at(firmware), number_at(firmware + 4),
                   number_at(firmware + 8));
    rg_device_fact(device, "architecture", "%s", arch ? arch : "");
    rg_device_fact(device, "serial", "%s", serial);
    rg_device_fact(device, "part", "%s", part);
}

rg_status rg_hailo_describe(const rg_hailo_library *library, hailo_device device,
                            rg_device *ret_device, rg_err *err) {
    unsigned char identity[HAILO_IDENTITY_BYTES] = {0}, extended[HAILO_EXTENDED_BYTES] = {0};
    const rg_hailo_api *api = &library->api;
    rg_status status = rg_hailo_answer(api, api->identify(device, identity), "identify it", err);
    if (status != RG_OK)
        return status;
    say_identity(identity, ret_device);
    if (api->get_extended(device, extended) != 0)
        return RG_OK;
    rg_device_fact(ret_device, "clock", "%.0f MHz",
                   (double)number_at(extended + HAILO_EXTENDED_CLOCK) / 1e6);
    rg_device_fact(ret_device, "current_monitor", "%s",
                   extended[HAILO_EXTENDED_MONITOR] ? "yes" : "no");
    return RG_OK;
}

static rg_status check_driver(const rg_hailo_library *library, rg_root *root, rg_err *err) {
    char driver[48];
    rg_hailo_driver_version(root, driver, sizeof driver);
    if (!*driver || !strcmp(driver, library->file.version))
        return RG_OK;
    return rg_fail(err, RG_DENIED,
                   "install driver, firmware and library of one and the same version, then reboot",
                   "the kernel's driver is %s and the library %s; they must be the same", driver,
                   library->file.version);
}

static rg_status ask(const rg_hailo_library *library, rg_root *root, const hailo_device_id *id,
                     rg_device *device, rg_err *err) {
    hailo_device handle = NULL;
    char doing[64];
    rg_status status = check_driver(library, root, err);
    if (status != RG_OK)
        return status;
    snprintf(doing, sizeof doing, "open %.31s", id->text);
    status =
        rg_hailo_answer(&library->api, library->api.create_device_by_id(id, &handle), doing, err);
    if (status != RG_OK)
        return status;
    status = rg_hailo_describe(library, handle, device, err);
    library->api.release_device(handle);
    return status;
}

static unit *unit_of(units *all, const char *address) {
    for (size_t i = 0; i < all->n; i++) {
        if (!strcmp(all->items[i].address, address))
            return &all->items[i];
    }
    return NULL;
}

static void list_scanned(const rg_hailo_library *library, units *all, const hailo_device_id *id,
                         rg_device_list *devices) {
    char address[sizeof id->text + 1];
    rg_err why = RG_ERR_INIT;
    rg_text facts = {0};
    snprintf(address, sizeof address, "%.*s", (int)sizeof id->text, id->text);
    rg_device *device = new_device(devices, address);
    unit *u = unit_of(all, address);
    if (!device)
        return;
    if (u)
        say_unit(device, u, all->root);
    if (ask(library, all->root, id, device, &why) != RG_OK)
        refuse(device, &why);
    rg_library_facts(&library->file, &facts);
    rg_device_facts_add(device, facts.data ? facts.data : "");
    if (!library->known)
        rg_device_fact(device, "layout", "not compared for this version");
    rg_text_free(&facts);
    if (u)
        u->address[0] = '\0'; /* told */
}

/* Units on the bus that this library does not see: of the other line, or without a driver. */
static void list_unseen(const rg_hailo_library *library, const units *all,
                        rg_device_list *devices) {
    for (size_t i = 0; i < all->n; i++) {
        const unit *u = &all->items[i];
        rg_device *device = *u->address ? new_device(devices, u->address) : NULL;
        rg_err why = RG_ERR_INIT;
        if (!device)
            continue;
        say_unit(device, u, all->root);
        bool other = u->line && (uint32_t)(u->line[0] - '0') != library->version.major;
        if (other)
            rg_fail(&why, RG_UNSUPPORTED, "install the HailoRT that serves it",
                    "%s needs HailoRT %s, the library here is %s", u->name, u->line,
                    library->file.version);
        else
            rg_hailo_answer(&library->api, 64, "find it", &why);
        refuse(device, &why);
    }
}

static void list_all(rg_hailo_library *library, units *all, rg_device_list *devices) {
    hailo_device_id ids[MOST_UNITS];
    size_t n = MOST_UNITS;
    rg_err why = RG_ERR_INIT;
    rg_library_identify(&library->file, NULL);
    int answer = library->api.scan_devices(NULL, ids, &n);
    rg_status status = rg_hailo_answer(&library->api, answer, "look for devices", &why);
    if (status == RG_OK && n == 0 && all->n == 0)
        status = rg_fail(&why, RG_ABSENT, "plug one in, and see that `lspci -d 1e60:` lists it",
                         "HailoRT %s finds no device", library->file.version);
    if (status != RG_OK) {
        list_unasked(all, &why, devices);
        return;
    }
    for (size_t i = 0; i < n && i < MOST_UNITS; i++)
        list_scanned(library, all, &ids[i], devices);
    list_unseen(library, all, devices);
}

rg_status rg_hailo_probe(rg_root *root, rg_device_list *ret_devices, rg_err *err) {
    rg_hailo_options options;
    rg_hailo_library library;
    rg_err why = RG_ERR_INIT;
    units all;
    rg_status status = rg_hailo_options_read(ret_devices->settings, &options, err);
    if (status != RG_OK)
        return status;
    find_units(root, &all);
    if (!rg_root_is_live(root))
        status = rg_fail(&why, RG_ABSENT, "run railgauge there, without --root",
                         all.n ? "devices of a recorded machine cannot be opened"
                               : "no Hailo device is on the PCI bus");
    else
        status = rg_hailo_open(options.library, options.force, &library, &why);
    if (status == RG_OK)
        list_all(&library, &all, ret_devices);
    else
        list_unasked(&all, &why, ret_devices);
    return RG_OK;
}
