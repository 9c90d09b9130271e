/* flatbuf.c: verified reading and top-down writing of FlatBuffers. All numbers are little-endian in
 * the file; they are assembled byte by byte, so neither alignment nor byte order of the host
 * matter. */
#include "models/flatbuf.h"

#include <string.h>

/* --- reading --- */

rg_fb rg_fb_open(const void *data, size_t bytes) {
    return (rg_fb){.data = data, .bytes = bytes, .budget_bytes = 8 * (uint64_t)bytes + (1u << 20)};
}

static void note(rg_fb *fb, const char *problem, size_t at) {
    if (fb->problem)
        return;
    fb->problem = problem;
    fb->problem_at = at;
}

static bool inside(const rg_fb *fb, size_t at, size_t bytes) {
    return at <= fb->bytes && bytes <= fb->bytes - at;
}

static uint64_t load(const unsigned char *at, unsigned size) {
    uint64_t v = 0;
    for (unsigned i = 0; i < size; i++)
        v |= (uint64_t)at[i] << (8 * i);
    return v;
}

static int64_t load_signed(const unsigned char *at, unsigned size) {
    uint64_t v = load(at, size);
    uint64_t sign = (uint64_t)1 << (8 * size - 1);
    return (int64_t)((v ^ sign) - sign);
}

/* The table at `at` with its vtable, both wholly inside the buffer. */
static rg_fb_table table_at(rg_fb *fb, size_t at) {
    const rg_fb_table none = {0};
    if (at % 4)
        return note(fb, "a table is not aligned", at), none;
    if (!inside(fb, at, 4))
        return note(fb, "a table lies beyond the end", at), none;
    int64_t vtable = (int64_t)at - load_signed(fb->data + at, 4);
    if (vtable < 0 || vtable % 2 || !inside(fb, (size_t)vtable, 4))
        return note(fb, "a table's layout lies outside the file", at), none;
    rg_fb_table table = {.at = at, .vtable = (size_t)vtable};
    table.vtable_bytes = (uint32_t)load(fb->data + vtable, 2);
    table.table_bytes = (uint32_t)load(fb->data + vtable + 2, 2);
    if (table.vtable_bytes < 4 || table.vtable_bytes % 2 || table.table_bytes < 4 ||
        !inside(fb, table.vtable, table.vtable_bytes) || !inside(fb, at, table.table_bytes))
        return note(fb, "a table or its layout runs beyond the end", at), none;
    return table;
}

/* Position of a field of `size` bytes; 0 when absent or wrong. */
static size_t field_at(rg_fb *fb, rg_fb_table table, unsigned slot, unsigned size) {
    uint32_t entry = 4 + 2 * slot;
    if (fb->problem || !table.at || entry + 2 > table.vtable_bytes)
        return 0;
    uint32_t offset = (uint32_t)load(fb->data + table.vtable + entry, 2);
    if (offset == 0)
        return 0;
    if (offset < 4 || offset + size > table.table_bytes || (table.at + offset) % size) {
        note(fb, "a field lies outside its table or is not aligned", table.at);
        return 0;
    }
    return table.at + offset;
}

/* Where the offset stored at `at` leads; 0 when it leads nowhere. */
static size_t follow(rg_fb *fb, size_t at) {
    uint64_t offset = load(fb->data + at, 4);
    if (offset == 0 || offset >= fb->bytes - at) {
        note(fb, "an offset leads beyond the end", at);
        return 0;
    }
    return at + (size_t)offset;
}

rg_fb_table rg_fb_root(rg_fb *fb) {
    const rg_fb_table none = {0};
    if (!inside(fb, 0, 4))
        return note(fb, "it is too short for a root offset", 0), none;
    size_t at = follow(fb, 0);
    return at ? table_at(fb, at) : none;
}

bool rg_fb_has(rg_fb *fb, rg_fb_table table, unsigned slot) {
    return field_at(fb, table, slot, 1) != 0;
}

int64_t rg_fb_int(rg_fb *fb, rg_fb_table table, unsigned slot, unsigned size, int64_t preset) {
    size_t at = field_at(fb, table, slot, size);
    return at ? load_signed(fb->data + at, size) : preset;
}

