/* edgetpu_api.h: the Edge TPU's library libedgetpu as a struct of functions, what build it is and
 * which runtime version it has. Facts: its public header edgetpu_c.h, unchanged from 2020 to 2024,
 * and calls into the released x86-64 builds of 2020 without a device. */
#ifndef RG_TARGETS_EDGETPU_API_H
#define RG_TARGETS_EDGETPU_API_H

#include "targets/library.h"

enum { RG_EDGETPU_PCI = 0, RG_EDGETPU_USB = 1 }; /* types of devices, as the library has them */

typedef struct rg_edgetpu_listed {
    int type;
    const char *path; /* "/dev/apex_0", "/sys/bus/usb/devices/2-1" */
} rg_edgetpu_listed;

typedef struct rg_edgetpu_option {
    const char *name, *value;
} rg_edgetpu_option;

/* need, result, member, symbol, arguments. The plug-in's door is the contract of all delegates. */
#define RG_EDGETPU_SYMBOLS(X)                                                                      \
    X(true, rg_edgetpu_listed *, list, edgetpu_list_devices, (size_t *))                           \
    X(true, void, free_list, edgetpu_free_devices, (rg_edgetpu_listed *))                          \
    X(true, void *, create, edgetpu_create_delegate,                                               \
      (int, const char *, const rg_edgetpu_option *, size_t))                                      \
    X(true, void, destroy, edgetpu_free_delegate, (void *))                                        \
    X(true, void, verbosity, edgetpu_verbosity, (int))                                             \
    X(true, const char *, version, edgetpu_version, (void))                                        \
    X(false, void *, plugin_create, tflite_plugin_create_delegate,                                 \
      (const char *const *, const char *const *, size_t, void (*)(const char *)))                  \
    X(false, void, plugin_destroy, tflite_plugin_destroy_delegate, (void *))

typedef enum rg_edgetpu_build {
    RG_EDGETPU_UNKNOWN, /* the file does not tell */
    RG_EDGETPU_STD,     /* USB devices run at High at most, also where Max is asked for */
    RG_EDGETPU_MAX,
} rg_edgetpu_build;

/* The library and its functions; plain data that may be copied. */
typedef struct rg_edgetpu {
    rg_library library;
    int runtime; /* models compiled for a later one are refused; 0 unknown */
    rg_edgetpu_build build;
#define X(need, result, member, symbol, args) result(*member) args;
    RG_EDGETPU_SYMBOLS(X)
#undef X
} rg_edgetpu;

/* Opens the library (`given` as rg_library_open has it), looks its functions up, asks its version
 * and looks into its file for what tells the two builds apart. Errors as those of library.h. */
rg_status rg_edgetpu_open(const char *given, rg_edgetpu *ret_edgetpu, rg_err *err);

/* "std", "max", "unknown". */
const char *rg_edgetpu_build_word(rg_edgetpu_build build);

#endif
