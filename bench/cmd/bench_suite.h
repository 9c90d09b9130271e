/* bench_suite.h: `railgauge bench --suite`: the operator suite (models/suite/lib/opsuite.lua) as
 * bench cases, so that the same layers are timed as kernels, run by scenarios and exported. */
#ifndef RG_CMD_BENCH_SUITE_H
#define RG_CMD_BENCH_SUITE_H

#include "bench/cmd/args.h"
#include "bench/iface/case.h"

/* Makes the cases that the words name: layers, networks, operators, kinds; without words all 200
 * (seconds). RG_USAGE with the nearest word for others. They live as long as the program. */
rg_status rg_bench_suite_load(const rg_args *args, const char *precision, rg_err *err);

/* Those of one operator, whatever they were asked for by; an empty set for others. */
const rg_case_set *rg_bench_suite_set(const rg_op *op);

#endif
