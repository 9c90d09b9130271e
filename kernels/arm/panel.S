/* panel.S: tiles of up to 6 rows by 16 columns with SDOT by element, from panels: rows that meet
 * several blocks of columns are copied once into the order that their tiles read them in. A group of
 * a panel is 8 bytes of each row, two rows a register (an odd last one has a register of its own);
 * it stands against two units of packed weights, each 4 bytes of each of 16 columns. So a unit
 * takes 24 SDOT and, in registers loaded, 4 of weights and 1.5 of rows.
 *
 * Two loops do the same: cores that run ahead load four registers an instruction, just before they
 * are used; cores that run in order (rg_arm_dot_panel_in_order) load one at a time, as soon as the
 * register's last use is past, so that no load is waited for. The last loads of those read up to a
 * group behind the panel and up to a unit behind the weights, where the factors are. */
#include "kernels/arm/six.inc"

/* ---- rows to panels: x0 rows, x1 shape, x2 panel, x3 count ---- */

.macro first_units row, bytes
    ext v\row\().16b, v\row\().16b, v\row\().16b, #\bytes
.endm
/* Half of 16 bytes of each row is a group. x4: what the last store moves on by, with its gap. */
.macro put mr, half
    .if \mr > 3
    st4 {v0.d, v1.d, v2.d, v3.d}[\half], [x2], #32
    .endif
    .if \mr == 6
    st2 {v4.d, v5.d}[\half], [x2], #16
    .elseif \mr == 5
    st1 {v4.d}[\half], [x2], x4
    .elseif \mr == 3
    st3 {v0.d, v1.d, v2.d}[\half], [x2], x4
    .elseif \mr == 2
    st2 {v0.d, v1.d}[\half], [x2], #16
    .elseif \mr == 1
    st1 {v0.d}[\half], [x2], x4
    .endif
.endm
/* Of the 16 bytes of a tail the last 1 to 4 units count. Groups are whole but for a row's last, so
 * an odd number of units comes only where a row is one segment. */
