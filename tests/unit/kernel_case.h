/* kernel_case.h: runs fast kernels of one operator on an op_case and compares every byte with the
 * scalar reference. Buffers end at a page that may not be touched. For the kernel tests only. */
#ifndef RG_TESTS_KERNEL_CASE_H
#define RG_TESTS_KERNEL_CASE_H

#include <sys/mman.h>
#include <unistd.h>

#include "bench/iface/kernel.h"
#include "op_case.h"

/* `bytes` bytes, filled with 0xa5, whose last one lies before a guarded page (or, `front`, whose
 * first lies behind one). */
static inline void *guarded(size_t bytes, bool front) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE), body = (bytes + page - 1) / page * page;
    char *at = mmap(NULL, body + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    cr_assert(at != MAP_FAILED);
    cr_assert(body == 0 || mprotect(at + page, body, PROT_READ | PROT_WRITE) == 0);
    memset(at + page, 0xa5, body);
    return front ? at + page : at + page + body - bytes;
}

static inline void guarded_free(void *at, size_t bytes) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE), body = (bytes + page - 1) / page * page;
    char *first = (char *)((uintptr_t)at / page * page - page);
    munmap(first, body + 2 * page);
}

/* Memory aligned to 64 that a kernel asked for. */
static inline void *lent(size_t bytes) {
    void *at = aligned_alloc(64, (bytes + 63) / 64 * 64 + 64);
    cr_assert_not_null(at);
    memset(at, 0xa5, (bytes + 63) / 64 * 64 + 64);
    return at;
}

/* Runs kernel `k` on an admitted case, tiles from the last to the first, into `ret`; false where it
 * does not suit. */
static inline bool kernel_case_run(op_case *c, const rg_kernel *k, void *ret) {
    rg_op_call call = op_case_call(c);
    if (k->suits && !k->suits(&call))
        return false;
    size_t packed_bytes = k->packed_bytes ? k->packed_bytes(&call) : 0;
    size_t scratch_bytes = k->scratch_bytes ? k->scratch_bytes(&call) : 0;
    void *packed = lent(packed_bytes), *scratch = lent(scratch_bytes), *out[1] = {ret};
    memset(packed, 0, packed_bytes);
    if (k->pack)
        cr_assert_eq(k->pack(&call, packed, &c->err), RG_OK, "%s", c->err.what);
    const void *in[OP_CASE_MAX] = {0};
    for (uint32_t i = 0; i < c->n_in; i++)
        in[i] = c->ins[i] ? c->ins[i]->data : NULL;
    for (size_t tile = k->tiles ? k->tiles(&call) : 1; tile-- > 0;)
        k->run(&call, packed, in, out, tile, tile + 1, scratch);
    for (size_t i = 0; i < 64; i++)
        cr_assert_eq(((uint8_t *)scratch)[(scratch_bytes + 63) / 64 * 64 + i], 0xa5,
                     "%s wrote behind its scratch", k->name);
    free(packed);
    free(scratch);
    return true;
}

/* Every kernel of the operator that this CPU runs; returns how many took the case. */
static inline int kernel_case_check(op_case *c, bool front, const char *what) {
    size_t bytes = c->out.bytes;
    void *want = guarded(bytes, false), *got = guarded(bytes, front);
    op_case_run(c, want);
    int n = 0;
    for (const rg_kernel *const *k = rg_kernels; *k; k++) {
        if (strcmp((*k)->op, c->op->name) != 0 ||
            !rg_isa_runs(rg_isa_find((*k)->isa), rg_isa_present()))
            continue;
        memset(got, 0xa5, bytes);
        if (!kernel_case_run(c, *k, got))
            continue;
        n++;
        const uint8_t *a = want, *b = got;
        for (size_t i = 0; i < bytes; i++)
            cr_assert_eq(a[i], b[i], "%s: byte %zu is %d, the reference says %d: %s", (*k)->name, i,
                         b[i], a[i], what);
    }
    guarded_free(want, bytes);
    guarded_free(got, bytes);
    return n;
}

#endif
