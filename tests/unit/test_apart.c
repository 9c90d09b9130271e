/* test_apart.c: work in a child process, and libraries that end it. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/run/apart.h"

static int give(void *user) {
    return *(int *)user;
}

static int leave(void *user) {
    _exit(*(int *)user); /* what exit() of a library comes to */
}

static int crash(void *user) {
    (void)user;
    abort();
}

Test(apart, gives_back_what_the_work_returned) {
    int wanted = 65, code = -1;
    cr_assert_eq(rg_run_apart("made", give, &wanted, &code, NULL), RG_OK);
    cr_assert_eq(code, 65);
}

Test(apart, a_library_that_ends_the_process_is_no_success) {
    int quits = 0, code = -1;
    rg_err err = RG_ERR_INIT;
    cr_assert_eq(rg_run_apart("made", leave, &quits, &code, &err), RG_FAILED);
    cr_assert_eq(code, -1);
    cr_assert_str_eq(err.what,
                     "the library of made ended the process with 0 before the work was done");
}

Test(apart, a_crash_is_told_with_its_signal) {
    int code = -1;
    rg_err err = RG_ERR_INIT;
    cr_assert_eq(rg_run_apart("made", crash, NULL, &code, &err), RG_FAILED);
    cr_assert_not_null(strstr(err.what, "the library of made crashed: Aborted"), "%s", err.what);
}
