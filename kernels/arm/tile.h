/* tile.h: the micro-kernels of matrix products on Arm: what matrix.c hands to the assembly of
 * dot.S, panel.S, mmla.S and mlal.S. One call computes some rows of the product for one block of
 * columns, `count` times over. Offsets in rg_arm_shape are known to tile.inc. */
#ifndef RG_KERNELS_ARM_TILE_H
#define RG_KERNELS_ARM_TILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What all tiles of a call have in common. A row is `segments` runs of bytes, each given by a
 * pointer: `full` steps of 16 bytes, then `tail` units (of method.depth bytes) which are the last
 * ones of the 16 bytes that stand `tail_offset` behind the end of the full steps. */
typedef struct rg_arm_shape {
    int64_t full, tail, tail_offset, segments;
    /* how sums become bytes: see tile.inc */
    int64_t mode;
    int16_t zero;     /* zero point of the outputs */
    int8_t low, high; /* their range */
    int32_t unused;
    int64_t units; /* of a row: of all segments */
} rg_arm_shape;
_Static_assert(offsetof(rg_arm_shape, zero) == 40, "tile.inc reads it there");

/* `rows`: for each tile, segment by segment, a pointer for each row of the tile. `block`: bias,
 * packed weights and factors of the columns. Writes method.columns bytes a row, `stride` bytes from
 * row to row, `count` tiles one below the other. */
typedef void rg_arm_tile(const int8_t *const *rows, const void *block, int8_t *out, int64_t stride,
                         const rg_arm_shape *shape, int64_t count);

/* Copies `count` tiles of rows to a panel: unit by unit the bytes of all rows, an odd row twice. */
typedef void rg_arm_zip(const int8_t *const *rows, const rg_arm_shape *shape, int8_t *panel,
                        int64_t count);

/* One way to multiply: sizes of its tile, and code for each height. */
typedef struct rg_arm_method {
    int rows, columns;     /* of the largest tile */
    int in_order_rows;     /* the same on cores that issue in order; 0: as many */
    int depth;             /* bytes of a row that one unit of packed weights stands against */
    int price;             /* instructions a unit, row and block of columns, roughly */
    bool paired;           /* accumulators hold two rows by two columns */
    rg_arm_tile *run[7];   /* by height */
    rg_arm_tile *safe[7];  /* for weights of -128, where that matters; else NULL */
    rg_arm_tile *panel[7]; /* for rows zipped into a panel, which `rows` points at; else NULL */
    rg_arm_tile *panel_in_order[7]; /* the same on cores that issue in order; NULL: as panel */
    rg_arm_tile *safe_panel[7];     /* panel, for weights of -128; NULL where safe is */
    rg_arm_zip *zip[7];             /* makes such panels */
} rg_arm_method;

#endif
