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
.macro low row, t0, t1, t2, t3
    smull \t0\().8h, a\row\().8b, v4.8b
    smull \t1\().8h, a\row\().8b, v5.8b
    smull \t2\().8h, a\row\().8b, v6.8b
    smull \t3\().8h, a\row\().8b, v7.8b
.endm
.macro high row, t0, t1, t2, t3
    smlal2 \t0\().8h, a\row\().16b, v4.16b
    smlal2 \t1\().8h, a\row\().16b, v5.16b
    smlal2 \t2\().8h, a\row\().16b, v6.16b
    smlal2 \t3\().8h, a\row\().16b, v7.16b
.endm
.macro high_alone row, t0, t1, t2, t3
    smull2 \t0\().8h, a\row\().16b, v4.16b
    smull2 \t1\().8h, a\row\().16b, v5.16b
    smull2 \t2\().8h, a\row\().16b, v6.16b
    smull2 \t3\().8h, a\row\().16b, v7.16b
.endm
.macro widen row, t0, t1, t2, t3
    sadalp c\row\()0.4s, \t0\().8h
    sadalp c\row\()1.4s, \t1\().8h
    sadalp c\row\()2.4s, \t2\().8h
    sadalp c\row\()3.4s, \t3\().8h
.endm
/* one or two rows against v4 to v7 */
.macro pair n, first, second, safe
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

    kernel rg_arm_mlal_1, 1, 0
    kernel rg_arm_mlal_2, 2, 0
    kernel rg_arm_mlal_3, 3, 0
    kernel rg_arm_mlal_4, 4, 0
    kernel rg_arm_mull_1, 1, 1
    kernel rg_arm_mull_2, 2, 1
    kernel rg_arm_mull_3, 3, 1
    kernel rg_arm_mull_4, 4, 1

    .section .note.GNU-stack, "", %progbits
