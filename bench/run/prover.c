/* prover.c: the cache of reference outputs. A cache file is a line of JSON
 * (format, sizes, SHA-256 of the data) and the outputs as raw little-endian elements. */
#include "bench/run/prover.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/cache.h"
#include "bench/core/fs.h"
#include "bench/core/json.h"
#include "bench/core/text.h"
#include "bench/iface/exec.h"

#define FORMAT "railgauge-reference-1"

rg_status rg_reference_path(rg_arena *arena, const char *model_sha256, const rg_input_set *set,
                            char **ret_path, rg_err *err) {
    char program[RG_HASH_HEX], name[RG_HASH_HEX], *dir;
    rg_status status = rg_hash_file("/proc/self/exe", program, err);
    if (status == RG_OK)
        status = rg_fs_cache_dir(arena, "reference", &dir, err);
    if (status != RG_OK)
        return status;
    const char *content = set->sha256 ? set->sha256 : "";
    char *about = rg_arena_printf(arena, "%s %s %s %s%s %llu %u", FORMAT, program, model_sha256,
                                  set->kind, content, (unsigned long long)set->seed, set->repeat);
    if (about)
        rg_hash_bytes(about, strlen(about), name);
    char *path = about ? rg_arena_printf(arena, "%s/%s", dir, name) : NULL;
    if (!path)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    *ret_path = path;
    return RG_OK;
}

static size_t all_out_bytes(const rg_graph *graph, uint32_t repeat) {
    size_t bytes = 0;
    for (uint32_t i = 0; i < graph->n_out; i++)
        bytes += repeat * graph->tensors[graph->out[i]].bytes;
    return bytes;
}

/* Sample b through the executor, outputs to their places in `data`. */
static void run_sample(rg_exec *exec, const rg_graph *graph, char *const *inputs, uint32_t b,
                       uint32_t repeat, char *data) {
    for (uint32_t i = 0; i < graph->n_in; i++) {
        size_t bytes = graph->tensors[graph->in[i]].bytes;
        memcpy(rg_exec_input(exec, i), inputs[i] + b * bytes, bytes);
    }
    rg_exec_run(exec);
    for (uint32_t i = 0; i < graph->n_out; i++) {
        size_t bytes = graph->tensors[graph->out[i]].bytes;
        memcpy(data + b * bytes, rg_exec_output(exec, i), bytes);
        data += repeat * bytes;
    }
}

static rg_status compute(const rg_graph *graph, const rg_input_set *set, rg_arena *arena,
                         char *data, rg_err *err) {
    char *inputs[RG_MAX_IO];
    rg_exec *exec = NULL;
    rg_exec_options options = {.threads = 1, .reference = true};
    rg_status status = rg_exec_new(graph, &options, &exec, err);
    for (uint32_t i = 0; status == RG_OK && i < graph->n_in; i++) {
        size_t bytes = set->repeat * graph->tensors[graph->in[i]].bytes;
        inputs[i] = rg_arena_alloc(arena, bytes + 1);
        status = inputs[i] ? rg_inputs_fill(graph, i, set, inputs[i], bytes, err)
                           : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    }
    for (uint32_t b = 0; status == RG_OK && b < set->repeat; b++)
        run_sample(exec, graph, inputs, b, set->repeat, data);
    rg_exec_free(exec);
    return status;
}

static rg_status write_file(const char *path, const char *data, size_t bytes, rg_err *err) {
    char sha256[RG_HASH_HEX];
    rg_text text = {0};
    rg_hash_bytes(data, bytes, sha256);
    rg_text_printf(&text, "{\"format\": \"%s\", \"bytes\": %zu, \"sha256\": \"%s\"}\n", FORMAT,
                   bytes, sha256);
    rg_text_add_bytes(&text, data, bytes);
    rg_status status = text.failed ? rg_fail(err, RG_NO_MEMORY, NULL, "out of memory")
                                   : rg_fs_write_atomic(path, text.data, text.bytes, err);
    rg_text_free(&text);
    if (status == RG_OK && rg_cache_use(path))
        rg_cache_make_room();
    /* two runs may make the same file at once; either one's will do */
    return status == RG_IO && rg_fs_exists(path) ? RG_OK : status;
}

