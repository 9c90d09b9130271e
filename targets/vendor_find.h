/* vendor_find.h: where a vendor's tool is, of which version, for which devices. */
#ifndef RG_TARGETS_VENDOR_FIND_H
#define RG_TARGETS_VENDOR_FIND_H

#include "targets/vendor_tool.h"

/* The whole path of the first program that is here: what the variable RAILGAUGE_TRTEXEC (the
 * target's name) says, else the spec's names. RG_ABSENT with the spec's advice. */
rg_status rg_vendor_find(const rg_vendor_spec *spec, char ret_path[RG_VENDOR_PATH], rg_err *err);

#endif
