/* job.c: jobs as JSON, lines over a socket. */
#include "bench/run/job.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/core/json.h"
#include "bench/run/rows.h"
#include "bench/run/turns.h"

static const char *const kinds[] = {"admit", "reference", "measure", "repeat"};

static json_t *words_to_json(const char *const *words) {
    json_t *list = json_array();
    for (; words && *words; words++)
        json_array_append_new(list, json_string(*words));
    return list;
}

json_t *rg_job_to_json(const rg_job *job) {
    return json_pack("{s:s, s:o, s:i, s:s?, s:s?, s:s?, s:s?, s:s?, s:s?, s:s?, s:b, s:b, s:I, "
                     "s:o, s:o, s:s?, s:i, s:I, s:I, s:i}",
                     "kind", kinds[job->kind], "cell", rg_cell_to_json(&job->cell), "round",
                     (int)job->round, "root", job->root, "path", job->path, "artefact",
                     job->artefact, "form", job->form, "artefact_sha256", job->artefact_sha256,
                     "reference", job->reference, "no_truth", job->no_truth, "power", job->power,
                     "per_op", job->per_op, "idle_ns", (json_int_t)job->idle_ns, "rails",
                     words_to_json(job->rails), "counters", words_to_json(job->counters), "turns",
                     job->turns, "side", job->side, "slice_ns", (json_int_t)job->slice_ns, "seed",
                     (json_int_t)job->seed, "inferences", (int)job->inferences);
}

static const char *const *words_from_json(const json_t *list, rg_arena *arena) {
    size_t n = json_array_size(list);
    const char **words = rg_arena_array(arena, n + 1, sizeof *words);
    for (size_t i = 0; words && i < n; i++)
        words[i] = rg_arena_strdup(arena, json_string_value(json_array_get(list, i)));
    return words;
}

static const char *text_of(const json_t *object, const char *key, rg_arena *arena) {
    return rg_arena_strdup(arena, rg_json_get_text(object, key, NULL));
}

rg_status rg_job_from_json(const json_t *object, rg_arena *arena, rg_job *ret_job, rg_err *err) {
    rg_job job = {.kind = RG_JOB_REPEAT};
    const char *kind = rg_json_get_text(object, "kind", "");
    while (strcmp(kind, kinds[job.kind])) {
        if (job.kind == RG_JOB_ADMIT)
            return rg_fail(err, RG_BAD_DATA, "jobs come from `railgauge run`",
                           "there is no job of kind '%s'", kind);
        job.kind--;
    }
    job.round = (uint32_t)rg_json_get_int(object, "round", 0);
    job.root = text_of(object, "root", arena);
    job.path = text_of(object, "path", arena);
    job.artefact = text_of(object, "artefact", arena);
    job.form = text_of(object, "form", arena);
    job.artefact_sha256 = text_of(object, "artefact_sha256", arena);
    job.reference = text_of(object, "reference", arena);
    job.no_truth = text_of(object, "no_truth", arena);
    job.per_op = rg_json_get_bool(object, "per_op", false);
    job.power = rg_json_get_bool(object, "power", false);
    job.idle_ns = rg_json_get_int(object, "idle_ns", 0);
    job.rails = words_from_json(json_object_get(object, "rails"), arena);
    job.counters = words_from_json(json_object_get(object, "counters"), arena);
    job.turns = text_of(object, "turns", arena);
    job.side = (int)rg_json_get_int(object, "side", 0);
    job.slice_ns = rg_json_get_int(object, "slice_ns", RG_TURNS_SLICE_NS);
    job.seed = (uint64_t)rg_json_get_int(object, "seed", 0);
    job.inferences = (uint32_t)rg_json_get_int(object, "inferences", 0);
    if (!job.rails || !job.counters)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    rg_status status = rg_cell_from_json(json_object_get(object, "cell"), arena, &job.cell, err);
    if (status == RG_OK)
        *ret_job = job;
    return status;
}

void rg_job_protocol(char *ret, size_t cap) {
    snprintf(ret, cap, "railgauge-worker %d memory=%zu sample=%zu rail=%zu power=%zu",
             RG_JOB_PROTOCOL, rg_job_memory_bytes(), sizeof(rg_sample), sizeof(rg_rail),
             sizeof(rg_power_row));
}

size_t rg_job_memory_bytes(void) {
    return sizeof(rg_job_memory) + (RG_ROWS_CAP + RG_ROWS_BLOCK) * sizeof(rg_sample);
}

static bool make_room(rg_lines *lines) {
    if (lines->start) {
        memmove(lines->data, lines->data + lines->start, lines->bytes - lines->start);
        lines->bytes -= lines->start;
        lines->start = 0;
    }
    if (lines->cap - lines->bytes > 4096)
        return true;
    size_t cap = lines->cap ? lines->cap * 2 : 16384;
    char *bigger = cap > RG_JOB_LINE_BYTES ? NULL : realloc(lines->data, cap);
    if (!bigger)
        return false;
    lines->data = bigger;
    lines->cap = cap;
    return true;
}

rg_status rg_lines_fill(rg_lines *lines, int fd) {
    if (!make_room(lines))
        return RG_NO_MEMORY;
    ssize_t n = read(fd, lines->data + lines->bytes, lines->cap - lines->bytes - 1);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR ? RG_AGAIN : RG_ABSENT;
    lines->bytes += (size_t)n;
    return n ? RG_OK : RG_ABSENT;
}

char *rg_lines_next(rg_lines *lines) {
    size_t left = lines->bytes - lines->start;
    char *line = lines->data + lines->start;
    char *end = left ? memchr(line, '\n', left) : NULL;
    if (!end)
        return NULL;
    *end = '\0';
    lines->start += (size_t)(end - line) + 1;
    return line;
}

void rg_lines_free(rg_lines *lines) {
    free(lines->data);
    *lines = (rg_lines){0};
}

bool rg_line_send(int fd, const json_t *value) {
    char *text = value ? json_dumps(value, JSON_COMPACT | JSON_REAL_PRECISION(17)) : NULL;
    size_t left = text ? strlen(text) : 0;
    bool sent = text != NULL;
    if (text)
        text[left++] = '\n'; /* in place of the NUL: the length is known */
    for (char *at = text; sent && left;) {
        ssize_t n = send(fd, at, left, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        sent = n > 0;
        at += n > 0 ? n : 0;
        left -= n > 0 ? (size_t)n : 0;
    }
    free(text);
    return sent;
}
