/* edgetpu_library.c: double of the Edge TPU's library (libedgetpu.so.1): the same functions, and a
 * delegate for the real TensorFlow Lite 2.9, whose structs it repeats. What a custom operator
 * stands for is computed by our reference: the source model lies inside files that the double of
 * the compiler wrote (vendor_original.h), or is named by EDGETPU_DOUBLE_ORIGINAL for real ones;
 * tensors are matched by name, so that a part of a model works too.
 *
 * EDGETPU_DOUBLE is a list of words: "usb", "pci" (devices that it lists; neither: pci), "none";
 * "runtime=12"; "denied", "busy", "gone" (why it makes no delegate); "old-abi" (a segmentation
 * fault while its delegate prepares), "abort", "hang" (there), "slow" (5 ms a call), "fails" (the
 * third call), "corrupt" (flips bits), "hot" (its chip warms up: writes EDGETPU_DOUBLE_TEMP's value
 * into the file that EDGETPU_DOUBLE_HEATS names at its third call). Built with -DTHROTTLED it is
 * the build that lowers the clock of USB devices. */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench/iface/exec.h"
#include "bench/iface/registry.h"
#include "bench/run/model.h"
#include "vendor_original.h"

#define EXPORTED __attribute__((visibility("default")))
/* A function that is exported; there is no header to declare it. */
#define API(type, name, args)                                                                      \
    EXPORTED type name args;                                                                       \
    type name args

extern EXPORTED const char railgauge_double_name[];
const char railgauge_double_name[] = "edgetpu_library";

typedef struct device {
    int type; /* 0 PCI, 1 USB */
    const char *path;
} device;

typedef struct option {
    const char *name, *value;
} option;

/* What follows "word" or "word=" in the list; NULL when it is not there. */
static const char *told(const char *word) {
    const char *list = getenv("EDGETPU_DOUBLE");
    size_t n = strlen(word);
    for (const char *at = list; at && *at; at += strcspn(at, ","), at += *at == ',') {
        if (!strncmp(at, word, n) && strchr(",=", at[n]))
            return at[n] == '=' ? at + n + 1 : at + n;
    }
    return NULL;
}

/* --- the runtime's structs (TensorFlow Lite 2.9) ---------------------------------------------- */

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

typedef struct tensor {
    int type;
    void *data;
    int_array *dims;
    float scale;
    int32_t zero_point;
    int allocation;
    size_t bytes;
    const void *mapped;
    const char *name;
    char rest[48];
} tensor;

struct context {
    size_t n_tensors;
    int (*plan)(context *, int_array **);
    tensor *tensors;
    void *own;
    void *resize;
    void (*report)(context *, const char *format, ...);
    void *add_tensors;
    int (*node_of)(context *, int, node **, registration **);
    int (*replace)(context *, registration, const int_array *, void *delegate);
};

typedef struct delegate {
    void *data;
    int (*prepare)(context *, struct delegate *);
    void *copy_from, *copy_to, *release_handle;
    int64_t flags;
} delegate;

typedef struct params {
    delegate *delegate;
    int_array *nodes, *inputs, *outputs;
} params;

/* --- what an operator stands for -------------------------------------------------------------- */

typedef struct part {
    rg_graph *graph; /* of the source model */
    rg_model *model; /* where it is a file of its own */
    rg_exec *exec;
    int calls;
} part;

static void read_original(part *p, const void *data, size_t bytes) {
    const char *path = getenv("EDGETPU_DOUBLE_ORIGINAL");
    const void *found;
    size_t n;
    if (vendor_original_find(data, bytes, &found, &n))
        rg_reader_for(found, n)->read(found, n, "double", &rg_model_limits_default, &p->graph,
                                      NULL);
    else if (path && rg_model_load(path, NULL, &p->model, NULL) == RG_OK)
        p->graph = p->model->graph;
}

static void *begin_part(context *c, const char *buffer, size_t bytes) {
    const params *given = (const params *)(const void *)buffer;
    const rg_exec_options reference = {.threads = 1, .reference = true, .keep_all = true};
    node *of = NULL;
    registration *how = NULL;
    part *p = calloc(1, sizeof *p);
    (void)bytes;
    c->node_of(c, given->nodes->data[0], &of, &how);
    read_original(p, of->custom_data, (size_t)of->custom_bytes);
    if (p->graph)
        rg_exec_new(p->graph, &reference, &p->exec, NULL);
    return p;
}

