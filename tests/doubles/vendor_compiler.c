/* vendor_compiler.c: a double of three vendors' compilers, which of them by the name that it is
 * started as: edgetpu_compiler, vela, hailo. Takes the same words and writes files of the same form
 * under the same names, without compiling anything: one opaque operator in the place of the whole
 * model, whose bytes lie inside for the doubles of the runtimes. RAILGAUGE_DOUBLE_COMPILER tells it
 * to play: fail, crash, hang, nothing (ends well without a file), rubbish (a damaged file), refuse
 * (the model as it was, nothing taken), alien (outputs of another name). */
#include <libgen.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/core/fs.h"
#include "bench/core/hash.h"
#include "bench/run/model.h"
#include "models/flatbuf.h"
#include "models/tflite_schema.h"
#include "vendor_original.h"

static const char *play(void) {
    const char *word = getenv("RAILGAUGE_DOUBLE_COMPILER");
    return word ? word : "";
}

/* --- the package inside ----------------------------------------------------------------------- */

/* One executable that is said to load `parameters` bytes into the chip, or to run. */
static void write_executable(rg_text *out, bool loads, size_t parameters, size_t in, size_t outs) {
    rg_fbw w = rg_fbw_begin(out, "DWN1");
    rg_fbw_field fields[] = {{.slot = 6},
                             {.slot = 8},
                             {.slot = 9},
                             {.slot = 10},
                             {.slot = 13, .size = 2, .bits = loads ? 1 : 2},
                             {.slot = 14, .size = 8, .bits = 0x5eed}};
    rg_fbw_link(&w, 0, rg_fbw_table(&w, fields, 6));
    char *zeros = calloc(1, parameters + 1);
    rg_fbw_link(&w, fields[0].at, rg_fbw_vector(&w, zeros, parameters, 1, 4));
    free(zeros);
    const size_t bytes[] = {in, outs};
    for (int i = 0; i < 2; i++) {
        size_t list = rg_fbw_offsets(&w, loads ? 0 : 1);
        rg_fbw_link(&w, fields[1 + i].at, list);
        rg_fbw_field layer[] = {{.slot = 1, .size = 4, .bits = bytes[i]}};
        if (!loads)
            rg_fbw_link(&w, rg_fbw_offset_at(list, 0), rg_fbw_table(&w, layer, 1));
    }
    rg_fbw_link(&w, fields[3].at, rg_fbw_string(&w, "beagle"));
}

static size_t bytes_of(const rg_graph *graph, const int32_t *list, uint32_t n) {
    size_t sum = 0;
    for (uint32_t i = 0; i < n; i++)
        sum += graph->tensors[list[i]].bytes;
    return sum;
}

static void write_package(const rg_graph *graph, rg_text *out) {
    rg_text multi = {0};
    rg_fbw m = rg_fbw_begin(&multi, "DWN1");
    rg_fbw_field one[] = {{.slot = 0}};
    rg_fbw_link(&m, 0, rg_fbw_table(&m, one, 1));
    size_t list = rg_fbw_offsets(&m, 2);
    rg_fbw_link(&m, one[0].at, list);
    for (int i = 0; i < 2; i++) {
        rg_text executable = {0};
        write_executable(&executable, i == 1, i ? rg_graph_constant_bytes(graph) : 0,
                         bytes_of(graph, graph->in, graph->n_in),
                         bytes_of(graph, graph->out, graph->n_out));
        rg_fbw_link(&m, rg_fbw_offset_at(list, (size_t)i),
                    rg_fbw_vector(&m, executable.data, executable.bytes, 1, 16));
        rg_text_free(&executable);
    }
    rg_fbw w = rg_fbw_begin(out, "DWN1");
    rg_fbw_field fields[] = {{.slot = 0, .size = 4, .bits = 14}, {.slot = 1}, {.slot = 4}};
    rg_fbw_link(&w, 0, rg_fbw_table(&w, fields, 3));
    rg_fbw_link(&w, fields[1].at, rg_fbw_vector(&w, multi.data, multi.bytes, 1, 16));
    rg_fbw_link(&w, fields[2].at, rg_fbw_string(&w, "double"));
    rg_text_free(&multi);
}

