/* exec_cost.c: how long a call takes, roughly, and from which length on several threads pay. */
#include <string.h>

#include "bench/run/exec_priv.h"

/* Speeds of one thread by level, per nanosecond: what kernels of that level reach at layers of a
 * few microseconds, rounded down. Measured with `railgauge infer --profile` on an EPYC (Zen 3) for
 * avx2; the others follow from their multiply-accumulates an instruction. Only the order of size
 * matters: it decides who stays on one thread. */
typedef struct speed {
    const char *isa;  /* level of isa.h; NULL: the reference */
    double dense;     /* multiply-accumulates of convolutions and matrices, int8 */
    double depthwise; /* the same of depthwise convolutions */
    double real;      /* multiply-accumulates of floats */
    double other_ops, bytes;
} speed;

static const speed speeds[] = {
    {NULL, 1.5, 0.7, 0.7, 0.5, 4},      {"avx2", 40, 10, 8, 5, 20},
    {"avxvnni", 100, 15, 8, 5, 20},     {"avx512vnni", 150, 25, 12, 8, 30},
    {"avx512vbmi", 150, 30, 12, 8, 30}, {"neon", 8, 4, 3, 2, 8},
    {"dotprod", 25, 6, 3, 2, 8},        {"i8mm", 40, 6, 3, 2, 8},
};

/* A call shorter than this stays on one thread. On the same machine the benchmark
 * executor_break_even shows a gain by a second thread from 0.4 us on (a quarter at 1 us, a third at
 * 2 us) while both cores are free, since going out and coming back takes 0.2 us together; on a busy
 * one a thread that was put aside costs more than short calls can win. */
enum { BREAK_EVEN_NS = 1000 };

static const speed *speed_of(const rg_kernel *kernel) {
    for (size_t i = 1; kernel && i < sizeof speeds / sizeof speeds[0]; i++) {
        if (!strcmp(kernel->isa, speeds[i].isa))
            return &speeds[i];
    }
    return &speeds[0];
}

bool rg_exec_worth_splitting(const rg_op_call *call, const rg_kernel *kernel) {
    rg_work work = call->op->work ? call->op->work(call) : (rg_work){0};
    const speed *s = speed_of(kernel);
    bool depthwise = !strncmp(call->op->kind, "depthwise", 9);
    double macs = call->op->in == RG_DTYPE_FLOAT32 ? s->real : depthwise ? s->depthwise : s->dense;
    double compute = (double)work.macs / macs + (double)work.other_ops / s->other_ops;
    double move = ((double)work.bytes_read + (double)work.bytes_written) / s->bytes;
    return (compute > move ? compute : move) >= BREAK_EVEN_NS;
}
