/* flexbuf.c: see flexbuf.h. */
#include "models/flexbuf.h"

#include <string.h>

/* Types of values, by the upper six bits of their type byte; the lower two tell the width. */
enum { INT = 1, UINT = 2, FLOAT = 3, TEXT = 5, FAR_INT = 6, FAR_UINT = 7, FAR_FLOAT = 8, MAP = 9 };
enum { BLOB = 25, BOOLEAN = 26, MOST_ENTRIES = 4096 };

static bool read_uint(const rg_flex *f, size_t at, unsigned width, uint64_t *ret) {
    if (at > f->bytes || width > f->bytes - at)
        return false;
    uint64_t v = 0;
    memcpy(&v, f->data + at, width); /* little-endian hosts only, as all our targets */
    *ret = v;
    return true;
}

/* Where the offset at `at` points: back from there. */
static bool follow(const rg_flex *f, size_t at, unsigned width, size_t *ret) {
    uint64_t back;
    if (!read_uint(f, at, width, &back) || back > at)
        return false;
    *ret = at - (size_t)back;
    return true;
}

/* The words in front of a map: its keys, their width, its size. */
static bool read_map(rg_flex *f) {
    uint64_t n, key_width;
    size_t w = f->width;
    if (f->at < 3 * w || !read_uint(f, f->at - w, f->width, &n) ||
        !read_uint(f, f->at - 2 * w, f->width, &key_width) ||
        !follow(f, f->at - 3 * w, f->width, &f->keys))
        return false;
    if (n > MOST_ENTRIES || (key_width != 1 && key_width != 2 && key_width != 4 && key_width != 8))
        return false;
    f->n = (uint32_t)n;
    f->key_width = (unsigned)key_width;
    return true;
}

rg_flex rg_flex_map(const void *data, size_t bytes) {
    rg_flex f = {.data = data, .bytes = bytes};
    if (bytes < 3)
        return f;
    unsigned root = f.data[bytes - 1], type = f.data[bytes - 2];
    if ((root != 1 && root != 2 && root != 4 && root != 8) || root > bytes - 2 || type >> 2 != MAP)
        return f;
    f.width = 1u << (type & 3);
    if (!follow(&f, bytes - 2 - root, root, &f.at) || !read_map(&f))
        f.n = 0;
    return f;
}

static bool key_is(const rg_flex *f, uint32_t i, const char *key) {
    size_t at, n = strlen(key) + 1;
    if (!follow(f, f->keys + (size_t)i * f->key_width, f->key_width, &at))
        return false;
    return at <= f->bytes && n <= f->bytes - at && !memcmp(f->data + at, key, n);
}

/* Place and type byte of the value under `key`. */
static bool find(const rg_flex *f, const char *key, size_t *ret_at, unsigned *ret_type) {
    for (uint32_t i = 0; i < f->n; i++) {
        uint64_t type;
        if (!key_is(f, i, key))
            continue;
        *ret_at = f->at + (size_t)i * f->width;
        if (!read_uint(f, f->at + (size_t)f->n * f->width + i, 1, &type))
            return false;
        *ret_type = (unsigned)type;
        return true;
    }
    return false;
}

static bool to_number(unsigned type, uint64_t bits, unsigned width, double *ret) {
    unsigned unused = 64 - 8 * width;
    float single;
    if (type == INT)
        *ret = (double)((int64_t)(bits << unused) >> unused);
    else if (type == UINT || type == BOOLEAN)
        *ret = (double)bits;
    else if (type == FLOAT && width == 8)
        memcpy(ret, &bits, sizeof *ret);
    else if (type == FLOAT && width == 4) {
        memcpy(&single, &bits, sizeof single);
        *ret = (double)single;
    } else
        return false;
    return true;
}

bool rg_flex_number(const rg_flex *map, const char *key, double *ret) {
    size_t at;
    unsigned packed, width = map->width;
    if (!find(map, key, &at, &packed))
        return false;
    unsigned type = packed >> 2;
    if (type >= FAR_INT && type <= FAR_FLOAT) {
        if (!follow(map, at, width, &at))
            return false;
        width = 1u << (packed & 3);
        type = type - FAR_INT + INT;
    }
    uint64_t bits;
    return read_uint(map, at, width, &bits) && to_number(type, bits, width, ret);
}

bool rg_flex_blob(const rg_flex *map, const char *key, const unsigned char **ret, size_t *ret_n) {
    size_t at;
    unsigned packed;
    uint64_t n;
    if (!find(map, key, &at, &packed) || (packed >> 2 != TEXT && packed >> 2 != BLOB))
        return false;
    unsigned width = 1u << (packed & 3);
    if (!follow(map, at, map->width, &at) || at < width || !read_uint(map, at - width, width, &n) ||
        n > map->bytes - at)
        return false;
    *ret = map->data + at;
    *ret_n = (size_t)n;
    return true;
}
