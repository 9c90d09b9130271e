/* wire.c: see wire.h. Numbers stand little-endian, seven bits a byte where they vary in length. */
#include "bench/core/wire.h"

#include <stdbool.h>
#include <string.h>

static bool take_varint(rg_wire *message, uint64_t *ret) {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (message->at == message->end)
            return false;
        unsigned char byte = *message->at++;
        value |= (uint64_t)(byte & 127) << shift;
        if (byte < 128) {
            *ret = value;
            return true;
        }
    }
    return false;
}

static bool take_fixed(rg_wire *message, unsigned n, uint64_t *ret) {
    uint64_t value = 0;
    if ((size_t)(message->end - message->at) < n)
        return false;
    for (unsigned i = 0; i < n; i++)
        value |= (uint64_t)message->at[i] << 8 * i;
    message->at += n;
    *ret = value;
    return true;
}

static bool take_bytes(rg_wire *message, rg_wire *ret) {
    uint64_t n;
    if (!take_varint(message, &n) || n > (uint64_t)(message->end - message->at))
        return false;
    *ret = (rg_wire){message->at, message->at + n};
    message->at += n;
    return true;
}

static bool take_content(rg_wire *message, rg_wire_field *field) {
    switch (field->kind) {
    case RG_WIRE_VARINT:
        return take_varint(message, &field->value);
    case RG_WIRE_FIXED64:
        return take_fixed(message, 8, &field->value);
    case RG_WIRE_FIXED32:
        return take_fixed(message, 4, &field->value);
    case RG_WIRE_BYTES:
        return take_bytes(message, &field->bytes);
    }
    return false;
}

int rg_wire_next(rg_wire *message, rg_wire_field *ret_field) {
    uint64_t tag;
    if (message->at == message->end)
        return 0;
    if (!take_varint(message, &tag) || tag >> 3 == 0 || tag >> 3 > UINT32_MAX)
        return -1;
    *ret_field = (rg_wire_field){.number = (uint32_t)(tag >> 3), .kind = (rg_wire_kind)(tag & 7)};
    return take_content(message, ret_field) ? 1 : -1;
}

int rg_wire_find(rg_wire message, uint32_t number, rg_wire_kind kind, rg_wire_field *ret_field) {
    rg_wire_field field;
    int got, found = 0;
    while ((got = rg_wire_next(&message, &field)) == 1) {
        if (field.number != number || field.kind != kind)
            continue;
        *ret_field = field;
        found = 1;
    }
    return got < 0 ? -1 : found;
}

uint64_t rg_wire_number(rg_wire message, uint32_t number, rg_wire_kind kind) {
    rg_wire_field field;
    return rg_wire_find(message, number, kind, &field) == 1 ? field.value : 0;
}

rg_wire rg_wire_within(rg_wire message, uint32_t number) {
    rg_wire_field field;
    bool found = rg_wire_find(message, number, RG_WIRE_BYTES, &field) == 1;
    return found ? field.bytes : (rg_wire){message.end, message.end};
}

float rg_wire_float(uint64_t bits) {
    uint32_t low = (uint32_t)bits;
    float value;
    memcpy(&value, &low, sizeof value);
    return value;
}

double rg_wire_double(uint64_t bits) {
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}
