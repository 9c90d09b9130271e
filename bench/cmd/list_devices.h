/* list_devices.h: `railgauge list targets|devices`: what is here, behind which library, on which
 * link, or why it is not. Neighbour: list.c prints the rows. */
#ifndef RG_CMD_LIST_DEVICES_H
#define RG_CMD_LIST_DEVICES_H

#include <jansson.h>

#include "bench/core/err.h"
#include "bench/core/root.h"
#include "bench/core/text.h"

/* Adds a row a target: name, kind (present, absent ...), summary, why and try of absent ones,
 * devices. Foreign libraries are asked in children. */
rg_status rg_list_targets(rg_root *root, json_t *rows, rg_err *err);

/* Adds a row a device: name, kind, summary, target, facts, try of absent ones. */
rg_status rg_list_devices(rg_root *root, json_t *rows, rg_err *err);

/* The facts of such a row as words in the order of rg_device_fact_rows ("version 2.9.0, library
 * /usr/lib/..., SHA-256 9d1a0c8e"); of a target, those that its present devices share. Nothing for
 * other rows. */
void rg_list_facts(const json_t *row, rg_text *ret);

#endif
