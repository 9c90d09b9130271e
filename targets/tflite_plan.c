/* tflite_plan.c: reads an interpreter's execution plan from inside, and puts clock reads around its
 * steps where asked (tflite_plan.h). Uses what TensorFlow Lite passes to a delegate: structs that
 * have grown at their ends only, from 2.3 to the LiteRT 2.2 line; offsets are those of 64-bit
 * machines. */
#include "targets/tflite_plan.h"

#include <stdlib.h>
#include <string.h>

#include "bench/core/clock.h"

enum { TAKES_DYNAMIC_TENSORS = 1, BUILTIN_DELEGATE = 51 };

/* TfLiteDelegate, with room for what later versions look for behind it: all zero. */
typedef struct delegate_abi {
    void *data;
    int (*prepare)(void *context, void *delegate);
    void *copy_from, *copy_to, *release;
    int64_t flags;
    unsigned char later[128];
} delegate_abi;

/* The beginning of TfLiteRegistration. */
typedef struct registration_abi {
    void *init, *release, *prepare;
    int (*invoke)(void *context, void *node);
    void *profiling_string;
    int32_t code;
} registration_abi;

/* The beginning of TfLiteNode. */
typedef struct node_abi {
    void *inputs, *outputs, *intermediates, *temporaries, *user_data;
    void *builtin_data; /* of a delegate's node: what follows */
} node_abi;

/* The beginning of TfLiteDelegateParams. */
typedef struct piece_abi {
    void *delegate;
    const int32_t *nodes; /* count, then node numbers */
} piece_abi;

/* The beginning of TfLiteContext. */
typedef struct context_abi {
    size_t n_tensors;
    int (*plan)(void *context, int32_t **ret_plan); /* count, then node numbers */
    void *tensors, *own;
    void *resize, *report, *add_tensors;
    int (*node)(void *context, int index, node_abi **ret_node, registration_abi **ret_registration);
} context_abi;

struct rg_tflite_observer {
    delegate_abi abi;
};

/* --- time of steps ---------------------------------------------------------------------------- */

static rg_tflite_plan *timed_plan; /* the runtime tells a step no more than its node */

/* Steps run in their order, so the next one is mostly it. */
static rg_tflite_step *step_of(rg_tflite_plan *plan, const void *node) {
    for (uint32_t i = 0; i < plan->n_steps; i++) {
        rg_tflite_step *step = &plan->steps[(plan->next + i) % plan->n_steps];
        if (step->node != node)
            continue;
        plan->next = (uint32_t)(step - plan->steps) + 1;
        return step;
    }
    return NULL;
}

static int invoke_timed(void *context, void *node) {
    rg_tflite_step *step = timed_plan ? step_of(timed_plan, node) : NULL;
    if (!step)
        return 1;
    int64_t start = rg_clock_real_ns();
    int got = step->invoke(context, node);
    step->ns = rg_clock_real_ns() - start;
    return got;
}

int64_t rg_tflite_plan_ns(const rg_tflite_plan *plan, uint32_t node) {
    for (uint32_t i = 0; i < plan->n_steps; i++) {
        if (plan->steps[i].first == node)
            return plan->steps[i].ns;
    }
    return 0;
}

/* --- reading ---------------------------------------------------------------------------------- */

/* Notes which nodes a piece stands for. */
static bool read_piece(rg_tflite_plan *plan, const node_abi *node, uint32_t *ret_first) {
    const piece_abi *piece = node->builtin_data;
    if (!piece || !piece->nodes || piece->nodes[0] < 1)
        return false;
    for (int32_t i = 0; i < piece->nodes[0]; i++) {
        int32_t index = piece->nodes[1 + i];
        if (index < 0 || index >= RG_TFLITE_PLAN_NODES)
            return false;
        plan->computed_in[index] = (uint32_t)piece->nodes[1];
        plan->nodes = plan->nodes > (uint32_t)index ? plan->nodes : (uint32_t)index + 1;
    }
    *ret_first = (uint32_t)piece->nodes[1];
    return true;
}

static bool read_own(rg_tflite_plan *plan, int32_t index) {
    if (index < 0 || index >= RG_TFLITE_PLAN_NODES)
        return false;
    plan->is_host[index] = true;
    plan->computed_in[index] = (uint32_t)index;
    plan->nodes = plan->nodes > (uint32_t)index ? plan->nodes : (uint32_t)index + 1;
    return true;
}

