/* hailo_unit.c: see hailo_unit.h. A thread takes one frame of each input, computes, and puts one
 * frame to each output; reading and writing wait as the real library does. */
#include "hailo_unit.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench/core/clock.h"
#include "bench/iface/exec.h"
#include "bench/run/model.h"

enum { MOST_ENDS = 32, TIMEOUT = 4, GONE = 62, PLAYS_AFTER = 20 };

/* A queue of frames at one end. */
typedef struct end {
    const rg_hef_end *end;
    uint32_t tensor; /* of the source */
    bool floats;
    size_t elements, bytes;
    uint32_t cap, n, first, timeout_ms;
    char *frames;
} end;

struct hailo_unit {
    rg_model *model;
    rg_exec *exec;
    end ends[MOST_ENDS];
    uint32_t n_ends;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t moved;
    bool running, stopping;
    uint64_t frames, timed;
    double busy_ms;
};

bool hailo_told(const char *word) {
    return hailo_told_number(word, -1) != -1;
}

long hailo_told_number(const char *word, long preset) {
    const char *told = getenv("HAILO_DOUBLE");
    size_t n = strlen(word);
    for (; told && *told; told += strcspn(told, ","), told += *told == ',') {
        if (!strncmp(told, word, n) && (told[n] == '=' || told[n] == ',' || !told[n]))
            return told[n] == '=' ? strtol(told + n + 1, NULL, 10) : 1;
    }
    return preset;
}

/* --- elements --------------------------------------------------------------------------------- */

static double real_of(const rg_tensor *t, const void *from, size_t i) {
    double scale = t->quant.n ? (double)t->quant.scale[0] : 1;
    double zero = t->quant.n ? t->quant.zero_point[0] : 0;
    if (t->dtype == RG_DTYPE_INT8)
        return scale * (((const int8_t *)from)[i] - zero);
    if (t->dtype == RG_DTYPE_UINT8)
        return scale * (((const uint8_t *)from)[i] - zero);
    return (double)((const float *)from)[i];
}

static double clamp(double value, double low, double high) {
    return value < low ? low : value > high ? high : value;
}

static void put_real(const rg_tensor *t, void *to, size_t i, double real) {
    double scale = t->quant.n ? (double)t->quant.scale[0] : 1;
    double zero = t->quant.n ? t->quant.zero_point[0] : 0;
    if (t->dtype == RG_DTYPE_INT8)
        ((int8_t *)to)[i] = (int8_t)clamp(round(real / scale + zero), -128, 127);
    else if (t->dtype == RG_DTYPE_UINT8)
        ((uint8_t *)to)[i] = (uint8_t)clamp(round(real / scale + zero), 0, 255);
    else
        ((float *)to)[i] = (float)real;
}

static void take_in(const end *e, const rg_tensor *t, const void *frame, void *input) {
    double scale = (double)e->end->scales[0], zero = (double)e->end->zero_points[0];
    for (size_t i = 0; i < e->elements; i++) {
        double real = e->floats ? (double)((const float *)frame)[i]
                                : scale * (((const uint8_t *)frame)[i] - zero);
        put_real(t, input, i, real);
    }
}

static void give_out(const end *e, const rg_tensor *t, const void *output, void *frame) {
    double scale = (double)e->end->scales[0], zero = (double)e->end->zero_points[0];
    for (size_t i = 0; i < e->elements; i++) {
        double real = real_of(t, output, i);
        if (e->floats)
            ((float *)frame)[i] = (float)real;
        else
            ((uint8_t *)frame)[i] = (uint8_t)clamp(round(real / scale + zero), 0, 255);
    }
}

/* --- queues ----------------------------------------------------------------------------------- */

static char *place_of(const end *e, uint32_t k) {
    return e->frames + (size_t)((e->first + k) % e->cap) * e->bytes;
}

/* Waits until `ready`, as long as the end allows; with the lock. */
static bool await(hailo_unit *unit, const end *e, bool (*ready)(const end *)) {
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += e->timeout_ms / 1000;
    until.tv_nsec += (long)(e->timeout_ms % 1000) * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    while (!ready(e)) {
        if (pthread_cond_timedwait(&unit->moved, &unit->lock, &until))
            return ready(e);
    }
    return true;
}

static bool has_room(const end *e) {
    return e->n < e->cap;
}

static bool has_frame(const end *e) {
    return e->n > 0;
}

static bool all_ready(const hailo_unit *unit) {
    for (uint32_t i = 0; i < unit->n_ends; i++) {
        const end *e = &unit->ends[i];
        if (!(e->end->output ? has_room(e) : has_frame(e)))
            return false;
    }
    return true;
}

int hailo_unit_write(hailo_unit *unit, uint32_t number, const void *frame) {
    end *e = &unit->ends[number];
    pthread_mutex_lock(&unit->lock);
    bool room = await(unit, e, has_room);
    if (room)
        memcpy(place_of(e, e->n++), frame, e->bytes);
    pthread_cond_broadcast(&unit->moved);
    pthread_mutex_unlock(&unit->lock);
    return room ? 0 : TIMEOUT;
}

/* What it was told to do goes wrong here, where a real device would be waited for. */
static int misbehave(const hailo_unit *unit) {
    if (unit->frames < PLAYS_AFTER)
        return 0;
    if (hailo_told("abort")) {
        fprintf(stderr, "CHECK failed: the double was told to abort\n");
        abort();
    }
    while (hailo_told("hang"))
        pause();
    return hailo_told("lost") ? GONE : 0;
}

