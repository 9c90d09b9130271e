/* hailo_status.c: what libhailort's answers mean to somebody who wants to go on, and which chip
 * runs whose files. Numbers are the same in all versions. */
#include <string.h>

#include "targets/hailo_api.h"

#define MATCH                                                                                      \
    "install driver, firmware and library of one and the same version (`hailortcli "               \
    "fw-control identify`, `modinfo hailo_pci`), then reboot"
#define RECOMPILE "compile the model for this chip: railgauge compile --for hailo MODEL -o DIR"
#define REPLUG "look at the kernel's log (dmesg), then power the board off and on"

/* One row an answer; those without words of their own are told as FAILED. */
static const struct {
    int answer;
    rg_status status;
    const char *name, *what, *advice;
} rows[] = {
    {3, RG_NO_MEMORY, "out of host memory", "the host ran out of memory", "close other programs"},
    {4, RG_TIMEOUT, "timeout", "the device did not answer in time",
     "raise the option timeout; if it stays, " REPLUG},
    {7, RG_UNSUPPORTED, "not implemented",
     "this library's C interface cannot do that with this device",
     "Hailo-10H behind PCIe computes only through `hailortcli run2`: use the target "
     "hailortcli, which runs it"},
    {13, RG_DENIED, "open failed", "the device's node cannot be opened",
     "sudo usermod -aG hailo $USER, or a udev rule that opens /dev/hailo*"},
    {16, RG_DENIED, "unsupported firmware", "the device's firmware is of another version", MATCH},
    {26, RG_BAD_DATA, "invalid HEF", "the executable is not valid", RECOMPILE},
    {36, RG_FAILED, "driver failed", "the kernel's driver failed", REPLUG},
    {57, RG_FAILED, "shutdown event", "the device was shut down", REPLUG},
    {62, RG_FAILED, "communication closed", "the device is gone", REPLUG},
    {63, RG_FAILED, "stream aborted", "the device gave the stream up", REPLUG},
    {64, RG_ABSENT, "driver not installed", "the kernel's driver is not loaded",
     "sudo modprobe hailo_pci; install the package hailort-pcie-driver where there is none"},
    {71, RG_NO_MEMORY, "out of device memory", "the network does not fit the device's memory",
     "compile it for fewer resources, or run fewer networks at once"},
    {73, RG_DENIED, "device in use", "another process has the device",
     "end it (`sudo fuser -v /dev/hailo*` names it), or let hailort.service share the device"},
    {74, RG_ABSENT, "no device left", "no device is free",
     "see `railgauge list devices`; another process may have it"},
    {75, RG_UNSUPPORTED, "invalid architecture", "the executable is for another chip", RECOMPILE},
    {76, RG_DENIED, "invalid driver version", "the kernel's driver is of another version", MATCH},
    {78, RG_DENIED, "invalid service version", "hailort.service is of another version", MATCH},
    {79, RG_UNSUPPORTED, "not supported", "this library does not serve this device",
     "HailoRT 4.x serves Hailo-8, 8R and 8L; 5.x serves Hailo-10H and 15"},
    {81, RG_NO_MEMORY, "out of contiguous memory", "the kernel has no contiguous memory left",
     "raise cma= in the kernel's command line"},
    {85, RG_FAILED, "driver's answer", "the driver gave an answer that is none", REPLUG},
    {86, RG_FAILED, "driver's call", "a call of the driver failed", REPLUG},
    {87, RG_TIMEOUT, "driver timeout", "the driver did not answer in time", REPLUG},
    {91, RG_BAD_DATA, "damaged HEF", "the executable is damaged", "copy the file again"},
    {92, RG_UNSUPPORTED, "unsupported HEF", "the executable needs another version of HailoRT",
     "install the HailoRT that belongs to the compiler's version"},
    {93, RG_UNSUPPORTED, "incompatible HEF", "the executable is for another chip", RECOMPILE},
};

rg_status rg_hailo_answer(const rg_hailo_api *api, int answer, const char *doing, rg_err *err) {
    if (!answer)
        return RG_OK;
    const char *own = api && api->get_status_message ? api->get_status_message(answer) : NULL;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].answer == answer)
            return rg_fail(err, rows[i].status, rows[i].advice, "cannot %s: %s (%s, %d)", doing,
                           rows[i].what, own ? own : rows[i].name, answer);
    }
    return rg_fail(err, RG_FAILED, "HAILORT_CONSOLE_LOGGER_LEVEL=info tells more",
                   "cannot %s: the library answered %s (%d)", doing,
                   own ? own : "an unknown status", answer);
}

const char *rg_hailo_arch_word(uint32_t arch) {
    static const char *const words[] = {"hailo8",   "hailo8",   "hailo8l",  "hailo15h",
                                        "hailo15l", "hailo15m", "hailo10h", "hailo12l"};
    return arch < sizeof words / sizeof words[0] ? words[arch] : NULL;
}

bool rg_hailo_arch_runs(const char *device, const char *hef) {
    static const struct {
        const char *device, *hef;
    } others[] = {
        {"hailo8", "hailo8r"},    {"hailo8", "hailo8l"},    {"hailo15h", "hailo15m"},
        {"hailo15h", "hailo10h"}, {"hailo10h", "hailo15h"}, {"hailo10h", "hailo15m"},
    };
    if (!strcmp(device, hef))
        return true;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        if (!strcmp(device, others[i].device) && !strcmp(hef, others[i].hef))
            return true;
    }
    return false;
}
