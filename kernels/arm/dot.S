/* dot.S: tiles of up to 6 rows by 16 columns with SDOT by element (Armv8.2 dot products). A unit of
 * packed weights is 4 bytes of each of 16 columns. Rows are loaded 16 bytes at a time and used four
 * times; weights are loaded in pairs of registers one pair ahead, which in-order cores need; the
 * pair read past a block's last unit belongs to its factors. */
#include "kernels/arm/six.inc"

a0 .req v2
qa0 .req q2
a1 .req v3
qa1 .req q3
a2 .req v4
qa2 .req q4
a3 .req v5
qa3 .req q5
a4 .req v6
qa4 .req q6
a5 .req v7
qa5 .req q7

.macro start row
    .if \row > 0
    ld1 {c\row\()0.4s-c\row\()3.4s}, [x1]
    .endif
.endm
.macro load row
    .if in_order
    ldr qa\row, [from\row, x19]
    .else
    ldr qa\row, [from\row], #16
    .endif
.endm
.macro load_last row
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
    dots \row, \lane, 2, 3, v28, v29
.endm
.macro right_dots_again row, lane
    dots \row, \lane, 2, 3, v0, v1
.endm
/* Weights of a step are \at bytes behind the pair that v0 and v1 hold. Only the first load of a step
 * moves x16: a chain of moves would be as long as the step. Tails (\at = tail) move each time. */
.macro weights left, right, at
    .ifc \at, tail
    ldp \left, \right, [x16], #32
    .elseif \at == 0 && !in_order
    ldp \left, \right, [x16], #256
    .else
    ldp \left, \right, [x16, #\at - 256]
    .endif
.endm
/* One unit of a step or tail. Up to 5 rows leave registers for a second pair of weights, loaded a
 * pair ahead; 6 rows do not, and need a core that runs ahead by itself. */
.macro unit mr, lane, at, next
    .if \mr < 6
    weights q28, q29, \at
    each_row \mr, left_dots, \lane
    weights q0, q1, \next
    each_row \mr, right_dots, \lane
    .else
    each_row \mr, left_dots, \lane
    weights q0, q1, \at
    each_row \mr, right_dots_again, \lane
    weights q0, q1, \next
    .endif
.endm
/* The first unit of a step. In order: all loads together, none of which moves its pointer. Else each
 * row is loaded while the one before is used. */
.macro load_if mr, row
    .if \mr > \row
    load \row
    .endif
.endm
.macro left_if mr, row
    .if \mr > \row
    left_dots \row, 0
    .endif
.endm
.macro first_unit mr
    .if in_order
    each_row \mr, load
    add x19, x19, #16
    cmp x19, x6
    add x16, x16, #256
    unit \mr, 0, 0, 32
    .else
    load 0
    load_if \mr, 1
    left_dots 0, 0
    load_if \mr, 2
    left_if \mr, 1
    load_if \mr, 3
    left_if \mr, 2
    load_if \mr, 4
    left_if \mr, 3
    load_if \mr, 5
    left_if \mr, 4
    left_if \mr, 5
    weights q0, q1, 0
    each_row \mr, right_dots_again, 0
    weights q0, q1, 32
    .endif
.endm

.macro kernel mr
    .set in_order, \mr < 6
function rg_arm_dot_\mr
    enter
    .if in_order
    lsl x6, x6, #4
    add x8, x8, x6
    .endif
1:
    mov x16, x1
    mov x17, x10
    ldp q8, q9, [x16], #32
    ldp q10, q11, [x16], #32
    each_row \mr, start
    ldp q0, q1, [x16], #32
2:
    next_pointers \mr
    .if in_order
    mov x19, #0
    .else
    mov x19, x6
    .endif
    cbz x6, 4f
rg_arm_dot_\mr\()_loop:
    first_unit \mr
    unit \mr, 1, 64, 96
    unit \mr, 2, 128, 160
    .if !in_order
    subs x19, x19, #1
    .endif
    unit \mr, 3, 192, 224
    b.ne rg_arm_dot_\mr\()_loop
rg_arm_dot_\mr\()_loop_end:
4:
    cbz x7, 9f
    each_row \mr, load_last
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
    end_tile rg_arm_dot_\mr, requantize_and_store, \mr
.endm

    each_height kernel

    .section .note.GNU-stack, "", %progbits
