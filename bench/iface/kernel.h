/* kernel.h: one fast way to compute an operator on a CPU. Its truth is the operator's scalar
 * reference (op.h): whatever a kernel accepts it must answer with the same bytes. Spokes in
 * kernels/x86/ and kernels/arm/ implement it: `const rg_kernel rg_kernel_<name>` at the bottom of a
 * file, one line in kernels/meson.build. Chosen per node by bench/run/exec_prepare.c. */
#ifndef RG_IFACE_KERNEL_H
#define RG_IFACE_KERNEL_H

#include "bench/core/isa.h"
#include "bench/iface/op.h"

typedef struct rg_kernel {
    const char *name;    /* "conv2d_s8_avx2"; what follows the level tells variants apart */
    const char *op;      /* the rg_op whose bytes it gives: "conv2d_s8" */
    const char *isa;     /* a level of isa.h; it may use no instruction beyond that level */
    const char *summary; /* how it does it, one sentence */

    /* Optional: calls that it takes; NULL: every call that the operator accepts. A kernel that
     * packs must ask here for constants (in[1]->data). The call has passed infer and check. */
    bool (*suits)(const rg_op_call *call);

    /* Optional: what is worked out once at load, untimed: packed weights, multipliers, tables, the
     * layout. Zeroed memory of packed_bytes, aligned to 64, read-only while running. */
    size_t (*packed_bytes)(const rg_op_call *call);
    rg_status (*pack)(const rg_op_call *call, void *packed, rg_err *err);

    /* Optional: memory of each thread, aligned to 64, contents undefined at every run. */
    size_t (*scratch_bytes)(const rg_op_call *call);

    /* Optional: independent pieces of one call, in any order and on any thread; NULL: one. A
     * handful to some hundreds: enough to share evenly, few enough to cost nothing. */
    size_t (*tiles)(const rg_op_call *call);

    /* Computes tiles [first_tile, last_tile): writes every output element of theirs and no byte
     * besides, reads no byte outside its inputs, packed and scratch. Never fails. in[i] and out[i]
     * may have any alignment that their element type has. */
    void (*run)(const rg_op_call *call, const void *packed, const void *const *in, void *const *out,
                size_t first_tile, size_t last_tile, void *scratch);
} rg_kernel;

/* The rows of a source whose functions are named as the members are. */
#define RG_KERNEL_METHODS                                                                          \
    .suits = suits, .packed_bytes = packed_bytes, .pack = pack, .tiles = tiles, .run = run

/* All kernels that were built in, best first within one operator: the first whose level runs under
 * the mask and that suits the call is the one that is used. Ends with NULL. (Registry.) */
extern const rg_kernel *const rg_kernels[];

/* The kernel of this name, NULL if there is none. */
const rg_kernel *rg_kernel_find(const char *name);

/* The kernel for a call under a mask of features; NULL: the reference computes it. */
const rg_kernel *rg_kernel_for(const rg_op_call *call, uint64_t mask);

#endif
