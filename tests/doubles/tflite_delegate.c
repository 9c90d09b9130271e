/* tflite_delegate.c: double of an external delegate, as NXP's or Arm's: it exports the two
 * functions of the plug-in contract and works with the real TensorFlow Lite 2.9, whose structs it
 * repeats. The nodes that it takes are computed by the runtime's own kernels, so outputs are those
 * of the built-in ones.
 *
 * Keys: take = "all", "none" or a list of builtin codes ("3,4,9": convolutions and fully connected,
 * the default); behave = "good", "refuse" (makes no delegate), "old-abi" (a segmentation fault
 * while it prepares, as a delegate of another version), "abort", "hang", "model" (crashes on models
 * of more than one node), "slow" (5 ms a call), "wrong" (flips bits), "fails" (its first call).
 * Any other key: no delegate, as NXP's does. */
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

extern const char railgauge_double_name[];
const char railgauge_double_name[] = "tflite_delegate";

typedef struct int_array {
    int size;
    int data[];
} int_array;

typedef struct node {
    int_array *inputs, *outputs, *intermediates, *temporaries;
    void *user_data, *builtin_data;
    const void *custom_data;
    int custom_bytes;
    void *delegate;
    bool might_have_side_effect;
} node;

typedef struct context context;

typedef struct registration {
    void *(*init)(context *, const char *buffer, size_t bytes);
    void (*release)(context *, void *buffer);
    int (*prepare)(context *, node *);
    int (*invoke)(context *, node *);
    const char *(*profiling_string)(const context *, const node *);
    int32_t builtin_code;
    const char *custom_name;
    int version;
} registration;

/* Of a tensor: where its elements are, and how many bytes (TensorFlow Lite 2.9). */
typedef struct tensor {
    int type;
    void *data;
    int_array *dims;
    float scale;
    int32_t zero_point;
    int allocation;
    size_t bytes;
    char rest[64];
} tensor;

struct context {
    size_t n_tensors;
    int (*plan)(context *, int_array **);
    tensor *tensors;
    void *own;
    void *resize, *report, *add_tensors;
    int (*node_of)(context *, int, node **, registration **);
    int (*replace)(context *, registration, const int_array *, void *delegate);
};

typedef struct delegate {
    void *data;
    int (*prepare)(context *, struct delegate *);
    void *copy_from, *copy_to, *release_handle;
    int64_t flags;
    /* ours */
    char take[128], behave[32];
} delegate;

/* What the runtime hands to a delegate's kernel when it is made. */
typedef struct params {
    delegate *delegate;
    int_array *nodes, *inputs, *outputs;
} params;

/* One piece of the graph that was taken. */
typedef struct piece {
    const delegate *owner;
    int n, calls;
    node **nodes;
    registration **kernels;
} piece;

void *tflite_plugin_create_delegate(const char *const *keys, const char *const *values, size_t n,
                                    void (*report)(const char *));
void tflite_plugin_destroy_delegate(void *made);

/* --- the kernel of a piece -------------------------------------------------------------------- */

static bool is_like(const delegate *d, const char *word) {
    return strcmp(d->behave, word) == 0;
}

static void *begin_piece(context *c, const char *buffer, size_t bytes) {
    const params *p = (const params *)(const void *)buffer;
    (void)bytes;
    piece *made = calloc(1, sizeof *made);
    made->owner = p->delegate;
    made->n = p->nodes->size;
    made->nodes = calloc((size_t)made->n, sizeof *made->nodes);
    made->kernels = calloc((size_t)made->n, sizeof *made->kernels);
    for (int i = 0; i < made->n; i++)
        c->node_of(c, p->nodes->data[i], &made->nodes[i], &made->kernels[i]);
    return made;
}

static void end_piece(context *c, void *buffer) {
    piece *p = buffer;
    (void)c;
    free(p->nodes);
    free(p->kernels);
    free(p);
}

static bool holds(const int_array *list, int number) {
    for (int i = 0; i < list->size; i++) {
        if (list->data[i] == number)
            return true;
    }
    return false;
}

