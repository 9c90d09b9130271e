/* pipe_talk.h: what a `pipe` target and its program say to each other: lines of text and raw bytes,
 * docs/pipe-protocol.md. One rg_talk is one program; process.h moves the bytes. */
#ifndef RG_TARGETS_PIPE_TALK_H
#define RG_TARGETS_PIPE_TALK_H

#include <stdbool.h>

#include "bench/iface/target.h"
#include "targets/process.h"

enum {
    RG_TALK_VERSION = 1,
    RG_TALK_FACTS = 16,
    RG_TALK_KEPT = 16384,        /* of the program's own times, the last ones */
    RG_TALK_MAX_BYTES = 1 << 30, /* of all inputs or all outputs of a request */
    RG_TALK_MAX_LINES = 256,     /* of one answer */
};

/* What a program may offer: the words of its `can` lines. */
enum rg_talk_can {
    RG_TALK_PLACEMENT = 1 << 0,
    RG_TALK_ECHO = 1 << 1,
    RG_TALK_SHARE = 1 << 2,
    RG_TALK_RESET = 1 << 3,
    RG_TALK_SET = 1 << 4,
};

typedef struct rg_talk_limits {
    int64_t start_ns, load_ns, infer_ns;
} rg_talk_limits;

/* A tensor as the program describes it. */
typedef struct rg_talk_tensor {
    rg_dtype dtype;
    rg_shape shape;
    size_t bytes;
} rg_talk_tensor;

typedef struct rg_talk_fact {
    char key[32], value[224];
} rg_talk_fact;

typedef struct rg_talk {
    rg_process process;
    rg_talk_limits limits;
    unsigned can;
    rg_talk_fact facts[RG_TALK_FACTS];
    size_t n_facts;
    rg_talk_tensor in[RG_MAX_IO], out[RG_MAX_IO];
    uint32_t n_in, n_out;
    size_t in_bytes, out_bytes; /* of all */
    rg_memory memory;
    rg_placement placement;
    char header[48];      /* of each `infer` */
    unsigned char *block; /* inputs, and from out_at on outputs; shared with the program or ours */
    size_t block_bytes, out_at;
    int share_fd;               /* -1: tensors go through the pipe */
    uint64_t n_done, n_stamped; /* since the last look */
    double own_sum_ns;
    int64_t *own_ns; /* RG_TALK_KEPT, a ring */
    int64_t last_ns; /* the program's own time of the last request, -1: it told none */
} rg_talk;

/* Starts the program and greets it. RG_ABSENT, RG_DENIED and RG_FAILED with advice; what the
 * program itself answered with `error` comes as that status. Zero-initialise the talk before; stop
 * it in any case. */
rg_status rg_talk_start(char *const *argv, const rg_talk_limits *limits, rg_talk *talk,
                        rg_err *err);

/* `set KEY VALUE`. RG_UNSUPPORTED when the program takes no settings. */
rg_status rg_talk_set(rg_talk *talk, const char *key, const char *value, rg_err *err);

/* `load PATH`, then tensors' memory, shared where the program can and `share` says so, and
 * placement. */
rg_status rg_talk_load(rg_talk *talk, const char *path, bool share, rg_err *err);

/* One inference on the block (timed). */
rg_status rg_talk_infer(rg_talk *talk, rg_err *err);

/* Median of some `echo` requests: what the pipe itself costs an inference; -1 where the program
 * offers none. */
rg_status rg_talk_overhead(rg_talk *talk, int64_t *ret_ns, rg_err *err);

/* `reset`. RG_UNSUPPORTED when the program offers none. */
rg_status rg_talk_reset(rg_talk *talk, rg_err *err);

/* `close`, then the end of the program. Accepts all-zero. */
void rg_talk_stop(rg_talk *talk);

#endif
