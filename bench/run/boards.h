/* boards.h: the board table (devices/boards.lua): which rail of which module is the total, which
 * are its parts, which hang below others. Without it rails keep an unknown role and nothing is ever
 * summed. */
#ifndef RG_RUN_BOARDS_H
#define RG_RUN_BOARDS_H

#include "bench/core/err.h"
#include "bench/core/root.h"
#include "bench/iface/sensor.h"

/* Recognises the board by its device tree (compatible, else model) and fills scope, role and parent
 * of the rails that its row names. An unknown board leaves the rails as they are. RG_USAGE when the
 * table is broken. */
rg_status rg_boards_apply(rg_root *root, rg_rail_list *rails, rg_err *err);

/* RG_ABSENT, with the board's name and what to attach, on a board that is known to have no power
 * monitor at all; RG_OK on any other. */
rg_status rg_boards_no_sensor(rg_root *root, rg_err *err);

/* Of rails that read one supply in two ways (rg_rail.twin) the first that can be read counts; the
 * others become excluded, fed by it. For the list that will be measured, after the choice. */
void rg_boards_exclude_twins(rg_rail_list *rails);

#endif
