/* row_nibbles_dotprod.c: one row times int4 weights with byte dot products (SDOT); see
 * row_nibbles.inc. */
#include "kernels/arm/row_nibbles.inc"

ROW(fully_connected_f32_s4, dotprod, "float32 times int4");
ROW(fully_connected_s8_s4, dotprod, "int8 times int4 in blocks");
