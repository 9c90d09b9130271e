/* state_of.h: the state of a recorded machine, for tests. */
#ifndef RG_TESTS_STATE_OF_H
#define RG_TESTS_STATE_OF_H

#include "bench/run/host.h"
#include "tests/unit/tree.h"

/* A new reference. */
static inline json_t *state_of(const char *tree) {
    rg_root *root = open_tree(tree);
    json_t *state = rg_host_state(root);
    rg_root_close(root);
    return state;
}

#endif
