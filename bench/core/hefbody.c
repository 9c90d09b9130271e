/* hefbody.c: the message of a .hef: for which chip, by which compiler, which network groups. Field
 * numbers are those of the vendor's schema. */
#include <math.h>
#include <stdio.h>

#include "bench/core/hef_priv.h"

enum { MOST_TEXT = 4096 };

/* Architectures of the schema; those above 99 are the vendor's names before publication. */
static const struct {
    uint32_t number;
    const char *word;
} archs[] = {
    {0, "hailo8"},   {1, "hailo8"},     {2, "hailo8r"},    {3, "hailo8l"},    {4, "hailo15m"},
    {5, "hailo10h"}, {6, "hailo15l"},   {103, "hailo15h"}, {100, "hailo8"},   {101, "hailo8"},
    {102, "hailo8"}, {104, "hailo15h"}, {105, "hailo15h"}, {106, "hailo15l"}, {108, "hailo12l"},
};

const char *rg_hef_arch_word(uint32_t arch) {
    for (size_t i = 0; i < sizeof archs / sizeof archs[0]; i++) {
        if (archs[i].number == arch)
            return archs[i].word;
    }
    return NULL;
}

rg_status rg_hef_malformed(const char *what, rg_err *err) {
    return rg_fail(err, RG_BAD_DATA, "copy the file again, or compile the model anew",
                   "its contents are damaged: %s", what);
}

/* Names stand in rows of text later: what would end a row is none. */
const char *rg_hef_text(rg_arena *arena, rg_wire text) {
    size_t n = (size_t)(text.end - text.at);
    char *copy = rg_arena_printf(arena, "%.*s", (int)(n < MOST_TEXT ? n : MOST_TEXT),
                                 n ? (const char *)text.at : "");
    for (char *at = copy; at && *at; at++)
        *at = (unsigned char)*at < ' ' ? '?' : *at;
    return copy;
}

rg_status rg_hef_texts(rg_arena *arena, rg_wire message, uint32_t number,
                       const char *const **ret_texts, rg_err *err) {
    rg_wire_field field;
    rg_wire rest = message;
    size_t n = 0, at = 0;
    int got;
    while ((got = rg_wire_next(&rest, &field)) == 1)
        n += field.number == number && field.kind == RG_WIRE_BYTES;
    if (got < 0)
        return rg_hef_malformed("a list of names", err);
    const char **texts =
        n <= RG_HEF_MOST_TEXTS ? rg_arena_array(arena, n + 1, sizeof *texts) : NULL;
    while (texts && rg_wire_next(&message, &field) == 1) {
        if (field.number == number && field.kind == RG_WIRE_BYTES &&
            !(texts[at++] = rg_hef_text(arena, field.bytes)))
            texts = NULL;
    }
    if (!texts)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory for %zu names", n);
    *ret_texts = texts;
    return RG_OK;
}

/* A figure of the compiler; what is none counts as not said. */
static double figure(rg_wire message, uint32_t number) {
    double value = rg_wire_double(rg_wire_number(message, number, RG_WIRE_FIXED64));
    return isfinite(value) && value > 0 ? value : 0;
}

static bool is_empty(rg_wire message) {
    return message.at == message.end;
}

/* How often a message stands in another; -1 where that is malformed. */
static int count_within(rg_wire message, uint32_t number) {
    rg_wire_field field;
    int got, n = 0;
    while ((got = rg_wire_next(&message, &field)) == 1)
        n += field.number == number && field.kind == RG_WIRE_BYTES;
    return got < 0 ? -1 : n;
}

/* The part that the chip computes: among the operations of newer files, else the group itself; of
 * variants for parts of a chip, the first. */
static rg_status find_core(rg_wire group, rg_wire *ret_core, uint32_t *ret_layouts, rg_err *err) {
    rg_wire core = group, rest = group;
    rg_wire_field field;
    while (rg_wire_next(&rest, &field) == 1) {
        bool is_op = field.number == 8 && field.kind == RG_WIRE_BYTES;
        if (is_op && rg_wire_find(field.bytes, 4, RG_WIRE_BYTES, &field) == 1)
            core = field.bytes;
    }
    int layouts = count_within(core, 7);
    if (layouts < 0 || count_within(group, 7) < 0)
        return rg_hef_malformed("a network group", err);
    if (layouts && count_within(core, 3) == 0)
        core = rg_wire_within(rg_wire_within(core, 7), 1);
    *ret_layouts = (uint32_t)layouts;
    *ret_core = core;
    return RG_OK;
}