static void end_part(context *c, void *buffer) {
    part *p = buffer;
    (void)c;
    rg_exec_free(p->exec);
    if (p->model)
        rg_model_close(p->model);
    else
        rg_graph_free(p->graph);
    free(p);
}

static int prepare_part(context *c, node *self) {
    const part *p = self->user_data;
    if (p->exec)
        return 0;
    c->report(c, "Failed to prepare for TPU. %s", "there is no source model for the double");
    return 1;
}

static int32_t number_of(const rg_graph *graph, const char *name) {
    for (uint32_t i = 0; i < graph->n_tensors; i++) {
        if (!strcmp(graph->tensors[i].name, name))
            return (int32_t)i;
    }
    return -1;
}

static void give_input(part *p, const tensor *t) {
    int32_t number = number_of(p->graph, t->name);
    for (uint32_t i = 0; i < p->graph->n_in; i++) {
        if (p->graph->in[i] == number)
            memcpy(rg_exec_input(p->exec, i), t->data, t->bytes);
    }
}

static bool take_output(part *p, tensor *t) {
    int32_t number = number_of(p->graph, t->name);
    const void *data = number >= 0 ? rg_exec_tensor(p->exec, (uint32_t)number) : NULL;
    if (data)
        memcpy(t->data, data, t->bytes);
    return data != NULL;
}

static void warm_up(void) {
    const char *path = getenv("EDGETPU_DOUBLE_HEATS"), *value = getenv("EDGETPU_DOUBLE_TEMP");
    FILE *file = path && value ? fopen(path, "w") : NULL;
    if (file) {
        fprintf(file, "%s\n", value);
        fclose(file);
    }
}

static int run_part(context *c, node *self) {
    part *p = self->user_data;
    bool third = ++p->calls == 3, good = true;
    if (third && told("fails")) {
        c->report(c, "Failed to execute request. %s",
                  "USB transfer error 2 [LibUsbDataOutCallback]");
        return 1;
    }
    if (third && told("hot"))
        warm_up();
    if (told("slow"))
        nanosleep(&(struct timespec){0, 5000000}, NULL);
    for (int i = 0; i < self->inputs->size; i++)
        give_input(p, &c->tensors[self->inputs->data[i]]);
    rg_exec_run(p->exec);
    for (int i = 0; i < self->outputs->size; i++)
        good = take_output(p, &c->tensors[self->outputs->data[i]]) && good;
    tensor *first = &c->tensors[self->outputs->data[0]];
    for (size_t i = 0; told("corrupt") && i < first->bytes; i++)
        ((uint8_t *)first->data)[i] ^= 0x40;
    return good ? 0 : 1;
}

/* --- the delegate ----------------------------------------------------------------------------- */

static void misbehave(void) {
    if (told("abort")) {
        fprintf(stderr, "F :123] Check failed: status.ok()\n");
        abort();
    }
    if (told("old-abi")) {
        signal(SIGSEGV, SIG_DFL); /* a sanitizer must not turn it into an exit */
        raise(SIGSEGV);
    }
    while (told("hang"))
        pause();
}

static int prepare(context *c, delegate *d) {
    static const registration kernel = {.init = begin_part,
                                        .release = end_part,
                                        .prepare = prepare_part,
                                        .invoke = run_part,
                                        .custom_name = "EdgeTpuDelegateForCustomOp",
                                        .version = 1};
    int_array *plan = NULL, *one = calloc(1, sizeof *one + sizeof(int));
    int got = c->plan(c, &plan);
    misbehave();
    int n = got == 0 ? plan->size : 0, *mine = calloc((size_t)n + 1, sizeof *mine), count = 0;
    for (int i = 0; i < n; i++) {
        node *of = NULL;
        registration *how = NULL;
        if (c->node_of(c, plan->data[i], &of, &how) == 0 && how->custom_name &&
            !strcmp(how->custom_name, "edgetpu-custom-op"))
            mine[count++] = plan->data[i];
    }
    for (int i = 0; got == 0 && i < count; i++) {
        one->size = 1;
        one->data[0] = mine[i];
        got = c->replace(c, kernel, one, d);
    }
    free(mine);
    free(one);
    return got;
}

