/* vendor_tool.h: targets that are a vendor's own tool, which runs a whole round by itself: one
 * rg_vendor_spec a tool (trtexec.c, hailortcli.c, llama_bench.c: copy the shortest). Here is what
 * they share: finding the program and its version, starting and hearing it, reading what it told by
 * bench/iface/foreign.h. Fixed names along PATH only: a scenario cannot name a program. */
#ifndef RG_TARGETS_VENDOR_TOOL_H
#define RG_TARGETS_VENDOR_TOOL_H

#include "bench/iface/foreign.h"
#include "bench/iface/target.h"
#include "targets/process.h"

enum { RG_VENDOR_WORDS = 48, RG_VENDOR_TEXT = 8192, RG_VENDOR_PATH = 512 };

/* Own options of all of them; each tool's table shows those that it takes. */
typedef struct rg_vendor_options {
    const char *flags; /* further words, a list */
    int64_t prompt, generate, gpu_layers, build_limit_ns;
    bool gpu_fallback;
} rg_vendor_options;

/* A command that is being put together. */
typedef struct rg_vendor_words {
    char text[RG_VENDOR_TEXT];
    size_t used;
    char *argv[RG_VENDOR_WORDS + 1];
    size_t n;
    bool full; /* more than fits was asked for */
} rg_vendor_words;
void rg_vendor_word(rg_vendor_words *words, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* One run, as its words are made from it. */
typedef struct rg_vendor_run {
    const char *model, *form; /* file that the tool loads */
    const char *device;       /* id: "gpu:0", "dla:1" */
    const char *version;      /* "10.3.0", "" unknown */
    const char *times;        /* file for what it told request by request; "" when it has none */
    const rg_settings *settings;
    const rg_vendor_options *options;
    const rg_whole_ask *ask;
    int64_t measure_ns; /* how long it is to measure */
} rg_vendor_run;

/* RG_UNSUPPORTED when the cell asks for a factor that this tool's command has no word for: what was
 * asked must never stand in a record without having been done. */
rg_status rg_vendor_lacks(const rg_vendor_run *run, const char *factor, bool asked, rg_err *err);

typedef struct rg_vendor_spec {
    const char *target;         /* also the name of its reader */
    const char *title, *advice; /* "NVIDIA's trtexec"; how to install it */
    const char *programs[4];    /* names along PATH, then whole paths; NULL-ended */
    const char *version_word;   /* "--version"; NULL: it tells with its results */
    const char *begin;          /* text after which it measures; NULL: from its start */
    const char *end;            /* text at which it has measured; NULL: at its end */
    bool has_times;             /* it writes requests one by one into a file */
    bool by_time;               /* told averages are over measure_ns */
    void (*version)(const char *text, char *ret, size_t cap);
    void (*devices)(rg_root *root, const rg_device *found, rg_device_list *ret_devices);
    rg_status (*words)(const rg_vendor_run *run, rg_vendor_words *ret_words, rg_err *err);
    void (*placement)(const char *text, rg_placement *ret_placement); /* NULL: unknown */
    const rg_field *options;
} rg_vendor_spec;

/* What a session and its program are; each target has its own spec behind them. */
rg_status rg_vendor_probe(const rg_vendor_spec *spec, rg_root *root, rg_device_list *ret_devices,
                          rg_err *err);
rg_status rg_vendor_admits(const rg_vendor_spec *spec, const rg_device *device,
                           const rg_workload *workload, const rg_settings *settings, rg_err *err);
rg_status rg_vendor_open(const rg_vendor_spec *spec, const rg_device *device,
                         const rg_settings *settings, rg_session **ret_session, rg_err *err);
rg_status rg_vendor_load(rg_session *session, const rg_workload *workload, unsigned slots,
                         rg_program **ret_program, rg_err *err);
rg_status rg_vendor_run_whole(rg_program *program, const rg_whole_ask *ask, rg_whole *ret_whole,
                              rg_err *err);
rg_status rg_vendor_placement(rg_program *program, rg_placement *ret_placement);
void rg_vendor_effective(const rg_program *program, char *ret, size_t cap);
void rg_vendor_unload(rg_program *program);
void rg_vendor_close(rg_session *session);

/* The target of a spec: the functions that need to know which, and the row. */
#define RG_VENDOR_TARGET(symbol, spec, label, sentence, ...)                                       \
    static const char *const symbol##_forms[] = {__VA_ARGS__, NULL};                               \
    static rg_status symbol##_probe(rg_root *root, rg_device_list *ret, rg_err *err) {             \
        return rg_vendor_probe(&spec, root, ret, err);                                             \
    }                                                                                              \
    static rg_status symbol##_admits(const rg_device *d, const rg_workload *w,                     \
                                     const rg_settings *s, rg_err *err) {                          \
        return rg_vendor_admits(&spec, d, w, s, err);                                              \
    }                                                                                              \
    static rg_status symbol##_open(const rg_device *d, const rg_settings *s, rg_session **ret,     \
                                   rg_err *err) {                                                  \
        return rg_vendor_open(&spec, d, s, ret, err);                                              \
    }                                                                                              \
    const rg_target rg_target_##symbol = {                                                         \
        .name = label,                                                                             \
        .summary = sentence,                                                                       \
        .caps = RG_TARGET_FOREIGN | RG_TARGET_ELSEWHERE,                                           \
        .options = fields,                                                                         \
        .options_size = sizeof(rg_vendor_options),                                                 \
        .forms = symbol##_forms,                                                                   \
        .probe = symbol##_probe,                                                                   \
        .admits = symbol##_admits,                                                                 \
        .open = symbol##_open,                                                                     \
        .load = rg_vendor_load,                                                                    \
        .run_whole = rg_vendor_run_whole,                                                          \
        .placement = rg_vendor_placement,                                                          \
        .effective = rg_vendor_effective,                                                          \
        .unload = rg_vendor_unload,                                                                \
        .close = rg_vendor_close,                                                                  \
    }

#endif
