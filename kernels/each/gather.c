/* gather.c: slices of a dimension chosen by numbers, each copied without a call. Pieces are runs of
 * slices. */
#include "kernels/ref/gather.h"

#include "kernels/each/copy.h"
#include "kernels/ref/need.h"

enum { TILE_BYTES = 16384 };

/* The call as loops: `outer` times `chosen` slices of `piece` bytes out of `dim`. */
typedef struct plan {
    size_t outer_a_batch, dim, chosen, piece, slices;
} plan;

static size_t product(const rg_shape *shape, uint32_t first, uint32_t last) {
    size_t n = 1;
    for (uint32_t d = first; d < last; d++)
        n *= (size_t)shape->dim[d];
    return n;
}

static bool lay_out(const rg_op_call *call, plan *ret) {
    const rg_shape *from = &call->in[0]->shape, *numbers = &call->in[1]->shape;
    uint32_t axis, batch;
    if (!rg_gather_resolve(call, &axis, &batch))
        return false;
    ret->outer_a_batch = product(from, batch, axis);
    ret->dim = (size_t)from->dim[axis];
    ret->chosen = product(numbers, batch, numbers->rank);
    ret->piece = product(from, axis + 1, from->rank) * (rg_dtype_bits(call->in[0]->dtype) / 8);
    ret->slices = product(from, 0, axis) * ret->chosen;
    return true;
}

static bool suits(const rg_op_call *call) {
    plan p;
    return lay_out(call, &p);
}

static size_t packed_bytes(const rg_op_call *call) {
    (void)call;
    return sizeof(plan);
}

static rg_status pack(const rg_op_call *call, void *packed, rg_err *err) {
    (void)err;
    lay_out(call, packed);
    return RG_OK;
}

static size_t slices_a_tile(const plan *p) {
    return TILE_BYTES / (p->piece + 1) + 1;
}

static size_t tiles(const rg_op_call *call) {
    plan p;
    return lay_out(call, &p) ? (p.slices + slices_a_tile(&p) - 1) / slices_a_tile(&p) : 1;
}

static void run(const rg_op_call *call, const void *packed, const void *const *in, void *const *out,
                size_t first_tile, size_t last_tile, void *scratch) {
    (void)scratch;
    const plan *p = packed;
    size_t slice = first_tile * slices_a_tile(p), end = last_tile * slices_a_tile(p);
    end = end < p->slices ? end : p->slices;
    size_t outer = slice / p->chosen, i = slice % p->chosen;
    char *to = (char *)out[0] + slice * p->piece;
    for (; slice < end; slice++, to += p->piece) {
        size_t number = outer / p->outer_a_batch * p->chosen + i;
        size_t place = rg_number_at(call->in[1], in[1], number, (int32_t)p->dim);
        rg_copy_run(to, (const char *)in[0] + (outer * p->dim + place) * p->piece, p->piece);
        if (++i == p->chosen) {
            i = 0;
            outer++;
        }
    }
}

RG_KERNEL(gather) = {RG_KERNEL_HEAD(gather), .summary = "Slices copied without a call",
                     RG_KERNEL_METHODS};