/* --- the library ------------------------------------------------------------------------------ */

static int verbosity;

static void say(int level, const char *words) {
    if (verbosity >= level)
        fprintf(stderr, "I :79] %s\n", words);
}

API(const char *, edgetpu_version, (void)) {
    static char version[64];
    const char *runtime = told("runtime");
    snprintf(version, sizeof version, "BuildLabel(double), RuntimeVersion(%d)",
             runtime ? atoi(runtime) : 14);
    return version;
}

API(void, edgetpu_verbosity, (int level)) {
    verbosity = level;
}

API(device *, edgetpu_list_devices, (size_t * ret_n)) {
    static const device all[] = {{0, "/dev/apex_0"}, {1, "/sys/bus/usb/devices/2-1"}};
    device *list = calloc(2, sizeof *list);
    size_t n = 0;
    if (!told("none") && (told("pci") || !told("usb")))
        list[n++] = all[0];
    if (!told("none") && told("usb"))
        list[n++] = all[1];
    *ret_n = n;
    if (n)
        return list;
    free(list);
    return NULL;
}

API(void, edgetpu_free_devices, (device * list)) {
    free(list);
}

/* As the real one words it: its log is the only place where it does. */
static bool opens(int type, const char *path) {
    char words[256];
    const char *why = told("denied") ? (type ? "Permission denied: USB error -3 [OpenDevice]"
                                             : "Failed precondition: Device open failed : -1 "
                                               "(Permission denied)")
                      : told("busy") ? (type ? "Deadline exceeded: USB error -6 [ClaimInterface]"
                                             : "Failed precondition: Device open failed : -1 "
                                               "(Device or resource busy)")
                      : told("gone") ? "Not found: OpenDevice"
                                     : NULL;
    if (!why)
        return true;
    snprintf(words, sizeof words, "Failed to open device [Apex (%s)] at [%s]: %s",
             type ? "USB" : "PCIe", path, why);
    say(1, words);
    return false;
}

static bool takes_performance(int type, const char *asked) {
    static const char *const levels[] = {"Low", "Medium", "High", "Max"};
    char words[160];
#ifdef THROTTLED
    if (type == 1 && !strcmp(asked, "Max")) {
        say(2, "Performance expectation level Max is not supported when USB connected EdgeTpu is "
               "throttled. Drop to High.");
        return true;
    }
#else
    (void)type;
    if (!strcmp(asked, "Max")) {
        say(2, "Performance expectation: Max");
        return true;
    }
#endif
    for (int i = 0; i < 4; i++) {
        snprintf(words, sizeof words, "Performance expectation: %s", levels[i]);
        if (!strcmp(asked, levels[i])) {
            say(2, words);
            return true;
        }
    }
    say(1, "Invalid argument: Invalid performance setting.");
    return false;
}

static delegate *make(int type, const char *path, const option *options, size_t n) {
    const char *asked = "Max";
    for (size_t i = 0; i < n; i++) {
        if (!strcmp(options[i].name, "Performance"))
            asked = options[i].value;
    }
    if (!takes_performance(type, asked) || !opens(type, path))
        return NULL;
    delegate *d = calloc(1, sizeof *d);
    d->prepare = prepare;
    d->flags = 1;
    return d;
}

API(void *, edgetpu_create_delegate,
    (int type, const char *name, const option *options, size_t n)) {
    if (n && (!name || !options))
        abort();
    return make(type, name ? name : "", options, n);
}

API(void, edgetpu_free_delegate, (void *made)) {
    free(made);
}

/* "usb:0", "pci:0" */
API(void *, tflite_plugin_create_delegate,
    (const char *const *keys, const char *const *values, size_t n, void (*report)(const char *))) {
    option options[8];
    int type = -1;
    (void)report;
    for (size_t i = 0; i < n && i < 8; i++) {
        options[i] = (option){keys[i], values[i]};
        if (!strcmp(keys[i], "device"))
            type = !strcmp(values[i], "usb:0") ? 1 : !strcmp(values[i], "pci:0") ? 0 : -1;
    }
    return type < 0 ? NULL : make(type, type ? "usb:0" : "pci:0", options, n);
}

API(void, tflite_plugin_destroy_delegate, (void *made)) {
    free(made);
}
