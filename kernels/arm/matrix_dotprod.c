/* matrix_dotprod.c: matrix products with byte dot products (SDOT); the code is dot.S, and panel.S
 * where several blocks of columns meet the same rows. */
#include "kernels/arm/matrix.h"

rg_arm_tile rg_arm_dot_1, rg_arm_dot_2, rg_arm_dot_3, rg_arm_dot_4, rg_arm_dot_5, rg_arm_dot_6;

rg_arm_tile rg_arm_dot_panel_1, rg_arm_dot_panel_2, rg_arm_dot_panel_3, rg_arm_dot_panel_4,
    rg_arm_dot_panel_5, rg_arm_dot_panel_6;
rg_arm_tile rg_arm_dot_panel_in_order_1, rg_arm_dot_panel_in_order_2, rg_arm_dot_panel_in_order_3,
    rg_arm_dot_panel_in_order_4, rg_arm_dot_panel_in_order_5, rg_arm_dot_panel_in_order_6;
rg_arm_zip rg_arm_dot_zip_1, rg_arm_dot_zip_2, rg_arm_dot_zip_3, rg_arm_dot_zip_4, rg_arm_dot_zip_5,
    rg_arm_dot_zip_6;

static const rg_arm_method method = {
    .rows = 6,
    .in_order_rows = 5,
    .columns = 16,
    .depth = 4,
    .price = 5,
    .run = {NULL, rg_arm_dot_1, rg_arm_dot_2, rg_arm_dot_3, rg_arm_dot_4, rg_arm_dot_5,
            rg_arm_dot_6},
    .panel = {NULL, rg_arm_dot_panel_1, rg_arm_dot_panel_2, rg_arm_dot_panel_3, rg_arm_dot_panel_4,
              rg_arm_dot_panel_5, rg_arm_dot_panel_6},
    .panel_in_order = {NULL, rg_arm_dot_panel_in_order_1, rg_arm_dot_panel_in_order_2,
                       rg_arm_dot_panel_in_order_3, rg_arm_dot_panel_in_order_4,
                       rg_arm_dot_panel_in_order_5, rg_arm_dot_panel_in_order_6},
    .zip = {NULL, rg_arm_dot_zip_1, rg_arm_dot_zip_2, rg_arm_dot_zip_3, rg_arm_dot_zip_4,
            rg_arm_dot_zip_5, rg_arm_dot_zip_6},
};

RG_ARM_MATRIX_SLOTS(method)

RG_ARM_MATRIX_KERNEL(conv2d_s8, dotprod, "tiles of 6 pixels by 16 channels with SDOT");
RG_ARM_MATRIX_KERNEL(fully_connected_s8, dotprod, "tiles of 6 rows by 16 outputs with SDOT");

RG_ARM_MATRIX_KERNEL(conv2d_u8, dotprod, "as conv2d_s8, with the top bits of bytes flipped");
RG_ARM_MATRIX_KERNEL(fully_connected_u8, dotprod, "as fully_connected_s8, with top bits flipped");
RG_ARM_MATRIX_S4_KERNEL(dotprod, "as fully_connected_s8, weights unpacked at load");
