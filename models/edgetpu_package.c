/* edgetpu_package.c: see edgetpu_package.h. A package holds a FlatBuffer of executables, each a
 * FlatBuffer again: one that runs the model, and one that loads parameters into the chip. */
#include "models/edgetpu_package.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "models/flatbuf.h"

/* Fields of the schema, by slot. */
enum { PACKAGE_MIN_RUNTIME, PACKAGE_EXECUTABLES, PACKAGE_COMPILER = 4 };
enum { MULTI_EXECUTABLES };
enum { EXECUTABLE_SCRATCH = 4, EXECUTABLE_INSTRUCTIONS, EXECUTABLE_PARAMETERS };
enum { EXECUTABLE_INPUTS = 8, EXECUTABLE_OUTPUTS, EXECUTABLE_CHIP, EXECUTABLE_TYPE = 13 };
enum { EXECUTABLE_TOKEN = 14, EXECUTABLE_CYCLES = 16 };
enum { INSTRUCTIONS_BITS };
enum { LAYER_BYTES = 1, LAYER_TIMES = 9 };
enum { LOADS_PARAMETERS = 1 }; /* of the type of an executable */
enum { MOST_EXECUTABLES = 4096 };

typedef struct facts {
    rg_arena *arena;
    int64_t executables, cached, streamed, instructions, scratch, inputs, outputs, cycles;
    const char *compiler, *chip, *token;
    int64_t min_runtime;
    const char *problem;
} facts;

/* A text as it may be printed. */
static const char *text_of(facts *f, rg_fb_vec vec) {
    size_t n = vec.n < 63 ? vec.n : 63;
    char word[64];
    for (size_t i = 0; i < n; i++)
        word[i] = vec.data[i] > 0x1f && vec.data[i] < 0x7f ? (char)vec.data[i] : '?';
    word[n] = '\0';
    const char *copy = n ? rg_arena_strdup(f->arena, word) : NULL;
    return copy ? copy : "";
}

/* Bytes of layers an inference moves, executed as often as the layer says. */
static int64_t layers_bytes(rg_fb *fb, rg_fb_table executable, unsigned slot) {
    rg_fb_vec layers = rg_fb_vector(fb, executable, slot, 4);
    int64_t sum = 0;
    for (uint32_t i = 0; i < layers.n; i++) {
        rg_fb_table layer = rg_fb_entry(fb, layers, i);
        int64_t bytes = rg_fb_int(fb, layer, LAYER_BYTES, 4, 0);
        int64_t times = rg_fb_int(fb, layer, LAYER_TIMES, 4, 1);
        sum += bytes > 0 && times > 0 ? bytes * times : 0;
    }
    return sum;
}

static int64_t instruction_bytes(rg_fb *fb, rg_fb_table executable) {
    rg_fb_vec chunks = rg_fb_vector(fb, executable, EXECUTABLE_INSTRUCTIONS, 4);
    int64_t sum = 0;
    for (uint32_t i = 0; i < chunks.n; i++)
        sum += rg_fb_blob(fb, rg_fb_entry(fb, chunks, i), INSTRUCTIONS_BITS).n;
    return sum;
}

static void take_token(facts *f, rg_fb *fb, rg_fb_table executable) {
    uint64_t token = (uint64_t)rg_fb_int(fb, executable, EXECUTABLE_TOKEN, 8, 0);
    char word[20];
    snprintf(word, sizeof word, "%016" PRIx64, token);
    if (token && !f->token)
        f->token = rg_arena_strdup(f->arena, word);
}

