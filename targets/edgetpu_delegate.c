/* edgetpu_delegate.c: see edgetpu_delegate.h. The library gives no reason when it makes no
 * delegate; with its log switched on meanwhile it tells one on stderr. */
#include "targets/edgetpu_delegate.h"

#include <stdio.h>
#include <string.h>

enum { TALKATIVE = 2, QUIET = 0, MOST_OPTIONS = 4 };

/* --- options ---------------------------------------------------------------------------------- */

typedef struct options {
    rg_edgetpu_option items[MOST_OPTIONS];
    size_t n;
    char queue[16], device[32];
} options;

static void add(options *all, const char *name, const char *value) {
    all->items[all->n++] = (rg_edgetpu_option){name, value};
}

/* Where the device stands among those of its kind in the library's own order, by which the
 * plug-in's door counts; -1: the library does not see it. */
static int index_of(const rg_edgetpu_door *door) {
    size_t n = 0;
    int before = 0, found = -1;
    rg_edgetpu_listed *listed = door->api->list(&n);
    for (size_t i = 0; listed && i < n; i++) {
        bool usb = listed[i].type == RG_EDGETPU_USB;
        if (usb == door->ask.usb && !strcmp(listed[i].path, door->ask.path))
            found = before;
        before += usb == door->ask.usb;
    }
    door->api->free_list(listed);
    return found;
}

static void collect(const rg_edgetpu_ask *ask, int index, options *ret) {
    *ret = (options){0};
    snprintf(ret->device, sizeof ret->device, "%s:%d", ask->usb ? "usb" : "pci", index);
    snprintf(ret->queue, sizeof ret->queue, "%d", ask->queue);
    if (ask->plugin)
        add(ret, "device", ret->device); /* with an index: without, options are passed over */
    if (*ask->performance)
        add(ret, "Performance", ask->performance);
    if (ask->usb && ask->always_dfu)
        add(ret, "Usb.AlwaysDfu", "True");
    if (ask->usb && ask->queue >= 0)
        add(ret, "Usb.MaxBulkInQueueLength", ret->queue);
}

/* --- refusals --------------------------------------------------------------------------------- */

/* What the library's words mean. "USB error -N" is libusb's numbering. */
static const struct {
    const char *words;
    rg_status status;
    const char *what, *advice;
} reasons[] = {
    {"Permission denied", RG_DENIED, "there is no permission to open it",
     "`railgauge list devices` names the udev rule and the group that are missing"},
    {"USB error -3", RG_DENIED, "there is no permission to open it",
     "`railgauge list devices` names the udev rule and the group that are missing"},
    {"resource busy", RG_DENIED, "another process holds it",
     "stop that process: `fuser -v` on the device's file in /dev names it"},
    {"USB error -6", RG_DENIED, "another process holds it",
     "stop that process: `fuser -v /dev/bus/usb/*/*` names it"},
    {"USB error -4", RG_FAILED, "it left the bus", "try another cable, port or powered hub"},
    {"USB error -7", RG_FAILED, "it did not answer in time", "plug it in anew"},
    {"Invalid performance", RG_USAGE, "its performance has no such level",
     "one of: Low, Medium, High, Max"},
    {"Invalid argument", RG_USAGE, "an option's value is not taken", "see docs/targets.md"},
    {"No such file", RG_ABSENT, "it is not there any more", "`railgauge list devices` shows them"},
    {"Not found", RG_ABSENT, "it is not there any more", "`railgauge list devices` shows them"},
    {"No device of type", RG_ABSENT, "it is not there any more",
     "`railgauge list devices` shows them"},
};

