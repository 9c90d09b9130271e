/* wire.h: the fields of a protocol buffer's message, one after another, without a schema and
 * without copying: what a reader needs that wants a few fields of a big file. Trusts nothing. */
#ifndef RG_CORE_WIRE_H
#define RG_CORE_WIRE_H

#include <stddef.h>
#include <stdint.h>

/* What is left of a message. */
typedef struct rg_wire {
    const unsigned char *at, *end;
} rg_wire;

typedef enum rg_wire_kind {
    RG_WIRE_VARINT = 0,
    RG_WIRE_FIXED64 = 1,
    RG_WIRE_BYTES = 2,
    RG_WIRE_FIXED32 = 5,
} rg_wire_kind;

/* One field. `value` holds numbers, fixed ones by their bits; `bytes` is what BYTES brings: a text,
 * a list of numbers or a message. */
typedef struct rg_wire_field {
    uint32_t number;
    rg_wire_kind kind;
    uint64_t value;
    rg_wire bytes;
} rg_wire_field;

/* The next field: 1 with one, 0 at the end, -1 where the message is malformed (groups count so). */
int rg_wire_next(rg_wire *message, rg_wire_field *ret_field);

/* The last field with this number and kind, as decoders take it: 1 found, 0 none, -1 malformed. */
int rg_wire_find(rg_wire message, uint32_t number, rg_wire_kind kind, rg_wire_field *ret_field);

/* Its number, 0 without one; its message or text, empty without one. Malformed counts as none. */
uint64_t rg_wire_number(rg_wire message, uint32_t number, rg_wire_kind kind);
rg_wire rg_wire_within(rg_wire message, uint32_t number);

/* Numbers out of a field's bits: a float of FIXED32, a double of FIXED64. */
float rg_wire_float(uint64_t bits);
double rg_wire_double(uint64_t bits);

#endif
