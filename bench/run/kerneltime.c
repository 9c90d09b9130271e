/* kerneltime.c: lanes, bursts, samples. */
#include "bench/run/kerneltime.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/clock.h"
#include "bench/run/threads.h"
#include "bench/run/waited.h"

enum { PRESET_ROUNDS = 15, MOST_TRIES = 5, MOST_SAMPLES = 100000, REFERENCE_ROUNDS = 3 };
static const int64_t preset_burst_ns = 2000000, warm_up_ns = 300000, sample_ns = 20000;
static const int64_t long_call_ns = 20000000; /* one such call is a sample and a burst */
static const int64_t most_ns = 1500000000;    /* of one lane */
static const double most_waiting = 0.01;

/* A lane with its memory and its threads. */
typedef struct runner {
    rg_kernel_lane *lane;
    const rg_op_call *call;
    rg_threads *pool;
    void *packed, *in[RG_CASE_TENSORS], *out[RG_CASE_TENSORS];
    const void *read[RG_CASE_TENSORS]; /* in, or the constants of the graph */
    unsigned char *scratch;            /* of all threads */
    size_t scratch_step;
    int64_t spent_ns;
    double *samples; /* of clean bursts from the front; n_dirty others from the back */
    size_t n, n_dirty;
    int64_t call_ns; /* roughly */
} runner;

static rg_status no_memory(rg_err *err) {
    return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory for a timing");
}

static void *aligned(size_t bytes) {
    size_t rounded = (bytes / 64 + 1) * 64;
    void *memory = aligned_alloc(64, rounded);
    if (memory)
        memset(memory, 0, rounded);
    return memory;
}

/* --- setting up ------------------------------------------------------------------------------- */

static rg_status place_tensors(runner *r, const rg_truth *truth, rg_err *err) {
    for (uint32_t i = 0; i < r->call->n_in; i++) {
        const rg_tensor *t = r->call->in[i];
        r->read[i] = t ? t->data : NULL;
        if (!truth->in[i])
            continue;
        r->in[i] = aligned(t->bytes);
        if (!r->in[i])
            return no_memory(err);
        memcpy(r->in[i], truth->in[i], t->bytes);
        r->read[i] = r->in[i];
    }
    for (uint32_t i = 0; i < r->call->n_out; i++) {
        if (!(r->out[i] = aligned(r->call->out[i]->bytes)))
            return no_memory(err);
    }
    return RG_OK;
}

/* A kernel's refusal to pack belongs to its lane. */
static rg_status pack(runner *r, rg_err *err) {
    const rg_kernel *kernel = r->lane->kernel;
    const rg_op *op = r->call->op;
    size_t (*size)(const rg_op_call *) = kernel ? kernel->packed_bytes : op->state_bytes;
    rg_status (*make)(const rg_op_call *, void *, rg_err *) = kernel ? kernel->pack : op->prepare;
    rg_err why = RG_ERR_INIT;
    r->lane->packed_bytes = size ? size(r->call) : 0;
    r->packed = aligned(r->lane->packed_bytes);
    if (!r->packed)
        return no_memory(err);
    int64_t from_ns = rg_clock_real_ns();
    r->lane->status = make ? make(r->call, r->packed, &why) : RG_OK;
    r->lane->pack_ns = rg_clock_real_ns() - from_ns;
    snprintf(r->lane->what, sizeof r->lane->what, "%.250s", why.what);
    return RG_OK;
}

