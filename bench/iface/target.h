/* target.h: where a workload is computed. session = a hold on a device; program = a loaded
 * workload; slot = one request in flight. Spokes in targets/: one file each with one `const
 * rg_target rg_target_<name>` at its bottom and one line in targets/meson.build; copy sim.c. */
#ifndef RG_IFACE_TARGET_H
#define RG_IFACE_TARGET_H

#include "bench/core/err.h"
#include "bench/core/field.h"
#include "bench/core/graph.h"
#include "bench/core/root.h"
#include "bench/core/tensor.h"
#include "bench/iface/foreign.h"
#include "bench/iface/sensor.h"

typedef struct rg_session rg_session; /* defined by each target */
typedef struct rg_program rg_program;

enum { RG_MAX_IO = 32, RG_MAX_DEVICES = 32, RG_MAX_ENGINES = 8, RG_DEVICE_FACTS_BYTES = 2048 };

enum rg_target_caps {
    RG_TARGET_ASYNC = 1 << 0,        /* submit returns at once; several slots may be in flight */
    RG_TARGET_STATEFUL = 1 << 1,     /* offers reset */
    RG_TARGET_VIRTUAL_TIME = 1 << 2, /* time is rg_clock's virtual time; figures are `simulated` */
    RG_TARGET_RAILS = 1 << 3,        /* offers rails of the open session */
    RG_TARGET_FOREIGN = 1 << 4,      /* loads a foreign library: probe and admit in a child only */
    RG_TARGET_EXACT = 1 << 5,        /* integer outputs must equal the reference's in every bit */
    RG_TARGET_ELSEWHERE = 1 << 6,    /* computes in another process: memory, CPU time and counters
                                        of this one are not the workload's, and are left out */
    RG_TARGET_SHARED = 1 << 7,       /* two processes may hold the device at once, one idle */
};

/* One unit that exists, or the reason why none does (status != RG_OK). */
typedef struct rg_device {
    char id[64];                       /* "cpu", "cuda:0", "sim:async" */
    rg_status status;                  /* RG_OK present; RG_ABSENT, RG_DENIED otherwise */
    char description[256];             /* "2 cores, AMD EPYC" */
    char what[256];                    /* why absent or denied */
    char advice[256];                  /* what to try */
    char facts[RG_DEVICE_FACTS_BYTES]; /* rows "key=value\n", added with rg_device_fact */
} rg_device;

/* What is known of a device and of the library behind it, one row a key. Listed, and part of each
 * record as context. A target may add keys of its own; these have a meaning for the hub: */
typedef struct rg_device_fact_row {
    const char *key, *label, *help;
} rg_device_fact_row;
extern const rg_device_fact_row rg_device_fact_rows[]; /* ends with a NULL key */

/* Adds a row, in place of an older one of that key. Line breaks in the value become spaces; an
 * empty value adds nothing; what does not fit any more is left out. */
