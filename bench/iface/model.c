/* model.c: the limits that hold where nobody says otherwise. Apart from the registry, so that a
 * reader can be built and fuzzed alone. */
#include "bench/iface/model.h"

const rg_model_limits rg_model_limits_default = {(size_t)1 << 30, (size_t)2 << 30, 65536, 65536};
