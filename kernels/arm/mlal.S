/* mlal.S: tiles of up to 4 rows by 4 columns on any Armv8 core. A unit of packed weights is 16
 * bytes of each of 4 columns. Two products of bytes fit 16 bits while no weight is -128 (128 * 127
 * * 2 = 32512), so SMULL and SMLAL2 take 16 bytes and one SADALP adds them up; the `mull` kernels,
 * for weights that have a -128, add each half up. Four partial sums of each cell are joined at the
 * end, where the bias is added. Rows go in pairs, eight products under way at a time. */
#include "kernels/arm/tile.inc"

c00 .req v16
c01 .req v17
c02 .req v18
c03 .req v19
c10 .req v20
c11 .req v21
c12 .req v22
c13 .req v23
c20 .req v24
c21 .req v25
c22 .req v26
c23 .req v27
c30 .req v28
c31 .req v29
c32 .req v30
c33 .req v31
a0 .req v0
a1 .req v1
a2 .req v2
a3 .req v3
qa0 .req q0
qa1 .req q1
qa2 .req q2
qa3 .req q3
from0 .req x9
from1 .req x11
from2 .req x12
from3 .req x13

.macro start row
    movi c\row\()0.4s, #0
    movi c\row\()1.4s, #0
    movi c\row\()2.4s, #0
    movi c\row\()3.4s, #0
.endm
.macro load row
    ldr qa\row, [from\row, x19]
.endm
.macro load_tail row
    ldr qa\row, [from\row, x8]
.endm
/* Each takes two loads, for the cores that have time for one after every other product. */
.macro low row, t0, t1, t2, t3, load0, load1
    smull \t0\().8h, a\row\().8b, v4.8b
    smull \t1\().8h, a\row\().8b, v5.8b
    \load0
    smull \t2\().8h, a\row\().8b, v6.8b
    smull \t3\().8h, a\row\().8b, v7.8b
    \load1
.endm
.macro high row, t0, t1, t2, t3, load0, load1
    smlal2 \t0\().8h, a\row\().16b, v4.16b
    smlal2 \t1\().8h, a\row\().16b, v5.16b
    \load0
    smlal2 \t2\().8h, a\row\().16b, v6.16b
    smlal2 \t3\().8h, a\row\().16b, v7.16b
    \load1
.endm
.macro high_alone row, t0, t1, t2, t3, load0, load1
    smull2 \t0\().8h, a\row\().16b, v4.16b
    smull2 \t1\().8h, a\row\().16b, v5.16b
    \load0
    smull2 \t2\().8h, a\row\().16b, v6.16b
    smull2 \t3\().8h, a\row\().16b, v7.16b
    \load1
.endm
.macro widen row, t0, t1, t2, t3, load0, load1
    sadalp c\row\()0.4s, \t0\().8h
    sadalp c\row\()1.4s, \t1\().8h
    \load0
    sadalp c\row\()2.4s, \t2\().8h
    sadalp c\row\()3.4s, \t3\().8h
    \load1
.endm
/* One or two rows against v4 to v7: all but the last adding up. */
.macro products n, first, second, safe
    low \first, v8, v9, v10, v11
    .if \n > 1
    low \second, v12, v13, v14, v15
    .endif
    .if \safe
    widen \first, v8, v9, v10, v11
    .if \n > 1
    widen \second, v12, v13, v14, v15
    .endif
    high_alone \first, v8, v9, v10, v11
    .if \n > 1
    high_alone \second, v12, v13, v14, v15
    .endif
    .else
    high \first, v8, v9, v10, v11
    .if \n > 1
    high \second, v12, v13, v14, v15
    .endif
    .endif
.endm
.macro pair n, first, second, safe
    products \n, \first, \second, \safe
    widen \first, v8, v9, v10, v11
    .if \n > 1
    widen \second, v12, v13, v14, v15
    .endif
.endm
/* In-order cores load in groups, one register at a time, and do not move pointers by loading; few
 * rows are bound by loads, and pairs of registers are fewer. */
