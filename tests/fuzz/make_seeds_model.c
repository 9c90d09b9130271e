/* make_seeds_model.c: small files that run, some for each operator and format, as seeds for
 * fuzz_model.c: the verifier's made-up problems. */
#include "bench/iface/registry.h"
#include "bench/run/casebuild.h"
#include "fuzz.h"

enum { SEEDS = 3, TRIES = 40, MOST_BYTES = 8000 };

static const char *const formats[] = {"tflite", "onnx", "onnx_qoperator"};
enum { N_FORMATS = sizeof formats / sizeof formats[0] };

/* The problem in one format; false when it is too large or cannot be said there. */
static bool write_form(const char *folder, const char *name, const char *format,
                       const rg_graph *graph) {
    char full[128];
    rg_text file = {0};
    const rg_writer *writer = rg_writer_find(format);
    bool good = writer && writer->write(graph, &file, NULL) == RG_OK && file.bytes <= MOST_BYTES;
    snprintf(full, sizeof full, "%s.%s", name, format);
    good = good && put_seed(folder, full, file.data, file.bytes, NULL) == RG_OK;
    rg_text_free(&file);
    return good;
}

/* One problem, in all formats that it can be said in; false when that is none. */
static bool write_seed(const char *folder, const rg_op *op, const rg_case_set *set, rg_rng *rng,
                       unsigned number) {
    rg_case c = {0};
    rg_made_case *made = NULL;
    char name[96];
    bool any = false;
    set->draw(op, rng, &c);
    snprintf(name, sizeof name, "%s-%u", op->name, number);
    if (rg_made_case_new(op, &c, rg_rng_next(rng), false, &made, NULL) != RG_OK)
        return false;
    for (size_t i = 0; i < N_FORMATS; i++)
        any |= write_form(folder, name, formats[i], made->graph);
    rg_made_case_free(made);
    return any;
}

rg_status make_seeds_model(const char *folder, rg_err *err) {
    (void)err;
    for (size_t i = 0; rg_ops[i]; i++) {
        const rg_case_set *set = rg_case_set_for(rg_ops[i]);
        rg_rng rng = rg_rng_seeded(i + 1);
        for (unsigned n = 0, tries = 0; set && n < SEEDS && tries < TRIES; tries++)
            n += write_seed(folder, rg_ops[i], set, &rng, n);
    }
    return RG_OK;
}