/* How the runtime itself computes a step: a plan that is read anew has our clock around its own
 * nodes already. */
static int (*invoke_of(const rg_tflite_plan *before, const registration_abi *how,
                       uint32_t first))(void *, void *) {
    for (uint32_t i = 0; how->invoke == invoke_timed && i < before->n_steps; i++) {
        if (before->steps[i].first == first)
            return before->steps[i].invoke;
    }
    return how->invoke == invoke_timed ? NULL : how->invoke;
}

static bool read_step(rg_tflite_plan *plan, const rg_tflite_plan *before,
                      const context_abi *context, int32_t index, bool *ret_delegated) {
    node_abi *node = NULL;
    registration_abi *how = NULL;
    uint32_t first = (uint32_t)index;
    if (context->node((void *)(uintptr_t)context, index, &node, &how) != 0 || !node || !how)
        return false;
    bool delegated = how->code == BUILTIN_DELEGATE;
    if (delegated ? !read_piece(plan, node, &first) : !read_own(plan, index))
        return false;
    if (plan->steps) {
        plan->steps[plan->n_steps] =
            (rg_tflite_step){node, invoke_of(before, how, first), first, 0};
        if (!plan->steps[plan->n_steps++].invoke)
            return false;
        how->invoke = invoke_timed;
    }
    *ret_delegated = delegated;
    return true;
}

static bool read_plan(rg_tflite_plan *plan, const rg_tflite_plan *before,
                      const context_abi *context, const int32_t *order) {
    bool last = false, delegated = false;
    for (int32_t i = 0; i < order[0]; i++, last = delegated) {
        if (!read_step(plan, before, context, order[1 + i], &delegated))
            return false;
        plan->parts += delegated;
        plan->stays += !delegated;
        plan->crossings += i > 0 && delegated != last;
    }
    return true;
}

/* Reads the plan anew, once more when inputs were given other shapes. */
static void look(rg_tflite_plan *plan, const context_abi *context, const int32_t *order) {
    rg_tflite_plan before = *plan;
    plan->steps = plan->timed ? calloc((size_t)order[0] + 1, sizeof *plan->steps) : NULL;
    plan->nodes = plan->stays = plan->parts = plan->crossings = plan->n_steps = 0;
    memset(plan->is_host, 0, sizeof plan->is_host);
    plan->known = (plan->steps || !plan->timed) && read_plan(plan, &before, context, order);
    free(before.steps);
}

/* TfLiteDelegate.Prepare: called when the delegates before have taken their nodes, for each graph
 * of the model, the main one first. What the runtime calls the plan is its own and lasts until the
 * next such call, so it is copied. */
static int observe(void *given, void *delegate) {
    const context_abi *context = given;
    rg_tflite_plan *plan = ((delegate_abi *)delegate)->data;
    int32_t *order = NULL;
    if (plan->graph && plan->graph != given)
        return 0;
    plan->graph = given;
    if (!context->plan || !context->node || context->plan(given, &order) != 0 || !order)
        return 0;
    size_t bytes = ((size_t)order[0] + 1) * sizeof *order;
    int32_t *copy = malloc(bytes);
    if (copy)
        look(plan, context, memcpy(copy, order, bytes));
    free(copy);
    return 0;
}

/* --- life ------------------------------------------------------------------------------------- */

void rg_tflite_plan_begin(rg_tflite_plan *plan, int major, int minor, bool timed) {
    bool known = (major == 2 && minor <= 21) || major == 1;
    memset(plan, 0, sizeof *plan);
    plan->observer = known ? calloc(1, sizeof *plan->observer) : NULL;
    if (!plan->observer)
        return;
    plan->timed = timed;
    if (timed)
        timed_plan = plan;
    plan->observer->abi.data = plan;
    plan->observer->abi.prepare = observe;
    plan->observer->abi.flags = TAKES_DYNAMIC_TENSORS;
    plan->delegate = plan->observer;
}

void rg_tflite_plan_free(rg_tflite_plan *plan) {
    if (timed_plan == plan)
        timed_plan = NULL;
    free(plan->steps);
    free(plan->observer);
    plan->steps = NULL;
    plan->observer = NULL;
    plan->delegate = NULL;
}