static rg_status read_contexts(rg_hef_reading *reading, rg_wire core, rg_hef_group *group,
                               rg_err *err) {
    rg_status status = RG_OK;
    rg_wire_field field;
    int got = 0;
    while (status == RG_OK && (got = rg_wire_next(&core, &field)) == 1) {
        if (field.number != 3 || field.kind != RG_WIRE_BYTES)
            continue;
        group->contexts++;
        status = rg_hef_read_edges(reading, rg_wire_within(field.bytes, 3), err);
    }
    return got < 0 ? rg_hef_malformed("a context", err) : status;
}

static rg_status read_group(rg_hef_reading *reading, rg_wire message, rg_hef_group *group,
                            rg_err *err) {
    rg_wire core;
    rg_status status = find_core(message, &core, &group->layouts, err);
    if (status != RG_OK)
        return status;
    rg_wire about = rg_wire_within(core, 1), name = rg_wire_within(message, 10);
    group->name = rg_hef_text(reading->arena, is_empty(name) ? rg_wire_within(about, 1) : name);
    group->bottleneck_fps = figure(about, 4);
    group->latency_s = figure(about, 6);
    group->ops = rg_wire_number(about, 8, RG_WIRE_VARINT);
    reading->n = 0;
    status = group->name ? rg_hef_texts(reading->arena, core, 6, &group->networks, err)
                         : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    if (status == RG_OK)
        status = read_contexts(reading, core, group, err);
    if (status == RG_OK)
        status = rg_hef_read_host(reading, message, core, err);
    return status == RG_OK ? rg_hef_order_ends(reading, core, group, err) : status;
}

static rg_status read_head(rg_wire head, rg_arena *arena, rg_hef_body *body, rg_err *err) {
    rg_wire_field unused;
    if (rg_wire_find(head, 1, RG_WIRE_VARINT, &unused) < 0)
        return rg_hef_malformed("its head", err);
    body->arch = (uint32_t)rg_wire_number(head, 1, RG_WIRE_VARINT);
    body->timestamp_ms = rg_wire_number(head, 2, RG_WIRE_VARINT);
    body->compiler = rg_hef_text(arena, rg_wire_within(head, 3));
    const char *word = rg_hef_arch_word(body->arch);
    body->arch_word = word ? word : rg_arena_printf(arena, "unknown (%u)", body->arch);
    return body->compiler && body->arch_word ? RG_OK
                                             : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
}

/* Names of the extensions that a reader of the file must know. */
static rg_status read_features(rg_wire message, rg_arena *arena, rg_hef_body *body, rg_err *err) {
    const char **names = rg_arena_array(arena, RG_HEF_MOST_TEXTS + 1, sizeof *names);
    rg_wire_field field;
    size_t n = 0;
    if (!names)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    while (rg_wire_next(&message, &field) == 1 && n < RG_HEF_MOST_TEXTS) {
        if (field.number != 5 || field.kind != RG_WIRE_BYTES)
            continue;
        names[n] = rg_hef_text(arena, rg_wire_within(field.bytes, 2));
        if (!names[n++])
            return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    }
    body->features = names;
    return RG_OK;
}

static rg_status read_groups(rg_wire message, rg_hef_reading *reading, rg_hef_body *body,
                             rg_err *err) {
    rg_status status = RG_OK;
    rg_wire_field field;
    while (status == RG_OK && rg_wire_next(&message, &field) == 1) {
        if (field.number != 2 || field.kind != RG_WIRE_BYTES)
            continue;
        if (body->n_groups == RG_HEF_MOST_GROUPS)
            return rg_fail(err, RG_NO_MEMORY, "split the file", "more than %d network groups",
                           RG_HEF_MOST_GROUPS);
        status = read_group(reading, field.bytes, &body->groups[body->n_groups], err);
        if (status != RG_OK)
            rg_err_prefix(err, "network group %u", body->n_groups);
        body->n_groups++;
    }
    return status;
}

rg_status rg_hef_read_body(const rg_hef *hef, const void *data, rg_arena *arena,
                           rg_hef_body *ret_body, rg_err *err) {
    const unsigned char *at = (const unsigned char *)data + hef->proto_at;
    rg_wire message = {at, at + hef->proto_bytes};
    rg_hef_body body = {0};
    rg_hef_reading reading = {arena, rg_arena_array(arena, RG_HEF_MOST_ENDS, sizeof *reading.ends),
                              rg_arena_array(arena, RG_HEF_MOST_ENDS, sizeof *reading.pads), 0};
    body.groups = rg_arena_array(arena, RG_HEF_MOST_GROUPS, sizeof *body.groups);
    if (!reading.ends || !reading.pads || !body.groups)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    if (count_within(message, 2) < 0)
        return rg_hef_malformed("its message", err);
    rg_status status = read_head(rg_wire_within(message, 1), arena, &body, err);
    if (status == RG_OK)
        status = read_features(message, arena, &body, err);
    if (status == RG_OK)
        status = read_groups(message, &reading, &body, err);
    if (status == RG_OK)
        *ret_body = body;
    return status;
}
