/* ort_library.c: double of ONNX Runtime (libonnxruntime.so.1): the one exported function, and a
 * table as long as its version's and no longer: what lies behind its end must not be read, what it
 * does not play must not be called. ort_double.h tells what it can be told to be like. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ort_double.h"

#define EXPORTED __attribute__((visibility("default")))

extern EXPORTED const char railgauge_double_name[];
const char railgauge_double_name[] = "ort_library";

/* --- what it is told to be like --------------------------------------------------------------- */

const char *double_told(const char *word) {
    static char text[8][128];
    static int next;
    const char *list = getenv("ORT_DOUBLE");
    size_t n = strlen(word);
    for (const char *at = list; at && *at; at += strcspn(at, ","), at += *at == ',') {
        if (strncmp(at, word, n) || !strchr(",=", at[n]))
            continue;
        const char *value = at[n] == '=' ? at + n + 1 : at + n;
        char *copy = text[next++ % 8];
        snprintf(copy, sizeof text[0], "%.*s", (int)strcspn(value, ","), value);
        return copy;
    }
    return NULL;
}

long double_number(const char *word, long none) {
    const char *told = double_told(word);
    return told ? strtol(told, NULL, 10) : none;
}

static const char *version(void) {
    const char *told = double_told("version");
    static char kept[64] = "1.29.0";
    if (told)
        snprintf(kept, sizeof kept, "%s", told);
    return kept;
}

/* --- statuses --------------------------------------------------------------------------------- */

typedef struct status {
    int code;
    char message[512];
} status;

void *double_status(int code, const char *said, ...) {
    status *made = calloc(1, sizeof *made);
    va_list list;
    va_start(list, said);
    made->code = code;
    vsnprintf(made->message, sizeof made->message, said, list);
    va_end(list);
    return made;
}

static int get_code(const void *given) {
    return ((const status *)given)->code;
}

static const char *get_message(const void *given) {
    return ((const status *)given)->message;
}

static void release(void *given) {
    free(given);
}

/* --- environment ------------------------------------------------------------------------------ */

static int environment;

static void *create_env(int level, const char *id, void **ret) {
    (void)level;
    (void)id;
    if (double_told("env"))
        return double_status((int)double_number("env", 1), "the double starts nothing");
    *ret = &environment;
    return NULL;
}

static void release_env(void *env) {
    (void)env;
}

/* --- allocators ------------------------------------------------------------------------------- */

static void *get_allocator(void **ret) {
    *ret = &environment;
    return NULL;
}

static void *allocator_free(void *allocator, void *data) {
    (void)allocator;
    free(data);
    return NULL;
}

static void *cpu_memory(int allocator, int memory, void **ret) {
    *ret = malloc(1);
    (void)allocator;
    (void)memory;
    return NULL;
}

static const double_slot own_slots[] = {
    DOUBLE_SLOT(1, get_code),        DOUBLE_SLOT(2, get_message),
    DOUBLE_SLOT(3, create_env),      DOUBLE_SLOT(69, cpu_memory),
    DOUBLE_SLOT(76, allocator_free), DOUBLE_SLOT(78, get_allocator),
    DOUBLE_SLOT(92, release_env),    DOUBLE_SLOT(93, release),
    DOUBLE_SLOT(94, release),        {-1, NULL},
};

/* --- the table -------------------------------------------------------------------------------- */

/* Lengths by version, from 14 on. */
static const size_t lengths[] = {239, 255, 266, 276, 280, 280, 285, 285, 318,
                                 390, 415, 419, 419, 419, 424, 425, 425};
enum { OLDEST = 14, NEWEST = 30 };

static void poison(void) {
    static const char words[] = "ort double: a function was called that it does not have\n";
    (void)!write(2, words, sizeof words - 1);
    abort();
}

static void fill(double_call *table, size_t length, const double_slot *slots) {
    for (; slots->place >= 0; slots++) {
        if ((size_t)slots->place < length)
            table[slots->place] = slots->call;
    }
}

/* The table ends where a page begins that nobody may read. */
static double_call *make_table(size_t length) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE), bytes = length * sizeof(double_call);
    size_t room = (bytes + page - 1) / page * page;
    char *memory =
        mmap(NULL, room + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED || mprotect(memory + room, page, PROT_NONE) < 0)
        abort();
    double_call *table = (double_call *)(void *)(memory + room - bytes);
    for (size_t i = 0; i < length; i++)
        table[i] = poison;
    fill(table, length, own_slots);
    fill(table, length, double_option_slots);
    fill(table, length, double_session_slots);
    fill(table, length, double_fact_slots);
    return table;
}

static const void *get_api(uint32_t asked) {
    unsigned major = 0, minor = 0;
    sscanf(version(), "%3u.%3u", &major, &minor);
    if (double_told("no-table") || asked < OLDEST || asked > minor || asked > NEWEST) {
        fprintf(
            stderr,
            "The requested API version [%u] is not available, only API versions [1, %u] are supported in this build. Current ORT Version is: %s\n",
            asked, minor, version());
        return NULL;
    }
    return make_table(lengths[asked - OLDEST]);
}

typedef struct api_base {
    const void *(*get)(uint32_t version);
    const char *(*version)(void);
} api_base;

EXPORTED const api_base *OrtGetApiBase(void);
const api_base *OrtGetApiBase(void) {
    static const api_base base = {get_api, version};
    return &base;
}
