/* make_seeds_model.c: writes small .tflite files that run, some for each operator, into a folder,
 * as seeds for fuzz_model.c: the verifier's made-up problems. */
#include <stdio.h>
#include <sys/stat.h>

#include "bench/core/fs.h"
#include "bench/iface/registry.h"
#include "bench/run/casebuild.h"

enum { SEEDS = 3, TRIES = 40, MOST_BYTES = 8000 };

/* One seed; false when the problem is too large, refused or cannot be written. */
static bool write_seed(const char *folder, const rg_op *op, const rg_case_set *set, rg_rng *rng,
                       unsigned number) {
    rg_err err = RG_ERR_INIT;
    rg_case c = {0};
    rg_made_case *made = NULL;
    rg_text file = {0};
    char path[4096];
    set->draw(op, rng, &c);
    rg_status status = rg_made_case_new(op, &c, rg_rng_next(rng), false, &made, &err);
    if (status == RG_OK)
        status = rg_writer_find("tflite")->write(made->graph, &file, &err);
    bool good = status == RG_OK && file.bytes <= MOST_BYTES;
    snprintf(path, sizeof path, "%s/%s-%u", folder, op->name, number);
    good = good && rg_fs_write_atomic(path, file.data, file.bytes, &err) == RG_OK;
    rg_text_free(&file);
    rg_made_case_free(made);
    return good;
}

int main(int argc, char **argv) {
    rg_err err = RG_ERR_INIT;
    if (argc != 2 || rg_fs_mkdirs(argv[1], &err) != RG_OK) {
        fprintf(stderr, "usage: make_seeds_model FOLDER; %s\n", err.what);
        return 64;
    }
    for (size_t i = 0; rg_ops[i]; i++) {
        const rg_case_set *set = rg_case_set_for(rg_ops[i]);
        rg_rng rng = rg_rng_seeded(i + 1);
        for (unsigned n = 0, tries = 0; set && n < SEEDS && tries < TRIES; tries++)
            n += write_seed(argv[1], rg_ops[i], set, &rng, n);
    }
    return 0;
}
