/* mmla.S: tiles of up to 6 rows by 16 columns with SMMLA (Armv8.6 int8 matrix products): two rows by
 * two columns by 8 bytes each. A unit of packed weights is 8 bytes of each of 16 columns. Rows are
 * loaded 16 bytes at a time and zipped in pairs; the last of an odd number is zipped with itself.
 * m\pair\()\column are sums of two rows by two columns; unzipped at the end into rows c\row\()\group,
 * each written over a register whose sums have just been taken. */
#include "kernels/arm/tile.inc"

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
c00 .req v7
c01 .req v8
c02 .req v10
c03 .req v12
c10 .req v9
c11 .req v11
c12 .req v13
c13 .req v15
c20 .req v14
c21 .req v16
c22 .req v18
c23 .req v20
c30 .req v17
c31 .req v19
c32 .req v21
c33 .req v23
c40 .req v22
c41 .req v24
c42 .req v26
c43 .req v28
c50 .req v25
c51 .req v27
c52 .req v29
c53 .req v31
from0 .req x9
from1 .req x11
from2 .req x12
from3 .req x13
from4 .req x14
from5 .req x15

.macro start_pair pair
    mov m\pair\()0.16b, m00.16b
    mov m\pair\()1.16b, m01.16b
    mov m\pair\()2.16b, m02.16b
    mov m\pair\()3.16b, m03.16b
    mov m\pair\()4.16b, m04.16b
    mov m\pair\()5.16b, m05.16b
    mov m\pair\()6.16b, m06.16b
    mov m\pair\()7.16b, m07.16b
.endm
.macro load row
    ldr q\row, [from\row], #16
.endm
.macro load_tail row
    ldr q\row, [from\row, x8]
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
.macro columns mr, left, right, p0, p1, p2
    ldp q4, q7, [x16], #32
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
.macro unit mr, p0, p1, p2
    columns \mr, 0, 1, \p0, \p1, \p2
    columns \mr, 2, 3, \p0, \p1, \p2
    columns \mr, 4, 5, \p0, \p1, \p2
    columns \mr, 6, 7, \p0, \p1, \p2
.endm

.macro unzip even, odd, to_even, to_odd
    trn1 \to_even\().2d, \even\().2d, \odd\().2d
    trn2 \to_odd\().2d, \even\().2d, \odd\().2d
.endm
.macro unzip_pairs mr
    unzip m00, m01, c00, c10
    unzip m02, m03, c01, c11
    unzip m04, m05, c02, c12
    unzip m06, m07, c03, c13
    .if \mr > 2
    unzip m10, m11, c20, c30
    unzip m12, m13, c21, c31
    unzip m14, m15, c22, c32
    unzip m16, m17, c23, c33
    .endif
    .if \mr > 4
    unzip m20, m21, c40, c50
    unzip m22, m23, c41, c51
    unzip m24, m25, c42, c52
    unzip m26, m27, c43, c53
    .endif
.endm

.macro kernel mr
function rg_arm_mmla_\mr
    enter
1:
    mov x16, x1
    mov x17, x10
    ldp q8, q9, [x16], #32
    ldp q10, q11, [x16], #32
    ldp q12, q13, [x16], #32
    ldp q14, q15, [x16], #32
    .if \mr > 2
    start_pair 1
    .endif
    .if \mr > 4
    start_pair 2
    .endif
2:
    next_pointers \mr
    mov x19, x6
    cbz x6, 4f
rg_arm_mmla_\mr\()_loop:
    each_row \mr, load
    zip_pairs \mr
    subs x19, x19, #1
    unit \mr, v6, v0, v2
    unit \mr, v1, v3, v5
    b.ne rg_arm_mmla_\mr\()_loop
rg_arm_mmla_\mr\()_loop_end:
4:
    cbz x7, 9f
    each_row \mr, load_tail
    zip_pairs \mr
    cmp x7, #1
    b.eq 8f
    unit \mr, v6, v0, v2
8:
    unit \mr, v1, v3, v5
9:
    subs x17, x17, #1
    b.ne 2b
    unzip_pairs \mr
    requantize_and_store \mr
    subs x5, x5, #1
    b.ne 1b
    leave rg_arm_mmla_\mr
.endm

    kernel 1
    kernel 2
    kernel 3
    kernel 4
    kernel 5
    kernel 6

    .section .note.GNU-stack, "", %progbits
