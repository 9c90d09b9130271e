/* mmla.S: tiles of up to 6 rows by 16 columns with SMMLA (Armv8.6 int8 matrix products): two rows by
 * two columns by 8 bytes each. A unit of packed weights is 8 bytes of each of 16 columns. Rows are
 * loaded 16 bytes at a time and zipped in pairs; the last of an odd number is zipped with itself.
 * m\pair\()\column are sums of two rows by two columns, whose bias and factors stand twice; rows are
 * told apart once they are bytes. Where several blocks of columns meet the same rows, the zipping is
 * done once: the zip functions write panels, the panel functions multiply them. */
#include "kernels/arm/six.inc"

m00 .req v8
m01 .req v9
m02 .req v10
m03 .req v11
m04 .req v12
m05 .req v13
m06 .req v14
m07 .req v15
m10 .req v16
m11 .req v17
m12 .req v18
m13 .req v19
m14 .req v20
m15 .req v21
m16 .req v22
m17 .req v23
m20 .req v24
m21 .req v25
m22 .req v26
m23 .req v27
m24 .req v28
m25 .req v29
m26 .req v30
m27 .req v31

.macro start_pair pair
    ld1 {m\pair\()0.4s-m\pair\()3.4s}, [x1]
    ld1 {m\pair\()4.4s-m\pair\()7.4s}, [x11]
.endm
/* rows v0 to v5 to pairs: first halves in v6, v0, v2, second halves in v1, v3, v5 */
.macro zip_pairs mr
    .if \mr > 1
    zip1 v6.2d, v0.2d, v1.2d
    zip2 v1.2d, v0.2d, v1.2d
    .else
    zip1 v6.2d, v0.2d, v0.2d
    zip2 v1.2d, v0.2d, v0.2d
    .endif
    .if \mr > 3
    zip1 v0.2d, v2.2d, v3.2d
    zip2 v3.2d, v2.2d, v3.2d
    .elseif \mr > 2
    zip1 v0.2d, v2.2d, v2.2d
    zip2 v3.2d, v2.2d, v2.2d
    .endif
    .if \mr > 5
    zip1 v2.2d, v4.2d, v5.2d
    zip2 v5.2d, v4.2d, v5.2d
    .elseif \mr > 4
    zip1 v2.2d, v4.2d, v4.2d
    zip2 v5.2d, v4.2d, v4.2d
    .endif
.endm
/* Weights of a unit are 128 bytes. Only the first load of a step of two units moves x16: a chain of
 * moves would be as long as the step. Single units (\at = alone) move once. */
