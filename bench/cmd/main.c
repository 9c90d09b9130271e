/* main.c: finds the verb and lets it run. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/cmd/args.h"
#include "bench/cmd/verb.h"
#include "bench/core/isa.h"
#include "bench/core/text.h"
#include "rg_config.h"

#define RG_ROW(name) extern const rg_verb rg_verb_##name;
#include "registry_verbs.inc"
#undef RG_ROW
#define RG_ROW(name) &rg_verb_##name,
const rg_verb *const rg_verbs[] = {
#include "registry_verbs.inc"
    NULL};
#undef RG_ROW

static void print_usage(FILE *to) {
    fprintf(to, "railgauge measures quantized models and operators on edge devices.\n\n"
                "usage: railgauge [--root DIR] VERB [options]\n\nverbs:\n");
    for (size_t i = 0; rg_verbs[i]; i++) {
        if (rg_verbs[i]->summary)
            fprintf(to, "  %-18s %s\n", rg_verbs[i]->name, rg_verbs[i]->summary);
    }
    fprintf(to, "\n`railgauge VERB --help` tells more. Exit codes: `railgauge list codes`.\n");
}

static const char *verb_at(size_t i, void *user) {
    (void)user;
    return rg_verbs[i] ? rg_verbs[i]->name : NULL;
}

static int unknown_verb(const char *word) {
    const char *near = rg_text_nearest(word, verb_at, NULL);
    fprintf(stderr, "railgauge: unknown verb '%s'\n", word);
    if (near)
        fprintf(stderr, "  try: did you mean '%s'?\n", near);
    else
        fprintf(stderr, "  try: railgauge --help\n");
    return RG_EXIT_USAGE;
}

static char *own_path(char *argv0) {
    static char path[4096];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    if (n <= 0)
        return argv0;
    path[n] = '\0';
    return path;
}

/* A full disk shows only when buffers are flushed: say so instead of exiting 0. */
static int close_stdout(int code) {
    if (fflush(stdout) == 0 && !ferror(stdout))
        return code;
    perror("railgauge: cannot write to standard output");
    return RG_EXIT_IO;
}

/* A mask of instruction sets that cannot be read stops every verb: none may ignore it. */
static int run_verb(const rg_verb *verb, const rg_globals *globals, int argc, char **argv) {
    rg_err err = RG_ERR_INIT;
    if (rg_isa_environment(&err) != RG_OK)
        return rg_report_error(verb->name, &err);
    return close_stdout(verb->run(globals, argc, argv));
}

int main(int argc, char **argv) {
    rg_globals globals = {.root = NULL, .program = own_path(argv[0])};
    int i = 1;
    signal(SIGXFSZ, SIG_IGN); /* a file beyond its limit: write() says EFBIG, and the verb can */
    while (i + 1 < argc && !strcmp(argv[i], "--root")) {
        globals.root = argv[i + 1];
        i += 2;
    }
    if (i >= argc) {
        print_usage(stderr);
        return RG_EXIT_USAGE;
    }
    if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h") || !strcmp(argv[i], "help")) {
        print_usage(stdout);
        return close_stdout(RG_EXIT_OK);
    }
    if (!strcmp(argv[i], "--version")) {
        printf("railgauge %s (%s)\n", RG_VERSION, RG_BUILD);
        return close_stdout(RG_EXIT_OK);
    }
    for (size_t v = 0; rg_verbs[v]; v++) {
        if (!strcmp(rg_verbs[v]->name, argv[i]))
            return run_verb(rg_verbs[v], &globals, argc - i, argv + i);
    }
    return unknown_verb(argv[i]);
}
