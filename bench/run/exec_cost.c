/* exec_cost.c: how long a call takes, roughly, and from which length on several threads pay. */
#include "bench/run/exec_priv.h"

/* Speeds of one thread, per nanosecond. Only their order of size matters: they decide who stays on
 * one thread. */
typedef struct speed {
    double macs, other_ops, bytes;
} speed;

static const speed reference_speed = {1.5, 1, 4}, kernel_speed = {40, 10, 20};

/* A call shorter than this stays on one thread: two meetings of two threads cost about 0.5 us. */
enum { BREAK_EVEN_NS = 2000 };

bool rg_exec_worth_splitting(const rg_op_call *call, const rg_kernel *kernel) {
    rg_work work = call->op->work ? call->op->work(call) : (rg_work){0};
    speed s = kernel ? kernel_speed : reference_speed;
    double ns = (double)work.macs / s.macs + (double)work.other_ops / s.other_ops +
                ((double)work.bytes_read + (double)work.bytes_written) / s.bytes;
    return ns >= BREAK_EVEN_NS;
}
