/* registry.h: what was built in. The lists in each folder's meson.build both compile a file and
 * write its row here; nothing else needs to be touched. Arrays end with NULL. */
#ifndef RG_IFACE_REGISTRY_H
#define RG_IFACE_REGISTRY_H

#include "bench/iface/case.h"
#include "bench/iface/kernel.h"
#include "bench/iface/model.h"
#include "bench/iface/op.h"
#include "bench/iface/peak.h"
#include "bench/iface/sensor.h"
#include "bench/iface/target.h"

extern const rg_op *const rg_ops[];
extern const rg_reader *const rg_readers[];
extern const rg_writer *const rg_writers[];
extern const rg_target *const rg_targets[];
extern const rg_sensor *const rg_sensors[];

/* Lua parts that are named in lists: reports, formats, suite models. file is relative to the data
 * folder ("reports/templates/summary.lua"). Arrays end with a NULL name. */
typedef struct rg_script_row {
    const char *name, *file;
} rg_script_row;
extern const rg_script_row rg_report_templates[];
extern const rg_script_row rg_report_formats[];
extern const rg_script_row rg_suite_models[];

/* Look-ups by name; NULL when there is none. */
const rg_op *rg_op_find(const char *name);
const rg_target *rg_target_find(const char *name);
const rg_sensor *rg_sensor_find(const char *name);
const rg_writer *rg_writer_find(const char *name);
const rg_reader *rg_reader_for(const void *data, size_t bytes);
const rg_script_row *rg_script_row_find(const rg_script_row *rows, const char *name);

#endif
