/* scratch.h: where a test's folders go, and how patient it is. Folders lie in memory where there is
 * a /dev/shm: hundreds of fsyncs on a disk prove nothing more, and take minutes when it is busy. */
#ifndef RG_TESTS_SCRATCH_H
#define RG_TESTS_SCRATCH_H

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Makes a fresh folder whose name begins with `name`; its path goes to `ret_path`. */
static inline void scratch_new(const char *name, char *ret_path, size_t bytes) {
    const char *base = access("/dev/shm", W_OK | X_OK) == 0 ? "/dev/shm" : "/tmp";
    snprintf(ret_path, bytes, "%s/%s-XXXXXX", base, name);
    cr_assert_not_null(mkdtemp(ret_path), "%s", ret_path);
}

/* How many times longer than on a machine of its own a thing may take: scripts/in-aarch64 sets
 * RAILGAUGE_TEST_PATIENCE, since emulated programs are slow. 1 when it is not set. */
static inline int patience(void) {
    const char *told = getenv("RAILGAUGE_TEST_PATIENCE");
    int times = told ? atoi(told) : 1;
    return times > 1 ? times : 1;
}

#endif