.macro zipper mr
function rg_arm_dot_zip_\mr
    ldp x6, x7, [x1]
    ldp x8, x10, [x1, #16]
    .if \mr == 3
    mov x4, #32
    .else
    mov x4, #16
    .endif
1:
    mov x17, x10
2:
    next_pointers \mr
    mov x16, x6
    cbz x6, 4f
3:
    each_row \mr, load_next
    subs x16, x16, #1
    put \mr, 0
    put \mr, 1
    b.ne 3b
4:
    cbz x7, 9f
    each_row \mr, load_tail
    cmp x7, #2
    b.eq 8f
    b.lo 6f
    cmp x7, #4
    b.eq 7f
    each_row \mr, first_units, 4
    b 7f
6:
    each_row \mr, first_units, 12
    put \mr, 0
    b 9f
7:
    put \mr, 0
8:
    put \mr, 1
9:
    end_zip rg_arm_dot_zip_\mr
.endm

/* ---- sums ---- */

/* Row's bytes: two rows a register, the odd one in its upper half. */
.set lane0, 0
.set lane1, 2
.set lane2, 0
.set lane3, 2
.set lane4, 0
.set lane5, 2
.macro dot mr, row, column, half, a
    .if \mr > \row
    sdot c\row\()\column\().4s, v\column\().16b, \a\().4b[lane\row + \half]
    .endif
.endm
.macro column mr, column, half, p0, p1, p2
    dot \mr, 0, \column, \half, \p0
    dot \mr, 1, \column, \half, \p0
    dot \mr, 2, \column, \half, \p1
    dot \mr, 3, \column, \half, \p1
    dot \mr, 4, \column, \half, \p2
    dot \mr, 5, \column, \half, \p2
.endm
.macro start row
    ld1 {c\row\()0.4s-c\row\()3.4s}, [x1]
.endm

/* ---- for cores that run ahead ---- */

.macro unit mr, half, p0, p1, p2
    ld1 {v0.16b-v3.16b}, [x16], #64
    column \mr, 0, \half, \p0, \p1, \p2
    column \mr, 1, \half, \p0, \p1, \p2
    column \mr, 2, \half, \p0, \p1, \p2
    column \mr, 3, \half, \p0, \p1, \p2
.endm
.macro group mr, p0, p1, p2
    unit \mr, 0, \p0, \p1, \p2
    unit \mr, 1, \p0, \p1, \p2
.endm
.macro load_group mr
    .if \mr > 4
    ld1 {v4.16b-v6.16b}, [x0], #48
    .elseif \mr > 2
    ld1 {v4.16b-v5.16b}, [x0], #32
    .else
    ldr q4, [x0], #16
    .endif
.endm
/* 32 bytes of each row: four groups, of which few rows load several at once */
.macro step mr
    .if \mr > 4
    load_group \mr
    group \mr, v4, v5, v6
    load_group \mr
    group \mr, v4, v5, v6
    load_group \mr
    group \mr, v4, v5, v6
    load_group \mr
    group \mr, v4, v5, v6
    .elseif \mr > 2
    ld1 {v4.16b-v7.16b}, [x0], #64
    group \mr, v4, v5
    group \mr, v6, v7
    ld1 {v4.16b-v7.16b}, [x0], #64
    group \mr, v4, v5
    group \mr, v6, v7
    .else
    ld1 {v4.16b-v7.16b}, [x0], #64
    group \mr, v4
    group \mr, v5
    group \mr, v6
    group \mr, v7
    .endif
.endm
/* x6 steps of 8 units, x7 more groups, x8 the odd unit */
.macro units_left
    ldr x8, [x4, #48]
    lsr x6, x8, #3
    ubfx x7, x8, #1, #2
    and x8, x8, #1
.endm
.macro kernel mr
function rg_arm_dot_panel_\mr
    enter
    units_left
1:
    add x16, x1, #64
    each_row \mr, start
    mov x19, x6
    cbz x6, 3f
rg_arm_dot_panel_\mr\()_loop:
    subs x19, x19, #1
    step \mr
    b.ne rg_arm_dot_panel_\mr\()_loop
rg_arm_dot_panel_\mr\()_loop_end:
3:
    mov x19, x7
    cbz x7, 5f
4:
    load_group \mr
    subs x19, x19, #1
    group \mr, v4, v5, v6
    b.ne 4b
5:
    cbz x8, 6f
    load_group \mr
    unit \mr, 0, v4, v5, v6
6:
    end_tile rg_arm_dot_panel_\mr, requantize_and_store, \mr
.endm

/* ---- for cores that run in order ---- */

/* Two rows by two columns, and up to two loads. A load's result comes a cycle before that of an SDOT,
 * and these cores want results in order, so a load goes first in its cycle of two instructions: an
 * odd number of SDOT lies between one load and the next. \late: the square starts amid a cycle. */
.macro square mr, row0, row1, column0, column1, half, a, late, load0, load1
    .if !(\late)
    \load0
    .endif
    dot \mr, \row0, \column0, \half, \a
    .if \late
    \load0
    .endif
    dot \mr, \row0, \column1, \half, \a
    dot \mr, \row1, \column0, \half, \a
    .if !(\late)
    \load1
    .endif
    dot \mr, \row1, \column1, \half, \a
    .if \late
    \load1
    .endif
.endm
/* A group is four parts, each all rows by two columns of a unit. While two columns are used, the two
 * that the part before was the last to use are loaded; rows of the next group are loaded from the
 * last part on. x16: the second unit of group 0, x0: the group after group 0. */
.macro group_in_order mr, at, late
    .set bytes, (\mr + 1) / 2 * 16
    .if \mr > 4
    square \mr, 0, 1, 0, 1, 0, v4, \late, "ldr q2, [x16, #128 * \at - 32]", "ldr q6, [x0, #bytes * (\at - 1) + 32]"
    .else
    square \mr, 0, 1, 0, 1, 0, v4, \late, "ldr q2, [x16, #128 * \at - 32]"
    .endif
    square \mr, 2, 3, 0, 1, 0, v5, \late, "ldr q3, [x16, #128 * \at - 16]"
    square \mr, 4, 5, 0, 1, 0, v6, 1 - \late

    square \mr, 0, 1, 2, 3, 0, v4, 1 - \late, "ldr q0, [x16, #128 * \at]", "ldr q1, [x16, #128 * \at + 16]"
    square \mr, 2, 3, 2, 3, 0, v5, 1 - \late
    square \mr, 4, 5, 2, 3, 0, v6, 1 - \late

    square \mr, 0, 1, 0, 1, 1, v4, 1 - \late, "ldr q2, [x16, #128 * \at + 32]", "ldr q3, [x16, #128 * \at + 48]"
    square \mr, 2, 3, 0, 1, 1, v5, 1 - \late
    square \mr, 4, 5, 0, 1, 1, v6, 1 - \late

    square \mr, 0, 1, 2, 3, 1, v4, 1 - \late, "ldr q0, [x16, #128 * \at + 64]", "ldr q1, [x16, #128 * \at + 80]"
    square \mr, 2, 3, 2, 3, 1, v5, 1 - \late, "ldr q4, [x0, #bytes * \at]"
    .if \mr > 2
    square \mr, 4, 5, 2, 3, 1, v6, \late, "ldr q5, [x0, #bytes * \at + 16]"
    .endif
.endm
.macro kernel_in_order mr
function rg_arm_dot_panel_in_order_\mr
    enter
    units_left
    .set bytes, (\mr + 1) / 2 * 16
    mov x9, x0
1:
    each_row \mr, start
    add x16, x1, #128
    ldr q0, [x1, #64]
    ldr q1, [x1, #80]
    ldr q4, [x9]
    .if \mr > 2
    ldr q5, [x9, #16]
    .endif
    add x0, x9, #bytes
    mov x19, x6
    cbz x6, 3f
rg_arm_dot_panel_in_order_\mr\()_loop:
    group_in_order \mr, 0, 0
    group_in_order \mr, 1, 1
    group_in_order \mr, 2, 0
    group_in_order \mr, 3, 1
    add x16, x16, #512
    add x0, x0, #bytes * 4
    subs x19, x19, #1
    b.ne rg_arm_dot_panel_in_order_\mr\()_loop
rg_arm_dot_panel_in_order_\mr\()_loop_end:
3:
    mov x19, x7
    cbz x7, 5f
4:
    group_in_order \mr, 0, 0
    add x16, x16, #128
    add x0, x0, #bytes
    subs x19, x19, #1
    b.ne 4b
5:
    sub x9, x0, #bytes
    sub x16, x16, #64
    cbz x8, 6f
    ldp q2, q3, [x16, #32]
    .if \mr > 4
    ldr q6, [x0, #32 - bytes]
    .endif
    column \mr, 0, 0, v4, v5, v6
    column \mr, 1, 0, v4, v5, v6
    column \mr, 2, 0, v4, v5, v6
    column \mr, 3, 0, v4, v5, v6
    add x16, x16, #64
    mov x9, x0
6:
    end_tile rg_arm_dot_panel_in_order_\mr, requantize_and_store, \mr
.endm

    each_height zipper
    each_height kernel
    each_height kernel_in_order

    .section .note.GNU-stack, "", %progbits
