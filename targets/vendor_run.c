/* vendor_run.c: one run of a vendor's tool: what it says while it runs, when it measured, what it
 * told (vendor_tool.h). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/core/clock.h"
#include "bench/core/fs.h"
#include "targets/vendor_priv.h"

enum { MOST_OUTPUT = 64 << 20, STOP_MS = 2000 };

/* What it says, and when the two marks came. */
typedef struct hearing {
    rg_text text;
    int64_t started_ns, begin_ns, end_ns;
} hearing;

static int64_t mark(const hearing *h, const char *word, int64_t before_ns) {
    return before_ns || !word || !h->text.data || !strstr(h->text.data, word) ? before_ns
                                                                              : rg_clock_real_ns();
}

static rg_status hear(const rg_vendor_spec *spec, rg_process *process, int64_t deadline_ns,
                      hearing *h, rg_err *err) {
    char bytes[4096];
    size_t n = 0;
    rg_status status = RG_OK;
    do {
        status = rg_process_hear(process, bytes, sizeof bytes, deadline_ns, &n, err);
        if (status == RG_OK)
            rg_text_add_bytes(&h->text, bytes, n);
        h->begin_ns = mark(h, spec->begin, h->begin_ns);
        h->end_ns = mark(h, spec->end, h->end_ns);
        if (status == RG_OK && h->text.bytes > MOST_OUTPUT)
            status = rg_fail(err, RG_FAILED, "leave --verbose out", "%s says more than 64 MiB",
                             spec->target);
    } while (status == RG_OK && n);
    h->end_ns = h->end_ns ? h->end_ns : rg_clock_real_ns();
    h->begin_ns = h->begin_ns ? h->begin_ns : h->started_ns;
    if (status == RG_OK && h->text.failed)
        status = rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    return status;
}

static const char *last_line(char *text) {
    size_t n = text ? strlen(text) : 0;
    while (n && (text[n - 1] == '\n' || text[n - 1] == ' '))
        text[--n] = '\0';
    char *line = n ? strrchr(text, '\n') : NULL;
    return line ? line + 1 : n ? text : "it said nothing";
}

static rg_status run_tool(const rg_vendor_spec *spec, rg_vendor_words *words, int64_t deadline_ns,
                          hearing *h, rg_err *err) {
    rg_process process = RG_NO_PROCESS;
    char how[96];
    h->started_ns = rg_clock_real_ns();
    rg_status status = rg_process_start(words->argv, &process, err);
    if (status != RG_OK)
        return status;
    status = hear(spec, &process, deadline_ns, h, err);
    int code = rg_process_stop(&process, status == RG_OK ? STOP_MS : 0, how, sizeof how);
    if (status == RG_TIMEOUT)
        return rg_fail(err, RG_FAILED, "raise the tier's cap, or look why it hangs",
                       "%s did not end in time and was stopped", spec->target);
    if (status == RG_OK && code != 0)
        return rg_fail(err, RG_FAILED, "run the command of the record by hand to see why",
                       "%s %s: %.300s", spec->target, *how ? how : "was stopped",
                       last_line(h->text.data));
    return status;
}

/* What it told, on its output and in its file of single requests. */
static rg_status read_told(rg_program *program, hearing *h, const char *times, rg_err *err) {
    const rg_vendor_spec *spec = program->session->spec;
    const rg_foreign_format *format = rg_foreign_find(spec->target);
    rg_foreign_clear(program->list);
    rg_arena_free(program->arena);
    program->arena = rg_arena_new(0);
    if (!program->arena || !format || !h->text.data)
        return rg_fail(err, RG_FAILED, "run the command of the record by hand", "%s said nothing",
                       spec->target);
    rg_status status =
        format->read(h->text.data, h->text.bytes, program->arena, program->list, err);
    char *text = NULL;
    size_t bytes = 0;
    if (status == RG_OK && *times)
        status = rg_fs_read(program->arena, times, MOST_OUTPUT, &text, &bytes, err);
    if (status == RG_OK && *times)
        status = format->read(text, bytes, program->arena, program->list, err);
    if (status == RG_OK && program->list->n != (*times ? 2 : 1))
        status = rg_fail(err, RG_FAILED, "leave flags out that make it measure several things",
                         "%s told %zu results in place of one", spec->target, program->list->n);
    if (status == RG_BAD_DATA || status == RG_IO)
        err->status = status = RG_FAILED;
    return status;
}

/* Requests that took longer than the tool ran: it tells of another run, or counts otherwise. */
static rg_status check_span(const rg_program *program, const hearing *h, const rg_foreign *result,
                            rg_err *err) {
    if (!result->n_rows)
        return RG_OK;
    double told = (double)(result->rows[result->n_rows - 1].end_ns - result->rows[0].start_ns);
    double ran = (double)(h->end_ns - h->started_ns);
    if (told <= ran)
        return RG_OK;
    return rg_fail(err, RG_FAILED, "run the command of the record by hand",
                   "%s tells %.3g s of requests after running for %.3g s",
                   program->session->spec->target, told * 1e-9, ran * 1e-9);
}

static rg_status fill(rg_program *program, const hearing *h, int64_t measured_ns, rg_whole *ret,
                      rg_err *err) {
    const rg_foreign_list *list = program->list;
    rg_whole whole = {list->items[0], h->begin_ns, h->end_ns, 0};
    if (list->n == 2) {
        whole.result.rows = list->items[1].rows;
        whole.result.n_rows = list->items[1].n_rows;
        whole.result.n = whole.result.n_rows;
        json_object_update_missing(whole.result.told, list->items[1].told);
    }
    whole.inferences = whole.result.n_rows;
    double rate = json_number_value(json_object_get(whole.result.told, "throughput_per_s"));
    if (!whole.inferences && program->session->spec->by_time && rate > 0) {
        int64_t start = whole.end_ns - measured_ns;
        whole.start_ns = start > h->started_ns ? start : h->started_ns;
        /* the tool tells samples, the hub counts requests of `batch` samples */
        double batch = program->session->settings.batch > 1 ? program->session->settings.batch : 1;
        double span_s = (double)(whole.end_ns - whole.start_ns) * 1e-9;
        whole.inferences = (uint64_t)llround(rate * span_s / batch);
    }
    rg_status status = check_span(program, h, &whole.result, err);
    if (status == RG_OK)
        *ret = whole;
    return status;
}

rg_status rg_vendor_run_whole(rg_program *program, const rg_whole_ask *ask, rg_whole *ret_whole,
                              rg_err *err) {
    const rg_vendor_spec *spec = program->session->spec;
    char times[64] = "";
    rg_vendor_words words;
    int64_t measured_ns;
    hearing h = {0};
    if (spec->has_times)
        snprintf(times, sizeof times, "/tmp/railgauge-times-%d.json", (int)getpid());
    rg_status status = rg_vendor_make_words(program, ask, times, &words, &measured_ns, err);
    if (status == RG_OK)
        status = run_tool(spec, &words, ask->deadline_ns + program->session->options.build_limit_ns,
                          &h, err);
    if (status == RG_OK)
        status = read_told(program, &h, times, err);
    if (status == RG_OK)
        status = fill(program, &h, measured_ns, ret_whole, err);
    if (status == RG_OK && spec->placement)
        spec->placement(h.text.data, &program->placement);
    if (status == RG_OK)
        json_object_set_new(ret_whole->result.settings, "command",
                            json_string(program->command.data));
    if (*times)
        unlink(times);
    rg_text_free(&h.text);
    return status;
}
