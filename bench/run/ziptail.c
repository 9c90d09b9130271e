/* ziptail.c: see ziptail.h. Facts: PKWARE's APPNOTE, sections 4.3.12 and 4.3.16. */
#include "bench/run/ziptail.h"

#include <stdbool.h>
#include <string.h>

enum { END_BYTES = 22, ENTRY_BYTES = 46, MOST_COMMENT = 65535, MOST_NAMES = 64, MOST_NAME = 255 };

static uint32_t little(const unsigned char *at, unsigned n) {
    uint32_t v = 0;
    memcpy(&v, at, n); /* little-endian hosts only, as all our targets */
    return v;
}

/* The end record: searched backwards, since a comment may follow it. */
static bool find_end(const unsigned char *data, size_t bytes, size_t *ret_at) {
    for (size_t back = END_BYTES; back <= bytes && back <= END_BYTES + MOST_COMMENT; back++) {
        const unsigned char *at = data + bytes - back;
        if (!memcmp(at, "PK\005\006", 4) && little(at + 20, 2) == back - END_BYTES) {
            *ret_at = bytes - back;
            return true;
        }
    }
    return false;
}

static const char *clean_name(const unsigned char *at, size_t n, rg_arena *arena) {
    char name[MOST_NAME + 1];
    n = n < MOST_NAME ? n : MOST_NAME;
    for (size_t i = 0; i < n; i++)
        name[i] = at[i] >= 0x20 && at[i] < 0x7f ? (char)at[i] : '?';
    name[n] = '\0';
    return rg_arena_strdup(arena, name);
}

rg_ziptail rg_ziptail_read(const void *data, size_t bytes, rg_arena *arena) {
    const unsigned char *at = data;
    size_t end;
    rg_ziptail tail = {0};
    if (!find_end(data, bytes, &end))
        return tail;
    size_t directory = little(at + end + 12, 4), entries = little(at + end + 10, 2);
    entries = entries < MOST_NAMES ? entries : MOST_NAMES;
    tail.names = rg_arena_array(arena, MOST_NAMES, sizeof *tail.names);
    tail.bytes = rg_arena_array(arena, MOST_NAMES, sizeof *tail.bytes);
    if (directory > end || !tail.names || !tail.bytes)
        return tail;
    for (size_t e = end - directory; tail.n < entries && end - e >= ENTRY_BYTES;) {
        size_t n = little(at + e + 28, 2);
        size_t whole = ENTRY_BYTES + n + little(at + e + 30, 2) + little(at + e + 32, 2);
        if (memcmp(at + e, "PK\001\002", 4) || whole > end - e)
            break;
        tail.bytes[tail.n] = little(at + e + 24, 4);
        tail.names[tail.n] = clean_name(at + e + ENTRY_BYTES, n, arena);
        if (!tail.names[tail.n])
            break;
        tail.n++;
        e += whole;
    }
    return tail;
}
