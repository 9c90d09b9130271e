/* ort_session.h: the target `onnxruntime` from within: what a session and a program hold, and the
 * steps between them. onnxruntime.c is the target's row; ort_session.c builds the runtime's
 * sessions, ort_ends.c inputs and outputs, ort_place.c and ort_profile.c tell what ran where and
 * how long. */
#ifndef RG_TARGETS_ORT_SESSION_H
#define RG_TARGETS_ORT_SESSION_H

#include <pthread.h>

#include "bench/iface/target.h"
#include "targets/ort_file.h"
#include "targets/ort_provider.h"

/* A device's id is this and the word of a provider. */
#define RG_ORT_DEVICE "onnxruntime:"

struct rg_session {
    const rg_ort *ort;
    rg_arena *arena; /* the cell's words */
    rg_ort_options own;
    rg_ort_choice choice;
    rg_settings settings; /* without variant and options */
    void *env;
    bool spins, stays_off_cpu; /* as it is, from options and settings */
    char cores[256];           /* CPUs that the process is bound to; "" where it could not be */
    pthread_mutex_t lock;      /* of the last failure: slots may run in threads of their own */
    rg_err trouble;
};

/* One input or output as the runtime has it. */
typedef struct rg_ort_end {
    const char *name;
    int type; /* ONNX's number */
    int64_t dims[RG_MAX_RANK];
    size_t rank, bytes;
} rg_ort_end;

typedef struct rg_ort_ends {
    uint32_t n;
    rg_ort_end items[RG_MAX_IO];
} rg_ort_ends;

/* A request in flight: memory of ours, bound to names once, so that a run allocates nothing. */
typedef struct rg_ort_slot {
    void *binding;
    void *in[RG_MAX_IO], *out[RG_MAX_IO]; /* the runtime's values over the memory */
    void *in_data[RG_MAX_IO], *out_data[RG_MAX_IO];
    int64_t in_copy_ns; /* of the last request, where inputs go to a device; else -1 */
} rg_ort_slot;

/* What the runtime ran, as its profile tells: one of its nodes. */
typedef struct rg_ort_event {
    const char *name, *type, *provider;
    int32_t file_node, source; /* -1: one of the runtime's own */
    int64_t ns;                /* median over the profiled runs */
} rg_ort_event;

typedef struct rg_ort_profile {
    rg_ort_event *events; /* in the order of a run */
    uint32_t n;
    uint32_t runs;
} rg_ort_profile;

struct rg_program {
    rg_session *session;
    rg_arena *arena;
    const rg_workload *workload; /* the copy beside it; what it names is valid until unload */
    rg_workload copy;
    uint32_t repeat; /* of the source graph's inputs in a request */
    void *handle;    /* the runtime's session */
    void *memory;    /* where our buffers lie: the CPU's */
    rg_ort_ends in, out;
    rg_ort_slot *slots;
    unsigned n_slots;
    rg_ort_file file;
    bool joined; /* the file's nodes know the source graph's */
    rg_ort_profile profile;
    bool profiled; /* profile was made, or could not be */
    rg_status profile_status;
    rg_node_facts *facts; /* by source node, from the profile */
};

/* The runtime's session of a workload as the cell asks for it. `profile`: beginning of the path of
 * a profile that it shall write, NULL none. */
rg_status rg_ort_session_new(const rg_session *session, const rg_workload *workload,
                             const rg_ort_file *file, uint32_t repeat, const char *profile,
                             void **ret_handle, rg_err *err);

/* Reads the names, types and shapes of the ends and holds them against the source graph's.
 * RG_UNSUPPORTED where they are others. (ort_ends.c) */
rg_status rg_ort_ends_read(rg_program *program, rg_err *err);

/* Memory, values and binding of one slot; freed by rg_ort_slot_free. */
rg_status rg_ort_slot_make(rg_program *program, void *handle, rg_ort_slot *slot, rg_err *err);
void rg_ort_slot_free(const rg_ort *ort, rg_ort_slot *slot);

/* One request, from inputs in our memory to outputs in our memory. */
rg_status rg_ort_slot_run(const rg_program *program, void *handle, rg_ort_slot *slot, rg_err *err);

/* Joins the file's nodes to the source graph's, once a program. (ort_place.c) */
rg_status rg_ort_join(rg_program *program, rg_err *err);

/* Which provider computes what: from the session where the runtime tells (1.24), else from a
 * profile where the CPU is not alone, else unknown. */
rg_status rg_ort_placement(rg_program *program, rg_placement *ret_placement);

/* Runs a second session of the same kind a few times with the runtime's profiler on, and keeps the
 * medians; once a program. The measured session is not disturbed. (ort_profile.c) */
rg_status rg_ort_profile_make(rg_program *program, rg_err *err);

/* Reads a profile's JSON: node events of `runs` last runs. Text lives in the arena. */
rg_status rg_ort_profile_read(rg_arena *arena, const char *path, const rg_ort_file *file,
                              uint32_t runs, rg_ort_profile *ret_profile, rg_err *err);

/* Facts of a source node; makes the profile when it is asked for first. */
rg_status rg_ort_node_facts(const rg_program *program, uint32_t node, rg_node_facts *ret_facts);

/* Slots of the target's row that tell what is there: providers as devices, settings as they are,
 * memory of the runtime's arena (1.23 and newer). (ort_facts.c) */
rg_status rg_ort_probe(rg_root *root, rg_device_list *ret_devices, rg_err *err);
void rg_ort_effective(const rg_program *program, char *ret, size_t cap);
void rg_ort_usage(const rg_program *program, rg_memory *ret_memory);
void rg_ort_state(rg_program *program, char *ret, size_t cap);

#endif
