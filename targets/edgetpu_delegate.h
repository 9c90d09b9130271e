/* edgetpu_delegate.h: the Edge TPU's delegate for TensorFlow Lite's interpreter, made by either of
 * the library's two doors, with the clock that was asked for and the one that it got. */
#ifndef RG_TARGETS_EDGETPU_DELEGATE_H
#define RG_TARGETS_EDGETPU_DELEGATE_H

#include "targets/edgetpu_api.h"
#include "targets/tflite_runner.h"

/* What a cell asks of the device. */
typedef struct rg_edgetpu_ask {
    char path[128]; /* as the library names the device */
    bool usb, plugin;
    const char *performance; /* "Low", "Medium", "High", "Max"; "" the library's own default */
    bool always_dfu;
    int queue; /* Usb.MaxBulkInQueueLength; -1 the default */
} rg_edgetpu_ask;

/* One door, open as long as delegates of it live. */
typedef struct rg_edgetpu_door {
    const rg_edgetpu *api;
    rg_edgetpu_ask ask;
    char told[16]; /* the performance that the library said it takes; "" it said nothing */
} rg_edgetpu_door;

/* An rg_tflite_make: `user` is an rg_edgetpu_door. RG_DENIED (permission, another process),
 * RG_ABSENT, RG_USAGE (an option's value), RG_FAILED, with the library's own words. */
rg_status rg_edgetpu_make(void *user, rg_tflite_delegate *ret_delegate, rg_err *err);

/* The performance in effect: what the library told, else what its build does with what was asked.
 * `ret_how` says which. */
const char *rg_edgetpu_performance(const rg_edgetpu_door *door, const char **ret_how);

/* Core clock of that word in MHz; 0 unknown. */
double rg_edgetpu_clock_mhz(const char *performance);

#endif
