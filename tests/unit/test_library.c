/* test_library.c: vendors' libraries: which file is opened, what it exports, and why it is not
 * here, against the smallest double. */
#include <criterion/criterion.h>
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/core/arena.h"
#include "bench/core/fs.h"
#include "rg_config.h"
#include "targets/library.h"
#include "tests/unit/scratch.h"

#define SMALL RG_BUILD_DIR "/tests/unit/libsmall.so"
#define MORE RG_BUILD_DIR "/tests/unit/libsmall_more.so"

static const rg_library_spec spec = {.target = "made-up",
                                     .title = "the made-up library",
                                     .advice = "install made-up",
                                     .names = {"libmade-up.so.7", "libmade-up.so"}};

static const char *copied(const char *from, const char *folder, const char *name, int mode) {
    static char path[512];
    rg_arena *arena = rg_arena_new(0);
    char *data;
    size_t bytes;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    cr_assert_eq(rg_fs_read(arena, from, 1 << 24, &data, &bytes, NULL), RG_OK);
    cr_assert_eq(rg_fs_write_atomic(path, data, bytes, NULL), RG_OK);
    cr_assert_eq(chmod(path, (mode_t)mode), 0);
    rg_arena_free(arena);
    return path;
}

Test(library, says_what_it_looked_for_and_what_to_install_when_none_is_here) {
    rg_library library;
    rg_err err = RG_ERR_INIT;
    cr_assert_eq(rg_library_open(&spec, "", &library, &err), RG_ABSENT);
    cr_assert_str_eq(err.what, "the made-up library is not here (libmade-up.so.7)");
    cr_assert_str_eq(err.advice, "install made-up; a file elsewhere is named by "
                                 "RAILGAUGE_MADE_UP_LIBRARY or the option library");
}

Test(library, takes_the_named_file_before_that_of_the_environment_and_tells_which_it_is) {
    rg_library library;
    char folder[64], link[128];
    scratch_new("library", folder, sizeof folder);
    snprintf(link, sizeof link, "%s/libmade-up.so.7", folder);
    cr_assert_eq(symlink(SMALL, link), 0);
    setenv("RAILGAUGE_MADE_UP_LIBRARY", "/nowhere/libx.so", 1);
    cr_assert_eq(rg_library_open(&spec, link, &library, NULL), RG_OK);
    char *real = realpath(SMALL, NULL);
    cr_assert_str_eq(library.path, real);
    cr_assert_str_eq(library.double_name, "small");
    free(real);
    rg_fs_remove_tree(folder, NULL);
}

Test(library, a_file_that_was_named_is_never_replaced_by_another) {
    rg_library library;
    rg_err err = RG_ERR_INIT;
    setenv("RAILGAUGE_MADE_UP_LIBRARY", SMALL, 1);
    cr_assert_eq(rg_library_open(&spec, NULL, &library, NULL), RG_OK);
    cr_assert_eq(rg_library_open(&spec, "/nowhere/libx.so", &library, &err), RG_ABSENT);
    cr_assert_not_null(strstr(err.what, "/nowhere/libx.so"), "%s", err.what);
}

Test(library, binds_what_is_there_and_names_the_first_symbol_that_is_not) {
    struct {
        int (*answer)(void);
        int (*extra)(void);
    } api = {NULL, NULL};
    const rg_library_symbol some[] = {
        {"small_answer", 0, false}, {"small_extra", sizeof(void *), true}, {0}};
    const rg_library_symbol all[] = {
        {"small_answer", 0, false}, {"small_extra", sizeof(void *), false}, {0}};
    rg_library library;
    rg_err err = RG_ERR_INIT;
    cr_assert_eq(rg_library_open(&spec, SMALL, &library, NULL), RG_OK);
    cr_assert_eq(rg_library_bind(&library, all, &api, &err), RG_UNSUPPORTED);
    cr_assert_null(api.answer);
    cr_assert(strncmp(err.what, "backend unavailable: symbol small_extra", 39) == 0, "%s",
              err.what);
    cr_assert_eq(rg_library_bind(&library, some, &api, &err), RG_OK);
    cr_assert_eq(api.answer(), 42);
    cr_assert_null(api.extra);
}

Test(library, tells_the_ways_apart_in_which_a_file_cannot_be_opened) {
    rg_library library;
    rg_err err = RG_ERR_INIT;
    char folder[64];
    scratch_new("library", folder, sizeof folder);
    const char *text = copied(RG_SOURCE_DIR "/README.md", folder, "libtext.so", 0644);
    cr_assert_eq(rg_library_open(&spec, text, &library, &err), RG_UNSUPPORTED);
    cr_assert_not_null(strstr(err.what, "no library for this machine"), "%s", err.what);
    const char *alone = copied(MORE, folder, "libalone.so", 0644);
    cr_assert_eq(rg_library_open(&spec, alone, &library, &err), RG_ABSENT);
    cr_assert_not_null(strstr(err.what, "needs libsmall.so, which is not here"), "%s", err.what);
    cr_assert_not_null(strstr(err.advice, "ldd"), "%s", err.advice);
    if (geteuid() != 0) {
        cr_assert_eq(rg_library_open(&spec, copied(SMALL, folder, "libmine.so", 0), &library, &err),
                     RG_DENIED);
    }
    rg_fs_remove_tree(folder, NULL);
}

Test(library, facts_are_lines_of_what_is_known) {
    rg_library library;
    rg_text text = {0};
    char sha256[RG_HASH_HEX], wanted[1024];
    cr_assert_eq(rg_library_open(&spec, SMALL, &library, NULL), RG_OK);
    cr_assert_eq(rg_library_identify(&library, NULL), RG_OK);
    cr_assert_eq(rg_hash_file(SMALL, sha256, NULL), RG_OK);
    rg_library_facts(&library, &text);
    snprintf(wanted, sizeof wanted, "library=%s\nlibrary_sha256=%s\ndouble=small\n", library.path,
             sha256);
    cr_assert_str_eq(text.data, wanted);
    rg_text_free(&text);
}