static void put(rg_text *out, uint64_t value, unsigned bytes) {
    for (unsigned i = 0; i < bytes; i++) {
        char byte = (char)(value >> (8 * i));
        rg_text_add_bytes(out, &byte, 1);
    }
}

/* A FlexBuffer: the map {"1": 2, "4": package} in words of four bytes. */
static void write_options(const rg_text *package, rg_text *out) {
    while (out->bytes % 4)
        rg_text_add_bytes(out, "", 1);
    size_t base = out->bytes;
    put(out, package->bytes, 4);
    size_t at = out->bytes - base;
    rg_text_add_bytes(out, package->data, package->bytes);
    size_t key = out->bytes - base;
    rg_text_add_bytes(out,
                      "1\0"
                      "4\0",
                      4);
    while (out->bytes % 4)
        rg_text_add_bytes(out, "", 1);
    put(out, 2, 4);
    size_t keys = out->bytes - base;
    put(out, keys - key, 4);
    put(out, keys + 4 - (key + 2), 4);
    put(out, out->bytes - base - keys, 4); /* the map: its keys, their width, its size */
    put(out, 4, 4);
    put(out, 2, 4);
    size_t map = out->bytes - base;
    put(out, 2, 4);
    put(out, out->bytes - base - at, 4);
    put(out, 1 << 2 | 2, 1); /* an integer, a text, both of four bytes */
    put(out, 5 << 2 | 2, 1);
    put(out, 0, 2);
    put(out, out->bytes - base - map, 4);
    put(out, 9 << 2 | 2, 1);
    put(out, 4, 1);
}

/* --- the model around it ---------------------------------------------------------------------- */

static size_t write_ints(rg_fbw *w, const int32_t *values, size_t n) {
    return rg_fbw_vector(w, values, n, 4, 4);
}

static void write_tensor(rg_fbw *w, size_t from, const rg_tensor *t, const char *name) {
    int32_t type = 0;
    rg_tflite_type(t->dtype, &type);
    rg_fbw_field fields[] = {{.slot = TENSOR_SHAPE},
                             {.slot = TENSOR_TYPE, .size = 1, .bits = (uint64_t)type},
                             {.slot = TENSOR_NAME},
                             {.slot = TENSOR_QUANT}};
    rg_fbw_link(w, from, rg_fbw_table(w, fields, t->quant.n ? 4 : 3));
    rg_fbw_link(w, fields[0].at, write_ints(w, t->shape.dim, t->shape.rank));
    rg_fbw_link(w, fields[2].at, rg_fbw_string(w, name));
    if (!t->quant.n)
        return;
    rg_fbw_field quant[] = {{.slot = QUANT_SCALE}, {.slot = QUANT_ZERO_POINT}};
    int64_t zero = t->quant.zero_point ? t->quant.zero_point[0] : 0;
    rg_fbw_link(w, fields[3].at, rg_fbw_table(w, quant, 2));
    rg_fbw_link(w, quant[0].at, rg_fbw_vector(w, t->quant.scale, 1, 4, 4));
    rg_fbw_link(w, quant[1].at, rg_fbw_vector(w, &zero, 1, 8, 8));
}

/* Inputs 0..n_in-1, outputs behind them: the only tensors that are left. */
static void write_tensors(rg_fbw *w, size_t from, const rg_graph *graph) {
    size_t list = rg_fbw_offsets(w, graph->n_in + graph->n_out);
    rg_fbw_link(w, from, list);
    for (uint32_t i = 0; i < graph->n_in + graph->n_out; i++) {
        bool out = i >= graph->n_in;
        const rg_tensor *t = &graph->tensors[out ? graph->out[i - graph->n_in] : graph->in[i]];
        bool alien = out && !strcmp(play(), "alien");
        write_tensor(w, rg_fbw_offset_at(list, i), t, alien ? "alien" : t->name);
    }
}

