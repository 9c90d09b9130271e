/* single.h: one model on one target, one request after the other: what `accuracy` needs and no
 * more. `infer` does the same with everything shown, workers do it measured. */
#ifndef RG_RUN_SINGLE_H
#define RG_RUN_SINGLE_H

#include "bench/core/root.h"
#include "bench/iface/target.h"
#include "bench/run/model.h"

typedef struct rg_single {
    const rg_target *target;
    rg_device device;
    rg_model *model;
    rg_arena *files; /* the artefact's bytes, where the target takes another form */
    rg_session *session;
    rg_program *program;
    rg_io io; /* inputs are written here before each run; targets may use their memory */
} rg_single;

typedef struct rg_single_ask {
    const char *model, *target, *device; /* file; "cpu"; "" for the first one present */
    const char *variant, *cores;         /* as rg_settings has them; "" default */
    uint32_t threads;
    const rg_attr *options; /* the target's own */
    uint32_t n_options;
} rg_single_ask;

/* Loads the file and opens it there. Errors as the target's, RG_USAGE for an unknown target with
 * the nearest named, RG_IO for a missing file. Close it in any case. */
rg_status rg_single_open(const rg_single_ask *ask, rg_root *root, rg_single *ret_single,
                         rg_err *err);

/* One request; `ret_ns` is its time from submission to the answer, without copying inputs. */
rg_status rg_single_run(rg_single *single, int64_t *ret_ns, rg_err *err);

/* Accepts all-zero and half-open ones. */
void rg_single_close(rg_single *single);

#endif