.macro weights at
    .if \at == 0
    ldp q4, q7, [x16], #256
    .elseif \at < 256
    ldp q4, q7, [x16, #\at - 256]
    .elseif \at == 256
    ldp q4, q7, [x16], #128
    .else
    ldp q4, q7, [x16, #\at - 384]
    .endif
.endm
.macro columns mr, left, right, at, p0, p1, p2
    weights \at
    smmla m0\left\().4s, \p0\().16b, v4.16b
    .if \mr > 2
    smmla m1\left\().4s, \p1\().16b, v4.16b
    .endif
    .if \mr > 4
    smmla m2\left\().4s, \p2\().16b, v4.16b
    .endif
    smmla m0\right\().4s, \p0\().16b, v7.16b
    .if \mr > 2
    smmla m1\right\().4s, \p1\().16b, v7.16b
    .endif
    .if \mr > 4
    smmla m2\right\().4s, \p2\().16b, v7.16b
    .endif
.endm
.macro unit mr, at, p0, p1, p2
    columns \mr, 0, 1, \at, \p0, \p1, \p2
    columns \mr, 2, 3, \at + 32, \p0, \p1, \p2
    columns \mr, 4, 5, \at + 64, \p0, \p1, \p2
    columns \mr, 6, 7, \at + 96, \p0, \p1, \p2
.endm

.macro multiply_pair pair, column
    sqrdmulh m\pair\()\column\().4s, m\pair\()\column\().4s, v0.4s
.endm
.macro away_pair pair, column
    ssra m\pair\()\column\().4s, m\pair\()\column\().4s, #31
.endm
.macro away_any_pair pair, column
    and v2.16b, m\pair\()\column\().16b, v1.16b
    ssra m\pair\()\column\().4s, v2.4s, #31
.endm
.macro shift_pair pair, column
    srshl m\pair\()\column\().4s, m\pair\()\column\().4s, v1.4s
.endm
.macro shift_left_pair pair, column
    sshl m\pair\()\column\().4s, m\pair\()\column\().4s, v2.4s
.endm
.macro join_pair pair
    uzp1 m\pair\()0.8h, m\pair\()0.8h, m\pair\()1.8h
    uzp1 m\pair\()2.8h, m\pair\()2.8h, m\pair\()3.8h
    uzp1 m\pair\()4.8h, m\pair\()4.8h, m\pair\()5.8h
    uzp1 m\pair\()6.8h, m\pair\()6.8h, m\pair\()7.8h
.endm
.macro join_any_pair pair
    sqxtn m\pair\()0.4h, m\pair\()0.4s
    sqxtn m\pair\()2.4h, m\pair\()2.4s
    sqxtn m\pair\()4.4h, m\pair\()4.4s
    sqxtn m\pair\()6.4h, m\pair\()6.4s
    sqxtn2 m\pair\()0.8h, m\pair\()1.4s
    sqxtn2 m\pair\()2.8h, m\pair\()3.4s
    sqxtn2 m\pair\()4.8h, m\pair\()5.4s
    sqxtn2 m\pair\()6.8h, m\pair\()7.4s
.endm
.macro add_zero_pair pair
    sqadd m\pair\()0.8h, m\pair\()0.8h, v2.8h
    sqadd m\pair\()2.8h, m\pair\()2.8h, v2.8h
    sqadd m\pair\()4.8h, m\pair\()4.8h, v2.8h
    sqadd m\pair\()6.8h, m\pair\()6.8h, v2.8h
.endm
.macro narrow_pair pair
    sqxtn m\pair\()0.8b, m\pair\()0.8h
    sqxtn m\pair\()4.8b, m\pair\()4.8h
    sqxtn2 m\pair\()0.16b, m\pair\()2.8h
    sqxtn2 m\pair\()4.16b, m\pair\()6.8h
.endm
.macro clamp_pair pair
    smax m\pair\()0.16b, m\pair\()0.16b, v3.16b
    smax m\pair\()4.16b, m\pair\()4.16b, v3.16b
    smin m\pair\()0.16b, m\pair\()0.16b, v4.16b
    smin m\pair\()4.16b, m\pair\()4.16b, v4.16b
.endm
/* bytes of two rows come two by two */
.macro store_pair pair, mr
    uzp1 m\pair\()1.8h, m\pair\()0.8h, m\pair\()4.8h
    st1 {m\pair\()1.16b}, [x2], x3
    .if \mr > 1
    uzp2 m\pair\()2.8h, m\pair\()0.8h, m\pair\()4.8h
    st1 {m\pair\()2.16b}, [x2], x3
    .endif
.endm
.macro each_pair mr, body, arguments:vararg
    at_row \body, 0, \arguments
    .if \mr > 2
    at_row \body, 1, \arguments
    .endif
    .if \mr > 4
    at_row \body, 2, \arguments
    .endif
.endm
.macro scale_column column, mr
    ldp q0, q1, [x16, #32 * \column]
    each_pair \mr, multiply_pair, \column
    each_pair \mr, away_pair, \column
    each_pair \mr, shift_pair, \column
.endm
.macro scale_any_column column, mr
    ldp q0, q1, [x16, #32 * \column]
    ldr q2, [x16, #256 + 16 * \column]
    each_pair \mr, shift_left_pair, \column
    each_pair \mr, multiply_pair, \column
    each_pair \mr, away_any_pair, \column
    each_pair \mr, shift_pair, \column
.endm
.macro each_column body, mr
    \body 0, \mr
    \body 1, \mr
    \body 2, \mr
    \body 3, \mr
    \body 4, \mr
    \body 5, \mr
    \body 6, \mr
    \body 7, \mr
.endm
.macro finish mr
    ldr x11, [x4, #32]
    tbnz x11, #1, 71f
    each_column scale_column, \mr
    load_range
    each_pair \mr, join_pair
    b 72f
71:
    each_column scale_any_column, \mr
    load_range
    each_pair \mr, join_any_pair
72:
    ldr x11, [x4, #32]
    each_pair \mr, add_zero_pair
    each_pair \mr, narrow_pair
    cbz x11, 73f
    each_pair \mr, clamp_pair
73:
    store_pair 0, \mr
    .if \mr > 2
    store_pair 1, \mr - 2
    .endif
    .if \mr > 4
    store_pair 2, \mr - 4
    .endif
.endm

.macro start mr
    add x11, x1, #64
    add x16, x1, #128
    start_pair 0
    .if \mr > 2
    start_pair 1
    .endif
    .if \mr > 4
    start_pair 2
    .endif
.endm

/* rows where they lie */
.macro kernel mr
function rg_arm_mmla_\mr
    enter
1:
    start \mr
    mov x17, x10
2:
    next_pointers \mr
    mov x19, x6
    cbz x6, 4f
rg_arm_mmla_\mr\()_loop:
    each_row \mr, load_next
    zip_pairs \mr
    subs x19, x19, #1
    unit \mr, 0, v6, v0, v2
    unit \mr, 128, v1, v3, v5
    b.ne rg_arm_mmla_\mr\()_loop
rg_arm_mmla_\mr\()_loop_end:
4:
    cbz x7, 9f
    each_row \mr, load_tail
    zip_pairs \mr
    cmp x7, #1
    b.eq 8f
    unit \mr, 256, v6, v0, v2
8:
    unit \mr, 256, v1, v3, v5
9:
    subs x17, x17, #1
    b.ne 2b
    end_tile rg_arm_mmla_\mr, finish, \mr
.endm

/* rows to panels: x0 rows, x1 shape, x2 panel, x3 count */
.macro to_panel mr, first, p0, p1, p2
    .if \mr > 4
    .if \first
    stp \p0, \p1, [x2], #96
    str \p2, [x2, #-64]
    .else
    str \p0, [x2, #-48]
    stp \p1, \p2, [x2, #-32]
    .endif
    .elseif \mr > 2
    stp \p0, \p1, [x2], #32
    .else
    str \p0, [x2], #16
    .endif
.endm
.macro zipper mr
function rg_arm_zip_\mr
    ldp x6, x7, [x1]
    ldp x8, x10, [x1, #16]
1:
    mov x17, x10
2:
    next_pointers \mr
    mov x16, x6
    cbz x6, 4f
3:
    each_row \mr, load_next
    zip_pairs \mr
    subs x16, x16, #1
    to_panel \mr, 1, q6, q0, q2
    to_panel \mr, 0, q1, q3, q5
    b.ne 3b
4:
    cbz x7, 9f
    each_row \mr, load_tail
    zip_pairs \mr
    cmp x7, #1
    b.eq 8f
    to_panel \mr, 1, q6, q0, q2
    to_panel \mr, 0, q1, q3, q5
    b 9f
8:
    .if \mr > 4
    stp q1, q3, [x2], #32
    str q5, [x2], #16
    .else
    to_panel \mr, 0, q1, q3, q5
    .endif
9:
    end_zip rg_arm_zip_\mr
.endm

/* Rows of two units, pair by pair; six rows: of one unit. */
.macro load_two mr
    .if \mr > 4
    ld1 {v0.16b-v2.16b}, [x0], #48
    .elseif \mr > 2
    ld1 {v0.16b-v3.16b}, [x0], #64
    .else
    ld1 {v0.16b-v1.16b}, [x0], #32
    .endif
.endm
.macro load_one mr
    .if \mr > 4
    ld1 {v0.16b-v2.16b}, [x0], #48
    .elseif \mr > 2
    ld1 {v0.16b-v1.16b}, [x0], #32
    .else
    ldr q0, [x0], #16
    .endif
.endm
.macro panel_column mr, column, w, p0, p1, p2
    smmla m0\column\().4s, \p0\().16b, \w\().16b
    .if \mr > 2
    smmla m1\column\().4s, \p1\().16b, \w\().16b
    .endif
    .if \mr > 4
    smmla m2\column\().4s, \p2\().16b, \w\().16b
    .endif
.endm
/* A unit of a panel; weights come four registers an instruction, at two pointers that move by x12:
 * one that moves twice a unit would take as long as the products. */
.macro panel_unit mr, p0, p1, p2
    ld1 {v4.16b-v7.16b}, [x16], x12
    panel_column \mr, 0, v4, \p0, \p1, \p2
    panel_column \mr, 1, v5, \p0, \p1, \p2
    panel_column \mr, 2, v6, \p0, \p1, \p2
    panel_column \mr, 3, v7, \p0, \p1, \p2
    ld1 {v4.16b-v7.16b}, [x11], x12
    panel_column \mr, 4, v4, \p0, \p1, \p2
    panel_column \mr, 5, v5, \p0, \p1, \p2
    panel_column \mr, 6, v6, \p0, \p1, \p2
    panel_column \mr, 7, v7, \p0, \p1, \p2
.endm
/* panels: x6 steps of two units, x7 the odd one */
.macro panel_kernel mr
function rg_arm_panel_\mr
    enter
    ldr x7, [x4, #48]
    lsr x6, x7, #1
    and x7, x7, #1
    mov x12, #128
1:
    start \mr
    add x11, x16, #64
    mov x19, x6
    cbz x6, 4f
rg_arm_panel_\mr\()_loop:
    load_two \mr
    subs x19, x19, #1
    panel_unit \mr, v0, v1, v2
    .if \mr > 4
    load_one \mr
    panel_unit \mr, v0, v1, v2
    .elseif \mr > 2
    panel_unit \mr, v2, v3
    .else
    panel_unit \mr, v1
    .endif
    b.ne rg_arm_panel_\mr\()_loop
rg_arm_panel_\mr\()_loop_end:
4:
    cbz x7, 9f
    load_one \mr
    panel_unit \mr, v0, v1, v2
9:
    end_tile rg_arm_panel_\mr, finish, \mr
.endm

    each_height kernel
    each_height zipper
    each_height panel_kernel

    .section .note.GNU-stack, "", %progbits
