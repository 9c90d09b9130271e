/* dot.S: tiles of up to 5 rows by 16 columns with SDOT by element (Armv8.2 dot products). A unit of
 * packed weights is 4 bytes of each of 16 columns. Rows are loaded 16 bytes at a time and used four
 * times; weights are loaded in pairs of registers one pair ahead, which in-order cores need; the
 * pair read past a block's last unit belongs to its factors. */
#include "kernels/arm/tile.inc"

c00 .req v12
c01 .req v13
c02 .req v14
c03 .req v15
c10 .req v16
c11 .req v17
c12 .req v18
c13 .req v19
c20 .req v20
c21 .req v21
c22 .req v22
c23 .req v23
c30 .req v24
c31 .req v25
c32 .req v26
c33 .req v27
c40 .req v28
c41 .req v29
c42 .req v30
c43 .req v31
a0 .req v5
a1 .req v6
a2 .req v7
a3 .req v8
a4 .req v9
qa0 .req q5
qa1 .req q6
qa2 .req q7
qa3 .req q8
qa4 .req q9
from0 .req x9
from1 .req x11
from2 .req x12
from3 .req x13
from4 .req x14

.macro start row
    .if \row > 0
    mov c\row\()0.16b, c00.16b
    mov c\row\()1.16b, c01.16b
    mov c\row\()2.16b, c02.16b
    mov c\row\()3.16b, c03.16b
    .endif
.endm
.macro load row
    ldr qa\row, [from\row], #16
.endm
.macro load_tail row
    ldr qa\row, [from\row, x8]
.endm
.macro dots row, lane, left, right, w0, w1
    sdot c\row\()\left\().4s, \w0\().16b, a\row\().4b[\lane]
    sdot c\row\()\right\().4s, \w1\().16b, a\row\().4b[\lane]
.endm
.macro left_dots row, lane
    dots \row, \lane, 0, 1, v0, v1
.endm
.macro right_dots row, lane
    dots \row, \lane, 2, 3, v2, v3
.endm
/* Weights of a step are \at bytes behind the pair that v0 and v1 hold. Only the first load of a step
 * moves x16: a chain of moves would be as long as the step. Tails (\at = tail) move each time. */
.macro weights left, right, at
    .ifc \at, tail
    ldp \left, \right, [x16], #32
    .elseif \at == 0
    ldp \left, \right, [x16], #256
    .else
    ldp \left, \right, [x16, #\at - 256]
    .endif
.endm
/* one unit of a step or tail */
.macro unit mr, lane, at, next
    weights q2, q3, \at
    each_row \mr, left_dots, \lane
    weights q0, q1, \next
    each_row \mr, right_dots, \lane
.endm
/* the first unit of a step: each row is loaded while the one before is used */
.macro first_unit mr
    load 0
    weights q2, q3, 0
    .if \mr > 1
    load 1
    .endif
    left_dots 0, 0
    .if \mr > 2
    load 2
    .endif
    .if \mr > 1
    left_dots 1, 0
    .endif
    .if \mr > 3
    load 3
    .endif
    .if \mr > 2
    left_dots 2, 0
    .endif
    .if \mr > 4
    load 4
    .endif
    .if \mr > 3
    left_dots 3, 0
    .endif
    .if \mr > 4
    left_dots 4, 0
    .endif
    weights q0, q1, 32
    each_row \mr, right_dots, 0
.endm

.macro kernel mr
function rg_arm_dot_\mr
    enter
1:
    mov x16, x1
    mov x17, x10
    ldp q12, q13, [x16], #32
    ldp q14, q15, [x16], #32
    each_row \mr, start
    ldp q0, q1, [x16], #32
2:
    next_pointers \mr
    mov x19, x6
    cbz x6, 4f
rg_arm_dot_\mr\()_loop:
    first_unit \mr
    unit \mr, 1, 64, 96
    unit \mr, 2, 128, 160
    subs x19, x19, #1
    unit \mr, 3, 192, 224
    b.ne rg_arm_dot_\mr\()_loop
rg_arm_dot_\mr\()_loop_end:
4:
    cbz x7, 9f
    each_row \mr, load_tail
    cmp x7, #3
    b.eq 6f
    b.lo 5f
    unit \mr, 0, tail, tail
6:
    unit \mr, 1, tail, tail
    b 7f
5:
    cmp x7, #1
    b.eq 8f
7:
    unit \mr, 2, tail, tail
8:
    unit \mr, 3, tail, tail
9:
    subs x17, x17, #1
    b.ne 2b
    sub x16, x16, #32
    requantize_and_store \mr
    subs x5, x5, #1
    b.ne 1b
    leave rg_arm_dot_\mr
.endm

    kernel 1
    kernel 2
    kernel 3
    kernel 4
    kernel 5

    .section .note.GNU-stack, "", %progbits
