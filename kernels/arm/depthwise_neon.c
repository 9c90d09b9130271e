/* depthwise_neon.c: depthwise convolution on any Armv8 core. */
#include "kernels/arm/depthwise.inc"

const rg_kernel rg_kernel_depthwise_conv2d_s8_neon = {
    .name = "depthwise_conv2d_s8_neon",
    .op = "depthwise_conv2d_s8",
    .isa = "neon",
    .summary = "16 channels at a time, pairs of taps in int16",
    .suits = rg_arm_dw_suits,
    .packed_bytes = rg_arm_dw_packed_bytes,
    .pack = rg_arm_dw_pack,
    .scratch_bytes = rg_arm_dw_scratch_bytes,
    .tiles = rg_arm_dw_tiles,
    .run = depthwise_run,
};

const rg_kernel rg_kernel_depthwise_conv2d_u8_neon = {
    .name = "depthwise_conv2d_u8_neon",
    .op = "depthwise_conv2d_u8",
    .isa = "neon",
    .summary = "as depthwise_conv2d_s8, with the top bits of bytes flipped",
    .suits = rg_arm_dw_suits,
    .packed_bytes = rg_arm_dw_packed_bytes,
    .pack = rg_arm_dw_pack,
    .scratch_bytes = rg_arm_dw_scratch_bytes,
    .tiles = rg_arm_dw_tiles,
    .run = depthwise_run,
};
