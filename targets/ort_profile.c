/* ort_profile.c: the runtime's own profiler: a second session of the same kind runs a few times
 * with it on, so that the measured one is not slowed, and its JSON gives each node's provider and
 * time. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/core/fs.h"
#include "bench/core/json.h"
#include "targets/ort_session.h"

enum { WARM = 2, PROFILED = 9 };

static const char tail[] = "_kernel_time";

/* --- the file --------------------------------------------------------------------------------- */

static bool is_node(const json_t *event) {
    size_t n = strlen(rg_json_get_text(event, "name", ""));
    return !strcmp(rg_json_get_text(event, "cat", ""), "Node") && n > strlen(tail) &&
           !strcmp(rg_json_get_text(event, "name", "") + n - strlen(tail), tail);
}

/* How many node events one run has, and which event the last `runs` runs begin at: each run ends
 * with an event of its own. */
typedef struct extent {
    size_t first;
    uint32_t nodes, runs;
} extent;

static bool is_run(const json_t *event) {
    return !strcmp(rg_json_get_text(event, "name", ""), "model_run");
}

/* Node events come before the run that they belong to. */
static extent find_extent(const json_t *list, uint32_t wanted) {
    extent e = {0};
    size_t i;
    json_t *event;
    uint32_t all = 0, seen = 0;
    json_array_foreach((json_t *)list, i, event) {
        all += is_run(event);
    }
    uint32_t skip = all > wanted ? all - wanted : 0;
    json_array_foreach((json_t *)list, i, event) {
        if (is_run(event) && ++seen == skip)
            e.first = i + 1;
    }
    e.runs = all - skip;
    uint32_t nodes = 0;
    for (i = e.first; i < json_array_size(list); i++)
        nodes += is_node(json_array_get(list, i));
    e.nodes = e.runs ? nodes / e.runs : 0;
    return e;
}

static int32_t index_of(const json_t *args) {
    const char *text = rg_json_get_text(args, "node_index", NULL);
    return text ? (int32_t)strtol(text, NULL, 10)
                : (int32_t)rg_json_get_int(args, "node_index", -1);
}

static bool describe(rg_arena *arena, const json_t *event, const rg_ort_file *file,
                     rg_ort_event *ret) {
    const json_t *args = json_object_get(event, "args");
    const char *name = rg_json_get_text(event, "name", "");
    ret->name = rg_arena_printf(arena, "%.*s", (int)(strlen(name) - strlen(tail)), name);
    ret->type = rg_arena_strdup(arena, rg_json_get_text(args, "op_name", ""));
    ret->provider = rg_arena_strdup(arena, rg_json_get_text(args, "provider", ""));
    if (!ret->name || !ret->type || !ret->provider)
        return false;
    ret->file_node = rg_ort_file_find(file, ret->name, ret->type, index_of(args));
    ret->source = ret->file_node >= 0 ? file->nodes[ret->file_node].source : -1;
    return true;
}

