/* field.h: options, operator parameters and result fields declared once as table rows. From a row
 * come the parser, the default, the range check, the help line, the Lua key and the settings block
 * of the record. */
#ifndef RG_CORE_FIELD_H
#define RG_CORE_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/core/err.h"
#include "bench/core/graph.h"

typedef enum rg_field_type {
    RG_FIELD_INT,      /* int64_t */
    RG_FIELD_REAL,     /* double */
    RG_FIELD_BOOL,     /* bool */
    RG_FIELD_TEXT,     /* const char * (not owned) */
    RG_FIELD_CHOICE,   /* int: index into `choices` */
    RG_FIELD_DURATION, /* int64_t nanoseconds, written "33ms" */
    RG_FIELD_TABLE,    /* a list or table in a script: a row for its key and help, no member */
    RG_FIELD_JSON,     /* const char *: text, or a list or table as one line of JSON */
} rg_field_type;

/* One row. Tables end with a row whose key is NULL. */
typedef struct rg_field {
    const char *key; /* "stride_h" */
    rg_field_type type;
    size_t offset;              /* of the member in the struct that the table describes */
    const char *preset;         /* default as text; NULL: the field must be given */
    double min, max;            /* range of numbers, inclusive; both 0: no limit */
    const char *const *choices; /* RG_FIELD_CHOICE: words, NULL-ended */
    const char *unit;           /* "ns", "bytes", "" */
    const char *help;           /* one line */
} rg_field;

/* The row with this key, or NULL. */
const rg_field *rg_field_find(const rg_field *table, const char *key);

/* The key nearest to a wrong one, for messages; NULL when none is near. */
const char *rg_field_nearest(const rg_field *table, const char *key);

/* Writes every default into `record`. RG_USAGE naming the key when one has no default and
 * `require_all` is set; otherwise such members are left alone. */
rg_status rg_field_presets(const rg_field *table, void *record, bool require_all, rg_err *err);

/* Sets one member from text, checking type and range. Unknown keys name the nearest known one. Text
 * members keep the pointer `text`. */
rg_status rg_field_set(const rg_field *table, void *record, const char *key, const char *text,
                       rg_err *err);

/* The same from a number, a bool or a word, as Lua and model files give them. */
rg_status rg_field_set_attr(const rg_field *table, void *record, const rg_attr *attr, rg_err *err);

/* Fills `record` (all defaults first) from a node's attributes; unknown attributes are errors. */
rg_status rg_field_from_node(const rg_field *table, const rg_node *node, void *record, rg_err *err);

/* The member as text ("2", "same", "33ms"); for help and for records. */
void rg_field_text(const rg_field *field, const void *record, char *ret, size_t cap);

#endif
