/* tflite_device.h: what `railgauge list devices` and records say of the target tflite. */
#ifndef RG_TARGETS_TFLITE_DEVICE_H
#define RG_TARGETS_TFLITE_DEVICE_H

#include "bench/iface/target.h"

/* The probe of target.h: one entry "tflite", its facts those of the library, and of the delegate's
 * where the list's settings ask for one. */
rg_status rg_tflite_probe(rg_root *root, rg_device_list *ret_devices, rg_err *err);

#endif
