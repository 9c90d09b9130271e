/* ceilings.c: runs the loops of rg_peaks on one thread and several at once and keeps repeats in
 * which no thread waited for a core. */
#include "bench/run/ceilings.h"

#include <hwloc.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench/core/clock.h"
#include "bench/run/threads.h"
#include "bench/run/waited.h"

/* Short blocks: shorter than a scheduler's slice, so that some are clean on a busy machine too. */
static const int64_t preset_block_ns = 2000000;
enum { PRESET_REPEATS = 24, MOST_REPEATS = 192, TRIES_A_REPEAT = 8, HUGE_PAGE = 2 << 20 };
static const double most_waiting = 0.01; /* of a repeat's time */

static const char *const kind_words[] = {"clock", "int8", "fp32", "read", "write"};
static const char *const kind_units[] = {"Hz", "OP/s", "OP/s", "B/s", "B/s"};
static const char *const level_words[RG_MEMORY_LEVELS] = {"L1", "L2", "L3", "DRAM"};

const char *rg_peak_kind_word(rg_peak_kind kind) {
    return kind_words[kind];
}

const char *rg_peak_kind_unit(rg_peak_kind kind) {
    return kind_units[kind];
}

const char *rg_memory_level_word(int level) {
    return level >= 0 && level < RG_MEMORY_LEVELS ? level_words[level] : "";
}

static bool moves_bytes(const rg_peak *peak) {
    return peak->kind == RG_PEAK_READ || peak->kind == RG_PEAK_WRITE;
}

/* --- memory ----------------------------------------------------------------------------------- */

/* Virtual machines often hide caches from the kernel, which is where hwloc looks; the C library
 * asks the CPU. */
static void ask_caches(size_t *ret_bytes) {
    static const hwloc_obj_type_t types[] = {HWLOC_OBJ_L1CACHE, HWLOC_OBJ_L2CACHE,
                                             HWLOC_OBJ_L3CACHE};
    static const int libc_names[] = {_SC_LEVEL1_DCACHE_SIZE, _SC_LEVEL2_CACHE_SIZE,
                                     _SC_LEVEL3_CACHE_SIZE};
    hwloc_topology_t topology;
    if (hwloc_topology_init(&topology) < 0)
        return;
    bool loaded = hwloc_topology_load(topology) == 0;
    for (int i = 0; loaded && i < 3; i++) {
        hwloc_obj_t cache = hwloc_get_obj_by_type(topology, types[i], 0);
        ret_bytes[i] = cache ? cache->attr->cache.size : 0;
    }
    hwloc_topology_destroy(topology);
    for (int i = 0; i < 3; i++) {
        long libc_says = ret_bytes[i] ? 0 : sysconf(libc_names[i]);
        ret_bytes[i] = libc_says > 0 ? (size_t)libc_says : ret_bytes[i];
    }
}

static size_t round_down(size_t bytes) {
    return bytes / 4096 * 4096;
}

/* Half of a cache, so that what else is there does not push it out; of the last one, which cores
 * have in common and machines share out, a little more than the one before it; for DRAM four times
 * the largest cache within limits that keep a measurement short. */
static size_t working_set(const size_t *cache_bytes, int level, bool brief) {
    const size_t least = 64 << 20, most = brief ? 64 << 20 : 256 << 20;
    size_t wanted = 4 * cache_bytes[2];
    if (level < 2)
        return round_down(cache_bytes[level] / 2);
    if (level == 2)
        return cache_bytes[2] >= 8 * cache_bytes[1] ? round_down(4 * cache_bytes[1]) : 0;
    return wanted < least ? least : wanted > most ? most : round_down(wanted);
}

/* Aligned to huge pages where the system has them, and touched; NULL when out of memory. */
static void *map_memory(size_t bytes, void **ret_map) {
    void *map =
        mmap(NULL, bytes + HUGE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map == MAP_FAILED)
        return NULL;
    uintptr_t at = ((uintptr_t)map + HUGE_PAGE - 1) & ~(uintptr_t)(HUGE_PAGE - 1);
    madvise((void *)at, bytes, MADV_HUGEPAGE);
    memset((void *)at, 1, bytes);
    *ret_map = map;
    return (void *)at;
}

/* --- one figure ------------------------------------------------------------------------------- */

typedef struct lane {
    void *memory;
    double rate[MOST_REPEATS]; /* rounds per second of each repeat */
    bool waited[MOST_REPEATS];
} lane;

typedef struct work {
    const rg_peak *peak;
    rg_threads *pool;
    lane *lanes;
    size_t bytes, rounds;
    uint32_t first, last; /* repeats of this stretch */
} work;

static size_t calibrate(const work *w, int64_t block_ns) {
    for (size_t rounds = 1;; rounds *= 4) {
        int64_t from_ns = rg_clock_real_ns();
        w->peak->run(rounds, w->lanes[0].memory, w->bytes);
        int64_t took_ns = rg_clock_real_ns() - from_ns;
        if (took_ns > block_ns / 8 || rounds > SIZE_MAX / 8)
            return (size_t)((double)rounds * (double)block_ns / (double)(took_ns + 1)) + 1;
    }
}