static void take_executable(facts *f, rg_fb_vec bytes) {
    rg_fb fb = rg_fb_open(bytes.data, bytes.n);
    rg_fb_table root = rg_fb_root(&fb);
    int64_t parameters = rg_fb_blob(&fb, root, EXECUTABLE_PARAMETERS).n;
    bool loads = rg_fb_int(&fb, root, EXECUTABLE_TYPE, 2, 0) == LOADS_PARAMETERS;
    *(loads ? &f->cached : &f->streamed) += parameters;
    f->executables++;
    f->instructions += instruction_bytes(&fb, root);
    f->scratch += rg_fb_int(&fb, root, EXECUTABLE_SCRATCH, 4, 0);
    f->cycles += rg_fb_int(&fb, root, EXECUTABLE_CYCLES, 8, 0);
    if (!loads) {
        f->inputs += layers_bytes(&fb, root, EXECUTABLE_INPUTS);
        f->outputs += layers_bytes(&fb, root, EXECUTABLE_OUTPUTS);
        f->chip = text_of(f, rg_fb_text(&fb, root, EXECUTABLE_CHIP));
    }
    take_token(f, &fb, root);
    f->problem = f->problem ? f->problem : fb.problem;
}

static void take_package(facts *f, const unsigned char *data, size_t bytes) {
    rg_fb fb = rg_fb_open(data, bytes);
    rg_fb_table root = rg_fb_root(&fb);
    f->min_runtime = rg_fb_int(&fb, root, PACKAGE_MIN_RUNTIME, 4, 0);
    f->compiler = text_of(f, rg_fb_text(&fb, root, PACKAGE_COMPILER));
    rg_fb_vec inner = rg_fb_blob(&fb, root, PACKAGE_EXECUTABLES);
    rg_fb multi = rg_fb_open(inner.data, inner.n);
    rg_fb_vec list = {0};
    if (inner.n)
        list = rg_fb_vector(&multi, rg_fb_root(&multi), MULTI_EXECUTABLES, 4);
    if (list.n > MOST_EXECUTABLES)
        f->problem = "it announces too many executables";
    for (uint32_t i = 0; !f->problem && i < list.n; i++)
        take_executable(f, rg_fb_entry_blob(&multi, list, i));
    f->problem = f->problem ? f->problem : fb.problem ? fb.problem : multi.problem;
}

static void put_int(rg_attr *attrs, uint32_t *n, const char *key, int64_t value) {
    attrs[(*n)++] = (rg_attr){key, RG_ATTR_INT, value, 0, NULL};
}

static void put_word(rg_attr *attrs, uint32_t *n, const char *key, const char *word) {
    if (word && *word)
        attrs[(*n)++] = (rg_attr){key, RG_ATTR_WORD, 0, 0, word};
}

static void put_facts(const facts *f, rg_attr *attrs, uint32_t *n) {
    put_int(attrs, n, "executables", f->executables);
    put_int(attrs, n, "min_runtime", f->min_runtime);
    put_word(attrs, n, "compiler", f->compiler);
    put_word(attrs, n, "chip", f->chip);
    put_int(attrs, n, "cached_bytes", f->cached);
    put_int(attrs, n, "streamed_bytes", f->streamed);
    put_int(attrs, n, "instruction_bytes", f->instructions);
    put_int(attrs, n, "scratch_bytes", f->scratch);
    put_int(attrs, n, "input_bytes", f->inputs);
    put_int(attrs, n, "output_bytes", f->outputs);
    if (f->cycles > 0)
        put_int(attrs, n, "cycles", f->cycles);
    put_word(attrs, n, "caching_token", f->token);
}

void rg_edgetpu_read_package(const unsigned char *data, size_t bytes, rg_arena *arena,
                             rg_attr *attrs, uint32_t *n) {
    facts f = {.arena = arena};
    if (bytes < 8)
        return;
    /* a FlatBuffer's identifier stands at byte 4 */
    put_word(attrs, n, "executable", text_of(&f, (rg_fb_vec){data + 4, 4}));
    put_int(attrs, n, "executable_bytes", (int64_t)bytes);
    if (memcmp(data + 4, "DWN1", 4))
        f.problem = "it is of an unknown kind";
    else
        take_package(&f, data, bytes);
    if (!f.problem && !f.executables)
        f.problem = "it holds no executable";
    if (f.problem)
        put_word(attrs, n, "package_problem", f.problem);
    else
        put_facts(&f, attrs, n);
}
