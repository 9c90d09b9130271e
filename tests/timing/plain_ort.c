/* plain_ort.c: a model in ONNX Runtime and a loop around it, nothing of ours: all optimizations,
 * inputs and outputs bound once.
 *
 *     plain_ort LIBRARY MODEL cpu THREADS CPU SECONDS */
#include <dlfcn.h>
#include <stddef.h>

#include "tests/timing/plain_loop.h"

enum { API = 14, MOST_RANK = 8 };

static void **table;
static void *session, *binding;

/* A function by its place in the table; a status ends the program. */
#define CALL(place, types, ...) done(((void *(*)types)table[place])(__VA_ARGS__), place)

static void done(void *status, int place) {
    if (!status)
        return;
    fprintf(stderr, "call %d: %s\n", place, ((const char *(*)(void *))table[2])(status));
    exit(1);
}

static int run(void *user) {
    (void)user;
    return ((void *(*)(void *, void *, void *))table[133])(session, NULL, binding) != NULL;
}

static void load(const char *path, int threads) {
    void *env, *options;
    CALL(3, (int, const char *, void **), 3, "plain", &env);
    CALL(10, (void **), &options);
    CALL(23, (void *, int), options, 99);
    CALL(24, (void *, int), options, threads);
    CALL(7, (void *, const char *, void *, void **), env, path, options, &session);
    CALL(134, (void *, void **), session, &binding);
}

static size_t size_of(int type) {
    static const size_t sizes[] = {0, 4, 1, 1, 2, 2, 4, 8, 0, 1, 2, 8};
    return type > 0 && type < 12 ? sizes[type] : 0;
}

/* End i, whose calls stand at three places: its type, its name, and how it is bound. */
static void bind(size_t i, int type_at, int name_at, int bind_at) {
    void *info, *allocator, *memory, *value;
    const void *tensor;
    int type;
    size_t rank, elements = 1;
    int64_t dims[MOST_RANK];
    char *name;
    CALL(type_at, (void *, size_t, void **), session, i, &info);
    CALL(55, (void *, const void **), info, &tensor);
    CALL(60, (const void *, int *), tensor, &type);
    CALL(61, (const void *, size_t *), tensor, &rank);
    CALL(62, (const void *, int64_t *, size_t), tensor, dims, rank);
    for (size_t d = 0; d < rank; d++)
        elements *= (size_t)(dims[d] = dims[d] < 0 ? 1 : dims[d]);
    unsigned char *data = aligned_alloc(64, (elements * size_of(type) + 64) / 64 * 64);
    plain_fill(data, elements * size_of(type));
    CALL(78, (void **), &allocator);
    CALL(name_at, (void *, size_t, void *, char **), session, i, allocator, &name);
    CALL(69, (int, int, void **), 0, 0, &memory);
    CALL(49, (void *, void *, size_t, int64_t *, size_t, int, void **), memory, data,
         elements * size_of(type), dims, rank, type, &value);
    CALL(bind_at, (void *, const char *, void *), binding, name, value);
}

int main(int argc, char **argv) {
    typedef struct base {
        void **(*get)(uint32_t version);
    } base;
    void *library = argc == 7 ? dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : NULL;
    const base *(*entry)(void) = NULL;
    if (library)
        *(void **)&entry = dlsym(library, "OrtGetApiBase");
    if (!entry) {
        fprintf(stderr, "plain_ort LIBRARY MODEL VARIANT THREADS CPU SECONDS\n");
        return 2;
    }
    plain_pin(atoi(argv[5]));
    table = entry()->get(API);
    load(argv[2], atoi(argv[4]));
    size_t n_in, n_out;
    CALL(30, (void *, size_t *), session, &n_in);
    CALL(31, (void *, size_t *), session, &n_out);
    for (size_t i = 0; i < n_in; i++)
        bind(i, 33, 36, 136);
    for (size_t i = 0; i < n_out; i++)
        bind(i, 34, 37, 137);
    return plain_measure(run, NULL, atof(argv[6]));
}