/* All threads start each repeat together, so that they share what they share. */
static void run_lane(void *user, uint32_t thread) {
    work *w = user;
    lane *mine = &w->lanes[thread];
    w->peak->run(w->rounds / 8 + 1, mine->memory, w->bytes);
    for (uint32_t i = w->first; i < w->last; i++) {
        rg_threads_barrier(w->pool);
        int64_t waited_ns = rg_waited_thread_ns(), from_ns = rg_clock_real_ns();
        w->peak->run(w->rounds, mine->memory, w->bytes);
        int64_t took_ns = rg_clock_real_ns() - from_ns;
        waited_ns = rg_waited_thread_ns() - waited_ns;
        mine->rate[i] = (double)w->rounds / (double)(took_ns > 0 ? took_ns : 1) * 1e9;
        mine->waited[i] = (double)waited_ns > most_waiting * (double)took_ns;
    }
}

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static uint32_t count_clean(const work *w, uint32_t threads) {
    uint32_t clean = 0;
    for (uint32_t i = 0; i < w->last; i++) {
        bool waited = false;
        for (uint32_t t = 0; t < threads; t++)
            waited |= w->lanes[t].waited[i];
        clean += !waited;
    }
    return clean;
}

/* Clean repeats count; where there is none, all do, which `clean` 0 tells. */
static size_t collect(const work *w, uint32_t threads, double per_round, bool all, double *ret) {
    size_t n = 0;
    for (uint32_t i = 0; i < w->last; i++) {
        double rate = 0;
        bool waited = false;
        for (uint32_t t = 0; t < threads; t++) {
            rate += w->lanes[t].rate[i];
            waited |= w->lanes[t].waited[i];
        }
        if (!waited || all)
            ret[n++] = rate * per_round;
    }
    return n;
}

static void summarise(const work *w, uint32_t threads, double per_round, rg_ceiling *ret) {
    double value[MOST_REPEATS], sum = 0, squares = 0;
    size_t n = collect(w, threads, per_round, ret->clean == 0, value);
    qsort(value, n, sizeof *value, by_size);
    for (size_t i = 0; i < n; i++)
        sum += value[i];
    for (size_t i = 0; i < n; i++)
        squares += (value[i] - sum / (double)n) * (value[i] - sum / (double)n);
    ret->low = value[0];
    ret->high = value[n - 1];
    ret->median = n % 2 ? value[n / 2] : (value[n / 2 - 1] + value[n / 2]) / 2;
    ret->cv = sum > 0 ? sqrt(squares / (double)n) / (sum / (double)n) : 0;
}

/* Some repeats at a time until enough are clean, or time is up: on a busy machine few are. */
static void repeat(work *w, const rg_ceilings_ask *ask, uint32_t threads, rg_ceiling *ret) {
    const uint32_t stretch = ask->brief ? 4 : 8;
    uint32_t wanted = ask->repeats ? ask->repeats : PRESET_REPEATS;
    int64_t block_ns = ask->block_ns ? ask->block_ns : preset_block_ns;
    int64_t end_ns = rg_clock_real_ns() + TRIES_A_REPEAT * wanted * block_ns;
    double per_round = moves_bytes(w->peak) ? (double)w->bytes : w->peak->per_round;
    if (w->peak->kind == RG_PEAK_CLOCK)
        per_round /= threads;
    w->rounds = calibrate(w, block_ns);
    do {
        w->first = w->last;
        w->last = w->first + stretch;
        rg_threads_run(w->pool, run_lane, w);
        ret->clean = count_clean(w, threads);
    } while (ret->clean < wanted && w->last + stretch <= MOST_REPEATS &&
             rg_clock_real_ns() < end_ns);
    ret->tried = w->last;
    summarise(w, threads, per_round, ret);
}

static void measure_one(const rg_ceilings_ask *ask, const rg_peak *peak, rg_threads *pool,
                        lane *lanes, int level, size_t bytes, rg_ceilings *to) {
    work w = {.peak = peak, .pool = pool, .lanes = lanes, .bytes = bytes};
    if (to->n == RG_MAX_CEILINGS)
        return;
    rg_ceiling *item = &to->item[to->n++];
    *item = (rg_ceiling){
        .peak = peak, .threads = rg_threads_count(pool), .level = level, .bytes = bytes};
    repeat(&w, ask, item->threads, item);
}

/* --- all figures ------------------------------------------------------------------------------ */

static bool runs(const rg_peak *peak, uint64_t mask) {
    return rg_isa_runs(rg_isa_find(peak->isa), mask);
}

/* True when a richer level of the same kind runs as well. */
static bool is_outdone(const rg_peak *peak, uint64_t mask) {
    const rg_isa *own = rg_isa_find(peak->isa);
    for (size_t i = 0; rg_peaks[i]; i++) {
        if (rg_peaks[i]->kind == peak->kind && runs(rg_peaks[i], mask) &&
            rg_isa_find(rg_peaks[i]->isa) > own)
            return true;
    }
    return false;
}