static rg_status set_up(runner *r, const rg_kernel_timing *timing, rg_err *err) {
    const rg_kernel *kernel = r->lane->kernel;
    size_t (*tiles)(const rg_op_call *) = kernel ? kernel->tiles : timing->made->op->tiles;
    r->call = timing->made->call;
    r->lane->tiles = tiles ? tiles(r->call) : 1;
    r->lane->scratch_bytes = kernel && kernel->scratch_bytes ? kernel->scratch_bytes(r->call) : 0;
    r->scratch_step = (r->lane->scratch_bytes / 64 + 1) * 64;
    r->scratch = aligned(r->scratch_step * r->lane->threads);
    r->samples = malloc(MOST_SAMPLES * sizeof *r->samples);
    if (!r->scratch || !r->samples)
        return no_memory(err);
    rg_status status = place_tensors(r, timing->truth, err);
    if (status == RG_OK)
        status = pack(r, err);
    if (status == RG_OK)
        status = rg_threads_new(r->lane->threads, NULL, 0, &r->pool, err);
    return status;
}

static void tear_down(runner *r) {
    rg_threads_free(r->pool);
    for (int i = 0; i < RG_CASE_TENSORS; i++) {
        free(r->in[i]);
        free(r->out[i]);
    }
    free(r->packed);
    free(r->scratch);
    free(r->samples);
}

/* --- calling ---------------------------------------------------------------------------------- */

/* A thread's equal share of the tiles, as the executor divides them. */
static void run_share(void *user, uint32_t thread) {
    runner *r = user;
    size_t tiles = r->lane->tiles, n = r->lane->threads;
    size_t first = tiles * thread / n, last = tiles * (thread + 1) / n;
    if (first == last)
        return;
    if (r->lane->kernel)
        r->lane->kernel->run(r->call, r->packed, r->read, r->out, first, last,
                             r->scratch + thread * r->scratch_step);
    else
        r->call->op->run(r->call, r->packed, r->read, r->out, first, last);
}

static void call_once(runner *r) {
    rg_threads_run(r->pool, run_share, r);
}

static void check(runner *r, const rg_truth *truth, const char *when) {
    for (uint32_t i = 0; r->lane->status == RG_OK && i < r->call->n_out; i++) {
        if (!memcmp(r->out[i], truth->out[i], r->call->out[i]->bytes))
            continue;
        r->lane->status = RG_WRONG;
        snprintf(r->lane->what, sizeof r->lane->what,
                 "output %u on %u threads differs from the reference %s", i, r->lane->threads,
                 when);
    }
}

/* Once more into outputs that hold rubbish, variables as they were at first. */
static void check_again(runner *r, const rg_truth *truth) {
    for (uint32_t i = 0; i < r->call->n_in; i++) {
        if (truth->kept[i])
            memcpy(r->in[i], truth->in[i], r->call->in[i]->bytes);
    }
    for (uint32_t i = 0; i < r->call->n_out; i++)
        memset(r->out[i], 0x5A, r->call->out[i]->bytes);
    call_once(r);
    check(r, truth, "after it was timed");
}

/* --- bursts ----------------------------------------------------------------------------------- */

/* First call compared, then some to learn how long one takes. */
static void calibrate(runner *r, const rg_truth *truth) {
    int64_t from_ns = rg_clock_real_ns(), now_ns;
    size_t n = 0;
    call_once(r);
    check(r, truth, "in its first call");
    do {
        call_once(r);
        n++;
        now_ns = rg_clock_real_ns();
    } while (now_ns - from_ns < 5 * warm_up_ns);
    r->call_ns = (now_ns - from_ns) / (int64_t)(n + 1);
    r->lane->batch = (size_t)(sample_ns / (r->call_ns + 1)) + 1;
}

static void warm_up(runner *r) {
    int64_t from_ns = rg_clock_real_ns();
    while (r->call_ns < warm_up_ns && rg_clock_real_ns() - from_ns < warm_up_ns)
        call_once(r);
}

/* Samples go to the front; a dirty burst's are moved to the back, where they wait in case no burst
 * is clean. */
static void keep(runner *r, size_t fresh, bool clean) {
    if (clean) {
        r->n += fresh;
        return;
    }
    for (size_t i = fresh; i-- > 0;)
        r->samples[MOST_SAMPLES - 1 - r->n_dirty++] = r->samples[r->n + i];
}