rg_status rg_reference_make(const rg_graph *graph, const rg_input_set *set, const char *path,
                            rg_err *err) {
    if (graph->n_in > RG_MAX_IO || graph->n_out > RG_MAX_IO)
        return rg_fail(err, RG_UNSUPPORTED, NULL, "more than %d inputs or outputs", RG_MAX_IO);
    rg_arena *arena = rg_arena_new(0);
    size_t bytes = all_out_bytes(graph, set->repeat);
    char *data = arena ? rg_arena_alloc(arena, bytes + 1) : NULL;
    rg_status status = data ? compute(graph, set, arena, data, err)
                            : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    if (status == RG_OK)
        status = write_file(path, data, bytes, err);
    rg_arena_free(arena);
    return status;
}

static rg_status damaged(const char *path, rg_err *err) {
    return rg_fail(err, RG_BAD_DATA, "delete the file; it is computed anew",
                   "the cached reference %s is damaged", path);
}

rg_status rg_reference_read(rg_arena *arena, const rg_graph *graph, uint32_t repeat,
                            const char *path, rg_reference *ret_reference, rg_err *err) {
    char *file;
    size_t bytes, wanted = all_out_bytes(graph, repeat);
    if (!rg_fs_exists(path))
        return rg_fail(err, RG_ABSENT, NULL, "there is no reference %s", path);
    rg_status status = rg_fs_read(arena, path, wanted + 4096, &file, &bytes, err);
    if (status != RG_OK)
        return status;
    char *line_end = memchr(file, '\n', bytes);
    json_t *head = NULL;
    if (!line_end || rg_json_parse(file, (size_t)(line_end - file), path, &head, NULL) != RG_OK)
        return damaged(path, err);
    rg_reference reference = {.n_out = graph->n_out};
    const char *data = line_end + 1;
    bool whole = bytes - (size_t)(data - file) == wanted;
    if (whole)
        rg_hash_bytes(data, wanted, reference.sha256);
    whole = whole && !strcmp(rg_json_get_text(head, "format", ""), FORMAT) &&
            !strcmp(rg_json_get_text(head, "sha256", ""), reference.sha256);
    json_decref(head);
    if (!whole)
        return damaged(path, err);
    for (uint32_t i = 0; i < graph->n_out; i++) {
        reference.out[i] = data;
        data += repeat * graph->tensors[graph->out[i]].bytes;
    }
    *ret_reference = reference;
    return RG_OK;
}

rg_status rg_reference_compare(const rg_graph *graph, const rg_reference *reference,
                               const rg_io *io, uint32_t repeat, bool exact_target,
                               rg_agreement *ret_agreement, rg_err *err) {
    rg_agreement agreement = RG_AGREEMENT_INIT;
    agreement.through = rg_agree_through(graph);
    for (uint32_t i = 0; i < reference->n_out; i++) {
        const rg_tensor *tensor = &graph->tensors[graph->out[i]];
        if (i >= io->n_out || io->out_bytes[i] != repeat * tensor->bytes) {
            agreement.ok = agreement.exact = false;
            snprintf(agreement.why, sizeof agreement.why,
                     "output %u has another size than the model's", i);
            break;
        }
        rg_agree_output(&agreement, tensor, repeat, exact_target, reference->out[i], io->out[i]);
    }
    *ret_agreement = agreement;
    if (agreement.ok)
        return RG_OK;
    return rg_fail(err, RG_WRONG,
                   "the target's result cannot be trusted: compare with `railgauge "
                   "infer`, update its runtime, or report it to its maker",
                   "the output differs from the reference: %s", agreement.why);
}
