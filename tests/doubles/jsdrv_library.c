/* jsdrv_library.c: double of Joulescope's libjsdrv.so, as far as power/joulescope.c asks: a JS220
 * and a JS110 that see 5 V and 0.4 A, told from a thread of its own as the real one does.
 * JSDRV_DOUBLE: "none" (nothing plugged in), "unplug" (falls silent after 20 blocks), "crash"
 * (then). */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct value {
    uint8_t type, flags, op, app;
    uint32_t size;
    union {
        const char *text;
        const uint8_t *bytes;
        uint64_t number;
    } is;
} value;

typedef struct statistics {
    uint8_t version, reserved1, reserved2, decimate;
    uint32_t block_samples, sample_hz, reserved3;
    uint64_t block_first, sum_first;
    double i[4], v[4], p[4];
    double charge, energy;
    uint64_t charge_i128[2], energy_i128[2];
    int64_t map_time;
    uint64_t map_counter;
    double map_rate;
} statistics;

typedef void (*on_value)(void *user, const char *topic, const value *v);

int32_t jsdrv_initialize(void **ret_context, const void *args, uint32_t limit_ms);
int32_t jsdrv_query(void *context, const char *topic, value *v, uint32_t limit_ms);
int32_t jsdrv_open(void *context, const char *unit, int32_t mode, uint32_t limit_ms);
int32_t jsdrv_publish(void *context, const char *topic, const value *v, uint32_t limit_ms);
int32_t jsdrv_subscribe(void *context, const char *topic, uint8_t flags, on_value call, void *user,
                        uint32_t limit_ms);

enum { STRING = 1, BYTES = 3, U8 = 8, U32 = 10, SAMPLE_HZ = 1000000, INVALID = 5 };

static char opened[64];
static uint32_t block_samples = 500000;
static int on, ranged;

/* One subscription. */
static struct {
    on_value call;
    void *user;
    char topic[128];
} listener;

static int like(const char *word) {
    const char *told = getenv("JSDRV_DOUBLE");
    return told && !strcmp(told, word);
}

static void *speak(void *unused) {
    (void)unused;
    for (uint64_t k = 0;; k++) {
        statistics s = {.version = 1, .decimate = 1, .block_samples = block_samples};
        s.sample_hz = SAMPLE_HZ;
        s.block_first = k * block_samples;
        s.i[0] = 0.4;
        s.v[0] = 5;
        s.p[0] = 2;
        value v = {.type = BYTES, .app = 2, .size = sizeof s, .is.bytes = (const uint8_t *)&s};
        uint64_t ns = (uint64_t)block_samples * 1000;
        nanosleep(&(struct timespec){(time_t)(ns / 1000000000), (long)(ns % 1000000000)}, NULL);
        if (k > 20 && like("crash"))
            abort();
        if (k <= 20 || !like("unplug"))
            listener.call(listener.user, listener.topic, &v);
    }
    return NULL;
}

int32_t jsdrv_initialize(void **ret_context, const void *args, uint32_t limit_ms) {
    (void)args, (void)limit_ms;
    *ret_context = opened;
    return 0;
}

int32_t jsdrv_query(void *context, const char *topic, value *v, uint32_t limit_ms) {
    static const char units[] = "u/js220/000123,u/js110/000456,u/js999/000789";
    (void)limit_ms;
    if (context != opened || strcmp(topic, "@/list") || v->type != STRING || v->size < sizeof units)
        return INVALID;
    memcpy((char *)(uintptr_t)v->is.text, like("none") ? "" : units,
           like("none") ? 1 : sizeof units);
    return 0;
}

int32_t jsdrv_open(void *context, const char *unit, int32_t mode, uint32_t limit_ms) {
    (void)context, (void)mode, (void)limit_ms;
    snprintf(opened, sizeof opened, "%s", unit);
    return 0;
}

/* As the real one, it takes only topics that the opened model has. */
int32_t jsdrv_publish(void *context, const char *topic, const value *v, uint32_t limit_ms) {
    size_t n = strlen(opened);
    const char *sub = !strncmp(topic, opened, n) && topic[n] == '/' ? topic + n + 1 : "";
    (void)context, (void)limit_ms;
    if (strstr(opened, "js220") && !strcmp(sub, "s/i/range/mode") && v->type == STRING)
        return ranged = 1, 0;
    if (strstr(opened, "js110") && !strcmp(sub, "s/i/range/select") && v->type == STRING)
        return ranged = 1, 0;
    if (strstr(opened, "js220") && !strcmp(sub, "s/stats/scnt") && v->type == U32)
        return block_samples = (uint32_t)v->is.number, 0;
    if (strstr(opened, "js220") && !strcmp(sub, "s/stats/ctrl") && v->type == U8)
        return on = (int)v->is.number, 0;
    return INVALID;
}

int32_t jsdrv_subscribe(void *context, const char *topic, uint8_t flags, on_value call, void *user,
                        uint32_t limit_ms) {
    pthread_t thread;
    int js110 = strstr(opened, "js110") != NULL;
    (void)context, (void)limit_ms;
    if (flags != 2 || !ranged || (!on && !js110) ||
        !strstr(topic, js110 ? "/s/sstats/value" : "/s/stats/value"))
        return INVALID;
    listener.call = call;
    listener.user = user;
    snprintf(listener.topic, sizeof listener.topic, "%s", topic);
    return pthread_create(&thread, NULL, speak, NULL);
}
