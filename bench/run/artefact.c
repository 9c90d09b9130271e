/* artefact.c: see artefact.h. Forms are rows: how one is recognised, and who compiles it. */
#include "bench/run/artefact.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/cache.h"
#include "bench/core/fs.h"
#include "bench/core/hef.h"
#include "bench/core/text.h"
#include "bench/iface/registry.h"
#include "bench/run/pairs.h"

/* --- forms ------------------------------------------------------------------------------------ */

/* The Edge TPU's compiler leaves one operator of its own in an ordinary .tflite. */
static bool is_edgetpu(const rg_workload *w) {
    for (uint32_t i = 0; i < w->graph->n_nodes; i++) {
        const rg_node *node = &w->graph->nodes[i];
        if (!node->known && strstr(node->kind, "edgetpu-custom-op"))
            return true;
    }
    return false;
}

static bool is_hef(const rg_workload *w) {
    return w->data && rg_hef_sniff(w->data, w->bytes);
}

/* Forms that only a vendor's compiler makes; `for_` is the word of `railgauge compile --for`. */
static const struct {
    const char *form, *for_, *suffix;
    bool (*is)(const rg_workload *);
} compiled[] = {
    {"edgetpu", "edgetpu", "_edgetpu.tflite", is_edgetpu},
    {"hef", "hailo", ".hef", is_hef},
};
enum { N_COMPILED = sizeof compiled / sizeof compiled[0] };

bool rg_artefact_is_compiled(const char *path) {
    size_t n = strlen(path);
    for (size_t i = 0; i < N_COMPILED; i++) {
        size_t m = strlen(compiled[i].suffix);
        if (n >= m && !strcmp(path + n - m, compiled[i].suffix))
            return true;
    }
    return false;
}

/* The form of the file as it is: a compiled one's, else its reader's name. */
static const char *form_of(const rg_workload *w) {
    for (size_t i = 0; i < N_COMPILED; i++) {
        if (compiled[i].is(w))
            return compiled[i].form;
    }
    return w->form ? w->form : "";
}

/* Both kinds of ONNX are one format: a file is taken as it is. */
static bool takes(const char *form, const char *actual) {
    return !strcmp(form, actual) || (!strcmp(actual, "onnx") && !strncmp(form, "onnx_", 5));
}

/* --- made by our writers ---------------------------------------------------------------------- */

/* A workload's name as part of a file's: operator cases have colons and commas in it. */
static char *file_name(rg_arena *arena, const char *name) {
    char *plain = rg_arena_printf(arena, "%.64s", name);
    for (char *at = plain; at && *at; at++)
        *at = isalnum((unsigned char)*at) || strchr("-_.", *at) ? *at : '-';
    return plain;
}

static rg_status keep(const rg_workload *w, const rg_writer *writer, const rg_text *bytes,
                      rg_arena *arena, rg_artefact *ret, rg_err *err) {
    char *dir, *name = file_name(arena, w->name);
    rg_status status = rg_fs_cache_dir(arena, "models", &dir, err);
    if (status != RG_OK || !name)
        return status != RG_OK ? status : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    rg_hash_bytes(bytes->data, bytes->bytes, ret->sha256);
    ret->form = writer->name;
    ret->path = rg_arena_printf(arena, "%s/%s-%.16s%s", dir, name, ret->sha256, writer->extension);
    if (!ret->path)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    char now[RG_HASH_HEX] = "";
    if (rg_cache_use(ret->path) && rg_hash_file(ret->path, now, NULL) == RG_OK &&
        !strcmp(now, ret->sha256))
        return RG_OK;
    status = rg_fs_write_atomic(ret->path, bytes->data, bytes->bytes, err);
    if (status == RG_OK && rg_cache_use(ret->path))
        rg_cache_make_room();
    return status;
}

static rg_status make(const rg_workload *w, const rg_writer *writer, rg_arena *arena,
                      rg_artefact *ret, rg_err *err) {
    rg_text bytes = {0};
    rg_status status = writer->write(w->graph, &bytes, err);
    if (status == RG_OK && (bytes.failed || !bytes.data))
        status = rg_fail(err, RG_NO_MEMORY, NULL, "out of memory writing %s", w->name);
    if (status == RG_OK)
        status = keep(w, writer, &bytes, arena, ret, err);
    rg_text_free(&bytes);
    return status;
}

/* --- choosing --------------------------------------------------------------------------------- */

static rg_status take_source(const rg_workload *w, const char *form, rg_artefact *ret) {
    *ret = (rg_artefact){.path = w->path, .form = form, .is_source = true};
    snprintf(ret->sha256, sizeof ret->sha256, "%s", w->sha256);
    return RG_OK;
}