static void measure_peak(const rg_ceilings_ask *ask, const rg_peak *peak, rg_threads *pool,
                         lane *lanes, rg_ceilings *to) {
    if (!moves_bytes(peak)) {
        measure_one(ask, peak, pool, lanes, -1, 0, to);
        return;
    }
    for (int level = 0; level < RG_MEMORY_LEVELS; level++) {
        size_t bytes = working_set(to->cache_bytes, level, ask->brief);
        if (bytes)
            measure_one(ask, peak, pool, lanes, level, bytes, to);
    }
}

static void measure_pool(const rg_ceilings_ask *ask, rg_threads *pool, lane *lanes,
                         rg_ceilings *to) {
    for (size_t i = 0; rg_peaks[i]; i++) {
        bool left_out =
            moves_bytes(rg_peaks[i]) && ask->brief && is_outdone(rg_peaks[i], ask->mask);
        if (runs(rg_peaks[i], ask->mask) && !left_out)
            measure_peak(ask, rg_peaks[i], pool, lanes, to);
    }
}

/* Every thread has memory of its own, large enough for the largest working set. */
static rg_status measure_threads(const rg_ceilings_ask *ask, uint32_t threads, rg_ceilings *to,
                                 rg_err *err) {
    size_t bytes = working_set(to->cache_bytes, RG_MEMORY_LEVELS - 1, ask->brief), n = 0;
    rg_threads *pool = NULL;
    lane *lanes = calloc(threads, sizeof *lanes);
    void **maps = calloc(threads, sizeof *maps);
    rg_status status = lanes && maps
                           ? rg_threads_new(threads, NULL, 0, &pool, err)
                           : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory for a measurement");
    for (; status == RG_OK && n < threads; n++) {
        if (!(lanes[n].memory = map_memory(bytes, &maps[n])))
            status = rg_fail(err, RG_NO_MEMORY, NULL, "no memory for %zu bytes to read", bytes);
    }
    if (status == RG_OK)
        measure_pool(ask, pool, lanes, to);
    rg_threads_free(pool);
    for (size_t i = 0; i < n && maps[i]; i++)
        munmap(maps[i], bytes + HUGE_PAGE);
    free(maps);
    free(lanes);
    return status;
}

rg_status rg_ceilings_measure(const rg_ceilings_ask *ask, rg_ceilings **ret_ceilings, rg_err *err) {
    rg_ceilings *ceilings = calloc(1, sizeof *ceilings);
    rg_status status = RG_OK;
    if (!ceilings)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory for peaks");
    ask_caches(ceilings->cache_bytes);
    ceilings->cache_bytes[RG_MEMORY_LEVELS - 1] =
        working_set(ceilings->cache_bytes, RG_MEMORY_LEVELS - 1, ask->brief);
    for (size_t i = 0; status == RG_OK && i < ask->n_threads; i++)
        status = measure_threads(ask, ask->threads[i], ceilings, err);
    if (status == RG_OK)
        *ret_ceilings = ceilings;
    else
        free(ceilings);
    return status;
}

double rg_ceilings_best(const rg_ceilings *ceilings, rg_peak_kind kind, const char *isa,
                        uint32_t threads, int level) {
    double best = NAN;
    for (size_t i = 0; i < ceilings->n; i++) {
        const rg_ceiling *c = &ceilings->item[i];
        bool fits = c->peak->kind == kind && c->threads == threads && c->level == level &&
                    (!isa || !strcmp(isa, c->peak->isa));
        if (fits && !(c->median <= best))
            best = c->median;
    }
    return best;
}

int rg_memory_level_for(const rg_ceilings *ceilings, uint64_t bytes) {
    for (int level = 0; level < RG_MEMORY_LEVELS - 1; level++) {
        if (ceilings->cache_bytes[level] && bytes <= ceilings->cache_bytes[level])
            return level;
    }
    return RG_MEMORY_LEVELS - 1;
}

json_t *rg_ceilings_json(const rg_ceilings *ceilings) {
    json_t *caches = json_object(), *figures = json_array();
    for (int level = 0; level < RG_MEMORY_LEVELS - 1; level++) {
        if (ceilings->cache_bytes[level])
            json_object_set_new(caches, level_words[level],
                                json_integer((json_int_t)ceilings->cache_bytes[level]));
    }
    for (size_t i = 0; i < ceilings->n; i++) {
        const rg_ceiling *c = &ceilings->item[i];
        json_array_append_new(
            figures,
            json_pack("{s:s, s:s, s:s, s:i, s:s, s:I, s:f, s:f, s:f, s:f, s:i, s:i, s:s}", "name",
                      c->peak->name, "kind", kind_words[c->peak->kind], "isa", c->peak->isa,
                      "threads", (int)c->threads, "level", rg_memory_level_word(c->level), "bytes",
                      (json_int_t)c->bytes, "median", c->median, "low", c->low, "high", c->high,
                      "cv", c->cv, "clean", (int)c->clean, "tried", (int)c->tried, "unit",
                      kind_units[c->peak->kind]));
    }
    return json_pack("{s:o, s:o}", "caches_bytes", caches, "figures", figures);
}
