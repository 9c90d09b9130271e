/* kerneltime.h: times several ways of computing one case, turn by turn, so that what happens to the
 * machine meanwhile happens to all of them. Outputs are compared with the truth before and after;
 * bursts in which a thread waited for a core are not counted. */
#ifndef RG_RUN_KERNELTIME_H
#define RG_RUN_KERNELTIME_H

#include "bench/iface/kernel.h"
#include "bench/run/trial.h"

/* One way: a kernel on so many threads. Filled in by rg_kernels_time from `status` on. */
typedef struct rg_kernel_lane {
    const rg_kernel *kernel; /* NULL: the reference */
    uint32_t threads;

    rg_status status; /* RG_OK; RG_WRONG: other bytes than the truth; else why it could not run */
    char what[256];
    double median_ns, min_ns, p95_ns; /* of one call, from all samples of counted bursts */
    size_t samples, batch;            /* calls in one sample */
    uint32_t clean, tried;            /* bursts in which nobody waited for a core, and all; clean 0:
                                         all were counted */
    bool waits_known; /* the kernel tells waiting; else every burst counts as clean */
    int64_t pack_ns;  /* of packing once */
    size_t packed_bytes, scratch_bytes, tiles; /* scratch: of each thread */
} rg_kernel_lane;

typedef struct rg_kernel_timing {
    const rg_made_case *made;
    const rg_truth *truth;
    uint32_t
        rounds; /* clean bursts wanted of each lane; 0: 15. At most 5 times as many are tried */
    int64_t burst_ns; /* length of one; 0: 2 ms */
} rg_kernel_timing;

/* Times the lanes. What goes wrong with one lane stands in it; RG_NO_MEMORY or RG_FAILED (no
 * threads) end all. A kernel must have been proven on this case before. */
rg_status rg_kernels_time(const rg_kernel_timing *timing, rg_kernel_lane *lanes, size_t n,
                          rg_err *err);

#endif