/* Tensors inside the piece are nobody's else: they are this node's for the time of its call. */
static int prepare_piece(context *c, node *self) {
    const piece *p = self->user_data;
    int count = 0;
    (void)c;
    for (int i = 0; i < p->n; i++)
        count += p->nodes[i]->outputs->size + p->nodes[i]->temporaries->size;
    int_array *all = calloc(1, sizeof *all + (size_t)count * sizeof(int));
    for (int i = 0; i < p->n; i++) {
        const int_array *lists[] = {p->nodes[i]->outputs, p->nodes[i]->temporaries};
        for (int k = 0; k < 2; k++) {
            for (int j = 0; j < lists[k]->size; j++) {
                if (!holds(self->outputs, lists[k]->data[j]))
                    all->data[all->size++] = lists[k]->data[j];
            }
        }
    }
    free(self->temporaries);
    self->temporaries = all;
    return 0;
}

static int run_piece(context *c, node *self) {
    piece *p = self->user_data;
    int got = 0;
    if (is_like(p->owner, "fails"))
        return 1;
    if (is_like(p->owner, "slow"))
        nanosleep(&(struct timespec){0, 5000000}, NULL);
    for (int i = 0; got == 0 && i < p->n; i++)
        got = p->kernels[i]->invoke(c, p->nodes[i]);
    if (is_like(p->owner, "wrong") && self->outputs->size) {
        tensor *out = &c->tensors[self->outputs->data[0]];
        for (size_t i = 0; i < out->bytes; i++)
            ((uint8_t *)out->data)[i] ^= 0x40;
    }
    return got;
}

/* --- the delegate ----------------------------------------------------------------------------- */

static bool takes(const delegate *d, int code) {
    if (!strcmp(d->take, "all"))
        return true;
    for (const char *at = d->take; *at; at += strcspn(at, ","), at += *at == ',') {
        if (atoi(at) == code && *at >= '0' && *at <= '9')
            return true;
    }
    return false;
}

static void misbehave(const delegate *d, int n_nodes) {
    if (is_like(d, "abort"))
        abort();
    while (is_like(d, "hang"))
        pause();
    if (is_like(d, "old-abi") || (is_like(d, "model") && n_nodes > 1)) {
        signal(SIGSEGV, SIG_DFL); /* a sanitizer must not turn it into an exit */
        raise(SIGSEGV);
    }
}

static int prepare(context *c, delegate *d) {
    static const registration kernel = {.init = begin_piece,
                                        .release = end_piece,
                                        .prepare = prepare_piece,
                                        .invoke = run_piece,
                                        .custom_name = "DelegateDouble",
                                        .version = 1};
    int_array *plan = NULL;
    if (c->plan(c, &plan))
        return 1;
    misbehave(d, plan->size);
    int_array *mine = calloc(1, sizeof *mine + (size_t)plan->size * sizeof(int));
    for (int i = 0; i < plan->size; i++) {
        node *one = NULL;
        registration *how = NULL;
        int number = plan->data[i];
        if (c->node_of(c, number, &one, &how) == 0 && takes(d, how->builtin_code))
            mine->data[mine->size++] = number;
    }
    int got = c->replace(c, kernel, mine, d);
    free(mine);
    return got;
}

static bool take_pair(delegate *d, const char *key, const char *value) {
    char *to = !strcmp(key, "take") ? d->take : !strcmp(key, "behave") ? d->behave : NULL;
    size_t cap = to == d->take ? sizeof d->take : sizeof d->behave;
    if (to && strlen(value) < cap)
        strcpy(to, value);
    return to != NULL;
}

void *tflite_plugin_create_delegate(const char *const *keys, const char *const *values, size_t n,
                                    void (*report)(const char *)) {
    delegate *d = calloc(1, sizeof *d);
    d->prepare = prepare;
    strcpy(d->take, "3,4,9");
    strcpy(d->behave, "good");
    bool good = true;
    for (size_t i = 0; i < n; i++)
        good = good && take_pair(d, keys[i], values[i]);
    if (good && !is_like(d, "refuse"))
        return d;
    if (report)
        report(good ? "the device is in use by another process" : "unknown option");
    free(d);
    return NULL;
}

void tflite_plugin_destroy_delegate(void *made) {
    free(made);
}
