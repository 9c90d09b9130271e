/* vendor_tool.c: sessions and programs of vendors' tools, and the words of their command
 * (vendor_tool.h). vendor_find.c finds the tool, vendor_run.c runs it. */
#include "targets/vendor_tool.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/clock.h"
#include "bench/core/text.h"
#include "targets/vendor_find.h"
#include "targets/vendor_priv.h"

rg_status rg_vendor_lacks(const rg_vendor_run *run, const char *factor, bool asked, rg_err *err) {
    if (!asked)
        return RG_OK;
    return rg_fail(err, RG_UNSUPPORTED,
                   "leave it out; a model made for it, or the tool's own words",
                   "the tool that would run %s is not told of %s", run->model, factor);
}

void rg_vendor_word(rg_vendor_words *words, const char *format, ...) {
    va_list args;
    size_t room = sizeof words->text - words->used;
    va_start(args, format);
    int n = vsnprintf(words->text + words->used, room, format, args);
    va_end(args);
    words->full |= n < 0 || (size_t)n >= room || words->n == RG_VENDOR_WORDS;
    if (words->full)
        return;
    words->argv[words->n++] = words->text + words->used;
    words->argv[words->n] = NULL;
    words->used += (size_t)n + 1;
}

/* --- session ---------------------------------------------------------------------------------- */

static rg_status read_options(const rg_vendor_spec *spec, const rg_settings *settings,
                              rg_vendor_options *ret, rg_err *err) {
    *ret = (rg_vendor_options){.flags = ""};
    rg_status status = rg_field_presets(spec->options, ret, false, err);
    for (uint32_t i = 0; status == RG_OK && i < settings->n_options; i++)
        status = rg_field_set_attr(spec->options, ret, &settings->options[i], err);
    return status;
}

rg_status rg_vendor_open(const rg_vendor_spec *spec, const rg_device *device,
                         const rg_settings *settings, rg_session **ret_session, rg_err *err) {
    rg_session *session = calloc(1, sizeof *session);
    if (!session)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    session->spec = spec;
    session->settings = *settings;
    snprintf(session->variant, sizeof session->variant, "%s", settings->variant);
    session->settings.variant = session->variant;
    snprintf(session->device, sizeof session->device, "%s", device->id);
    rg_device_fact_get(device, "version", session->version, sizeof session->version);
    rg_status status = rg_vendor_find(spec, session->program, err);
    if (status == RG_OK)
        status = read_options(spec, settings, &session->options, err);
    if (status == RG_OK)
        status = rg_command_flags(session->options.flags, &session->flags, err);
    if (status == RG_OK)
        *ret_session = session;
    else
        free(session);
    return status;
}

void rg_vendor_close(rg_session *session) {
    free(session);
}

void rg_vendor_unload(rg_program *program) {
    if (!program)
        return;
    if (program->list)
        rg_foreign_clear(program->list);
    free(program->list);
    rg_text_free(&program->command);
    rg_arena_free(program->arena);
    free(program);
}

rg_status rg_vendor_load(rg_session *session, const rg_workload *workload, unsigned slots,
                         rg_program **ret_program, rg_err *err) {
    rg_program *program = calloc(1, sizeof *program);
    (void)slots;
    if (!program || !(program->list = calloc(1, sizeof *program->list))) {
        rg_vendor_unload(program);
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    }
    program->session = session;
    snprintf(program->model, sizeof program->model, "%s", workload->path);
    snprintf(program->form, sizeof program->form, "%s", workload->form ? workload->form : "");
    *ret_program = program;
    return RG_OK;
}

/* --- words ------------------------------------------------------------------------------------ */

/* The tier's samples are not known beforehand in seconds: twice its time, a second at least, and
 * never more than half of what is left. */
static int64_t measure_ns(const rg_whole_ask *ask) {
    int64_t ns = 2 * ask->min_ns > 1000000000 ? 2 * ask->min_ns : 1000000000;
    int64_t most = (ask->deadline_ns - rg_clock_real_ns()) / 2;
    return ns < most ? ns : most;
}

rg_status rg_vendor_make_words(rg_program *program, const rg_whole_ask *ask, const char *times,
                               rg_vendor_words *words, int64_t *ret_measure_ns, rg_err *err) {
    const rg_session *session = program->session;
    const rg_vendor_run run = {.model = program->model,
                               .form = program->form,
                               .device = session->device,
                               .version = session->version,
                               .times = times,
                               .settings = &session->settings,
                               .options = &session->options,
                               .ask = ask,
                               .measure_ns = measure_ns(ask)};
    *words = (rg_vendor_words){.n = 0};
    rg_vendor_word(words, "%s", session->program);
    rg_status status = session->spec->words(&run, words, err);
    for (size_t i = 0; i < session->flags.n; i++)
        rg_vendor_word(words, "%s", session->flags.argv[i]);
    if (status == RG_OK && words->full)
        status = rg_fail(err, RG_UNSUPPORTED, "give shorter paths and fewer flags",
                         "the command of %s is too long", session->spec->target);
    rg_text_free(&program->command);
    for (size_t i = 0; i < words->n; i++)
        rg_text_printf(&program->command, "%s%s", i ? " " : "", words->argv[i]);
    *ret_measure_ns = run.measure_ns;
    return status;
}

rg_status rg_vendor_admits(const rg_vendor_spec *spec, const rg_device *device,
                           const rg_workload *workload, const rg_settings *settings, rg_err *err) {
    const rg_whole_ask ask = {1, 1, 0, INT64_MAX};
    rg_session *session = NULL;
    rg_program *program = NULL;
    rg_vendor_words words;
    int64_t ns;
    if (*settings->cores)
        return rg_fail(err, RG_UNSUPPORTED, "leave cores out", "%s chooses its cores by itself",
                       spec->target);
    rg_status status = rg_vendor_open(spec, device, settings, &session, err);
    if (status == RG_OK)
        status = rg_vendor_load(session, workload, 1, &program, err);
    if (status == RG_OK)
        status = rg_vendor_make_words(program, &ask, "", &words, &ns, err);
    rg_vendor_unload(program);
    rg_vendor_close(session);
    return status;
}

rg_status rg_vendor_placement(rg_program *program, rg_placement *ret_placement) {
    *ret_placement = program->placement;
    return RG_OK;
}

void rg_vendor_effective(const rg_program *program, char *ret, size_t cap) {
    const rg_session *session = program->session;
    snprintf(ret, cap, "program=%s\n%s%s%s", session->program, *session->version ? "version=" : "",
             session->version, *session->version ? "\n" : "");
}
