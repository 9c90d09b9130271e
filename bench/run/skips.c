/* skips.c: see skips.h. */
#include "bench/run/skips.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "bench/run/schema.h"

bool rg_cell_matches(const char *name, const char *key, const char *pattern) {
    size_t length = strlen(pattern);
    return !strcmp(name, pattern) || fnmatch(pattern, name, 0) == 0 ||
           (length >= 4 && !strncmp(key, pattern, length));
}

static bool is_day(const char *text) {
    int year, month, day, used = 0;
    return strlen(text) == 10 && sscanf(text, "%4d-%2d-%2d%n", &year, &month, &day, &used) == 3 &&
           used == 10 && year >= 2000 && month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

static rg_status check(const json_t *entry, size_t number, rg_err *err) {
    rg_skip_spec spec = {0};
    rg_status status = rg_schema_parse(&rg_schema_skip, entry, &spec, err);
    if (status != RG_OK)
        return status;
    if (!spec.cell || !*spec.cell || !spec.reason || !*spec.reason)
        return rg_fail(err, RG_USAGE,
                       "write skip = { {cell = \"net/*\", reason = \"why\", expires = "
                       "\"2027-01-31\"} }",
                       "skip %zu does not say which cell and why", number);
    if (!spec.expires || !is_day(spec.expires))
        return rg_fail(err, RG_USAGE, "write the last day as expires = \"2027-01-31\"",
                       "skip %zu (%s) has no end: nothing is skipped for ever", number, spec.cell);
    return RG_OK;
}

rg_status rg_skips_check(const json_t *list, rg_err *err) {
    size_t i;
    json_t *entry;
    if (!list || json_is_null(list))
        return RG_OK;
    if (!json_is_array(list))
        return rg_fail(err, RG_USAGE, "write skip = { {cell = ..., reason = ..., expires = ...} }",
                       "skip must be a list");
    json_array_foreach(list, i, entry) {
        rg_status status = check(entry, i + 1, err);
        if (status != RG_OK)
            return status;
    }
    return RG_OK;
}
