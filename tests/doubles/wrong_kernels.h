/* wrong_kernels.h: kernels of fully_connected_s8 that are wrong on purpose, each in one way, a
 * right one, and one of svdf_f32. They compute with the scalar reference and then spoil it; the
 * verifier must catch every one of them. */
#ifndef RG_TESTS_WRONG_KERNELS_H
#define RG_TESTS_WRONG_KERNELS_H

#include "bench/iface/kernel.h"

extern const rg_kernel rg_double_right;
extern const rg_kernel rg_double_rounds_once;    /* off by one where a sum lies near a tie */
extern const rg_kernel rg_double_reads_behind;   /* one byte behind the input */
extern const rg_kernel rg_double_reads_before;   /* one byte before the weights */
extern const rg_kernel rg_double_reads_packed;   /* one byte behind what it packed */
extern const rg_kernel rg_double_writes_behind;  /* one byte behind the output */
extern const rg_kernel rg_double_writes_input;   /* restores it before it returns */
extern const rg_kernel rg_double_writes_packed;  /* while running */
extern const rg_kernel rg_double_skips_tail;     /* leaves the last output unwritten */
extern const rg_kernel rg_double_first_only;     /* right only when all tiles come in one call */
extern const rg_kernel rg_double_keeps_scratch;  /* counts on scratch being zero */
extern const rg_kernel rg_double_bad_opcode;     /* an instruction that no CPU has */
extern const rg_kernel rg_double_hangs;          /* never comes back */
extern const rg_kernel rg_double_exits;          /* ends the process */
extern const rg_kernel rg_double_low_input_only; /* wrong only when all inputs are the lowest */
extern const rg_kernel rg_double_forgets_state;  /* of svdf_f32: its first run is right */

#endif