void rg_device_fact(rg_device *device, const char *key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Adds rows of "key=value\n" text, as rg_library_facts makes them. */
void rg_device_facts_add(rg_device *device, const char *rows);
/* The value of a row into `ret`; false (and "") when there is no such row. */
bool rg_device_fact_get(const rg_device *device, const char *key, char *ret, size_t cap);

/* What the cell asks of the target, common to all; requested values, effective ones come back in
 * place. */
typedef struct rg_settings {
    uint32_t threads;       /* 0: the target's default */
    uint32_t batch;         /* samples a request, >= 1 */
    const char *variant;    /* kernel set or delegate; "" default */
    const char *cores;      /* CPU list to pin to; "" default */
    const rg_attr *options; /* the target's own options, by its `options` table */
    uint32_t n_options;
    bool count_nodes;          /* keep the time of each node, where the target can */
    bool power;                /* energy is sampled: no thread may wait busily */
    bool require_full_offload; /* nothing may stay on the host: refuse where that is known before
                                  loading; the hub checks the placement after it */
} rg_settings;

typedef struct rg_device_list {
    rg_device items[RG_MAX_DEVICES];
    size_t n;
    const rg_settings *settings; /* given to probe: what a cell asks for (its options may name
                                    another library); NULL when devices are listed */
} rg_device_list;

/* The workload as every target gets it: our reading of the source graph and the artefact's bytes in
 * a form that the target takes. */
typedef struct rg_workload {
    const char *name;
    const rg_graph *graph; /* the source graph */
    const char *path;      /* the artefact's file (".tflite", "_edgetpu.tflite", ".hef") */
    const void *data;      /* its bytes */
    size_t bytes;
    const char *sha256;        /* of those bytes */
    const char *form;          /* of the artefact: one of the target's `forms`, else the source's */
    const char *source_path;   /* the source's file; the same as `path` where they are one */
    const char *source_sha256; /* of the source's bytes */
} rg_workload;

/* Memory of one slot: where inputs go and outputs come. The runtime may own it; valid until unload.
 */
typedef struct rg_io {
    uint32_t n_in, n_out;
    void *in[RG_MAX_IO];
    size_t in_bytes[RG_MAX_IO];
    const void *out[RG_MAX_IO];
    size_t out_bytes[RG_MAX_IO];
} rg_io;

/* One finished request. Phases are -1 where the target cannot tell. */
typedef struct rg_done {
    unsigned slot;
    rg_status status;
    int64_t pre_ns, h2d_ns, compute_ns, d2h_ns, post_ns;
} rg_done;

/* Memory in use, -1 where unknown. */
typedef struct rg_memory {
    int64_t arena_bytes, arena_bound_bytes, weights_bytes, device_bytes;
    int64_t packed_bytes, scratch_bytes; /* weights as kernels want them; work memory of threads */
    int64_t pack_ns;                     /* how long preparing took, once, untimed at runs */
} rg_memory;
#define RG_MEMORY_UNKNOWN                                                                          \
    { -1, -1, -1, -1, -1, -1, -1 }

/* One thing that computes a part of the graph: the accelerator, a delegate, a provider, the host.
 */
typedef struct rg_engine {
    char name[48];  /* "edgetpu", "XNNPACK", "CUDAExecutionProvider", "host" */
    bool host;      /* what stayed on the host's plain kernels: the fallback */
    uint32_t nodes; /* of the source graph */
    int64_t macs;   /* -1 unknown */
    int64_t ns;     /* of one inference, -1 unknown */
} rg_engine;

/* What really ran where. `known` false prints as unknown, never as 100 %; so does each part that is
 * -1. Counts are of the source graph's nodes (or of those that the runtime kept of it). */
typedef struct rg_placement {
    bool known;
    uint32_t nodes, nodes_on_target;
    uint64_t macs;
    int64_t macs_on_target; /* -1 unknown */
    int32_t crossings;      /* between host and target in one inference; -1 unknown */
    char how[48];           /* how it is known: "compiled-file", "session", "profile", "log" */
    char stays[256];        /* operators off the target: "SOFTMAX, RESHAPE x2" */
    rg_engine engines[RG_MAX_ENGINES];
    uint32_t n_engines;
} rg_placement;

/* Adds to an engine's counts, which is made when there is none of that name: `macs` -1 makes the
 * engine's unknown. False when there are too many engines. */
bool rg_placement_add(rg_placement *placement, const char *engine, bool host, uint32_t nodes,
                      int64_t macs);
/* Counts one more operator of that name in `stays`. */
void rg_placement_stays(rg_placement *placement, const char *operator_name);
/* Fills known, how, nodes and MACs on target from the engines; `macs` too where it is 0 still. */
void rg_placement_sum(rg_placement *placement, const char *how);

/* What became of one node of the source graph. */
typedef struct rg_node_facts {
    const char *kernel;   /* what computed it; "" where nothing had to be */
    uint32_t computed_in; /* the node that it was joined to; else its own number */
    bool split;           /* over several threads */
    int64_t ns;           /* in the last request of slot 0; 0 when joined to another */
} rg_node_facts;

/* A round that a vendor's tool runs by itself: what is wanted, and what came of it. */
typedef struct rg_whole_ask {
    uint32_t in_flight;  /* closed loop with so many requests in flight */
    uint64_t samples;    /* at least */
    int64_t min_ns;      /* measuring time, at least */
    int64_t deadline_ns; /* on rg_clock_real_ns: ended by then, whatever happens */
} rg_whole_ask;

typedef struct rg_whole {
    rg_foreign result;        /* what the tool told; lives until the next run or unload */
    int64_t start_ns, end_ns; /* of what it measured, on rg_clock_real_ns, as well as it can be
                                 known; its rows end at end_ns */
    uint64_t inferences;      /* within them; 0 unknown */
} rg_whole;

typedef struct rg_target {
    const char *name, *summary;
    uint32_t caps;
    /* Own options, may be NULL; parsed into options_size bytes. A row with key "round" is filled in
     * by the worker with the number of the round. */
    const rg_field *options;
    size_t options_size;
    /* Forms of artefact that it takes, best first, NULL-ended; NULL: any file that our readers
     * read, through its graph. "tflite", "onnx", "onnx_qoperator" (the names of our readers and
     * writers) are made from the source graph where the file is of another form; "edgetpu", "hef"
     * and others are looked up beside the source (bench/run/artefact.h). */
    const char *const *forms;

    /* Lists devices, or one entry that says why there is none. Cheap. Called in a child when
     * FOREIGN. */
    rg_status (*probe)(rg_root *root, rg_device_list *ret_devices, rg_err *err);

    /* Can this workload with these settings run here? RG_UNSUPPORTED with the reason if not. */
    rg_status (*admits)(const rg_device *device, const rg_workload *workload,
                        const rg_settings *settings, rg_err *err);

    rg_status (*open)(const rg_device *device, const rg_settings *settings,
                      rg_session **ret_session, rg_err *err);
    rg_status (*load)(rg_session *session, const rg_workload *workload, unsigned slots,
                      rg_program **ret_program, rg_err *err);
    /* In place of bind, submit and wait_any: the tool runs the whole round. Its outputs are not
     * seen, so nothing is proven; open loops are refused by the hub. `placement` is asked again
     * afterwards. */
    rg_status (*run_whole)(rg_program *program, const rg_whole_ask *ask, rg_whole *ret_whole,
                           rg_err *err);
    rg_status (*bind)(rg_program *program, unsigned slot, rg_io *ret_io);
    /* Optional, never timed. feed: the caller has written the slot's inputs; fetch: it is about to
     * read the slot's outputs. For runtimes that want other elements than the model has: what is
     * converted here is no part of the latency, and `effective` says so. */
    void (*feed)(rg_program *program, unsigned slot);
    void (*fetch)(rg_program *program, unsigned slot);

    /* Timed. Synchronous targets compute here; asynchronous ones only start. */
    rg_status (*submit)(rg_program *program, unsigned slot);
    /* Timed. The next finished slot; synchronous targets answer the slot just submitted. RG_TIMEOUT
     * when deadline_ns (on the clock in use) passes first. */
    rg_status (*wait_any)(rg_session *session, int64_t deadline_ns, rg_done *ret_done);

    rg_status (*reset)(rg_program *program);                         /* optional: no state */
    rg_status (*placement)(rg_program *program, rg_placement *ret);  /* optional: unknown */
    void (*usage)(const rg_program *program, rg_memory *ret_memory); /* optional: unknown */
    /* Effective settings as text pairs "key=value\n" for the record. Optional: none. */
    void (*effective)(const rg_program *program, char *ret, size_t cap);
    /* Optional, never timed: how the device is right now, as "key=value\n" for the record
     * ("temperature_c=41.5", "throttled=0"); lines "flag=ID" become flags of the round. Asked with
     * the program loaded, before the warm-up and after the steady window. */
    void (*state)(rg_program *program, char *ret, size_t cap);
    /* Optional, with RG_TARGET_RAILS: power that only this open session can read. The list is
     * filled as by a sensor (rail.sensor is the target's name); read_rail fills one row of one of
     * them: its values and flags, while the caller stamps the time. It may be called from another
     * thread than the session's others. */
    rg_status (*rails)(rg_session *session, rg_rail_list *ret_rails, rg_err *err);
    void (*read_rail)(rg_session *session, uint32_t rail, rg_power_row *ret_row);
    /* Optional: one node of a program that was opened with count_nodes. RG_UNSUPPORTED without. */
    rg_status (*node)(const rg_program *program, uint32_t node, rg_node_facts *ret_facts);
    /* Optional: fills in what happened and what to try after submit or wait_any failed. */
    void (*trouble)(const rg_session *session, rg_err *ret_err);
    void (*unload)(rg_program *program); /* accepts NULL */
    void (*close)(rg_session *session);  /* accepts NULL */
} rg_target;

/* feed and fetch where the target has them. */
static inline void rg_target_feed(const rg_target *target, rg_program *program, unsigned slot) {
    if (target->feed)
        target->feed(program, slot);
}
static inline void rg_target_fetch(const rg_target *target, rg_program *program, unsigned slot) {
    if (target->fetch)
        target->fetch(program, slot);
}

#endif
