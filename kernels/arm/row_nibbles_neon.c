/* row_nibbles_neon.c: one row times int4 weights with SMLAL on any Armv8 core; see row_nibbles.inc.
 */
#include "kernels/arm/row_nibbles.inc"

ROW(fully_connected_f32_s4, neon, "float32 times int4");
ROW(fully_connected_s8_s4, neon, "int8 times int4 in blocks");
