/* arrivals.c: intended arrivals and the queue of an open loop. */
#include "bench/run/arrivals.h"

#include <math.h>
#include <stdlib.h>

#include "bench/core/rng.h"

/* --- arrivals --------------------------------------------------------------------------------- */

static rg_status make_room(size_t n, rg_arrivals *ret_arrivals, rg_err *err) {
    if (n > RG_ARRIVALS_MOST)
        return rg_fail(err, RG_UNSUPPORTED, "ask for a lower rate, or a shorter time",
                       "%zu arrivals in one run, more than %d", n, RG_ARRIVALS_MOST);
    *ret_arrivals = (rg_arrivals){malloc((n + 1) * sizeof *ret_arrivals->at_ns), n};
    return ret_arrivals->at_ns
               ? RG_OK
               : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory for %zu arrivals", n);
}

void rg_arrivals_free(rg_arrivals *arrivals) {
    free(arrivals->at_ns);
    *arrivals = (rg_arrivals){0};
}

rg_status rg_arrivals_paced(double hz, size_t n, rg_arrivals *ret_arrivals, rg_err *err) {
    rg_status status = make_room(n, ret_arrivals, err);
    for (size_t i = 0; status == RG_OK && i < n; i++)
        ret_arrivals->at_ns[i] = (int64_t)llround((double)i * 1e9 / hz);
    return status;
}

/* Rounded to nanoseconds, so that the last bit of a library's logarithm does not matter. */
rg_status rg_arrivals_poisson(double hz, size_t n, uint64_t seed, rg_arrivals *ret_arrivals,
                              rg_err *err) {
    rg_rng rng = rg_rng_seeded(seed);
    int64_t at = 0;
    rg_status status = make_room(n, ret_arrivals, err);
    for (size_t i = 0; status == RG_OK && i < n; i++) {
        at += (int64_t)llround(-log(1 - rg_rng_unit(&rng)) * 1e9 / hz);
        ret_arrivals->at_ns[i] = at;
    }
    return status;
}

static int by_time(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

rg_status rg_arrivals_streams(double fps, uint32_t streams, size_t n, uint64_t seed,
                              rg_arrivals *ret_arrivals, rg_err *err) {
    rg_rng rng = rg_rng_seeded(seed);
    size_t periods = (n + streams - 1) / streams;
    rg_status status = make_room(periods * streams, ret_arrivals, err);
    int64_t *at = ret_arrivals->at_ns;
    for (uint32_t s = 0; status == RG_OK && s < streams; s++)
        at[s] = (int64_t)(rg_rng_unit(&rng) * 1e9 / fps);
    if (status == RG_OK)
        qsort(at, streams, sizeof *at, by_time);
    for (size_t i = streams; status == RG_OK && i < ret_arrivals->n; i++)
        at[i] = at[i % streams] + (int64_t)llround((double)(i / streams) * 1e9 / fps);
    return status;
}

int64_t rg_arrivals_span_ns(double hz, uint64_t n) {
    double ns = (double)n / hz * 1e9;
    return ns < 9e18 ? (int64_t)ns : INT64_MAX;
}

uint64_t rg_arrivals_needed(double hz, uint64_t samples, int64_t min_ns) {
    double n = ceil(hz * (double)min_ns * 1e-9);
    return n > (double)samples ? (uint64_t)n : samples;
}

/* --- the queue -------------------------------------------------------------------------------- */

rg_status rg_queue_new(const rg_arrivals *arrivals, size_t limit, rg_rows *rows,
                       rg_queue *ret_queue, rg_err *err) {
    rg_queue queue = {.arrivals = arrivals, .limit = limit, .rows = rows};
    queue.waiting = calloc(arrivals->n + 1, sizeof *queue.waiting);
    queue.late_ns = calloc(arrivals->n + 1, sizeof *queue.late_ns);
    if (!queue.waiting || !queue.late_ns) {
        rg_queue_free(&queue);
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory for %zu arrivals", arrivals->n);
    }
    *ret_queue = queue;
    return RG_OK;
}

void rg_queue_free(rg_queue *queue) {
    free(queue->waiting);
    free(queue->late_ns);
    *queue = (rg_queue){0};
}

static void put_row(rg_queue *queue, int64_t start_ns, int64_t end_ns) {
    size_t room;
    rg_sample *at = rg_rows_next(queue->rows, 1, &room);
    *at = (rg_sample){start_ns, end_ns};
    rg_rows_took(queue->rows, at, 1);
}

static void drop(rg_queue *queue, size_t index) {
    int64_t intended_ns = queue->start_ns + queue->arrivals->at_ns[index];
    put_row(queue, intended_ns, intended_ns - 1);
    queue->dropped++;
}

static bool has_come(const rg_queue *queue, int64_t now_ns) {
    return queue->next < queue->arrivals->n &&
           queue->start_ns + queue->arrivals->at_ns[queue->next] < now_ns;
}

void rg_queue_look(rg_queue *queue, int64_t now_ns) {
    for (; has_come(queue, now_ns); queue->next++) {
        if (queue->tail - queue->head < queue->limit)
            queue->waiting[queue->tail++] = (uint32_t)queue->next;
        else
            drop(queue, queue->next);
    }
}

bool rg_queue_take(rg_queue *queue, rg_request *ret_request) {
    bool waited = queue->head < queue->tail;
    if (!waited && queue->next == queue->arrivals->n)
        return false;
    size_t index = waited ? queue->waiting[queue->head++] : queue->next++;
    *ret_request = (rg_request){index, queue->start_ns + queue->arrivals->at_ns[index], waited};
    return true;
}

void rg_queue_done(rg_queue *queue, const rg_request *request, int64_t sent_ns, int64_t end_ns) {
    int64_t late = sent_ns - request->intended_ns;
    if (!request->waited)
        queue->late_ns[queue->n_late++] = late < 0            ? 0
                                          : late > UINT32_MAX ? UINT32_MAX
                                                              : (uint32_t)late;
    queue->wait_ns = request->waited ? late : 0;
    put_row(queue, request->intended_ns, end_ns);
    queue->served++;
}

void rg_queue_give_up(rg_queue *queue, const rg_request *taken, int64_t now_ns) {
    if (taken && taken->intended_ns < now_ns)
        drop(queue, taken->index);
    while (queue->head < queue->tail)
        drop(queue, queue->waiting[queue->head++]);
    for (; has_come(queue, now_ns); queue->next++)
        drop(queue, queue->next);
}

static int by_size(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

int64_t rg_queue_late_ns(rg_queue *queue, double p) {
    if (!queue->n_late)
        return 0;
    qsort(queue->late_ns, queue->n_late, sizeof *queue->late_ns, by_size);
    size_t rank = (size_t)ceil(p * (double)queue->n_late);
    return queue->late_ns[rank ? rank - 1 : 0];
}
