/* hailo_session.h: an open Hailo device and a network on it, as the files of this target share
 * them: hailo.c (the target), hailo_session.c (the device), hailo_pair.c (which end is which
 * tensor), hailo_program.c (loading), hailo_memory.c (buffers and conversions), hailo_raw.c (the
 * path without the library's pipeline), hailo_state.c (heat, alarms, latency), hailo_watch.c,
 * hailo_power.c. */
#ifndef RG_TARGETS_HAILO_SESSION_H
#define RG_TARGETS_HAILO_SESSION_H

#include <pthread.h>
#include <stdatomic.h>

#include "bench/core/hef.h"
#include "bench/iface/target.h"
#include "targets/hailo_api.h"
#include "targets/hailo_convert.h"
#include "targets/hailo_options.h"

enum { RG_HAILO_ALARMS = 16 }; /* notifications are counted by their number */

/* The thread that looks at the temperature, and what it saw since it was asked last. */
typedef struct rg_hailo_watch {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t stop;
    bool running, stopping;
    uint32_t n;
    double sum_c, max_c;
} rg_hailo_watch;

struct rg_session {
    rg_hailo_library library;
    rg_hailo_options options;
    rg_device device;
    uint32_t batch; /* frames a request */
    bool raw;
    hailo_vdevice vdevice;
    hailo_device handle;
    rg_program *program; /* that wait_any listens to */
    _Atomic uint32_t alarms[RG_HAILO_ALARMS];
    _Atomic uint32_t heat_zone; /* of the last temperature alarm: 0 green, 1 orange, 2 red */
    bool metering;
    rg_hailo_watch watch;
    rg_err trouble; /* of the last submit or wait that failed */
};

/* One end of the network: the tensor, how it is called by the library, what a frame takes. */
typedef struct rg_hailo_lane {
    rg_hailo_pair pair;
    hailo_end handle;
    size_t elements;     /* of a frame */
    size_t frame_bytes;  /* on the device's side, as programs see it */
    size_t wire_bytes;   /* as it travels: raw path only */
    hailo_shaper shaper; /* raw path only */
} rg_hailo_lane;

/* One request: the model's memory, the device's, and what travels on the raw path. Where two of
 * them are alike they are one. All of `batch` frames. */
typedef struct rg_hailo_slot {
    void *model[RG_MAX_IO], *frames[RG_MAX_IO], *wire[RG_MAX_IO]; /* inputs, then outputs */
} rg_hailo_slot;

struct rg_program {
    rg_session *session;
    const rg_graph *graph;
    rg_arena *arena;           /* of all below */
    const rg_hef_group *group; /* the network group that is run */
    rg_hef_body body;
    hailo_hef hef;
    hailo_group handle;
    hailo_activated activated;
    bool has_inputs, has_outputs; /* vstreams that must be released */
    uint32_t n_in, n_out;
    rg_hailo_lane lanes[RG_MAX_IO]; /* inputs in the graph's order, then outputs */
    unsigned n_slots;
    rg_hailo_slot *slots;
    unsigned *queue; /* slots in flight, oldest first: a ring of n_slots */
    unsigned first, pending;
    bool measures; /* the device's own latency */
};

/* Keeps the library's answer in the session's trouble as well; RG_OK for 0. */
rg_status rg_hailo_session_answer(rg_session *session, int answer, const char *doing, rg_err *err);

/* hailo_session.c */
rg_status rg_hailo_session_open(const rg_device *device, const rg_settings *settings,
                                rg_session **ret_session, rg_err *err);
void rg_hailo_session_close(rg_session *session); /* accepts NULL */

/* hailo_pair.c: reads the executable's contents into the program, and finds for each input and
 * output of the graph the end that it is. RG_UNSUPPORTED when they do not belong together. */
rg_status rg_hailo_read(const rg_workload *workload, uint32_t batch, bool floats,
                        rg_program *program, rg_err *err);
/* RG_UNSUPPORTED for an executable of another chip than the device's. */
rg_status rg_hailo_check_arch(const rg_device *device, const rg_hef_body *body, rg_err *err);

/* hailo_program.c */
rg_status rg_hailo_load(rg_session *session, const rg_workload *workload, unsigned slots,
                        rg_program **ret_program, rg_err *err);
void rg_hailo_unload(rg_program *program); /* accepts NULL */

/* hailo_memory.c */
rg_status rg_hailo_slots_new(rg_program *program, unsigned n, rg_err *err);
void rg_hailo_slots_free(rg_program *program);
rg_status rg_hailo_bind(rg_program *program, unsigned slot, rg_io *ret_io);
void rg_hailo_feed(rg_program *program, unsigned slot);
void rg_hailo_fetch(rg_program *program, unsigned slot);

/* hailo_raw.c: streams in place of vstreams. */
rg_status rg_hailo_raw_open(rg_program *program, rg_err *err);
void rg_hailo_raw_close(rg_program *program);

/* hailo_state.c */
void rg_hailo_listen(rg_session *session);
void rg_hailo_state(rg_program *program, char *ret, size_t cap);
void rg_hailo_effective(const rg_program *program, char *ret, size_t cap);

/* hailo_watch.c: starts and stops the thread; adds rows of what it saw, and begins anew. */
void rg_hailo_watch_start(rg_session *session);
void rg_hailo_watch_stop(rg_session *session);
void rg_hailo_watch_tell(rg_session *session, rg_text *text);

/* hailo_power.c */
rg_status rg_hailo_rails(rg_session *session, rg_rail_list *ret_rails, rg_err *err);
void rg_hailo_read_rail(rg_session *session, uint32_t rail, rg_power_row *ret_row);
void rg_hailo_power_stop(rg_session *session);

#endif
