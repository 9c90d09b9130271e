/* tflite_settings.h: what a cell asks of the target tflite, read and checked. */
#ifndef RG_TARGETS_TFLITE_SETTINGS_H
#define RG_TARGETS_TFLITE_SETTINGS_H

#include "bench/iface/target.h"
#include "targets/tflite_plugin.h"
#include "targets/tflite_xnnpack.h"

/* The target's own options. */
typedef struct rg_tflite_options {
    const char *library;  /* file of the runtime */
    const char *delegate; /* plug-in: a name of devices/delegates.lua, or a file */
    const char *options;  /* the plug-in's, as JSON or "key=value,key=value" */
    const char *xnnpack;  /* flags of variant xnnpack */
} rg_tflite_options;
extern const rg_field rg_tflite_fields[];

typedef enum rg_tflite_kind {
    RG_TFLITE_BUILTIN, /* the kernels that the runtime has by itself */
    RG_TFLITE_XNNPACK,
    RG_TFLITE_PLUGIN, /* an external delegate */
} rg_tflite_kind;

/* All of it, in own memory where it must live longer than the settings. */
typedef struct rg_tflite_settings {
    rg_tflite_kind kind;
    uint32_t threads, batch, xnnpack_flags;
    char library[RG_LIBRARY_PATH];
    rg_plugin_ask plugin;
} rg_tflite_settings;

/* RG_USAGE for an unknown variant, flag or key of a known delegate, or for a delegate beside a
 * variant that is none. */
rg_status rg_tflite_settings_read(const rg_settings *settings, rg_tflite_settings *ret,
                                  rg_err *err);

/* "builtin", "xnnpack", "delegate". */
const char *rg_tflite_kind_word(rg_tflite_kind kind);

#endif