uint32_t rg_fb_u32(rg_fb *fb, rg_fb_table table, unsigned slot, uint32_t preset) {
    size_t at = field_at(fb, table, slot, 4);
    return at ? (uint32_t)load(fb->data + at, 4) : preset;
}

static float float_of(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

float rg_fb_float(rg_fb *fb, rg_fb_table table, unsigned slot, float preset) {
    size_t at = field_at(fb, table, slot, 4);
    return at ? float_of((uint32_t)load(fb->data + at, 4)) : preset;
}

rg_fb_table rg_fb_child(rg_fb *fb, rg_fb_table table, unsigned slot) {
    size_t at = field_at(fb, table, slot, 4);
    size_t to = at ? follow(fb, at) : 0;
    return to ? table_at(fb, to) : (rg_fb_table){0};
}

/* The vector at `to`; `extra` bytes must follow it (the NUL of a text). */
static rg_fb_vec vector_at(rg_fb *fb, size_t to, unsigned size, unsigned extra) {
    const rg_fb_vec none = {0};
    if (to % 4 || !inside(fb, to, 4))
        return note(fb, "a vector is not aligned or lies beyond the end", to), none;
    uint64_t n = load(fb->data + to, 4);
    if (n * size + extra > fb->bytes - to - 4)
        return note(fb, "a vector runs beyond the end", to), none;
    return (rg_fb_vec){fb->data + to + 4, (uint32_t)n};
}

/* The vector that a field refers to. */
static rg_fb_vec vector_of(rg_fb *fb, rg_fb_table table, unsigned slot, unsigned size,
                           unsigned extra) {
    size_t at = field_at(fb, table, slot, 4);
    size_t to = at ? follow(fb, at) : 0;
    return to ? vector_at(fb, to, size, extra) : (rg_fb_vec){0};
}

static rg_fb_vec charge(rg_fb *fb, rg_fb_vec vec, unsigned size) {
    uint64_t bytes = (uint64_t)vec.n * size;
    if (bytes > fb->budget_bytes) {
        note(fb, "the same data is referred to over and over", (size_t)(vec.data - fb->data));
        return (rg_fb_vec){0};
    }
    fb->budget_bytes -= bytes;
    return vec;
}

rg_fb_vec rg_fb_vector(rg_fb *fb, rg_fb_table table, unsigned slot, unsigned size) {
    return charge(fb, vector_of(fb, table, slot, size, 0), size);
}

rg_fb_vec rg_fb_text(rg_fb *fb, rg_fb_table table, unsigned slot) {
    rg_fb_vec vec = charge(fb, vector_of(fb, table, slot, 1, 1), 1);
    if (vec.data && vec.data[vec.n] != 0) {
        note(fb, "a text does not end with a zero byte", (size_t)(vec.data - fb->data));
        return (rg_fb_vec){0};
    }
    return vec;
}

rg_fb_vec rg_fb_blob(rg_fb *fb, rg_fb_table table, unsigned slot) {
    return vector_of(fb, table, slot, 1, 0);
}

rg_fb_table rg_fb_entry(rg_fb *fb, rg_fb_vec vec, uint32_t i) {
    const rg_fb_table none = {0};
    if (fb->problem || i >= vec.n)
        return none;
    size_t to = follow(fb, (size_t)(vec.data - fb->data) + 4 * (size_t)i);
    return to ? table_at(fb, to) : none;
}

rg_fb_vec rg_fb_entry_blob(rg_fb *fb, rg_fb_vec vec, uint32_t i) {
    if (fb->problem || i >= vec.n)
        return (rg_fb_vec){0};
    size_t to = follow(fb, (size_t)(vec.data - fb->data) + 4 * (size_t)i);
    return to ? vector_at(fb, to, 1, 0) : (rg_fb_vec){0};
}

int32_t rg_fb_i32_at(rg_fb_vec vec, uint32_t i) {
    return (int32_t)load_signed(vec.data + 4 * (size_t)i, 4);
}

int64_t rg_fb_i64_at(rg_fb_vec vec, uint32_t i) {
    return load_signed(vec.data + 8 * (size_t)i, 8);
}

float rg_fb_f32_at(rg_fb_vec vec, uint32_t i) {
    return float_of((uint32_t)load(vec.data + 4 * (size_t)i, 4));
}

/* --- writing --- */

static void put(rg_fbw *w, uint64_t bits, unsigned size) {
    unsigned char bytes[8];
    for (unsigned i = 0; i < size; i++)
        bytes[i] = (unsigned char)(bits >> (8 * i));
    rg_text_add_bytes(w->out, bytes, size);
}

static size_t here(const rg_fbw *w) {
    return w->out->bytes - w->base;
}

static void pad_until(rg_fbw *w, size_t at, size_t align) {
    static const char zeros[16] = {0};
    size_t rest = at % align;
    if (rest)
        rg_text_add_bytes(w->out, zeros, align - rest);
}

rg_fbw rg_fbw_begin(rg_text *out, const char identifier[4]) {
    rg_fbw w = {out, out->bytes};
    put(&w, 0, 4);
    rg_text_add_bytes(out, identifier, 4);
    return w;
}

static unsigned field_bytes(const rg_fbw_field *field) {
    return field->size ? field->size : 4;
}

/* Gives each field its place behind the table's first four bytes, widest first, and returns the
 * table's size. With the table at 4 modulo 8 every field comes to lie aligned. */
static size_t place_fields(rg_fbw_field *fields, size_t n) {
    size_t used = 4;
    for (unsigned width = 8; width; width /= 2) {
        for (size_t i = 0; i < n; i++) {
            if (field_bytes(&fields[i]) != width)
                continue;
            fields[i].at = used;
            used += width;
        }
    }
    return used;
}

size_t rg_fbw_table(rg_fbw *w, rg_fbw_field *fields, size_t n) {
    uint16_t vtable[RG_FBW_MAX_FIELDS] = {0};
    size_t bytes = place_fields(fields, n), slots = 0;
    for (size_t i = 0; i < n; i++) {
        vtable[fields[i].slot] = (uint16_t)fields[i].at;
        slots = fields[i].slot + 1 > slots ? fields[i].slot + 1 : slots;
    }
    size_t vtable_bytes = 4 + 2 * slots;
    pad_until(w, here(w) + vtable_bytes + 4, 8);
    put(w, vtable_bytes, 2);
    put(w, bytes, 2);
    for (size_t i = 0; i < slots; i++)
        put(w, vtable[i], 2);
    size_t at = here(w);
    put(w, vtable_bytes, 4);
    for (unsigned width = 8; width; width /= 2) {
        for (size_t i = 0; i < n; i++) {
            if (field_bytes(&fields[i]) == width)
                put(w, fields[i].size ? fields[i].bits : 0, width);
        }
    }
    for (size_t i = 0; i < n; i++)
        fields[i].at += at;
    return at;
}

size_t rg_fbw_vector(rg_fbw *w, const void *data, size_t n, size_t size, size_t align) {
    pad_until(w, here(w), 4);
    pad_until(w, here(w) + 4, align < 4 ? 4 : align);
    size_t at = here(w);
    put(w, n, 4);
    rg_text_add_bytes(w->out, data, n * size);
    return at;
}

size_t rg_fbw_offsets(rg_fbw *w, size_t n) {
    pad_until(w, here(w), 4);
    size_t at = here(w);
    put(w, n, 4);
    for (size_t i = 0; i < n; i++)
        put(w, 0, 4);
    return at;
}

size_t rg_fbw_offset_at(size_t vec, size_t i) {
    return vec + 4 + 4 * i;
}

size_t rg_fbw_string(rg_fbw *w, const char *text) {
    size_t at = rg_fbw_vector(w, text, strlen(text), 1, 4);
    put(w, 0, 1);
    return at;
}

void rg_fbw_link(rg_fbw *w, size_t from, size_t target) {
    uint64_t offset = target - from;
    for (unsigned i = 0; i < 4 && !w->out->failed; i++)
        w->out->data[w->base + from + i] = (char)(offset >> (8 * i));
}
