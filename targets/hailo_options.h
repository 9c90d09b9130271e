/* hailo_options.h: the target's own options, as a cell sets them. */
#ifndef RG_TARGETS_HAILO_OPTIONS_H
#define RG_TARGETS_HAILO_OPTIONS_H

#include "bench/core/field.h"
#include "bench/iface/target.h"

typedef struct rg_hailo_options {
    const char *library;
    bool force, device_latency;
    int scheduler;  /* index of "round_robin", "none" */
    int conversion; /* of "outside", "library" */
    int power_mode; /* of "performance", "ultra_performance" */
    int64_t scheduler_timeout_ms, scheduler_threshold, scheduler_priority; /* -1: the library's */
    int64_t timeout_ms, queue;
    int64_t heat_interval_ns; /* 0: never */
    int averaging, period;    /* indices as the library counts them */
} rg_hailo_options;

enum { RG_HAILO_ROUND_ROBIN, RG_HAILO_NO_SCHEDULER };
enum { RG_HAILO_OUTSIDE, RG_HAILO_LIBRARY };

extern const rg_field rg_hailo_fields[];

/* Options of a cell over the defaults; `settings` may be NULL. RG_USAGE naming the nearest key. */
rg_status rg_hailo_options_read(const rg_settings *settings, rg_hailo_options *ret_options,
                                rg_err *err);

/* A new value of the power monitor appears this often: twice its period times its averaging. */
double rg_hailo_refresh_s(const rg_hailo_options *options);

#endif
