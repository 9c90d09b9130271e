/* clock.c: real and virtual time. */
#include "bench/core/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

static struct {
    bool on;
    int64_t now_ns;
    double idle_mw;
    rg_clock_span *spans;
    size_t n, cap;
} virt;

int64_t rg_clock_real_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int64_t rg_clock_now_ns(void) {
    return virt.on ? virt.now_ns : rg_clock_real_ns();
}

int64_t rg_clock_wall_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

void rg_clock_sleep_until(int64_t deadline_ns) {
    if (virt.on) {
        rg_clock_advance(deadline_ns - virt.now_ns, virt.idle_mw);
        return;
    }
    struct timespec t = {deadline_ns / 1000000000, deadline_ns % 1000000000};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
        ;
}

rg_clock_check rg_clock_measure(void) {
    enum { READINGS = 20000 };
    rg_clock_check check = {0, 1e18, true};
    int64_t first = rg_clock_real_ns(), last = first;
    for (int i = 0; i < READINGS; i++) {
        int64_t now = rg_clock_real_ns();
        if (now < last)
            check.monotonic = false;
        if (now > last && (double)(now - last) < check.resolution_ns)
            check.resolution_ns = (double)(now - last);
        last = now;
    }
    check.cost_ns = (double)(last - first) / READINGS;
    return check;
}

void rg_clock_virtual_on(int64_t start_ns) {
    virt.on = true;
    virt.now_ns = start_ns;
    virt.n = 0;
}

void rg_clock_virtual_off(void) {
    virt.on = false;
    free(virt.spans);
    virt.spans = NULL;
    virt.n = virt.cap = 0;
}

bool rg_clock_is_virtual(void) {
    return virt.on;
}

void rg_clock_set_idle_power(double power_mw) {
    virt.idle_mw = power_mw;
}

/* Grows the span list; on memory shortage the newest span is lost, which only tests could notice.
 */
static rg_clock_span *span_slot(void) {
    if (virt.n == virt.cap) {
        size_t cap = virt.cap ? virt.cap * 2 : 1024;
        rg_clock_span *bigger = realloc(virt.spans, cap * sizeof *bigger);
        if (!bigger)
            return NULL;
        virt.spans = bigger;
        virt.cap = cap;
    }
    return &virt.spans[virt.n++];
}

void rg_clock_advance(int64_t ns, double power_mw) {
    if (ns <= 0)
        return;
    rg_clock_span *last = virt.n ? &virt.spans[virt.n - 1] : NULL;
    if (!last || last->power_mw != power_mw || last->end_ns != virt.now_ns) {
        last = span_slot();
        if (last)
            *last = (rg_clock_span){virt.now_ns, virt.now_ns, power_mw};
    }
    virt.now_ns += ns;
    if (last)
        last->end_ns = virt.now_ns;
}

const rg_clock_span *rg_clock_spans(size_t *ret_n) {
    *ret_n = virt.n;
    return virt.spans;
}
