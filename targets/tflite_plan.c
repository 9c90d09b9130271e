/* tflite_plan.c: reads an interpreter's execution plan from inside (tflite_plan.h). Uses what
 * TensorFlow Lite passes to a delegate: structs that have grown at their ends only, from 2.3 to the
 * LiteRT 2.2 line; offsets are those of 64-bit machines. */
#include "targets/tflite_plan.h"

#include <stdlib.h>
#include <string.h>

enum { TAKES_DYNAMIC_TENSORS = 1, BUILTIN_DELEGATE = 51, CODE_AT = 40 };

/* TfLiteDelegate, with room for what later versions look for behind it: all zero. */
typedef struct delegate_abi {
    void *data;
    int (*prepare)(void *context, void *delegate);
    void *copy_from, *copy_to, *release;
    int64_t flags;
    unsigned char later[128];
} delegate_abi;

/* The beginning of TfLiteContext. */
typedef struct context_abi {
    size_t n_tensors;
    int (*plan)(void *context, int32_t **ret_plan); /* count, then node numbers */
    void *tensors, *own;
    void *resize, *report, *add_tensors;
    int (*node)(void *context, int index, void **ret_node, void **ret_registration);
} context_abi;

struct rg_tflite_observer {
    delegate_abi abi;
};

static bool is_delegated(const context_abi *context, int index, bool *ret_delegated) {
    void *node = NULL, *registration = NULL;
    int32_t code;
    if (context->node((void *)context, index, &node, &registration) != 0 || !registration)
        return false;
    memcpy(&code, (char *)registration + CODE_AT, sizeof code);
    *ret_delegated = code == BUILTIN_DELEGATE;
    return true;
}

/* Nodes that delegates add are numbered behind the model's own; those that they took are in the
 * plan no more. */
static bool read_plan(rg_tflite_plan *plan, const context_abi *context, const int32_t *order) {
    int32_t count = order[0], first_added = INT32_MAX;
    bool before = false, delegated;
    for (int32_t i = 0; i < count; i++) {
        int32_t index = order[1 + i];
        if (index < 0 || !is_delegated(context, index, &delegated))
            return false;
        if (delegated && index < first_added)
            first_added = index;
        if (!delegated && index >= RG_TFLITE_PLAN_NODES)
            return false;
        if (!delegated)
            plan->is_host[index] = true;
        plan->parts += delegated;
        plan->stays += !delegated;
        plan->crossings += i > 0 && delegated != before;
        before = delegated;
    }
    plan->nodes = (uint32_t)(first_added == INT32_MAX ? count : first_added);
    return plan->nodes <= RG_TFLITE_PLAN_NODES && plan->stays <= plan->nodes;
}

static int observe(void *given, void *delegate) {
    const context_abi *context = given;
    rg_tflite_plan *plan = ((delegate_abi *)delegate)->data;
    int32_t *order = NULL;
    plan->nodes = plan->stays = plan->parts = plan->crossings = 0;
    memset(plan->is_host, 0, sizeof plan->is_host);
    plan->known = context->plan && context->node && context->plan(given, &order) == 0 && order &&
                  read_plan(plan, context, order);
    return 0;
}

void rg_tflite_plan_begin(rg_tflite_plan *plan, int major, int minor) {
    bool known = (major == 2 && minor <= 21) || major == 1;
    memset(plan, 0, sizeof *plan);
    plan->observer = known ? calloc(1, sizeof *plan->observer) : NULL;
    if (!plan->observer)
        return;
    plan->observer->abi.data = plan;
    plan->observer->abi.prepare = observe;
    plan->observer->abi.flags = TAKES_DYNAMIC_TENSORS;
    plan->delegate = plan->observer;
}

void rg_tflite_plan_free(rg_tflite_plan *plan) {
    free(plan->observer);
    plan->observer = NULL;
    plan->delegate = NULL;
}
