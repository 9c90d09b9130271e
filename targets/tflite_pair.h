/* tflite_pair.h: a runtime and a delegate from two hands, tried in a throw-away process before they
 * meet in one that matters. Structs cross that border by value and have grown over the versions, so
 * a delegate made for another version crashes; see reference of the ABI in docs/targets.md. */
#ifndef RG_TARGETS_TFLITE_PAIR_H
#define RG_TARGETS_TFLITE_PAIR_H

#include "bench/iface/target.h"
#include "targets/tflite_runner.h"

enum { RG_PAIR_TRY_S = 30, RG_PAIR_LOAD_S = 90 };

/* What is to be tried. Both functions run in the throw-away process. */
typedef struct rg_pair {
    /* Opens both libraries and gives what the runner needs to load a model with the delegate. */
    rg_status (*open)(void *user, rg_tflite_ask *ret_ask, rg_err *err);
    void *user;
    const char *delegate;                     /* its name, for messages */
    const char *runtime_file, *delegate_file; /* for the cache's key; real paths */
    const char *runtime_version;              /* as it tells itself */
    const char *settings;                     /* all else that the outcome depends on */
} rg_pair;

/* Loads and runs a model of one operator. A delegate that does not take it is no failure.
 * RG_UNSUPPORTED "built for another TFLite ABI" when it crashes, RG_TIMEOUT when it hangs, else
 * what opening gave. Good and crashed pairs are remembered by the SHA-256 of both files. */
rg_status rg_pair_try(const rg_pair *pair, rg_err *err);

/* Loads the workload itself that way: RG_FAILED when the delegate crashes or hangs on this
 * model. */
rg_status rg_pair_load(const rg_pair *pair, const rg_workload *workload, rg_err *err);

#endif
