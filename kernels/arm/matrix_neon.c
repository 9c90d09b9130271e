/* matrix_neon.c: matrix products on any Armv8 core; the code is mlal.S. */
#include "kernels/arm/matrix.h"

rg_arm_tile rg_arm_mlal_1, rg_arm_mlal_2, rg_arm_mlal_3, rg_arm_mlal_4;
rg_arm_tile rg_arm_mull_1, rg_arm_mull_2, rg_arm_mull_3, rg_arm_mull_4;

rg_arm_tile rg_arm_mlal_panel_1, rg_arm_mlal_panel_2, rg_arm_mlal_panel_3, rg_arm_mlal_panel_4;
rg_arm_tile rg_arm_mull_panel_1, rg_arm_mull_panel_2, rg_arm_mull_panel_3, rg_arm_mull_panel_4;
rg_arm_tile rg_arm_mlal_dense_4;
rg_arm_zip rg_arm_mlal_zip_1, rg_arm_mlal_zip_2, rg_arm_mlal_zip_3, rg_arm_mlal_zip_4;

static const rg_arm_method method = {
    .rows = 4,
    .columns = 4,
    .depth = 16,
    .price = 14,
    .run = {NULL, rg_arm_mlal_1, rg_arm_mlal_2, rg_arm_mlal_3, rg_arm_mlal_4},
    .safe = {NULL, rg_arm_mull_1, rg_arm_mull_2, rg_arm_mull_3, rg_arm_mull_4},
    .panel = {NULL, rg_arm_mlal_panel_1, rg_arm_mlal_panel_2, rg_arm_mlal_panel_3,
              rg_arm_mlal_panel_4},
    .panel_in_order = {NULL, rg_arm_mlal_panel_1, rg_arm_mlal_panel_2, rg_arm_mlal_panel_3,
                       rg_arm_mlal_dense_4},
    .safe_panel = {NULL, rg_arm_mull_panel_1, rg_arm_mull_panel_2, rg_arm_mull_panel_3,
                   rg_arm_mull_panel_4},
    .zip = {NULL, rg_arm_mlal_zip_1, rg_arm_mlal_zip_2, rg_arm_mlal_zip_3, rg_arm_mlal_zip_4},
};

RG_ARM_MATRIX_SLOTS(method)

RG_ARM_MATRIX_KERNEL(conv2d_s8, neon,
                     "tiles of 4 pixels by 4 channels, pairs of products in int16");
RG_ARM_MATRIX_KERNEL(fully_connected_s8, neon,
                     "tiles of 4 rows by 4 outputs, pairs of products in int16");

RG_ARM_MATRIX_KERNEL(conv2d_u8, neon, "as conv2d_s8, with the top bits of bytes flipped");
RG_ARM_MATRIX_KERNEL(fully_connected_u8, neon, "as fully_connected_s8, with top bits flipped");
RG_ARM_MATRIX_S4_KERNEL(neon, "as fully_connected_s8, weights unpacked at load");
