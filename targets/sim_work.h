/* sim_work.h: what the simulated device computes, and how it goes wrong when told to. Outputs come
 * from the reference executor, once for each new input, since only simulated time counts. Used by
 * sim.c and sim_async.c. */
#ifndef RG_TARGETS_SIM_WORK_H
#define RG_TARGETS_SIM_WORK_H

#include "bench/core/err.h"
#include "bench/iface/target.h"
#include "targets/sim_model.h"

typedef struct rg_sim_work rg_sim_work;

/* Memory for `slots` requests in flight of `batch` samples each. The graph must outlive it. */
rg_status rg_sim_work_new(const rg_graph *graph, unsigned slots, uint32_t batch,
                          rg_sim_work **ret_work, rg_err *err);
void rg_sim_work_free(rg_sim_work *work); /* accepts NULL */

/* Where the slot's inputs go and its outputs come. */
void rg_sim_work_io(const rg_sim_work *work, unsigned slot, rg_io *ret_io);

/* Puts the outputs of the slot's present inputs in place; costs nothing when they did not change. A
 * `wrong` device flips one bit. */
void rg_sim_work_compute(rg_sim_work *work, unsigned slot, bool wrong);

/* Crashes, hangs, prints or writes rubbish if the options say so for inference `count` (0-based).
 */
void rg_sim_misbehave(const rg_sim_options *options, uint64_t count);

/* True when inference `count` gives a wrong result. */
bool rg_sim_is_wrong(const rg_sim_options *options, uint64_t count);

/* Arena and weights of the executor behind it. */
void rg_sim_work_usage(const rg_sim_work *work, rg_memory *ret_memory);

#endif
