/* admission.c: asking each distinct question once. */
#include "bench/run/admission.h"

#include <stdlib.h>
#include <string.h>

#include "bench/core/json.h"
#include "bench/run/child.h"

typedef struct asking {
    const rg_plan *plan;
    const rg_admission_spec *spec;
    rg_arena *arena;
    rg_admission *answers;
    json_t *asked; /* question -> index of the cell that asked it first */
    uint32_t cell; /* now */
} asking;

/* All that an answer depends on. */
static char *question(const rg_cell *cell) {
    json_t *about = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:i, s:i, s:i, s:O, s:s, s:s, s:I, s:s?, s:b}", "target",
        cell->target, "device", cell->device, "source", cell->source, "variant", cell->variant,
        "cores", cell->cores, "threads", (int)cell->threads, "batch", (int)cell->batch, "in_flight",
        (int)cell->pattern.in_flight, "options", cell->options, "inputs", cell->inputs,
        "input_files", cell->input_files, "seed", (json_int_t)cell->seed, "artefact",
        cell->artefact, "require_full_offload", (int)cell->require_full_offload);
    char *text = about ? json_dumps(about, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    json_decref(about);
    return text;
}

static void tell(void *user, const char *phase, uint64_t rows) {
    asking *a = user;
    (void)rows;
    if (a->spec->news)
        a->spec->news(a->spec->user, a->cell, phase);
}

static void ask_child(asking *a, const rg_job *job, int64_t limit_s, rg_child *ret_child) {
    rg_child_spec spec = {.program = a->spec->program,
                          .job = job,
                          .limit_ns = limit_s * 1000000000,
                          .stop = a->spec->stop,
                          .news = tell,
                          .user = a};
    rg_child_run(&spec, ret_child);
}

static const char *keep(asking *a, const char *text) {
    return rg_arena_strdup(a->arena, text && *text ? text : NULL);
}

static void refuse(asking *a, rg_admission *answer, const rg_child *child) {
    answer->status = child->status;
    answer->what = keep(a, child->err.what);
    answer->advice = keep(a, child->err.advice);
}

/* Members of the child's facts that are for us, not for the record. */
static void take_facts(asking *a, rg_admission *answer, json_t *facts) {
    const json_t *reference = json_object_get(facts, "reference");
    answer->facts = json_incref(facts);
    const json_t *artefact = json_object_get(facts, "artefact");
    answer->artefact = keep(a, rg_json_get_text(artefact, "path", NULL));
    answer->form = keep(a, rg_json_get_text(artefact, "form", NULL));
    answer->artefact_sha256 = keep(a, rg_json_get_text(artefact, "sha256", NULL));
    answer->path = keep(a, rg_json_get_text(json_object_get(facts, "workload"), "path", NULL));
    answer->reference = keep(a, rg_json_get_text(reference, "path", NULL));
    answer->no_truth = keep(a, rg_json_get_text(facts, "no_truth", NULL));
    answer->provenance = keep(a, rg_json_get_text(facts, "provenance", "measured"));
    answer->is_virtual = rg_json_get_bool(facts, "virtual", false);
    json_object_del(facts, "virtual");
    json_object_del(facts, "reference");
    json_object_del(facts, "no_truth");
    json_object_del(facts, "phases");
    json_object_del(facts, "flags");
}

/* A reference that cannot be made leaves the cell unproven, with the reason on record. */
static rg_status make_reference(asking *a, const rg_cell *cell, rg_admission *answer) {
    rg_job job = {.kind = RG_JOB_REFERENCE,
                  .cell = *cell,
                  .root = a->spec->root,
                  .path = answer->path,
                  .reference = answer->reference};
    rg_child child;
    ask_child(a, &job, RG_REFERENCE_LIMIT_S, &child);
    rg_status status = child.status;
    if (status != RG_OK) {
        answer->reference = NULL;
        answer->no_truth =
            rg_arena_printf(a->arena, "the reference could not be computed: %s", child.err.what);
    }
    rg_child_free(&child);
    return status;
}

static rg_status ask(asking *a, const rg_cell *cell, rg_admission *answer) {
    rg_job job = {
        .kind = RG_JOB_ADMIT, .cell = *cell, .root = a->spec->root, .power = a->plan->power};
    rg_child child;
    ask_child(a, &job, RG_ADMIT_LIMIT_S, &child);
    rg_status status = child.status;
    bool here = rg_json_get_bool(json_object_get(child.facts, "reference"), "here", true);
    if (status != RG_OK)
        refuse(a, answer, &child);
    if (child.facts)
        take_facts(a, answer, child.facts);
    rg_child_free(&child);
    if (status == RG_OK && !here)
        status = make_reference(a, cell, answer);
    return status;
}

static void copy_answer(rg_admission *to, const rg_admission *from) {
    *to = *from;
    json_incref(to->facts);
}

static rg_status ask_once(asking *a, uint32_t i) {
    char *text = question(&a->plan->cells[i]);
    const json_t *before = text ? json_object_get(a->asked, text) : NULL;
    rg_status status = RG_OK;
    a->cell = i;
    if (!text)
        status = RG_NO_MEMORY;
    else if (before)
        copy_answer(&a->answers[i], &a->answers[json_integer_value(before)]);
    else
        status = ask(a, &a->plan->cells[i], &a->answers[i]);
    if (text && !before)
        json_object_set_new(a->asked, text, json_integer((json_int_t)i));
    free(text);
    return status;
}

rg_status rg_admit_plan(const rg_plan *plan, const rg_admission_spec *spec, rg_arena *arena,
                        rg_admission *ret_admissions, rg_err *err) {
    asking a = {plan, spec, arena, ret_admissions, json_object(), 0};
    rg_status status = RG_OK;
    for (uint32_t i = 0; status == RG_OK && i < plan->n_cells; i++) {
        rg_status answer = ask_once(&a, i);
        if (answer == RG_INTERRUPTED || (spec->stop && *spec->stop))
            status = rg_fail(err, RG_INTERRUPTED, "run again", "stopped by a signal");
        else if (answer == RG_NO_MEMORY)
            status = rg_fail(err, RG_NO_MEMORY, NULL, "out of memory asking targets");
    }
    json_decref(a.asked);
    return status;
}

void rg_admissions_free(rg_admission *admissions, size_t n) {
    for (size_t i = 0; admissions && i < n; i++) {
        json_decref(admissions[i].facts);
        admissions[i].facts = NULL;
    }
}

json_t *rg_admission_line(const rg_cell *cell, const rg_admission *admission) {
    json_t *line = rg_cell_to_json(cell);
    json_t *block = json_pack("{s:s}", "status", rg_status_word(admission->status));
    if (admission->status != RG_OK) {
        json_object_set_new(block, "what", json_string(admission->what ? admission->what : ""));
        json_object_set_new(block, "advice",
                            json_string(admission->advice ? admission->advice : ""));
    }
    if (admission->facts)
        json_object_update(block, admission->facts);
    json_object_set_new(line, "admission", block);
    return line;
}
