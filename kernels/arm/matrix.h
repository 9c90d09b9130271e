/* matrix.h: convolutions and fully connected layers as matrix products on Arm, for any method of
 * tile.h. A row of the product is an output pixel (or an input row), a column an output channel.
 * The files of each level name their method and make their kernels from RG_ARM_MATRIX_KERNEL. */
#ifndef RG_KERNELS_ARM_MATRIX_H
#define RG_KERNELS_ARM_MATRIX_H

#include "bench/iface/kernel.h"
#include "kernels/arm/tile.h"

/* The slots of rg_kernel, each told the method. */
bool rg_arm_matrix_suits(const rg_op_call *call);
size_t rg_arm_matrix_packed_bytes(const rg_op_call *call, const rg_arm_method *method);
rg_status rg_arm_matrix_pack(const rg_op_call *call, const rg_arm_method *method, void *packed,
                             rg_err *err);
size_t rg_arm_matrix_scratch_bytes(const rg_op_call *call, const rg_arm_method *method);
size_t rg_arm_matrix_tiles(const rg_op_call *call, const rg_arm_method *method);
void rg_arm_matrix_run(const rg_op_call *call, const void *packed, const void *const *in,
                       void *const *out, size_t first_tile, size_t last_tile, void *scratch);

/* Two of them for int4 weights with one scale an output (matrix_s4.c). */
bool rg_arm_matrix_s4_suits(const rg_op_call *call);
rg_status rg_arm_matrix_s4_pack(const rg_op_call *call, const rg_arm_method *method, void *packed,
                                rg_err *err);

/* The slots for one method, as functions of the file. */
#define RG_ARM_MATRIX_SLOTS(method)                                                                \
    static size_t packed_bytes(const rg_op_call *call) {                                           \
        return rg_arm_matrix_packed_bytes(call, &method);                                          \
    }                                                                                              \
    static rg_status pack(const rg_op_call *call, void *packed, rg_err *err) {                     \
        return rg_arm_matrix_pack(call, &method, packed, err);                                     \
    }                                                                                              \
    static rg_status pack_s4(const rg_op_call *call, void *packed, rg_err *err) {                  \
        return rg_arm_matrix_s4_pack(call, &method, packed, err);                                  \
    }                                                                                              \
    static size_t scratch_bytes(const rg_op_call *call) {                                          \
        return rg_arm_matrix_scratch_bytes(call, &method);                                         \
    }                                                                                              \
    static size_t tiles(const rg_op_call *call) {                                                  \
        return rg_arm_matrix_tiles(call, &method);                                                 \
    }

/* One kernel of the file's method. */
#define RG_ARM_MATRIX_KERNEL(operator, level, sentence)                                            \
    RG_ARM_MATRIX_ROW(operator##_##level, operator, level, sentence, rg_arm_matrix_suits, pack)

/* The same for int4 weights with one scale an output. */
#define RG_ARM_MATRIX_S4_KERNEL(level, sentence)                                                   \
    RG_ARM_MATRIX_ROW(fully_connected_s8_s4_##level##_one_scale, fully_connected_s8_s4, level,     \
                      sentence, rg_arm_matrix_s4_suits, pack_s4)

#define RG_ARM_MATRIX_ROW(id, operator, level, sentence, suits_slot, pack_slot)                    \
    const rg_kernel rg_kernel_##id = {                                                             \
        .name = #id,                                                                               \
        .op = #operator,                                                                           \
        .isa = #level,                                                                             \
        .summary = sentence,                                                                       \
        .suits = suits_slot,                                                                       \
        .packed_bytes = packed_bytes,                                                              \
        .pack = pack_slot,                                                                         \
        .scratch_bytes = scratch_bytes,                                                            \
        .tiles = tiles,                                                                            \
        .run = rg_arm_matrix_run,                                                                  \
    }

#endif