static void write_operator(rg_fbw *w, size_t from, const int32_t *numbers, const rg_graph *graph,
                           const rg_text *options) {
    rg_fbw_field fields[] = {{.slot = OPERATOR_CODE, .size = 4},
                             {.slot = OPERATOR_INPUTS},
                             {.slot = OPERATOR_OUTPUTS},
                             {.slot = OPERATOR_CUSTOM_OPTIONS}};
    size_t list = rg_fbw_offsets(w, 1);
    rg_fbw_link(w, from, list);
    rg_fbw_link(w, rg_fbw_offset_at(list, 0), rg_fbw_table(w, fields, 4));
    rg_fbw_link(w, fields[1].at, write_ints(w, numbers, graph->n_in));
    rg_fbw_link(w, fields[2].at, write_ints(w, numbers + graph->n_in, graph->n_out));
    rg_fbw_link(w, fields[3].at, rg_fbw_vector(w, options->data, options->bytes, 1, 16));
}

static void write_graph(rg_fbw *w, size_t from, const rg_graph *graph, const rg_text *options) {
    int32_t numbers[64];
    rg_fbw_field fields[] = {{.slot = GRAPH_TENSORS},
                             {.slot = GRAPH_INPUTS},
                             {.slot = GRAPH_OUTPUTS},
                             {.slot = GRAPH_OPERATORS}};
    for (int i = 0; i < 64; i++)
        numbers[i] = i;
    size_t list = rg_fbw_offsets(w, 1);
    rg_fbw_link(w, from, list);
    rg_fbw_link(w, rg_fbw_offset_at(list, 0), rg_fbw_table(w, fields, 4));
    write_tensors(w, fields[0].at, graph);
    rg_fbw_link(w, fields[1].at, write_ints(w, numbers, graph->n_in));
    rg_fbw_link(w, fields[2].at, write_ints(w, numbers + graph->n_in, graph->n_out));
    write_operator(w, fields[3].at, numbers, graph, options);
}

static void write_code(rg_fbw *w, size_t from, const char *custom) {
    rg_fbw_field code[] = {{.slot = CODE_OLD, .size = 1, .bits = TFLITE_CUSTOM},
                           {.slot = CODE_CUSTOM},
                           {.slot = CODE_BUILTIN, .size = 4, .bits = TFLITE_CUSTOM}};
    size_t list = rg_fbw_offsets(w, 1);
    rg_fbw_link(w, from, list);
    rg_fbw_link(w, rg_fbw_offset_at(list, 0), rg_fbw_table(w, code, 3));
    rg_fbw_link(w, code[1].at, rg_fbw_string(w, custom));
}

static void write_model(const rg_model *model, const char *custom, rg_text *out) {
    rg_text package = {0}, options = {0};
    write_package(model->graph, &package);
    vendor_original_append(model->data, model->bytes, &options);
    write_options(&package, &options);
    rg_fbw w = rg_fbw_begin(out, "TFL3");
    rg_fbw_field fields[] = {{.slot = MODEL_VERSION, .size = 4, .bits = TFLITE_VERSION},
                             {.slot = MODEL_CODES},
                             {.slot = MODEL_SUBGRAPHS},
                             {.slot = MODEL_BUFFERS}};
    rg_fbw_link(&w, 0, rg_fbw_table(&w, fields, 4));
    write_code(&w, fields[1].at, custom);
    write_graph(&w, fields[2].at, model->graph, &options);
    size_t buffers = rg_fbw_offsets(&w, 1);
    rg_fbw_field none[] = {{.slot = BUFFER_DATA}};
    rg_fbw_link(&w, fields[3].at, buffers);
    rg_fbw_link(&w, rg_fbw_offset_at(buffers, 0), rg_fbw_table(&w, none, 0));
    rg_text_free(&options);
    rg_text_free(&package);
}

/* --- files ------------------------------------------------------------------------------------ */

static int save(const char *path, const void *data, size_t bytes) {
    rg_err err = RG_ERR_INIT;
    if (!strcmp(play(), "nothing"))
        return 0;
    if (!strcmp(play(), "rubbish"))
        bytes = 64;
    if (rg_fs_write_atomic(path, data, bytes, &err) == RG_OK)
        return 0;
    fprintf(stderr, "%s\n", err.what);
    return 1;
}

/* The value of an option in the words; "" without. */
static const char *word_after(int argc, char **argv, const char *option) {
    for (int i = 1; i + 1 < argc; i++) {
        if (!strcmp(argv[i], option))
            return argv[i + 1];
    }
    return "";
}

