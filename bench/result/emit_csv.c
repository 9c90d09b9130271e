/* emit_csv.c: the rows as CSV in long form, RFC 4180: the columns are the members of a row of
 * result.json, numbers have every digit, what does not exist is empty. */
#include <math.h>
#include <string.h>

#include "bench/result/emit.h"

static void add_field(const rg_result_field *field, const void *at, rg_text *out) {
    if (field->kind == RG_RESULT_TEXT)
        rg_text_add_csv(out, *(const char *const *)at);
    else if (field->kind == RG_RESULT_COUNT)
        rg_text_printf(out, "%zu", *(const size_t *)at);
    else if (field->kind == RG_RESULT_REAL && isfinite(*(const double *)at))
        rg_text_printf(out, "%.17g", *(const double *)at);
}

void rg_csv_head(const rg_result_field *table, rg_text *out) {
    for (const rg_result_field *f = table; f->key; f++)
        rg_text_printf(out, "%s%s", f == table ? "" : ",", f->key);
    rg_text_add(out, "\r\n");
}

void rg_csv_row(const rg_result_field *table, const void *record, rg_text *out) {
    for (const rg_result_field *f = table; f->key; f++) {
        rg_text_add(out, f == table ? "" : ",");
        add_field(f, (const char *)record + f->offset, out);
    }
    rg_text_add(out, "\r\n");
}

void rg_emit_csv(const rg_result *result, const rg_emit_how *how, rg_text *ret_text) {
    (void)how;
    rg_csv_head(rg_result_row_fields, ret_text);
    for (size_t i = 0; i < result->n; i++)
        rg_csv_row(rg_result_row_fields, &result->rows[i], ret_text);
}