static rg_status take_given(const rg_artefact_ask *ask, rg_arena *arena, rg_artefact *ret,
                            rg_err *err) {
    const char *form = ask->target->forms ? ask->target->forms[0] : "given";
    *ret = (rg_artefact){.path = rg_arena_strdup(arena, ask->given), .form = form};
    return ret->path ? rg_hash_file(ret->path, ret->sha256, err)
                     : rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
}

static rg_status try_form(const rg_artefact_ask *ask, const char *form, rg_arena *arena,
                          rg_artefact *ret, rg_err *err) {
    const char *actual = form_of(ask->workload);
    const rg_writer *writer = rg_writer_find(form);
    if (takes(form, actual))
        return take_source(ask->workload, form, ret);
    if (writer)
        return make(ask->workload, writer, arena, ret, err);
    char architecture[64];
    rg_device_fact_get(ask->device, "architecture", architecture, sizeof architecture);
    ret->form = form;
    return rg_pairs_artefact(ask->workload, form, architecture, arena, &ret->path, ret->sha256,
                             err);
}

/* Why there is none: the writer's own reason, a broken pair, or that it must be compiled. */
static rg_status refuse(const rg_artefact_ask *ask, const rg_err *why, rg_err *err) {
    const char *form = ask->target->forms[0], *for_ = NULL;
    bool tagged = !strncmp(ask->source, "file:", 5) || !strncmp(ask->source, "suite:", 6);
    const char *model = tagged ? strchr(ask->source, ':') + 1 : ask->source;
    char advice[512];
    for (size_t i = 0; i < N_COMPILED && !for_; i++)
        for_ = strcmp(compiled[i].form, form) ? NULL : compiled[i].for_;
    if (why->status != RG_OK && why->status != RG_ABSENT)
        return rg_fail(err, RG_UNSUPPORTED, why->advice, "%s takes %s: %s", ask->target->name, form,
                       why->what);
    snprintf(advice, sizeof advice,
             for_ ? "railgauge compile --for %s %s -o DIR"
                  : "make a %s file of it and name it with artefact = (%s)",
             for_ ? for_ : form, model);
    return rg_fail(err, RG_UNSUPPORTED, advice,
                   "%s takes models in the form %s, and none is paired with %s", ask->target->name,
                   form, ask->workload->name);
}

/* Whether the cell leaves this form open, or asks for it. */
static bool is_wanted(const rg_artefact_ask *ask, const char *form) {
    for (uint32_t i = 0; ask->settings && i < ask->settings->n_options; i++) {
        const rg_attr *option = &ask->settings->options[i];
        if (!strcmp(option->key, "form") && option->type == RG_ATTR_WORD && *option->word)
            return !strcmp(option->word, form);
    }
    return true;
}

rg_status rg_artefact_find(const rg_artefact_ask *ask, rg_arena *arena, rg_artefact *ret_artefact,
                           rg_err *err) {
    rg_artefact found = {0};
    rg_err why = RG_ERR_INIT;
    rg_status status = RG_ABSENT;
    if (!ask->target->forms && ask->given && *ask->given)
        return take_given(ask, arena, ret_artefact, err);
    if (!ask->target->forms)
        return take_source(ask->workload, form_of(ask->workload), ret_artefact);
    if (ask->given && *ask->given)
        return take_given(ask, arena, ret_artefact, err);
    for (size_t i = 0; status != RG_OK && ask->target->forms[i]; i++) {
        rg_err reason = RG_ERR_INIT;
        if (!is_wanted(ask, ask->target->forms[i]))
            continue;
        status = try_form(ask, ask->target->forms[i], arena, &found, &reason);
        if (status == RG_NO_MEMORY || status == RG_IO) {
            if (err)
                *err = reason;
            return status;
        }
        if (why.status == RG_OK)
            why = reason;
    }
    if (status != RG_OK)
        return refuse(ask, &why, err);
    *ret_artefact = found;
    return RG_OK;
}

rg_status rg_artefact_open(const rg_target *target, const rg_device *device,
                           const rg_settings *settings, const char *source, rg_arena *arena,
                           rg_workload *workload, rg_err *err) {
    const rg_artefact_ask ask = {target, device, workload, source, "", settings};
    rg_artefact *found = rg_arena_alloc(arena, sizeof *found);
    if (!found)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    rg_status status = rg_artefact_find(&ask, arena, found, err);
    if (status != RG_OK || found->is_source)
        return status;
    char *data;
    status = rg_fs_read(arena, found->path, SIZE_MAX, &data, &workload->bytes, err);
    if (status != RG_OK)
        return status;
    workload->data = data;
    workload->path = found->path;
    workload->form = found->form;
    workload->sha256 = found->sha256;
    return RG_OK;
}