int hailo_unit_read(hailo_unit *unit, uint32_t number, void *frame) {
    end *e = &unit->ends[number];
    int answer = misbehave(unit);
    if (answer)
        return answer;
    pthread_mutex_lock(&unit->lock);
    bool here = await(unit, e, has_frame);
    if (here) {
        memcpy(frame, place_of(e, 0), e->bytes);
        e->first = (e->first + 1) % e->cap;
        e->n--;
    }
    pthread_cond_broadcast(&unit->moved);
    pthread_mutex_unlock(&unit->lock);
    if (here && unit->frames > PLAYS_AFTER && hailo_told("corrupt"))
        memset(frame, 0x5a, e->bytes);
    return here ? 0 : TIMEOUT;
}

/* --- computing -------------------------------------------------------------------------------- */

static void compute(hailo_unit *unit) {
    const rg_graph *graph = unit->model->graph;
    for (uint32_t i = 0; i < unit->n_ends; i++) {
        end *e = &unit->ends[i];
        if (e->end->output)
            continue;
        take_in(e, &graph->tensors[graph->in[e->tensor]], place_of(e, 0),
                rg_exec_input(unit->exec, e->tensor));
        e->first = (e->first + 1) % e->cap;
        e->n--;
    }
    rg_exec_run(unit->exec);
    usleep((unsigned)hailo_told_number("slow", 0));
    for (uint32_t i = 0; i < unit->n_ends; i++) {
        end *e = &unit->ends[i];
        if (e->end->output)
            give_out(e, &graph->tensors[graph->out[e->tensor]],
                     rg_exec_output(unit->exec, e->tensor), place_of(e, e->n++));
    }
}

static void *work(void *user) {
    hailo_unit *unit = user;
    pthread_mutex_lock(&unit->lock);
    while (!unit->stopping) {
        if (!all_ready(unit)) {
            pthread_cond_wait(&unit->moved, &unit->lock);
            continue;
        }
        int64_t start_ns = rg_clock_real_ns();
        compute(unit);
        unit->busy_ms += (double)(rg_clock_real_ns() - start_ns) * 1e-6;
        unit->frames++;
        unit->timed++;
        pthread_cond_broadcast(&unit->moved);
    }
    pthread_mutex_unlock(&unit->lock);
    return NULL;
}

/* --- one unit --------------------------------------------------------------------------------- */

static void set_bytes(end *e) {
    e->bytes = e->elements * (e->floats ? 4 : e->end->element_bytes);
    e->frames = realloc(e->frames, e->cap * e->bytes);
}

void hailo_unit_set_floats(hailo_unit *unit, uint32_t number) {
    unit->ends[number].floats = true;
    set_bytes(&unit->ends[number]);
}

void hailo_unit_set_queue(hailo_unit *unit, uint32_t number, uint32_t frames, uint32_t timeout_ms) {
    unit->ends[number].cap = frames;
    unit->ends[number].timeout_ms = timeout_ms;
    set_bytes(&unit->ends[number]);
}

size_t hailo_unit_frame_bytes(const hailo_unit *unit, uint32_t number) {
    return unit->ends[number].bytes;
}

/* Inputs and outputs in the source's order: the test's executables are made so. */
static void add_ends(hailo_unit *unit, const rg_hef_group *group) {
    uint32_t n[2] = {0, 0};
    for (uint32_t i = 0; i < group->n_ends && i < MOST_ENDS; i++) {
        end *e = &unit->ends[unit->n_ends++];
        *e = (end){.end = &group->ends[i], .tensor = n[group->ends[i].output]++, .cap = 2};
        e->elements = (size_t)rg_hef_end_elements(&group->ends[i]);
        e->timeout_ms = 10000;
        set_bytes(e);
    }
}

hailo_unit *hailo_unit_new(const rg_hef_group *group) {
    const char *path = getenv("HAILO_DOUBLE_MODEL");
    hailo_unit *unit = calloc(1, sizeof *unit);
    rg_exec_options options = {.threads = 1, .reference = hailo_told("reference")};
    rg_err err = RG_ERR_INIT;
    rg_status status = path ? rg_model_load(path, NULL, &unit->model, &err) : RG_USAGE;
    if (status == RG_OK)
        status = rg_exec_new(unit->model->graph, &options, &unit->exec, &err);
    if (status != RG_OK) {
        fprintf(stderr, "hailo double: HAILO_DOUBLE_MODEL: %s\n", err.what);
        free(unit);
        return NULL;
    }
    add_ends(unit, group);
    pthread_mutex_init(&unit->lock, NULL);
    pthread_cond_init(&unit->moved, NULL);
    unit->running = pthread_create(&unit->thread, NULL, work, unit) == 0;
    return unit;
}

void hailo_unit_free(hailo_unit *unit) {
    if (!unit)
        return;
    pthread_mutex_lock(&unit->lock);
    unit->stopping = true;
    pthread_cond_broadcast(&unit->moved);
    pthread_mutex_unlock(&unit->lock);
    if (unit->running)
        pthread_join(unit->thread, NULL);
    for (uint32_t i = 0; i < unit->n_ends; i++)
        free(unit->ends[i].frames);
    rg_exec_free(unit->exec);
    rg_model_close(unit->model);
    free(unit);
}

uint64_t hailo_unit_frames(const hailo_unit *unit) {
    return unit->frames;
}

double hailo_unit_latency_ms(hailo_unit *unit) {
    pthread_mutex_lock(&unit->lock);
    double mean = unit->timed ? unit->busy_ms / (double)unit->timed : 0;
    unit->timed = 0;
    unit->busy_ms = 0;
    pthread_mutex_unlock(&unit->lock);
    return mean;
}
