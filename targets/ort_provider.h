/* ort_provider.h: execution providers by name: which the runtime may use for a session, in order of
 * priority, each with its own options. A row a provider; plug-ins are known by the name that they
 * register. Neighbour: ort_session.c puts them into a session. */
#ifndef RG_TARGETS_ORT_PROVIDER_H
#define RG_TARGETS_ORT_PROVIDER_H

#include "targets/ort_api.h"
#include "targets/ort_options.h"

/* How a provider is put into a session's options. */
typedef enum rg_ort_way {
    RG_ORT_WAY_GENERIC, /* by its name */
    RG_ORT_WAY_CPU,     /* always there, last */
    RG_ORT_WAY_CUDA,
    RG_ORT_WAY_TENSORRT, /* builders of their own */
    RG_ORT_WAY_OPENVINO,
    RG_ORT_WAY_VITISAI, /* by functions of their own where there are such, else by name */
    RG_ORT_WAY_PLUGIN,  /* devices of a registered library */
} rg_ort_way;

typedef struct rg_ort_provider {
    const char *word;   /* "cuda": in scenarios, and the prefix of its options */
    const char *name;   /* "CUDAExecutionProvider": in placements */
    const char *append; /* name that the generic call takes; NULL none */
    rg_ort_way way;
    bool own_memory;    /* inputs are copied to a device and outputs back */
    const char *file;   /* beside the runtime's library; NULL: inside it */
    const char *advice; /* what makes it present */
} rg_ort_provider;

extern const rg_ort_provider rg_ort_providers[]; /* ends with a NULL word */
extern const rg_ort_provider rg_ort_cpu;

enum { RG_ORT_MOST_PROVIDERS = 8 };

/* What a cell asks for; words live in the arena. */
typedef struct rg_ort_choice {
    const rg_ort_provider *rows[RG_ORT_MOST_PROVIDERS];
    rg_ort_pairs options[RG_ORT_MOST_PROVIDERS];
    uint32_t n; /* at least 1; the CPU is named last or not at all */
    rg_ort_pairs plugins;
} rg_ort_choice;

/* Reads "tensorrt,cuda" from the option `provider`, else from the variant; neither: the CPU alone.
 * RG_USAGE for an unknown name (the nearest is named), two that differ, the CPU before others, or
 * options of a provider that is not asked for. */
rg_status rg_ort_choose(rg_arena *arena, const rg_ort_options *own, const char *variant,
                        rg_ort_choice *ret_choice, rg_err *err);

/* Whether a provider other than the CPU is asked for, and whether one has memory of its own. */
bool rg_ort_choice_leaves_cpu(const rg_ort_choice *choice);
bool rg_ort_choice_own_memory(const rg_ort_choice *choice);

/* "tensorrt,cuda,cpu" */
void rg_ort_choice_words(const rg_ort_choice *choice, char *ret, size_t cap);

/* Registers the libraries of plug-ins, each once a process. RG_UNSUPPORTED before 1.22. */
rg_status rg_ort_register(const rg_ort *ort, void *env, const rg_ort_choice *choice, rg_err *err);

/* Puts the providers into a session's options. RG_ABSENT where this build lacks
 * one or its library is missing, with what to install; else as rg_ort_check. */
rg_status rg_ort_append(const rg_ort *ort, void *env, void *options, rg_arena *arena,
                        const rg_ort_choice *choice, rg_err *err);

#endif
