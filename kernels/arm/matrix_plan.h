/* matrix_plan.h: the plan of one matrix product: how rows are read, how rows and columns are cut,
 * where things lie in the packed memory. Worked out by matrix_plan.c at load, copied to the head of
 * the packed memory, followed by matrix.c. */
#ifndef RG_KERNELS_ARM_MATRIX_PLAN_H
#define RG_KERNELS_ARM_MATRIX_PLAN_H

#include "kernels/arm/tile.h"
#include "kernels/ref/conv2d.h"

enum { RG_ARM_MARGIN = 16 }; /* bytes before gathered rows that a tail may read */

typedef struct rg_arm_plan {
    rg_arm_shape shape;
    const rg_arm_method *method;
    rg_arm_tile *const *run; /* of the method: run, safe or panel */
    rg_conv_layout l;        /* a fully connected layer is an image of one line, 1x1 filters */
    int64_t rows, depth; /* output pixels; bytes that a sum takes: filter_h * filter_w * tap_c */
    int64_t length, segments; /* bytes of a segment; segments of a row, once */
    bool gathered;            /* rows are copied to scratch, one segment each */
    bool joint;               /* a segment is a line of the filter, else one tap */
    bool linear;              /* row after row lies side by side, one segment each */
    bool zipped;              /* rows go through panels */
    int64_t reach;            /* pixels from a window's first to behind its last, along a line */
    int64_t high;             /* rows of a tile */
    int64_t strip, strips;    /* rows in a strip (the last has fewer), strips */
    int64_t blocks;           /* of columns, in each group */
    int64_t chunk, chunks;    /* blocks in a tile of the call, tiles a strip */
    int64_t units;            /* of packed weights in a block */
    size_t block_bytes;
    size_t zeros_at, blocks_at, packed_bytes;                        /* in packed */
    size_t partial_at, table_at, panel_at, copies_at, scratch_bytes; /* in scratch */
    uint8_t flip;   /* 128 for uint8: bytes are read as int8 with the top bit flipped */
    int16_t zero_w; /* as int8 */
    int passes;     /* more than 1 where weights less their zero point leave int8: so many parts
                       of them, each as packed weights, meet each row */
    int8_t zero_x;  /* as int8 */
} rg_arm_plan;

/* Plans a call that infer and check have accepted. */
void rg_arm_plan_make(const rg_op_call *call, const rg_arm_method *method, rg_arm_plan *ret);

/* Packs weights, biases and factors of all blocks behind the plan. `factors`: one a column. */
struct rg_factor;
void rg_arm_plan_pack(const rg_op_call *call, const rg_arm_plan *plan,
                      const struct rg_factor *factors, void *packed);

#endif