.macro unit mr, safe
    .if \mr < 3
    pair \mr, 0, 1, \safe
    .else
    pair 2, 0, 1, \safe
    pair \mr - 2, 2, 3, \safe
    .endif
    .if \mr < 3
    ldp q4, q5, [x16], #64
    ldp q6, q7, [x16, #-32]
    .else
    ldr q4, [x16]
    ldr q5, [x16, #16]
    ldr q6, [x16, #32]
    ldr q7, [x16, #48]
    add x16, x16, #64
    .endif
.endm

.macro add_up_half row
    addp c\row\()0.4s, c\row\()0.4s, c\row\()1.4s
    addp c\row\()2.4s, c\row\()2.4s, c\row\()3.4s
.endm
.macro add_up row
    addp c\row\()0.4s, c\row\()0.4s, c\row\()2.4s
.endm
.macro add_bias row
    add c\row\()0.4s, c\row\()0.4s, v2.4s
.endm
.macro store_four row
    st1 {c00.s}[\row], [x2], x3
.endm
.macro finish mr
    ldr x11, [x4, #32]
    ldr q2, [x1]
    ldp q0, q1, [x16]
    each_row \mr, add_up_half
    each_row \mr, add_up
    each_row \mr, add_bias
    tbnz x11, #1, 71f
    each_row \mr, multiply, 0, v0
    each_row \mr, away, 0
    each_row \mr, shift, 0, v1
    b 72f
71:
    ldr q2, [x16, #32]
    each_row \mr, shift_left, 0, v2
    each_row \mr, multiply, 0, v0
    each_row \mr, away_general, 0, v1, v2
    each_row \mr, shift, 0, v1
72:
    add x11, x4, #40
    ld1r {v2.8h}, [x11], #2
    ld1r {v3.16b}, [x11], #1
    ld1r {v8.16b}, [x11]
    sqxtn c00.4h, c00.4s
    .if \mr > 2
    sqxtn c20.4h, c20.4s
    .endif
    .if \mr > 1
    sqxtn2 c00.8h, c10.4s
    .endif
    .if \mr > 3
    sqxtn2 c20.8h, c30.4s
    .endif
    sqadd c00.8h, c00.8h, v2.8h
    .if \mr > 2
    sqadd c20.8h, c20.8h, v2.8h
    .endif
    sqxtn c00.8b, c00.8h
    .if \mr > 2
    sqxtn2 c00.16b, c20.8h
    .endif
    smax c00.16b, c00.16b, v3.16b
    smin c00.16b, c00.16b, v8.16b
    each_row \mr, store_four
.endm

.macro kernel name, mr, safe
function \name
    enter
    lsl x6, x6, #4
    add x8, x8, x6
1:
    mov x16, x1
    mov x17, x10
    ldp q4, q5, [x16, #16]
    ldp q6, q7, [x16, #48]
    add x16, x16, #80
    each_row \mr, start
2:
    next_pointers \mr
    mov x19, #0
    cbz x6, 4f
\name\()_loop:
    each_row \mr, load
    add x19, x19, #16
    cmp x19, x6
    unit \mr, \safe
    b.ne \name\()_loop
\name\()_loop_end:
4:
    cbz x7, 9f
    each_row \mr, load_tail
    unit \mr, \safe
9:
    subs x17, x17, #1
    b.ne 2b
    sub x16, x16, #64
    finish \mr
    subs x5, x5, #1
    b.ne 1b
    leave \name
.endm

/* ---- panels: 16 bytes of each row, then the next 16 ---- */

.macro load_at row
    ldr qa\row, [from\row, x16]
.endm
.macro put mr
    .if \mr == 4
    st1 {v0.16b-v3.16b}, [x2], #64
    .elseif \mr == 3
    st1 {v0.16b-v2.16b}, [x2], #48
    .elseif \mr == 2
    st1 {v0.16b-v1.16b}, [x2], #32
    .else
    str q0, [x2], #16
    .endif
.endm
/* x0 rows, x1 shape, x2 panel, x3 count */
.macro zipper mr
function rg_arm_mlal_zip_\mr
    ldp x6, x7, [x1]
    ldp x8, x10, [x1, #16]
    lsl x6, x6, #4
    add x8, x8, x6
1:
    mov x17, x10
2:
    next_pointers \mr
    mov x16, #0
    cbz x6, 4f
3:
    each_row \mr, load_at
    add x16, x16, #16
    cmp x16, x6
    put \mr
    b.ne 3b
4:
    cbz x7, 9f
    each_row \mr, load_tail
    put \mr
9:
    subs x17, x17, #1
    b.ne 2b
    subs x3, x3, #1
    b.ne 1b
    ret
    .size rg_arm_mlal_zip_\mr, . - rg_arm_mlal_zip_\mr
.endm

/* A unit of a panel against the unit of weights in v4 to v7. When the last products are under way the
 * next units are loaded, four registers at a time, and sums go on meanwhile: 1 cycle a load in order
 * where a load of one register holds all up by 3. Such loads have no offsets, hence x0 and x9 a unit
 * apart, x16 and x11 too, which all move at once: moving amid products holds them up too. */
.macro load_rows mr, from
    .if \mr == 4
    ld1 {v0.16b-v3.16b}, [\from]
    .elseif \mr == 3
    ld1 {v0.16b-v2.16b}, [\from]
    .elseif \mr == 2
    ld1 {v0.16b-v1.16b}, [\from]
    .else
    ldr q0, [\from]
    .endif
.endm
.macro load_columns from
    ld1 {v4.16b-v7.16b}, [\from]
.endm
.macro panel_unit mr, safe, rows, columns
    .if \mr < 3
    products \mr, 0, 1, \safe
    load_columns \columns
    widen 0, v8, v9, v10, v11
    load_rows \mr, \rows
    .if \mr > 1
    widen 1, v12, v13, v14, v15
    .endif
    .else
    pair 2, 0, 1, \safe
    products \mr - 2, 2, 3, \safe
    load_columns \columns
    widen 2, v8, v9, v10, v11
    load_rows \mr, \rows
    .if \mr > 3
    widen 3, v12, v13, v14, v15
    .endif
    .endif
.endm
/* x6 steps of two units, x7 the odd one; x10 factors, x12 the tile's panel, x13 its bytes */
.macro enter_panel mr
    enter
    ldr x7, [x4, #48]
    add x10, x1, #16
    add x10, x10, x7, lsl #6
    lsl x13, x7, #4
    .if \mr == 3
    add x13, x13, x13, lsl #1
    .else
    lsl x13, x13, #(\mr / 2)
    .endif
    lsr x6, x7, #1
    and x7, x7, #1
    mov x12, x0
.endm
.macro panel_kernel name, mr, safe
function \name
    enter_panel \mr
1:
    add x16, x1, #16
    each_row \mr, start
    load_columns x16
    load_rows \mr, x12
    add x0, x12, #16 * \mr
    add x9, x12, #32 * \mr
    add x11, x16, #128
    add x16, x16, #64
    mov x19, x6
    cbz x6, 4f
\name\()_loop:
    panel_unit \mr, \safe, x0, x16
    panel_unit \mr, \safe, x9, x11
    subs x19, x19, #1
    add x16, x16, #128
    add x11, x11, #128
    add x0, x0, #32 * \mr
    add x9, x9, #32 * \mr
    b.ne \name\()_loop
\name\()_loop_end:
4:
    cbz x7, 9f
    panel_unit \mr, \safe, x0, x16
9:
    add x12, x12, x13
    mov x16, x10
    finish \mr
    subs x5, x5, #1
    b.ne 1b
    leave \name
.endm

/* The same 4 rows for cores that issue a load beside a product, if its result is as late: so it is
 * where the address is a sum of two registers. One register is loaded after every other product, as
 * soon as it is free. All have bases of their own; x19 and x20 are the bytes to a unit and the next,
 * of panel and weights alike. */
.macro dense_unit at
    low 0, v8, v9, v10, v11, "ldr q2, [x11, \at]", "ldr q3, [x14, \at]"
    low 1, v12, v13, v14, v15
    high 0, v8, v9, v10, v11
    high 1, v12, v13, v14, v15
    widen 0, v8, v9, v10, v11, "ldr q0, [x0, \at]", "ldr q1, [x9, \at]"
    widen 1, v12, v13, v14, v15
    low 2, v8, v9, v10, v11
    low 3, v12, v13, v14, v15
    high 2, v8, v9, v10, v11
    high 3, v12, v13, v14, v15
    widen 2, v8, v9, v10, v11, "ldr q4, [x16, \at]", "ldr q5, [x17, \at]"
    widen 3, v12, v13, v14, v15, "ldr q6, [x15, \at]", "ldr q7, [x8, \at]"
.endm
function rg_arm_mlal_dense_4
    enter_panel 4
    str x20, [sp, #72]
    lsl x6, x6, #7
1:
    add x16, x1, #16
    each_row 4, start
    load_columns x16
    ldp q0, q1, [x12]
    add x0, x12, #64
    add x9, x12, #80
    add x11, x12, #32
    add x14, x12, #48
    add x16, x1, #80
    add x17, x1, #96
    add x15, x1, #112
    add x8, x1, #128
    mov x19, #0
    mov x20, #64
    cbz x6, 4f
rg_arm_mlal_dense_4_loop:
    dense_unit x19
    dense_unit x20
    add x19, x19, #128
    add x20, x20, #128
    cmp x19, x6
    b.ne rg_arm_mlal_dense_4_loop
rg_arm_mlal_dense_4_loop_end:
4:
    cbz x7, 9f
    dense_unit x19
9:
    add x12, x12, x13
    mov x16, x10
    finish 4
    subs x5, x5, #1
    b.ne 1b
    ldr x20, [sp, #72]
    leave rg_arm_mlal_dense_4

    kernel rg_arm_mlal_1, 1, 0
    kernel rg_arm_mlal_2, 2, 0
    kernel rg_arm_mlal_3, 3, 0
    kernel rg_arm_mlal_4, 4, 0
    kernel rg_arm_mull_1, 1, 1
    kernel rg_arm_mull_2, 2, 1
    kernel rg_arm_mull_3, 3, 1
    kernel rg_arm_mull_4, 4, 1

    zipper 1
    zipper 2
    zipper 3
    zipper 4
    panel_kernel rg_arm_mlal_panel_1, 1, 0
    panel_kernel rg_arm_mlal_panel_2, 2, 0
    panel_kernel rg_arm_mlal_panel_3, 3, 0
    panel_kernel rg_arm_mlal_panel_4, 4, 0
    panel_kernel rg_arm_mull_panel_1, 1, 1
    panel_kernel rg_arm_mull_panel_2, 2, 1
    panel_kernel rg_arm_mull_panel_3, 3, 1
    panel_kernel rg_arm_mull_panel_4, 4, 1

    .section .note.GNU-stack, "", %progbits
