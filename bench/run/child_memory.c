/* child_memory.c: samples and power rows out of a child's shared memory, trusting nothing. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/core/json.h"
#include "bench/run/child_priv.h"
#include "bench/run/rows.h"

enum { MAX_POWER_ROWS = 1 << 24 };

static rg_status damaged(const char *what, rg_err *err) {
    return rg_fail(err, RG_FAILED, "the target's library may write where it should not",
                   "the worker's shared memory is damaged: %s", what);
}

/* Rows are in order within the window, and within each named part behind it. */
static bool begins_part(const json_t *facts, uint64_t n, uint64_t at) {
    const json_t *parts = json_object_get(facts, "parts");
    for (size_t i = json_array_size(parts); i-- > 0;) {
        uint64_t rows = (uint64_t)rg_json_get_int(json_array_get(parts, i), "rows", 0);
        n -= rows < n ? rows : n;
        if (n == at)
            return true;
    }
    return false;
}

static rg_status take_rows(const rg_running *running, rg_child *child, rg_err *err) {
    const rg_job_memory *shared = running->shared;
    uint64_t n = shared->n_rows;
    int64_t warm = rg_json_get_int(child->facts, "warmup", 0);
    if (shared->magic != RG_JOB_MAGIC || n > RG_ROWS_CAP || warm < 0 || (uint64_t)warm > n)
        return damaged("impossible number of samples", err);
    rg_sample *rows = malloc((n ? n : 1) * sizeof *rows);
    if (!rows)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    memcpy(rows, shared->rows, n * sizeof *rows);
    child->rows = rows;
    child->n_rows = n;
    bool open =
        json_object_get(child->facts, "arrivals") != NULL; /* a dropped one ends 1 ns before */
    for (uint64_t i = 0; i < n; i++) {
        if (rows[i].end_ns < rows[i].start_ns - open || rows[i].start_ns < 0)
            return damaged("a sample ends before it starts", err);
        if (i && rows[i].end_ns < rows[i - 1].end_ns && !begins_part(child->facts, n, i))
            return damaged("samples are out of order", err);
    }
    return RG_OK;
}

/* n items of `size` at `offset` of the file; NULL with RG_OK for none. */
static rg_status take_block(int fd, uint64_t offset, uint64_t n, size_t size, uint64_t most,
                            void **ret, rg_err *err) {
    struct stat info;
    if (!n)
        return RG_OK;
    if (n > most || fstat(fd, &info) || offset > (uint64_t)info.st_size ||
        n * size > (uint64_t)info.st_size - offset)
        return damaged("impossible number of power rows", err);
    char *block = malloc(n * size);
    if (!block)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    for (size_t got = 0; got < n * size;) {
        ssize_t part = pread(fd, block + got, n * size - got, (off_t)(offset + got));
        if (part <= 0) {
            free(block);
            return damaged("power rows cannot be read", err);
        }
        got += (size_t)part;
    }
    *ret = block;
    return RG_OK;
}

static rg_status take_power(const rg_running *running, rg_child *child, rg_err *err) {
    const rg_job_memory *shared = running->shared;
    void *rails = NULL, *power = NULL;
    uint64_t n_rails = shared->n_rails, n_power = shared->n_power;
    rg_status status = take_block(running->memory, shared->rails_offset, n_rails, sizeof(rg_rail),
                                  RG_MAX_RAILS, &rails, err);
    if (status == RG_OK)
        status = take_block(running->memory, shared->power_offset, n_power, sizeof(rg_power_row),
                            MAX_POWER_ROWS, &power, err);
    child->rails = rails;
    child->power = power;
    if (status != RG_OK)
        return status;
    for (uint64_t i = 0; i < n_power; i++) {
        if (child->power[i].rail >= n_rails)
            return damaged("a power row of no rail", err);
    }
    child->n_rails = n_rails;
    child->n_power = n_power;
    return RG_OK;
}

rg_status rg_running_take(const rg_running *running, rg_child *child, rg_err *err) {
    rg_status status = take_rows(running, child, err);
    return status == RG_OK ? take_power(running, child, err) : status;
}
