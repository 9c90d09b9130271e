/* eembc.c: reads a session, works its windows out again, and looks for what makes it invalid. */
#include "bench/result/eembc.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/fs.h"
#include "bench/core/json.h"
#include "bench/result/stats.h"

enum { MAX_TRACE_BYTES = 256 << 20, MAX_TEXT_BYTES = 16 << 20, HEAD_BYTES = 5, MARK = 0xF1 };

/* --- files ------------------------------------------------------------------------------------ */

static rg_status read_file(const char *folder, const char *name, size_t limit, rg_arena *arena,
                           char **ret, size_t *ret_bytes, rg_err *err) {
    char *path = rg_fs_join(arena, folder, name);
    if (!path)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    rg_status status = rg_fs_read(arena, path, limit, ret, ret_bytes, err);
    if (status == RG_ABSENT || status == RG_DENIED)
        status = err->status = RG_IO;
    return status;
}

static float float_at(const char *data) {
    const unsigned char *b = (const unsigned char *)data;
    uint32_t bits = (uint32_t)b[3] << 24 | (uint32_t)b[2] << 16 | (uint32_t)b[1] << 8 | b[0];
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* A byte 0xF1, the rate, then microjoules a sample; all little-endian. */
static rg_status read_samples(const char *folder, rg_arena *arena, rg_eembc *session, rg_err *err) {
    char *data;
    size_t bytes;
    rg_status status =
        read_file(folder, "trace1-energy.bin", MAX_TRACE_BYTES, arena, &data, &bytes, err);
    if (status != RG_OK)
        return status;
    size_t n = bytes > HEAD_BYTES ? (bytes - HEAD_BYTES) / 4 : 0;
    session->rate_hz = n ? (double)float_at(data + 1) : 0;
    if (!n || (unsigned char)data[0] != MARK || (bytes - HEAD_BYTES) % 4 ||
        !(session->rate_hz >= 1 && session->rate_hz <= 1e7))
        return rg_fail(err, RG_BAD_DATA, "take it from the submission again",
                       "trace1-energy.bin is no energy trace");
    float *samples = rg_arena_array(arena, n, sizeof *samples);
    if (!samples)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory for %zu samples", n);
    for (size_t i = 0; i < n; i++) {
        samples[i] = float_at(data + HEAD_BYTES + 4 * i);
        if (!isfinite(samples[i]))
            return rg_fail(err, RG_BAD_DATA, NULL, "sample %zu is no number", i);
    }
    session->samples_uj = samples;
    session->n_samples = n;
    return RG_OK;
}

/* Inferences run between every second pair of edges, from the second edge on. */
static rg_status take_edges(const json_t *edges, rg_eembc *session, rg_err *err) {
    double last_s = 0;
    session->n_edges = json_array_size(edges);
    for (size_t i = 0; i < session->n_edges; i++) {
        const json_t *edge = json_array_get(edges, i);
        double t_s = json_is_number(edge) ? json_number_value(edge) : NAN;
        if (!(t_s >= last_s) || t_s * session->rate_hz > (double)session->n_samples)
            return rg_fail(err, RG_BAD_DATA, NULL,
                           "edge %zu of trace1-timestamps.json is not within the trace", i + 1);
        if (i % 2 == 1 && i + 1 < session->n_edges && session->n_windows < RG_EEMBC_WINDOWS)
            session->windows[session->n_windows++] = (rg_eembc_window){
                .number = (unsigned)i + 1, .start_s = t_s, .published_uj = NAN, .asked_s = NAN};
        else if (i % 2 == 0 && session->n_windows)
            session->windows[session->n_windows - 1].end_s = t_s;
        last_s = t_s;
    }
    return session->n_windows
               ? RG_OK
               : rg_fail(err, RG_BAD_DATA, NULL, "trace1-timestamps.json has no window");
}

static rg_status read_edges(const char *folder, rg_arena *arena, rg_eembc *session, rg_err *err) {
    char *text;
    size_t bytes;
    json_t *edges = NULL;
    rg_status status =
        read_file(folder, "trace1-timestamps.json", MAX_TEXT_BYTES, arena, &text, &bytes, err);
    if (status == RG_OK)
        status = rg_json_parse(text, bytes, "trace1-timestamps.json", &edges, err);
    if (status == RG_OK && !json_is_array(edges))
        status = rg_fail(err, RG_BAD_DATA, NULL, "trace1-timestamps.json is no list");
    if (status == RG_OK)
        status = take_edges(edges, session, err);
    json_decref(edges);
    return status;
}

/* --- log and results: lines of "SECONDS WHO: WORDS"
 * ----------------------------------------------- */

typedef void (*take_line)(const char *line, rg_eembc *session, void *user);

/* A missing text is no error: what it would tell stays unknown. */
static rg_status each_line(const char *folder, const char *name, rg_arena *arena, take_line take,
                           rg_eembc *session, void *user) {
    char *text;
    size_t bytes;
    if (read_file(folder, name, MAX_TEXT_BYTES, arena, &text, &bytes, &(rg_err)RG_ERR_INIT) !=
        RG_OK)
        return RG_OK;
    char *copy = rg_arena_alloc(arena, bytes + 1), *line;
    if (!copy)
        return RG_NO_MEMORY;
    memcpy(copy, text, bytes);
    copy[bytes] = '\0';
    while ((line = strsep(&copy, "\r\n")))
        take(line, session, user);
    return RG_OK;
}

/* Inferences asked for, and how long each run of them took by the log's clock. */
static void take_log(const char *line, rg_eembc *session, void *user) {
    double *started_s = user, at_s = strtod(line, NULL);
    const char *infer = strstr(line, "parser: Command \"io dut infer ");
    const char *model = strstr(line, "-key[model]-val[");
    if (infer) {
        session->inferences = strtod(infer + strlen("parser: Command \"io dut infer "), NULL);
        session->n_asked++;
    } else if (strstr(line, "[dut]: m-infer-start")) {
        *started_s = at_s;
    } else if (strstr(line, "[dut]: m-infer-done") && session->n_asked &&
               session->n_asked <= session->n_windows) {
        session->windows[session->n_asked - 1].asked_s = at_s - *started_s;
    } else if (model) {
        sscanf(model, "-key[model]-val[%31[a-z0-9]", session->model);
    }
}

static void take_result(const char *line, rg_eembc *session, void *user) {
    unsigned *number = user;
    const char *words = strstr(line, "ulp-ml: ");
    double value;
    if (!words)
        return;
    if (sscanf(words, "ulp-ml: Energy data for window %u", number) == 1)
        return;
    if (sscanf(words, "ulp-ml: Median energy cost is %lf", &value) == 1)
        session->published_median_uj = value;
    if (sscanf(words, "ulp-ml:   Energy       : %lf", &value) != 1)
        return;
    for (size_t i = 0; i < session->n_windows; i++) {
        if (session->windows[i].number == *number)
            session->windows[i].published_uj = value;
    }
}

/* --- figures ---------------------------------------------------------------------------------- */

static double window_energy(const rg_eembc *session, const rg_eembc_window *window) {
    size_t from = (size_t)llround(window->start_s * session->rate_hz);
    size_t to = (size_t)llround(window->end_s * session->rate_hz);
    double sum = 0;
    for (size_t i = from; i < to && i < session->n_samples; i++)
        sum += (double)session->samples_uj[i];
    return sum;
}

static void work_out(rg_eembc *session) {
    double each[RG_EEMBC_WINDOWS];
    for (size_t i = 0; i < session->n_windows; i++) {
        rg_eembc_window *window = &session->windows[i];
        window->energy_uj = window_energy(session, window);
        session->short_windows |= window->end_s - window->start_s < 10;
        each[i] = window->energy_uj / session->inferences;
    }
    rg_sort_reals(each, session->n_windows);
    session->median_uj = session->inferences > 0 ? rg_quantile(each, session->n_windows, 0.5) : NAN;
}

static rg_status check_edges(const rg_eembc *session, rg_err *err) {
    size_t expected = 2 * (size_t)session->n_asked + 1;
    if (session->n_asked ? session->n_edges == expected : session->n_edges % 2 == 1)
        return RG_OK;
    if (!session->n_asked)
        return rg_fail(err, RG_INVALID, "measure again, or look at the trace",
                       "%zu edges: an odd number belongs to whole windows, one was lost",
                       session->n_edges);
    return rg_fail(
        err, RG_INVALID, "measure again: what counts as inference here is what lies between",
        "%zu edges where %u runs of inferences make %zu: with a lost edge the windows are "
        "the wrong halves",
        session->n_edges, session->n_asked, expected);
}

/* The log's clock includes the serial line; a window that is a tenth off is another thing. */
static rg_status check_lengths(const rg_eembc *session, rg_err *err) {
    for (size_t i = 0; i < session->n_windows; i++) {
        const rg_eembc_window *window = &session->windows[i];
        double length_s = window->end_s - window->start_s;
        if (fabs(length_s - window->asked_s) > 0.1 * window->asked_s + 0.5)
            return rg_fail(err, RG_INVALID, "measure again",
                           "window %u lasts %.3f s, but the log's inferences took %.3f s",
                           window->number, length_s, window->asked_s);
    }
    return RG_OK;
}

static rg_status check_published(const rg_eembc *session, rg_err *err) {
    for (size_t i = 0; i < session->n_windows; i++) {
        const rg_eembc_window *window = &session->windows[i];
        if (fabs(window->energy_uj - window->published_uj) > 1e-3 * window->published_uj)
            return rg_fail(err, RG_INVALID, "ask the submitter",
                           "window %u holds %.6g uJ, %.6g uJ were published", window->number,
                           window->energy_uj, window->published_uj);
    }
    return RG_OK;
}

rg_status rg_eembc_read(const char *folder, rg_arena *arena, rg_eembc *ret_session, rg_err *err) {
    double started_s = NAN;
    unsigned number = 0;
    *ret_session = (rg_eembc){.median_uj = NAN, .published_median_uj = NAN};
    rg_status status = read_samples(folder, arena, ret_session, err);
    if (status == RG_OK)
        status = read_edges(folder, arena, ret_session, err);
    if (status == RG_OK)
        status = each_line(folder, "log.txt", arena, take_log, ret_session, &started_s);
    if (status == RG_OK)
        status = each_line(folder, "results.txt", arena, take_result, ret_session, &number);
    if (status != RG_OK)
        return status;
    work_out(ret_session);
    status = check_edges(ret_session, err);
    if (status == RG_OK)
        status = check_lengths(ret_session, err);
    return status == RG_OK ? check_published(ret_session, err) : status;
}

static json_t *window_to_json(const rg_eembc_window *window) {
    json_t *row = json_pack("{s:i}", "window", (int)window->number);
    rg_json_set_real(row, "start_s", window->start_s);
    rg_json_set_real(row, "seconds", window->end_s - window->start_s);
    rg_json_set_real(row, "energy_uj", window->energy_uj);
    rg_json_set_real(row, "published_uj", window->published_uj);
    rg_json_set_real(row, "log_seconds", window->asked_s);
    return row;
}

json_t *rg_eembc_to_json(const rg_eembc *session) {
    json_t *all =
        json_pack("{s:s, s:s, s:I, s:b}", "provenance", "imported", "model", session->model,
                  "edges", (json_int_t)session->n_edges, "short_windows", session->short_windows);
    json_t *windows = json_array();
    for (size_t i = 0; i < session->n_windows; i++)
        json_array_append_new(windows, window_to_json(&session->windows[i]));
    rg_json_set_real(all, "rate_hz", session->rate_hz);
    rg_json_set_real(all, "inferences_per_window", session->inferences);
    rg_json_set_real(all, "median_uj_per_inference", session->median_uj);
    rg_json_set_real(all, "published_median_uj", session->published_median_uj);
    json_object_set_new(all, "windows", windows);
    return all;
}
