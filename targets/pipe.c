/* pipe.c: any program is a target that reads requests from its standard input and answers on its
 * standard output (docs/pipe-protocol.md). A slot is a program of its own, so requests in flight
 * never wait for each other here. pipe_talk.c has the words, command.c who may name a program. */
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/core/text.h"
#include "bench/iface/target.h"
#include "targets/command.h"
#include "targets/pipe_fit.h"
#include "targets/pipe_stats.h"
#include "targets/pipe_talk.h"

#define VARIABLE "RAILGAUGE_TARGET_PIPE"
#define OPTION "railgauge run ... --target-pipe 'python3 my.py'; docs/pipe-protocol.md"

typedef struct pipe_options {
    const char *command;
    int64_t start_ns, load_ns, infer_ns;
    bool share;
} pipe_options;

#define ROW(key, type, member, preset, low, high, help)                                            \
    { key, type, offsetof(pipe_options, member), preset, low, high, NULL, "", help }
static const rg_field fields[] = {
    ROW("command", RG_FIELD_JSON, command, "", 0, 0, "the program and its words, as a list"),
    ROW("start_limit", RG_FIELD_DURATION, start_ns, "30s", 1e6, 3.6e12,
        "until it has answered hello"),
    ROW("load_limit", RG_FIELD_DURATION, load_ns, "120s", 1e6, 3.6e12, "until it has loaded"),
    ROW("infer_limit", RG_FIELD_DURATION, infer_ns, "30s", 1e6, 3.6e12, "for one inference"),
    ROW("share", RG_FIELD_BOOL, share, "true", 0, 0,
        "tensors through shared memory, where the program offers it"),
    {0},
};

struct rg_session {
    pipe_options options;
    rg_command command;
    uint32_t threads;
    char variant[64];
    pthread_mutex_t lock; /* of err: slots run on threads of their own */
    rg_err err;           /* of the last request that failed */
    rg_done done;
    bool any_done;
};

struct rg_program {
    rg_session *session;
    unsigned slots;
    int64_t overhead_ns; /* of the pipe, -1 unknown */
    rg_talk talk[];      /* one a slot */
};

static rg_status read_options(const rg_settings *settings, pipe_options *ret, rg_err *err) {
    rg_status status = rg_field_presets(fields, ret, false, err);
    for (uint32_t i = 0; status == RG_OK && i < settings->n_options; i++)
        status = rg_field_set_attr(fields, ret, &settings->options[i], err);
    return status;
}

/* What a cell asks for, which may be refused; without one, whether there is any program at all. */
static rg_status find_program(const rg_settings *settings, rg_err *err) {
    pipe_options options;
    rg_command command;
    if (!settings && rg_command_is_possible(VARIABLE))
        return RG_OK;
    if (!settings)
        return rg_fail(err, RG_ABSENT, OPTION,
                       "no program is given, and one that a scenario names needs --allow-programs");
    rg_status status = read_options(settings, &options, err);
    return status == RG_OK ? rg_command_find(options.command, VARIABLE, OPTION, &command, err)
                           : status;
}

static rg_status probe(rg_root *root, rg_device_list *ret_devices, rg_err *err) {
    (void)root, (void)err;
    rg_err why = RG_ERR_INIT;
    rg_status status = find_program(ret_devices->settings, &why);
    if (status == RG_USAGE)
        status = RG_OK; /* admits will say so */
    rg_device *device = &ret_devices->items[ret_devices->n++];
    *device = (rg_device){.status = status};
    snprintf(device->id, sizeof device->id, "pipe");
    snprintf(device->description, sizeof device->description, "a program of yours");
    snprintf(device->what, sizeof device->what, "%.250s", why.what);
    snprintf(device->advice, sizeof device->advice, "%.250s", why.advice);
    return RG_OK;
}

/* --- admission: greets the program ------------------------------------------------------------ */

/* threads and variant, which only a program with `can set` takes. One thread is what `infer` asks
 * for where nobody says anything: such a program is left alone then. */
static rg_status set_all(const rg_session *session, rg_talk *talk, rg_err *err) {
    char number[16];
    rg_status status = RG_OK;
    snprintf(number, sizeof number, "%u", session->threads);
    if (session->threads > 1 || (session->threads && talk->can & RG_TALK_SET))
        status = rg_talk_set(talk, "threads", number, err);
    if (status == RG_OK && *session->variant)
        status = rg_talk_set(talk, "variant", session->variant, err);
    return status;
}

static rg_status start(const rg_session *session, rg_talk *talk, rg_err *err) {
    const pipe_options *o = &session->options;
    const rg_talk_limits limits = {o->start_ns, o->load_ns, o->infer_ns};
    rg_status status = rg_talk_start(session->command.argv, &limits, talk, err);
    return status == RG_OK ? set_all(session, talk, err) : status;
}

static rg_status open_device(const rg_device *device, const rg_settings *settings,
                             rg_session **ret_session, rg_err *err) {
    (void)device;
    rg_session *session = calloc(1, sizeof *session);
    if (!session)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    rg_status status = read_options(settings, &session->options, err);
    if (status == RG_OK)
        status =
            rg_command_find(session->options.command, VARIABLE, OPTION, &session->command, err);
    session->threads = settings->threads;
    snprintf(session->variant, sizeof session->variant, "%s", settings->variant);
    pthread_mutex_init(&session->lock, NULL);
    if (status == RG_OK)
        *ret_session = session;
    else
        free(session);
    return status;
}

static void close_device(rg_session *session) {
    if (session)
        pthread_mutex_destroy(&session->lock);
    free(session);
}