/* The word that is a file of a model; options may stand behind it. */
static const char *model_of(int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        const char *dot = strrchr(argv[i], '.');
        if (dot && !strcmp(dot, ".tflite"))
            return argv[i];
    }
    return "";
}

static int compile_tflite(const char *in, const char *dir, const char *suffix, const char *custom) {
    rg_model *model;
    rg_err err = RG_ERR_INIT;
    rg_text out = {0};
    char path[1024], name[512];
    snprintf(name, sizeof name, "%s", in);
    char *stem = basename(name);
    char *dot = strrchr(stem, '.');
    if (dot)
        *dot = '\0';
    snprintf(path, sizeof path, "%s/%s%s.tflite", dir, stem, suffix);
    if (rg_model_load(in, NULL, &model, &err) != RG_OK) {
        fprintf(stderr, "Invalid model: %s\n", in);
        return 1;
    }
    if (strcmp(play(), "refuse"))
        write_model(model, custom, &out);
    else
        rg_text_add_bytes(&out, model->data, model->bytes);
    int code = save(path, out.data, out.bytes);
    printf("Model compiled successfully in 1 ms.\n");
    rg_text_free(&out);
    rg_model_close(model);
    return code;
}

/* A header of version 0 with its digest around nothing. */
static int compile_hef(const char *har, const char *dir) {
    static const char body[] = "\n\x03"
                               "net";
    unsigned char head[32] = {1, 'H', 'E', 'F', [11] = sizeof body - 1};
    char path[1024], name[512], hex[RG_MD5_HEX];
    snprintf(name, sizeof name, "%s", har);
    char *stem = basename(name), *end = strstr(stem, "_optimized.har");
    if (!end || access(har, R_OK)) {
        fprintf(stderr, "no optimized model: %s\n", har);
        return 1;
    }
    *end = '\0';
    snprintf(path, sizeof path, "%s/%s.hef", dir, stem);
    rg_hash_md5(body, sizeof body - 1, hex);
    for (int i = 0; i < 16; i++)
        sscanf(hex + 2 * i, "%2hhx", &head[16 + i]);
    char file[64];
    memcpy(file, head, 32);
    memcpy(file + 32, body, sizeof body - 1);
    return save(path, file, 32 + sizeof body - 1);
}

static int step_of_hailo(int argc, char **argv) {
    const char *har = word_after(argc, argv, "--har-path");
    if (argc > 3 && !strcmp(argv[1], "parser"))
        return save(har, "har", 3);
    if (argc > 2 && !strcmp(argv[1], "optimize"))
        return save(word_after(argc, argv, "--output-har-path"), "har", 3);
    if (argc > 2 && !strcmp(argv[1], "compiler"))
        return compile_hef(argv[2], word_after(argc, argv, "--output-dir"));
    fprintf(stderr, "usage: hailo {parser,optimize,compiler} ...\n");
    return 2;
}

/* Ends, or does not, as it was told to. */
static void misbehave(void) {
    if (!strcmp(play(), "fail")) {
        fprintf(stderr, "Internal compiler error. Aborting!\n\n");
        exit(1);
    }
    if (!strcmp(play(), "crash")) {
        signal(SIGSEGV, SIG_DFL); /* a sanitizer must not turn it into an exit */
        raise(SIGSEGV);
    }
    while (!strcmp(play(), "hang"))
        sleep(1);
}

int main(int argc, char **argv) {
    const char *me = basename(argv[0]);
    if (argc == 2 && !strcmp(argv[1], "--version")) {
        puts(!strcmp(me, "edgetpu_compiler") ? "Edge TPU Compiler version 16.0.384591198"
                                             : "4.2.0");
        return 0;
    }
    misbehave();
    if (!strcmp(me, "hailo"))
        return step_of_hailo(argc, argv);
    if (!strcmp(me, "edgetpu_compiler"))
        return compile_tflite(model_of(argc, argv), word_after(argc, argv, "-o"), "_edgetpu",
                              "edgetpu-custom-op");
    return compile_tflite(argv[1], word_after(argc, argv, "--output-dir"), "_vela", "ethos-u");
}
