/* samples.c: writes and reads samples.bin, as described in samples.h. */
#include "bench/result/samples.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const char magic[8] = {'R', 'G', 'S', 'A', 'M', 'P', 'L', 'E'};
enum { LONGEST = 10 }; /* bytes of one LEB128 number of 64 bits */

static uint64_t load_u64(const unsigned char *p) {
    uint64_t value = 0;
    for (int i = 7; i >= 0; i--)
        value = value << 8 | p[i];
    return value;
}

static void store_u64(unsigned char *p, uint64_t value) {
    for (int i = 0; i < 8; i++)
        p[i] = (unsigned char)(value >> 8 * i);
}

static uint64_t checksum(const unsigned char *data, size_t bytes) {
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < bytes; i++)
        hash = (hash ^ data[i]) * 0x100000001b3u;
    return hash;
}

/* The difference a - b modulo 2^64, folded so that small ones of either sign are small. */
static uint64_t fold(int64_t a, int64_t b) {
    uint64_t d = (uint64_t)a - (uint64_t)b;
    return d << 1 ^ (d >> 63 ? UINT64_MAX : 0);
}

static int64_t unfold(uint64_t folded, int64_t base) {
    uint64_t d = folded >> 1 ^ (folded & 1 ? UINT64_MAX : 0);
    return (int64_t)((uint64_t)base + d);
}

static unsigned char *put_number(unsigned char *p, uint64_t value) {
    for (; value >= 0x80; value >>= 7)
        *p++ = (unsigned char)(value | 0x80);
    *p++ = (unsigned char)value;
    return p;
}

/* Next number; NULL when it is cut off, longer than 64 bits or longer than it need be. */
static const unsigned char *get_number(const unsigned char *p, const unsigned char *end,
                                       uint64_t *ret) {
    uint64_t value = 0;
    for (int i = 0; i < LONGEST && p < end; i++) {
        unsigned char byte = *p++;
        if (i == LONGEST - 1 && byte > 1)
            return NULL;
        value |= (uint64_t)(byte & 0x7f) << 7 * i;
        if (byte & 0x80)
            continue;
        *ret = value;
        return i && !byte ? NULL : p;
    }
    return NULL;
}

rg_status rg_samples_encode(const rg_sample *rows, size_t n, unsigned char **ret_data,
                            size_t *ret_bytes, rg_err *err) {
    const size_t fixed = RG_SAMPLES_HEADER_BYTES + RG_SAMPLES_TRAILER_BYTES;
    unsigned char *data = n < SIZE_MAX / (4 * LONGEST) ? malloc(fixed + n * 2 * LONGEST) : NULL;
    if (!data)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory for %zu samples", n);
    int64_t previous = n ? rows[0].start_ns : 0;
    memset(data, 0, RG_SAMPLES_HEADER_BYTES);
    memcpy(data, magic, sizeof magic);
    data[8] = RG_SAMPLES_VERSION;
    store_u64(data + 16, (uint64_t)previous);
    store_u64(data + 24, n);
    unsigned char *p = data + RG_SAMPLES_HEADER_BYTES;
    for (size_t i = 0; i < n; i++) {
        p = put_number(p, fold(rows[i].start_ns, previous));
        p = put_number(p, fold(rows[i].end_ns, rows[i].start_ns));
        previous = rows[i].start_ns;
    }
    store_u64(p, checksum(data, (size_t)(p - data)));
    *ret_data = data;
    *ret_bytes = (size_t)(p - data) + RG_SAMPLES_TRAILER_BYTES;
    return RG_OK;
}

static const char damaged[] = "the file is damaged: copy the bundle again, or measure again";

static rg_status check_head(const unsigned char *data, size_t bytes, rg_err *err) {
    const size_t fixed = RG_SAMPLES_HEADER_BYTES + RG_SAMPLES_TRAILER_BYTES;
    if (bytes < fixed || memcmp(data, magic, sizeof magic))
        return rg_fail(err, RG_BAD_DATA, damaged, "not a file of samples (%zu bytes)", bytes);
    uint64_t version = load_u64(data + 8);
    if (version != RG_SAMPLES_VERSION)
        return rg_fail(err, RG_BAD_DATA, "use a newer railgauge",
                       "samples of version %llu; this program reads version %d",
                       (unsigned long long)(version & UINT32_MAX), RG_SAMPLES_VERSION);
    if (load_u64(data + bytes - RG_SAMPLES_TRAILER_BYTES) !=
        checksum(data, bytes - RG_SAMPLES_TRAILER_BYTES))
        return rg_fail(err, RG_BAD_DATA, damaged, "the checksum of the samples is wrong");
    uint64_t n = load_u64(data + 24);
    if (n > (bytes - fixed) / 2) /* two bytes a row at least: no count can make us allocate more */
        return rg_fail(err, RG_BAD_DATA, damaged, "%llu samples cannot fit in %zu bytes",
                       (unsigned long long)n, bytes);
    return RG_OK;
}

rg_status rg_samples_decode(const void *data, size_t bytes, rg_arena *arena, rg_sample **ret_rows,
                            size_t *ret_n, rg_err *err) {
    const unsigned char *base = data;
    rg_status status = check_head(base, bytes, err);
    if (status != RG_OK)
        return status;
    size_t n = (size_t)load_u64(base + 24);
    rg_sample *rows = rg_arena_array(arena, n ? n : 1, sizeof *rows);
    if (!rows)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory for %zu samples", n);
    const unsigned char *p = base + RG_SAMPLES_HEADER_BYTES;
    const unsigned char *end = base + bytes - RG_SAMPLES_TRAILER_BYTES;
    int64_t previous = (int64_t)load_u64(base + 16);
    for (size_t i = 0; i < n; i++) {
        uint64_t start = 0, length = 0;
        if (!(p = get_number(p, end, &start)) || !(p = get_number(p, end, &length)) ||
            (i == 0 && start))
            return rg_fail(err, RG_BAD_DATA, damaged, "sample %zu of %zu is damaged", i, n);
        rows[i].start_ns = previous = unfold(start, previous);
        rows[i].end_ns = unfold(length, previous);
    }
    if (p != end || (!n && previous))
        return rg_fail(err, RG_BAD_DATA, damaged, "bytes left over after %zu samples", n);
    *ret_rows = rows;
    *ret_n = n;
    return RG_OK;
}
