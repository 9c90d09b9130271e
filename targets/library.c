/* library.c: opening of vendors' libraries (library.h): candidates in order, and a reason in words
 * for each way in which the loader refuses. */
#include "targets/library.h"

#include <ctype.h>
#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void rg_library_variable(const char *target, char *ret, size_t cap) {
    snprintf(ret, cap, "RAILGAUGE_%s_LIBRARY", target);
    for (; *ret; ret++)
        *ret = *ret == '-' ? '_' : (char)toupper((unsigned char)*ret);
}

/* --- why not ---------------------------------------------------------------------------------- */

/* How to have it, and how to name another file. */
static void remedy(const rg_library_spec *spec, char *ret, size_t cap) {
    char variable[RG_LIBRARY_WORD];
    rg_library_variable(spec->target, variable, sizeof variable);
    snprintf(ret, cap, "%s; a file elsewhere is named by %s or the option library", spec->advice,
             variable);
}

/* The library that the loader's words begin with ("libusb-1.0.so.0: cannot open ..."): another than
 * `name` when one that it needs is missing. */
static bool is_needed_by(const char *name, const char *words, char *ret, size_t cap) {
    size_t n = strcspn(words, ":");
    snprintf(ret, cap, "%.*s", (int)n, words);
    return strstr(words, "No such file") && strcmp(ret, name);
}

/* One candidate's failure. The loader's words are the only thing that tells the ways apart. */
static rg_status tell_failure(const rg_library_spec *spec, const char *name, const char *words,
                              rg_err *err) {
    char advice[512], needed[RG_LIBRARY_PATH];
    remedy(spec, advice, sizeof advice);
    if (is_needed_by(name, words, needed, sizeof needed))
        return rg_fail(err, RG_ABSENT, "install it: `ldd` on the file lists all that it needs",
                       "%s (%s) needs %s, which is not here", name, spec->title, needed);
    if (strstr(words, "No such file"))
        return rg_fail(err, RG_ABSENT, advice, "%s is not here (%s)", spec->title, name);
    if (strstr(words, "Permission denied"))
        return rg_fail(err, RG_DENIED, "make the file readable for this user", "%s", words);
    if (strstr(words, "GLIBC") || strstr(words, "CXXABI"))
        return rg_fail(err, RG_UNSUPPORTED, "take a build made for this system or an older one",
                       "%s was made for a newer system: %s", name, words);
    if (strstr(words, "ELF") || strstr(words, "file too short"))
        return rg_fail(err, RG_UNSUPPORTED, "take the build for this processor (`file` tells)",
                       "%s is no library for this machine: %s", name, words);
    return rg_fail(err, RG_UNSUPPORTED, advice, "%s cannot be loaded: %s", name, words);
}

/* --- opening ---------------------------------------------------------------------------------- */

/* The file behind a handle; the name that it was asked for where the loader does not tell. */
static void find_path(const char *name, rg_library *library) {
    struct link_map *map = NULL;
    const char *path = name;
    if (dlinfo(library->handle, RTLD_DI_LINKMAP, &map) == 0 && map && map->l_name[0])
        path = map->l_name;
    char *real = realpath(path, NULL);
    snprintf(library->path, sizeof library->path, "%s", real ? real : path);
    free(real);
}

static rg_status open_one(const rg_library_spec *spec, const char *name, rg_library *ret_library,
                          rg_err *err) {
    void *handle = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        const char *words = dlerror();
        return tell_failure(spec, name, words ? words : "no reason given", err);
    }
    *ret_library = (rg_library){.handle = handle, .spec = spec};
    find_path(name, ret_library);
    const char *told = dlsym(handle, RG_LIBRARY_DOUBLE);
    if (told)
        snprintf(ret_library->double_name, sizeof ret_library->double_name, "%s", told);
    return RG_OK;
}

/* A name in the environment, or NULL. */
static const char *told_by_environment(const rg_library_spec *spec) {
    char variable[RG_LIBRARY_WORD];
    rg_library_variable(spec->target, variable, sizeof variable);
    const char *name = getenv(variable);
    return name && *name ? name : NULL;
}

/* The usual names in turn. One that is here and cannot be loaded says more than one that is not. */
static rg_status open_usual(const rg_library_spec *spec, rg_library *ret_library, rg_err *err) {
    rg_err first = RG_ERR_INIT, second;
    for (size_t i = 0; spec->names[i]; i++) {
        second = (rg_err)RG_ERR_INIT;
        if (open_one(spec, spec->names[i], ret_library, &second) == RG_OK)
            return RG_OK;
        bool missing = second.status == RG_ABSENT && strstr(second.what, "is not here (");
        if (!missing || first.status == RG_OK)
            first = second;
        if (!missing)
            break;
    }
    if (err)
        *err = first;
    return first.status;
}

rg_status rg_library_open(const rg_library_spec *spec, const char *given, rg_library *ret_library,
                          rg_err *err) {
    const char *named = given && *given ? given : told_by_environment(spec);
    return named ? open_one(spec, named, ret_library, err) : open_usual(spec, ret_library, err);
}

/* --- symbols ---------------------------------------------------------------------------------- */

rg_status rg_library_bind(const rg_library *library, const rg_library_symbol *symbols, void *api,
                          rg_err *err) {
    for (const rg_library_symbol *s = symbols; s->name; s++) {
        if (!s->optional && !dlsym(library->handle, s->name))
            return rg_fail(err, RG_UNSUPPORTED, library->spec->advice,
                           "backend unavailable: symbol %s is missing in %s", s->name,
                           library->path);
    }
    for (const rg_library_symbol *s = symbols; s->name; s++) {
        void *address = dlsym(library->handle, s->name);
        memcpy((char *)api + s->offset, &address, sizeof address);
    }
    return RG_OK;
}

/* --- identity --------------------------------------------------------------------------------- */

rg_status rg_library_identify(rg_library *library, rg_err *err) {
    static char path[RG_LIBRARY_PATH], sha256[RG_HASH_HEX]; /* of the last one asked for */
    if (strcmp(path, library->path)) {
        rg_status status = rg_hash_file(library->path, sha256, err);
        if (status != RG_OK)
            return status;
        memcpy(path, library->path, sizeof path);
    }
    memcpy(library->sha256, sha256, sizeof sha256);
    return RG_OK;
}

static void add_fact(rg_text *text, const char *key, const char *value) {
    if (*value)
        rg_text_printf(text, "%s=%s\n", key, value);
}

void rg_library_facts(const rg_library *library, rg_text *text) {
    add_fact(text, "library", library->path);
    add_fact(text, "library_version", library->version);
    add_fact(text, "library_sha256", library->sha256);
    add_fact(text, "double", library->double_name);
}
