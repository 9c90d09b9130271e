/* matrix_i8mm.c: matrix products with int8 matrix instructions (SMMLA); the code is mmla.S. */
#include "kernels/arm/matrix.h"

rg_arm_tile rg_arm_mmla_1, rg_arm_mmla_2, rg_arm_mmla_3, rg_arm_mmla_4, rg_arm_mmla_5,
    rg_arm_mmla_6;
rg_arm_tile rg_arm_panel_1, rg_arm_panel_2, rg_arm_panel_3, rg_arm_panel_4, rg_arm_panel_5,
    rg_arm_panel_6;
rg_arm_zip rg_arm_zip_1, rg_arm_zip_2, rg_arm_zip_3, rg_arm_zip_4, rg_arm_zip_5, rg_arm_zip_6;

static const rg_arm_method method = {
    .rows = 6,
    .columns = 16,
    .depth = 8,
    .price = 6,
    .paired = true,
    .run = {NULL, rg_arm_mmla_1, rg_arm_mmla_2, rg_arm_mmla_3, rg_arm_mmla_4, rg_arm_mmla_5,
            rg_arm_mmla_6},
    .panel = {NULL, rg_arm_panel_1, rg_arm_panel_2, rg_arm_panel_3, rg_arm_panel_4, rg_arm_panel_5,
              rg_arm_panel_6},
    .zip = {NULL, rg_arm_zip_1, rg_arm_zip_2, rg_arm_zip_3, rg_arm_zip_4, rg_arm_zip_5,
            rg_arm_zip_6},
};

RG_ARM_MATRIX_SLOTS(method)

RG_ARM_MATRIX_KERNEL(conv2d_s8, i8mm, "tiles of 6 pixels by 16 channels with SMMLA");
RG_ARM_MATRIX_KERNEL(fully_connected_s8, i8mm, "tiles of 6 rows by 16 outputs with SMMLA");

RG_ARM_MATRIX_KERNEL(conv2d_u8, i8mm, "as conv2d_s8, with the top bits of bytes flipped");
RG_ARM_MATRIX_KERNEL(fully_connected_u8, i8mm, "as fully_connected_s8, with top bits flipped");
RG_ARM_MATRIX_S4_KERNEL(i8mm, "as fully_connected_s8, weights unpacked at load");