static int by_value(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Where an event of a later run stands in the first one: side by side, nodes may change places. */
static uint32_t place_of(const int32_t *indices, const int32_t *seen, uint32_t n, uint32_t guess,
                         int32_t index, int32_t run) {
    for (uint32_t i = 0; i < n; i++) {
        uint32_t at = (guess + i) % n;
        if (indices[at] == index && seen[at] == run)
            return at;
    }
    return n;
}

/* Times by event and run; what is no event of the first run is left out. */
typedef struct table {
    int64_t *times;          /* runs a row */
    int32_t *indices, *seen; /* by event: the runtime's number of the node, runs so far */
} table;

static bool make_table(rg_arena *arena, extent e, table *ret) {
    ret->times = rg_arena_array(arena, (size_t)e.nodes * e.runs + 1, sizeof *ret->times);
    ret->indices = rg_arena_array(arena, e.nodes + 1, sizeof *ret->indices);
    ret->seen = rg_arena_array(arena, e.nodes + 1, sizeof *ret->seen);
    return ret->times && ret->indices && ret->seen;
}

static bool take_event(rg_arena *arena, const json_t *event, const rg_ort_file *file, extent e,
                       size_t number, table *t, rg_ort_profile *ret) {
    int32_t index = index_of(json_object_get(event, "args"));
    uint32_t run = (uint32_t)(number / e.nodes), at = (uint32_t)(number % e.nodes);
    if (run == 0) {
        t->indices[at] = index;
        if (!describe(arena, event, file, &ret->events[at]))
            return false;
    } else {
        at = place_of(t->indices, t->seen, e.nodes, at, index, (int32_t)run);
    }
    if (at < e.nodes)
        t->times[(size_t)at * e.runs + (uint32_t)t->seen[at]++] =
            rg_json_get_int(event, "dur", 0) * 1000;
    return true;
}

/* Events of one run are described by its first; times are medians, event by event. */
static rg_status take_events(rg_arena *arena, const json_t *list, const rg_ort_file *file, extent e,
                             rg_ort_profile *ret, rg_err *err) {
    table t;
    ret->events = rg_arena_array(arena, e.nodes + 1, sizeof *ret->events);
    bool good = ret->events && make_table(arena, e, &t);
    size_t number = 0, most = (size_t)e.nodes * e.runs;
    for (size_t i = e.first; good && i < json_array_size(list) && number < most; i++) {
        const json_t *event = json_array_get(list, i);
        if (is_node(event))
            good = take_event(arena, event, file, e, number++, &t, ret);
    }
    for (uint32_t n = 0; good && n < e.nodes; n++) {
        int64_t *times = t.times + (size_t)n * e.runs;
        qsort(times, (size_t)t.seen[n], sizeof *times, by_value);
        ret->events[n].ns = times[t.seen[n] / 2];
    }
    ret->n = e.nodes;
    ret->runs = e.runs;
    return good ? RG_OK : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory for a profile");
}

rg_status rg_ort_profile_read(rg_arena *arena, const char *path, const rg_ort_file *file,
                              uint32_t runs, rg_ort_profile *ret_profile, rg_err *err) {
    json_t *list = NULL;
    rg_ort_profile profile = {0};
    rg_status status = rg_json_read(path, &list, err);
    extent e = status == RG_OK ? find_extent(list, runs) : (extent){0};
    if (status == RG_OK && !e.nodes)
        status = rg_fail(err, RG_UNSUPPORTED, "use a newer ONNX Runtime",
                         "the runtime's profile has no times of nodes");
    if (status == RG_OK)
        status = take_events(arena, list, file, e, &profile, err);
    json_decref(list);
    if (status == RG_OK)
        *ret_profile = profile;
    return status;
}

/* --- making one ------------------------------------------------------------------------------- */

static rg_status run_often(rg_program *p, void *handle, rg_err *err) {
    rg_ort_slot slot = {0};
    rg_status status = rg_ort_slot_make(p, handle, &slot, err);
    for (uint32_t i = 0; status == RG_OK && i < p->in.n; i++)
        memcpy(slot.in_data[i], p->slots[0].in_data[i], p->in.items[i].bytes);
    for (int i = 0; status == RG_OK && i < WARM + PROFILED; i++)
        status = rg_ort_slot_run(p, handle, &slot, err);
    rg_ort_slot_free(p->session->ort, &slot);
    return status;
}

/* Ends the profile and reads it; the runtime chose the rest of its name. */
static rg_status read_result(rg_program *p, void *handle, rg_err *err) {
    const rg_ort *ort = p->session->ort;
    void *allocator = NULL;
    char *path = NULL;
    rg_status status =
        rg_ort_check(ort, ort->GetAllocatorWithDefaultOptions(&allocator), "an allocator", err);
    if (status == RG_OK)
        status = rg_ort_check(ort, ort->SessionEndProfiling(handle, allocator, &path),
                              "ending the profile", err);
    if (status == RG_OK)
        status = rg_ort_profile_read(p->arena, path, &p->file, PROFILED, &p->profile, err);
    if (path)
        rg_ort_check(ort, ort->AllocatorFree(allocator, path), "freeing a name", NULL);
    return status;
}

static rg_status profile_in(rg_program *p, const char *folder, rg_err *err) {
    void *handle = NULL;
    const char *prefix = rg_arena_printf(p->arena, "%s/profile", folder);
    rg_status status = prefix ? rg_ort_session_new(p->session, p->workload, &p->file, p->repeat,
                                                   prefix, &handle, err)
                              : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    if (status == RG_OK)
        status = run_often(p, handle, err);
    if (status == RG_OK)
        status = read_result(p, handle, err);
    if (handle)
        p->session->ort->ReleaseSession(handle);
    return status;
}

rg_status rg_ort_profile_make(rg_program *p, rg_err *err) {
    char folder[512];
    const char *base = getenv("TMPDIR");
    if (p->profiled)
        return p->profile_status;
    p->profiled = true;
    snprintf(folder, sizeof folder, "%.400s/railgauge-ort-XXXXXX", base && *base ? base : "/tmp");
    if (!mkdtemp(folder))
        return p->profile_status = rg_fail(err, RG_IO, "set TMPDIR to a folder that can be written",
                                           "no folder for the runtime's profile: %s", folder);
    p->profile_status = rg_ort_join(p, err);
    if (p->profile_status == RG_OK)
        p->profile_status = profile_in(p, folder, err);
    rg_fs_remove_tree(folder, NULL);
    return p->profile_status;
}
