/* hailo_watch.c: the chip's temperature while a network runs: looked at now and then by a thread of
 * ours, as the vendor's own tool does. */
#include <errno.h>
#include <time.h>

#include "targets/hailo_session.h"

static void look(rg_session *session) {
    rg_hailo_watch *watch = &session->watch;
    hailo_temperature heat;
    if (session->library.api.get_chip_temperature(session->handle, &heat) != 0)
        return;
    double now_c = (double)(heat.ts0 > heat.ts1 ? heat.ts0 : heat.ts1);
    pthread_mutex_lock(&watch->lock);
    watch->sum_c += now_c;
    watch->max_c = watch->n++ && watch->max_c > now_c ? watch->max_c : now_c;
    pthread_mutex_unlock(&watch->lock);
}

/* Sleeps an interval; false when it is time to end. */
static bool rest(rg_hailo_watch *watch, int64_t interval_ns) {
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    int64_t ns = until.tv_nsec + interval_ns;
    until.tv_sec += ns / 1000000000;
    until.tv_nsec = ns % 1000000000;
    pthread_mutex_lock(&watch->lock);
    while (!watch->stopping && pthread_cond_timedwait(&watch->stop, &watch->lock, &until) == 0)
        continue;
    bool goes_on = !watch->stopping;
    pthread_mutex_unlock(&watch->lock);
    return goes_on;
}

static void *run(void *user) {
    rg_session *session = user;
    while (rest(&session->watch, session->options.heat_interval_ns))
        look(session);
    return NULL;
}

void rg_hailo_watch_start(rg_session *session) {
    rg_hailo_watch *watch = &session->watch;
    if (session->options.heat_interval_ns <= 0)
        return;
    pthread_mutex_init(&watch->lock, NULL);
    pthread_cond_init(&watch->stop, NULL);
    watch->running = pthread_create(&watch->thread, NULL, run, session) == 0;
}

void rg_hailo_watch_stop(rg_session *session) {
    rg_hailo_watch *watch = &session->watch;
    if (!watch->running)
        return;
    pthread_mutex_lock(&watch->lock);
    watch->stopping = true;
    pthread_cond_signal(&watch->stop);
    pthread_mutex_unlock(&watch->lock);
    pthread_join(watch->thread, NULL);
    watch->running = false;
}

void rg_hailo_watch_tell(rg_session *session, rg_text *text) {
    rg_hailo_watch *watch = &session->watch;
    if (!watch->running)
        return;
    pthread_mutex_lock(&watch->lock);
    if (watch->n)
        rg_text_printf(text,
                       "temperature_during_mean_c=%.1f\ntemperature_during_max_c=%.1f\n"
                       "temperature_during_n=%u\n",
                       watch->sum_c / watch->n, watch->max_c, watch->n);
    watch->n = 0;
    watch->sum_c = 0;
    pthread_mutex_unlock(&watch->lock);
}
