/* count_kernels.c: instructions of each kernel on each bench case of its operator, as the hardware
 * counter of an emulated arm64 machine counts them (scripts/count-arm). One line a kernel and case:
 * kernel, case, multiply-accumulates, instructions of one whole call on one thread. Arguments: the
 * most multiply-accumulates of a case, a part of the names of cases. */
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench/iface/kernel.h"
#include "bench/iface/registry.h"
#include "bench/run/casebuild.h"
#include "bench/run/trial.h"

/* Counts this process's own instructions, not the kernel's; -1 where no counter works. */
static int open_counter(void) {
    struct perf_event_attr attr = {
        .type = PERF_TYPE_HARDWARE,
        .size = sizeof attr,
        .config = PERF_COUNT_HW_INSTRUCTIONS,
        .disabled = 1,
        .exclude_kernel = 1,
        .exclude_hv = 1,
    };
    return (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);
}

/* What a call needs of memory. */
typedef struct call_memory {
    void *packed, *scratch, *out[RG_CASE_TENSORS];
} call_memory;

static void *aligned(size_t bytes) {
    size_t whole = (bytes + 127) / 64 * 64;
    void *p = aligned_alloc(64, whole);
    return p ? memset(p, 0, whole) : NULL;
}

static void release(call_memory *m) {
    free(m->packed);
    free(m->scratch);
    for (int i = 0; i < RG_CASE_TENSORS; i++)
        free(m->out[i]);
}

static bool provide(const rg_kernel *kernel, const rg_op_call *call, call_memory *ret) {
    *ret = (call_memory){
        .packed = aligned(kernel->packed_bytes ? kernel->packed_bytes(call) : 0),
        .scratch = aligned(kernel->scratch_bytes ? kernel->scratch_bytes(call) : 0),
    };
    bool good = ret->packed && ret->scratch;
    for (uint32_t i = 0; i < call->n_out; i++) {
        ret->out[i] = aligned(call->out[i]->bytes);
        good = good && ret->out[i];
    }
    return good && (!kernel->pack || kernel->pack(call, ret->packed, NULL) == RG_OK);
}

/* Instructions of one call, the second of two; 0 if it could not be made or its bytes are wrong. */
static uint64_t count(const rg_kernel *kernel, const rg_made_case *made, const rg_truth *truth,
                      int counter) {
    const rg_op_call *call = made->call;
    const void *in[RG_CASE_TENSORS];
    call_memory m;
    uint64_t n = 0;
    for (uint32_t i = 0; i < call->n_in; i++)
        in[i] = truth->in[i] ? truth->in[i] : call->in[i] ? call->in[i]->data : NULL;
    bool good = provide(kernel, call, &m);
    size_t tiles = kernel->tiles ? kernel->tiles(call) : 1;
    for (int round = 0; good && round < 2; round++) {
        ioctl(counter, PERF_EVENT_IOC_RESET, 0);
        ioctl(counter, PERF_EVENT_IOC_ENABLE, 0);
        kernel->run(call, m.packed, in, m.out, 0, tiles, m.scratch);
        ioctl(counter, PERF_EVENT_IOC_DISABLE, 0);
        good = read(counter, &n, sizeof n) == sizeof n;
    }
    for (uint32_t i = 0; good && i < call->n_out; i++)
        good = !memcmp(m.out[i], truth->out[i], call->out[i]->bytes);
    release(&m);
    return good ? n : 0;
}

/* All kernels of an operator that run here, on one case. */
static bool count_case(const rg_op *op, const rg_case *c, int counter) {
    rg_err err = RG_ERR_INIT;
    rg_made_case *made = NULL;
    rg_truth truth = {0};
    bool good = rg_made_case_new(op, c, 1, true, &made, &err) == RG_OK &&
                rg_truth_make(made, RG_FILL_RANDOM, 1, &truth, &err) == RG_OK;
    for (size_t k = 0; good && rg_kernels[k]; k++) {
        const rg_kernel *kernel = rg_kernels[k];
        if (strcmp(kernel->op, op->name) != 0 ||
            !rg_isa_runs(rg_isa_find(kernel->isa), rg_isa_present()) ||
            (kernel->suits && !kernel->suits(made->call)))
            continue;
        uint64_t n = count(kernel, made, &truth, counter);
        good = n > 0;
        printf("%s %s %llu %llu\n", kernel->name, c->name, (unsigned long long)made->work.macs,
               (unsigned long long)n);
        fflush(stdout);
    }
    rg_truth_free(&truth);
    rg_made_case_free(made);
    return good;
}

static bool has_kernel(const char *op) {
    for (size_t k = 0; rg_kernels[k]; k++) {
        if (!strcmp(rg_kernels[k]->op, op))
            return true;
    }
    return false;
}

int main(int argc, char **argv) {
    uint64_t most = argc > 1 ? strtoull(argv[1], NULL, 10) : UINT64_MAX;
    const char *part = argc > 2 ? argv[2] : "";
    int counter = open_counter();
    bool good = counter >= 0;
    if (!good)
        fprintf(stderr, "count_kernels: no instruction counter here\n");
    for (size_t o = 0; rg_ops[o]; o++) {
        const rg_case_set *set = rg_case_set_for(rg_ops[o]);
        if (!set || !set->bench || !has_kernel(rg_ops[o]->name))
            continue;
        rg_case c = {0};
        for (size_t i = 0; good && set->bench(rg_ops[o], i, &c); i++, c = (rg_case){0}) {
            rg_err err = RG_ERR_INIT;
            rg_made_case *made = NULL;
            if (!strstr(c.name, part) ||
                rg_made_case_new(rg_ops[o], &c, 1, true, &made, &err) != RG_OK)
                continue;
            uint64_t macs = made->work.macs;
            rg_made_case_free(made);
            if (macs && macs <= most)
                good = count_case(rg_ops[o], &c, counter);
        }
    }
    close(counter);
    return good ? 0 : 1;
}
