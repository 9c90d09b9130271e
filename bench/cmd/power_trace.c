/* power_trace.c: power traces on disk: written as the readings come, so that a killed recorder
 * loses at most its last line, and read back for the analysis. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/cmd/power.h"
#include "bench/core/fs.h"

enum { TAKE = 1024, MAX_TRACE_BYTES = 1 << 30 };

struct rg_trace {
    FILE *file;
    const char *path;
    rg_power_row rows[TAKE];
};

static rg_status write_text(rg_trace *trace, rg_text *text, rg_err *err) {
    bool lost = text->failed;
    bool ok = !lost && (!text->bytes || fwrite(text->data, 1, text->bytes, trace->file)) &&
              fflush(trace->file) == 0;
    rg_text_free(text);
    if (lost)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    return ok ? RG_OK
              : rg_fail(err, RG_IO, "free some space", "cannot write %s: %s", trace->path,
                        strerror(errno));
}

rg_status rg_trace_create(const char *path, const rg_meter *meter, rg_trace **ret_trace,
                          rg_err *err) {
    rg_trace *trace = calloc(1, sizeof *trace);
    if (!trace)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    trace->path = path;
    trace->file = fopen(path, "we");
    if (!trace->file) {
        free(trace);
        return rg_fail(err, RG_IO, "name a file that can be written", "cannot write %s: %s", path,
                       strerror(errno));
    }
    rg_text text = {0};
    size_t n;
    const rg_rail *rails = rg_meter_rails(meter, &n);
    rg_status status = rg_powerlog_add_head(rails, n, &text, err);
    if (status == RG_OK)
        status = write_text(trace, &text, err);
    if (status != RG_OK) {
        rg_trace_close(trace, NULL);
        return status;
    }
    *ret_trace = trace;
    return RG_OK;
}

rg_status rg_trace_pump(rg_trace *trace, rg_meter *meter, rg_err *err) {
    size_t n = TAKE;
    rg_status status = RG_OK;
    while (status == RG_OK && n == TAKE) {
        rg_text text = {0};
        n = rg_meter_take(meter, trace->rows, TAKE);
        for (size_t i = 0; i < n; i++)
            rg_powerlog_add_row(&trace->rows[i], &text);
        status = write_text(trace, &text, err);
    }
    return status;
}

rg_status rg_trace_span(rg_trace *trace, enum rg_powerlog_span which, rg_stretch span,
                        rg_err *err) {
    rg_text text = {0};
    rg_powerlog_add_span(which, span, &text);
    return write_text(trace, &text, err);
}

rg_status rg_trace_close(rg_trace *trace, rg_err *err) {
    if (!trace)
        return RG_OK;
    bool ok = fflush(trace->file) == 0 && (fsync(fileno(trace->file)) == 0 || errno == EINVAL);
    int code = errno;
    ok = fclose(trace->file) == 0 && ok;
    rg_status status = ok ? RG_OK
                          : rg_fail(err, RG_IO, "free some space", "cannot write %s: %s",
                                    trace->path, strerror(code));
    free(trace);
    return status;
}

rg_status rg_trace_read(const char *path, rg_arena *arena, rg_powerlog *ret_log, bool *ret_cut,
                        rg_err *err) {
    char *text;
    size_t bytes;
    rg_status status = rg_fs_read(arena, path, MAX_TRACE_BYTES, &text, &bytes, err);
    if (status == RG_ABSENT || status == RG_DENIED)
        err->status = status = RG_IO;
    if (status != RG_OK)
        return status;
    size_t whole = bytes;
    while (whole && text[whole - 1] != '\n')
        whole--;
    *ret_cut = whole < bytes;
    status = rg_powerlog_decode(text, whole, arena, ret_log, err);
    if (status != RG_OK)
        rg_err_prefix(err, "%s", path);
    return status;
}