static void burst(runner *r, int64_t burst_ns) {
    size_t fresh = 0, least = r->call_ns > long_call_ns ? 1 : 3;
    int64_t entered_ns = rg_clock_real_ns();
    warm_up(r);
    int64_t waited_ns = rg_waited_process_ns(), from_ns = rg_clock_real_ns(), now_ns = from_ns;
    while ((fresh < least || now_ns - from_ns < burst_ns) &&
           r->n + r->n_dirty + fresh + 1 < MOST_SAMPLES / 2) {
        int64_t start_ns = now_ns;
        for (size_t i = 0; i < r->lane->batch; i++)
            call_once(r);
        now_ns = rg_clock_real_ns();
        r->samples[r->n + fresh++] = (double)(now_ns - start_ns) / (double)r->lane->batch;
    }
    r->lane->waits_known = waited_ns >= 0;
    waited_ns = rg_waited_process_ns() - waited_ns;
    bool clean =
        !r->lane->waits_known || (double)waited_ns <= most_waiting * (double)(now_ns - from_ns);
    r->spent_ns += now_ns - entered_ns;
    r->lane->tried++;
    r->lane->clean += clean;
    keep(r, fresh, clean);
}

/* On a busy machine few bursts are clean: time ends what tries do not. */
static bool wants_more(const runner *r, uint32_t rounds) {
    if (!r->lane->kernel && rounds > REFERENCE_ROUNDS)
        rounds = REFERENCE_ROUNDS;
    return r->lane->status == RG_OK && r->lane->clean < rounds &&
           r->lane->tried < rounds * MOST_TRIES && (r->spent_ns < most_ns || !r->lane->tried);
}

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void summarise(runner *r) {
    rg_kernel_lane *lane = r->lane;
    double *samples = r->n ? r->samples : r->samples + MOST_SAMPLES - r->n_dirty;
    size_t n = r->n ? r->n : r->n_dirty;
    lane->samples = n;
    if (n == 0)
        return;
    qsort(samples, n, sizeof *samples, by_size);
    lane->min_ns = samples[0];
    lane->median_ns = n % 2 ? samples[n / 2] : (samples[n / 2 - 1] + samples[n / 2]) / 2;
    lane->p95_ns = samples[(n * 95 + 99) / 100 - 1];
}

static void time_all(const rg_kernel_timing *timing, runner *runners, size_t n) {
    uint32_t rounds = timing->rounds ? timing->rounds : PRESET_ROUNDS;
    int64_t burst_ns = timing->burst_ns ? timing->burst_ns : preset_burst_ns;
    for (size_t i = 0; i < n; i++) {
        if (runners[i].lane->status == RG_OK)
            calibrate(&runners[i], timing->truth);
    }
    for (bool more = true; more;) {
        more = false;
        for (size_t i = 0; i < n; i++) {
            if (!wants_more(&runners[i], rounds))
                continue;
            burst(&runners[i], runners[i].lane->kernel ? burst_ns : burst_ns / 4);
            more = true;
        }
    }
    for (size_t i = 0; i < n; i++) {
        if (runners[i].lane->status == RG_OK)
            check_again(&runners[i], timing->truth);
        summarise(&runners[i]);
    }
}

rg_status rg_kernels_time(const rg_kernel_timing *timing, rg_kernel_lane *lanes, size_t n,
                          rg_err *err) {
    runner *runners = calloc(n ? n : 1, sizeof *runners);
    rg_status status = runners ? RG_OK : no_memory(err);
    for (size_t i = 0; status == RG_OK && i < n; i++) {
        runners[i].lane = &lanes[i];
        status = set_up(&runners[i], timing, err);
    }
    if (status == RG_OK)
        time_all(timing, runners, n);
    for (size_t i = 0; runners && i < n; i++)
        tear_down(&runners[i]);
    free(runners);
    return status;
}