static rg_status refuse(const rg_edgetpu_door *door, const rg_overheard *heard, rg_err *err) {
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        if (strstr(heard->text, reasons[i].words))
            return rg_fail(err, reasons[i].status, reasons[i].advice,
                           "libedgetpu makes no delegate for %s: %s", door->ask.path,
                           reasons[i].what);
    }
    const char *last = rg_overheard_last(heard);
    return rg_fail(
        err, RG_FAILED, "plug the device in anew; see that no other process holds it (fuser -v)",
        "libedgetpu makes no delegate for %s%s%s", door->ask.path, *last ? ": " : "", last);
}

/* --- performance ------------------------------------------------------------------------------ */

static const char *const levels[] = {"Low", "Medium", "High", "Max"};

/* "Performance expectation: High", or "... Drop to High." for a level that this build does not
 * give. */
static void hear_performance(const rg_overheard *heard, char *ret, size_t cap) {
    static const char *const leads[] = {"Drop to ", "Performance expectation: "};
    for (size_t lead = 0; lead < 2; lead++) {
        const char *at = strstr(heard->text, leads[lead]);
        for (size_t i = 0; at && i < sizeof levels / sizeof levels[0]; i++) {
            if (!strncmp(at + strlen(leads[lead]), levels[i], strlen(levels[i]))) {
                snprintf(ret, cap, "%s", levels[i]);
                return;
            }
        }
    }
}

const char *rg_edgetpu_performance(const rg_edgetpu_door *door, const char **ret_how) {
    bool throttled = door->ask.usb && door->api->build == RG_EDGETPU_STD;
    bool unsure = door->ask.usb && door->api->build == RG_EDGETPU_UNKNOWN;
    const char *asked = *door->ask.performance ? door->ask.performance : "Max";
    *ret_how = "the library's log";
    if (*door->told)
        return door->told;
    *ret_how = "the library's build";
    if (strcmp(asked, "Max"))
        return asked;
    return unsure ? "unknown" : throttled ? "High" : "Max";
}

double rg_edgetpu_clock_mhz(const char *performance) {
    static const double mhz[] = {62.5, 125, 250, 500};
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++) {
        if (!strcmp(performance, levels[i]))
            return mhz[i];
    }
    return 0;
}

/* --- the doors -------------------------------------------------------------------------------- */

static void *by_own_door(const rg_edgetpu_door *door, const options *all) {
    return door->api->create(door->ask.usb ? RG_EDGETPU_USB : RG_EDGETPU_PCI, door->ask.path,
                             all->n ? all->items : NULL, all->n);
}

static void *by_plugin_door(const rg_edgetpu_door *door, const options *all) {
    const char *keys[MOST_OPTIONS], *values[MOST_OPTIONS];
    for (size_t i = 0; i < all->n; i++) {
        keys[i] = all->items[i].name;
        values[i] = all->items[i].value;
    }
    return door->api->plugin_create(keys, values, all->n, NULL);
}

rg_status rg_edgetpu_make(void *user, rg_tflite_delegate *ret_delegate, rg_err *err) {
    rg_edgetpu_door *door = user;
    rg_overheard heard = {0};
    options all;
    if (door->ask.plugin && (!door->api->plugin_create || !door->api->plugin_destroy))
        return rg_fail(err, RG_UNSUPPORTED, "door=own", "this libedgetpu has no plug-in's door");
    int index = index_of(door); /* opening one that is not there takes it half a minute */
    if (index < 0)
        return rg_fail(err, RG_ABSENT, "`railgauge list devices` shows those that are here",
                       "libedgetpu does not see the device %s", door->ask.path);
    collect(&door->ask, index, &all);
    door->api->verbosity(TALKATIVE);
    void *made = door->ask.plugin ? by_plugin_door(door, &all) : by_own_door(door, &all);
    door->api->verbosity(QUIET);
    rg_overhear_so_far(&heard);
    if (!made)
        return refuse(door, &heard, err);
    hear_performance(&heard, door->told, sizeof door->told);
    *ret_delegate = (rg_tflite_delegate){made, door->ask.plugin ? door->api->plugin_destroy
                                                                : door->api->destroy};
    return RG_OK;
}