static rg_status admits(const rg_device *device, const rg_workload *workload,
                        const rg_settings *settings, rg_err *err) {
    rg_session *session = NULL;
    rg_talk talk = {0};
    rg_status status = rg_pipe_fits_settings(workload->graph, settings, err);
    if (status == RG_OK)
        status = open_device(device, settings, &session, err);
    if (status == RG_OK)
        status = start(session, &talk, err);
    rg_talk_stop(&talk);
    close_device(session);
    return status;
}

/* --- load ------------------------------------------------------------------------------------- */

static rg_status load_slot(rg_program *program, const rg_workload *workload, rg_talk *talk,
                           rg_err *err) {
    const pipe_options *o = &program->session->options;
    rg_status status = start(program->session, talk, err);
    if (status == RG_OK)
        status = rg_talk_load(talk, workload->path, o->share, err);
    return status == RG_OK ? rg_pipe_fits_model(talk, workload->graph, err) : status;
}

static void unload(rg_program *program) {
    for (unsigned s = 0; program && s < program->slots; s++)
        rg_talk_stop(&program->talk[s]);
    free(program);
}

static rg_status load(rg_session *session, const rg_workload *workload, unsigned slots,
                      rg_program **ret_program, rg_err *err) {
    rg_program *program = calloc(1, sizeof *program + slots * sizeof *program->talk);
    rg_status status = RG_OK;
    if (!program)
        return rg_fail(err, RG_NO_MEMORY, NULL, "out of memory");
    program->session = session;
    program->slots = slots;
    for (unsigned s = 0; status == RG_OK && s < slots; s++)
        status = load_slot(program, workload, &program->talk[s], err);
    if (status == RG_OK)
        status = rg_talk_overhead(&program->talk[0], &program->overhead_ns, err);
    if (status == RG_OK)
        *ret_program = program;
    else
        unload(program);
    return status;
}

static rg_status bind_slot(rg_program *program, unsigned slot, rg_io *ret_io) {
    const rg_talk *talk = &program->talk[slot];
    unsigned char *in = talk->block, *out = talk->block + talk->out_at;
    *ret_io = (rg_io){.n_in = talk->n_in, .n_out = talk->n_out};
    for (uint32_t i = 0; i < talk->n_in; in += talk->in[i++].bytes) {
        ret_io->in[i] = in;
        ret_io->in_bytes[i] = talk->in[i].bytes;
    }
    for (uint32_t i = 0; i < talk->n_out; out += talk->out[i++].bytes) {
        ret_io->out[i] = out;
        ret_io->out_bytes[i] = talk->out[i].bytes;
    }
    return RG_OK;
}

/* --- timed ------------------------------------------------------------------------------------ */

static rg_status submit(rg_program *program, unsigned slot) {
    rg_session *session = program->session;
    rg_err err = RG_ERR_INIT;
    rg_status status = rg_talk_infer(&program->talk[slot], &err);
    if (status != RG_OK) {
        pthread_mutex_lock(&session->lock);
        session->err = err;
        pthread_mutex_unlock(&session->lock);
        return status;
    }
    if (program->slots == 1) {
        session->done = (rg_done){slot, RG_OK, -1, -1, program->talk[slot].last_ns, -1, -1};
        session->any_done = true;
    }
    return RG_OK;
}

static rg_status wait_any(rg_session *session, int64_t deadline_ns, rg_done *ret_done) {
    (void)deadline_ns;
    if (!session->any_done)
        return RG_AGAIN;
    session->any_done = false;
    *ret_done = session->done;
    return RG_OK;
}

static void trouble(const rg_session *session, rg_err *ret_err) {
    if (*session->err.what)
        *ret_err = session->err;
}

static rg_status reset(rg_program *program) {
    rg_status status = RG_OK;
    for (unsigned s = 0; status == RG_OK && s < program->slots; s++)
        status = rg_talk_reset(&program->talk[s], NULL);
    return status;
}

/* --- facts ------------------------------------------------------------------------------------ */

static rg_status placement(rg_program *program, rg_placement *ret_placement) {
    *ret_placement = program->talk[0].placement;
    return RG_OK;
}

static void usage(const rg_program *program, rg_memory *ret_memory) {
    *ret_memory = program->talk[0].memory;
}

static void effective(const rg_program *program, char *ret, size_t cap) {
    const rg_talk *talk = &program->talk[0];
    rg_text text = {0};
    rg_command_facts(&program->session->command, &text);
    for (size_t i = 0; i < talk->n_facts; i++)
        rg_text_printf(&text, "program_%s=%s\n", talk->facts[i].key, talk->facts[i].value);
    rg_text_printf(&text, "tensors=%s\n", talk->share_fd >= 0 ? "shared memory" : "pipe");
    if (program->overhead_ns >= 0)
        rg_text_printf(&text, "pipe_overhead_ns=%lld\n", (long long)program->overhead_ns);
    snprintf(ret, cap, "%s", text.data ? text.data : "");
    rg_text_free(&text);
}

static void state(rg_program *program, char *ret, size_t cap) {
    rg_pipe_own_times(program->talk, program->slots, ret, cap);
}

const rg_target rg_target_pipe = {
    .name = "pipe",
    .summary = "a program of yours that answers requests line by line (docs/pipe-protocol.md)",
    .caps = RG_TARGET_STATEFUL | RG_TARGET_ELSEWHERE,
    .options = fields,
    .options_size = sizeof(pipe_options),
    .probe = probe,
    .admits = admits,
    .open = open_device,
    .load = load,
    .bind = bind_slot,
    .submit = submit,
    .wait_any = wait_any,
    .reset = reset,
    .placement = placement,
    .usage = usage,
    .effective = effective,
    .state = state,
    .trouble = trouble,
    .unload = unload,
    .close = close_device,
};
