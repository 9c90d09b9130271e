/* hef_priv.h: what hefbody.c, hefends.c, hefhost.c and hefquant.c share while they read the message
 * of a .hef. */
#ifndef RG_CORE_HEF_PRIV_H
#define RG_CORE_HEF_PRIV_H

#include "bench/core/hef.h"
#include "bench/core/wire.h"

enum { RG_HEF_MOST_GROUPS = 64, RG_HEF_MOST_ENDS = 1024, RG_HEF_MOST_TEXTS = 4096 };

/* A group being read: its ends gather here until all are known. */
typedef struct rg_hef_reading {
    rg_arena *arena;
    rg_hef_end *ends; /* RG_HEF_MOST_ENDS places, used for each group anew */
    uint32_t *pads;   /* of each end: its pad in the graph of operations, UINT32_MAX none */
    uint32_t n;
} rg_hef_reading;

/* A text of the file as one of ours, in the arena; NULL when memory ran out. */
const char *rg_hef_text(rg_arena *arena, rg_wire text);

/* All texts of a field, NULL-ended. RG_NO_MEMORY, RG_BAD_DATA. */
rg_status rg_hef_texts(rg_arena *arena, rg_wire message, uint32_t number,
                       const char *const **ret_texts, rg_err *err);

rg_status rg_hef_malformed(const char *what, rg_err *err);

/* A number of the message, at most UINT32_MAX. */
uint32_t rg_hef_small(rg_wire message, uint32_t number);

/* hefends.c: a new end like another, with its name; one with shape and quantization; RG_BAD_DATA
 * for frames that no machine holds. */
rg_status rg_hef_new_end(rg_hef_reading *reading, const rg_hef_end *like, rg_wire name,
                         rg_hef_end **ret_end, rg_err *err);
rg_status rg_hef_read_layer(rg_hef_reading *reading, rg_wire layer, const rg_hef_end *like,
                            rg_err *err);
rg_status rg_hef_check_size(const rg_hef_end *end, rg_err *err);

/* hefquant.c: scales and zero points out of the message about numbers. */
rg_status rg_hef_read_quant(rg_arena *arena, rg_wire message, rg_hef_end *end, rg_err *err);

/* Adds the ends of one context's metadata; then what the library computes behind the chip (`group`
 * with its operations) and joins what was split; then gives them their order, into `ret_group`. */
rg_status rg_hef_read_edges(rg_hef_reading *reading, rg_wire context, rg_err *err);
rg_status rg_hef_read_host(rg_hef_reading *reading, rg_wire group, rg_wire core, rg_err *err);
rg_status rg_hef_order_ends(rg_hef_reading *reading, rg_wire core, rg_hef_group *ret_group,
                            rg_err *err);

#endif
