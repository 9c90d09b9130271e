/* delegates.h: a service of the hub: what is known of TFLite's delegate plug-ins, from the table
 * devices/delegates.lua that a person edits. Implemented in bench/run/delegates.c; declared here
 * because targets see only core and iface. */
#ifndef RG_IFACE_DELEGATES_H
#define RG_IFACE_DELEGATES_H

#include <jansson.h>

#include "bench/core/err.h"

/* The entry whose `name` is this word, or one of whose `libraries` is this file's name; a new
 * reference, or NULL in `ret_entry` when none is. Its members: name, title, libraries (file names,
 * best first), keys (a list of {key, help, needed}), open (true: other keys are passed on),
 * install, note, source, grade, date. RG_USAGE when the table is broken. */
rg_status rg_delegates_find(const char *name_or_file, json_t **ret_entry, rg_err *err);

/* The whole table, an array; a new reference. RG_USAGE when it is broken. */
rg_status rg_delegates_table(json_t **ret_table, rg_err *err);

/* The names of all entries: "nxp-vx, ethos-u"; for messages. */
rg_status rg_delegates_names(char *ret, size_t cap, rg_err *err);

#endif
