/* edgetpu_settings.h: what a cell asks of the target edgetpu, read and checked; and its probe. */
#ifndef RG_TARGETS_EDGETPU_SETTINGS_H
#define RG_TARGETS_EDGETPU_SETTINGS_H

#include "bench/iface/target.h"
#include "targets/library.h"

/* The target's own options. */
typedef struct rg_edgetpu_options {
    const char *library, *tflite;
    int performance, door;
    bool always_dfu;
    int64_t queue;
} rg_edgetpu_options;
extern const rg_field rg_edgetpu_fields[];

/* All of it, in own memory. */
typedef struct rg_edgetpu_settings {
    uint32_t threads, batch;
    char cores[256];
    char library[RG_LIBRARY_PATH], tflite[RG_LIBRARY_PATH]; /* files; "" the usual names */
    const char *performance; /* "Low", "Medium", "High", "Max"; "" the library's default */
    bool plugin;             /* the delegate is made by the plug-in's door */
    bool always_dfu;
    int queue; /* -1 the library's own */
} rg_edgetpu_settings;

/* RG_USAGE for a variant or an option that there is not. */
rg_status rg_edgetpu_settings_read(const rg_settings *settings, rg_edgetpu_settings *ret,
                                   rg_err *err);

/* The target's probe (edgetpu_probe.c). */
rg_status rg_edgetpu_probe(rg_root *root, rg_device_list *ret_devices, rg_err *err);

#endif
