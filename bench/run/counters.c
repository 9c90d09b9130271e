/* counters.c: libpfm4 turns a name into an event, the kernel counts it. */
#include "bench/run/counters.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <perfmon/pfmlib_perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { MAX_COUNTERS = 16 };

typedef struct counter {
    char name[64];
    int fd;
} counter;

struct rg_counters {
    counter list[MAX_COUNTERS];
    size_t n;
};

/* Short names of our record fields, and what libpfm4 calls them. */
static const struct {
    const char *name, *event;
} short_names[] = {
    {"instructions", "PERF_COUNT_HW_INSTRUCTIONS"},
    {"cycles", "PERF_COUNT_HW_CPU_CYCLES"},
    {"cache_misses", "PERF_COUNT_HW_CACHE_MISSES"},
    {"branch_misses", "PERF_COUNT_HW_BRANCH_MISSES"},
    {"page_faults", "PERF_COUNT_SW_PAGE_FAULTS"},
    {"context_switches", "PERF_COUNT_SW_CONTEXT_SWITCHES"},
};

static const char *event_name(const char *name) {
    for (size_t i = 0; i < sizeof short_names / sizeof short_names[0]; i++) {
        if (!strcmp(short_names[i].name, name))
            return short_names[i].event;
    }
    return name;
}

static rg_status encode(const char *name, struct perf_event_attr *attr, rg_err *err) {
    static int ready = -1;
    if (ready < 0)
        ready = pfm_initialize() == PFM_SUCCESS;
    memset(attr, 0, sizeof *attr);
    attr->size = sizeof *attr;
    pfm_perf_encode_arg_t arg = {.attr = attr, .size = sizeof arg};
    int code = ready
                   ? pfm_get_os_event_encoding(event_name(name), PFM_PLM3, PFM_OS_PERF_EVENT, &arg)
                   : PFM_ERR_NOINIT;
    if (code != PFM_SUCCESS)
        return rg_fail(err, RG_UNSUPPORTED, "showevtinfo (libpfm4) lists this CPU's events",
                       "libpfm4 does not know the event '%s' here: %s", name, pfm_strerror(code));
    return RG_OK;
}

static rg_status refusal(const char *name, int code, rg_err *err) {
    switch (code) {
    case ENOENT:
    case EOPNOTSUPP:
    case ENODEV:
        return rg_fail(err, RG_ABSENT, "use a machine or guest with a PMU (KVM: cpu host, pmu=on)",
                       "no hardware counter for '%s' (the CPU or hypervisor offers none)", name);
    case EACCES:
    case EPERM:
        return rg_fail(err, RG_DENIED, "sudo sysctl kernel.perf_event_paranoid=2",
                       "the kernel denies '%s' (perf_event_paranoid, seccomp or container)", name);
    case ENOSYS:
        return rg_fail(err, RG_ABSENT, "run on a kernel with perf events",
                       "this kernel has no perf events, so no '%s'", name);
    default:
        return rg_fail(err, RG_FAILED, NULL, "cannot count '%s': %s", name, strerror(code));
    }
}

static rg_status open_counter(const char *name, int *ret_fd, rg_err *err) {
    struct perf_event_attr attr;
    rg_status status = encode(name, &attr, err);
    if (status != RG_OK)
        return status;
    attr.disabled = 1;
    attr.inherit = 1;
    attr.exclude_kernel = attr.type != PERF_TYPE_SOFTWARE;
    attr.exclude_hv = 1;
    attr.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING;
    int fd = (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
    if (fd < 0)
        return refusal(name, errno, err);
    *ret_fd = fd;
    return RG_OK;
}

rg_counters *rg_counters_open(const char *const *names, json_t *refusals) {
    rg_counters *counters = calloc(1, sizeof *counters);
    for (size_t i = 0; counters && names && names[i] && counters->n < MAX_COUNTERS; i++) {
        counter *c = &counters->list[counters->n];
        rg_err err = RG_ERR_INIT;
        if (open_counter(names[i], &c->fd, &err) != RG_OK) {
            json_object_set_new(refusals, names[i],
                                json_pack("{s:s, s:s, s:s}", "na", "no-counters", "what", err.what,
                                          "try", err.advice));
            continue;
        }
        snprintf(c->name, sizeof c->name, "%s", names[i]);
        counters->n++;
    }
    if (counters && counters->n == 0) {
        free(counters);
        counters = NULL;
    }
    return counters;
}

void rg_counters_start(rg_counters *counters) {
    for (size_t i = 0; counters && i < counters->n; i++) {
        ioctl(counters->list[i].fd, PERF_EVENT_IOC_RESET, 0);
        ioctl(counters->list[i].fd, PERF_EVENT_IOC_ENABLE, 0);
    }
}

void rg_counters_stop(rg_counters *counters) {
    for (size_t i = 0; counters && i < counters->n; i++)
        ioctl(counters->list[i].fd, PERF_EVENT_IOC_DISABLE, 0);
}

void rg_counters_read(rg_counters *counters, json_t *totals) {
    for (size_t i = 0; counters && i < counters->n; i++) {
        const counter *c = &counters->list[i];
        struct {
            uint64_t value, enabled, running;
        } now;
        if (read(c->fd, &now, sizeof now) != (ssize_t)sizeof now || now.running == 0)
            continue;
        double value = (double)now.value;
        if (now.running < now.enabled) {
            value *= (double)now.enabled / (double)now.running;
            char scaled[80];
            snprintf(scaled, sizeof scaled, "%s_scaled", c->name);
            json_object_set_new(totals, scaled, json_true());
        }
        json_object_set_new(totals, c->name, json_integer((json_int_t)(value + 0.5)));
    }
}

void rg_counters_close(rg_counters *counters) {
    for (size_t i = 0; counters && i < counters->n; i++)
        close(counters->list[i].fd);
    free(counters);
}

rg_status rg_counters_check(rg_err *err) {
    int fd;
    rg_status status = open_counter("instructions", &fd, err);
    if (status == RG_OK)
        close(fd);
    return status;
}
