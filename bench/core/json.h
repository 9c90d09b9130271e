/* json.h: the few things we add to jansson: one writer (sorted by insertion, 17 digits, UTF-8, a
 * final newline) and getters that name what is missing. Files with NaN or infinity are never
 * written: a number that does not exist is an object with its reason. */
#ifndef RG_CORE_JSON_H
#define RG_CORE_JSON_H

#include <jansson.h>
#include <stdbool.h>

#include "bench/core/err.h"
#include "bench/core/text.h"

/* Text of a value, owned by the caller (free). `indent` 0 gives one line. NULL when out of memory.
 */
char *rg_json_text(const json_t *value, int indent);

/* Appends it, indented by 2, with a final newline. NULL, which is what jansson makes when it
 * cannot, makes the text a failed one. */
void rg_text_add_json(rg_text *text, const json_t *value);

/* Parses one document; `origin` names it in messages. The caller owns the reference. */
rg_status rg_json_parse(const char *text, size_t bytes, const char *origin, json_t **ret_value,
                        rg_err *err);

/* Reads and parses a file of at most 256 MiB. */
rg_status rg_json_read(const char *path, json_t **ret_value, rg_err *err);

/* Members with a default when absent or of another type. Returned text lives as long as the object.
 */
const char *rg_json_get_text(const json_t *object, const char *key, const char *preset);
int64_t rg_json_get_int(const json_t *object, const char *key, int64_t preset);
double rg_json_get_real(const json_t *object, const char *key, double preset);
bool rg_json_get_bool(const json_t *object, const char *key, bool preset);

/* Whether an array holds this text; false where it is none. */
bool rg_json_has_text(const json_t *array, const char *text);

/* Sets a member to a real number, or to null when it is not finite. */
void rg_json_set_real(json_t *object, const char *key, double value);

/* A string of bytes that somebody gave, a path say: where they are no UTF-8, which json_string
 * refuses, each that is not ASCII becomes '?'. NULL when out of memory. */
json_t *rg_json_clean(const char *text);

#endif
